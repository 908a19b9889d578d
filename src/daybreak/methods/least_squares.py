"""The local solver: bounded Levenberg-Marquardt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from daybreak.methods.batch import Batch, End
from daybreak.methods.local_fits import fit
from daybreak.methods.solver import AbstractSolver


@dataclass(frozen=True)
class LeastSquares(AbstractSolver):
    """How a local fit is made (formula in `daybreak.methods.levenberg_marquardt`).

    Parameters
    ----------
    max_iterations : int
        Most trial points per fit.
    gradient : float
        Converged when the cosine between the residuals and every free column of the Jacobian is
        below this; dimensionless.
    """

    name: ClassVar[str] = "least_squares"

    max_iterations: int = 300
    gradient: float = 1e-11

    def in_words(self, each: int) -> str:
        """As solvers go this is the usual one, which needs no word."""
        return f"{each} start{'' if each == 1 else 's'}"

    def solve(self, batch: Batch) -> list[End]:
        """All fits of a batch, in compiled calls where the model allows."""
        return fit(batch.evaluator, batch.starts, batch.cells, self, batch.checkpoint)
