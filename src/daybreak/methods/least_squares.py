"""A local fit: how it is made, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from daybreak.problem.ends import StopReason


@dataclass(frozen=True)
class LeastSquares:
    """How a local fit is made (formula in `daybreak.methods.levenberg_marquardt`).

    Parameters
    ----------
    max_iterations : int
        Most trial points per fit.
    gradient : float
        Converged when the cosine between the residuals and every free column of the Jacobian is
        below this; dimensionless.
    """

    max_iterations: int = 300
    gradient: float = 1e-11

    def describe(self) -> dict[str, Any]:
        """The options that determine an outcome."""
        return {
            "solver": "least_squares",
            "max_iterations": self.max_iterations,
            "gradient": self.gradient,
        }


@dataclass(frozen=True)
class End:
    """Where one local fit stopped."""

    u: list[float]
    """Unit coordinates of the free parameters."""
    chi2: float
    reason: StopReason
    iterations: int
    message: str = ""
    """What `predict` raised, if it did."""
