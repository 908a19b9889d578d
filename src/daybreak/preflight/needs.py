"""What a criterion needs: a bar on chi2, and from it the least and largest value of a prediction.

No residual may exceed the bar on chi2, so that a prediction needs ``|y - d| <= sigma sqrt(bar)``.
Where a scale factor is eliminated only ratios count.  Two observations alone leave

    chi2(q) = |d|^2 sin^2(phi - phi_d)

with d = (d_i / sigma_i, d_j / sigma_j), phi the angle of (q / sigma_i, 1 / sigma_j) and phi_d that
of d: the ratio q = y_i / y_j must lie within ``asin(sqrt(bar) / |d|)`` of the data's.  All other
residuals, and bounds of the factor, only add to that.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from daybreak.criteria import Criterion
from daybreak.findings import Reach
from daybreak.preflight.extremes import Quantity, Range
from daybreak.preflight.probe import Probe
from daybreak.problem.arrays import Array
from daybreak.problem.fit import FitProblem
from daybreak.problem.goodness import is_tested, moments_of, square_of
from daybreak.problem.observations import Observations

MOST = 6
"""Most quantities looked at: those with the largest residuals.

A choice: each costs twice eight ascents, and no sentence names more.
"""
Needed = tuple[float | None, float | None]


def degrees_of_freedom(problem: FitProblem) -> int:
    """Data less everything fitted: factors, offsets and unknown sizes of noise included."""
    fitted = len(problem.space.free(())) + len(problem.scale_factors) + len(problem.offsets)
    fitted += len(problem.data.unknown)
    return len(problem.data) - fitted


def bounds_chi2(criterion: Criterion) -> bool:
    """Whether it asks chi2 not to be too large."""
    if criterion.quantity == "p_value":
        return criterion.at_least is not None or criterion.above is not None
    upper = criterion.at_most is not None or criterion.below is not None
    return criterion.quantity in ("chi2", "reduced_chi2") and upper


def chi2_bar(criterion: Criterion, dof: int, *, plain: bool = True) -> float | None:
    """Largest chi2 that meets a criterion; None for want of degrees of freedom.

    None too for a p value where the noise is not Gaussian (`plain` is false): what chi2 it
    belongs to depends on the predictions, see `chi2_bar_at`.

    ``p = Q(dof / 2, chi2 / 2)`` falls with chi2, hence ``chi2 = 2 Q^-1(dof / 2, p)``.
    """
    if criterion.quantity == "chi2":
        return min(bar for bar in (criterion.at_most, criterion.below) if bar is not None)
    if dof < 1 or (criterion.quantity == "p_value" and not plain):
        return None
    if criterion.quantity == "reduced_chi2":
        return dof * min(bar for bar in (criterion.at_most, criterion.below) if bar is not None)
    from scipy.special import gammainccinv

    p = max(bar for bar in (criterion.at_least, criterion.above) if bar is not None)
    return float(2.0 * gammainccinv(dof / 2, min(p, 1.0))) if p > 0 else math.inf


def chi2_bar_at(criterion: Criterion, dof: int, probe: Probe, values: Array) -> float | None:
    """The same for a p value of any noise, at the predictions of one place.

    None where nothing tests the model (formulas in `daybreak.problem.goodness`).

    Parameters
    ----------
    values : array, shape (n_free,)
        The place, in the parameters' units.
    """
    data = probe.problem.data
    u = probe.unit(dict(zip(probe.free, values.tolist(), strict=True)))[None]
    scaled, _ = probe.problem.scaled(probe.predictions(u)[0], data.values, data.sigmas, np)
    moments = moments_of(data.describe(), np.asarray(scaled).tolist())
    count = int(moments.counts.sum())
    left = dof - (len(data) - count)
    if left < 1:
        return None
    mean, variance = (float(part.sum()) * left / count for part in moments)
    if not is_tested(mean, variance):
        return None
    untested = float(np.sum(np.square(probe.residuals(u)[0][: len(data)][~moments.counts])))
    p = max(bar for bar in (criterion.at_least, criterion.above) if bar is not None)
    return untested + square_of(p, mean, variance) if p > 0 else math.inf


def quantities_of_fit(problem: FitProblem, residuals: Array) -> list[Quantity]:
    """Predictions, or ratios where a scale factor is eliminated, that decide the fit.

    Where an offset is eliminated neither means anything.

    Parameters
    ----------
    residuals : array, shape (m,)
        At the best place found; the largest ones choose what is looked at.
    """
    data, one = problem.data, 2 * len(problem.data) + len(problem.scale_factors)
    one += len(problem.offsets) + len(problem.space.free(()))
    grouped = {i for group in problem.groups for i in group.members}
    alone = _worst([i for i in range(len(data)) if i not in grouped], residuals, MOST)
    found = [_prediction(data, i, one) for i in alone]
    for group in problem.groups:
        if group.scale is not None and group.offset is None:
            found += [_ratio(data, i, j) for i, j in _pairs(group.members, data, residuals)]
    return found


def _worst(members: Sequence[int], residuals: Array, count: int) -> list[int]:
    size = np.where(np.isfinite(residuals), np.abs(residuals), math.inf)
    return sorted(sorted(members, key=lambda i: -size[i])[:count])


def _pairs(members: Sequence[int], data: Observations, residuals: Array) -> list[tuple[int, int]]:
    """Pairs (later, earlier): all of them for a few members, else the worst against the first."""
    usable = [i for i in members if data.values[i] != 0.0]
    if len(usable) * (len(usable) - 1) // 2 <= MOST:
        return [(i, j) for j, i in itertools.combinations(usable, 2)]
    return [(i, usable[0]) for i in _worst(usable[1:], residuals, MOST)]


def _prediction(data: Observations, i: int, one: int) -> Quantity:
    return Quantity(data.names[i], data.data[i].unit, i, one, float(data.values[i]))


def _ratio(data: Observations, i: int, j: int) -> Quantity:
    unit = (
        ""
        if data.data[i].unit == data.data[j].unit
        else (f"{data.data[i].unit or '1'} / {data.data[j].unit or '1'}")
    )
    target = float(data.values[i] / data.values[j])
    pair = (data.names[i], data.names[j])
    return Quantity(" / ".join(pair), unit, i, j, target, pair)


def needed(data: Observations, quantity: Quantity, bar: float) -> Needed:
    """Least and largest value with which chi2 can be at most `bar` (module formula)."""
    i, j = quantity.numerator, quantity.denominator
    if not math.isfinite(bar) or not data.data[i].noise.is_gaussian:
        return None, None
    if j >= len(data):
        away = float(data.sigmas[i]) * math.sqrt(bar)
        return quantity.target - away, quantity.target + away
    x, y = (float(data.values[k] / data.sigmas[k]) for k in (i, j))
    length = math.hypot(x, y)
    if bar >= length * length:
        return None, None
    angle, width = math.atan(x / y), math.asin(math.sqrt(bar) / length)
    unit = float(data.sigmas[i] / data.sigmas[j])
    low, high = angle - width, angle + width
    return (
        unit * math.tan(low) if low > -math.pi / 2 else None,
        unit * math.tan(high) if high < math.pi / 2 else None,
    )


def reach_of(found: Range, bars: Needed) -> Reach:
    """A range beside what is needed; reachable when they overlap."""
    lower, upper = bars
    within = (lower is None or found.high >= lower) and (upper is None or found.low <= upper)
    return Reach(
        quantity=found.quantity.name,
        ratio=found.quantity.ratio,
        unit=found.quantity.unit,
        lowest=found.low,
        highest=found.high,
        target=found.quantity.target,
        needed_lower=lower,
        needed_upper=upper,
        reachable=within,
    )


def shortfall(found: Range, bars: Needed) -> float:
    """How far the nearest value is from what is needed, on the scale of the ascent."""
    lower, upper = bars
    scale = found.up.scale
    low, high = math.asinh(found.low / scale), math.asinh(found.high / scale)
    missing = [0.0]
    if lower is not None:
        missing.append(math.asinh(lower / scale) - high)
    if upper is not None:
        missing.append(low - math.asinh(upper / scale))
    return max(missing)
