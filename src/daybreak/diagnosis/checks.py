"""What a careful reader would object to: general findings about a study, with their codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daybreak.diagnosis.study import FitEnd, KnobShift, Metrics, Profile, ScaledFit, Tension
from daybreak.findings import Check, Severity
from daybreak.problem.ends import MISSED
from daybreak.sentences import between, joined, worded

WORST_P, BEST_P = 0.01, 0.99
"""P values outside this range speak of tension, or of uncertainties that are too large."""
RESOLVED = 0.1
"""A knob whose refinement moves an answer by more than this share of its interval matters."""
_CEILING = 0.9
"""A chi2 above this share of its ceiling explains next to nothing."""


def read_checks(
    metrics: Metrics,
    tension: Tension | None,
    ends: Sequence[FitEnd],
    missed: float | None,
    profiles: Sequence[Profile],
    scales: Sequence[ScaledFit],
    knobs: Sequence[KnobShift],
) -> list[Check]:
    """Every objection to one study, warnings first."""
    found = [
        *_tension(metrics, tension),
        *_basins(ends, missed),
        *(check for profile in profiles for check in _profile(profile)),
        *(check for profile in profiles for check in _moves(profile, scales)),
        *_knobs(knobs, profiles),
    ]
    return sorted(found, key=lambda check: check.severity != "warning")


def early_end(note: str | None) -> list[Check]:
    """Why a study ended before its method was through."""
    return [_check("stopped_early", "note", note)] if note else []


def _check(code: str, severity: Severity, sentence: str, parameter: str | None = None) -> Check:
    return Check(code=code, severity=severity, parameter=parameter, sentence=sentence)


def _tension(metrics: Metrics, tension: Tension | None) -> Iterator[Check]:
    p = metrics.p_value
    if p is not None and p < WORST_P:
        text = worded("the data reject the model (p = {:.2g}).", p)
        yield _check("tension", "warning", text)
    if p is not None and p > BEST_P:
        text = worded(
            "the fit is better than the uncertainties allow (p = {:.4f}): they may be too large.",
            p,
        )
        yield _check("tension", "note", text)
    if tension is None:
        return
    for group in tension.groups:
        if group.p_value is not None and group.p_value < WORST_P:
            text = worded(
                "the group {!r} is in tension with the rest: chi2 = {:.4g} for {:.3g} "
                "degrees of freedom (p = {:.2g}).",
                group.group,
                group.chi2,
                group.degrees_of_freedom,
                group.p_value,
            )
            yield _check("tension", "warning", text)
    if tension.share is not None and tension.share > _CEILING:
        how = "worse" if tension.share > 1.0 else "hardly better"
        text = worded(
            "the model does {} than a constant: chi2 is {:.4g} % of what one "
            "constant for each group of observations gives.",
            how,
            100 * tension.share,
        )
        yield _check("tension", "warning", text)


def _basins(ends: Sequence[FitEnd], missed: float | None) -> Iterator[Check]:
    lowest = ends[0] if ends else None
    if lowest is not None and lowest.kind in ("saddle or plateau", "not converged"):
        text = worded("the lowest end of the fits is not to be relied on; {}", lowest.sentence)
        yield _check("missed_basin_possible", "warning", text)
    if missed is not None and missed > MISSED:
        text = worded(
            "about {:.2g} % of further starts would lead to a minimum not seen so "
            "far, perhaps a better one; use more starts.",
            100 * missed,
        )
        yield _check("missed_basin_possible", "warning", text)
    stopped = sum(end.hits for end in ends if end.kind == "not converged")
    if stopped:
        text = worded(
            "{} stopped before converging; a second method goes further down.", _fits(stopped)
        )
        yield _check("missed_basin_possible", "note", text)
    false = [end for end in ends if end.kind == "saddle or plateau"]
    if false:
        hits = sum(end.hits for end in false)
        text = worded(
            "{} ended where chi2 is stationary but not a minimum (saddle or plateau).", _fits(hits)
        )
        yield _check("missed_basin_possible", "note", text)


def _fits(count: int) -> str:
    return "one fit" if count == 1 else worded("{} fits", count)


def _profile(profile: Profile) -> Iterator[Check]:
    bad = ("edge_minimum", "flat_within_noise", "nonfinite_region", "bound_limited", "unfinished")
    if profile.code in bad:
        yield _check(profile.code, "warning", profile.sentence, profile.parameter)
    if profile.code in ("flat_within_noise", "nonfinite_region"):
        return
    lost = [point.value for point in profile.points if point.chi2 is None]
    if lost:
        text = worded(
            "every fit failed at {}, points of the profile of {}.",
            _listed(lost),
            profile.parameter,
        )
        yield _check("nonfinite_region", "warning", text, profile.parameter)
    loose = [p.value for p in profile.points if not p.settled and p.chi2 is not None]
    if loose:
        text = worded("profile points of {} not settled at {}.", profile.parameter, _listed(loose))
        yield _check("missed_basin_possible", "warning", text, profile.parameter)


def _listed(values: Sequence[float]) -> str:
    more = " and others" if len(values) > 5 else ""
    return joined(", ", (worded("{:g}", value) for value in values[:5])) + more


def _moves(profile: Profile, scales: Sequence[ScaledFit]) -> Iterator[Check]:
    """The minimum leaves its own interval when the model uncertainty is scaled."""
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
        yield _check("moves_with_model_uncertainty", "warning", text, name)


def _knobs(knobs: Sequence[KnobShift], profiles: Sequence[Profile]) -> Iterator[Check]:
    for shift in knobs:
        for profile in profiles:
            moved = shift.parameters.get(profile.parameter, 0.0)
            closed = [i for i in profile.intervals if i.lower_closed and i.upper_closed]
            width = max((i.upper - i.lower for i in closed), default=None)
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
                yield _check("unresolved_knob", "warning", text, profile.parameter)
