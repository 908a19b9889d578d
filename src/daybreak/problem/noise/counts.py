"""Noise of counts: Poisson's and the binomial one.

With f expected and d observed counts, n trials,

    Poisson      r^2 = 2 (f - d + d log(d / f))
    Binomial(n)  r^2 = 2 (d log(d / f) + (n - d) log((n - d) / (n - f)))

Near f = d the first three digits of such a difference of logarithms would cancel; there
h(x) = (x - log(1 + x)) / x^2 is summed as a series.
Source: Baker and Cousins (1984), Nucl. Instrum. Meth. 221, 437.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.errors import ProblemError
from daybreak.problem.arrays import Array
from daybreak.problem.noise.base import TINY, AbstractNoise


@dataclass(frozen=True)
class Poisson(AbstractNoise):
    """Counts of independent events; predictions are expected counts, positive."""

    needs_sigma = False
    title = "the deviance of Poisson counts"

    def check(self, value: float) -> None:
        """Counts are whole and not negative."""
        _check_count("Poisson", value)

    def typical(self, value: float) -> float:
        """Root of the count, at least 1."""
        return math.sqrt(max(value, 1.0))

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Signed roots of the deviance (module formula)."""
        some = xp.where(d > 0.0, d, 1.0)
        r = (f - some) * xp.sqrt(2.0 * _h((f - some) / some, xp) / some)
        none = xp.sqrt(2.0 * xp.where(d > 0.0, 1.0, f) + TINY)
        return xp.where(d > 0.0, r, none)

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """Counts about f."""
        return rng.poisson(f).astype(np.float64)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Summed over the counts that may come out; where none are expected, none can."""
        from scipy.special import gammaln

        if f <= 0.0:
            return 0.0, 0.0
        reach = 12.0 * math.sqrt(max(f, 1.0)) + 12.0
        counts = np.arange(max(0.0, math.floor(f - reach)), math.ceil(f + reach) + 1.0)
        weights = np.exp(counts * math.log(f) - f - gammaln(counts + 1.0))
        return _weighed(self.residuals(np.full(len(counts), f), counts, sigma, np), weights)


@dataclass(frozen=True)
class Binomial(AbstractNoise):
    """Successes among `trials` independent trials; predictions are expected successes.

    A prediction is ``trials * probability``, strictly between 0 and `trials`.
    """

    trials: int

    needs_sigma = False
    title = "the deviance of binomial counts"

    def __post_init__(self) -> None:
        """At least one trial."""
        if not (self.trials >= 1 and float(self.trials).is_integer()):
            msg = f"`trials` of binomial noise must be a whole number >= 1, but got {self.trials}."
            raise ProblemError(msg)

    def check(self, value: float) -> None:
        """Successes are whole, and not more than the trials."""
        _check_count("binomial", value)
        if value > self.trials:
            msg = f"there cannot be {value:g} successes in {self.trials} trials."
            raise ProblemError(msg)

    def typical(self, value: float) -> float:
        """``sqrt(n p (1 - p))`` with p kept away from 0 and 1 by half a success."""
        n = float(self.trials)
        p = min(max(value, 0.5), n - 0.5) / n if n > 1 else 0.5
        return math.sqrt(n * p * (1.0 - p))

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Signed roots of the deviance (module formula)."""
        n = float(self.trials)
        inner = (d > 0.0) & (d < n)
        some = xp.where(inner, d, 0.5 * n)
        rest, step = n - some, f - some
        both = _h(step / some, xp) / some + _h(-step / rest, xp) / rest
        r = step * xp.sqrt(2.0 * both)
        share = xp.where(inner, 0.5, xp.where(d > 0.0, 1.0 - f / n, f / n))
        edge = xp.sqrt(-2.0 * n * xp.log1p(-share) + TINY)
        return xp.where(inner, r, xp.where(d > 0.0, -edge, edge))

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """Successes about f."""
        return rng.binomial(self.trials, np.clip(f / self.trials, 0.0, 1.0)).astype(np.float64)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Summed over all numbers of successes; at either end a single one can come out."""
        from scipy.special import gammaln

        if not 0.0 < f < self.trials:
            return 0.0, 0.0
        n, counts = self.trials, np.arange(self.trials + 1.0)
        ways = gammaln(n + 1.0) - gammaln(counts + 1.0) - gammaln(n - counts + 1.0)
        weights = np.exp(ways + counts * math.log(f / n) + (n - counts) * math.log1p(-f / n))
        with np.errstate(all="ignore"):
            r = self.residuals(np.full(len(counts), f), counts, sigma, np)
        return _weighed(np.where(weights > 0.0, r, 0.0), weights)


def _check_count(kind: str, value: float) -> None:
    if not (value >= 0 and float(value).is_integer()):
        msg = (
            f"{kind} counts are whole numbers >= 0, but got {value:g}; give raw counts, neither "
            "rates nor weighted ones, or use Gaussian noise."
        )
        raise ProblemError(msg)


def _h(x: Any, xp: Any) -> Any:
    """``(x - log(1 + x)) / x^2``, one half at 0, where it is summed as a series."""
    # There x - log(1 + x) has lost a factor of x / 2, 40, of its digits, and the first term that
    # is left out, x^13 / 15, is 1e-18; a larger x needs more terms, a smaller one loses more.
    near = xp.abs(x) < 0.05
    small, away = xp.where(near, x, 0.0), xp.where(near, 1.0, x)
    series = 0.0
    for k in range(14, 1, -1):
        series = 1.0 / k - small * series
    return xp.where(near, series, (away - xp.log1p(away)) / (away * away))


def _weighed(r: Any, weights: Any) -> tuple[float, float]:
    squares = np.square(r)
    mean = float(weights @ squares)
    return mean, max(float(weights @ (squares - mean) ** 2), 0.0)
