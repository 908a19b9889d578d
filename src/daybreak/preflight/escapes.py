"""How far one bound alone would have to move for a goal to be met.

A bound travels a distance x >= 0: ``b -+ x (upper - lower)``, or ``b exp(-+ x)`` on a log scale
and where a sign would be lost, which so is kept.  The least square f(x) that the widened box
allows falls with x; the x at which it first meets the bar is enclosed from both sides by secants
of ``sqrt(f) - sqrt(bar)`` and by halving, for all bounds at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from daybreak.findings import Escape
from daybreak.preflight.companion import Goal
from daybreak.preflight.extremes import Lane, Low, Search, lowest
from daybreak.problem.arrays import Array
from daybreak.problem.parameters import Parameter
from daybreak.sentences import between, joined, worded

Side = Literal["lower", "upper"]
FARTHEST = 100.0
"""Longest way of a bound, in ranges.

A choice: a bound that is wrong by more is not called near; none is named then.
"""
SMALLEST = 1e-4
"""Longest way towards zero, and away from it on a log scale: by this factor.

A choice, as for `FARTHEST`: four decades.
"""
_FIRST = ((1e-4, 1e-3, 1e-2, 0.1), (0.03, 0.2, 0.3), (0.5, 0.7, 1.0))
"""Distances tried first, as shares of the longest way; later ones begin where earlier ended.

From small to large: a bound that has to move a little is found at once, and no fit in a box a
hundred times too wide is made where a narrow one will do.
"""
_PRECISION = 1e-6
"""Relative width of the bracket at which a bound is known: far more than the four digits told."""
_ROUNDS = 24
"""Rounds of closing in; each at least halves the bracket, so that 24 leave 6e-8 of it."""


@dataclass(frozen=True)
class Way:
    """The way of one bound, from where it was declared."""

    parameter: Parameter
    side: Side

    @property
    def bound(self) -> float:
        """Where it starts, in the parameter's unit."""
        p = self.parameter
        return float(p.lower if self.side == "lower" else p.upper)

    @property
    def geometric(self) -> bool:
        """Whether it moves by factors: on a log scale, and towards zero."""
        towards_zero = self.bound > 0 if self.side == "lower" else self.bound < 0
        return self.parameter.scale == "log" or towards_zero

    @property
    def longest(self) -> float:
        """The largest x; zero at a physical limit, and at zero, where the sign would change."""
        limit = self.parameter.limits[0 if self.side == "lower" else 1]
        if limit == self.bound:
            return 0.0
        if self.geometric:
            way = abs(math.log(limit / self.bound)) if limit and math.isfinite(limit) else math.inf
            return min(way, -math.log(SMALLEST))
        way = abs(limit - self.bound) / (self.parameter.upper - self.parameter.lower)
        return min(way, FARTHEST) if self.bound else 0.0

    def at(self, x: float) -> float:
        """Where the bound is after a distance x (module formula)."""
        p = self.parameter
        outwards = -1.0 if self.side == "lower" else 1.0
        if self.geometric:
            return self.bound * math.exp(math.copysign(x, outwards * self.bound))
        return self.bound + outwards * x * (p.upper - p.lower)


@dataclass
class _Chase:
    """One bound and what has been tried of it."""

    way: Way
    tried: list[tuple[float, Low]] = field(default_factory=list[tuple[float, Low]])
    """Distances and the least squares found there, by distance."""

    def bracket(self, bar: float) -> tuple[int, int] | None:
        """Indices of the last distance that misses and the first that meets the bar."""
        for i, (_, low) in enumerate(self.tried):
            if low.square <= bar:
                return (i - 1, i) if i else None
        return None

    def done(self, bar: float) -> bool:
        """Whether nothing closer is worth trying."""
        found = self.bracket(bar)
        if found is None:
            return True
        near, far = (self.way.at(self.tried[i][0]) for i in found)
        return abs(far - near) <= _PRECISION * abs(far)

    def next(self, bar: float) -> list[float]:
        """Where to look: halfway, and on both sides of where a secant crosses the bar."""
        found = self.bracket(bar)
        if found is None:
            return []
        points = [(x, math.sqrt(low.square) - math.sqrt(bar)) for x, low in self.tried]
        near, far = points[found[0]], points[found[1]]
        width = far[0] - near[0]
        # Once the bar is met with room to spare, f may be flat: extrapolate from the missing side.
        # (That is: chi2 has fallen to less than a hundredth of the bar.)
        flat = far[1] < -0.9 * math.sqrt(bar) and found[0] > 0
        one, other = (points[found[0] - 1], near) if flat else (near, far)
        fall = one[1] - other[1]
        guess = other[0] + other[1] * (other[0] - one[0]) / fall if fall > 0 else math.inf
        wished = [near[0] + 0.5 * width]
        wished += [guess + share * width for share in (-0.01, -1e-4, 1e-4, 0.01)]
        inside = [x for x in wished if near[0] < x < far[0] and math.isfinite(x)]
        return sorted(set(inside))


def find_escapes(
    search: Search, goal: Goal, bar: float, points: Sequence[Low], home: float
) -> list[Escape]:
    """For every bound that one of `points` sits at, how far it alone would have to move.

    Parameters
    ----------
    search : Search
    goal : Goal
        What is to be made small.
    bar : float
        Largest square that meets the criterion.
    points : sequence of Low
        Best points found in the declared box; the first is the best for `goal`.
    home : float
        Least square in the declared box.
    """
    start = Low(home, points[0].values)
    chases = [_Chase(way, [(0.0, start)]) for way in _ways(search, points)]
    starts = [point.values for point in points]
    for shares in _FIRST:
        open_ones = {i: c for i, c in enumerate(chases) if c.bracket(bar) is None}
        first = {i: [share * c.way.longest for share in shares] for i, c in open_ones.items()}
        _look(search, goal, chases, first, starts)
    for _ in range(_ROUNDS):
        going = {i: c.next(bar) for i, c in enumerate(chases) if not c.done(bar)}
        if not any(going.values()):
            break
        _look(search, goal, chases, going, starts[:1])
    return [_escape(chase, bar) for chase in chases]


def _ways(search: Search, points: Sequence[Low]) -> list[Way]:
    """Bounds that the points sit at and that may move, in the order of the parameters."""
    found: list[Way] = []
    for i, parameter in enumerate(search.probe.box.parameters):
        sides = {parameter.bound_at(float(point.values[i])) for point in points}
        ways = [Way(parameter, side) for side in ("lower", "upper") if side in sides]
        found += [way for way in ways if way.longest > 0]
    return found


def _look(
    search: Search,
    goal: Goal,
    chases: Sequence[_Chase],
    where: dict[int, list[float]],
    starts: Sequence[Array],
) -> None:
    """Minimise with bounds moved, from `starts` and from what neighbouring distances found."""
    lanes: list[Lane] = []
    owners: list[tuple[int, float]] = []
    for i, distances in where.items():
        chase = chases[i]
        for x in distances:
            warm = [low.values for _, low in _neighbours(chase, x)]
            new = [_lane(search, goal, chase.way, x, values) for values in (*starts, *warm)]
            new += [_at_the_bound(lane, search, chase.way, x) for lane in new[: len(starts)]]
            lanes += new
            owners += [(i, x)] * len(new)
    lows: dict[tuple[int, float], list[Low]] = {owner: [] for owner in owners}
    for owner, low in zip(owners, search.minimise(lanes), strict=True):
        lows[owner].append(low)
    for (i, x), found in lows.items():
        chases[i].tried.append((x, lowest(found)))
    for i in where:
        _tidy(chases[i])


def _neighbours(chase: _Chase, x: float) -> list[tuple[float, Low]]:
    below = [one for one in chase.tried if one[0] <= x][-1:]
    above = [one for one in chase.tried if one[0] > x][:1]
    return [one for one in (*below, *above) if math.isfinite(one[1].square)]


def _tidy(chase: _Chase) -> None:
    """Sort by distance; what a narrower box allows, a wider one allows as well."""
    best = chase.tried[0][1]
    kept: list[tuple[float, Low]] = []
    for x, low in sorted(chase.tried, key=lambda one: one[0]):
        best = lowest([best, low])
        kept.append((x, best))
    chase.tried = kept


def _lane(search: Search, goal: Goal, way: Way, x: float, values: Array) -> Lane:
    lower, upper = search.lower.copy(), search.upper.copy()
    side = lower if way.side == "lower" else upper
    side[search.probe.box.names.index(way.parameter.name)] = way.at(x)
    return Lane(goal, np.asarray(values), lower, upper)


def _at_the_bound(lane: Lane, search: Search, way: Way, x: float) -> Lane:
    """The same lane, begun with the parameter at its moved bound."""
    start = lane.start.copy()
    start[search.probe.box.names.index(way.parameter.name)] = way.at(x)
    return lane._replace(start=start)


def _escape(chase: _Chase, bar: float) -> Escape:
    found = chase.bracket(bar)
    needed = None if found is None else chase.way.at(chase.tried[found[1]][0])
    way = chase.way
    return Escape(parameter=way.parameter.name, side=way.side, bound=way.bound, needed=needed)


def moves_in_words(escapes: Sequence[Escape]) -> str:
    """Which bound alone would do, the shortest move first."""
    if not escapes:
        return "No bound stops it: the best places lie inside the box."
    doing = [e for e in escapes if e.needed is not None]
    if not doing:
        return "No single bound that stops it would do, however far it moved."
    doing.sort(key=_distance)
    moves = (
        worded("{}'s {} bound ", e.parameter, e.side)
        + between("from {:.4g} to {}", e.bound, _outwards(e))
        for e in doing
    )
    return worded("Moving {} alone would do.", joined(", or ", moves))


def _distance(escape: Escape) -> float:
    """How far a bound moves, as a share of itself."""
    needed = escape.bound if escape.needed is None else escape.needed
    if escape.bound * needed > 0:
        return round(abs(math.log(needed / escape.bound)), 3)
    return abs(needed - escape.bound)


def _outwards(escape: Escape) -> str:
    """Four digits, rounded so that the bound is far enough (a fiftieth of the last one aside)."""
    value = escape.needed or 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 3) if value else 1.0
    digits = value / step
    turned = math.floor(digits + 0.02) if escape.side == "lower" else math.ceil(digits - 0.02)
    return f"{turned * step:.4g}"
