"""What a careful reader of a fit would object to; `daybreak.diagnosis.diagnose` lists these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daybreak.diagnosis.study import Profile, ScaledFit, Study
from daybreak.findings import Finding, codes
from daybreak.ledger.records import StudyRecord
from daybreak.problem.ends import MISSED

WORST_P, BEST_P = 0.01, 0.99
"""P values outside this range speak of tension, or of uncertainties that are too large."""
RESOLVED = 0.1
"""A knob whose refinement moves an answer by more than this share of its interval matters."""
_CEILING = 0.9
"""A chi2 above this share of its ceiling explains next to nothing."""


def tension(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Whether model and data disagree, in total, for a group, or with all that constants say."""
    p, found = study.metrics.p_value, study.tension
    if p is not None and p < WORST_P:
        text = f"the data reject the model (p = {p:.2g})."
        yield Finding(code=codes.TENSION, sentence=text)
    if p is not None and p > BEST_P:
        text = (
            f"the fit is better than the uncertainties allow (p = {p:.4f}): they may be too large."
        )
        yield Finding(code=codes.TENSION, severity="note", sentence=text)
    if found is None:
        return
    for group in found.groups:
        if group.p_value is not None and group.p_value < WORST_P:
            text = (
                f"the group {group.group!r} is in tension with the rest: chi2 = {group.chi2:.4g} "
                f"for {group.degrees_of_freedom:.3g} degrees of freedom (p = {group.p_value:.2g})."
            )
            yield Finding(code=codes.TENSION, sentence=text)
    if found.share is not None and found.share > _CEILING:
        how = "worse" if found.share > 1.0 else "hardly better"
        text = (
            f"the model does {how} than a constant: chi2 is {100 * found.share:.4g} % of what "
            "one constant for each group of observations gives."
        )
        yield Finding(code=codes.TENSION, sentence=text)


def basins(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Whether a lower minimum may have been missed, and where fits ended at none."""
    ends, missed = study.ends, study.missed
    lowest = ends[0] if ends else None
    if lowest is not None and lowest.kind in ("saddle or plateau", "not converged"):
        text = f"the lowest end of the fits is not to be relied on; {lowest.sentence}"
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, sentence=text)
    if missed is not None and missed > MISSED:
        text = (
            f"about {100 * missed:.2g} % of further starts would lead to a minimum not seen so "
            "far, perhaps a better one; use more starts."
        )
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, sentence=text)
    stopped = sum(end.hits for end in ends if end.kind == "not converged")
    if stopped:
        text = f"{_fits(stopped)} stopped before converging; a second method goes further down."
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, severity="note", sentence=text)
    false = [end for end in ends if end.kind == "saddle or plateau"]
    if false:
        hits = sum(end.hits for end in false)
        text = (
            f"{_fits(hits)} ended where chi2 is stationary but not a minimum (saddle or plateau)."
        )
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, severity="note", sentence=text)


def _fits(count: int) -> str:
    return "one fit" if count == 1 else f"{count} fits"


_BAD = (
    codes.EDGE_MINIMUM,
    codes.FLAT_WITHIN_NOISE,
    codes.NONFINITE_REGION,
    codes.BOUND_LIMITED,
    codes.UNFINISHED,
)
"""Codes of profiles that are objections to the study as well."""


def profiles(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Profiles that say nothing sure of their parameter, and points that are not settled."""
    for profile in study.profiles:
        yield from _profile(profile)


def _profile(profile: Profile) -> Iterator[Finding]:
    if profile.code in _BAD:
        yield Finding(code=profile.code, parameter=profile.parameter, sentence=profile.sentence)
    if profile.code in (codes.FLAT_WITHIN_NOISE, codes.NONFINITE_REGION):
        return
    lost = [point.value for point in profile.points if point.chi2 is None]
    if lost:
        text = (
            f"every fit failed at {_listed(lost)}, points of the profile of {profile.parameter}."
        )
        yield Finding(code=codes.NONFINITE_REGION, parameter=profile.parameter, sentence=text)
    loose = [p.value for p in profile.points if not p.settled and p.chi2 is not None]
    if loose:
        text = f"profile points of {profile.parameter} not settled at {_listed(loose)}."
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, parameter=profile.parameter, sentence=text)


def _listed(values: Sequence[float]) -> str:
    more = " and others" if len(values) > 5 else ""
    return ", ".join(f"{value:g}" for value in values[:5]) + more


def moves(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """The minimum leaves its own interval when the model uncertainty is scaled."""
    for profile in study.profiles:
        yield from _moves(profile, study.model_scales)


def _moves(profile: Profile, scales: Sequence[ScaledFit]) -> Iterator[Finding]:
    name, at = profile.parameter, profile.minimum
    if at is None or not scales:
        return
    piece = next((i for i in profile.intervals if i.lower <= at <= i.upper), None)
    if piece is None or not (piece.lower_closed and piece.upper_closed):
        return
    out = [
        s
        for s in scales
        if not any(i.lower <= s.parameters[name] <= i.upper for i in profile.intervals)
    ]
    if out:
        far = max(out, key=lambda s: abs(s.shifts[name]))
        text = (
            f"the minimum of {name} leaves its 95 % interval when the model uncertainty is "
            f"scaled: {at:.6g} becomes {far.parameters[name]:.6g} at {far.scale:g} times."
        )
        yield Finding(code=codes.MOVES_WITH_MODEL_UNCERTAINTY, parameter=name, sentence=text)


def knobs(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """A refined knob that moves the best fit or an end of an interval by too much."""
    for shift in study.knobs:
        for profile in study.profiles:
            moved = shift.parameters.get(profile.parameter, 0.0)
            closed = [i for i in profile.intervals if i.lower_closed and i.upper_closed]
            width = max((i.upper - i.lower for i in closed), default=None)
            if width is not None and abs(moved) > RESOLVED * width:
                text = (
                    f"refining {shift.knob} from {shift.value} to {shift.refined} moves the "
                    f"{shift.at} of {profile.parameter} by {moved:.3g}, "
                    f"{100 * abs(moved) / width:.3g} % of its 95 % interval."
                    if shift.at == "best fit"
                    else f"refining {shift.knob} from {shift.value} to {shift.refined} moves the "
                    f"{shift.at} by {moved:.3g}, {100 * abs(moved) / width:.3g} % of the interval."
                )
                yield Finding(
                    code=codes.UNRESOLVED_KNOB, parameter=profile.parameter, sentence=text
                )


def early_end(_: Study, record: StudyRecord) -> Iterator[Finding]:
    """Why a study ended before its method was through."""
    if record.note:
        yield Finding(code=codes.STOPPED_EARLY, sentence=record.note)
