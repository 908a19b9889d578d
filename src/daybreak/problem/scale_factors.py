"""Scale factors and offsets: linear unknowns eliminated in closed form.

Within one group of observations with predictions y_i, data d_i and weights w_i = 1/sigma_i^2,
chi2 = sum_i w_i (s y_i + b - d_i)^2 is quadratic in the scale factor s and the offset b.

    scale alone    s = sum w d y / sum w y^2
    offset alone   b = sum w (d - y) / sum w
    both           s = sum w (y - <y>)(d - <d>) / sum w (y - <y>)^2,  b = <d> - s <y>

with <x> = sum w x / sum w. A bounded unknown takes the nearest allowed value when it is alone
(exact, because the function is a parabola); when both are there and the free optimum lies
outside, the minimum lies on an edge of the allowed rectangle, and each edge is such a parabola.
Where the data are correlated y, d and the constant 1 are whitened first.  A prior is one more
datum: of prediction 1 (or 0 for an offset) before scaling, seen as ``mean +- sigma``.

Source: variable projection, Golub and Pereyra (1973), SIAM J. Numer. Anal. 10, 413.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import ProblemError, known
from daybreak.problem.noise.continuous import Gaussian
from daybreak.problem.observations import Observations
from daybreak.problem.parameters import check_name
from daybreak.problem.priors import Normal


@dataclass(frozen=True)
class ScaleFactor:
    """A common multiplier of some predictions, eliminated in closed form (module formula).

    Parameters
    ----------
    name : str
        Name in tables and criteria.
    over : sequence of str, optional
        Observations it multiplies; all of them when left out.
    lower, upper : float
        Allowed range; unbounded by default.
    unit : str
        Unit of (observation / prediction).
    prior : Normal, optional
        Knowledge from elsewhere: ``dk.Normal(1, 0.01)`` is a shared normalisation uncertainty of
        1 % (formula in `daybreak.problem.priors`).
    """

    name: str
    over: Sequence[str] | None = None
    lower: float = -math.inf
    upper: float = math.inf
    unit: str = ""
    prior: Normal | None = None

    def __post_init__(self) -> None:
        """Refuse reversed ranges and groups without members."""
        _check(self, "scale factor")


@dataclass(frozen=True)
class Offset:
    """A common addition to some predictions, eliminated in closed form (module formula).

    Parameters are those of `ScaleFactor`; the unit is that of the observations.
    """

    name: str
    over: Sequence[str] | None = None
    lower: float = -math.inf
    upper: float = math.inf
    unit: str = ""
    prior: Normal | None = None

    def __post_init__(self) -> None:
        """Refuse reversed ranges and groups without members."""
        _check(self, "offset")


def _check(factor: ScaleFactor | Offset, kind: str) -> None:
    check_name(kind, factor.name)
    lower, upper = factor.lower, factor.upper
    prior: Any = factor.prior
    if prior is not None and not isinstance(prior, Normal):
        msg = (
            f"the prior of {kind} {factor.name!r} must be dk.Normal(mean, sigma), but got "
            f"{prior!r}; for another one make it a parameter."
        )
        raise ProblemError(msg)
    if not lower < upper:
        msg = (
            f"`lower < upper` must hold for {kind} {factor.name!r}, but got ({lower=}, {upper=})."
        )
        raise ProblemError(msg)
    if isinstance(factor.over, str):
        msg = (
            f"`over` of {kind} {factor.name!r} is a sequence of names; for a single one write "
            f"over=[{factor.over!r}]."
        )
        raise ProblemError(msg)
    if factor.over is not None and not list(factor.over):
        msg = f"{kind} {factor.name!r} acts on no observation; name some, or leave `over` out."
        raise ProblemError(msg)


@dataclass(frozen=True)
class Group:
    """Observations that share a scale factor, an offset, or both."""

    members: tuple[int, ...]
    scale: ScaleFactor | None
    offset: Offset | None
    shifted: tuple[int, ...]
    """Those of its observations that the offset is added to: not the prior of the scale factor."""


def group_factors(
    data: Observations, scales: Sequence[ScaleFactor], offsets: Sequence[Offset]
) -> tuple[Group, ...]:
    """Sort scale factors and offsets into groups of observations that do not overlap.

    Raises
    ------
    ProblemError
        When one names an unknown observation, or groups overlap without being equal.
    """
    _refuse_shared("scale factors", data, scales)
    _refuse_shared("offsets", data, offsets)
    by_members: dict[tuple[int, ...], Group] = {}
    for scale in scales:
        members = _members(data, scale)
        by_members[members] = Group(members, scale, None, members)
    for offset in offsets:
        members = _members(data, offset)
        partner = by_members.get(members)
        scale = partner.scale if partner else None
        by_members[members] = Group(members, scale, offset, members)
    for one, other in itertools.combinations(by_members, 2):
        if set(one) & set(other):
            msg = (
                "a scale factor and an offset must act on the same observations or on different "
                f"ones, but {known(data.names[i] for i in sorted(set(one) & set(other)))} "
                "belong to two groups of which neither is the other."
            )
            raise ProblemError(msg)
    for group in by_members.values():
        if group.scale and group.offset and len(group.members) < 2:
            msg = (
                f"scale factor {group.scale.name!r} and offset {group.offset.name!r} both act on "
                f"{data.names[min(group.members)]!r} alone, which cannot tell them apart; give "
                "them more observations, or leave one out."
            )
            raise ProblemError(msg)
        _refuse_other_noise(data, group)
    return tuple(by_members.values())


def with_priors(groups: Sequence[Group], rows: Mapping[str, int]) -> tuple[Group, ...]:
    """Groups to which the priors of their factors belong, observations `rows` by factor."""
    found: list[Group] = []
    for group in groups:
        scale, offset = (
            [rows[factor.name]] if factor is not None and factor.name in rows else []
            for factor in (group.scale, group.offset)
        )
        found.append(
            replace(
                group,
                members=(*group.members, *scale, *offset),
                shifted=(*group.shifted, *offset),
            )
        )
    return tuple(found)


def _refuse_other_noise(data: Observations, group: Group) -> None:
    """Elimination in closed form needs chi2 to be a parabola."""
    names = known(f.name for f in (group.scale, group.offset) if f is not None)
    mine = set(group.members)
    curved = [data.names[i] for i in group.members if not _parabola(data.data[i].noise)]
    if curved:
        msg = (
            f"{names} can be eliminated only where the noise is Gaussian, but that of "
            f"{known(curved[:3])} is not; make it a parameter, used in predict."
        )
        raise ProblemError(msg)
    known_too = any(f is not None and f.prior is not None for f in (group.scale, group.offset))
    for rows in map(set, data.unknown):
        if mine & rows and (known_too or not mine <= rows):
            msg = (
                f"{names} acts on observations whose noise is of unknown size, together with "
                "others or with a prior, so it cannot be eliminated; make it a parameter, used "
                "in predict."
            )
            raise ProblemError(msg)
    if data.covariance is not None:
        others = [i for i in range(len(data)) if i not in mine]
        if others and np.any(data.covariance[np.ix_(sorted(mine), others)] != 0.0):
            msg = (
                f"{names} acts on observations that are correlated with others, so it cannot be "
                "eliminated; let it act on all of them, or make it a parameter."
            )
            raise ProblemError(msg)


def _parabola(noise: Any) -> bool:
    return isinstance(noise, Gaussian)


def _members(data: Observations, factor: ScaleFactor | Offset) -> tuple[int, ...]:
    wanted = data.names if factor.over is None else tuple(factor.over)
    missing = [name for name in wanted if name not in data.names]
    if missing:
        msg = (
            f"{factor.name!r} acts on {known(missing)}, which is not an observation; "
            f"the observations are {known(data.names)}."
        )
        raise ProblemError(msg)
    return tuple(sorted({data.names.index(name) for name in wanted}))


def _refuse_shared(
    kind: str, data: Observations, factors: Sequence[ScaleFactor] | Sequence[Offset]
) -> None:
    for one, other in itertools.combinations(factors, 2):
        shared = sorted(set(_members(data, one)) & set(_members(data, other)))
        if shared:
            msg = (
                f"{kind} {one.name!r} and {other.name!r} both act on "
                f"{known(data.names[i] for i in shared)}; each observation can have only one."
            )
            raise ProblemError(msg)


def eliminate(
    predictions: Any,
    observed: Any,
    sigmas: Any,
    groups: Sequence[Group],
    xp: Any,
    whitening: Any = None,
) -> tuple[Any, dict[str, Any]]:
    """Apply the best scale factors and offsets.

    Parameters
    ----------
    predictions : array, shape (n_observations,)
        What the model says before scaling.
    observed, sigmas : arrays, shape (n_observations,)
        Data and their total uncertainties.
    groups : sequence of Group
    xp : module
        NumPy or `jax.numpy`.
    whitening : array, shape (n_observations, n_observations), optional
        Makes correlated residuals independent, see `Observations.whitening`.

    Returns
    -------
    scaled : array, shape (n_observations,)
    factors : dict name -> number
    """
    factors: dict[str, Any] = {}
    if not groups:  # a product and a sum that are not there must not round anything
        return predictions, factors
    count = len(observed)
    multiplier: Any = np.ones(count)
    addition: Any = np.zeros(count)
    for group in groups:
        scale, offset = _best(predictions, observed, sigmas, group, xp, whitening)
        if group.scale is not None:
            factors[group.scale.name] = scale
            multiplier = xp.where(_mask(group.members, count), scale, multiplier)
        if group.offset is not None:
            factors[group.offset.name] = offset
            addition = xp.where(_mask(group.shifted, count), offset, addition)
    return predictions * multiplier + addition, factors


def _mask(members: Sequence[int], count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, dtype=np.bool_)
    mask[list(members)] = True
    return mask


def factor_columns(
    predictions: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    groups: Sequence[Group],
    whitening: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Derivatives of the residuals by every scale factor and offset, shape (m, n_factors)."""
    columns: list[NDArray[np.float64]] = []
    count = len(sigmas)
    for group in groups:
        if group.scale is not None:
            columns.append(_mask(group.members, count) * predictions / sigmas)
        if group.offset is not None:
            columns.append(_mask(group.shifted, count) / sigmas)
    found = np.column_stack(columns) if columns else np.zeros((count, 0))
    return found if whitening is None else whitening @ found


def _best(
    predictions: Any, observed: Any, sigmas: Any, group: Group, xp: Any, whitening: Any
) -> tuple[Any, Any]:
    """Scale factor and offset of one group; 1 and 0 stand for those it does not have."""
    at = np.array(group.members)
    constant = np.isin(at, group.shifted).astype(np.float64)
    y, d, one = (part / sigmas[at] for part in (predictions[at], observed[at], constant))
    if whitening is not None:
        K = whitening[np.ix_(at, at)]
        y, d, one = (K @ part for part in (y, d, one))

    def scale_at(b: Any) -> Any:
        if group.scale is None:
            return 1.0
        s = xp.sum((d - b * one) * y) / xp.sum(y * y)
        return _clip(s, group.scale, xp)

    def offset_at(s: Any) -> Any:
        if group.offset is None:
            return 0.0
        return _clip(xp.sum(one * (d - s * y)) / xp.sum(one * one), group.offset, xp)

    if group.scale is None or group.offset is None:
        scale = scale_at(0.0)
        return scale, offset_at(scale)
    unit = one / xp.sqrt(xp.sum(one * one))
    centred = y - unit * xp.sum(unit * y)
    s = xp.sum(centred * (d - unit * xp.sum(unit * d))) / xp.sum(centred * centred)
    b = xp.sum(one * (d - s * y)) / xp.sum(one * one)
    edges = [(edge, offset_at(edge)) for edge in _finite(group.scale)]
    edges += [(scale_at(edge), edge) for edge in _finite(group.offset)]
    if not edges:
        return s, b
    inside = (_clip(s, group.scale, xp) == s) & (_clip(b, group.offset, xp) == b)
    best = edges[0]
    cost = xp.sum((best[0] * y + best[1] * one - d) ** 2)
    for edge in edges[1:]:
        other = xp.sum((edge[0] * y + edge[1] * one - d) ** 2)
        best = tuple(xp.where(other < cost, new, old) for new, old in zip(edge, best, strict=True))
        cost = xp.minimum(other, cost)
    return xp.where(inside, s, best[0]), xp.where(inside, b, best[1])


def _clip(value: Any, factor: ScaleFactor | Offset, xp: Any) -> Any:
    bounded = value if factor.lower == -math.inf else xp.maximum(value, factor.lower)
    return bounded if factor.upper == math.inf else xp.minimum(bounded, factor.upper)


def _finite(factor: ScaleFactor | Offset) -> list[float]:
    return [edge for edge in (factor.lower, factor.upper) if math.isfinite(edge)]
