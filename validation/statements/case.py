"""A random fit in plain NumPy: its box, its model, its data, and what it was made to be.

Brute force evaluates `Case.residuals` at any number of places at once; Daybreak is given the same
model, one place at a time, by `validation.statements.told`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Model = Callable[[Any, Any, float], Any]
"""``model(p, xp, knob)``: predictions; ``p.name`` is a number, or a column of shape (N, 1)."""
Direction = tuple[Literal["scaling", "shift"], Mapping[str, float]]
"""Exponents, or shifts, by parameter."""


@dataclass(frozen=True)
class Number:
    """A parameter: its box, what is known of it beforehand, and where physics ends."""

    name: str
    lower: float
    upper: float
    scale: Literal["linear", "log"] = "linear"
    prior: tuple[Literal["Normal", "LogNormal"], float, float] | None = None
    physical: tuple[float | None, float | None] = (None, None)

    def value(self, u: Array) -> Array:
        """Values at unit coordinates, also outside [0, 1]."""
        if self.scale == "log":
            return self.lower * (self.upper / self.lower) ** u
        return self.lower + u * (self.upper - self.lower)

    def unit(self, value: float) -> float:
        """The unit coordinate of a value."""
        if self.scale == "log":
            return math.log(value / self.lower) / math.log(self.upper / self.lower)
        return (value - self.lower) / (self.upper - self.lower)

    def widened(self, side: int, share: float = 0.1) -> Number:
        """The same with its lower (0) or upper (1) bound moved outward, a tenth of its range."""
        moved = float(self.value(np.array(1.0 + share if side else -share)))
        return dataclasses.replace(self, **{"upper" if side else "lower": moved})

    def pull(self, value: Array) -> Array:
        """The residual of the prior."""
        assert self.prior is not None
        kind, centre, width = self.prior
        if kind == "LogNormal":
            return (np.log(value) - math.log(centre)) / width
        return (value - centre) / width


@dataclass(frozen=True)
class Refinable:
    """A numerical setting ``steps`` of the model, with how it is refined."""

    value: int
    refined: int
    order: float | None = None


@dataclass(frozen=True)
class Tremble:
    """What makes a model rough: fresh noise, or chatter ``sin(frequency p)``; in sigma."""

    noise: float = 0.0
    chatter: float = 0.0
    frequency: float = 0.0
    of: str = ""


@dataclass(frozen=True)
class Case:
    """A random fit."""

    kind: str
    title: str
    """The formula, for whoever reads of a failure."""
    numbers: tuple[Number, ...]
    model: Model
    data: Array
    sigma: float
    truth: Mapping[str, float]
    interest: str
    grid: int | tuple[float, ...] | None = None
    """Points of the profile; None where Daybreak is to find them."""
    group: tuple[Direction, ...] = ()
    """All exact symmetries, those of idle parameters included."""
    near: Direction | None = None
    """A direction that is nearly a symmetry; brute force measures how nearly."""
    idle: tuple[str, ...] = ()
    """Parameters that the model does not read."""
    knob: Refinable | None = None
    tremble: Tremble | None = None
    rough: bool | None = False
    """Whether the model has jumps or kinks that a fit feels; None where that is not compared."""
    library: Literal["numpy", "jax"] = "numpy"
    ends_only: bool = False
    """Whether `dk.Intervals` is asked instead of a profile."""
    seed: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters in order."""
        return tuple(number.name for number in self.numbers)

    def number(self, name: str) -> Number:
        """The parameter of this name."""
        return self.numbers[self.names.index(name)]

    def replaced(self, *numbers: Number) -> Case:
        """The same with other boxes or priors."""
        given = {number.name: number for number in numbers}
        return dataclasses.replace(
            self, numbers=tuple(given.get(number.name, number) for number in self.numbers)
        )

    def without_priors(self, names: Sequence[str] | None = None) -> Case:
        """The same by the data alone, or without some priors."""
        return self.replaced(
            *(
                dataclasses.replace(number, prior=None)
                for number in self.numbers
                if names is None or number.name in names
            )
        )

    def residuals(self, values: Array, *, refined: bool = False) -> Array:
        """Residuals and pulls at places of shape (N, n), without noise and chatter."""
        columns = {name: values[:, [j]] for j, name in enumerate(self.names)}
        knob = 0 if self.knob is None else (self.knob.refined if refined else self.knob.value)
        with np.errstate(all="ignore"):
            made = np.asarray(self.model(SimpleNamespace(**columns), np, knob))
            made = np.broadcast_to(made, (len(values), len(self.data)))
            pulls = [number.pull(columns[number.name]) for number in self.numbers if number.prior]
            return np.concatenate([(made - self.data) / self.sigma, *pulls], axis=1)

    def units(self, values: Mapping[str, float]) -> Array:
        """Unit coordinates of named values, shape (n,)."""
        return np.array([number.unit(values[number.name]) for number in self.numbers])

    def values(self, u: Array) -> Array:
        """Values at unit coordinates of shape (N, n)."""
        columns = [number.value(u[:, j]) for j, number in enumerate(self.numbers)]
        return np.stack(columns, axis=1)

    def spreads(self) -> dict[str, float]:
        """Standard errors at the truth to first order; infinite along what no datum fixes."""
        at = np.array([[self.truth[name] for name in self.names]])
        span = np.array([number.upper - number.lower for number in self.numbers])
        size = np.minimum(1e-5 * np.maximum(np.abs(at[0]), 1e-3 * span), 1e-4 * span)
        rows = [
            (self.residuals(at + step) - self.residuals(at - step))[0] / (2 * step.sum())
            for step in np.diag(size)
        ]
        hessian = np.nan_to_num(np.array(rows) @ np.array(rows).T)
        scale = np.sqrt(np.maximum(np.diag(hessian), 1e-300))
        inverse = np.linalg.pinv(hessian / np.outer(scale, scale), rcond=1e-10)
        return {
            name: float(np.sqrt(abs(inverse[j, j])) / scale[j]) if scale[j] > 1e-100 else math.inf
            for j, name in enumerate(self.names)
        }
