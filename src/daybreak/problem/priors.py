r"""What is known of a parameter beforehand, as one more measurement: a pull.

    Normal       r = (p - mean) / sigma
    LogNormal    r = (log p - log median) / sigma

The squared pull is added to chi2, as -2 log of the density (up to a constant), and counts as an
observation: it has a residual, a picture, and a degree of freedom.  A scale factor with a normal
prior is a normalisation uncertainty that its observations share; eliminated in closed form it
gives the chi2 of the covariance ``diag(sigma^2) + delta^2 f f^T`` with the *predictions* f, and
not with the data, which would pull the fit down (Peelle's puzzle).
Source: Barlow (2017), arXiv:1701.03701; D'Agostini (1994), Nucl. Instrum. Meth. A 346, 306.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from daybreak.errors import ProblemError

GROUP = "priors"
"""The group of observations that all pulls belong to."""


class AbstractPrior(ABC):
    """Knowledge of one number from elsewhere."""

    @property
    @abstractmethod
    def value(self) -> float:
        """What the other measurement gave."""

    @property
    @abstractmethod
    def width(self) -> float:
        """Its uncertainty."""

    @abstractmethod
    def seen(self, value: Any, xp: Any) -> Any:
        """What the other measurement sees of the number."""

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        options: Any = self
        return {"kind": type(self).__name__, **asdict(options)}


@dataclass(frozen=True)
class Normal(AbstractPrior):
    """``mean +- sigma``, in the unit of the parameter (module formula)."""

    mean: float
    sigma: float

    def __post_init__(self) -> None:
        """Finite numbers, and a width."""
        _check("mean", self.mean, self.sigma)

    @property
    def value(self) -> float:
        """The mean."""
        return float(self.mean)

    @property
    def width(self) -> float:
        """The standard deviation."""
        return float(self.sigma)

    def seen(self, value: Any, xp: Any) -> Any:
        """The number itself."""
        return value


@dataclass(frozen=True)
class LogNormal(AbstractPrior):
    """A factor of ``exp(sigma)`` about `median`, for what is positive (module formula)."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        """A positive median, and a width."""
        _check("median", self.median, self.sigma)
        if not self.median > 0.0:
            msg = f"`median > 0` must hold for a LogNormal prior, but got {self.median}."
            raise ProblemError(msg)

    @property
    def value(self) -> float:
        """Logarithm of the median."""
        return math.log(self.median)

    @property
    def width(self) -> float:
        """Standard deviation of the logarithm."""
        return float(self.sigma)

    def seen(self, value: Any, xp: Any) -> Any:
        """The logarithm."""
        return xp.log(value)


def restore(described: Mapping[str, Any] | None) -> AbstractPrior | None:
    """The prior that a record describes."""
    if described is None:
        return None
    kinds: dict[str, Any] = {"Normal": Normal, "LogNormal": LogNormal}
    return kinds[described["kind"]](**{k: v for k, v in described.items() if k != "kind"})


def check_prior(name: str, prior: Any) -> None:
    """Refuse what is no prior."""
    if prior is not None and not isinstance(prior, AbstractPrior):
        msg = (
            f"the prior of {name!r} must be dk.Normal(mean, sigma) or dk.LogNormal(median, "
            f"sigma), but got {prior!r}."
        )
        raise ProblemError(msg)


def pull_name(name: str) -> str:
    """What the observation of a prior is called."""
    return f"prior of {name}"


def _check(what: str, centre: float, sigma: float) -> None:
    if not (math.isfinite(centre) and math.isfinite(sigma) and sigma > 0.0):
        msg = (
            f"a prior needs a finite {what} and `sigma > 0`, but got ({what}={centre}, "
            f"{sigma=}); to hold a parameter at one value write `fixed=`."
        )
        raise ProblemError(msg)
