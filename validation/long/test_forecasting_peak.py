"""Arithmetic of a training step: counted by XLA, and as a share of a device's peak."""

import jax
import jax.numpy as jnp
import pytest

from daybreak.models.forecasting.architecture import Architecture
from daybreak.models.forecasting.peak import flops, measured, peak, rough_flops, speed
from daybreak.models.forecasting.recipe import Recipe
from daybreak.models.forecasting.transformer import Transformer, linear, normed

WINDOWS = 8


def counted(shape):
    """XLA's count for loss and gradient of eight windows, layers written out.

    It counts the body of a loop once, however often that is run.
    """
    network = jax.eval_shape(lambda key: Transformer(shape, key), jax.random.key(0))

    def loss(network, windows):
        days = jnp.arange(shape.patches)[:, None] * shape.stride + jnp.arange(shape.patch)
        x = windows[:, days].reshape(WINDOWS, shape.patches, -1)
        x = linear(x, network.patch) + network.position[: shape.patches]
        for place in range(shape.n_layers):
            layer = jax.tree.map(lambda leaf, place=place: leaf[place], network.layers)
            x = layer(x, shape, 0.0, None)
        return linear(normed(x, network.norm).reshape(WINDOWS, -1), network.head).sum()

    windows = jnp.zeros((WINDOWS, shape.context, shape.features))
    found = jax.jit(jax.value_and_grad(loss)).lower(network, windows).cost_analysis()
    return found["flops"] / WINDOWS


@pytest.mark.parametrize(
    "shape",
    [
        Architecture(128, 1, 4, 512),
        Architecture(128, 3, 4, 512),
        Architecture(256, 2, 8, 512),
        Architecture(128, 2, 2, 256, context=480),
    ],
    ids=["shallow", "deep", "wide", "long"],
)
def test_flops_are_counted(shape):
    """XLA counts the products and, on top of them, at most a tenth for everything else."""
    assert 1.0 < counted(shape) / flops(shape) < 1.1


def test_attention_is_what_a_rule_of_thumb_forgets():
    """6 P per patch is near for short windows, and far too little for long ones."""
    shape = Architecture(1024, 16, 16, 4096)
    assert shape.parameters == 201_831_425
    assert rough_flops(shape) / flops(shape) == pytest.approx(1.0, abs=0.01)

    long = Architecture(64, 24, 2, 128, context=2000)
    assert rough_flops(long) / flops(long) < 0.5


def test_a_learnt_scale_costs_the_gradient_by_the_windows():
    """It is left out otherwise."""
    plain, scaled = (Architecture(8, 1, 1, 8, normalise=given) for given in (False, True))
    assert flops(scaled) - flops(plain) == 2 * 11 * 250 * 8


def test_share_of_the_peak():
    """Operations done over operations possible; None for a device that is not known."""
    shape = Architecture(1024, 16, 16, 4096)
    seconds = 1000 * flops(shape) / 989e12
    known = speed(shape, 500, seconds, "NVIDIA H100 80GB HBM3")

    assert known.share == pytest.approx(0.5)
    assert known.windows_per_second == pytest.approx(500 / seconds)
    assert speed(shape, 500, seconds, "abacus").share is None
    assert peak("NVIDIA H200") == 989e12
    assert peak("NVIDIA H200", "float32") is None


def test_it_measures():
    """On whatever device is here; a processor's peak is not known."""
    found = measured(Architecture(8, 1, 2, 16), Recipe(batch_size=16))

    assert found.flops_per_second > 0
    if found.device == "cpu":
        assert found.share is None
