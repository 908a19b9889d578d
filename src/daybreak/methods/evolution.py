"""Differential evolution, for objectives whose slope cannot be trusted.

The search itself is SciPy's `differential_evolution` (Storn and Price 1997, J. Global Optim. 11,
341), on the unit box, one whole generation evaluated in one call (deferred updating), so that its
result does not depend on the number of workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from daybreak.methods.batch import Batch, Checkpoint, End
from daybreak.methods.evaluate.evaluator import Evaluator
from daybreak.methods.evaluate.layout import Cells
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.methods.method import AbstractMethod, Places, Rounds, check_count, evaluations
from daybreak.methods.solver import AbstractSolver
from daybreak.problem.arrays import Array
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.kinds import EVOLVE, Kind
from daybreak.problem.outcomes import Task
from daybreak.problem.stop_reasons import StopReason

_WORST = 1e100
"""Stands for a chi2 that is not finite, so that the population's spread stays a number.

The square root of the largest double: what is summed or squared stays finite.
"""


@dataclass(frozen=True)
class Evolution(AbstractMethod[FitProblem], AbstractSolver):
    """Search by differential evolution, once per seed; their spread is the method's noise.

    Parameters
    ----------
    seeds : sequence of int
        One run each.
    generations : int
        Most generations of a run.
    population : int
        Members per free parameter.
    mutation : (float, float)
        Range of the dithered differential weight; dimensionless.
    recombination : float
        Crossover probability.
    tolerance : float
        A run ends when the spread of the population's chi2 is below ``tolerance (1 + |mean|)``.
    polish : bool
        Finish with a bounded least-squares fit from the best member.
    """

    name: ClassVar[str] = "evolution"
    kind: ClassVar[Kind] = EVOLVE

    seeds: tuple[int, ...] = (0, 1, 2)
    generations: int = 300
    population: int = 15
    mutation: tuple[float, float] = (0.5, 1.0)
    recombination: float = 0.7
    tolerance: float = 1e-8
    polish: bool = True

    def __post_init__(self) -> None:
        """At least one seed and one generation."""
        check_count("number of seeds", len(self.seeds), 1)
        check_count("generations", self.generations, 1)
        check_count("population", self.population, 2)

    @property
    def runs(self) -> tuple[int, ...]:
        """The seeds."""
        return self.seeds

    def options(self) -> dict[str, Any]:
        """What determines the outcome of one run, beside its seed."""
        return {
            "solver": self.name,
            "generations": self.generations,
            "population": self.population,
            "mutation": list(self.mutation),
            "recombination": self.recombination,
            "tolerance": self.tolerance,
            "polish": self.polish,
        }

    def rounds(
        self, problem: FitProblem, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """One run per seed, then everything recorded at the best and those that agree with it."""
        outcomes = yield self.afresh(problem.space.fixed)
        yield evaluations(outcomes)

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        return {"method": "evolution", "seeds": list(self.seeds), "fit": self.options()}

    def in_words(self, each: int | None = None) -> str:
        """How many seeds, as a study's method or for each point of a profile."""
        count = len(self.seeds)
        return (
            f"differential evolution, {count} seeds" if each is None else f"{count} evolution runs"
        )

    def solve(self, batch: Batch) -> list[End]:
        """One run for every trial."""
        return [
            evolve(batch.evaluator, batch.cells[[row]], task, self, batch.checkpoint)
            for row, task in enumerate(batch.tasks)
        ]

    def expected_trials(self, problem: FitProblem) -> int:
        """Every seed, and the evaluations of the best."""
        return len(self.seeds) + 2


def evolve(
    evaluator: Evaluator, cells: Cells, task: Task, options: Evolution, checkpoint: Checkpoint
) -> End:
    """Make one run in the single cell given; the task's start, if any, joins the population."""
    from scipy.optimize import differential_evolution

    moving = evaluator.layout.moving(cells.pins)[0]
    if not moving.any():  # SciPy has no population of nothing
        middle = np.full((1, len(moving)), 0.5)
        return fit(evaluator, middle, cells, LeastSquares(), checkpoint)[0]
    tolerance: Any = options.tolerance  # SciPy infers an integer from the default of atol

    def spread(u: Array) -> Array:
        """Unit coordinates of all free parameters from those that move, (n, L) -> (L, n)."""
        return evaluator.layout.spread(u.T, moving)

    def chi2(u: Array) -> Array:
        checkpoint()
        r = evaluator.residuals(spread(u), cells[np.zeros(u.shape[1], dtype=int)])
        total = np.sum(r * r, axis=1)
        return np.where(np.isfinite(total), total, _WORST)

    found = differential_evolution(
        chi2,
        [(0.0, 1.0)] * int(moving.sum()),
        maxiter=options.generations,
        popsize=options.population,
        mutation=options.mutation,
        recombination=options.recombination,
        tol=tolerance,
        atol=tolerance,
        polish=False,
        vectorized=True,
        updating="deferred",
        rng=task.seed,
        x0=None if task.start is None else list(task.start),
    )
    u = spread(np.clip(np.asarray(found.x, dtype=np.float64), 0.0, 1.0)[:, None])[0]
    best = float(found.fun)
    if best >= _WORST:
        return End(u.tolist(), float("inf"), StopReason.NONFINITE, int(found.nit))
    reason = StopReason.POPULATION if found.success else StopReason.ITERATIONS
    end = End(u.tolist(), best, reason, int(found.nfev))
    if options.polish:
        polished = fit(evaluator, u[None, :], cells, LeastSquares(), checkpoint)[0]
        if not polished.reason.failed and polished.chi2 <= best:
            settled = reason if reason.converged else polished.reason
            end = End(polished.u, polished.chi2, settled, end.iterations + polished.iterations)
    return end
