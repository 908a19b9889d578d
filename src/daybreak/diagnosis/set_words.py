"""The 95 % set of a profile in words: its pieces, and what ends it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from daybreak.diagnosis.curve import Curve
from daybreak.diagnosis.study import EndReason, Interval, OtherMinimum
from daybreak.findings import FindingCode, codes
from daybreak.sentences import between, joined, worded


def set_in_words(
    curve: Curve,
    intervals: Sequence[Interval],
    data_alone: Sequence[Interval],
    left_out: Sequence[float],
    at_limit: float,
) -> tuple[FindingCode, str]:
    """The code of a set that ends somewhere, and the sentence that says what ends it."""
    name = curve.parameter.name
    unit = f" {curve.parameter.unit}" if curve.parameter.unit else ""
    reasons = {reason for i in intervals for reason in (i.lower_reason, i.upper_reason)}
    shown = pieces_in_words(intervals) + unit
    lies = worded("{} lies in {} at 95 %", name, shown)
    narrowed = _narrowed(intervals, pieces_in_words(data_alone) + unit)
    if not reasons <= {EndReason.DATA, EndReason.PHYSICAL_LIMIT}:
        only = reasons <= {EndReason.DATA, EndReason.PHYSICAL_LIMIT, EndReason.PRIOR}
        code = codes.PRIOR_LIMITED if only else codes.BOUND_LIMITED
        return code, worded("{}, but {}.", lies, _limited(intervals))
    if EndReason.PHYSICAL_LIMIT in reasons:
        text = worded("{}, ended by the data and by its physical limit{}", lies, narrowed)
        return codes.ONE_SIDED, worded("{}{}.", text, _left_out(curve, left_out, at_limit))
    if len(intervals) > 1:
        text = worded("the 95 % set of {} is {} separate intervals", name, len(intervals))
        text = worded("{}: {}{}.", text, shown, narrowed)
        return codes.SEVERAL_INTERVALS, text
    return codes.IDENTIFIED, worded("{}, both ends set by the data{}.", lies, narrowed)


def pieces_in_words(intervals: Sequence[Interval]) -> str:
    """The pieces of a set, without their unit."""
    return joined(" and ", map(_piece, intervals))


def _piece(interval: Interval) -> str:
    """An interval with as many digits as its width asks for, six at least."""
    low, high = interval.lower, interval.upper
    share = (high - low) / max(abs(low), abs(high), 1e-300)
    digits = 6 if share <= 0.0 else min(17, max(6, 3 - math.floor(math.log10(share))))
    return between(f"[{{:.{digits}g}}, {{:.{digits}g}}]", low, high)


def elsewhere(name: str, minima: Sequence[OtherMinimum]) -> str:
    """Other minima that were seen where only the ends of the set around one were sought."""
    told = (
        worded(
            "{} = {:.6g}, {:.3g} higher in chi2{}",
            name,
            one.value,
            one.rise,
            ", which belongs to the set" if one.inside else "",
        )
        for one in minima[:_SHOWN]
    )
    more = worded(" and {} more", len(minima) - _SHOWN) if len(minima) > _SHOWN else ""
    what = "Another minimum was" if len(minima) == 1 else "Other minima were"
    return worded(" {} seen at {}{}.", what, joined("; ", told), more) if minima else ""


_SHOWN = 3
"""Other minima that a sentence names; a choice, the rest is in the data."""


def _left_out(curve: Curve, values: Sequence[float], at_limit: float) -> str:
    """That a physical limit itself does not belong to the set."""
    return joined(
        "",
        (
            worded(
                "; {:g} itself is left out: chi2 is {:.3g} higher there, and {:.4g} is "
                "enough at a limit",
                value,
                curve.chi2[curve.values.index(value)] - curve.reference,
                at_limit,
            )
            for value in values
        ),
    )


def _narrowed(intervals: Sequence[Interval], alone: str) -> str:
    """Whose priors make a set narrower that the data close."""
    names = sorted(
        {
            name
            for i in intervals
            for reason, of in ((i.lower_reason, i.lower_of), (i.upper_reason, i.upper_of))
            if reason is EndReason.DATA
            for name in of
        }
    )
    if not names:
        return ""
    what = worded("the {} of {}", "prior" if len(names) == 1 else "priors", joined(", ", names))
    return worded("; {} moves them: the data alone give {}", what, alone)


def _limited(intervals: Sequence[Interval]) -> str:
    """Why the data do not end a set, as a clause; at least that none does."""
    ends = [
        end
        for i in intervals
        for end in ((i.lower_reason, i.lower_of), (i.upper_reason, i.upper_of))
    ]
    reasons = {reason for reason, _ in ends} - {EndReason.DATA}
    if not reasons:
        return "no datum ends the set"
    if reasons == {EndReason.FLAT}:
        return "the profile is flat up to its bound, so the data do not end the set on that side"
    if EndReason.NO_FIT in reasons:
        return "every fit failed next to an end, so the data do not end the set there"
    plain = {EndReason.BOUND, EndReason.PHYSICAL_LIMIT, EndReason.SCAN_EDGE} & reasons
    holders = [f"a {reason}" for reason in sorted(plain)]
    several = len(holders) > 1
    for reason, what in ((EndReason.NUISANCE, "bound"), (EndReason.PRIOR, "prior")):
        held = [of for why, of in ends if why is reason]
        names = sorted({name for of in held for name in of})
        # Two ends that one nuisance holds are held by two of its bounds, but by one prior.
        count = max(len(names), len(held)) if reason is EndReason.NUISANCE else len(names)
        if names:
            holders.append(f"the {what}{'s' if count > 1 else ''} of {' and '.join(names)}")
            several |= count > 1 or len(holders) > 1
    flat = " (and it is flat on the other side)" if EndReason.FLAT in reasons else ""
    verb = "end" if several else "ends"
    return worded("{} {} the set, not the data{}", joined(" and ", holders), verb, flat)
