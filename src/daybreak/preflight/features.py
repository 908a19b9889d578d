"""Where lines through the box say that a search should begin.

A parameter that acts on a stretch alone is begun from within it, and chi2 that dips along a line
from the dip: the other parameters are then free to follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from daybreak.preflight.lines import Line
from daybreak.problem.arrays import Array

STARTS = 32
"""Most places that a search begins from after a look along lines: one compiled call."""
DIPS = 32
"""Dips along one line from which it cannot be told in which of them the answer may lie."""
DEEP = 0.01
"""A dip counts when its depth is this share of what is missing; of a shallower one no hundred
together would do."""
ALIKE = 0.01
"""Two starts along one parameter are one when they are closer than this share of its range,"""
NEARER = 0.25
"""... or than this share of the distance to a bound, where that is less."""


def where_to_begin(lines: Sequence[Line], costs: Sequence[Array]) -> Array:
    """Places to begin from, shape (<= STARTS, n); those on stretches that act come first.

    Parameters
    ----------
    lines : sequence of Line
    costs : sequence of arrays, each of shape (K,)
        What is to be made small, at the points of each line.
    """
    acting, dips = list[tuple[float, int, Array]](), list[tuple[float, int, Array]]()
    for line, cost in zip(lines, costs, strict=True):
        if not np.isfinite(cost).any():
            continue
        places = line.places
        for kept, points in ((acting, _on_stretches(line, cost)), (dips, _beside_dips(cost))):
            kept += [(float(cost[k]), line.column, places[k]) for k in points]
    chosen = [*_distinct(acting)[: STARTS // 2], *_distinct(dips)]
    return np.array([place for _, _, place in chosen[:STARTS]]).reshape(-1, len(lines[0].base))


def unresolved(costs: Sequence[Array], missing: float) -> bool:
    """Whether some line has more dips than can be searched, each deep enough to matter."""
    return any(len(list(_dips(cost, DEEP * missing))) > DIPS for cost in costs)


def _on_stretches(line: Line, cost: Array) -> Iterator[int]:
    """Of each stretch on which a parameter acts, where it does not everywhere, four points.

    Both ends, which lie on either side of a threshold, the middle and the lowest.
    """
    for first, last in line.acting():
        if (first, last) != (0, len(cost) - 1):
            yield from {first, last, (first + last) // 2}
            yield first + int(cost[first : last + 1].argmin())


def _beside_dips(cost: Array) -> Iterator[int]:
    """Every local minimum, and both sides of the greatest step."""
    yield from _dips(cost, 0.0)
    finite = np.isfinite(cost)
    with np.errstate(invalid="ignore"):
        step = np.where(finite[1:] & finite[:-1], np.abs(np.diff(cost)), 0.0)
    k = int(step.argmax())
    yield from (k, k + 1)


def _dips(cost: Array, depth: float) -> Iterator[int]:
    """Points lower than their neighbours, ends of the line included, by more than `depth`."""
    walls = np.concatenate([[np.inf], cost, [np.inf]])
    with np.errstate(invalid="ignore"):
        below = np.minimum(walls[:-2], walls[2:]) - cost
    yield from np.flatnonzero(np.isfinite(cost) & (below > depth)).tolist()


def _distinct(found: Sequence[tuple[float, int, Array]]) -> list[tuple[float, int, Array]]:
    """The lowest first, and of those that share a stretch of a parameter one alone."""
    kept: list[tuple[float, int, Array]] = []
    for one in sorted(found, key=lambda each: each[0]):
        _, column, place = one
        t = float(place[column])
        alike = min(ALIKE, NEARER * min(t, 1.0 - t))
        if all(c != column or abs(p[column] - t) > alike for _, c, p in kept):
            kept.append(one)
    return kept
