"""What a profile says about its parameter."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from daybreak.diagnosis.best import Best, is_minimum
from daybreak.diagnosis.bounds import at_bounds, parameters_of
from daybreak.diagnosis.curve import Curve, variation
from daybreak.diagnosis.elsewhere import other_minima, unfollowed
from daybreak.diagnosis.ends import read_ends
from daybreak.diagnosis.scatter import (
    TOLD_APART,
    TURNED_APART,
    Scatter,
    alike,
    negligible,
    of_method,
    of_model,
    of_profile,
)
from daybreak.diagnosis.set_words import elsewhere, pieces_in_words, set_in_words
from daybreak.diagnosis.study import EndReason, Interval, OtherMinimum, Profile, ProfilePoint
from daybreak.findings import FindingCode, codes
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.ends import same_chi2
from daybreak.problem.kinds import Role
from daybreak.problem.levels import level_95, level_at_limit
from daybreak.problem.origins import Why
from daybreak.problem.parameters import Parameter
from daybreak.sentences import Sentence, between, capitalised, worded

_ONE_PIECE = " Only the piece around the best fit was followed: no other would be seen."
_OPEN = frozenset(
    {
        EndReason.BOUND,
        EndReason.PHYSICAL_LIMIT,
        EndReason.SCAN_EDGE,
        EndReason.FLAT,
        EndReason.NO_FIT,
    }
)
"""Reasons of a set that goes as far as it was looked at."""
_WORSE = (
    codes.NONFINITE_REGION,
    codes.UNFINISHED,
    codes.FLAT_WITHIN_NOISE,
    codes.EDGE_MINIMUM,
)
"""Codes that are worse news than a symmetry: the profile has not even a minimum to speak of."""
_ENDED = (codes.BOUND_LIMITED, codes.PRIOR_LIMITED)
"""Codes that say what ends the set; a symmetry is why the data do not."""
_ROUNDING = 1e-15
"""What rounding does to chi2, a sum of squares, as a share of it: some units of 2.2e-16.

Nothing beside the level of 3.84, unless chi2 is of the order of 1e12.
"""
_MORE = f". {capitalised(codes.UNFINISHED.do)}."
"""What to do, behind the clause that says what is not known."""


def read_profiles(record: StudyRecord, best: Best | None) -> list[Profile]:
    """Points, minimum, 95 % set and finding code of every profile of a study.

    Where the study has not ended, those alone of which a fit has been tried.
    """
    model, tried = of_model(record) or 0.0, {name for t in record.trials for name in t.of}
    asked = record.facts.interest
    known = asked if record.state.ended else [name for name in asked if name in tried]
    return [read_profile(record, name, best, model) for name in known]


def read_profile(record: StudyRecord, name: str, best: Best | None, model: float = 0.0) -> Profile:
    """Points, minimum, 95 % set and finding code of the profile of one parameter."""
    by_value: dict[float, list[TrialRecord]] = {}
    for trial in record.trials:
        if trial.of == (name,):
            by_value.setdefault(trial.point[0], []).append(trial)
    grid = sorted({t.point[0] for t in record.trials if t.of == (name,) and t.grid})
    noise = negligible(record)
    points = [_point(record, name, value, by_value[value], noise) for value in grid]
    parameter = next(p for p in parameters_of(record.problem) if p.name == name)
    ends_only = record.facts.ends_only
    level = level_95(record.problem)
    scatter = Scatter(model, of_method([by_value[value] for value in grid], level))
    curve = _curve(by_value, parameter, best, level, ends_only=ends_only)
    if curve is not None:
        scatter = replace(scatter, profile=of_profile(curve))
        noise = max(model, _ROUNDING * curve.reference)
        curve = replace(curve, noise=max(TOLD_APART * noise, TURNED_APART * scatter.profile))
    found = _Set.read(record, curve, best)
    after = variation([point.chi2 for point in points])
    told = _code(parameter, points, curve, found, scatter)
    moving = _moving(record, name)
    if moving and told.code in _ENDED:
        told = told._replace(text=told.text + worded(" As {}, no datum does.", moving))
    elif moving and told.code not in _WORSE:
        told = _not_identifiable(parameter, moving)
    if ends_only and best is not None and not by_value:
        text = worded("the best fit had not converged before the search stopped").then(_MORE)
        told = _Told(codes.UNFINISHED, text, headed=True)
    text = told.text
    if not record.facts.relaxed:
        text += " The points were not relaxed, so the ends are interpolated between them."
    fitted = [] if curve is None else list(zip(curve.values, curve.chi2, strict=True))
    return Profile(
        parameter=name,
        unit=parameter.unit,
        minimum=_minimum(curve, name, best) if curve else None,
        chi2_min=curve.reference if curve else None,
        level=level,
        points=points,
        intervals=found.intervals,
        data_alone=found.data_alone,
        left_out=found.left_out,
        other_minima=found.other_minima,
        code=told.code,
        sentence=f"{name}: " + Sentence.of(text) if told.headed else text,
        headed=text if told.headed else "",
        before=variation([point.own for point in points]),
        after=after,
        noise=_noise(by_value, grid),
        ends_only=ends_only,
        fitted=[(value, chi2) for value, chi2 in fitted if math.isfinite(chi2)],
    )


@dataclass(frozen=True)
class _Set:
    """The 95 % set, and all that bears on its ends."""

    intervals: list[Interval]
    data_alone: list[Interval]
    left_out: list[float]
    other_minima: list[OtherMinimum]
    at_limit: float
    """Rise of chi2 at which a value at its physical limit is left out."""

    @classmethod
    def read(cls, record: StudyRecord, curve: Curve | None, best: Best | None) -> _Set:
        """The set of a profile; empty where no fit ended."""
        at_limit = level_at_limit(record.problem)
        if curve is None or best is None:
            return cls([], [], [], [], at_limit)
        intervals, alone = read_ends(record, curve, best)
        minima = other_minima(record, curve, intervals) if curve.ends_only else []
        intervals += [unfollowed(one) for one in minima if one.inside]
        intervals.sort(key=lambda one: one.lower)
        return cls(intervals, alone, curve.left_out(at_limit), minima, at_limit)


class _Told(NamedTuple):
    """A finding code and its sentence."""

    code: FindingCode
    text: str
    headed: bool = False
    """Whether the name of the parameter belongs before it, with a colon."""


def _curve(
    by_value: dict[float, list[TrialRecord]],
    parameter: Parameter,
    best: Best | None,
    level: float,
    *,
    ends_only: bool,
) -> Curve | None:
    """The lowest chi2 at every value, the best fit's own value included.

    A value off the grid at which every fit failed, between others where fits ended, is a
    refinement that failed, and tells nothing of the profile.
    """
    bests: dict[float, float] = {}
    for value, trials in by_value.items():
        fits = [t.outcome.chi2 for t in trials if t.is_end]
        if fits:
            bests[value] = min((c for c in fits if c is not None), default=math.inf)
    there = [value for value, chi2 in bests.items() if math.isfinite(chi2)]
    for value in [value for value, chi2 in bests.items() if math.isinf(chi2)]:
        between_fits = there and min(there) < value < max(there)
        if between_fits and not any(t.grid for t in by_value[value]):
            del bests[value]
    if best is None or not any(math.isfinite(chi2) for chi2 in bests.values()):
        return None
    at = best.trial.outcome.parameters[parameter.name]
    if min(bests) <= at <= max(bests):
        bests[at] = min(best.chi2, bests.get(at, best.chi2))
    values = sorted(bests)
    return Curve(values, [bests[v] for v in values], best.reference, parameter, level, ends_only)


def _minimum(curve: Curve, name: str, best: Best | None) -> float:
    """Where chi2 is lowest: at the best fit, if that lies in the scan and is as low."""
    at = None if best is None else best.trial.outcome.parameters[name]
    if at is not None and at in curve.values:
        here = curve.chi2[curve.values.index(at)]
        if same_chi2(here, min(curve.chi2)):
            return at
    return curve.lowest


def _point(
    record: StudyRecord, name: str, value: float, trials: Sequence[TrialRecord], noise: float
) -> ProfilePoint:
    fits = [t for t in trials if t.ended]
    if not fits:
        return ProfilePoint(
            value=value,
            chi2=None,
            settled=False,
            own=None,
            disagreement_before=None,
            disagreement=None,
            at_bounds=[],
            parameters={},
            scale_factors={},
            derived={},
        )
    best = min(fits, key=_chi2).outcome
    chi2 = float(best.chi2 or 0.0)
    details = next(
        (
            t.outcome.details
            for t in trials
            if t.kind.role is Role.EVALUATION and t.outcome.parameters == best.parameters
        ),
        {"factors": {}, "derived": {}},
    )
    before, after = _directions(trials, chi2)
    return ProfilePoint(
        value=value,
        chi2=chi2,
        settled=is_settled(trials, noise),
        own=min((_chi2(t) for t in fits if t.origin.why.is_own), default=None),
        disagreement_before=before,
        disagreement=after,
        at_bounds=at_bounds(record.problem, best.parameters, (name,)),
        parameters=best.parameters,
        scale_factors=details.get("factors", {}),
        derived=details.get("derived", {}),
    )


def is_settled(trials: Sequence[TrialRecord], noise: float = 0.0) -> bool:
    """Whether the lowest chi2 among the trials of one point can be relied on.

    It was found by two fits, or by the one that neighbours on two sides both ask for, and is a
    minimum (`daybreak.diagnosis.best.is_minimum`).  Where there is nothing to fit it is certain,
    and where an end was read off evaluations, one of them has tried what was foretold.
    """
    fits = [t for t in trials if t.ended]
    if not fits:
        return False
    best = min(fits, key=_chi2)
    same = [t for t in fits if alike(_chi2(t), _chi2(best), noise)]
    keys = {t.key for t in same}
    sides = {t.origin.why for t in trials if t.key in keys and t.origin.why.is_side}
    certain = not best.outcome.u or best.kind.role is Role.CONCLUSION
    found = len(same) >= 2 or len(sides) >= 2 or certain
    return found and is_minimum(best.outcome.reason, len(same))


def _directions(trials: Sequence[TrialRecord], lowest: float) -> tuple[float | None, float | None]:
    """How far fits from the two neighbours disagreed at first, and stay above in the end."""
    sides: list[list[float]] = []
    for side in (Why.LEFT, Why.RIGHT):
        there = [t for t in trials if t.origin.why is side and t.kind.role.is_end]
        found = [_chi2(t) for t in there if t.outcome.chi2 is not None]
        if found:
            sides.append(found)
    if not sides:
        return None, None
    before = abs(sides[0][0] - sides[1][0]) if len(sides) == 2 else None
    return before, max(0.0, max(side[-1] for side in sides) - lowest)


def _chi2(trial: TrialRecord) -> float:
    return float(trial.outcome.chi2 or 0.0)


def _noise(by_value: dict[float, list[TrialRecord]], grid: Sequence[float]) -> float | None:
    """Median over the grid of the spread of chi2 over the seeds of a stochastic method."""
    spreads: list[float] = []
    for value in grid:
        seeds = [
            _chi2(t)
            for t in by_value[value]
            if t.origin.why is Why.SEED and t.outcome.chi2 is not None
        ]
        if len(seeds) > 1:
            spreads.append(max(seeds) - min(seeds))
    return statistics.median(spreads) if spreads else None


def _moving(record: StudyRecord, name: str) -> str:
    """The exact symmetry that moves a parameter, as the preflight found it; empty without one."""
    return next(
        (
            one.sentence
            for one in (record.before.symmetries if record.before else ())
            if one.moves(name)
        ),
        "",
    )


def _not_identifiable(parameter: Parameter, symmetry: str) -> _Told:
    """That a symmetry moves the parameter."""
    text = worded("{} is not identifiable, as {}.", parameter.name, symmetry)
    return _Told(codes.NOT_IDENTIFIABLE_SYMMETRY, text)


def _code(
    parameter: Parameter,
    points: Sequence[ProfilePoint],
    curve: Curve | None,
    found: _Set,
    scatter: Scatter,
) -> _Told:
    """Finding code and its sentence, worst news first."""
    name, unit = parameter.name, f" {parameter.unit}" if parameter.unit else ""
    intervals = found.intervals
    if curve is None:
        return _Told(codes.NONFINITE_REGION, "no fit ended anywhere on the scan.", headed=True)
    first, last = curve.values[0], curve.values[-1]
    tail, reasons = "", {r for i in intervals for r in (i.lower_reason, i.upper_reason)}
    if EndReason.UNFINISHED in reasons:
        return _Told(codes.UNFINISHED, _unfinished(name, unit, found), headed=True)
    lost = sum(point.chi2 is None for point in points)
    loose = sum(not point.settled for point in points) - lost
    if loose:
        tail = worded(
            " {} of {} points are not settled: their lowest fit stands alone.", loose, len(points)
        )
    if lost:
        tail += worded(" At {} of {} points every fit failed.", lost, len(points))
    if scatter.hides(curve.level):
        text = scatter.in_words(curve.level)
        return _Told(codes.FLAT_WITHIN_NOISE, text + tail, headed=True)
    if not intervals:
        text = "a lower chi2 lies outside the scan, which is all above its 95 % level."
        return _Told(codes.EDGE_MINIMUM, text + tail, headed=True)
    whole = len(intervals) == 1 and reasons <= _OPEN
    if whole:
        text = worded(
            "{} is not constrained: no value on {} is worse than",
            name,
            between("[{:g}, {:g}]{}", first, last, unit),
        )
        return _Told(
            codes.NOT_CONSTRAINED, text + worded(" the best by more than the 95 % level.{}", tail)
        )
    if curve.at_edge and not curve.at_limit:
        at = curve.lowest
        what = "its bound" if at in (parameter.lower, parameter.upper) else "an end of the scan"
        text = worded(
            "the lowest chi2 is at {:g}{}, {}; it may fall further outside.", at, unit, what
        )
        return _Told(codes.EDGE_MINIMUM, text + tail, headed=True)
    code, text = set_in_words(curve, intervals, found.data_alone, found.left_out, found.at_limit)
    if curve.ends_only:
        tail += worded("{}{}", elsewhere(name, found.other_minima), _ONE_PIECE)
    tail += scatter.aside(curve.level)
    return _Told(code, text + tail)


def _unfinished(name: str, unit: str, found: _Set) -> str:
    """Which ends of the set were not found."""
    further = [one for one in found.other_minima if one.inside]
    pieces = [i for i in found.intervals if i.upper > i.lower or not further]
    missing = (
        [
            side
            for side, reason in (
                ("lower", pieces[0].lower_reason),
                ("upper", pieces[-1].upper_reason),
            )
            if reason is EndReason.UNFINISHED
        ]
        if pieces
        else ["lower", "upper"]
    )
    known = (
        worded("; seen to belong to it is {}{}", pieces_in_words(pieces), unit)
        if any(i.upper > i.lower for i in pieces)
        else ""
    )
    if further and not missing:
        text = worded(
            "only one piece of its 95 % set was followed{}.{}",
            known,
            elsewhere(name, found.other_minima),
        )
        return text.clause.then(". Ask dk.Profile for all of it.")
    which = (
        "no end" if len(missing) == 2 else f"no {missing[0]} end" if missing else "not all ends"
    )
    text = worded(
        "{} of its 95 % set was found before the search stopped{}.{}",
        which,
        known,
        elsewhere(name, found.other_minima),
    )
    return text.clause.then(_MORE)
