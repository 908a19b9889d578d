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
from daybreak.methods.repeats import repeated
from daybreak.methods.solver import AbstractSolver, check_solver
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.origins import Origin, Why
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
    fit : AbstractSolver
        How each fit is made.
    """

    starts: int = 32
    fit: AbstractSolver = field(default_factory=LeastSquares)

    def __post_init__(self) -> None:
        """At least one start."""
        check_count("starts", self.starts, 1)
        check_solver(self.fit)

    def rounds(
        self, problem: FitProblem, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """All starts; polishes; the noise; what questions the best end and records it in full."""
        ends = yield from search(problem, settings, seed, places, self.starts, self.fit)
        yield from repeated(ends)
        yield question(problem, settings, ends, self.fit)

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        return {"method": "multistart", "starts": self.starts, "fit": self.fit.options()}

    def in_words(self) -> str:
        """How many starts, and what goes on from them."""
        return self.fit.in_words(self.starts)

    def expected_trials(self, problem: FitProblem) -> int:
        """Every start, some polishes, and the evaluations of the best."""
        return self.starts + 6


def search(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    seed: int,
    places: Places,
    count: int,
    fit: AbstractSolver,
) -> Generator[list[Task], list[Outcome], list[Outcome]]:
    """Fit from `count` starts and from known places, polish the distinct ends; return all ends.

    Of a stochastic solver one run a seed is made instead.
    """
    held = problem.space.fixed
    if fit.runs:
        return (yield fit.afresh(held))
    free = problem.space.free(())
    box = problem.space.subspace(free)
    starts = starts_of(problem, free, count, seed_of(seed, settings))
    tasks = [fit.task(held, start, Origin(Why.START, i)) for i, start in enumerate(starts)]
    for i, place in enumerate(places):
        start = tuple(box.to_unit(place).tolist())
        tasks.append(fit.task(held, start, Origin(Why.PREFLIGHT, i)))
    ends = yield tasks
    polished = yield polishes(problem, ends)
    return [*ends, *polished]


def question(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    ends: Sequence[Outcome],
    fit: AbstractSolver,
) -> list[Task]:
    """Fits with scaled uncertainties, refined knobs, and everything recorded at the best end.

    The ends of a stochastic solver are recorded only.
    """
    best = lowest(ends)
    if best is None or fit.runs:
        return evaluations(ends)
    return [
        *scaled_fits(problem, ends, fit),
        *refinements(problem, settings, best, problem.space.fixed),
        *evaluations(ends),
    ]
