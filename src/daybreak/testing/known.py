"""A least-squares problem whose minimum is known, and how to write one down briefly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.fit import FitProblem
from daybreak.problem.gathering import observations
from daybreak.problem.parameters import Parameter

Model = Callable[[Any, Any], Any]
"""Predictions from parameters b1, b2, ... and an array namespace, NumPy or `jax.numpy`."""


@dataclass(frozen=True, eq=False)
class KnownProblem:
    """A fit whose minimum is published; sigma = 1, so that chi2 is the sum of squares.

    Bounds are wide unless a bound is part of the problem.
    """

    name: str
    problem: FitProblem
    start: Mapping[str, float]
    """Where it begins, by parameter."""
    chi2: float
    """Sum of squares at the minimum, dimensionless."""
    parameters: Mapping[str, float] | None
    """Where the minimum lies; None where it is not one point, or not published."""
    active: tuple[str, ...]
    """Parameters that are at a bound there."""
    source: str


def numbers(text: str) -> NDArray[np.float64]:
    """Numbers separated by blanks, shape (n,)."""
    return np.array(text.split(), dtype=np.float64)


def point(text: str) -> dict[str, float]:
    """Values of b1, b2, ... separated by blanks."""
    return {f"b{i}": float(value) for i, value in enumerate(text.split(), start=1)}


def problem_of(model: Model, box: str, y: Any, xp: Any) -> FitProblem:
    """A problem with parameters b1, b2, ... in a box such as ``0:10 1e-9:1:log``, and data `y`."""
    parameters: list[Parameter] = []
    for i, side in enumerate(box.split(), start=1):
        low, high, *log = side.split(":")
        scale = "log" if log else "linear"
        parameters.append(Parameter(f"b{i}", float(low), float(high), scale))

    def predict(p: Any, _: Any) -> Any:
        return model(p, xp)

    return FitProblem(parameters, predict, observations(y, 1.0))
