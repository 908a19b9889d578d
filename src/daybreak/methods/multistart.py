"""Local fits from many starts, to see whether they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.method import (
    AbstractMethod,
    Places,
    Rounds,
    check_count,
    evaluations,
    seed_of,
    starts_of,
)
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.outcomes import Task


@dataclass(frozen=True)
class MultiStart(AbstractMethod):
    """Fit all free parameters from many starts.

    Parameters
    ----------
    starts : int
        Number of starts; the first is the declared guess, the others are uniform in the box.
    fit : LeastSquares
        How each local fit is made.
    """

    starts: int = 32
    fit: LeastSquares = field(default_factory=LeastSquares)

    def __post_init__(self) -> None:
        """At least one start."""
        check_count("starts", self.starts, 1)

    def rounds(
        self, problem: FitProblem, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """All starts, then everything recorded at the best end and those that agree with it."""
        held = problem.space.fixed
        starts = starts_of(problem, problem.space.free(()), self.starts, seed_of(seed, settings))
        options = self.fit.describe()
        tasks = [
            Task("fit", held, start, options, origin=f"start {i}")
            for i, start in enumerate(starts)
        ]
        box = problem.space.subspace(problem.space.free(()))
        for i, place in enumerate(places):
            start = tuple(box.to_unit(place).tolist())
            tasks.append(Task("fit", held, start, options, origin=f"preflight {i}"))
        outcomes = yield tasks
        yield evaluations(outcomes)

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        return {"method": "multistart", "starts": self.starts, "fit": self.fit.describe()}

    def expected_trials(self, problem: FitProblem) -> int:
        """Every start, and the evaluations of the best."""
        return self.starts + 2

    def check(self, problem: FitProblem) -> None:
        """Every fit problem will do."""
