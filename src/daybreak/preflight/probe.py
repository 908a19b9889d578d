"""Ask a study's model at many places, counting evaluations and keeping to a budget of work."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from daybreak.findings import Finding, Unmade
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.method import seed_of
from daybreak.methods.solve import solve
from daybreak.plan import Study
from daybreak.preflight.clock import WORK, unhindered
from daybreak.problem.arrays import Array
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome
from daybreak.problem.parameters import Space
from daybreak.problem.program import Program

DEAR = 0.01
"""Seconds per evaluation from which a model is dear.

Of six parameters without derivatives reach and symmetries took 120,000 evaluations where the
criterion cannot be met: twenty minutes then, and to wait longer is for the budget to say.
"""


class NotMade(Exception):  # noqa: N818 - no error: a reason to stop asking
    """A check cannot be made, or not to its end.

    Parameters
    ----------
    why : Unmade, optional
    found : sequence of Finding
        What it has found all the same.
    """

    def __init__(self, why: Unmade = Unmade.NONFINITE, found: Sequence[Finding] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.found = found


class OutOfTime(NotMade):
    """The budget is spent."""

    def __init__(self, found: Sequence[Finding] = ()) -> None:
        super().__init__(Unmade.BUDGET, found)


class Probe:
    """A study's model on the box of all its free parameters, the profiled one included.

    Parameters
    ----------
    study : Study
    deadline : float, optional
        Value of `WORK.seconds()` after which nothing more is asked; and, where a check is always
        made to its end, nothing that goes beyond its question (`cap`).
    seed : int
        The campaign's seed.
    """

    def __init__(self, study: Study, deadline: float = math.inf, seed: int = 0) -> None:
        self.study = study
        self.problem = study.fit
        self.settings = study.all_settings
        self.deadline = self.cap = deadline
        self.seed = seed_of(seed, "preflight", self.settings)
        self.free = self.problem.space.free(())
        self.box: Space = self.problem.space.subspace(self.free)
        self.evaluator, self._cell = cells_of(
            self.problem, [self.problem.space.fixed], self.settings
        )
        self.evaluations = 0
        self._declared = study.method.by_evaluation or any(
            isinstance(one, Program) for one in study.problem.functions
        )
        self._quickest = math.inf
        """Seconds per evaluation where it took least, compilation aside."""

    @property
    def dear(self) -> bool:
        """Whether the model may be asked only as often as the budget allows.

        It is dear where the plan says so, with a method that counts evaluations or a program, and
        where no evaluation so far took less than `DEAR`.
        """
        return self._declared or self._quickest >= DEAR

    @contextmanager
    def timed(self, count: int) -> Generator[None]:
        """Measure what some evaluations take, until some were quick."""
        if self._declared or not self.dear:
            yield
            return
        begun = WORK.seconds(), unhindered()
        yield
        took = max(WORK.seconds() - begun[0], unhindered() - begun[1])
        self._quickest = min(self._quickest, took / count)

    @property
    def differentiable(self) -> bool:
        """Whether derivatives come from autodiff."""
        return isinstance(self.evaluator, JaxEvaluator)

    def check_time(self) -> None:
        """Stop when the budget is spent."""
        if WORK.seconds() > self.deadline:
            raise OutOfTime

    @contextmanager
    def capped(self) -> Generator[None]:
        """What the budget may leave out of a check that is otherwise made to its end."""
        kept, self.deadline = self.deadline, self.cap
        try:
            yield
        except OutOfTime:
            if kept <= self.cap:
                raise
        finally:
            self.deadline = kept

    def sample(self, count: int, purpose: str) -> Array:
        """Uniform places in the unit box, shape (count, n); a function of seed and purpose."""
        seed = seed_of(self.seed, purpose)
        return np.random.default_rng(seed).uniform(size=(count, len(self.free)))

    def values(self, u: Array) -> Array:
        """Values of the free parameters in their units, shape (N, n)."""
        return np.asarray(self.box.from_unit(u), dtype=np.float64)

    def unit(self, values: Mapping[str, float]) -> Array:
        """Unit coordinates of named values, shape (n,)."""
        return self.box.to_unit(values)

    def residuals(self, u: Array) -> Array:
        """Residuals at `u`, shape (N, n) -> (N, m); NaN where the model is not finite."""
        self.check_time()
        self.evaluations += len(u)
        with self.timed(len(u)), self.evaluator.watched(self.check_time):
            return self.evaluator.residuals(u, self._cell[np.zeros(len(u), dtype=int)])

    def residuals_at(self, values: Array) -> Array:
        """Residuals at values that may lie outside the box, shape (N, n) -> (N, m).

        All parameters are held, so no bound is met; NaN where the model is not finite.
        """
        self.check_time()
        self.evaluations += len(values)
        fixed = self.problem.space.fixed
        held = [fixed | dict(zip(self.free, row, strict=True)) for row in values.tolist()]
        evaluator, cells = cells_of(self.problem, held, self.settings)
        with evaluator.watched(self.check_time):
            return evaluator.residuals(np.full(values.shape, 0.5), cells)

    def predictions(self, u: Array) -> Array:
        """Predictions before scale factors and offsets, shape (N, n) -> (N, m)."""
        self.check_time()
        self.evaluations += len(u)
        with self.evaluator.watched(self.check_time):
            return self.evaluator.raw(u, self._cell[np.zeros(len(u), dtype=int)])

    def jacobian(self, u: Array) -> Array:
        """Derivatives of the residuals by u, shape (N, m, n)."""
        self.check_time()
        self.evaluations += len(u) * (1 if self.differentiable else 2 * len(self.free))
        with self.evaluator.watched(self.check_time):
            return self.evaluator.slopes(u, self._cell[np.zeros(len(u), dtype=int)])

    def fit(self, starts: Array, options: LeastSquares | None = None) -> list[Outcome]:
        """Local fits of all free parameters from unit coordinates, shape (N, n)."""
        self.check_time()
        solver, held = options or LeastSquares(), self.problem.space.fixed
        tasks = [
            solver.task(held, tuple(start), Origin(Why.START, i))
            for i, start in enumerate(starts.tolist())
        ]
        outcomes = solve(self.problem, self.settings, tasks, self.check_time)
        self.evaluations += sum(outcome.iterations for outcome in outcomes)
        return outcomes
