"""Noise told from a smooth change, by Hamming's difference table.

k-th differences of a smooth function vanish as ``h^k``, those of noise do not, so that

    sigma_k^2 = (k!)^2 / (2k)! mean((Delta^k r)^2)

is the same for several k where noise is all that is left.
Source: More and Wild (2011), SIAM J. Sci. Comput. 33, 1292 (ECnoise).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from daybreak.problem.arrays import Array

_ALIKE = 4.0
"""Levels of several orders agree on noise within this factor.

Source: More and Wild (2011), whose program has the same factor.
"""


def noise_levels(samples: Array, orders: Sequence[int]) -> Array:
    """sigma_k of the module formula, shape (P, m) -> (orders, m).

    `samples` are values at P places a little further along one line each.
    """
    weights = [math.factorial(k) ** 2 / math.factorial(2 * k) for k in orders]
    means = [np.mean(np.diff(samples, k, axis=0) ** 2, axis=0) for k in orders]
    return np.sqrt([weight * mean for weight, mean in zip(weights, means, strict=True)])


def agreed(levels: Array) -> Array:
    """The noise that all orders agree on, zero where they do not; shape (orders, ...) -> (...)."""
    least, most = levels.min(axis=0), levels.max(axis=0)
    return np.where(np.isfinite(most) & (most < _ALIKE * least), least, 0.0)
