"""What the numerics and the assumed uncertainties do to an answer.

Refined knobs: with the order p of a knob's error and the factor c of its refinement, the error of
the value in use is ``d c^p / (c^p - 1)``, d being the difference that refining makes; without p it
is d itself.  Source: Richardson (1911), Philos. Trans. R. Soc. A 210, 307.

Scaled model uncertainties: where the best fit goes when the model is trusted more or less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from daybreak.diagnosis.best import Best
from daybreak.diagnosis.study import KnobShift, Profile, ScaledFit
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.ends import MODEL_SCALES, same_chi2
from daybreak.problem.origins import Why
from daybreak.problem.outcomes import Outcome


def read_scales(record: StudyRecord, best: Best | None) -> list[ScaledFit]:
    """Best fits with the model uncertainty multiplied, in order; empty where there is none."""
    ends: dict[Any, list[Outcome]] = {}
    for trial in record.trials:
        if trial.origin.why is Why.SIGMA and trial.outcome.chi2 is not None:
            ends.setdefault(trial.origin.which, []).append(trial.outcome)
    if best is None or not ends:
        return []
    here = best.trial.outcome.parameters
    found = {scale: _nearest(outcomes, here) for scale, outcomes in ends.items()}
    found[1.0] = best.trial.outcome
    return [
        ScaledFit(
            scale=scale,
            chi2=float(found[scale].chi2 or 0.0),
            parameters=found[scale].parameters,
            shifts={n: v - here[n] for n, v in found[scale].parameters.items()},
        )
        for scale in MODEL_SCALES
        if scale in found
    ]


def _nearest(ends: Sequence[Outcome], here: Mapping[str, float]) -> Outcome:
    """Of the lowest ends, which may be mirror images, the one nearest to the best fit."""
    chi2 = min(float(end.chi2 or 0.0) for end in ends)
    lowest = [end for end in ends if same_chi2(float(end.chi2 or 0.0), chi2)]
    sizes = {n: max(abs(v), 1e-300) for n, v in here.items()}
    return min(
        lowest, key=lambda end: max(abs(end.parameters[n] - v) / sizes[n] for n, v in here.items())
    )


def read_knobs(record: StudyRecord, profiles: Sequence[Profile]) -> list[KnobShift]:
    """What refining each knob changes at the best fit and at the ends of the intervals."""
    knobs = {knob["name"]: knob for knob in record.problem["knobs"]}
    at_best: dict[str, KnobShift] = {}
    found: list[KnobShift] = []
    refined = [
        t
        for t in record.trials
        if t.origin.why is Why.REFINE and not (t.outcome.failed or t.again)
    ]
    for trial in refined:
        if not trial.of:
            knob = knobs[trial.origin.which]
            at_best[knob["name"]] = _at_best(record, knob, trial.outcome)
            found.append(at_best[knob["name"]])
    last = {(t.origin.which, t.of, _end_of(t)): t for t in refined if t.of}
    for trial in last.values():
        knob = knobs[trial.origin.which]
        profile = next((p for p in profiles if p.parameter == trial.of[0]), None)
        if profile is not None and knob["name"] in at_best:
            shift = _at_end(record, knob, trial, profile, at_best[knob["name"]])
            found += [] if shift is None else [shift]
    return found


def _end_of(trial: TrialRecord) -> float:
    """The end that a refined fit beside it is about."""
    return float(trial.outcome.details.get("end", trial.point[0]))


def _richardson(knob: Mapping[str, Any], value: Any) -> float:
    """Factor from the difference that refining makes to the error of the value in use."""
    order, refined = knob["order"], knob["refined"]
    numbers = all(isinstance(v, (int, float)) and v > 0 for v in (value, refined))
    if order is None or not numbers:
        return 1.0
    c = max(refined / value, value / refined)
    return 1.0 / (1.0 - c**-order)


def _shift(
    record: StudyRecord,
    knob: Mapping[str, Any],
    at: str,
    chi2: float,
    parameters: Mapping[str, float],
) -> KnobShift:
    value = record.settings[knob["name"]]
    factor = _richardson(knob, value)
    return KnobShift(
        knob=knob["name"],
        value=value,
        refined=knob["refined"],
        at=at,
        chi2=factor * chi2,
        parameters={n: factor * v for n, v in parameters.items()},
        order=knob["order"],
    )


def _at_best(record: StudyRecord, knob: Mapping[str, Any], outcome: Outcome) -> KnobShift:
    details = outcome.details
    fixed = {p["name"] for p in record.problem["parameters"] if p["fixed"] is not None}
    shifts = {n: v for n, v in details["shifts"].items() if n not in fixed}
    chi2 = details["chi2_after"] - details["chi2_before"]
    return _shift(record, knob, "best fit", chi2, shifts)


def _at_end(
    record: StudyRecord,
    knob: Mapping[str, Any],
    trial: TrialRecord,
    profile: Profile,
    best: KnobShift,
) -> KnobShift | None:
    """Where an end of the 95 % set would be: on a parabola through a fit near it and the minimum.

    end' = best' + (value - best') sqrt(level / (chi2'(value) - chi2'(best')))
    """
    value, details, name = trial.point[0], trial.outcome.details, trial.of[0]
    ends = [
        (abs(end - _end_of(trial)), side, end)
        for piece in profile.intervals
        for side, end in (("lower", piece.lower), ("upper", piece.upper))
    ]
    if not ends or profile.minimum is None or profile.chi2_min is None:
        return None
    _, side, end = min(ends)
    factor = _richardson(knob, record.settings[knob["name"]])
    moved = profile.minimum + best.parameters.get(name, 0.0) / factor
    rise = details["chi2_after"] - (profile.chi2_min + best.chi2 / factor)
    if rise <= 0.0:
        return None
    after = moved + (value - moved) * math.sqrt(profile.level / rise)
    return _shift(record, knob, f"{side} end of {name}", best.chi2 / factor, {name: after - end})
