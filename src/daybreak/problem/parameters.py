"""Named free numbers and the box they live in."""

from __future__ import annotations

import functools
import keyword
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import ProblemError, known
from daybreak.problem.arrays import constant
from daybreak.problem.priors import AbstractPrior, check_prior

Scale = Literal["linear", "log"]
When = tuple[str, Any] | None
"""Another parameter's name, and the value or values at which a searched parameter matters."""
AT_BOUND = 1e-6
"""A parameter closer to a bound than this share of its range counts as at the bound.

Fits meet bounds exactly, polishing by SciPy only from inside; a true minimum so near would still
be told as one at the bound, which it is for every purpose.
"""


@dataclass(frozen=True)
class Parameter:
    """A named number to be fitted, with the box it may move in.

    Internally a fit works on `u` in [0, 1]: ``value = lower + u (upper - lower)`` on a linear
    scale, ``value = lower (upper / lower)^u`` on a log scale. The ends map to the bounds exactly.

    Parameters
    ----------
    name : str
        A Python identifier: `predict` reads it as an attribute of its first argument.
    lower, upper : float
        Bounds, in `unit`; finite, ``lower < upper``; positive on a log scale.
    scale : {"linear", "log"}
        How the range is measured.
    unit : str
        Shown on axes and in tables; empty means dimensionless.
    guess : float, optional
        The first start of every multi-start, inside the bounds.
    fixed : float, optional
        Hold the parameter at this value instead of fitting it.
    when : (name, value or values), optional
        In a search only: it is part of a configuration only where the named choice or integer
        has this value.
    prior : Normal or LogNormal, optional
        What is known of it from elsewhere: one more observation, named ``prior of <name>``.
    physical : (float or None, float or None), optional
        Where physics ends, None where it does not: ``(0, None)`` for what cannot be negative.
        Bounds lie within; one that is a physical limit says nothing about the box: no advice to
        widen it, none at bounds, and the 95 % set may end there.
    earlier : float, optional
        The value that the parameter had, unsaid, in trials made before it was declared; good
        places found by them become starts with this value.

    Raises
    ------
    ProblemError
        When the bounds, scale, guess or name cannot mean anything.
    """

    name: str
    lower: float
    upper: float
    scale: Scale = "linear"
    unit: str = ""
    guess: float | None = None
    fixed: float | None = None
    earlier: float | None = None
    when: When = None
    prior: AbstractPrior | None = None
    physical: tuple[float | None, float | None] = (None, None)

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything, with the rule, the values and the next move."""
        check_name("parameter", self.name)
        check_when(self.name, self.when)
        check_prior(self.name, self.prior)
        name, lower, upper = self.name, self.lower, self.upper
        if not (_is_finite(lower) and _is_finite(upper)):
            msg = f"bounds of {name!r} must be finite numbers, but got ({lower=}, {upper=})."
            raise ProblemError(msg)
        if not lower < upper:
            msg = f"`lower < upper` must hold for {name!r}, but got ({lower=}, {upper=})."
            if lower == upper:
                msg += f" To hold it at one value, give it a range and `fixed={lower}`."
            raise ProblemError(msg)
        if self.scale not in ("linear", "log"):
            msg = f"scale of {name!r} must be 'linear' or 'log', but got {self.scale!r}."
            raise ProblemError(msg)
        if self.scale == "log" and lower <= 0:
            msg = (
                f"a log scale needs `lower > 0` for {name!r}, but got ({lower=}, {upper=}); "
                "give a small positive bound, or use the linear scale."
            )
            raise ProblemError(msg)
        self._check_physical()
        given = {"guess": self.guess, "fixed value": self.fixed, "earlier value": self.earlier}
        for what, value in given.items():
            if value is not None and not (_is_finite(value) and lower <= value <= upper):
                msg = (
                    f"the {what} of {name!r} must lie in [{lower}, {upper}], but got {value!r}; "
                    "move it, or widen the bounds."
                )
                raise ProblemError(msg)

    def _check_physical(self) -> None:
        """The bounds lie where physics allows them."""
        given: Any = self.physical
        if not (isinstance(given, (tuple, list)) and len(given) == 2):
            msg = f"`physical` of {self.name!r} is a pair such as (0, None), but got {given!r}."
            raise ProblemError(msg)
        least, most = self.limits
        if not least <= self.lower < self.upper <= most:
            msg = (
                f"the bounds of {self.name!r} must lie within its physical limits, but got "
                f"[{self.lower}, {self.upper}] and (physical={given!r}); narrow the bounds."
            )
            raise ProblemError(msg)

    @property
    def limits(self) -> tuple[float, float]:
        """Where physics ends; infinite where it does not."""
        least, most = self.physical
        return -math.inf if least is None else least, math.inf if most is None else most

    def unit_from(self, value: float) -> float:
        """Position of `value` in the range, 0 at `lower` and 1 at `upper`."""
        if self.scale == "log":
            return math.log(value / self.lower) / math.log(self.upper / self.lower)
        return (value - self.lower) / (self.upper - self.lower)

    def accept(self, value: Any) -> float:
        """The value as Python's own float, if it is a number inside the bounds."""
        plain = value.item() if getattr(value, "shape", None) == () else value
        number = not isinstance(plain, bool) and _is_finite(plain)
        if not (number and self.lower <= plain <= self.upper):
            msg = (
                f"{self.name!r} must be a number in [{self.lower}, {self.upper}], but got "
                f"{value!r}; move it, or widen the bounds."
            )
            raise ProblemError(msg)
        return float(plain)

    def values(self) -> None:
        """There is no list of all real numbers."""

    def draw(self, u: float) -> float:
        """The value at a place u in [0, 1] of the range; the ends are the bounds exactly."""
        if u <= 0.0 or u >= 1.0:
            return float(self.lower if u <= 0.0 else self.upper)
        if self.scale == "log":
            return self.lower * math.exp(u * math.log(self.upper / self.lower))
        return self.lower + u * (self.upper - self.lower)

    def bound_at(self, value: float) -> Literal["lower", "upper"] | None:
        """Which bound `value` sits at, if any (within 1e-6 of the range)."""
        u = self.unit_from(value)
        if u <= AT_BOUND:
            return "lower"
        return "upper" if u >= 1 - AT_BOUND else None

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        return {
            "name": self.name,
            "lower": float(self.lower),
            "upper": float(self.upper),
            "scale": self.scale,
            "unit": self.unit,
            "guess": None if self.guess is None else float(self.guess),
            "fixed": None if self.fixed is None else float(self.fixed),
            "prior": None if self.prior is None else self.prior.describe(),
            "physical": [None if one is None else float(one) for one in self.physical],
        }


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except TypeError:  # not a number at all
        return False


def check_when(name: str, when: Any) -> None:
    """Refuse a condition that is not another parameter's name with a value of it."""
    if when is None:
        return
    if not (isinstance(when, tuple) and len(when) == 2 and isinstance(when[0], str)):
        msg = (
            f"`when` of {name!r} must be the name of a choice or integer and a value of it, e.g. "
            f"when=('optimizer', 'sgd'), but got {when!r}."
        )
        raise ProblemError(msg)


def check_name(kind: str, name: str) -> None:
    """Refuse a name that `p.name` could not spell."""
    text = str(name)
    if not text.isidentifier() or keyword.iskeyword(text) or text.startswith("_"):
        msg = (
            f"a {kind} name must be a Python identifier such as 'k1', no keyword and without a "
            f"leading underscore, but got {name!r}."
        )
        raise ProblemError(msg)


@dataclass(frozen=True)
class Space:
    """The box spanned by all parameters, in a fixed order.

    `u` denotes coordinates in the unit box, shape (..., n_parameters).
    """

    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        """Names are unique, and something is left to vary or to hold."""
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"parameter names must be unique, but these repeat: {known(twice)}."
            raise ProblemError(msg)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Parameter names in order."""
        return tuple(parameter.name for parameter in self.parameters)

    @functools.cached_property
    def fixed(self) -> dict[str, float]:
        """Values held fixed by declaration."""
        return {p.name: float(p.fixed) for p in self.parameters if p.fixed is not None}

    @functools.cached_property
    def lower(self) -> NDArray[np.float64]:
        """Lower bounds, shape (n_parameters,)."""
        return np.array([p.lower for p in self.parameters], dtype=np.float64)

    @functools.cached_property
    def upper(self) -> NDArray[np.float64]:
        """Upper bounds, shape (n_parameters,)."""
        return np.array([p.upper for p in self.parameters], dtype=np.float64)

    @functools.cached_property
    def is_log(self) -> NDArray[np.bool_]:
        """Which parameters are measured on a log scale, shape (n_parameters,)."""
        return np.array([p.scale == "log" for p in self.parameters], dtype=np.bool_)

    @functools.cached_property
    def _any_log(self) -> bool:
        return bool(self.is_log.any())

    @functools.cached_property
    def _log_ratio(self) -> NDArray[np.float64]:
        """log(upper / lower) where the scale is logarithmic, else 0."""
        high, low = np.where(self.is_log, self.upper, 1.0), np.where(self.is_log, self.lower, 1.0)
        return np.log(high / low)

    def __getitem__(self, name: str) -> Parameter:
        """The parameter called `name`."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        msg = f"no parameter is called {name!r}; the problem has {known(self.names)}."
        raise ProblemError(msg)

    def free(self, pinned: Iterable[str]) -> tuple[str, ...]:
        """Names left to vary once `pinned` and the fixed ones are held."""
        held = {*pinned, *self.fixed}
        return tuple(name for name in self.names if name not in held)

    def subspace(self, names: Iterable[str]) -> Space:
        """The box of some of the parameters, in the order given."""
        return Space(tuple(self[name] for name in names))

    def to_unit(self, values: Mapping[str, float]) -> NDArray[np.float64]:
        """Unit coordinates of named values, clipped into the box; shape (n_parameters,)."""
        u = np.array([p.unit_from(values[p.name]) for p in self.parameters], dtype=np.float64)
        return np.clip(u, 0.0, 1.0)

    def from_unit(self, u: Any, xp: Any = np) -> Any:
        """Values at unit coordinates `u`, shape (..., n_parameters); exact at both bounds.

        `xp` is the array namespace, NumPy or `jax.numpy`.
        """
        lower, upper, is_log = self.lower, self.upper, self.is_log
        value = lower + u * (upper - lower)
        if self._any_log:
            value = xp.where(is_log, lower * xp.exp(u * self._log_ratio), value)
        snap = xp.where(u <= 0.0, lower - value, xp.where(u >= 1.0, upper - value, 0.0))
        # The last digits' correction is hidden: at a bound the slope is still the map's.
        return value + constant(snap, xp)

    def probes(self, count: int = 8) -> NDArray[np.float64]:
        """Some places in the box, the first at guesses or the middle; shape (count, n).

        The first eight keep a little away from the bounds, the others do not.
        """
        rng, n = np.random.default_rng(0), len(self.names)
        inside = rng.uniform(0.05, 0.95, size=(8, n))
        u = np.concatenate([inside, rng.uniform(size=(max(count - 8, 0), n))])[:count]
        u[0] = 0.5
        values = np.asarray(self.from_unit(u), dtype=np.float64)
        for column, parameter in enumerate(self.parameters):
            if parameter.guess is not None:
                values[0, column] = parameter.guess
            if parameter.fixed is not None:
                values[:, column] = parameter.fixed
        return values
