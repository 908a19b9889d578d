"""A problem with bounds moved or priors left out: what questions the end of an interval.

An end of a 95 % set is held by the bound of a nuisance when it moves with that bound, and by a
prior when the data alone do not end the set on that side.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.parameters import AT_BOUND, Parameter
from daybreak.problem.priors import pull_name

if TYPE_CHECKING:
    from daybreak.problem.fit import FitProblem
    from daybreak.problem.scale_factors import Offset, ScaleFactor

Side = Literal["lower", "upper"]
BoundOf = tuple[str, Side]
"""A bound: whose, and on which side."""
_SIDES: tuple[Side, Side] = ("lower", "upper")
MOVES = 0.01
"""Share of an interval's width by which an end may move and still be called settled.

A choice: of a 95 % interval a hundredth is 0.04 standard errors.
"""
Ranges = Mapping[str, tuple[float, float]]
"""Declared bounds of parameters, scale factors and offsets by name."""
FACTORS = "factors"
"""By what name the details of a trial hold scale factors and offsets."""
OPTION = "loosened"
"""By what name the options and the details of a trial hold what was loosened."""
_MOVED = 0.1
"""How far a bound is moved outward, as a share of the range on the parameter's scale.

A choice: far more than the 1 % by which an end may move, and still near what was declared, where
the model is most likely defined.
"""


_BLIND = 1e15
"""Factor on the uncertainty of a prior with which it says nothing.

A pull of a million sigma then adds 1e-18 to chi2; the number of residuals stays.
"""


@dataclass(frozen=True)
class Loosening:
    """What is left out of a problem.

    Parameters
    ----------
    bounds : tuple of (name, side)
        Bounds that are moved outward, never beyond a physical limit.
    priors : bool
        Whether priors act.
    """

    bounds: tuple[BoundOf, ...] = ()
    priors: bool = True

    def describe(self) -> dict[str, Any]:
        """As plain data, for a trial's options and details."""
        return {"bounds": [list(one) for one in self.bounds], "priors": self.priors}

    @classmethod
    def restore(cls, described: Mapping[str, Any]) -> Self:
        """What `describe` wrote down; where nothing was, nothing is left out."""
        given = described.get(OPTION, {})
        bounds = tuple((name, side) for name, side in given.get("bounds", ()))
        return cls(bounds, given.get("priors", True))

    def of(self, problem: FitProblem) -> FitProblem:
        """The problem with its bounds moved; made once, so that it is compiled once."""
        return _moved(problem, self.bounds) if self.bounds else problem

    def beyond(self, ranges: Ranges, values: Mapping[str, float]) -> frozenset[str]:
        """Those of a problem that `values` put beyond their declared bounds, as far as known."""
        return frozenset(
            name
            for name in {name for name, _ in self.bounds} & ranges.keys() & values.keys()
            if not ranges[name][0] <= values[name] <= ranges[name][1]
        )


def pressed(boxes: Sequence[Parameter], values: Mapping[str, float]) -> list[BoundOf]:
    """Bounds at which `values` lie and which could be moved: no physical limits."""
    found: list[BoundOf] = []
    for one in boxes:
        side = None if one.fixed is not None else one.bound_at(values[one.name])
        if side is not None and _further(one, side) != getattr(one, side):
            found.append((one.name, side))
    return found


def bounded_factors(problem: FitProblem) -> list[ScaleFactor | Offset]:
    """Scale factors and offsets with a bound that could be moved."""
    every = (*problem.scale_factors, *problem.offsets)
    return [one for one in every if any(_factor_further(one, s) is not None for s in _SIDES)]


def pressed_factors(problem: FitProblem, values: Mapping[str, float]) -> list[BoundOf]:
    """Bounds at which scale factors and offsets lie, and which could be moved."""
    found: list[BoundOf] = []
    for one in bounded_factors(problem):
        for side in _SIDES:
            bound, out = getattr(one, side), _factor_further(one, side)
            if out is not None and abs(values[one.name] - bound) <= AT_BOUND * abs(out - bound):
                found.append((one.name, side))
    return found


def _factor_further(one: ScaleFactor | Offset, side: Side) -> float | None:
    """Where a bound of a factor is moved to; None where it has none, or zero and no other.

    Of a factor that is bounded on one side alone the bound itself measures the range.
    """
    bound = one.lower if side == "lower" else one.upper
    width = one.upper - one.lower if math.isfinite(one.upper - one.lower) else abs(bound)
    if not (math.isfinite(bound) and width > 0.0):
        return None
    return bound - _MOVED * width if side == "lower" else bound + _MOVED * width


def sigmas_without_priors(problem: FitProblem) -> NDArray[np.float64]:
    """Total uncertainties, shape (n_observations,), with which no prior acts."""
    sigmas = problem.data.sigmas.copy()
    sigmas[[problem.data.names.index(pull_name(name)) for name in problem.priors]] *= _BLIND
    return sigmas


@functools.lru_cache(maxsize=64)
def _moved(problem: FitProblem, bounds: tuple[BoundOf, ...]) -> FitProblem:
    parameters: list[Parameter] = []
    for one in problem.parameters:
        changes: dict[str, Any] = {
            side: _further(one, side) for name, side in bounds if name == one.name
        }
        parameters.append(dataclasses.replace(one, **changes))
    scales, offsets = (
        [
            dataclasses.replace(
                one,
                **{s: _factor_further(one, s) for name, s in bounds if name == one.name},
            )
            for one in some
        ]
        for some in (problem.scale_factors, problem.offsets)
    )
    return problem.bounded(parameters=parameters, scale_factors=scales, offsets=offsets)


def extended(one: Parameter, u: float) -> float:
    """The value at a place of the range that may lie beyond 0 or 1, up to the physical limits."""
    least, most = one.limits
    lower, upper = float(one.lower), float(one.upper)
    value = lower * (upper / lower) ** u if one.scale == "log" else lower + u * (upper - lower)
    return min(max(value, least), most)


def _further(one: Parameter, side: Side) -> float:
    """Where a bound is moved to: on a log scale by a factor, on a linear one by a step."""
    return extended(one, -_MOVED if side == "lower" else 1.0 + _MOVED)
