"""Scale factors and offsets: linear unknowns eliminated in closed form.

Within one group of observations with predictions y_i, data d_i and weights w_i = 1/sigma_i^2,
chi2 = sum_i w_i (s y_i + b - d_i)^2 is quadratic in the scale factor s and the offset b.

    scale alone    s = sum w d y / sum w y^2
    offset alone   b = sum w (d - y) / sum w
    both           s = sum w (y - <y>)(d - <d>) / sum w (y - <y>)^2,  b = <d> - s <y>

with <x> = sum w x / sum w. A bounded unknown takes the nearest allowed value when it is alone
(exact, because the function is a parabola); when both are there and the free optimum lies
outside, the minimum lies on an edge of the allowed rectangle, and each edge is such a parabola.

Source: variable projection, Golub and Pereyra (1973), SIAM J. Numer. Anal. 10, 413.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import ProblemError, known
from daybreak.problem.observations import Observations
from daybreak.problem.parameters import check_name


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
    """

    name: str
    over: Sequence[str] | None = None
    lower: float = -math.inf
    upper: float = math.inf
    unit: str = ""

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

    def __post_init__(self) -> None:
        """Refuse reversed ranges and groups without members."""
        _check(self, "offset")


def _check(factor: ScaleFactor | Offset, kind: str) -> None:
    check_name(kind, factor.name)
    lower, upper = factor.lower, factor.upper
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
        by_members[members] = Group(members, scale, None)
    for offset in offsets:
        members = _members(data, offset)
        partner = by_members.get(members)
        by_members[members] = Group(members, partner.scale if partner else None, offset)
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
    return tuple(by_members.values())


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
    predictions: Any, observed: Any, sigmas: Any, groups: Sequence[Group], xp: Any
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
        member = np.zeros(count, dtype=np.bool_)
        member[list(group.members)] = True
        scale, offset = _best(predictions, observed, sigmas, group, xp)
        if group.scale is not None:
            factors[group.scale.name] = scale
            multiplier = xp.where(member, scale, multiplier)
        if group.offset is not None:
            factors[group.offset.name] = offset
            addition = xp.where(member, offset, addition)
    return predictions * multiplier + addition, factors


def factor_columns(
    predictions: NDArray[np.float64], sigmas: NDArray[np.float64], groups: Sequence[Group]
) -> NDArray[np.float64]:
    """Derivatives of the residuals by every scale factor and offset, shape (m, n_factors)."""
    columns: list[NDArray[np.float64]] = []
    for group in groups:
        member = np.zeros(len(sigmas))
        member[list(group.members)] = 1.0
        if group.scale is not None:
            columns.append(member * predictions / sigmas)
        if group.offset is not None:
            columns.append(member / sigmas)
    return np.column_stack(columns) if columns else np.zeros((len(sigmas), 0))


def _best(predictions: Any, observed: Any, sigmas: Any, group: Group, xp: Any) -> tuple[Any, Any]:
    """Scale factor and offset of one group; 1 and 0 stand for those it does not have."""
    at = np.array(group.members)
    y, d = predictions[at], observed[at]
    w = 1.0 / sigmas[at] ** 2

    def scale_at(b: Any) -> Any:
        if group.scale is None:
            return 1.0
        s = xp.sum(w * (d - b) * y) / xp.sum(w * y * y)
        return _clip(s, group.scale, xp)

    def offset_at(s: Any) -> Any:
        if group.offset is None:
            return 0.0
        return _clip(xp.sum(w * (d - s * y)) / w.sum(), group.offset, xp)

    if group.scale is None or group.offset is None:
        scale = scale_at(0.0)
        return scale, offset_at(scale)
    centred = y - xp.sum(w * y) / w.sum()
    s = xp.sum(w * centred * (d - xp.sum(w * d) / w.sum())) / xp.sum(w * centred * centred)
    b = xp.sum(w * (d - s * y)) / w.sum()
    edges = [(edge, offset_at(edge)) for edge in _finite(group.scale)]
    edges += [(scale_at(edge), edge) for edge in _finite(group.offset)]
    if not edges:
        return s, b
    inside = (_clip(s, group.scale, xp) == s) & (_clip(b, group.offset, xp) == b)
    best = edges[0]
    cost = xp.sum(w * (best[0] * y + best[1] - d) ** 2)
    for edge in edges[1:]:
        other = xp.sum(w * (edge[0] * y + edge[1] - d) ** 2)
        best = tuple(xp.where(other < cost, new, old) for new, old in zip(edge, best, strict=True))
        cost = xp.minimum(other, cost)
    return xp.where(inside, s, best[0]), xp.where(inside, b, best[1])


def _clip(value: Any, factor: ScaleFactor | Offset, xp: Any) -> Any:
    bounded = value if factor.lower == -math.inf else xp.maximum(value, factor.lower)
    return bounded if factor.upper == math.inf else xp.minimum(bounded, factor.upper)


def _finite(factor: ScaleFactor | Offset) -> list[float]:
    return [edge for edge in (factor.lower, factor.upper) if math.isfinite(edge)]
