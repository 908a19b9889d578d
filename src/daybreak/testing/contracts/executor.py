"""What every executor keeps to: each unit comes back once, and whatever goes wrong is a value."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.solve import solve
from daybreak.problem.fit import FitProblem
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Task, canonical
from daybreak.problem.precision import double_precision
from daybreak.problem.stop_reasons import StopReason
from daybreak.runner.executors import AbstractExecutor
from daybreak.runner.work import Result, Unit
from daybreak.testing.contracts.asked import decay

_HANG = 600
"""Looks of a second after which an executor is taken to hang; no bar, only an end to waiting."""
_QUIET, _LOUD = 1.0, 8.0
"""Amplitudes below and above that from which a decay can misbehave."""


class ExecutorContract(ABC):
    """The laws of an executor; its laws share one, as it may be slow to make."""

    executor: ClassVar[AbstractExecutor]

    @abstractmethod
    def make(self) -> AbstractExecutor:
        """The executor, ready to take units."""

    @classmethod
    def setup_class(cls) -> None:
        """Make the one that all laws share; called by pytest."""
        cls.executor = cls().make()

    @classmethod
    def teardown_class(cls) -> None:
        """Let it go."""
        cls.executor.close()

    def gather(self, units: Sequence[Unit]) -> list[Result]:
        """Hand units over as there is room, and wait for all that comes back."""
        waiting, found = list(units), list[Result]()
        while len(found) < len(units):
            in_hand = len(units) - len(waiting) - len(found)
            for unit in waiting[: self.executor.capacity - in_hand]:
                self.executor.submit(unit)
                waiting.remove(unit)
            found += self._awaited(1)
        return found

    def _awaited(self, count: int) -> list[Result]:
        """At least so many results."""
        found: list[Result] = []
        for _ in range(_HANG):
            found += self.executor.completed(1.0)
            if len(found) >= count:
                return found
        msg = f"{len(found)} of {count} units came back"
        raise AssertionError(msg)

    # -- units ---------------------------------------------------------------------------------

    def test_every_unit_comes_back_once(self) -> None:
        """Three times as many units as it takes at once come back, each once, and then no more."""
        problem = decay()
        count = 3 * self.executor.capacity
        numbers = [result.number for result in self.gather(_units(problem, range(count)))]

        assert sorted(numbers) == list(range(count))
        assert self.executor.completed(0.0) == []

    def test_it_takes_what_it_has_room_for(self) -> None:
        """It has room for at least one unit, and takes as many as it says before one is back."""
        units = _units(decay(), range(self.executor.capacity))
        for unit in units:
            self.executor.submit(unit)
        found = self._awaited(len(units))

        assert units
        assert {result.number for result in found} == {unit.number for unit in units}

    def test_outcomes_are_in_the_order_of_the_tasks(self) -> None:
        """Every unit's outcomes are those of its tasks, in their order."""
        problem = decay()
        amplitudes = [3.0, 1.0, 2.0]
        unit = _unit(0, problem, [_evaluation(a) for a in amplitudes])
        (result,) = self.gather([unit])

        assert [outcome.parameters["amplitude"] for outcome in result.outcomes] == amplitudes

    def test_numbers_are_those_of_this_process(self) -> None:
        """Fits and evaluations come to the same digits as in the process that asks."""
        problem = decay()
        fits = [LeastSquares().task({}, u, Origin(Why.START)) for u in ((0.2, 0.3), (0.7, 0.6))]
        tasks = [*fits, _evaluation(_QUIET)]
        (result,) = self.gather([_unit(0, problem, tasks)])
        with double_precision():
            here = solve(problem, problem.resolve({}), tasks)

        assert [canonical(o.dump()) for o in result.outcomes] == [
            canonical(o.dump()) for o in here
        ]

    def test_a_result_says_how_it_came(self) -> None:
        """A result has its unit's number, a finite time and memory, and says who made it."""
        (result,) = self.gather([_unit(7, decay(), [_evaluation(_QUIET)])])

        assert result.number == 7
        assert not result.lost
        assert 0.0 <= result.seconds < math.inf
        assert 0.0 <= result.memory_mib < math.inf
        assert result.where

    def test_problems_may_take_turns(self) -> None:
        """Units of several problems and settings are each carried out for their own."""
        problem = decay()
        quiet = _unit(0, problem, [_evaluation(_LOUD)])
        loud = _unit(1, problem, [_evaluation(_LOUD)], {"loud": "raises"})
        other = _unit(2, decay("raises"), [_evaluation(_LOUD)])
        found = {result.number: result.outcomes[0] for result in self.gather([quiet, loud, other])}

        assert [found[number].failed for number in range(3)] == [False, True, True]

    # -- what goes wrong -----------------------------------------------------------------------

    def test_what_raises_is_a_value(self) -> None:
        """A trial that raises is an outcome with its message; the others of its unit are made."""
        tasks = [_evaluation(a) for a in (_QUIET, _LOUD, _QUIET)]
        (result,) = self.gather([_unit(0, decay("raises"), tasks)])
        reasons = [outcome.reason for outcome in result.outcomes]

        assert reasons == [StopReason.EXACT, StopReason.RAISED, StopReason.EXACT]
        assert result.outcomes[1].message == "ValueError: too loud"

    def test_what_is_cancelled_is_gone(self) -> None:
        """After a cancel nothing comes back of what was in hand, and the next unit is made."""
        problem = decay()
        for unit in _units(problem, range(self.executor.capacity)):
            self.executor.submit(unit)
        self.executor.cancel()

        assert self.executor.completed(0.0) == []
        (result,) = self.gather([_unit(99, problem, [_evaluation(_QUIET)])])
        assert result.number == 99
        assert self.executor.completed(0.0) == []

    def test_it_can_be_closed_at_any_time(self) -> None:
        """It lets go with a unit in hand, and once more when nothing is left."""
        another = self.make()
        another.submit(_unit(0, decay(), [_evaluation(_QUIET)]))
        another.close()
        another.close()


class SurvivorContract(ExecutorContract):
    """The laws of an executor that lives on when a trial takes its process with it."""

    def test_who_dies_takes_nobody_along(self) -> None:
        """Of a unit in which a trial ends its process, that trial has crashed and no other."""
        problem = decay("dies", isolate=True)
        tasks = [_evaluation(a) for a in (_QUIET, _LOUD, _QUIET)]
        (result,) = self.gather([_unit(0, problem, tasks)])
        reasons = [outcome.reason for outcome in result.outcomes]

        assert reasons == [StopReason.EXACT, StopReason.CRASHED, StopReason.EXACT]
        assert result.outcomes[1].message

    def test_units_beside_it_are_made(self) -> None:
        """Units beside one that crashes, and after it, come back as ever."""
        problem = decay("dies", isolate=True)
        loud = {1}
        units = [
            _unit(i, problem, [_evaluation(_LOUD if i in loud else _QUIET)]) for i in range(3)
        ]
        found = {result.number: result.outcomes[0].failed for result in self.gather(units)}

        assert found == {i: i in loud for i in range(3)}


def _evaluation(amplitude: float) -> Task:
    return Task(EVALUATE, {"amplitude": amplitude, "rate": 0.7})


def _unit(
    number: int,
    problem: FitProblem,
    tasks: Sequence[Task],
    settings: Mapping[str, str] | None = None,
) -> Unit:
    resolved = problem.resolve(settings or {})
    return Unit(number, problem, resolved, tuple(tasks), problem.resources)


def _units(problem: FitProblem, numbers: Sequence[int]) -> list[Unit]:
    return [_unit(i, problem, [_evaluation(1.0 + 0.01 * i)]) for i in numbers]
