"""Data: what was measured, how well, and how well the model is trusted to describe it."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from daybreak.errors import ProblemError, known


@dataclass(frozen=True)
class Observation:
    """One datum.

    Parameters
    ----------
    value : float
        What was measured, in `unit`.
    sigma : float
        Measurement uncertainty (one standard deviation), in `unit`; positive.
    model : float
        Model uncertainty, in `unit`, added in quadrature:
        ``sigma_total = sqrt(sigma^2 + model^2)``.
    unit : str
        Shown in tables; empty means dimensionless.
    group : str
        Observations of one kind share a group, whose chi2 is told separately.

    Raises
    ------
    ProblemError
        When the value is not finite, sigma is not positive, or model is negative.
    """

    value: float
    sigma: float
    model: float = 0.0
    unit: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot weigh a residual."""
        if not math.isfinite(self.value):
            msg = (
                f"an observed value must be a finite number, but got {self.value}; leave the "
                "datum out if it was not measured."
            )
            raise ProblemError(msg)
        if not (self.sigma > 0 and math.isfinite(self.sigma)):
            msg = (
                f"`sigma > 0` and finite must hold, but got (sigma={self.sigma}); give one "
                "standard deviation of the measurement, in the unit of the value."
            )
            raise ProblemError(msg)
        if not (self.model >= 0 and math.isfinite(self.model)):
            msg = (
                f"`model >= 0` and finite must hold, but got (model={self.model}); 0 means that "
                "the model is trusted."
            )
            raise ProblemError(msg)

    @property
    def total(self) -> float:
        """Total uncertainty, ``sqrt(sigma^2 + model^2)``, in `unit`."""
        return math.hypot(self.sigma, self.model)


@dataclass(frozen=True)
class Observations:
    """The data of one problem, in a fixed order.

    `named` says which form `predict` returns: a mapping name -> number when true, an array of
    shape (n_observations,) when false.
    """

    names: tuple[str, ...]
    data: tuple[Observation, ...]
    named: bool

    def __post_init__(self) -> None:
        """There is something to compare with."""
        if not self.data:
            msg = "a problem needs at least one observation, but got none."
            raise ProblemError(msg)
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            msg = f"names of observations must be unique, but these repeat: {known(twice)}."
            raise ProblemError(msg)

    def __len__(self) -> int:
        """Return the number of observations."""
        return len(self.data)

    @functools.cached_property
    def values(self) -> NDArray[np.float64]:
        """Observed values, shape (n_observations,)."""
        return np.array([datum.value for datum in self.data], dtype=np.float64)

    @functools.cached_property
    def sigmas(self) -> NDArray[np.float64]:
        """Total uncertainties, shape (n_observations,)."""
        return np.array([datum.total for datum in self.data], dtype=np.float64)

    def sigmas_at(self, model: float) -> NDArray[np.float64]:
        """Total uncertainties with the model's multiplied by `model`, shape (n_observations,)."""
        return np.array(
            [math.hypot(datum.sigma, model * datum.model) for datum in self.data],
            dtype=np.float64,
        )

    def describe(self) -> list[dict[str, Any]]:
        """The data as plain data for the ledger."""
        return [
            {
                "name": name, "value": float(datum.value), "sigma": float(datum.sigma),
                "model": float(datum.model), "unit": datum.unit, "group": datum.group,
            }
            for name, datum in zip(self.names, self.data, strict=True)
        ]  # fmt: skip


def observations(
    values: ArrayLike | Mapping[str, Observation],
    sigmas: ArrayLike | None = None,
    *,
    model: ArrayLike = 0.0,
    unit: str = "",
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
) -> Observations:
    """Gather data from arrays, or from a mapping name -> Observation.

    Parameters
    ----------
    values : array of shape (n,), or mapping name -> Observation
        Observed values; with a mapping `predict` must return a mapping with the same names.
    sigmas : float or array of shape (n,)
        Measurement uncertainties, in `unit`.
    model : float or array of shape (n,)
        Model uncertainties, in `unit`.
    unit : str
        Unit of the values.
    names : sequence of str, optional
        Names for tables; by default ``y[0]``, ``y[1]``, ...
    groups : sequence of str, optional
        The group of each value; by default they are all of one kind.

    Raises
    ------
    ProblemError
        When shapes differ, sigma is missing or not positive, or a value is not finite.
    """
    if isinstance(values, Mapping):
        return Observations(tuple(values), tuple(values.values()), named=True)
    if sigmas is None:
        msg = "`observations(values, sigmas)` needs the measurement uncertainties as well."
        raise ProblemError(msg)
    try:
        value = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        msg = f"observed values must be an array of numbers: {error}."
        raise ProblemError(msg) from None
    try:
        sigma = np.broadcast_to(np.asarray(sigmas, dtype=np.float64), value.shape)
        extra = np.broadcast_to(np.asarray(model, dtype=np.float64), value.shape)
    except ValueError:
        shapes = f"(values.shape={value.shape}, sigmas.shape={np.shape(sigmas)})"
        msg = f"sigmas must be a number or have the shape of the values, but got {shapes}."
        raise ProblemError(msg) from None
    if value.ndim != 1:
        msg = f"observed values must have shape (n,), but got {value.shape}; flatten them."
        raise ProblemError(msg)
    labels = tuple(names) if names is not None else tuple(f"y[{i}]" for i in range(len(value)))
    if len(labels) != len(value):
        msg = f"names must match the {len(value)} values, but got {len(labels)} of them."
        raise ProblemError(msg)
    kinds = tuple(groups) if groups is not None else ("",) * len(value)
    if len(kinds) != len(value):
        msg = f"groups must match the {len(value)} values, but got {len(kinds)} of them."
        raise ProblemError(msg)
    data = tuple(
        _datum(label, float(v), float(s), float(m), unit, group)
        for label, v, s, m, group in zip(labels, value, sigma, extra, kinds, strict=True)
    )
    return Observations(labels, data, named=False)


def _datum(
    name: str, value: float, sigma: float, model: float, unit: str, group: str
) -> Observation:
    try:
        return Observation(value, sigma, model, unit, group)
    except ProblemError as error:
        msg = f"observation {name!r}: {error}"
        raise ProblemError(msg) from None
