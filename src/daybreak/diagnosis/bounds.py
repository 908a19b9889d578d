"""Which parameters sit at a bound, and how far a best value is from the end of its scan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from daybreak.diagnosis.study import AtBound
from daybreak.problem.parameters import Parameter
from daybreak.problem.priors import restore


def parameters_of(problem: Mapping[str, Any]) -> list[Parameter]:
    """The parameters of a recorded problem."""
    described: Sequence[dict[str, Any]] = problem["parameters"]
    found = ({**data, "prior": restore(data["prior"])} for data in described)
    return [Parameter(**cast("dict[str, Any]", data)) for data in found]


def at_bounds(
    problem: Mapping[str, Any], values: Mapping[str, float], skip: Sequence[str] = ()
) -> list[AtBound]:
    """Parameters within 1e-6 of their range from a bound, in order.

    Fixed parameters and those in `skip` (the profiled one) were put where they are, and do not
    count; nor does a bound that is a physical limit, which nobody chose.
    """
    found: list[AtBound] = []
    for parameter in parameters_of(problem):
        if parameter.fixed is not None or parameter.name in skip:
            continue
        side = parameter.bound_at(values[parameter.name])
        if side is not None:
            bound = parameter.lower if side == "lower" else parameter.upper
            if bound not in parameter.limits:
                found.append(AtBound(parameter=parameter.name, side=side, bound=bound))
    return found


def edge_distance(
    value: float, scan: Sequence[float], limits: tuple[float, float] = (-math.inf, math.inf)
) -> float:
    """Distance of `value` from the nearer end of the scan, in the parameter's unit.

    An end that is a physical limit is none; infinite where both are.
    """
    ends = [end for end in (scan[0], scan[-1]) if end not in limits]
    return min((abs(value - end) for end in ends), default=math.inf)
