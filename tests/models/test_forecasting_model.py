"""The patch transformer: its size, its laws, its refusals."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.models.forecasting.architecture import Architecture, parameter_count
from daybreak.models.forecasting.transformer import Transformer, dropped

SMALL = Architecture(8, 3, 2, 16, features=3, context=20, patch=5, stride=3)
RNG = np.random.default_rng(2)
WINDOWS = jnp.asarray(RNG.normal(size=(7, 20, 3)), jnp.float32)


@eqx.filter_jit
def call(network, windows, rate=0.0, key=None):
    """Logits, compiled."""
    return network(windows, rate, key)


@pytest.fixture(scope="module")
def network():
    """A small network."""
    return Transformer(SMALL, jax.random.key(1))


def built(shape):
    """How many numbers a network really has; nothing is allocated."""
    outline = eqx.filter_eval_shape(lambda key: Transformer(shape, key), jax.random.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(outline))


GRID = list(
    itertools.product(
        (64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048),
        (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 180, 192, 256),
        (2, 8, 32),
        (2, 4),
    )
)


@pytest.mark.parametrize(
    ("d", "layers", "ff", "count"),
    [
        (64, 32, 256, 1_617_729),
        (64, 48, 256, 2_417_473),
        (64, 64, 128, 2_160_449),
        (128, 180, 256, 23_882_881),
        (256, 32, 512, 16_940_289),
        (384, 12, 1536, 21_403_009),
        (384, 96, 1536, 170_457_985),
        (384, 180, 768, 213_206_401),
        (512, 48, 2048, 151_460_353),
        (768, 32, 1536, 151_484_161),
        (256, 192, 1024, 151_706_881),
        (2048, 3, 8192, 151_658_497),
        (1024, 12, 4096, 151_446_529),
        (1024, 128, 4096, 1_612_608_513),
        (768, 256, 3072, 1_814_714_113),
        (1024, 180, 2048, 1_512_268_801),
    ],
)
def test_published_sizes(d, layers, ff, count):
    """The formula gives the sizes that the study recorded."""
    assert parameter_count(d, layers, ff) == count


@pytest.mark.parametrize(
    ("d", "layers", "heads", "ff", "count"),
    [
        (192, 4, 6, 768, 1_822_657),
        (512, 6, 8, 2048, 19_029_505),
        (1024, 16, 16, 4096, 201_769_985),
        (2304, 32, 24, 9216, 2_039_908_609),
    ],
)
def test_sizes_with_twenty_features(d, layers, heads, ff, count):
    """So it does for the study's first networks, cut into patches that do not overlap."""
    shape = Architecture(d, layers, heads, ff, features=20, patch=10, stride=10)

    assert shape.parameters == count == built(shape)


def test_formula_against_built_networks():
    """For 142 entries spread over the grid the formula counts what is built."""
    some = [GRID[place] for place in np.linspace(0, len(GRID) - 1, 142).astype(int)]
    shapes = [Architecture(d, layers, heads, ratio * d) for d, layers, heads, ratio in some]

    assert [built(shape) for shape in shapes] == [shape.parameters for shape in shapes]


def test_normalised_windows_have_two_more_numbers_per_feature():
    """A learnt scale and shift."""
    shape = Architecture(8, 1, 2, 16, normalise=True)

    assert built(shape) == shape.parameters == Architecture(8, 1, 2, 16).parameters + 50


def test_windows_do_not_see_one_another(network):
    """Each logit depends on its own window: any order, any company, the same numbers."""
    logits = call(network, WINDOWS)
    order = RNG.permutation(7)

    assert logits.shape == (7,)
    np.testing.assert_allclose(call(network, WINDOWS[order]), logits[order], rtol=1e-5)
    np.testing.assert_allclose(call(network, WINDOWS[:1]), logits[:1], rtol=1e-5)


def test_every_day_and_feature_matters(network):
    """The logit feels each number of its window."""
    slope = jax.jit(jax.grad(lambda w: network(w).sum()))(WINDOWS[:1])

    assert np.all(np.abs(slope) > 0)


def test_dropout_needs_a_key_and_keeps_the_mean(network):
    """Without a key nothing is random; with one the share `rate` is 0 and the mean stays."""
    ones = jnp.ones((400, 500))
    some = dropped(ones, 0.3, jax.random.key(5))
    noisy = [call(network, WINDOWS, 0.3, jax.random.key(seed)) for seed in (0, 0, 1)]

    assert np.array_equal(dropped(ones, 0.3, None), ones)
    assert np.array_equal(call(network, WINDOWS, 0.5), call(network, WINDOWS))
    assert np.mean(some == 0) == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / ones.size))
    assert some.mean() == pytest.approx(1.0, abs=5 * np.sqrt(0.3 / 0.7 / ones.size))
    assert np.array_equal(noisy[0], noisy[1])
    assert np.all(noisy[0] != noisy[2])


def test_a_normalised_window_forgets_level_and_scale():
    """What is left of a feature does not depend on its units, window by window."""
    shape = Architecture(8, 1, 2, 16, features=3, context=20, patch=5, stride=3, normalise=True)
    network = Transformer(shape, jax.random.key(1))

    np.testing.assert_allclose(
        call(network, 300.0 * WINDOWS + 7.0), call(network, WINDOWS), rtol=1e-3, atol=1e-4
    )


def test_half_precision_is_near(network):
    """Products in bfloat16 change forecasts by its resolution and no more."""
    near = call(network, WINDOWS.astype(jnp.bfloat16))

    assert near.dtype == jnp.float32
    assert np.abs(near - call(network, WINDOWS)).max() < 0.05


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n_heads": 3}, "d_model % n_heads == 0"),
        ({"n_layers": 0}, "n_layers=0"),
        ({"patch": 30}, "a patch of 30 days does not fit into a context of 20"),
    ],
)
def test_refused_architectures(change, told):
    """What cannot be built is refused in a sentence."""
    with pytest.raises(dk.ProblemError, match=told):
        Architecture(**{**vars(SMALL), **change})


def test_refused_windows(network):
    """Data with another number of features are an error, never cut to size."""
    with pytest.raises(dk.ProblemError, match="20 days and 3 features, but got 20 and 4"):
        network(jnp.zeros((2, 20, 4)))
