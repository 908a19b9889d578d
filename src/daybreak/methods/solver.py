"""How a fit is made, from a start to an end: what every local or global optimiser is.

A solver asks for fits as trials, which carry it to whichever process makes them, and makes them
there: many at once (`AbstractSolver.solve`) or one after the other (`AbstractOptimiser.minimise`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self

from daybreak.errors import PlanError, known
from daybreak.methods.batch import Batch, End, Objective
from daybreak.problem.kinds import FIT, Kind
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Task


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
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()})

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
        """Make the fits of a batch, in order."""
        return [self.minimise(batch.objective(row)) for row in range(len(batch.tasks))]

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
    found = {one.name: one for one in _below(AbstractSolver) if "name" in vars(one)}
    name = options["solver"]
    if name not in found:
        msg = (
            f"no solver is called {name!r} here, and none else can make its fits again; there are "
            f"{known(sorted(found))}. Import the module that defines it."
        )
        raise PlanError(msg)
    return found[name].restore(options)


def _below(cls: type[AbstractSolver]) -> list[type[AbstractSolver]]:
    return [one for sub in cls.__subclasses__() for one in (sub, *_below(sub))]
