"""Every solver of ours, and one of a stranger's, keeps to the contract of solvers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize

import daybreak as dk
from daybreak.methods.solver import AbstractOptimiser
from daybreak.problem.stop_reasons import StopReason
from daybreak.testing.contracts import SolverContract


class TestLeastSquares(SolverContract):
    """Bounded Levenberg-Marquardt."""

    def make(self):
        """As it is."""
        return dk.LeastSquares()


class TestEvolution(SolverContract):
    """Differential evolution, polished."""

    def make(self):
        """One seed, a few generations."""
        return dk.Evolution(seeds=(4,), generations=40, population=8)


def folded(x):
    """The place in the unit box that mirrors at its sides lead to; on a side if it is near one."""
    u = 1.0 - np.abs(1.0 - np.asarray(x) % 2.0)
    return np.where(u < 1e-7, 0.0, np.where(u > 1.0 - 1e-7, 1.0, u))


@dataclass(frozen=True)
class NelderMead(AbstractOptimiser):
    """A simplex (Nelder and Mead 1965), folded into the box."""

    name: ClassVar[str] = "nelder-mead"

    evaluations: int = 600

    def minimise(self, objective):
        """Go down from the start until the simplex is small."""
        if not len(objective.start):
            return objective.end(objective.start, StopReason.STEP, 1)
        found = minimize(
            lambda x: min(objective.chi2(folded(x)), 1e100),
            objective.start,
            method="Nelder-Mead",
            options={"maxfev": self.evaluations, "xatol": 1e-9, "fatol": 1e-9},
        )
        reason = StopReason.STEP if found.success else StopReason.ITERATIONS
        return objective.end(folded(found.x), reason, int(found.nfev))


class TestNelderMead(SolverContract):
    """A stranger's solver, in some twenty lines."""

    def make(self):
        """As it is."""
        return NelderMead()
