"""Directions in which parameters may be transformed together, and their plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np

from daybreak.preflight.probe import Probe
from daybreak.problem.arrays import Array

Kind = Literal["scaling", "shift"]
Direction = tuple[Fraction, ...]
"""Exponents, or shifts in the units of the parameters, one per free parameter."""

DENOMINATORS = (12, 1000, 10**9)
"""Largest denominators tried, the plainest first; the last takes the number as it is.

Exponents of physical laws, 1/2, 2/3, 5/12, have denominators up to twelve.
"""


def by_kind(probe: Probe, kind: Kind, values: Array, rows: Array) -> Array:
    """Slopes by log p for a scaling and by p / range for a shift, from slopes by u; (N, m, n).

    `values` has shape (N, n), `rows` shape (N, m, n).
    """
    box = probe.box
    width = box.upper - box.lower
    stretch = np.log(np.where(box.is_log, box.upper, np.e) / np.where(box.is_log, box.lower, 1.0))
    of_log = np.where(box.is_log, values, 1.0) * stretch
    if kind == "scaling":  # du / d(log p)
        factor = np.where(box.is_log, 1.0 / stretch, values / width)
    else:  # du / d(p / range)
        factor = np.where(box.is_log, width / of_log, 1.0)
    return rows * factor[:, None, :]


def null_directions(rows: Array) -> tuple[Array, Array]:
    """Right singular vectors of stacked slopes, least singular value first; (N, m, n) -> (n, n).

    Singular values are divided by sqrt(number of rows).
    """
    n = rows.shape[2]
    stacked = rows.reshape(-1, n)
    count = len(stacked)
    # Where the data are fewer than the parameters rows of zeros complete the null space.
    stacked = np.concatenate([stacked, np.zeros((max(0, n - count), n))])
    _, sizes, vectors = np.linalg.svd(stacked, full_matrices=False)
    return vectors[::-1], sizes[::-1] / np.sqrt(count)


def per_step(probe: Probe, kind: Kind, basis: Sequence[Direction]) -> Array:
    """What one unit of each direction adds to log p, or to p; shape (d, n).

    A scaling by c = 2, or a shift of half a range for what it moves farthest.
    """
    rows = np.array(basis, dtype=np.float64)
    if kind == "scaling":
        return rows * np.log(2.0)
    reach = np.abs(rows) / (probe.box.upper - probe.box.lower)
    return 0.5 * rows / reach.max(axis=1, keepdims=True)


def independent(basis: Sequence[Direction]) -> bool:
    """Whether no direction is made of the others."""
    rows = np.array(basis, dtype=np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    # Rows of unit length made of fractions; what depends on the others is so to rounding.
    return int(np.linalg.matrix_rank(rows, tol=1e-6)) == len(rows)


def directions(vectors: Array, units: Array, denominator: int) -> list[Direction]:
    """A basis of the span of `vectors` with plain numbers, in the units of the parameters."""
    rows = reduced(vectors)
    # Below the accuracy of slopes by differences an entry is zero.
    rows = np.where(np.abs(rows) < 1e-7 * np.abs(rows).max(axis=1, keepdims=True), 0.0, rows)
    return [_plain(row * units, denominator) for row in rows]


def reduced(vectors: Array) -> Array:
    """Reduced row echelon form; columns too small to divide by are passed over."""
    rows, done = vectors.copy(), 0
    for column in range(rows.shape[1]):
        if done == len(rows):
            break
        pivot = done + int(np.argmax(np.abs(rows[done:, column])))
        if abs(rows[pivot, column]) < 1e-2:  # would make a hundredfold of its errors
            continue
        rows[[done, pivot]] = rows[[pivot, done]]
        rows[done] /= rows[done, column]
        others = np.arange(len(rows)) != done
        rows[others] -= np.outer(rows[others, column], rows[done])
        done += 1
    return rows


def _plain(row: Array, denominator: int) -> Direction:
    """The row as fractions: small whole numbers where they do, else the largest is 1.

    The first that is not zero is positive.
    """
    scaled = row / np.abs(row).max()
    fractions = [Fraction(x).limit_denominator(denominator) for x in scaled.tolist()]
    whole = lcm(*(x.denominator for x in fractions))
    if whole <= 12 and max(abs(x) for x in fractions) == 1:
        fractions = [x * whole for x in fractions]
    first = next(x for x in fractions if x)
    return tuple(-x if first < 0 else x for x in fractions)
