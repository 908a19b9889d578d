"""Arithmetic of a training step, and the share of a device's peak that it reaches.

Products of matrices, two operations per multiplication and addition; symbols as in `transformer`:

    forward   = 2 n p F d + L (8 n d^2 + 4 n d f + 4 n^2 d) + 2 n d     of one window
    training  = 3 forward - 2 n p F d

The terms are patches; projections, feed-forward and attention of every layer; the head.  A
product's gradient is two products, one by its weights and one by its input; that by the windows
is not needed, unless they have a learnt scale.  Usual for language models is 6 P per token, a
token being a patch here (Kaplan et al. 2020, arXiv:2001.08361, section 2.1); it leaves out
attention, and counts positions and the head as if every patch met them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from .architecture import Architecture
from .recipe import Recipe
from .steps import Dials, Form, Rows, beginning, epoch_of_one

PEAKS = {
    ("NVIDIA H100 80GB HBM3", "bfloat16"): 989e12,
    ("NVIDIA H200", "bfloat16"): 989e12,
}
"""Operations per second of dense products, by the names that devices give themselves.

Source: NVIDIA's data sheets of the H100 SXM and of the H200 (half of what they say with sparsity).
"""


def flops(architecture: Architecture) -> int:
    """Operations of training with one window: forward and backward."""
    d, f, n = architecture.d_model, architecture.d_ff, architecture.patches
    patches = 2 * n * architecture.patch * architecture.features * d
    layer = 8 * n * d * d + 4 * n * d * f + 4 * n * n * d
    forward = patches + architecture.n_layers * layer + 2 * n * d
    return 3 * forward - (0 if architecture.normalise else patches)


def rough_flops(architecture: Architecture) -> int:
    """The same by the usual rule: 6 P for each of n patches."""
    return 6 * architecture.parameters * architecture.patches


def peak(device: str, precision: str = "bfloat16") -> float | None:
    """Operations per second that a device can do at most; None where that is not known."""
    return PEAKS.get((device, precision))


@dataclass(frozen=True)
class Speed:
    """How fast a network is trained.

    Parameters
    ----------
    device : str
        As it names itself.
    windows_per_second : float
    flops_per_second : float
    share : float or None
        Of the device's peak; None where that is not known.
    """

    device: str
    windows_per_second: float
    flops_per_second: float
    share: float | None


def speed(
    architecture: Architecture,
    windows: int,
    seconds: float,
    device: str,
    precision: str = "bfloat16",
) -> Speed:
    """Speed of a training that took `seconds` for so many windows."""
    rate = windows / seconds
    done, most = rate * flops(architecture), peak(device, precision)
    return Speed(device, rate, done, None if most is None else done / most)


def invented(architecture: Architecture, windows: int) -> Any:
    """Samples of random numbers that fit a network, to measure with."""
    rng = np.random.default_rng(0)
    last = architecture.context - 1 + np.arange(windows)
    features = rng.normal(size=(last[-1] + 1, architecture.features)).astype(np.float32)
    labels = (features[last, 0] > 1.0).astype(np.float32)
    return SimpleNamespace(
        features=features, last=last, labels=labels, context=architecture.context
    )


def measured(architecture: Architecture, recipe: Recipe, steps: int = 8) -> Speed:
    """Train on random numbers, once to compile and once by the clock, on JAX's own device."""
    windows = steps * recipe.batch_size
    data = invented(architecture, windows)
    rows, dials, form = Rows.of(data), Dials.of(recipe, windows), Form.of(recipe)
    state, loss = epoch_of_one(
        beginning(architecture, jax.random.key(0)), rows, jax.random.key(1), dials, form
    )
    float(loss)  # waits for it
    begun = time.perf_counter()
    _, loss = epoch_of_one(state, rows, jax.random.key(2), dials, form)
    float(loss)
    seconds = time.perf_counter() - begun
    return speed(architecture, windows, seconds, jax.devices()[0].device_kind, recipe.precision)
