"""Along one parameter: where to look, local minima between points, and ends of the 95 % set.

Threshold: lowest chi2 + 3.8415, the 95 % quantile of chi2 with one degree of freedom, where the
size of the noise is known (`daybreak.problem.levels`).
Source: Wilks (1938), Ann. Math. Stat. 9, 60; Murphy and van der Vaart (2000), JASA 95, 449.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Collection, Generator, Sequence

import numpy as np

from daybreak.methods.brackets import Brackets
from daybreak.methods.relaxation import MAX_BASINS, Point, Relaxation, Step, chi2_of
from daybreak.methods.repeats import listen
from daybreak.problem.ends import Crossing, crossings
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task

AUTOMATIC_POINTS = 21
"""Grid points of a profile whose range is found automatically: 0.3 sigma apart over three sigma.

A choice: the ends are found apart from them, they show the shape.
"""
_COARSE = 9
"""Points over the whole box that show where to look; a choice, an eighth of the box apart."""
_MOST_VALUES = 64
"""Values at which minima over all parameters lie, and between them, that are fitted.

A choice: more than 64 distinct minima within twice the level are no basins but a rough chi2.
"""
_APART = 1e-6
"""Minima closer than this share of the range are one.

As for parameters at a bound (`daybreak.problem.parameters.AT_BOUND`).
"""
_WIDE = 9.0
"""The automatic range reaches to this much above the lowest chi2: three sigma.

Ends at 95 % lie at two sigma, so that the profile is seen to go on beyond them.
"""
_WIDER = 25.0
"""A crossing of `_WIDE` is closed in on while its outer side is higher than this: five sigma.

Within it the grid wastes at most two fifths of its points on what is out of question.
"""
_MOST_PARABOLAS = 20
"""Rounds of parabolas.

A choice: even golden sections, 0.62 a step, narrow a bracket to 1e-4 in them.
"""
_MORE_MINIMA = 4
"""Local minima beside those of the first round that are refined; a choice, as for crossings."""
_TOLERANCE = 2e-7
"""Width of the bracket of an interval end, as a share of the interval's own width.

A choice: far below what anybody states of an interval.
"""


def line(values: Sequence[float]) -> tuple[list[Point], dict[Point, list[Point]]]:
    """Grid points along one parameter, and the left and right neighbour of each."""
    points = [(value,) for value in values]
    near: dict[Point, list[Point]] = {
        p: [points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]]
        for i, p in enumerate(points)
    }
    return points, near


def spread(relaxation: Relaxation, low: float, high: float, count: int) -> list[float]:
    """Values evenly spaced on the scale of the parameter of interest."""
    box = relaxation.problem.space.subspace(relaxation.of)
    ends = box.to_unit({relaxation.of[0]: low})[0], box.to_unit({relaxation.of[0]: high})[0]
    found = np.asarray(box.from_unit(np.linspace(*ends, count)[:, None]))[:, 0]
    found[0], found[-1] = low, high
    return found.tolist()


def relax(relaxation: Relaxation, values: Sequence[float], *, again: bool = True) -> Step:
    """Fit a grid from its own starts; and `again` from basins and neighbours until it settles."""
    points, near = line(values)
    relaxation.lay(points, near)
    yield from relaxation.own_starts(points)
    yield from listen(relaxation.ground)
    if again and _anything(relaxation):
        yield from relaxation.settle(rounds=1)  # what both directions say before basins are shared
        extra = yield from _basins_themselves(relaxation, values[0], values[-1])
        yield from relaxation.all_basins([*points, *(p for p in extra if p not in near)])
        yield from relaxation.settle()


def _anything(relaxation: Relaxation) -> bool:
    """Whether any fit has ended anywhere, so that there is something to go on from."""
    return relaxation.ground.lowest < math.inf


def _basins_themselves(
    relaxation: Relaxation, low: float, high: float
) -> Generator[list[Task], list[Outcome], list[Point]]:
    """Fit, each from itself, the ends of all parameters that may belong to the 95 % set.

    They are told apart by the parameter of interest alone.  Returns their values, and the middles
    between them: the set may be interrupted there without any grid point to show it.
    """
    ground, name = relaxation.ground, relaxation.of[0]
    found: dict[float, Outcome] = {}
    for end in sorted(ground.ends, key=chi2_of):
        value = end.parameters[name]
        near = any(abs(value - other) <= _APART * (high - low) for other in found)
        below = chi2_of(end) < ground.lowest + 2.0 * ground.level_95
        if below and not near and low <= value <= high and len(found) < _MOST_VALUES:
            found[value] = end
    tasks = [
        task
        for value, end in found.items()
        for task in relaxation.fits((value,), [(Origin(Why.ITSELF), relaxation.start(end))])
    ]
    relaxation.take(tasks, (yield tasks))
    pairs = itertools.pairwise(sorted(found))
    between = [0.5 * (a + b) for a, b in pairs if b - a > _APART * (high - low)]
    # Where fits end all over the place the data leave a direction free: a few will do.
    few = MAX_BASINS if len(found) > 3 * MAX_BASINS else _MOST_VALUES
    return [(value,) for value in (*list(found)[:few], *between[:few])]


def automatic(relaxation: Relaxation) -> Step:
    """Find the range in which chi2 is within three sigma of the lowest, and relax a grid there.

    A few points over the whole box and the values of all basins show where to look; every crossing
    of lowest + 9 is then closed in on.
    """
    parameter = relaxation.problem.space[relaxation.of[0]]
    coarse, near = line(spread(relaxation, parameter.lower, parameter.upper, _COARSE))
    yield from relaxation.own_starts(coarse)
    yield from listen(relaxation.ground)
    if _anything(relaxation):
        extra = yield from _basins_themselves(relaxation, parameter.lower, parameter.upper)
        yield from relaxation.all_basins([*coarse, *extra])
    if not relaxation.best:
        relaxation.lay(coarse, near)
        return
    brackets = Brackets(relaxation.ground.scatter)
    for _ in range(12):  # a bracket that is only halved is then 2e-4 of what it was
        tasks = [
            task
            for one in sorted(
                brackets.worth(crossings_at(relaxation, _WIDE)), key=lambda one: one.inside
            )
            if one.f_outside > _WIDER - _WIDE
            for task in relaxation.between(
                (_root_of_square(one, _WIDE),), (one.inside,), (one.outside,)
            )
        ]
        if not tasks:
            break
        relaxation.take(tasks, (yield tasks))
    yield from relax(relaxation, _grid(relaxation))


def _grid(relaxation: Relaxation) -> list[float]:
    """Points over every stretch within three sigma of the lowest chi2, in proportion."""
    values = sorted(point[0] for point in relaxation.best)
    level = relaxation.ground.lowest + _WIDE
    inside = [chi2_of(relaxation.best[(v,)]) <= level for v in values]
    pieces: list[tuple[float, float]] = []
    for wanted, run in itertools.groupby(range(len(values)), key=inside.__getitem__):
        if wanted:
            rows = list(run)
            first, last = max(rows[0] - 1, 0), min(rows[-1] + 1, len(values) - 1)
            pieces.append((values[first], values[last]))
    total = sum(high - low for low, high in pieces)
    found: set[float] = set()
    for low, high in pieces:
        share = (high - low) / total if total > 0 else 1.0
        found |= set(spread(relaxation, low, high, max(9, round(AUTOMATIC_POINTS * share))))
    return sorted(found)


def _root_of_square(crossing: Crossing, level: float) -> float:
    """Where sqrt(chi2 - lowest), a straight line for a parabola, would cross 1.15 sqrt(level).

    Aimed 15 % further out, so that the next place is outside where the guess is not exact.
    """
    inside = math.sqrt(max(crossing.f_inside + level, 0.0))
    outside = math.sqrt(max(crossing.f_outside + level, 0.0))
    share = (1.15 * math.sqrt(level) - inside) / (outside - inside)
    share = min(max(share, 0.01), 0.9)
    return crossing.inside + share * (crossing.outside - crossing.inside)


def crossings_at(relaxation: Relaxation, above: float) -> list[Crossing]:
    """Where the profile so far crosses the lowest chi2 + `above`."""
    values = sorted(point[0] for point in relaxation.best)
    chi2 = [chi2_of(relaxation.best[(v,)]) for v in values]
    return crossings(values, chi2, relaxation.ground.lowest + above)


def minima(relaxation: Relaxation) -> Step:
    """Refine every local minimum of the profile between its neighbours, all at once.

    The 95 % set may have a piece narrower than the grid, of which only the slopes show.
    """
    most: int | None = None
    for _ in range(_MOST_PARABOLAS):
        values = sorted(point[0] for point in relaxation.best)
        scan = values[-1] - values[0]
        wanted: list[tuple[float, list[Task]]] = []
        for a, b, c in zip(values, values[1:], values[2:], strict=False):
            guess = _lower(relaxation, (a, b, c), scan)
            if guess is not None and (guess,) not in relaxation.best:
                tasks = relaxation.between((guess,), (b,), (a if guess < b else c,))
                wanted.append((chi2_of(relaxation.best[(b,)]), tasks))
        most = len(wanted) + _MORE_MINIMA if most is None else most
        if not wanted:
            return
        # Minima do not multiply as they are looked at; where they do, chi2 is rough.
        lowest = sorted(wanted, key=lambda one: one[0])[:most]
        asked = [task for _, tasks in lowest for task in tasks]
        relaxation.take(asked, (yield asked))


def _lower(
    relaxation: Relaxation, values: tuple[float, float, float], scan: float
) -> float | None:
    """Where a local minimum between three points may lie lower; None when the middle will do."""
    a, b, c = values
    fa, fb, fc = (chi2_of(relaxation.best[(v,)]) for v in values)
    if fb > min(fa, fc) or relaxation.ground.alike(min(fa, fc), fb):
        return None
    guess = _vertex(a, b, c, fa, fb, fc)
    # Nearer than that, chi2 of a parabola as high as the level at its ends differs by 1e-11.
    return None if abs(guess - b) <= 1e-6 * scan else guess


def _vertex(a: float, b: float, c: float, fa: float, fb: float, fc: float) -> float:
    """Lowest point of the parabola through three points; golden section where it is no use."""
    p = (b - a) ** 2 * (fb - fc) - (b - c) ** 2 * (fb - fa)
    q = (b - a) * (fb - fc) - (b - c) * (fb - fa)
    guess = b - 0.5 * p / q if q != 0.0 else b
    if a < guess < c:
        return guess
    wide = a if b - a > c - b else c
    return b + 0.381966 * (wide - b)  # (3 - sqrt(5)) / 2


def interval_ends(relaxation: Relaxation, share: float = _TOLERANCE) -> Step:
    """Narrow every crossing of the 95 % level down on the re-fitted profile.

    `share` is the width of the bracket that will do, as a share of the interval's own width, both
    on the parameter's scale: on a log scale an end near zero may lie far from the other.
    """
    place = relaxation.problem.space[relaxation.of[0]].unit_from
    brackets, lost = Brackets(relaxation.ground.scatter), set[Point]()
    for _ in range(60):  # halving alone reaches the last digit of a double in 53
        tasks: list[Task] = []
        found = crossings_at(relaxation, relaxation.ground.level_95)
        worth = brackets.worth(found)
        for crossing, (low, high) in zip(found, pieces(relaxation, found), strict=True):
            resolution = 8.0 * math.ulp(max(abs(crossing.inside), abs(crossing.outside)))
            bracket = abs(place(crossing.outside) - place(crossing.inside))
            part = share * (place(high) - place(low)) / bracket if bracket > 0.0 else 1.0
            tolerance = max(part * crossing.width, resolution)
            if crossing.width <= tolerance or crossing not in worth:
                continue
            for value in brackets.halves(crossing) or _around(crossing, tolerance, lost):
                if (value,) not in relaxation.best:
                    sides = sorted((crossing.inside, crossing.outside))
                    tasks += relaxation.between((value,), *((side,) for side in sides))
        if not tasks:
            return
        relaxation.take(tasks, (yield tasks))
        yield from rescued(relaxation, tasks)
        lost |= {task.point for task in tasks} - set(relaxation.best)


def rescued(relaxation: Relaxation, tasks: Sequence[Task]) -> Step:
    """Fit points at which no fit ended once more: from their neighbours, then afresh.

    The mean of two ends may lie where the model gives no number, although neither of them does.
    """
    failed = sorted({task.point for task in tasks} - set(relaxation.best))
    values = sorted(relaxation.best)
    more = [
        task
        for point in failed
        for at in [bisect.bisect(values, point)]
        for beside in values[max(at - 1, 0) : at + 1]
        for task in relaxation.between(point, beside)
    ]
    if more:
        relaxation.take(more, (yield more))
    failed = [point for point in failed if point not in relaxation.best]
    if failed:
        yield from relaxation.own_starts(failed)


def crossings_of_95(relaxation: Relaxation) -> list[tuple[Crossing, float]]:
    """Crossings of the 95 % level, each with the width of the interval that it ends."""
    found = crossings_at(relaxation, relaxation.ground.level_95)
    widths = (high - low for low, high in pieces(relaxation, found))
    return list(zip(found, widths, strict=True))


def pieces(relaxation: Relaxation, found: Sequence[Crossing]) -> list[tuple[float, float]]:
    """The interval that each crossing ends, at least as far as it has been seen."""
    values = sorted(point[0] for point in relaxation.best)
    edges = [values[0], *(c.root for c in found), values[-1]]
    return [
        (edges[i + 1], edges[i + 2]) if c.inside > c.outside else (edges[i], edges[i + 1])
        for i, c in enumerate(found)
    ]


def _around(crossing: Crossing, tolerance: float, lost: Collection[Point]) -> tuple[float, ...]:
    """Two values close to where the chord crosses, hoping to have the root between them.

    Where no fit ended there, the middle of the bracket.
    """
    # Two values that lie 1.8 reaches apart: within the tolerance, or a 28th of the bracket.
    reach = max(0.45 * tolerance, 0.02 * crossing.width)
    low, high = sorted((crossing.inside, crossing.outside))
    root = min(max(crossing.root, low + reach), high - reach)
    values = (root - 0.9 * reach, root + 0.9 * reach)
    if any((value,) in lost for value in values):
        middle = 0.5 * (low + high)
        return () if (middle,) in lost else (middle,)
    return values
