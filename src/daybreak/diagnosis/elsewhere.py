"""Minima seen elsewhere, where only the piece of a 95 % set around the best fit was followed."""

from __future__ import annotations

from collections.abc import Sequence

from daybreak.diagnosis.best import shared_fits
from daybreak.diagnosis.curve import Curve
from daybreak.diagnosis.study import EndReason, Interval, OtherMinimum
from daybreak.ledger.records import StudyRecord
from daybreak.problem.ends import distinct
from daybreak.problem.loosened import MOVES


def other_minima(
    record: StudyRecord, curve: Curve, intervals: Sequence[Interval]
) -> list[OtherMinimum]:
    """Minima over all parameters that lie outside every piece, lowest first."""
    name, place = curve.parameter.name, curve.parameter.unit_from
    known = [(place(i.lower), place(i.upper)) for i in intervals]
    near = MOVES * max((high - low for low, high in known), default=0.0)
    found: list[OtherMinimum] = []
    for end in distinct([t.outcome for t in shared_fits(record) if t.outcome.reason.converged]):
        value, rise = end.parameters[name], max(0.0, float(end.chi2 or 0.0) - curve.reference)
        u = place(value)
        if not any(low - near <= u <= high + near for low, high in known):
            found.append(OtherMinimum(value=value, rise=rise, inside=rise <= curve.level))
            known.append((u, u))
    return found


def unfollowed(one: OtherMinimum) -> Interval:
    """The piece of the set around another minimum, of which no end is known."""
    return Interval(
        lower=one.value,
        upper=one.value,
        lower_closed=False,
        upper_closed=False,
        lower_reason=EndReason.UNFINISHED,
        upper_reason=EndReason.UNFINISHED,
    )
