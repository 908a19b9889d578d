"""Contours of a map that is only known where it has been asked, traced by asking for more.

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

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.parameters import Parameter

XY = tuple[float, float]

TOLERANCE = 0.01
"""Largest distance in chi2 from the level along a contour."""
_OF_ROOT = 0.1 * TOLERANCE
_OF_MIDDLE = 0.5 * TOLERANCE
_MOST_SWEEPS = 60
_MOST_ROOTS = 400
"""Longer lines are not refined any further."""
_SAMPLES = 12
"""Points drawn between two roots."""
_CLOSE = 0.3
"""Roots closer to each other than this share of the mean distance are thinned out."""
_RAYS = 8
_MOST_STEPS = 40
_STEPS = (0.03, 0.12, *(0.5 * 2.0**k for k in range(9)))
"""Steps across a chord, in units of its length: a first line may be a stub of a long region."""
_SMALLEST = 1e-6
"""Chords shorter than this share of the lattice are not divided, and brackets of jumps."""
_WALL = 1e-3
"""A place next to which no fit ends is known to this share of the lattice."""
_ROUGH = 0.02
"""Chords shorter than this share of the lattice are not divided along a wall."""
_NEAR = 1e-6
"""What counts as on the border, as a share of the lattice."""
_DIGITS = 10


@dataclass(frozen=True)
class Frame:
    """A lattice in the units of two parameters, and fractions of it.

    A fraction is measured on the parameter's own scale.
    """

    parameters: tuple[Parameter, Parameter]
    xs: Sequence[float]
    ys: Sequence[float]
    """Increasing values of both parameters, in their units."""

    @functools.cached_property
    def lattice(self) -> tuple[list[float], list[float]]:
        """Fractions of the lattice's lines, from 0 to 1."""
        x, y = self.parameters
        return [_fraction(x, v, self.xs) for v in self.xs], [
            _fraction(y, v, self.ys) for v in self.ys
        ]

    def at(self, point: Sequence[float]) -> XY:
        """Fractions of a point given in units."""
        x, y = self.parameters
        return _fraction(x, point[0], self.xs), _fraction(y, point[1], self.ys)

    def point(self, at: XY) -> tuple[float, float]:
        """A point in units from its fractions; lattice lines keep their exact values."""
        found = [
            values[fractions.index(f)] if f in fractions else _value(parameter, f, values)
            for parameter, f, values, fractions in zip(
                self.parameters, at, (self.xs, self.ys), self.lattice, strict=True
            )
        ]
        return found[0], found[1]


def _fraction(parameter: Parameter, value: float, values: Sequence[float]) -> float:
    low, high = parameter.unit_from(values[0]), parameter.unit_from(values[-1])
    return round((parameter.unit_from(value) - low) / (high - low), _DIGITS)


def _value(parameter: Parameter, fraction: float, values: Sequence[float]) -> float:
    if parameter.scale == "log":
        return values[0] * (values[-1] / values[0]) ** fraction
    return values[0] + fraction * (values[-1] - values[0])


@dataclass(frozen=True)
class Vertex:
    """A point of a contour."""

    at: XY
    closed: bool
    """Whether the data put it there, not the border of the lattice or of where fits end."""
    jump: bool = False
    """Whether chi2 jumps over the level there, perhaps to where no fit ends (a wall)."""


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
                share = min(max(share, 0.02), 0.98)
            at = _between(ends[0], ends[1], share)
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
        middle = _place(*_curve(line, i, 0.5, shape))
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
            at = _place(middle[0] + length * dx, middle[1] + length * dy)
            if at == before or not self.ask(at, *chord):
                return None
            if (self.miss(at) > 0.0) == outwards:
                return at
            before = at
        return None

    def refine(self, line: Sequence[Vertex]) -> list[Vertex]:
        """A line with roots added until every middle is close enough, or places are wanted."""
        refined = _thinned(line, Shape.of(line))
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
            middle = _place(*_curve(line, i, 0.5, shape))
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
            at = _place(x, y)
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
    rings = _rings(*lattice, lambda at: tracer.miss(at) <= 0.0)
    for ring in sorted(rings, key=len, reverse=True):
        # Rings that are apart on the lattice may be one region; the longest's line then has all.
        if tracer.wanted or _separates(lines, *ring[0]):
            continue
        rough = [_vertex(tracer, inside, outside) for inside, outside in ring]
        vertices = [vertex for vertex in rough if vertex is not None]
        if len(vertices) == len(rough):
            lines.append(tracer.refine(_without_repeats(vertices)))
    if not tracer.wanted:
        step = 0.05 * min(np.diff(lattice[0]).min(), np.diff(lattice[1]).min())
        for minimum in minima:
            if tracer.miss(minimum) < 0.0 and not _holds(lines, minimum):
                line = tracer.around(minimum, float(step))
                if line:
                    lines.append(tracer.refine(line))
    wanted = list({w.at: w for w in tracer.wanted}.values())
    return Contour([_drawn(line) for line in lines], wanted, tracer.error)


def _vertex(tracer: _Tracer, inside: XY, outside: XY | None) -> Vertex | None:
    if outside is None:
        return Vertex(inside, closed=False)
    return tracer.root(inside, outside)


def _without_repeats(line: Sequence[Vertex]) -> list[Vertex]:
    return [v for v, before in zip(line, [line[-1], *line[:-1]], strict=True) if v != before]


def _thinned(line: Sequence[Vertex], shape: Shape) -> list[Vertex]:
    """A line without roots that lie very close to the one before."""
    gaps = [shape.dist(a.at, b.at) for a, b in zip(line, [*line[1:], line[0]], strict=True)]
    least = _CLOSE * sum(gaps) / len(gaps)
    kept = [line[0]]
    for vertex in line[1:]:
        far = min(shape.dist(vertex.at, one.at) for one in (kept[-1], line[0])) >= least
        if far or not (vertex.closed and kept[-1].closed):
            kept.append(vertex)
    return kept if len(kept) > 2 else list(line)


def _curve(line: Sequence[Vertex], i: int, share: float, shape: Shape) -> XY:
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


def _drawn(line: Sequence[Vertex]) -> list[Vertex]:
    """A line with points of the curve between its roots."""
    found: list[Vertex] = []
    shape = Shape.of(line)
    for i, vertex in enumerate(line):
        found.append(vertex)
        if vertex.closed and line[(i + 1) % len(line)].closed:
            places = (_place(*_curve(line, i, k / _SAMPLES, shape)) for k in range(1, _SAMPLES))
            found += [Vertex(at, closed=True) for at in places]
    return found


def _rings(
    xs: Sequence[float], ys: Sequence[float], below: Callable[[XY], bool]
) -> list[list[tuple[XY, XY | None]]]:
    """Closed walks along the pairs (point below, neighbour above) of a lattice.

    Beyond the border everything is above, which gives pairs without a second place.  The region
    below stays on the left; where two diagonal corners of a square are below they are kept apart.
    """
    nx, ny = len(xs), len(ys)
    inside = np.zeros((nx + 2, ny + 2), dtype=bool)
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            inside[i + 1, j + 1] = below((x, y))
    after: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    turns = ((1, 0), (0, 1), (-1, 0), (0, -1))  # east, north, west, south
    for i, j in np.argwhere(inside).tolist():
        for k, (dx, dy) in enumerate(turns):
            if not inside[i + dx, j + dy]:
                ex, ey = turns[(k + 1) % 4]
                if not inside[i + ex, j + ey]:
                    after[i, j, k] = (i, j, (k + 1) % 4)
                elif not inside[i + ex + dx, j + ey + dy]:
                    after[i, j, k] = (i + ex, j + ey, k)
                else:
                    after[i, j, k] = (i + ex + dx, j + ey + dy, (k + 3) % 4)
    rings: list[list[tuple[XY, XY | None]]] = []
    left = dict.fromkeys(after)
    while left:
        first = next(iter(left))
        ring: list[tuple[XY, XY | None]] = []
        here = first
        while here in left:
            del left[here]
            i, j, k = here
            ni, nj = i + turns[k][0], j + turns[k][1]
            there = (xs[ni - 1], ys[nj - 1]) if 1 <= ni <= nx and 1 <= nj <= ny else None
            ring.append(((xs[i - 1], ys[j - 1]), there))
            here = after[here]
        rings.append(ring)
    return rings


def _separates(lines: Sequence[Sequence[Vertex]], below: XY, above: XY | None) -> bool:
    """Whether lines go between a place below the level and a neighbour above it."""
    return _holds(lines, below) and (above is None or not _holds(lines, above))


def _holds(lines: Sequence[Sequence[Vertex]], at: XY) -> bool:
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


def _between(a: XY, b: XY, share: float) -> XY:
    return _place(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))


def _place(x: float, y: float) -> XY:
    """A place on the lattice, rounded so that it is found again from its record."""
    return round(min(max(x, 0.0), 1.0), _DIGITS), round(min(max(y, 0.0), 1.0), _DIGITS)
