"""Local fits from many starts, to see whether they agree, and what their ends are."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from daybreak.methods.checks import lowest, polishes, refinements, scaled_fits
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
from daybreak.problem.outcomes import Outcome, Task


@dataclass(frozen=True)
class MultiStart(AbstractMethod[FitProblem]):
    """Fit all free parameters from many starts, and question every distinct end.

    Each distinct end is polished by a second method and its curvature taken
    (`daybreak.methods.polish`); the best is fitted again with scaled model uncertainties and
    compared under refined knobs.

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
        """All starts; polishes; then what questions the best end and records it in full."""
        ends = yield from search(problem, settings, seed, places, self.starts, self.fit)
        yield question(problem, settings, ends, self.fit)

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        return {"method": "multistart", "starts": self.starts, "fit": self.fit.describe()}

    def expected_trials(self, problem: FitProblem) -> int:
        """Every start, some polishes, and the evaluations of the best."""
        return self.starts + 6

    def interest(self, problem: FitProblem) -> tuple[str, ...]:
        """None."""
        return ()

    def check(self, problem: FitProblem) -> None:
        """Every fit problem will do."""


def search(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    seed: int,
    places: Places,
    count: int,
    fit: LeastSquares,
) -> Generator[list[Task], list[Outcome], list[Outcome]]:
    """Fit from `count` starts and from known places, polish the distinct ends; return all ends."""
    held = problem.space.fixed
    free = problem.space.free(())
    box, options = problem.space.subspace(free), fit.describe()
    starts = starts_of(problem, free, count, seed_of(seed, settings))
    tasks = [
        Task("fit", held, start, options, origin=f"start {i}") for i, start in enumerate(starts)
    ]
    for i, place in enumerate(places):
        start = tuple(box.to_unit(place).tolist())
        tasks.append(Task("fit", held, start, options, origin=f"preflight {i}"))
    ends = yield tasks
    polished = yield polishes(problem, ends)
    return [*ends, *polished]


def question(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    ends: Sequence[Outcome],
    fit: LeastSquares,
) -> list[Task]:
    """Fits with scaled uncertainties, refined knobs, and everything recorded at the best end."""
    best = lowest(ends)
    if best is None:
        return []
    return [
        *scaled_fits(problem, ends, fit),
        *refinements(problem, settings, best, problem.space.fixed),
        *evaluations(ends),
    ]
