r"""How far chi2 may rise along a profile at a given probability: the thresholds of intervals.

Where the size of the noise is known, differences of chi2 follow the chi2 distribution with as many
degrees of freedom as there are parameters of interest (Wilks 1938, Ann. Math. Stat. 9, 60), so
that 95 % for one parameter is 3.8415.  Where one unknown size is common to all n data, of which k
numbers are fitted, ``-2 log L = n log(chi2)`` up to a constant and for q parameters

    level = n log(1 + q F / (n - k)),

F the quantile of Fisher's distribution with q and n - k degrees of freedom: exact for a model
that is linear in its parameters, and Wilks's for many data.
A value at a physical limit is left out sooner.  The best fit cannot lie beyond the limit, so there
chi2 rises above its lowest in half of all data sets only, and 95 % is where chi2 with one degree
of freedom has 90 %: 2.7055.
Source: Chernoff (1954), Ann. Math. Stat. 25, 573 (limits); Bates and Watts (1988), Nonlinear
Regression Analysis, sections 2.2 and 6.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from daybreak.problem.ends import LEVEL_95, LEVELS_2D
from daybreak.problem.noise.kinds import is_unknown

LEVEL_AT_LIMIT = 2.705543454
"""90 % quantile of chi2 with one degree of freedom (module formula, Chernoff 1954)."""

NEGLIGIBLE = 0.01
"""Share of the level by which evaluations of one place may differ and nothing is withheld.

On a parabola ``chi2 = z^2`` with ends at ``z^2 = L`` an end then moves by 0.25 % of the interval's
width, and the lowest place by 5 % of it at most, as ``z = sqrt(0.01 L)``: half of what a knob may.
"""


def unknown_sizes(observations: Sequence[Mapping[str, Any]]) -> int:
    """Number of groups whose noise has an unknown size."""
    return len({datum["group"] for datum in observations if is_unknown(datum)})


def level_95(described: Mapping[str, Any]) -> float:
    """Rise of chi2 at 95 % for one parameter, of a problem as plain data (module formula)."""
    return _level(described, 0.95, 1) or LEVEL_95


def level_at_limit(described: Mapping[str, Any]) -> float:
    """Rise of chi2 at which a value at its physical limit is left out at 95 %."""
    return _level(described, 0.90, 1) or LEVEL_AT_LIMIT


def square_95(described: Mapping[str, Any]) -> float:
    """The same in squares of the standard error, for a quantity that is linear in what is fitted.

    Equal to `level_95` but where one size of noise is unknown, ``chi2 = n log(1 + z^2 / n)``.
    """
    level, n = _level(described, 0.95, 1), len(described["observations"])
    return LEVEL_95 if level is None else n * math.expm1(level / n)


def levels_2d(described: Mapping[str, Any]) -> dict[float, float]:
    """Rise of chi2 by joint probability of two parameters."""
    return {p: _level(described, p, 2) or wilks for p, wilks in LEVELS_2D.items()}


def _level(described: Mapping[str, Any], probability: float, count: int) -> float | None:
    """The module formula; None where Wilks's level is to be used."""
    data = described["observations"]
    if unknown_sizes(data) != 1 or not all(map(is_unknown, data)):
        return None
    factors = len(described["scale_factors"]) + len(described["offsets"])
    free = sum(one["fixed"] is None for one in described["parameters"])
    left = len(data) - free - factors
    if left < 1:
        return None
    from scipy.special import fdtri

    quantile = float(fdtri(count, left, probability))
    return len(data) * math.log1p(count * quantile / left)
