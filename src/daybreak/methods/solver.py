"""How a fit is made, from a start to an end: what every local or global optimiser is.

A solver asks for fits as trials, which carry it to whichever process makes them, and makes them
there: many at once (`AbstractSolver.solve`) or one after the other (`AbstractOptimiser.minimise`).
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, ClassVar, Self

import numpy as np

from daybreak.errors import PlanError, known
from daybreak.methods.batch import Batch, End, Objective
from daybreak.plugins import below
from daybreak.problem.kinds import FIT, Kind
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Task, canonical
from daybreak.problem.stop_reasons import StopReason

_HERE = __name__.rpartition(".")[0]


class AbstractSolver(ABC):
    """How each fit of a method is made; a concrete one is a frozen dataclass of its options.

    Attributes
    ----------
    name : str
        Names the solver in the ledger; no two solvers share it.
    kind : Kind
        Of its trials.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind] = FIT

    @property
    def runs(self) -> tuple[int, ...]:
        """Seeds of a stochastic solver, which makes one run each instead of one from each start.

        The spread of their ends is its noise; they are not questioned, as they need be no minima.
        """
        return ()

    def options(self) -> dict[str, Any]:
        """What determines an outcome, beside start and seed, as plain data."""
        plain: Any = self
        return {"solver": self.name, **asdict(plain)}

    @classmethod
    def restore(cls, options: Mapping[str, Any]) -> Self:
        """The solver that `options` wrote down."""
        plain: Any = cls
        kept = {one.name: options[one.name] for one in fields(plain) if one.name in options}
        return cls(**{name: _in_tuples(value) for name, value in kept.items()})

    def in_words(self, each: int) -> str:
        """How a point is fitted that has `each` starts of its own."""
        return f"{each} start{'' if each == 1 else 's'} by {self.name}"

    def task(
        self,
        held: Mapping[str, float],
        start: tuple[float, ...] | None,
        origin: Origin,
        **interest: Any,
    ) -> Task:
        """A fit from a start; `interest` is `of`, `point` and `grid` of a profile."""
        seed = self.runs[0] if self.runs else None
        return Task(self.kind, held, start, self.options(), seed, origin, solver=self, **interest)

    def afresh(self, held: Mapping[str, float], **interest: Any) -> list[Task]:
        """One run per seed of a stochastic solver."""
        options = self.options()
        return [
            Task(self.kind, held, None, options, s, Origin(Why.SEED, s), solver=self, **interest)
            for s in self.runs
        ]

    @abstractmethod
    def solve(self, batch: Batch) -> list[End]:
        """Make the fits of a batch; one that fails is an end that says so."""


class AbstractOptimiser(AbstractSolver):
    """A solver that makes one fit after the other.

    Subclass it outside the package, and hand it to ``dk.MultiStart(fit=...)`` or
    ``dk.Profile(..., fit=...)``; no registration is needed.
    """

    def solve(self, batch: Batch) -> list[End]:
        """Make the fits of a batch, in order; where nothing moves, there is nothing to make."""
        return [self._one(batch.objective(row)) for row in range(len(batch.tasks))]

    def _one(self, objective: Objective) -> End:
        if objective.start.size == 0:
            return objective.end(objective.start, StopReason.GRADIENT, 1)
        end: Any = self.minimise(objective)
        if any(end is one for one in objective.made):
            return end
        if isinstance(end, End):  # chi2 is what the model says there, whatever the solver says
            u = np.array(end.u, dtype=np.float64)[objective.moving]
            return objective.end(u, end.reason, int(end.iterations))
        msg = (
            f"`minimise` of the solver {self.name!r} must return "
            f"objective.end(u, reason, count), but returned {type(end).__name__}."
        )
        raise TypeError(msg)

    @abstractmethod
    def minimise(self, objective: Objective) -> End:
        """Go from ``objective.start`` to an end; return ``objective.end(u, reason, count)``."""


def solver_of(options: Mapping[str, Any]) -> AbstractSolver:
    """The solver that made a trial, from its options.

    Raises
    ------
    PlanError
        When none of that name is known here.
    """
    found = {one.name: one for one in _solvers()}
    name = options["solver"]
    if name not in found:
        msg = (
            f"no solver is called {name!r} here, and none else can make its fits again; there are "
            f"{known(sorted(found))}. Import the module that defines it."
        )
        raise PlanError(msg)
    return found[name].restore(options)


def _solvers() -> list[type[AbstractSolver]]:
    """Every solver that has a name."""
    return [one for one in below(AbstractSolver, _HERE) if "name" in vars(one)]


def check_solver(given: Any) -> None:
    """Refuse what only looks like a way to fit, or whose fits a record could not tell apart.

    Raises
    ------
    PlanError
        Saying what is missing.
    """
    cls: Any = type(given)
    if not isinstance(given, AbstractSolver):
        ours = (one for one in _solvers() if one.__module__.startswith(_HERE))
        msg = (
            f"`fit` must be one of {known(sorted(f'dk.{one.__name__}' for one in ours))}, e.g. "
            f"dk.LeastSquares(), or a daybreak.extending.AbstractOptimiser, but got {given!r}."
        )
        raise PlanError(msg)
    if not isinstance(getattr(cls, "name", None), str):
        msg = (
            f"the solver {cls.__name__} has no name, by which a record knows who made a fit; "
            f'write name = "{cls.__name__.lower()}" in the class.'
        )
        raise PlanError(msg)
    for other in _solvers():
        if other.name == given.name and _written(other) != _written(cls):
            msg = (
                f"two solvers are called {given.name!r}, {cls.__name__} of {cls.__module__} and "
                f"{other.__name__} of {other.__module__}; a record could not tell their fits "
                "apart, so give one of them another name."
            )
            raise PlanError(msg)
    if not is_dataclass(cls):
        msg = (
            f"the solver {cls.__name__} must be a frozen dataclass of its options, so that a "
            "record can say them; write @dataclass(frozen=True) above it."
        )
        raise PlanError(msg)
    _check_options(given)


def _check_options(solver: AbstractSolver) -> None:
    """Refuse options that a record cannot keep, or from which the solver does not come back."""
    try:
        options = json.loads(canonical(solver.options()))
        back = type(solver).restore(options)
        plain: Any = solver
        lost = [
            one.name
            for one in fields(plain)
            if one.name in options
            and getattr(back, one.name) != _in_tuples(getattr(solver, one.name))
        ]
    except (TypeError, ValueError) as error:
        lost = [str(error)]
    if lost:
        msg = (
            f"the options of the solver {solver.name!r} must be numbers, text, true or false, or "
            f"tuples of these, all finite, so that a record keeps them; these are not: "
            f"{known(lost)}."
        )
        raise PlanError(msg)


def _in_tuples(value: Any) -> Any:
    """A list of a record as the tuple that it was, at every depth."""
    rows: Any = value
    return tuple(map(_in_tuples, rows)) if isinstance(value, (list, tuple)) else value


def _written(cls: type) -> tuple[object, str]:
    """Where a class stands, which is the same when its file is loaded again."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None), cls.__qualname__
