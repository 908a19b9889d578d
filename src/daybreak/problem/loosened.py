"""A problem with bounds moved or priors left out: what questions the end of an interval.

An end of a 95 % set is held by the bound of a nuisance when it moves with that bound, and by a
prior when the data alone do not end the set on that side.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.parameters import Parameter
from daybreak.problem.priors import pull_name

if TYPE_CHECKING:
    from daybreak.problem.fit import FitProblem

Side = Literal["lower", "upper"]
BoundOf = tuple[str, Side]
"""A bound: whose, and on which side."""
MOVES = 0.01
"""Share of an interval's width by which an end may move and still be called settled.

A choice: of a 95 % interval a hundredth is 0.04 standard errors.
"""
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

    def beyond(self, boxes: Sequence[Parameter], values: Mapping[str, float]) -> frozenset[str]:
        """Parameters that `values` put beyond their declared bounds."""
        moved = {name for name, _ in self.bounds}
        return frozenset(
            one.name
            for one in boxes
            if one.name in moved and not one.lower <= values[one.name] <= one.upper
        )


def pressed(boxes: Sequence[Parameter], values: Mapping[str, float]) -> list[BoundOf]:
    """Bounds at which `values` lie and which could be moved: no physical limits."""
    found: list[BoundOf] = []
    for one in boxes:
        side = None if one.fixed is not None else one.bound_at(values[one.name])
        if side is not None and _further(one, side) != getattr(one, side):
            found.append((one.name, side))
    return found


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
    return dataclasses.replace(problem, parameters=parameters)


def _further(one: Parameter, side: Side) -> float:
    """Where a bound is moved to: on a log scale by a factor, on a linear one by a step."""
    least, most = one.limits
    lower, upper = float(one.lower), float(one.upper)
    if one.scale == "log":
        factor = (upper / lower) ** _MOVED
        out = lower / factor if side == "lower" else upper * factor
    else:
        step = _MOVED * (upper - lower)
        out = lower - step if side == "lower" else upper + step
    return min(max(out, least), most)
