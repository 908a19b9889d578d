"""What `predict` and `derive` may return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from daybreak.errors import PredictionError, known
from daybreak.problem.observations import Observations


def lined_up(predicted: Any, observations: Observations, xp: Any) -> Any:
    """The numbers that `predict` returned, one an observation; shape (n_observations,)."""
    count = len(observations)
    if observations.named:
        predicted = stacked(predicted, observations.names, xp)
    elif isinstance(predicted, Mapping):
        msg = (
            f"predict must return an array of shape ({count},), because the "
            "observations are an array, but it returned a mapping."
        )
        raise PredictionError(msg)
    vector: Any = predicted if hasattr(predicted, "dtype") else xp.asarray(predicted)
    if tuple(vector.shape) != (count,):
        msg = (
            f"predict must return shape ({count},), one number per observation, "
            f"but it returned shape {tuple(vector.shape)}."
        )
        raise PredictionError(msg)
    check_dtype(vector.dtype)
    return vector


def stacked(predicted: Any, names: tuple[str, ...], xp: Any) -> Any:
    """Line up a mapping of predictions; shape (n_observations,)."""
    if not isinstance(predicted, Mapping):
        msg = (
            f"predict must return a mapping with {known(names)}, because the observations have "
            f"names, but it returned {_kind(predicted)}."
        )
        raise PredictionError(msg)
    given: Mapping[str, Any] = predicted
    missing = [name for name in names if name not in given]
    if missing:
        msg = f"predict returned no value for {known(missing)}; it returned {known(given)}."
        raise PredictionError(msg)
    extra = [name for name in given if name not in names]
    if extra:
        msg = f"predict returned {known(extra)}, but the observations are {known(names)}."
        raise PredictionError(msg)
    parts = [xp.asarray(given[name]) for name in names]
    for name, part in zip(names, parts, strict=True):
        if tuple(part.shape) != ():
            msg = f"predict must return one number for {name!r}, but got shape {part.shape}."
            raise PredictionError(msg)
        check_dtype(part.dtype)
    return xp.stack(parts)


def _kind(value: Any) -> str:
    """What a function returned, in words that are the same under JAX."""
    shape = getattr(value, "shape", () if isinstance(value, (int, float)) else None)
    if shape is None:
        return type(value).__name__
    return f"an array of shape {tuple(shape)}" if shape else "a single number"


def names_of(derived: Any) -> list[str]:
    """Names of what `derive` returned, one real number each."""
    if not isinstance(derived, Mapping):
        msg = (
            "derive must return a mapping name -> number, e.g. {'half_life': np.log(2) / p.k}, "
            f"but it returned {_kind(derived)}."
        )
        raise PredictionError(msg)
    found: Mapping[str, Any] = derived
    for name, value in found.items():
        part = value if hasattr(value, "dtype") else np.asarray(value)
        if tuple(part.shape) != () or np.dtype(part.dtype).kind not in "fiub":
            msg = (
                f"derive must return one real number for {name!r}, but got {part.dtype} of shape "
                f"{tuple(part.shape)}; give each number a name of its own."
            )
            raise PredictionError(msg)
    return list(found)


def check_dtype(dtype: Any) -> None:
    """Refuse predictions that are no real numbers of double precision."""
    kind = np.dtype(dtype)
    if kind.kind == "c":
        msg = f"predict returned {kind}, but residuals are real; return real part or modulus."
        raise PredictionError(msg)
    if kind.kind not in "fiu":
        msg = f"predict returned {kind}, but predictions must be numbers (float64)."
        raise PredictionError(msg)
    if kind.kind == "f" and kind.itemsize < np.dtype(np.float64).itemsize:
        msg = (
            f"predict returned {kind}, whose 7 digits make derivatives and convergence tests "
            "meaningless in a fit; compute in float64. The usual cause is an array made with "
            "dtype=float32, or a jnp constant made before Daybreak switched JAX to float64."
        )
        raise PredictionError(msg)
