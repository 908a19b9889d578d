"""Jumps and kinks: follow one parameter at a time and look closer wherever the curve surprises.

A scan of 257 points covers the range. Where its fourth difference stands out from its surroundings
there may be a jump (fourth difference ``3 J``), a kink (``2 h`` times the change of slope) or a
narrow smooth feature. Sixteenfold magnification tells them apart: in a smooth curve steps and
changes of slope shrink with the spacing, a jump's step does not, nor does a kink's slope change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.survey import ask, rounding_of, survey, value_of, with_unit
from daybreak.problem.arrays import Array
from daybreak.sentences import joined, worded

POINTS = 257
"""Points of a scan.

Sixteen cells of sixteen and one: a feature of 0.4 % of the range has a point in it.
"""
CELLS = 16
"""Subdivisions in one magnification.

A choice: of fewer more rounds are needed, and all cells of a round share compiled calls.
"""
PER_LINE = 16
"""Suspicious places looked at on one line; more of them are not counted.

A choice: each costs eight magnifications of 17 evaluations.
"""
SMALLEST = 1e-3
"""Jumps below this are nobody's concern, in units of sigma.

A jump of J sigma changes chi2 by 2 r J, 0.002 at a residual of one: no interval feels it.
"""
REACH = 0.01
"""Share of the range over which a kink is measured: a modest step of a fit."""
CHATTER = 30
"""This many jumps along a parameter are no longer told one by one.

A choice: with so many the model is rough all along that parameter.
"""

Kind = Literal["jump", "kink"]
Choice = Callable[[Array], tuple[np.ndarray, np.ndarray]]
"""Curves, shape (C, 17) -> first and last point of where to look next, shape (C,)."""


@dataclass(frozen=True)
class Break:
    """A place where the residuals, or their slopes, are not continuous."""

    kind: Kind
    column: int
    """Which free parameter."""
    place: float
    """Unit coordinate."""
    size: float
    """Sum of squares of what the residuals change by, in units of chi2."""
    crowded: bool
    """Whether the line is as rough all around."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Places to magnify, C of them."""

    base: Array
    """A place on the line, shape (C, n)."""
    column: np.ndarray
    """Which coordinate varies, shape (C,)."""
    component: np.ndarray
    """Which residual surprises, shape (C,)."""
    low: Array
    high: Array
    """Ends of the interval, shape (C,)."""
    crowded: np.ndarray
    """Whether the surprise is no greater than those around it, shape (C,)."""

    def __len__(self) -> int:
        """C."""
        return len(self.low)

    def __getitem__(self, rows: np.ndarray) -> Spots:
        """Some of them."""
        of = (self.base, self.column, self.component, self.low, self.high, self.crowded)
        return Spots(*(part[rows] for part in of))

    def points(self) -> Array:
        """17 coordinates over each interval, shape (C, 17)."""
        share = np.linspace(0.0, 1.0, CELLS + 1)
        return self.low[:, None] + (self.high - self.low)[:, None] * share

    def ask(self, probe: Probe) -> Array:
        """Residuals at those points, shape (C, 17, m)."""
        u = np.repeat(self.base[:, None, :], CELLS + 1, axis=1)
        np.put_along_axis(u, self.column[:, None, None], self.points()[:, :, None], axis=2)
        found = ask(probe, u.reshape(-1, u.shape[2]))
        return found.reshape(len(self), CELLS + 1, -1)


def check_smooth(probe: Probe) -> list[Finding]:
    """Jumps and kinks along every parameter, through one to three of the better places."""
    found: list[Break] = []
    try:
        for base in _anchors(probe):
            found += breaks(probe, base)
    except OutOfTime as cut:
        cut.found = _said(probe, found)
        raise
    return _said(probe, found)


def _said(probe: Probe, found: Sequence[Break]) -> list[Finding]:
    said = [_sentence(probe, kind, column, found) for kind, column in _groups(found)]
    return [Finding(code=codes.ROUGH_OBJECTIVE, parameter=p, sentence=s) for p, s in said]


def breaks(probe: Probe, base: Array) -> list[Break]:
    """Jumps and kinks on the lines through `base`, shape (n,), along every parameter."""
    spots = _suspicious(probe, base)
    if not len(spots):
        return []
    jumps, is_jump = _jumps(probe, spots)
    rest = spots[~is_jump & ~spots.crowded]
    return jumps + (_kinks(probe, rest) if len(rest) else [])


def _anchors(probe: Probe) -> Array:
    best = survey(probe).best
    # Each costs 257 evaluations for every parameter: some thousands, whether few or many.
    count = 3 if len(probe.free) <= 4 else 2 if len(probe.free) <= 12 else 1
    # The others differ from the best one in every coordinate, so that no line is walked twice.
    return best[: len(best) // 2 + 1][:: max(1, len(best) // 6)][:count]


def _suspicious(probe: Probe, base: Array) -> Spots:
    """Where fourth differences stand out by a factor of five, and one place in each quarter."""
    n, grid = len(base), np.linspace(0.0, 1.0, POINTS)
    u = np.tile(base, (n, POINTS, 1))
    u[np.arange(n), :, np.arange(n)] = grid
    lines = ask(probe, u.reshape(-1, n)).reshape(n, POINTS, -1)
    rows: list[tuple[int, int, int, bool]] = []
    for column, line in enumerate(lines):
        rows += [(column, *found) for found in _outliers(probe, line)]
    table = np.array(rows, dtype=int).reshape(-1, 4)
    column, node, component, crowded = table.T
    bases = np.tile(base, (len(table), 1))
    return Spots(bases, column, component, grid[node - 2], grid[node + 2], crowded == 1)


def _outliers(probe: Probe, line: Array) -> list[tuple[int, int, bool]]:
    """Nodes and residuals to look at on a line of shape (257, m): (node, i, crowded).

    Where a line is rough everywhere nothing stands out, so each quarter is looked at once.
    """
    with np.errstate(all="ignore"):
        fourth = _zeroed(np.abs(np.diff(line, 4, axis=0)))
        # Fourth differences weigh five values by 1, 4, 6, 4 and 1: 16 roundings, times four.
        floor = SMALLEST + 64 * _zeroed(rounding_of(probe, line[2:-2]))
    around = np.pad(fourth, ((10, 10), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, 21, axis=0)
    usual = np.median(np.delete(windows, np.s_[7:14], axis=2), axis=2)
    score = np.where(fourth > floor, fourth / (usual + floor), 0.0)
    highest = score.max(axis=1)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(highest, 2), 5).max(axis=1)
    # Five times what is usual around is a choice: magnification decides, and costs little.
    peaks = np.flatnonzero((highest > 5.0) & (highest == near))
    peaks = peaks[np.argsort(-highest[peaks], kind="stable")][:PER_LINE].tolist()
    quarters = [
        int(part[highest[part].argmax()]) for part in np.array_split(np.arange(len(near)), 4)
    ]
    peaks += [i for i in quarters if 0.0 < highest[i] <= 5.0]
    return [(i + 2, int(score[i].argmax()), bool(highest[i] <= 5.0)) for i in peaks]


def _magnify(probe: Probe, spots: Spots, rounds: int, choose: Choice) -> Spots:
    """Replace each interval by the part of it that `choose` names, several times."""
    rows = np.arange(len(spots))
    for _ in range(rounds):
        x = spots.points()
        curves = spots.ask(probe)[rows, :, spots.component]
        with np.errstate(all="ignore"):
            first, last = choose(curves)
        low, high = x[rows, first], x[rows, last]
        spots = Spots(spots.base, spots.column, spots.component, low, high, spots.crowded)
    return spots


def _largest_step(curves: Array) -> tuple[np.ndarray, np.ndarray]:
    at = _farthest(np.diff(curves, axis=1))
    return at, at + 1


def _sharpest_bend(curves: Array) -> tuple[np.ndarray, np.ndarray]:
    at = _farthest(np.diff(curves, 2, axis=1))
    return at, at + 2


def _farthest(parts: Array) -> np.ndarray:
    """Which of each row differs most from the row's median; (C, k) -> (C,)."""
    parts = _zeroed(parts)
    return np.abs(parts - np.median(parts, axis=1, keepdims=True)).argmax(axis=1)


def _jumps(probe: Probe, spots: Spots) -> tuple[list[Break], np.ndarray]:
    """Those that are jumps, and which: a step ten times all others 7e-12 of the range wide."""
    close = _magnify(probe, spots, 7, _largest_step)
    residuals, rows = close.ask(probe), np.arange(len(close))
    with np.errstate(all="ignore"):
        steps = np.diff(residuals, axis=1)
        own = _zeroed(np.abs(steps[rows, :, close.component]))
        at = own.argmax(axis=1)
        largest, others = own[rows, at], np.sort(own, axis=1)[:, -2]
        rounding = rounding_of(probe, residuals)[rows, at, close.component]
        size = (steps[rows, at] ** 2).sum(axis=1)
        # In a smooth curve all steps are alike at that width; a thousand roundings make no step.
        is_jump = (largest > 10 * others) & (largest > SMALLEST) & (largest > 1e3 * rounding)
    is_jump &= np.isfinite(size)
    place = close.points()[rows, at]
    made = [
        Break(
            "jump", int(close.column[i]), float(place[i]), float(size[i]), bool(close.crowded[i])
        )
        for i in np.flatnonzero(is_jump)
    ]
    return made, is_jump


def _kinks(probe: Probe, spots: Spots) -> list[Break]:
    """Those whose slopes left and right differ by twenty times what each side varies by."""
    close = _magnify(probe, spots, 5, _sharpest_bend)
    residuals, rows = close.ask(probe), np.arange(len(close))
    spacing = (close.high - close.low)[:, None, None] / CELLS
    with np.errstate(all="ignore"):
        slopes = np.diff(residuals, axis=1) / spacing
        own = slopes[rows, :, close.component]
        left, right = own[:, :4], own[:, -4:]
        change = np.abs(right.mean(axis=1) - left.mean(axis=1))
        varies = np.maximum(np.ptp(left, axis=1), np.ptp(right, axis=1))
        rounding = rounding_of(probe, residuals[:, 8])[rows, close.component] / spacing[:, 0, 0]
        side = 0.05 * change[:, None]  # as much as `bends` lets either side vary
        between = (own > np.minimum(left, right).min(axis=1, keepdims=True) - side) & (
            own < np.maximum(left, right).max(axis=1, keepdims=True) + side
        )  # a steeper part in the middle would be a step
        # A smooth bend is spread over all slopes, so that left and right vary as it does; at 0.01
        # a step of `REACH` is misled by as much as `noise.TOLERATED`.
        bends = (change > 20 * varies) & (change * REACH > 0.01) & (change > 100 * rounding)
        size = ((slopes[:, -4:].mean(axis=1) - slopes[:, :4].mean(axis=1)) * REACH) ** 2
    is_kink = bends & between.all(axis=1) & np.isfinite(size).all(axis=1)
    place = (close.low + close.high) / 2
    return [
        Break("kink", int(close.column[i]), float(place[i]), float(size[i].sum()), crowded=False)
        for i in np.flatnonzero(is_kink)
    ]


def _groups(found: Sequence[Break]) -> list[tuple[Kind, int]]:
    return sorted({(one.kind, one.column) for one in found})


def _distinct(found: Sequence[Break], kind: Kind, column: int) -> list[Break]:
    """One entry a place, with the largest size seen there, in the order of places."""
    places: list[Break] = []
    for one in sorted(found, key=lambda b: b.place):
        if (one.kind, one.column) != (kind, column):
            continue
        # Lines through different places meet the same wall to rounding of the magnification.
        if places and one.place - places[-1].place < 1e-6:
            places[-1] = max(places[-1], one, key=lambda b: b.size)
        else:
            places.append(one)
    return places


def _sentence(probe: Probe, kind: Kind, column: int, found: Sequence[Break]) -> tuple[str, str]:
    """Parameter, and what to say of its jumps or kinks."""
    places = _distinct(found, kind, column)
    name, largest = probe.free[column], max(places, key=lambda b: b.size)
    values = [with_unit(probe, column, value_of(probe, column, b.place)) for b in places]
    at = with_unit(probe, column, value_of(probe, column, largest.place))
    many = "1 place" if len(places) == 1 else worded("{} places", len(places))
    where = joined(", ", values[:5]) + (
        worded(" and {} more", len(values) - 5) if len(values) > 5 else ""
    )
    if kind == "kink":
        return name, (
            worded("the residuals have a kink at {} along {} ({})", many, name, where).then(
                "; the sharpest, at {} = {}, misleads a step of 1 % of the range by "
                "{:.2g} in chi2. Fits slow down there and errors from curvature mean "
                "nothing: look for abs, min, max, a clip or a table with straight pieces "
                "in predict.",
                name,
                at,
                largest.size,
            )
        )
    if len(places) >= CHATTER or sum(b.crowded for b in places) >= 3:
        return name, (
            worded("chi2 chatters along {}", name).then(
                ": {} jumps seen, and as rough in between; the largest is worth {:.2g} "
                "in chi2, at {} = {}. Fits stop on such steps: look for rounding, an "
                "iteration count or an adaptive tolerance in predict, or search without "
                "derivatives.",
                len(places),
                largest.size,
                name,
                at,
            )
        )
    return name, (
        worded("chi2 jumps at {} along {} ({})", many, name, where).then(
            "; the largest step, at {} = {}, is worth {:.2g} in chi2. Derivatives "
            "know nothing of it and fits stop at its edge: look for a fixed grid, "
            "rounding or a branch in predict.",
            name,
            at,
            largest.size,
        )
    )


def _zeroed(parts: Array) -> Array:
    return np.where(np.isfinite(parts), parts, 0.0)
