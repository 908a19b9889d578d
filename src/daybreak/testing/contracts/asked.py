"""Small problems for the contracts; their functions travel to workers by name."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.choices import Choice, Integer
from daybreak.problem.fit import FitProblem
from daybreak.problem.gathering import observations
from daybreak.problem.objectives import Objective
from daybreak.problem.parameters import Parameter
from daybreak.problem.resources import Resources
from daybreak.problem.search import SearchProblem

Array = NDArray[np.float64]
T = np.linspace(0.0, 4.0, 12)
LOUD = 6.0
"""Amplitude above which a decay misbehaves, if it is asked to."""
HOLE = 0.6
"""Value of x above which there is no prediction."""
CORNER = {"x": 0.3, "y": 0.0}
"""Where `cornered` is lowest: y would be -0.2."""


def _decay(p: Any, settings: Any) -> Array:
    """A decay of two parameters, shape (12,)."""
    if p.amplitude > LOUD and settings.loud == "raises":
        msg = "too loud"
        raise ValueError(msg)
    if p.amplitude > LOUD and settings.loud == "dies":
        os._exit(3)
    return p.amplitude * np.exp(-p.rate * T)


def decay(loud: str = "is heard", *, isolate: bool = False) -> FitProblem:
    """Amplitude and rate of a decay; what is `loud` is heard, raises, or dies."""
    return FitProblem(
        [Parameter("amplitude", 0.1, 10.0), Parameter("rate", 0.01, 5.0)],
        _decay,
        observations(2.0 * np.exp(-0.7 * T) + 0.02 * np.sin(7.0 * T), 0.05),
        settings={"loud": loud},
        resources=Resources(isolate=isolate),
    )


def _cornered(p: Any, _: Any) -> Array:
    return np.array([p.x - 0.3, p.y + 0.2])


def _holed(p: Any, _: Any) -> Array:
    return np.array([p.x - 0.5, p.y - 0.4]) + np.where(p.x > HOLE, np.nan, 0.0)


def cornered() -> FitProblem:
    """Two residuals whose minimum lies outside the box along y; it is met at ``y = 0``."""
    sides = [Parameter("x", 0.0, 1.0), Parameter("y", 0.0, 1.0)]
    return FitProblem(sides, _cornered, observations([0.0, 0.0], 0.1))


def holed() -> FitProblem:
    """The same sides, with the minimum beside a region where nothing is predicted."""
    sides = [Parameter("x", 0.0, 1.0), Parameter("y", 0.0, 1.0)]
    return FitProblem(sides, _holed, observations([0.0, 0.0], 0.1))


def _bowl(configuration: Any, _: Any) -> dict[str, float]:
    extra = 0.1 * configuration.get("momentum", 0.0)
    return {"loss": (configuration.x - 1.0) ** 2 + 0.05 * configuration.y + extra}


def bowl() -> SearchProblem:
    """A real, a whole number, a choice, and a parameter that matters for one option of it."""
    space = [
        Parameter("x", -5.0, 5.0),
        Integer("y", 1, 8),
        Choice("optimizer", ["sgd", "adam"]),
        Parameter("momentum", 0.01, 1.0, scale="log", when=("optimizer", "sgd")),
    ]
    return SearchProblem(space, _bowl, Objective("loss"), deterministic=True)
