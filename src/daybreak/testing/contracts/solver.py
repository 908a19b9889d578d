"""What every solver keeps to: it goes down, stays in the box, and says truly where it stopped."""

from __future__ import annotations

import dataclasses
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import least_squares

from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.solve import solve
from daybreak.methods.solver import AbstractSolver, solver_of
from daybreak.problem.fit import FitProblem
from daybreak.problem.kinds import Role
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.problem.precision import double_precision
from daybreak.runner.limits import Interrupted
from daybreak.runner.work import carry_out
from daybreak.testing.contracts.asked import CORNER, HOLE, cornered, decay, holed

_STARTS = ((0.5, 0.5), (0.0, 0.0), (1.0, 0.2), (0.1, 0.9))
"""Unit coordinates, some of them at bounds."""
_LOWER = 1e-3
"""By how much an end may lie above its minimum, in chi2.

A choice: a thousandth of the smallest threshold of an interval, 3.84, changes none that is read.
"""


class SolverContract(ABC):
    """The laws of a solver."""

    @abstractmethod
    def make(self) -> AbstractSolver:
        """The solver; an equal one every time."""

    def fits(
        self,
        problem: FitProblem,
        starts: Sequence[tuple[float, ...]] = _STARTS,
        held: Mapping[str, float] | None = None,
    ) -> list[Outcome]:
        """Ends of fits from some starts."""
        with double_precision():
            return solve(problem, problem.resolve({}), self._tasks(starts, held or {}))

    def _tasks(self, starts: Sequence[tuple[float, ...]], held: Mapping[str, float]) -> list[Task]:
        solver = self.make()
        return [solver.task(held, u, Origin(Why.START, i)) for i, u in enumerate(starts)]

    # -- where it ends -------------------------------------------------------------------------

    def test_ends_lie_in_the_box(self) -> None:
        """From inside, from a bound and from a corner, it ends inside the unit box."""
        for problem in (decay(), cornered()):
            for end in self.fits(problem):
                assert all(0.0 <= u <= 1.0 for u in end.u)
                for p in problem.space.parameters:
                    assert p.lower <= end.parameters[p.name] <= p.upper

    def test_chi2_is_that_of_the_end(self) -> None:
        """The chi2 of an end is the sum of the squared residuals there, none of a failure."""
        for problem in (decay(), cornered(), holed()):
            for end in self.fits(problem):
                assert end.failed == (end.chi2 is None)
                if end.chi2 is not None:
                    assert math.isclose(end.chi2, _chi2(problem, end.u), rel_tol=1e-9)

    def test_chi2_never_rises(self) -> None:
        """No end lies above its start."""
        for problem in (decay(), cornered()):
            for start, end in zip(_STARTS, self.fits(problem), strict=True):
                assert end.chi2 is not None
                assert end.chi2 <= _chi2(problem, start) * (1.0 + 1e-12)

    def test_a_converged_end_is_a_minimum(self) -> None:
        """From an end that calls itself converged, least squares of SciPy goes no lower."""
        for problem in (decay(), cornered()):
            for end in self.fits(problem):
                if end.reason.converged:
                    assert end.chi2 is not None
                    assert end.chi2 <= _lowest_from(problem, end.u) + _LOWER

    def test_a_bound_is_met_exactly(self) -> None:
        """Where the minimum lies outside, a converged end has the bound itself as its value."""
        for end in self.fits(cornered()):
            if end.reason.converged:
                assert end.parameters["y"] == CORNER["y"]

    # -- what it is given ----------------------------------------------------------------------

    def test_the_same_fit_ends_the_same(self) -> None:
        """A fit ends at the same digits when it is made again, alone, and in other company."""
        problem = decay()
        ends = [canonical(end.dump()) for end in self.fits(problem)]

        assert [canonical(end.dump()) for end in self.fits(problem)] == ends
        alone = self.fits(problem, _STARTS[1:2]) + self.fits(problem, _STARTS[:1:-1])
        assert [canonical(end.dump()) for end in alone] == [ends[1], ends[3], ends[2]]

    def test_what_is_held_stays(self) -> None:
        """A parameter that is held keeps its value, and is none of those that moved."""
        for end in self.fits(decay(), [(0.5,), (0.9,)], {"rate": 0.8}):
            assert end.parameters["rate"] == 0.8
            assert len(end.u) == 1

    def test_nothing_to_move_is_a_fit(self) -> None:
        """With every parameter held a fit ends where it is."""
        held = {"amplitude": 2.0, "rate": 0.7}
        (end,) = self.fits(decay(), [()], held)

        assert end.parameters == held
        assert end.chi2 is not None
        assert end.u == []

    def test_it_survives_what_is_not_a_number(self) -> None:
        """Beside a region without predictions it ends at a place that has one, or fails."""
        for end in self.fits(holed()):
            assert end.failed or end.parameters["x"] <= HOLE

    def test_it_survives_what_raises(self) -> None:
        """A model that raises fails a fit, at most, and never the ones beside it."""
        problem = decay("raises")
        with double_precision():
            ends = carry_out(problem, problem.resolve({}), self._tasks(_STARTS, {}))

        assert len(ends) == len(_STARTS)
        assert all(end.failed == (end.chi2 is None) for end in ends)

    def test_it_can_be_interrupted(self) -> None:
        """What the checkpoint raises ends the fit, so that a night can be stopped in one."""
        calls, told = 0, "enough"

        def checkpoint() -> None:
            nonlocal calls
            calls += 1
            if calls > 1:
                raise Interrupted(told)

        problem = decay()
        try:
            with double_precision():
                solve(problem, problem.resolve({}), self._tasks(_STARTS, {}), checkpoint)
        except Interrupted:
            return
        msg = "four fits went through although the checkpoint had raised"
        raise AssertionError(msg)

    # -- what it says of itself ----------------------------------------------------------------

    def test_a_record_restores_it(self) -> None:
        """Its options are JSON, by which it is found again and makes the same fit."""
        solver, problem = self.make(), decay()
        kept = json.loads(canonical(solver.options()))
        (task, *_) = self._tasks(_STARTS, {})
        alone = dataclasses.replace(task, options=kept, solver=None)
        with double_precision():
            one, other = (
                solve(problem, problem.resolve({}), [each])[0].dump() for each in (task, alone)
            )

        assert kept["solver"] == solver.name
        assert type(solver_of(kept)) is type(solver)
        assert canonical(solver_of(kept).options()) == canonical(solver.options())
        assert canonical(one) == canonical(other)

    def test_its_fits_are_ends(self) -> None:
        """Its trials have the role of an end, carry the solver, and are told apart by options."""
        solver = self.make()
        for task in [*self._tasks(_STARTS, {}), *solver.afresh({})]:
            assert task.kind.role is Role.END
            assert task.solver == solver
            assert canonical(dict(task.options)) == canonical(solver.options())
        assert dataclasses.is_dataclass(solver)

    def test_it_words_itself(self) -> None:
        """It says how a point is fitted that has one start of its own, and several."""
        solver = self.make()

        assert solver.in_words(1)
        assert solver.in_words(4)


def _residuals(problem: FitProblem, u: Sequence[float]) -> np.ndarray:
    evaluator, cells = cells_of(problem, [{}], problem.resolve({}))
    return np.asarray(evaluator.residuals(np.array([u], dtype=np.float64), cells)[0])


def _chi2(problem: FitProblem, u: Sequence[float]) -> float:
    return float(np.sum(_residuals(problem, u) ** 2))


def _lowest_from(problem: FitProblem, u: Sequence[float]) -> float:
    """The chi2 to which SciPy's bounded least squares goes down from a place."""
    begin = np.clip(u, 1e-9, 1.0 - 1e-9)  # it wants to begin inside
    found = least_squares(lambda x: _residuals(problem, x), begin, bounds=(0.0, 1.0))
    return float(2.0 * found.cost)
