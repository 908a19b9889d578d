"""What a careful reader would object to: general findings about a study, with their codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daybreak.diagnosis.study import FitEnd, KnobShift, Metrics, Profile, ScaledFit, Tension
from daybreak.findings import Finding, Severity
from daybreak.problem.ends import MISSED

WORST_P, BEST_P = 0.01, 0.99
"""P values outside this range speak of tension, or of uncertainties that are too large."""
RESOLVED = 0.1
"""A knob whose refinement moves an answer by more than this share of its interval matters."""
_CEILING = 0.9
"""A chi2 above this share of its ceiling explains next to nothing."""


def read_findings(
    metrics: Metrics,
    tension: Tension | None,
    ends: Sequence[FitEnd],
    missed: float | None,
    profiles: Sequence[Profile],
    scales: Sequence[ScaledFit],
    knobs: Sequence[KnobShift],
) -> list[Finding]:
    """Every objection to one study, warnings first."""
    found = [
        *_tension(metrics, tension),
        *_basins(ends, missed),
        *(found for profile in profiles for found in _profile(profile)),
        *(found for profile in profiles for found in _moves(profile, scales)),
        *_knobs(knobs, profiles),
    ]
    return sorted(found, key=lambda one: one.severity != "warning")


def early_end(note: str | None) -> list[Finding]:
    """Why a study ended before its method was through."""
    return [_finding("stopped_early", "note", note)] if note else []


def _finding(
    code: str, severity: Severity, sentence: str, parameter: str | None = None
) -> Finding:
    return Finding(code=code, severity=severity, parameter=parameter, sentence=sentence)


def _tension(metrics: Metrics, tension: Tension | None) -> Iterator[Finding]:
    p = metrics.p_value
    if p is not None and p < WORST_P:
        text = f"the data reject the model (p = {p:.2g})."
        yield _finding("tension", "warning", text)
    if p is not None and p > BEST_P:
        text = (
            f"the fit is better than the uncertainties allow (p = {p:.4f}): they may be too large."
        )
        yield _finding("tension", "note", text)
    if tension is None:
        return
    for group in tension.groups:
        if group.p_value is not None and group.p_value < WORST_P:
            text = (
                f"the group {group.group!r} is in tension with the rest: chi2 = {group.chi2:.4g} "
                f"for {group.degrees_of_freedom:.3g} degrees of freedom (p = {group.p_value:.2g})."
            )
            yield _finding("tension", "warning", text)
    if tension.share is not None and tension.share > _CEILING:
        how = "worse" if tension.share > 1.0 else "hardly better"
        text = (
            f"the model does {how} than a constant: chi2 is {100 * tension.share:.4g} % of what "
            "one constant for each group of observations gives."
        )
        yield _finding("tension", "warning", text)


def _basins(ends: Sequence[FitEnd], missed: float | None) -> Iterator[Finding]:
    lowest = ends[0] if ends else None
    if lowest is not None and lowest.kind in ("saddle or plateau", "not converged"):
        text = f"the lowest end of the fits is not to be relied on; {lowest.sentence}"
        yield _finding("missed_basin_possible", "warning", text)
    if missed is not None and missed > MISSED:
        text = (
            f"about {100 * missed:.2g} % of further starts would lead to a minimum not seen so "
            "far, perhaps a better one; use more starts."
        )
        yield _finding("missed_basin_possible", "warning", text)
    stopped = sum(end.hits for end in ends if end.kind == "not converged")
    if stopped:
        text = f"{_fits(stopped)} stopped before converging; a second method goes further down."
        yield _finding("missed_basin_possible", "note", text)
    false = [end for end in ends if end.kind == "saddle or plateau"]
    if false:
        hits = sum(end.hits for end in false)
        text = (
            f"{_fits(hits)} ended where chi2 is stationary but not a minimum (saddle or plateau)."
        )
        yield _finding("missed_basin_possible", "note", text)


def _fits(count: int) -> str:
    return "one fit" if count == 1 else f"{count} fits"


def _profile(profile: Profile) -> Iterator[Finding]:
    bad = ("edge_minimum", "flat_within_noise", "nonfinite_region", "bound_limited", "unfinished")
    if profile.code in bad:
        yield _finding(profile.code, "warning", profile.sentence, profile.parameter)
    if profile.code in ("flat_within_noise", "nonfinite_region"):
        return
    lost = [point.value for point in profile.points if point.chi2 is None]
    if lost:
        text = (
            f"every fit failed at {_listed(lost)}, points of the profile of {profile.parameter}."
        )
        yield _finding("nonfinite_region", "warning", text, profile.parameter)
    loose = [p.value for p in profile.points if not p.settled and p.chi2 is not None]
    if loose:
        text = f"profile points of {profile.parameter} not settled at {_listed(loose)}."
        yield _finding("missed_basin_possible", "warning", text, profile.parameter)


def _listed(values: Sequence[float]) -> str:
    more = " and others" if len(values) > 5 else ""
    return ", ".join(f"{value:g}" for value in values[:5]) + more


def _moves(profile: Profile, scales: Sequence[ScaledFit]) -> Iterator[Finding]:
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
        text = (
            f"the minimum of {name} leaves its 95 % interval when the model uncertainty is "
            f"scaled: {at:.6g} becomes {far.parameters[name]:.6g} at {far.scale:g} times."
        )
        yield _finding("moves_with_model_uncertainty", "warning", text, name)


def _knobs(knobs: Sequence[KnobShift], profiles: Sequence[Profile]) -> Iterator[Finding]:
    for shift in knobs:
        for profile in profiles:
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
                yield _finding("unresolved_knob", "warning", text, profile.parameter)
