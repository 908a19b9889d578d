"""What a careful reader of a fit would object to; `daybreak.diagnosis.diagnose` lists these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daybreak.diagnosis.study import Profile, ScaledFit, Study
from daybreak.diagnosis.unsettled import that_matter
from daybreak.diagnosis.withheld import WORST_P, rejected
from daybreak.findings import Finding, codes
from daybreak.ledger.records import StudyRecord
from daybreak.problem.ends import MISSED
from daybreak.sentences import between, joined, p_in_words, worded

BEST_P = 0.99
"""P values above this, or below `WORST_P`, speak of uncertainties too large, or of tension.

The usual 1 %: of a hundred good fits one at either end is named without a fault.
"""
RESOLVED = 0.1
"""A knob whose refinement moves an answer by more than this share of its interval matters.

A tenth of a 95 % interval is 0.39 standard errors: 7 % more, in quadrature.
"""
_CEILING = 0.9
"""A chi2 above this share of its ceiling is hardly better than a constant.

A choice: the model then explains a tenth of what the data vary by.
"""


def tension(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Whether model and data disagree, in total, for a group, or with all that constants say."""
    p, found = study.metrics.p_value, study.tension
    if p is not None and p < WORST_P:
        text = worded("{}.", rejected(study, p_in_words(p)))
        yield Finding(code=codes.TENSION, sentence=text)
    if p is not None and p > BEST_P:
        text = worded(
            "the fit is better than the uncertainties allow (p = {:.4f}): they may be too large.",
            p,
        )
        yield Finding(code=codes.TENSION, severity="note", sentence=text)
    if found is None:
        return
    for group in found.groups:
        if group.p_value is not None and group.p_value < WORST_P:
            text = worded(
                "{} in tension with the rest: chi2 = {:.4g} for {:.3g} degrees of freedom ({}).",
                worded("the group {!r} is", group.group)
                if group.group
                else "the observations without a group are",
                group.chi2,
                group.degrees_of_freedom,
                p_in_words(group.p_value),
            )
            yield Finding(code=codes.TENSION, sentence=text, withholds=[])
    if found.share is not None and found.share > _CEILING:
        yield _hardly_better(found.share, fits=p is not None and p >= WORST_P)


def _hardly_better(share: float, *, fits: bool) -> Finding:
    """What follows where constants do as well: of a good fit that they suffice, else tension."""
    how = "worse" if share > 1.0 else "hardly better"
    text = worded(
        "the model does {} than a constant: chi2 is {:.4g} % of what one "
        "constant for each group of observations gives",
        how,
        100 * share,
    )
    if fits:
        text = worded("{}, and the fit is good: these data hardly need the model.", text)
        return Finding(code=codes.CONSTANT_SUFFICES, sentence=text)
    return Finding(code=codes.TENSION, sentence=worded("{}.", text), withholds=[])


def basins(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Whether a lower minimum may have been missed, and where fits ended at none."""
    ends, missed = study.ends, study.missed
    lowest = ends[0] if ends else None
    if lowest is not None and lowest.kind in ("saddle or plateau", "not converged"):
        text = worded("the lowest end of the fits is not to be relied on; {}", lowest.sentence)
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, sentence=text)
    if missed is not None and missed > MISSED:
        text = worded(
            "about {:g} % of further starts would lead to a minimum not seen so "
            "far, perhaps a better one; use more starts.",
            float(f"{100 * missed:.2g}"),  # 1e+02 is 100
        )
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, sentence=text)
    stopped = sum(end.hits for end in ends if end.kind == "not converged")
    if stopped:
        text = worded(
            "{} stopped before converging; a second method goes further down.", _fits(stopped)
        )
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, severity="note", sentence=text)
    false = [end for end in ends if end.kind == "saddle or plateau"]
    if false:
        hits = sum(end.hits for end in false)
        text = worded(
            "{} ended where chi2 is stationary but not a minimum (saddle or plateau).", _fits(hits)
        )
        yield Finding(code=codes.MISSED_BASIN_POSSIBLE, severity="note", sentence=text)


def _fits(count: int) -> str:
    return "one fit" if count == 1 else worded("{} fits", count)


_BAD = (
    codes.EDGE_MINIMUM,
    codes.FLAT_WITHIN_NOISE,
    codes.NONFINITE_REGION,
    codes.BOUND_LIMITED,
    codes.PRIOR_LIMITED,
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
        text = worded(
            "every fit failed at {}, points of the profile of {}.",
            _listed(lost),
            profile.parameter,
        )
        yield Finding(
            code=codes.NONFINITE_REGION,
            parameter=profile.parameter,
            sentence=text,
            withholds=[],  # where the 95 % set meets them the profile's own code says so
        )
    yield from _unsettled(profile)


def _unsettled(profile: Profile) -> Iterator[Finding]:
    """Points that rest on one fit: those that could change the 95 % set, and the others."""
    near = [point.value for point in that_matter(profile)]
    loose = [p.value for p in profile.points if not p.settled and p.chi2 is not None]
    far = [value for value in loose if value not in near]
    if near:
        text = worded(
            "points of the profile of {} at or near its 95 % set are not settled, at {}",
            profile.parameter,
            _listed(near),
        ).then("; {}.", codes.NOT_SETTLED.do)
        yield Finding(code=codes.NOT_SETTLED, parameter=profile.parameter, sentence=text)
    if far:
        text = worded(
            "points of the profile of {} far above its 95 % level are not settled, at {}; they "
            "do not touch the set.",
            profile.parameter,
            _listed(far),
        )
        yield Finding(
            code=codes.MISSED_BASIN_POSSIBLE,
            severity="note",
            parameter=profile.parameter,
            sentence=text,
        )


def islands(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Maps whose joint region is in several pieces."""
    for found in study.maps:
        if found.code is not None:
            yield Finding(code=found.code, sentence=found.sentence)


def _listed(values: Sequence[float]) -> str:
    more = " and others" if len(values) > 5 else ""
    return joined(", ", (worded("{:g}", value) for value in values[:5])) + more


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
        text = worded(
            "the minimum of {} leaves its 95 % interval when the model uncertainty "
            "is scaled: {:.6g} becomes {:.6g} at {:g} times.",
            name,
            at,
            far.parameters[name],
            far.scale,
        )
        yield Finding(code=codes.MOVES_WITH_MODEL_UNCERTAINTY, parameter=name, sentence=text)


def knobs(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """A refined knob that moves the best fit or an end of an interval by too much."""
    for shift in study.knobs:
        for profile in study.profiles:
            moved = shift.parameters.get(profile.parameter, 0.0)
            width = max((i.upper - i.lower for i in profile.intervals), default=None)
            if width is not None and abs(moved) > RESOLVED * width:
                text = (
                    worded(
                        "refining {} {} moves the {} of {} by {:.3g}, {:.3g} % of its "
                        "95 % interval.",
                        shift.knob,
                        between("from {} to {}", shift.value, shift.refined),
                        shift.at,
                        profile.parameter,
                        moved,
                        100 * abs(moved) / width,
                    )
                    if shift.at == "best fit"
                    else worded(
                        "refining {} {} moves the {} by {:.3g}, {:.3g} % of the interval.",
                        shift.knob,
                        between("from {} to {}", shift.value, shift.refined),
                        shift.at,
                        moved,
                        100 * abs(moved) / width,
                    )
                )
                yield Finding(
                    code=codes.UNRESOLVED_KNOB, parameter=profile.parameter, sentence=text
                )


def early_end(_: Study, record: StudyRecord) -> Iterator[Finding]:
    """Why a study ended before its method was through."""
    if record.note:
        yield Finding(code=codes.STOPPED_EARLY, sentence=record.note)
