"""Data from arrays: every value with its uncertainty, noise, group and name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from daybreak.errors import ProblemError
from daybreak.problem.noise.base import AbstractNoise
from daybreak.problem.noise.continuous import Gaussian
from daybreak.problem.noise.kinds import check_noise
from daybreak.problem.observations import GAUSSIAN, Array, Observation, Observations


def observations(
    values: ArrayLike | Mapping[str, Observation],
    sigmas: ArrayLike | None = None,
    *,
    model: ArrayLike = 0.0,
    unit: str = "",
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    noise: AbstractNoise | Sequence[AbstractNoise] | None = None,
    covariance: ArrayLike | None = None,
) -> Observations:
    """Gather data from arrays, or from a mapping name -> Observation.

    Parameters
    ----------
    values : array of shape (n,), or mapping name -> Observation
        Observed values; with a mapping `predict` must return a mapping with the same names.
    sigmas : float or array of shape (n,)
        Measurement uncertainties, in `unit`; none for counts or with a covariance.  They may be
        left out where ``dk.Gaussian(scale="unknown")`` finds the size: 1 then.
    model : float or array of shape (n,)
        Model uncertainties, in `unit`.
    unit : str
        Unit of the values.
    names : sequence of str, optional
        Names for tables; by default ``y[0]``, ``y[1]``, ...
    groups : sequence of str, optional
        The group of each value; by default they are all of one kind.
    noise : noise model, or one for each value
        How they scatter, see `daybreak.problem.noise`; Gaussian by default.
    covariance : array of shape (n, n)
        Of the measurements, in `unit` squared, instead of `sigmas`; symmetric and positive.

    Raises
    ------
    ProblemError
        When shapes differ, sigma is missing or not positive, a value is not finite or impossible
        for its noise, or the covariance is none.
    """
    if isinstance(values, Mapping):
        return Observations(tuple(values), tuple(values.values()), named=True)
    value = _values(values)
    square = None
    if covariance is not None:
        square = _covariance(covariance, value, sigmas, model, noise)
        sigmas = np.sqrt(np.diag(square))
    scatter = _noises(noise, len(value))
    sizes, extra = _sizes(value, sigmas, model, scatter)
    labels = tuple(names) if names is not None else tuple(f"y[{i}]" for i in range(len(value)))
    kinds = tuple(groups) if groups is not None else ("",) * len(value)
    for what, given in (("names", labels), ("groups", kinds)):
        if len(given) != len(value):
            msg = f"{what} must match the {len(value)} values, but got {len(given)} of them."
            raise ProblemError(msg)
    data = tuple(
        _datum(label, float(v), size, float(m), unit, group, one)
        for label, v, size, m, group, one in zip(
            labels, value, sizes, extra, kinds, scatter, strict=True
        )
    )
    return Observations(labels, data, named=False, covariance=square)


def _values(values: ArrayLike) -> Array:
    """Observed values as an array, shape (n,)."""
    try:
        value = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        msg = f"observed values must be an array of numbers: {error}."
        raise ProblemError(msg) from None
    if value.ndim != 1:
        msg = f"observed values must have shape (n,), but got {value.shape}; flatten them."
        raise ProblemError(msg)
    return value


def _sizes(
    value: Array, sigmas: ArrayLike | None, model: ArrayLike, noise: Sequence[AbstractNoise]
) -> tuple[Sequence[float | None], Array]:
    """Measurement and model uncertainties of every value; counts have none of their own."""
    free = [isinstance(one, Gaussian) and not one.is_gaussian for one in noise]
    if sigmas is None and any(
        one.needs_sigma and not unknown for one, unknown in zip(noise, free, strict=True)
    ):
        msg = "`observations(values, sigmas)` needs the measurement uncertainties as well."
        raise ProblemError(msg)
    given = np.where(free, 1.0, np.nan) if sigmas is None else np.asarray(sigmas, dtype=np.float64)
    try:
        sigma = np.broadcast_to(given, value.shape).tolist()
        extra = np.broadcast_to(np.asarray(model, dtype=np.float64), value.shape)
    except ValueError:
        shapes = f"(values.shape={value.shape}, sigmas.shape={given.shape})"
        msg = f"sigmas must be a number or have the shape of the values, but got {shapes}."
        raise ProblemError(msg) from None
    return [
        None if math.isnan(s) and not one.needs_sigma else s
        for s, one in zip(sigma, noise, strict=True)
    ], extra


def _noises(noise: Any, count: int) -> tuple[AbstractNoise, ...]:
    """One noise model for each value."""
    if noise is None:
        return (GAUSSIAN,) * count
    if isinstance(noise, (list, tuple)):
        several: Sequence[Any] = noise
        for one in several:
            check_noise(one)
        if len(several) != count:
            msg = f"noise must match the {count} values, but got {len(several)} models."
            raise ProblemError(msg)
        return tuple(several)
    check_noise(noise)
    return (noise,) * count


def _covariance(given: ArrayLike, value: Array, sigmas: Any, model: Any, noise: Any) -> Array:
    """A covariance matrix that can weigh residuals; shape (n, n)."""
    if sigmas is not None or noise is not None or np.any(np.asarray(model) != 0.0):
        msg = (
            "a covariance says all about the noise: leave `sigmas`, `model` and `noise` out, and "
            "add what they would say to its diagonal."
        )
        raise ProblemError(msg)
    square = np.asarray(given, dtype=np.float64)
    if square.shape != (value.size, value.size):
        msg = (
            f"the covariance of {value.size} values must have shape "
            f"({value.size}, {value.size}), but got {square.shape}."
        )
        raise ProblemError(msg)
    # 1e-9 is what products of double precision keep; a wrong entry differs by far more.
    if not np.isfinite(square).all() or not np.allclose(square, square.T, rtol=1e-9, atol=0.0):
        msg = "a covariance must be finite and symmetric; use 0.5 * (C + C.T) if it nearly is."
        raise ProblemError(msg)
    square = 0.5 * (square + square.T)
    least = float(np.linalg.eigvalsh(square)[0])
    # Below 1e-14 of the variances an eigenvalue is the rounding of `eigvalsh`, of either sign.
    if not (np.diag(square) > 0.0).all() or least <= 1e-14 * float(np.diag(square).max()):
        msg = (
            f"a covariance must be positive definite, but its least eigenvalue is {least:.3g} "
            f"against variances up to {float(np.diag(square).max()):.3g}; data that follow from "
            "others are no data: leave them out."
        )
        raise ProblemError(msg)
    return square


def _datum(
    name: str,
    value: float,
    sigma: float | None,
    model: float,
    unit: str,
    group: str,
    noise: AbstractNoise,
) -> Observation:
    try:
        return Observation(value, sigma, model, unit, group, noise)
    except ProblemError as error:
        msg = f"observation {name!r}: {error}"
        raise ProblemError(msg) from None


def observations_of(given: Any) -> Observations:
    """The observations of a problem, given as such or as a mapping.

    Raises
    ------
    ProblemError
        When they are neither.
    """
    if isinstance(given, Observations):
        return given
    if not isinstance(given, Mapping) or not all(
        isinstance(datum, Observation) for datum in given.values()
    ):
        msg = (
            "`observations` must be dk.observations(values, sigmas), or a mapping name -> "
            f"dk.Observation(value, sigma), but got {given!r}."
        )
        raise ProblemError(msg)
    return Observations(tuple(given), tuple(given.values()), named=True)
