r"""Noise models: how observations scatter about the predictions.

Each is written as residuals r(f, d) whose squares add up to the deviance of the prediction f,

    sum r^2 = -2 log L(f) + 2 log L(best f there is for the datum d),

so that least squares is maximum likelihood, and differences of chi2 follow Wilks (1938).  With
z = (f - d) / sigma:

    Gaussian     r = z
    Poisson      r^2 = 2 (f - d + d log(d / f)),                        f expected counts
    Binomial(n)  r^2 = 2 (d log(d / f) + (n - d) log((n - d) / (n - f))), f expected successes
    StudentT(v)  r^2 = (v + 1) log(1 + z^2 / v)
    Censored     r = z; at a limit r^2 = -2 log Phi(-+ (f - limit) / sigma)
    Likelihood   r^2 = 2 (m(f) - m(b)), m = -log L as given and b where it is least

each with the sign of f - d.  Near f = d the first three digits of such a difference of logarithms
would cancel; there h(x) = (x - log(1 + x)) / x^2 is summed as a series.

Sources: McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 2.3 (deviance);
Baker and Cousins (1984), Nucl. Instrum. Meth. 221, 437 (counts); Lange, Little and Taylor (1989),
J. Am. Stat. Assoc. 84, 881 (Student's t); Tobin (1958), Econometrica 26, 24 (censoring).
"""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import ProblemError, known
from daybreak.problem.arrays import log_normal_cdf

Array = NDArray[np.float64]
_TINY = 1e-12
"""Added under a root that may vanish where its slope does not; no chi2 is told that closely."""


class AbstractNoise(ABC):
    """How observations of one kind scatter."""

    needs_sigma = True
    """Whether an uncertainty has to be given."""
    is_gaussian = False
    title = ""
    """What is added up, for a reader of chi2."""

    @abstractmethod
    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Residuals of predictions f for data d, all of shape (m,) (module formula)."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """Data as they scatter about predictions f, shape (m,)."""

    @abstractmethod
    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Mean and variance of r^2 where f is true; zeros where r^2 tests nothing."""

    def check(self, value: float) -> None:  # noqa: B027 - most values are fine
        """Refuse a value that this noise cannot produce."""

    def check_with(self, value: float, sigma: float) -> None:  # noqa: B027 - most go together
        """Refuse a value and an uncertainty that do not go together."""

    def typical(self, value: float) -> float:
        """Standard deviation about `value`, of noise that knows it."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        options: Any = self
        plain = {k: None if _infinite(v) else v for k, v in asdict(options).items()}
        return {"kind": type(self).__name__, **plain}


def _infinite(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


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
        none = xp.sqrt(2.0 * xp.where(d > 0.0, 1.0, f) + _TINY)
        return xp.where(d > 0.0, r, none)

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """Counts about f."""
        return rng.poisson(f).astype(np.float64)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Summed over the counts that may come out."""
        from scipy.special import gammaln

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
        edge = xp.sqrt(-2.0 * n * xp.log1p(-share) + _TINY)
        return xp.where(inner, r, xp.where(d > 0.0, -edge, edge))

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """Successes about f."""
        return rng.binomial(self.trials, np.clip(f / self.trials, 0.0, 1.0)).astype(np.float64)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Summed over all numbers of successes."""
        from scipy.special import gammaln

        n, counts = self.trials, np.arange(self.trials + 1.0)
        ways = gammaln(n + 1.0) - gammaln(counts + 1.0) - gammaln(n - counts + 1.0)
        weights = np.exp(ways + counts * math.log(f / n) + (n - counts) * math.log1p(-f / n))
        with np.errstate(all="ignore"):
            r = self.residuals(np.full(len(counts), f), counts, sigma, np)
        return _weighed(np.where(weights > 0.0, r, 0.0), weights)


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
        small = y < 1e-4
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
        if not self.lower < self.upper or (_infinite(self.lower) and _infinite(self.upper)):
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
        edge = xp.sqrt(-2.0 * log_normal_cdf(-beyond, xp) + _TINY)
        return xp.where(below, edge, xp.where(above, -edge, z))

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """``f + sigma n`` as far as it can be seen."""
        return np.clip(f + sigma * rng.standard_normal(len(f)), self.lower, self.upper)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Those of chi2 for a value that was seen; one at a limit tests nothing."""
        return (1.0, 2.0) if self.lower < d < self.upper else (0.0, 0.0)


def _itself(d: Any, sigma: Any) -> Any:  # noqa: ARG001 - as `best` is called
    return d


@dataclass(frozen=True)
class Likelihood(AbstractNoise):
    """Any density of a datum that is none of the others.

    Parameters
    ----------
    name : str
        What the density is called, for the reader: ``"gamma with shape 3"``.
    minus_log : function (f, d, sigma) -> array
        -log L of predictions f for data d, all of shape (m,), up to what does not depend on f; in
        NumPy or `jax.numpy`, as `predict`.
    best : function (d, sigma) -> array, optional
        The prediction at which it is least for a datum alone; by default the datum.
    sample : function (rng, f, sigma) -> array, optional
        Data as they scatter about predictions, for rehearsals and bootstraps.
    """

    name: str
    minus_log: Callable[..., Any] | None = None
    best: Callable[..., Any] = _itself
    sample: Callable[..., Any] | None = None

    @property
    def title(self) -> str:
        """What is added up."""
        return f"the deviance of noise called {self.name}"

    def check_with(self, value: float, sigma: float) -> None:
        """-log L is least where `best` says."""
        d, s = np.array([value]), np.array([sigma])
        b = np.asarray(self.best(d, s), dtype=np.float64)
        with np.errstate(all="ignore"):
            least, *beside = (
                float(np.asarray(self._minus_log(b + step, d, s))[0])
                for step in (0.0, -0.01 * sigma, 0.01 * sigma)
            )
        if not math.isfinite(least) or any(one < least for one in beside):
            msg = (
                f"-log L of noise called {self.name!r} must be least at `best`, but for the value "
                f"{value:g} it is {least:.6g} at {b[0]:g}, and {beside[0]:.6g} and "
                f"{beside[1]:.6g} a hundredth of sigma below and above; give the prediction at "
                "which it is least as best=lambda d, sigma: ..."
            )
            raise ProblemError(msg)

    def _minus_log(self, f: Any, d: Any, sigma: Any) -> Any:
        if self.minus_log is None:
            msg = f"noise called {self.name!r} was read back from a record, without its density."
            raise ProblemError(msg)
        return self.minus_log(f, d, sigma)

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Signed roots of the deviance (module formula)."""
        b = self.best(d, sigma)
        twice = 2.0 * (self._minus_log(f, d, sigma) - self._minus_log(b, d, sigma))
        root = xp.sqrt(xp.maximum(twice, 0.0) + _TINY)
        return xp.where(f < b, -root, root)

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """What `sample` draws."""
        if self.sample is None:
            msg = (
                f"noise called {self.name!r} does not say how to draw data; give it "
                "sample=lambda rng, f, sigma: ..."
            )
            raise ProblemError(msg)
        return np.asarray(self.sample(rng, f, sigma), dtype=np.float64)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """None: how r^2 scatters is not said, so it tests nothing."""
        return 0.0, 0.0

    def describe(self) -> dict[str, Any]:
        """The name; the density is code, compared by its numbers."""
        return {"kind": "Likelihood", "name": self.name}


KINDS: Mapping[str, type[AbstractNoise]] = {
    kind.__name__: kind for kind in (Gaussian, Poisson, Binomial, StudentT, Censored, Likelihood)
}


@functools.lru_cache(maxsize=4096)
def _restored(kind: str, options: tuple[tuple[str, Any], ...]) -> AbstractNoise:
    given = {name: value for name, value in options if value is not None}
    return KINDS[kind](**given)


def restore(described: Mapping[str, Any]) -> AbstractNoise:
    """The noise that a record describes."""
    rest = tuple((name, value) for name, value in described.items() if name != "kind")
    return _restored(described["kind"], rest)


def check_noise(noise: Any) -> None:
    """Refuse what is no noise model."""
    if not isinstance(noise, AbstractNoise):
        names = known(f"dk.{name}" for name in KINDS)
        msg = f"`noise` must be one of {names}, e.g. dk.Poisson(), but got {noise!r}."
        raise ProblemError(msg)
    if isinstance(noise, Likelihood) and not callable(noise.minus_log):
        msg = (
            f"noise called {noise.name!r} needs its density, e.g. "
            "minus_log=lambda f, d, sigma: abs(f - d) / sigma, but got "
            f"(minus_log={noise.minus_log!r})."
        )
        raise ProblemError(msg)


def _check_count(kind: str, value: float) -> None:
    if not (value >= 0 and float(value).is_integer()):
        msg = (
            f"{kind} counts are whole numbers >= 0, but got {value:g}; give raw counts, neither "
            "rates nor weighted ones, or use Gaussian noise."
        )
        raise ProblemError(msg)


def _h(x: Any, xp: Any) -> Any:
    """``(x - log(1 + x)) / x^2``, one half at 0, where it is summed as a series."""
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
