"""The geometry of a closed line: cubic between its vertices, and around what lies inside."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.contours.frame import XY, place

_SAMPLES = 12
"""Points drawn between two roots, a choice for the eye: straight pieces between them look round.
"""
_CLOSE = 0.3
"""Roots closer to each other than this share of the mean distance are thinned out.

Marching squares puts roots of two lattice lines near one lattice point close together, and a cubic
through nearly coincident points swings.  A choice.
"""
_NEAR = 1e-6
"""A place this near the border, as a share of the lattice, is moved inside it.

The line itself may lie on the border.  Ten thousand times the rounding of a place, and no more
than `tracing` tells apart.
"""


@dataclass(frozen=True)
class Vertex:
    """A point of a contour."""

    at: XY
    closed: bool
    """Whether the data put it there, not the border of the lattice or of where fits end."""
    jump: bool = False
    """Whether chi2 jumps over the level there, perhaps to where no fit ends (a wall)."""


@dataclass(frozen=True)
class Shape:
    """Coordinates in which a line is about as long as it is wide, so that a thin one is smooth."""

    matrix: NDArray[np.float64]
    """Square root of the covariance of the line's vertices, (2, 2)."""

    @classmethod
    def of(cls, line: Sequence[Vertex]) -> Shape:
        """The shape of a line."""
        places = np.array([vertex.at for vertex in line])
        spread = places - places.mean(axis=0)
        values, vectors = np.linalg.eigh(spread.T @ spread / len(places))
        # No line counts as more than a thousand times longer than wide; 1e-24 is for a point.
        lengths = np.sqrt(np.maximum(values, max(1e-6 * values.max(), 1e-24)))
        return cls(np.asarray((vectors * lengths) @ vectors.T, dtype=np.float64))

    @functools.cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)

    def round(self, at: XY) -> XY:
        """A place or difference in these coordinates."""
        x, y = (self._inverse @ np.array(at)).tolist()
        return x, y

    def back(self, at: XY) -> XY:
        """The inverse of `round`."""
        x, y = (self.matrix @ np.array(at)).tolist()
        return x, y

    def dist(self, a: XY, b: XY) -> float:
        """Distance between two places in these coordinates."""
        return math.hypot(*self.round((b[0] - a[0], b[1] - a[1])))


def thinned(line: Sequence[Vertex], shape: Shape) -> list[Vertex]:
    """A line without roots that lie very close to the one before."""
    gaps = [shape.dist(a.at, b.at) for a, b in zip(line, [*line[1:], line[0]], strict=True)]
    least = _CLOSE * sum(gaps) / len(gaps)
    kept = [line[0]]
    for vertex in line[1:]:
        far = min(shape.dist(vertex.at, one.at) for one in (kept[-1], line[0])) >= least
        if far or not (vertex.closed and kept[-1].closed):
            kept.append(vertex)
    return kept if len(kept) > 2 else list(line)


def curve(line: Sequence[Vertex], i: int, share: float, shape: Shape) -> XY:
    """A place between vertex i and the next, on a cubic through them and their neighbours."""
    before, a, b, after = (line[(i + k) % len(line)] for k in (-1, 0, 1, 2))
    length = shape.dist(a.at, b.at)
    nodes: list[tuple[float, XY]] = [(0.0, a.at), (length, b.at)]
    if before.closed and before != b:
        nodes.insert(0, (-shape.dist(before.at, a.at), before.at))
    if after.closed and after != a:
        nodes.append((length + shape.dist(b.at, after.at), after.at))
    s = share * length
    weights = [math.prod((s - t) / (own - t) for t, _ in nodes if t != own) for own, _ in nodes]
    x = sum(w * at[0] for w, (_, at) in zip(weights, nodes, strict=True))
    y = sum(w * at[1] for w, (_, at) in zip(weights, nodes, strict=True))
    return x, y


def drawn(line: Sequence[Vertex]) -> list[Vertex]:
    """A line with points of the curve between its roots."""
    found: list[Vertex] = []
    shape = Shape.of(line)
    for i, vertex in enumerate(line):
        found.append(vertex)
        if vertex.closed and line[(i + 1) % len(line)].closed:
            places = (place(*curve(line, i, k / _SAMPLES, shape)) for k in range(1, _SAMPLES))
            found += [Vertex(at, closed=True) for at in places]
    return found


def separates(lines: Sequence[Sequence[Vertex]], below: XY, above: XY | None) -> bool:
    """Whether lines go between a place below the level and a neighbour above it."""
    return holds(lines, below) and (above is None or not holds(lines, above))


def holds(lines: Sequence[Sequence[Vertex]], at: XY) -> bool:
    """Whether lines say that a place is below the level: an odd number goes around it."""
    return sum(_surrounds(line, at) for line in lines) % 2 == 1


def _surrounds(line: Sequence[Vertex], at: XY) -> bool:
    """Whether a closed line goes around a place (crossing number)."""
    # A line along the border goes around the places on it.
    x, y = (min(max(f, _NEAR), 1.0 - _NEAR) for f in at)
    inside = False
    for a, b in zip(line, [*line[1:], line[0]], strict=True):
        (xa, ya), (xb, yb) = a.at, b.at
        if (ya > y) != (yb > y) and x < xa + (y - ya) * (xb - xa) / (yb - ya):
            inside = not inside
    return inside
