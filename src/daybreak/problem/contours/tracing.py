"""Trace the contours of a map that is only known where it has been asked, by asking for more.

`trace` is a pure function of the values known so far: it returns the contour as far as they
determine it, and the places it needs next.  Asking, and calling it again until nothing is wanted,
gives closed curves through roots of ``chi2 = level``, cubic between them, whose middles have been
asked and stay within `TOLERANCE` of it.  The same call on recorded values draws them again.

Inside the lattice a line passes between neighbouring points of which one is below the level
(marching squares: Lorensen and Cline 1987, Computer Graphics 21, 163); along the border of the
lattice it follows the border.  A minimum that no line surrounds gets one of its own, by rays.
Coordinates here are fractions of the lattice, so that no unit matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.problem.contours.frame import XY, between, place
from daybreak.problem.contours.lines import (
    Shape,
    Vertex,
    curve,
    drawn,
    holds,
    separates,
    thinned,
)
from daybreak.problem.contours.marching import rings

TOLERANCE = 0.01
"""Largest distance in chi2 from the level along a contour.

Where chi2 is a parabola, a line at height L is then 0.01 / 2L of its distance from the minimum
off: 0.1 % at 95 % of two parameters (L = 5.99).
"""
_OF_ROOT = 0.1 * TOLERANCE
"""How near to the level a root is found: the cubic between roots has the rest to itself."""
_OF_MIDDLE = 0.5 * TOLERANCE
"""How near the middle between two roots must lie.

A cubic is worst elsewhere than in its middle, which alone is asked.  Measured: with half of the
tolerance there the line is nowhere further than 0.0043 off (docs/benchmarks.md).
"""
_MOST_SWEEPS = 60
"""Sweeps along one line.

Each divides chords, so that `_MOST_ROOTS` ends nearly every line before; this is the end of the
others.
"""
_MOST_ROOTS = 400
"""Longer lines are not refined any further: chi2 is rough there.

So many roots are more than can be told apart in a picture (`daybreak.report.canvas`).
"""
_RAYS = 8
"""Rays from a minimum that no line surrounds.

A choice: enough for a closed cubic around a region that is longer than wide; refinement adds the
others.
"""
_MOST_STEPS = 40
"""Steps of a root's search: halving alone narrows a bracket to 2^-40, 1e-12 of the lattice."""
_STEPS = (0.03, 0.12, *(0.5 * 2.0**k for k in range(9)))
"""Steps across a chord, in units of its length: a first line may be a stub of a long region.

The two short ones suffice where the line is nearly right; 128 lengths reach across the lattice.
"""
_SMALLEST = 1e-6
"""Chords shorter than this share of the lattice are not divided, and brackets of jumps.

No picture shows a millionth of its width, and local fits end less exactly than that.
"""
_WALL = 1e-3
"""A place next to which no fit ends is known to this share of the lattice.

A wall is found by halving alone, ten trials across the lattice at most, and is no answer of the
data.
"""
_ROUGH = 0.02
"""Chords shorter than this share of the lattice are not divided along a wall.

A wall may be as jagged as a coast: divided to `_SMALLEST` it would take any number of trials.
"""


@dataclass(frozen=True)
class Wanted:
    """A place whose value is needed, and known places beside it to start from."""

    at: XY
    near: tuple[XY, XY]


@dataclass(frozen=True)
class Contour:
    """What is known of the lines at one level."""

    lines: list[list[Vertex]]
    """Closed lines, the region below the level on their left."""
    wanted: list[Wanted]
    error: float
    """Largest distance in chi2 from the level in the middle between two roots; dimensionless."""


@dataclass
class _Tracer:
    """One pass over the values known so far."""

    known: Mapping[XY, float]
    """chi2 by place."""
    lowest: float
    level: float
    wanted: list[Wanted] = field(default_factory=list[Wanted])
    error: float = 0.0

    def height(self, at: XY) -> float:
        """``sqrt(chi2 - lowest) - sqrt(level)``: straight across the contour of a parabola."""
        return math.sqrt(max(self.known[at] - self.lowest, 0.0)) - math.sqrt(self.level)

    def miss(self, at: XY) -> float:
        """Distance from the level in chi2."""
        return self.known[at] - self.lowest - self.level

    def ask(self, at: XY, one: XY, other: XY) -> bool:
        """Whether the value at a place is known; if not, want it."""
        if at in self.known:
            return True
        self.wanted.append(Wanted(at, (one, other)))
        return False

    def root(self, inside: XY, outside: XY) -> Vertex | None:
        """The root between two known places, by the Illinois method; None while it is wanted.

        Where no fit ends on the outside there is a wall, which the data did not put there.
        Source: Dowell and Jarratt (1971), BIT 11, 168.
        """
        ends = [inside, outside]
        heights = [self.height(inside), self.height(outside)]
        last = -1
        for _ in range(_MOST_STEPS):
            for end in ends:
                if abs(self.miss(end)) <= _OF_ROOT:
                    return Vertex(end, closed=True)
            if not all(math.isfinite(h) for h in heights):
                if math.dist(*ends) < _WALL:
                    return Vertex(ends[0], closed=False, jump=True)
                share = 0.5
            else:
                share = heights[0] / (heights[0] - heights[1])
                # A place next to an end would leave nearly all of the bracket where it is.
                share = min(max(share, 0.02), 0.98)
            at = between(ends[0], ends[1], share)
            if at in ends or math.dist(*ends) < _SMALLEST:
                break
            if not self.ask(at, ends[0], ends[1]):
                return None
            side = 0 if self.miss(at) <= 0.0 else 1
            ends[side], heights[side] = at, self.height(at)
            if side == last:
                heights[1 - side] *= 0.5
            last = side
        return Vertex(ends[0], closed=True, jump=True)

    def middle(self, line: Sequence[Vertex], i: int, shape: Shape) -> Vertex | None:
        """A root between vertex i and the next, where the curve is not close enough; else None."""
        a, b = line[i], line[(i + 1) % len(line)]
        set_by_data = a.closed and b.closed
        at_wall = not set_by_data and all(v.closed or v.jump for v in (a, b))
        shortest = _SMALLEST if set_by_data else _ROUGH
        if not (set_by_data or at_wall) or math.dist(a.at, b.at) < shortest:
            return None
        middle = place(*curve(line, i, 0.5, shape))
        if not self.ask(middle, a.at, b.at):
            return None
        miss = self.miss(middle)
        if abs(miss) <= _OF_MIDDLE or (set_by_data and (a.jump or b.jump)):
            return None
        across = self._across(middle, (a.at, b.at), shape, outwards=miss < 0.0)
        if across is None:
            return None
        inside, outside = (middle, across) if miss < 0.0 else (across, middle)
        found = self.root(inside, outside)
        return None if found is None or found.at in (a.at, b.at) else found

    def _across(
        self, middle: XY, chord: tuple[XY, XY], shape: Shape, *, outwards: bool
    ) -> XY | None:
        """A place on the other side of the contour, straight across from a chord's middle."""
        (xa, ya), (xb, yb) = shape.round(chord[0]), shape.round(chord[1])
        dx, dy = shape.back(((yb - ya), (xa - xb)))
        before = middle
        far = abs(self.miss(middle)) > 0.5 * self.level
        for step in _STEPS[2:] if far else _STEPS:
            length = step if outwards else -step
            at = place(middle[0] + length * dx, middle[1] + length * dy)
            if at == before or not self.ask(at, *chord):
                return None
            if (self.miss(at) > 0.0) == outwards:
                return at
            before = at
        return None

    def refine(self, line: Sequence[Vertex]) -> list[Vertex]:
        """A line with roots added until every middle is close enough, or places are wanted."""
        refined = thinned(line, Shape.of(line))
        shape, shaped = Shape.of(refined), len(refined)
        for _ in range(_MOST_SWEEPS):
            after: list[Vertex] = []
            for i, vertex in enumerate(refined):
                new = self.middle(refined, i, shape)
                after += [vertex] if new is None else [vertex, new]
            if len(after) > _MOST_ROOTS or self.wanted or len(after) == len(refined) == shaped:
                break
            # Another shape moves every middle, so it is not taken with every new root.
            if len(after) == len(refined) or len(after) >= 2 * shaped:
                shape, shaped = Shape.of(after), len(after)
            refined = after
        self._note_error(refined)
        return refined

    def _note_error(self, line: Sequence[Vertex]) -> None:
        """Keep the largest distance from the level in the middles of a line's chords."""
        shape = Shape.of(line)
        for i, a in enumerate(line):
            middle = place(*curve(line, i, 0.5, shape))
            if a.closed and line[(i + 1) % len(line)].closed and middle in self.known:
                miss = abs(self.miss(middle))
                self.error = max(self.error, miss if math.isfinite(miss) else 0.0)

    def around(self, minimum: XY, step: float) -> list[Vertex]:
        """A line around a minimum, from rays in all directions; empty while places are wanted."""
        line: list[Vertex] = []
        for k in range(_RAYS):
            angle = 2.0 * math.pi * k / _RAYS
            vertex = self._ray(minimum, (math.cos(angle), math.sin(angle)), step)
            if vertex is not None:
                line.append(vertex)
        return line if len(line) == _RAYS else []

    def _ray(self, minimum: XY, direction: XY, step: float) -> Vertex | None:
        near = minimum
        for k in range(_MOST_STEPS):
            length = step * 2.0**k
            x, y = minimum[0] + length * direction[0], minimum[1] + length * direction[1]
            inside = 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0
            at = place(x, y)
            if not self.ask(at, near, minimum):
                return None
            if self.miss(at) > 0.0:
                return self.root(near, at)
            if not inside:
                return Vertex(at, closed=False)
            near = at
        return None


def trace(
    known: Mapping[XY, float],
    lattice: tuple[Sequence[float], Sequence[float]],
    minima: Sequence[XY],
    lowest: float,
    level: float,
) -> Contour:
    """Trace the lines where ``chi2 = lowest + level``.

    Parameters
    ----------
    known : mapping (x, y) -> chi2
        At least at every lattice point and minimum; infinite where no fit ended.
    lattice : (xs, ys)
        Increasing fractions, from 0 to 1.
    minima : sequence of (x, y)
        Places that must be surrounded where they are below the level.
    lowest, level : float
        In units of chi2.
    """
    tracer = _Tracer(known, lowest, level)
    lines: list[list[Vertex]] = []
    walks = rings(*lattice, lambda at: tracer.miss(at) <= 0.0)
    for ring in sorted(walks, key=len, reverse=True):
        # Rings that are apart on the lattice may be one region; the longest's line then has all.
        if tracer.wanted or separates(lines, *ring[0]):
            continue
        rough = [_vertex(tracer, inside, outside) for inside, outside in ring]
        vertices = [vertex for vertex in rough if vertex is not None]
        if len(vertices) == len(rough):
            lines.append(tracer.refine(_without_repeats(vertices)))
    if not tracer.wanted:
        step = 0.05 * min(np.diff(lattice[0]).min(), np.diff(lattice[1]).min())
        for minimum in minima:
            if tracer.miss(minimum) < 0.0 and not holds(lines, minimum):
                line = tracer.around(minimum, float(step))
                if line:
                    lines.append(tracer.refine(line))
    wanted = list({w.at: w for w in tracer.wanted}.values())
    return Contour([drawn(line) for line in lines], wanted, tracer.error)


def _vertex(tracer: _Tracer, inside: XY, outside: XY | None) -> Vertex | None:
    if outside is None:
        return Vertex(inside, closed=False)
    return tracer.root(inside, outside)


def _without_repeats(line: Sequence[Vertex]) -> list[Vertex]:
    return [v for v, before in zip(line, [line[-1], *line[:-1]], strict=True) if v != before]
