"""Where a profile meets values at which the model cannot be evaluated.

A grid tells only between which of its points fits cease to end; the 95 % set may close by itself
in between, as that of a rate does above zero, where counts are impossible.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from daybreak.methods.intervals import rescued
from daybreak.methods.relaxation import Point, Relaxation, Step, chi2_of
from daybreak.problem.outcomes import Task

_NEAR = 1e-4
"""How near to a wall a profile is followed, as a share of the range in which fits ended.

A tenth of a thousandth of a set is far below what anybody states of one.
"""
_MOST = 40
"""Most halvings; a choice: the range is then 1e-12 of what it was."""


def close_in(relaxation: Relaxation) -> Step:
    """Halve between a point of the 95 % set and a neighbour at which no fit ended.

    Until the profile is above the level there, which makes it a crossing, or the wall is near.
    """
    if relaxation.ground.fit.runs:
        return
    for _ in range(_MOST):
        tasks = list(_halves(relaxation, _lost(relaxation)))
        if not tasks:
            return
        relaxation.take(tasks, (yield tasks))
        yield from rescued(relaxation, tasks)


def _lost(relaxation: Relaxation) -> set[Point]:
    """Where no fit ended: on the grid, or beyond all that did.

    Elsewhere it is a refinement that failed, between two that did not.
    """
    best = relaxation.best
    return {
        point
        for point in relaxation.asked - best.keys()
        if point in relaxation.grid or not min(best) < point < max(best)
    }


def _halves(relaxation: Relaxation, lost: set[Point]) -> Iterator[Task]:
    """Fits in the middle, on the parameter's scale, from the side on which a fit ended."""
    box, ground = relaxation.problem.space.subspace(relaxation.of), relaxation.ground
    name, best = relaxation.of[0], relaxation.best
    level = ground.lowest + ground.level_95

    def unit(point: Point) -> float:
        return float(np.asarray(box.to_unit({name: point[0]}))[0])

    within = [unit(point) for point, end in best.items() if chi2_of(end) <= level]
    near = _NEAR * (max(within, default=0.0) - min(within, default=0.0))
    for pair in itertools.pairwise(sorted({*best, *lost})):
        inside = [point for point in pair if point in best and chi2_of(best[point]) <= level]
        low, high = map(unit, pair)
        if len(inside) == 1 and lost & {*pair} and high - low > max(near, 4e-16):
            middle = float(np.asarray(box.from_unit(np.array([[0.5 * (low + high)]])))[0, 0])
            yield from relaxation.between((middle,), *inside)
