"""95 % intervals in few evaluations: the best fit, and the ends themselves, without a grid.

Starts are fitted until the expected share of starts that lead to a minimum not seen so far
(`daybreak.problem.ends.missed_share`) is below 5 %: seven where all agree.  From the best fit both
ends of every interval are sought (`daybreak.methods.sparing`), each evaluation a trial of its own.
A lower chi2 found on the way is fitted from, and the ends again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.errors import PlanError, known
from daybreak.methods.counted import Counted, SpentError
from daybreak.methods.local_model import LocalModel
from daybreak.methods.method import (
    AbstractMethod,
    Places,
    Rounds,
    check_count,
    evaluations,
    seed_of,
    starts_of,
)
from daybreak.methods.profile import ALL
from daybreak.methods.relaxation import together
from daybreak.methods.sparing import Descent, EndSearch
from daybreak.methods.sparing_checks import question_ends
from daybreak.problem.ends import MISSED, missed_share
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.kinds import CONCLUDE
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task

_SHARE = 0.5
"""Of the budget that the starts may take.

A choice: intervals were asked for, and the starts only make sure of what they rise from.
"""
_FINER = 0.1
"""The best fit is found to this share of the tolerance: every end rises from it."""
_ONE_BASIN = 0.05
"""Ends of two fits belong together where the one's model puts the other this little higher.

An end that rises from a minimum 0.05 too high is 0.05 / (2 x 3.84), 0.7 %, of its distance off.
"""
_MOST_PASSES = 3
"""Times that all ends are sought anew because a lower chi2 turned up.

A choice: every pass costs as much as the first, and a lower minimum found thrice is a matter of
more starts.
"""


@dataclass(frozen=True, init=False)
class Intervals(AbstractMethod[FitProblem]):
    """The best fit and 95 % intervals, for models that take seconds or longer.

    Every evaluation is a trial: durable, made once, and shared out among the workers; with n free
    parameters an interval takes about 2 n + 10 of them.  Derivatives are differences, whose steps
    follow the noise of the model.  Each end is followed from the best fit, so that of a set of
    several intervals one is told, with the minima that were seen elsewhere; for all of them there
    is `Profile`.

    Parameters
    ----------
    *parameters : str
        Parameters whose intervals are wanted; ``"all"`` for every free one.
    budget : int, optional
        Most evaluations; the parameters come in the order given, so that a budget that is too
        small leaves the last without an end.
    starts : int
        Most starts; the first is the declared guess.  One where the optimum is known.
    tolerance : float
        A place counts as a minimum when a local model could lower chi2 by no more than this.

    Raises
    ------
    PlanError
        When no parameter is named, or an option is out of its range.
    """

    parameters: tuple[str, ...]
    budget: int | None = None
    starts: int = 32
    tolerance: float = 0.005

    def __init__(
        self,
        *parameters: str,
        budget: int | None = None,
        starts: int = 32,
        tolerance: float = 0.005,
    ) -> None:
        """Accept the parameters one by one."""
        given: list[Any] = [*parameters]
        wrong = [name for name in given if not isinstance(name, str)]
        if wrong or not parameters or len(set(parameters)) != len(parameters):
            msg = (
                "intervals are asked for by the names of parameters, each once, but got "
                f"{list(parameters)}; write dk.Intervals('a', 'b') or dk.Intervals('all')."
            )
            raise PlanError(msg)
        if budget is not None:
            check_count("budget", budget, 1)
        check_count("starts", starts, 1)
        # A rise of 0.1 moves an end by 0.1 / (2 x 3.84), 1.3 % of its distance: no end is cruder.
        if not 0.0 < tolerance <= 0.1:
            msg = (
                f"`0 < tolerance <= 0.1` must hold, but got ({tolerance=}); it is a rise of chi2."
            )
            raise PlanError(msg)
        for name, value in (
            ("parameters", parameters),
            ("budget", budget),
            ("starts", starts),
            ("tolerance", float(tolerance)),
        ):
            object.__setattr__(self, name, value)

    def interest(self, problem: FitProblem) -> tuple[str, ...]:
        """Every parameter whose interval is wanted."""
        return problem.asked if self.parameters == (ALL,) else self.parameters

    def check(self, problem: FitProblem) -> None:
        """The parameters exist and are free."""
        free = problem.space.free(())
        for name in self.interest(problem):
            if name not in free:
                msg = f"no interval of {name!r}: the free parameters are {known(free)}."
                raise PlanError(msg)

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        return {
            "method": "intervals",
            "parameters": list(self.parameters),
            "budget": self.budget,
            "starts": self.starts,
            "tolerance": self.tolerance,
        }

    def expected_trials(self, problem: FitProblem) -> int:
        """Evaluations of a few starts and of every end, within the budget."""
        n = len(problem.space.free(()))
        starts = min(self.starts, needed(1)) * (3 * n + 10)
        # Without priors everything is sought once more; with bounds moved, where one acts.
        ends = (2 if problem.priors else 1) * len(self.interest(problem)) * _cost(n)
        expected = starts + ends
        return expected if self.budget is None else min(expected, self.budget)

    def in_words(self) -> str:
        """Whose intervals, within how many evaluations and starts."""
        which = "every parameter" if self.parameters == (ALL,) else " and ".join(self.parameters)
        most = f", at most {self.budget} evaluations" if self.budget else ""
        return f"interval of {which}{most}, up to {self.starts} starts"

    def facts(self, problem: FitProblem) -> MethodFacts:
        """Its parameters, of which only the ends of the intervals are sought."""
        return dataclasses.replace(super().facts(problem), ends_only=True)

    @property
    def by_evaluation(self) -> bool:
        """Each trial is one evaluation."""
        return True

    def rounds(
        self, problem: FitProblem, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """Starts as they are needed; ends; and again where those came upon a lower chi2."""
        budget = math.inf if self.budget is None else self.budget
        counted = Counted(problem, settings, _SHARE * budget if self.starts > 1 else budget)
        best = yield from self._search(counted, seed_of(seed, settings), places)
        counted.budget = budget
        for number in range(_MOST_PASSES):
            if best is None:
                return
            searches = yield from self._ends(counted, best)
            # Lower by less than four standard uncertainties may be the model's noise.
            lowest, margin = counted.lowest, max(self.tolerance, 4.0 * counted.blur(best.chi2))
            if lowest is None or lowest.chi2 >= best.chi2 - margin:
                yield from question_ends(best, searches)
                return
            descent = Descent(counted, _FINER * self.tolerance, lowest.u)
            yield from descent.go()
            best = yield from _concluded(counted, [(Origin(Why.LOWER, number), descent)])

    def _search(
        self, counted: Counted, seed: int, places: Places
    ) -> Generator[list[Task], list[Outcome], LocalModel | None]:
        """Fit from as many starts as would do if no new minimum turned up; more if one did."""
        begins = starts_of(counted.problem, counted.free, self.starts, seed)
        named = [(Origin(Why.START, i), np.array(start)) for i, start in enumerate(begins)]
        extra = [(Origin(Why.PREFLIGHT, i), counted.box.to_unit(p)) for i, p in enumerate(places)]
        with contextlib.suppress(SpentError):
            yield from counted.hear(named[0][1])
        fits: list[tuple[Origin, Descent]] = []
        made = 0
        while made < (wanted := min(self.starts, _wanted([fit for _, fit in fits]))):
            batch = [*(extra if not made else ()), *named[made:wanted]]
            some = [(name, Descent(counted, _FINER * self.tolerance, u)) for name, u in batch]
            yield from together([fit.go() for _, fit in some])
            fits, made = [*fits, *some], wanted
        return (yield from _concluded(counted, fits))

    def _ends(
        self, counted: Counted, best: LocalModel
    ) -> Generator[list[Task], list[Outcome], list[EndSearch]]:
        """Both ends of every interval, as many at once as the budget is sure to allow."""
        made: list[EndSearch] = []
        names, n = list(self.interest(counted.problem)), len(counted.free)
        while names:
            left = counted.budget - counted.spent
            count = len(names) if math.isinf(left) else max(1, int(left // _cost(n)))
            some, names = names[:count], names[count:]
            searches = [
                EndSearch(counted, self.tolerance, best, counted.columns.index(name), wall)
                for name in some
                for wall in (0.0, 1.0)
            ]
            yield from together([one.go() for one in searches])
            tasks = [task for one in searches for task in one.marked()]
            outcomes = yield tasks
            yield [
                again
                for task, outcome in zip(tasks, outcomes, strict=True)
                for again in evaluations([outcome], of=task.of, point=task.point, grid=task.grid)
            ]
            made += searches
        return made


def needed(different: int) -> int:
    """Starts after which so many different minima leave less than 5 % to others."""
    count = 2
    while missed_share(count, different) >= MISSED:
        count += 1
    return count


def _cost(n: int) -> int:
    """Evaluations that both ends of an interval usually take, with some to spare."""
    return 2 * n + 30


def _wanted(fits: Sequence[Descent]) -> int:
    """How many starts there should be, failed ones apart, by those made so far."""
    models = [fit.model for fit in fits if fit.model is not None and fit.reason.converged]
    return needed(max(1, len(_basins(models)))) + len(fits) - len(models)


def _basins(models: Sequence[LocalModel]) -> list[list[LocalModel]]:
    """Ends that are one minimum by the linear model of the lowest of them, lowest first."""
    found: list[list[LocalModel]] = []
    for model in sorted(models, key=lambda one: one.chi2):
        for basin in found:
            rise = basin[0].chi2_at(model.u) - basin[0].chi2
            if max(rise, model.chi2 - basin[0].chi2) <= _ONE_BASIN:
                basin.append(model)
                break
        else:
            found.append([model])
    return found


def _concluded(
    counted: Counted, fits: Sequence[tuple[Origin, Descent]]
) -> Generator[list[Task], list[Outcome], LocalModel | None]:
    """Put the ends of fits down, those of one basin as its lowest.

    Returns the lowest of all, or None where that has not converged.
    """
    converged = [f.model for _, f in fits if f.model is not None and f.reason.converged]
    lowest = {id(one): basin[0] for basin in _basins(converged) for one in basin}
    tasks: list[Task] = []
    for origin, fit in fits:
        if fit.model is None:
            continue
        model = lowest.get(id(fit.model), fit.model)
        options = {
            "chi2": model.chi2,
            "reason": fit.reason.name,
            "evaluations": fit.evaluations,
            "from": fit.start.tolist(),
            "details": counted.what_is_left(model),
        }
        start = tuple(counted.whole(model).tolist())
        tasks.append(Task(CONCLUDE, counted.problem.space.fixed, start, options, origin=origin))
    outcomes = yield tasks
    yield evaluations(outcomes)
    ended = [fit for _, fit in fits if fit.model is not None]
    chi2 = min((fit.model.chi2 for fit in ended if fit.model is not None), default=math.inf)
    return next((one for one in converged if one.chi2 == chi2), None)
