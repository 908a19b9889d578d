"""What holds the ends that were sought from the best fit: they are sought once more.

As `daybreak.methods.end_checks` for profiles: with the bounds moved on which nuisances lie at an
end or at the best fit, and without priors.  The best fit and the ends found then are put down as
trials that say what was left out.  Where no bound and no prior acts, nothing is asked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence

import numpy as np

from daybreak.methods.local_model import LocalModel
from daybreak.methods.relaxation import Step, together
from daybreak.methods.sparing import Descent, EndSearch
from daybreak.problem.arrays import Array
from daybreak.problem.kinds import LOOSENED
from daybreak.problem.loosened import FACTORS, OPTION, Loosening, pressed, pressed_factors
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task

_FINER = 0.1
"""The best fit is found to this share of the tolerance: every end rises from it."""


def question_ends(best: LocalModel, searches: Sequence[EndSearch]) -> Step:
    """Seek the ends that were found once more, with what may hold them left out."""
    found = [one for one in searches if one.found]
    if not found:
        return
    yield from _bounds_moved(best, found, priors=True)
    if found[0].counted.problem.priors:
        again, alone = yield from _sought(best, found, Loosening(priors=False))
        if again is not None:
            yield from _bounds_moved(again, [one for one in alone if one.found], priors=False)


def _bounds_moved(best: LocalModel, searches: Sequence[EndSearch], *, priors: bool) -> Step:
    """Parameter by parameter, as each has other nuisances."""
    for column in dict.fromkeys(one.column for one in searches):
        some = [one for one in searches if one.column == column]
        counted = some[0].counted
        problem, name = counted.problem, counted.columns[column]
        boxes = [problem.space[n] for n in counted.free if n != name]
        places = [best.u, *(mark.place.u for one in some for mark in one.marks.values())]
        bounds = {bound for u in places for bound in pressed(boxes, counted.values(u)[0])}
        known = filter(None, map(counted.factors, places))
        bounds |= {bound for factors in known for bound in pressed_factors(problem, factors)}
        if bounds:
            yield from _sought(best, some, Loosening(tuple(sorted(bounds)), priors))


def _sought(
    best: LocalModel, searches: Sequence[EndSearch], what: Loosening
) -> Generator[list[Task], list[Outcome], tuple[LocalModel | None, list[EndSearch]]]:
    """The best fit and the ends with something left out; put down as far as they are found."""
    counted, tolerance = searches[0].counted, searches[0].tolerance
    loose = counted.loosened(what)
    start: Array = np.asarray(loose.box.to_unit(counted.values(best.u)[0]))
    descent = Descent(loose, _FINER * tolerance, start)
    yield from descent.go()
    counted.spent += loose.spent
    if descent.model is None or not descent.reason.converged:
        return None, []
    begun = loose.spent
    again = [
        EndSearch(loose, tolerance, descent.model, one.column, one.outermost) for one in searches
    ]
    yield from together([one.go() for one in again])
    counted.spent += loose.spent - begun
    place = tuple(loose.whole(descent.model).tolist())
    options = {"chi2": descent.model.chi2, "reason": descent.reason.name}
    tasks = [Task(LOOSENED, loose.problem.space.fixed, place, options)]
    tasks += [task for one in again for task in one.marked()]
    places = [descent.model.u, *(m.place.u for one in again for m in one.marks.values())]
    yield [
        dataclasses.replace(
            task,
            kind=LOOSENED,
            options={**task.options, FACTORS: dict(loose.factors(u)), OPTION: what.describe()},
            origin=Origin(Why.LOOSENED),
            grid=False,
        )
        for task, u in zip(tasks, places, strict=True)
    ]
    return descent.model, again
