"""What a profile says about its parameter."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from daybreak.diagnosis.best import FITS, Best, profiled
from daybreak.diagnosis.bounds import at_bounds, parameters_of
from daybreak.diagnosis.curve import Curve, variation
from daybreak.diagnosis.study import Interval, Profile, ProfilePoint
from daybreak.findings import FindingCode, codes
from daybreak.ledger.records import AGAIN, StudyRecord, TrialRecord
from daybreak.problem.ends import same_chi2
from daybreak.problem.levels import level_95, level_at_limit
from daybreak.problem.parameters import Parameter

OWN = ("start", "preflight", "seed")
"""Origins of the fits that a point owes to no other."""
_MORE = "Give dk.Intervals a larger budget, what was evaluated is kept; or ask dk.Profile."
SIDES = ("left", "right", "below", "above")
"""Origins of the fits that begin at a neighbour's end."""


def read_profiles(record: StudyRecord, best: Best | None) -> list[Profile]:
    """Points, minimum, 95 % set and finding code of every profile of a study."""
    return [read_profile(record, name, best) for name in profiled(record)]


def read_profile(record: StudyRecord, name: str, best: Best | None) -> Profile:
    """Points, minimum, 95 % set and finding code of the profile of one parameter."""
    by_value: dict[float, list[TrialRecord]] = {}
    for trial in record.trials:
        if trial.of == (name,):
            by_value.setdefault(trial.point[0], []).append(trial)
    grid = sorted({t.point[0] for t in record.trials if t.of == (name,) and t.grid})
    points = [_point(record, name, value, by_value[value]) for value in grid]
    parameter = next(p for p in parameters_of(record.problem) if p.name == name)
    ends_only = record.method["method"] == "intervals"
    curve = _curve(by_value, parameter, best, level_95(record.problem), ends_only=ends_only)
    intervals = curve.intervals() if curve else []
    noise = _noise(by_value, grid)
    after = variation([point.chi2 for point in points])
    code, sentence = _code(
        parameter, points, curve, intervals, noise, level_at_limit(record.problem)
    )
    if ends_only and best is not None and not by_value:
        code = codes.UNFINISHED
        sentence = f"{name}: the best fit had not converged before the search stopped. {_MORE}"
    if not record.method.get("relax", True):
        sentence += " The points were not relaxed, so the ends are interpolated between them."
    fitted = [] if curve is None else list(zip(curve.values, curve.chi2, strict=True))
    return Profile(
        parameter=name,
        unit=parameter.unit,
        minimum=_minimum(curve, name, best) if curve else None,
        chi2_min=curve.reference if curve else None,
        level=level_95(record.problem),
        points=points,
        intervals=intervals,
        code=code,
        sentence=sentence,
        before=variation([point.own for point in points]),
        after=after,
        noise=noise,
        ends_only=ends_only,
        fitted=[(value, chi2) for value, chi2 in fitted if math.isfinite(chi2)],
    )


def _curve(
    by_value: dict[float, list[TrialRecord]],
    parameter: Parameter,
    best: Best | None,
    level: float,
    *,
    ends_only: bool,
) -> Curve | None:
    """The lowest chi2 at every value, the best fit's own value included."""
    bests: dict[float, float] = {}
    for value, trials in by_value.items():
        fits = [t.outcome.chi2 for t in trials if t.kind in FITS]
        if fits:
            bests[value] = min((c for c in fits if c is not None), default=math.inf)
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
    record: StudyRecord, name: str, value: float, trials: Sequence[TrialRecord]
) -> ProfilePoint:
    fits = [t for t in trials if t.kind in FITS and t.outcome.chi2 is not None]
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
            if t.kind == "evaluate" and t.outcome.parameters == best.parameters
        ),
        {"factors": {}, "derived": {}},
    )
    before, after = _directions(trials, chi2)
    return ProfilePoint(
        value=value,
        chi2=chi2,
        settled=is_settled(trials),
        own=min((_chi2(t) for t in fits if t.origin.startswith(OWN)), default=None),
        disagreement_before=before,
        disagreement=after,
        at_bounds=at_bounds(record.problem, best.parameters, (name,)),
        parameters=best.parameters,
        scale_factors=details.get("factors", {}),
        derived=details.get("derived", {}),
    )


def is_settled(trials: Sequence[TrialRecord]) -> bool:
    """Whether the lowest chi2 among the trials of one point can be relied on.

    It was found by two fits, or by the one that neighbours on two sides both ask for, and the best
    of them converged.  Where there is nothing to fit it is certain, and where an end was read off
    evaluations, one of them has tried what was foretold.
    """
    fits = [t for t in trials if t.kind in FITS and t.outcome.chi2 is not None]
    if not fits:
        return False
    best = min(fits, key=_chi2)
    same = [t for t in fits if same_chi2(_chi2(t), _chi2(best))]
    keys = {t.key for t in same}
    sides = {t.origin for t in trials if t.key in keys and t.origin in SIDES}
    certain = not best.outcome.u or best.kind == "conclude"
    return (len(same) >= 2 or len(sides) >= 2 or certain) and best.outcome.reason.converged


def _directions(trials: Sequence[TrialRecord], lowest: float) -> tuple[float | None, float | None]:
    """How far fits from the two neighbours disagreed at first, and stay above in the end."""
    sides: list[list[float]] = []
    for side in ("left", "right"):
        there = [t for t in trials if t.origin == side and t.kind in (*FITS, AGAIN)]
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
            if t.origin.startswith("seed") and t.outcome.chi2 is not None
        ]
        if len(seeds) > 1:
            spreads.append(max(seeds) - min(seeds))
    return statistics.median(spreads) if spreads else None


def _code(
    parameter: Parameter,
    points: Sequence[ProfilePoint],
    curve: Curve | None,
    intervals: Sequence[Interval],
    noise: float | None,
    at_limit: float,
) -> tuple[FindingCode, str]:
    """Finding code and its sentence, worst news first."""
    name, unit = parameter.name, f" {parameter.unit}" if parameter.unit else ""
    if curve is None:
        return codes.NONFINITE_REGION, f"{name}: no fit ended anywhere on the scan."
    first, last = curve.values[0], curve.values[-1]
    tail, reasons = "", {r for i in intervals for r in (i.lower_reason, i.upper_reason)}
    if "unfinished" in reasons:
        return codes.UNFINISHED, _unfinished(name, unit, intervals)
    lost = sum(point.chi2 is None for point in points)
    loose = sum(not point.settled for point in points) - lost
    if loose:
        tail = f" {loose} of {len(points)} points are not settled: their lowest fit stands alone."
    if lost:
        tail += f" At {lost} of {len(points)} points every fit failed."
    if noise is not None and curve.range <= noise and not same_chi2(noise, 0.0):
        text = (
            f"{name}: chi2 varies by {curve.range:.3g} along the scan, less than the {noise:.3g} "
            "by which the seeds of the method differ: the profile is flat within noise, and its "
            "minimum means nothing."
        )
        return codes.FLAT_WITHIN_NOISE, f"{text}{tail}"
    if not intervals:
        text = f"{name}: a lower chi2 lies outside the scan, which is all above its 95 % level."
        return codes.EDGE_MINIMUM, f"{text}{tail}"
    whole = len(intervals) == 1 and not intervals[0].lower_closed and not intervals[0].upper_closed
    if whole:
        text = f"{name} is not constrained: no value on [{first:g}, {last:g}]{unit} is worse than"
        return codes.NOT_CONSTRAINED, f"{text} the best by more than the 95 % level.{tail}"
    if curve.at_edge and not curve.at_limit:
        at = curve.lowest
        what = "its bound" if at in (parameter.lower, parameter.upper) else "an end of the scan"
        text = f"{name}: the lowest chi2 is at {at:g}{unit}, {what}"
        return codes.EDGE_MINIMUM, f"{text}; it may fall further outside.{tail}"
    code, text = _set_in_words(parameter, curve, intervals, at_limit)
    return code, f"{text}{tail}"


def _unfinished(name: str, unit: str, intervals: Sequence[Interval]) -> str:
    """Which ends of the set were not found."""
    missing = [
        side
        for side, reason in (
            ("lower", intervals[0].lower_reason),
            ("upper", intervals[-1].upper_reason),
        )
        if reason == "unfinished"
    ]
    which = (
        "no end" if len(missing) == 2 else f"no {missing[0]} end" if missing else "not all ends"
    )
    wide = intervals[-1].upper > intervals[0].lower
    known = f"; seen to belong to it is {_piece(intervals[0])}{unit}" if wide else ""
    return f"{name}: {which} of its 95 % set was found before the search stopped{known}. {_MORE}"


def _set_in_words(
    parameter: Parameter, curve: Curve, intervals: Sequence[Interval], at_limit: float
) -> tuple[FindingCode, str]:
    """What ends the 95 % set."""
    name, unit = parameter.name, f" {parameter.unit}" if parameter.unit else ""
    pieces = " and ".join(map(_piece, intervals)) + unit
    reasons = {reason for i in intervals for reason in (i.lower_reason, i.upper_reason)}
    if reasons == {"data", "physical limit"}:
        return codes.ONE_SIDED, _one_sided(name, pieces, curve, at_limit)
    if reasons != {"data"}:
        return codes.BOUND_LIMITED, _limited(name, pieces, intervals)
    if len(intervals) > 1:
        text = f"the 95 % set of {name} is {len(intervals)} separate intervals"
        return codes.SEVERAL_INTERVALS, f"{text}: {pieces}."
    return codes.IDENTIFIED, f"{name} lies in {pieces} at 95 %, both ends set by the data."


def _piece(interval: Interval) -> str:
    """An interval with as many digits as its width asks for, six at least."""
    low, high = interval.lower, interval.upper
    share = (high - low) / max(abs(low), abs(high), 1e-300)
    digits = 6 if share <= 0.0 else min(17, max(6, 3 - math.floor(math.log10(share))))
    return f"[{low:.{digits}g}, {high:.{digits}g}]"


def _one_sided(name: str, pieces: str, curve: Curve, at_limit: float) -> str:
    """A limit from one side, and whether the physical limit itself is left out."""
    ends = {curve.values[0]: curve.chi2[0], curve.values[-1]: curve.chi2[-1]}
    text = f"{name} lies in {pieces} at 95 %, ended by the data and by its physical limit"
    for value, chi2 in ends.items():
        rise = chi2 - curve.reference
        if value in curve.parameter.limits and at_limit < rise <= curve.level:
            text += (
                f"; {value:g} itself is left out: chi2 is {rise:.3g} higher there, and "
                f"{at_limit:.4g} is enough at a limit"
            )
    return f"{text}."


def _limited(name: str, pieces: str, intervals: Sequence[Interval]) -> str:
    """Why the data do not end the set."""
    reasons = {r for i in intervals for r in (i.lower_reason, i.upper_reason)} - {"data"}
    text = f"{name} lies in {pieces} at 95 %, but "
    if reasons == {"flat"}:
        return f"{text}the profile flattens below the level, so the set has no end on that side."
    if "no fit" in reasons:
        return f"{text}no fit ends beyond, so the data do not end the set there."
    others = " and a ".join(sorted(reasons - {"flat"}))
    flat = " (and it is flat on the other side)" if "flat" in reasons else ""
    return f"{text}a {others} ends the set, not the data{flat}."
