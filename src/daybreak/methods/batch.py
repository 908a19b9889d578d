"""Trials that share a compiled call, what each of them minimises, and how each ended."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.methods.evaluate.evaluator import Evaluator
from daybreak.methods.evaluate.layout import Cells
from daybreak.problem.arrays import Array
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.stop_reasons import StopReason

Checkpoint = Callable[[], None]
"""Called every few iterations; may raise to abandon a batch."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
"""No details."""


@dataclass(frozen=True)
class End:
    """Where one fit stopped."""

    u: list[float]
    """Unit coordinates of the free parameters."""
    chi2: float
    reason: StopReason
    iterations: int
    message: str = ""
    """What `predict` raised, if it did."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Trials of one kind that share a compiled call."""

    problem: FitProblem
    settings: Mapping[str, Setting]
    tasks: Sequence[Task]
    evaluator: Evaluator
    cells: Cells
    checkpoint: Checkpoint

    @functools.cached_property
    def starts(self) -> Array:
        """Unit coordinates where the trials begin, shape (L, n)."""
        layout = self.evaluator.layout
        moving = layout.moving(self.cells.pins)
        full = np.full(moving.shape, 0.5)
        for row, task in enumerate(self.tasks):
            if task.start is not None:
                full[row, moving[row]] = task.start
        return full

    def objective(self, row: int) -> Objective:
        """What one trial minimises."""
        cell, start = self.cells[[row]], self.starts[row]
        moving = self.evaluator.layout.moving(cell.pins)[0]
        seed = self.tasks[row].seed
        return Objective(start[moving], seed, moving, self.evaluator, cell, self.checkpoint)

    def outcome(self, row: int, end: End, details: Mapping[str, Any] = NOTHING) -> Outcome:
        """What the ledger keeps of one end."""
        layout = self.evaluator.layout
        pins, u = self.cells.pins[row], np.array(end.u, dtype=np.float64)
        values = layout.values(u[None], pins[None])[0]
        names = layout.problem.space.names
        return Outcome(
            parameters={name: float(value) for name, value in zip(names, values, strict=True)},
            chi2=None if end.reason.failed else end.chi2,
            reason=end.reason,
            u=u[layout.moving(pins)].tolist(),
            iterations=end.iterations,
            message=end.message,
            details=dict(details),
        )


@dataclass(frozen=True, eq=False)
class Objective:
    """What one fit minimises: chi2 over what moves, in the unit box ``0 <= u <= 1``."""

    start: Array
    """Where to begin, shape (n,); the middle of the box where no start is given."""
    seed: int | None
    """Of a stochastic solver."""
    moving: NDArray[np.bool_]
    """Which free parameters move; n of them do."""
    evaluator: Evaluator
    cell: Cells
    """A single one."""
    checkpoint: Checkpoint
    made: list[End] = field(default_factory=list[End])
    """The ends that were asked for."""

    def whole(self, u: Array) -> Array:
        """Unit coordinates of all free parameters, shape (n,) or (k, n) -> (k, n_free)."""
        return self.evaluator.layout.spread(np.atleast_2d(u), self.moving)

    def residuals(self, u: Array) -> Array:
        """Residuals in units of sigma, perhaps not finite; (n,) -> (m,) or (k, n) -> (k, m)."""
        self.checkpoint()
        places = self.whole(u)
        r = self.evaluator.residuals(places, self.cell[np.zeros(len(places), dtype=int)])
        return r[0] if np.ndim(u) == 1 else r

    def chi2(self, u: Array) -> Any:
        """The sum of their squares, a number or shape (k,); infinite where one is not finite."""
        total = np.sum(self.residuals(u) ** 2, axis=-1)
        return np.where(np.isfinite(total), total, np.inf)[()]

    def end(self, u: Array, reason: StopReason, iterations: int) -> End:
        """The end of the fit at a place, shape (n,); outside the box it is the nearest inside.

        A place that is no number, or where chi2 is none, is a failed fit, which ends at its start.
        """
        u = np.clip(np.asarray(u, dtype=np.float64), 0.0, 1.0)
        chi2 = float(self.chi2(u)) if np.isfinite(u).all() else np.inf
        if not np.isfinite(chi2):
            u, reason = self.start, StopReason.NONFINITE
        self.made.append(End(self.whole(u)[0].tolist(), chi2, reason, int(iterations)))
        return self.made[-1]
