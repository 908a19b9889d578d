"""Noise of measured values: normal, with heavy tails, seen between limits.

With z = (f - d) / sigma,

    Gaussian     r = z
    StudentT(v)  r^2 = (v + 1) log(1 + z^2 / v)
    Censored     r = z; at a limit r^2 = -2 log Phi(-+ (f - limit) / sigma)

Sources: Lange, Little and Taylor (1989), J. Am. Stat. Assoc. 84, 881 (Student's t); Tobin (1958),
Econometrica 26, 24 (censoring).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from daybreak.errors import ProblemError
from daybreak.problem.arrays import Array, log_normal_cdf
from daybreak.problem.noise.base import TINY, AbstractNoise


@dataclass(frozen=True)
class Gaussian(AbstractNoise):
    """Normal noise of standard deviation sigma.

    Parameters
    ----------
    scale : {"known", "unknown"}
        With ``"unknown"`` the sigmas are right but for one factor t that all observations of a
        group share.  It is fitted, ``t^2 = sum z^2 / n``, and chi2 is -2 log L up to a constant,

            n + n log(t^2 / floor^2),   floor = a millionth of the spread of the data.
    """

    scale: Literal["known", "unknown"] = "known"

    def __post_init__(self) -> None:
        """Refuse another word."""
        if self.scale not in ("known", "unknown"):
            msg = f"`scale` of Gaussian noise is 'known' or 'unknown', but got {self.scale!r}."
            raise ProblemError(msg)

    @property
    def is_gaussian(self) -> bool:
        """Whether r is (f - d) / sigma and nothing else."""
        return self.scale == "known"

    @property
    def title(self) -> str:
        """What is added up."""
        return "" if self.is_gaussian else "-2 log L of normal noise of unknown size"

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """``(f - d) / sigma``; the common factor is found by `Observations`."""
        return (f - d) / sigma

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """``f + sigma n``."""
        return f + sigma * rng.standard_normal(len(f))

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Those of chi2 with one degree of freedom; none where the fit itself sets the size."""
        return (1.0, 2.0) if self.is_gaussian else (0.0, 0.0)


@dataclass(frozen=True)
class StudentT(AbstractNoise):
    """Noise with heavy tails, in units of sigma: an outlier pulls no harder the farther it lies.

    Parameters
    ----------
    dof : float
        Degrees of freedom v of the t distribution; 4 is customary, infinity would be Gaussian.
    """

    dof: float = 4.0

    title = "(v + 1) log(1 + z^2 / v) of Student's t"

    def __post_init__(self) -> None:
        """Positive and finite."""
        if not (self.dof > 0.0 and math.isfinite(self.dof)):
            msg = f"`dof > 0` and finite must hold for Student's t, but got (dof={self.dof})."
            raise ProblemError(msg)

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Signed roots (module formula), ``z sqrt((1 + 1 / v) log(1 + y) / y)``, y = z^2 / v."""
        z = (f - d) / sigma
        y = z * z / self.dof
        small = y < 1e-4  # the next term of the series, y^4 / 5, is below rounding there
        away = xp.where(small, 1.0, y)
        near = 1.0 - y / 2.0 + y * y / 3.0 - y * y * y / 4.0
        slack = xp.where(small, near, xp.log1p(away) / away)
        return z * xp.sqrt((1.0 + 1.0 / self.dof) * slack)

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """``f + sigma t``."""
        return f + sigma * rng.standard_t(self.dof, len(f))

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """``log(1 + t^2 / v) = -log B`` with B of a beta distribution (v / 2, 1 / 2)."""
        from scipy.special import polygamma, psi

        a, b = self.dof / 2.0, (self.dof + 1.0) / 2.0
        mean = (self.dof + 1.0) * float(psi(b) - psi(a))
        variance = (self.dof + 1.0) ** 2 * float(polygamma(1, a) - polygamma(1, b))
        return mean, variance


@dataclass(frozen=True)
class Censored(AbstractNoise):
    """Normal noise seen between limits: a value at a limit says that the true one lies beyond.

    Parameters
    ----------
    lower, upper : float
        What the instrument can show, in the unit of the data, e.g. a detection limit.  An
        observed value equal to a limit was below `lower`, or above `upper`.
    """

    lower: float = -math.inf
    upper: float = math.inf

    title = "chi2 of normal noise, with -2 log of a probability at the limits"

    def __post_init__(self) -> None:
        """The limits are in order, and one of them is there."""
        if not self.lower < self.upper or (math.isinf(self.lower) and math.isinf(self.upper)):
            msg = (
                "`lower < upper` must hold for censored data and one of them be finite, but got "
                f"(lower={self.lower}, upper={self.upper})."
            )
            raise ProblemError(msg)

    def check(self, value: float) -> None:
        """Nothing is seen beyond a limit."""
        if not self.lower <= value <= self.upper:
            msg = (
                f"a censored value must lie in [{self.lower:g}, {self.upper:g}], but got "
                f"{value:g}; give the limit itself for what lies beyond it."
            )
            raise ProblemError(msg)

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """z, or the signed root of -2 log of the chance to be beyond the limit."""
        z = (f - d) / sigma
        below, above = d <= self.lower, d >= self.upper
        beyond = xp.where(below, z, -z)
        edge = xp.sqrt(-2.0 * log_normal_cdf(-beyond, xp) + TINY)
        return xp.where(below, edge, xp.where(above, -edge, z))

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """``f + sigma n`` as far as it can be seen."""
        return np.clip(f + sigma * rng.standard_normal(len(f)), self.lower, self.upper)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Those of chi2 for a value that was seen; one at a limit tests nothing."""
        return (1.0, 2.0) if self.lower < d < self.upper else (0.0, 0.0)
