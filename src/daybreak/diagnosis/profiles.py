"""What a profile says about its parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from daybreak.diagnosis.best import fits_of
from daybreak.diagnosis.bounds import at_bounds, parameters_of
from daybreak.diagnosis.study import Interval, Profile, ProfilePoint
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.ends import LEVEL_95, crossings, same_chi2

Reason = Literal["data", "bound", "scan edge"]


@dataclass(frozen=True)
class _Curve:
    """The lowest chi2 at every value tried, sorted by value."""

    values: list[float]
    chi2: list[float]

    @property
    def lowest(self) -> int:
        return min(range(len(self.chi2)), key=self.chi2.__getitem__)


def read_profile(record: StudyRecord) -> Profile | None:
    """Points, minimum, 95 % set and finding code of a profile; None for other methods."""
    if record.method["method"] != "profile":
        return None
    name = str(record.method["parameter"])
    by_point: dict[float, list[TrialRecord]] = {}
    for trial in record.trials:
        if trial.point is not None:
            by_point.setdefault(trial.point, []).append(trial)
    grid = sorted({t.point for t in record.trials if t.grid and t.point is not None})
    points = [_point(record, name, value, by_point[value]) for value in grid]
    bests: dict[float, float] = {}
    for trial in fits_of(record):
        if trial.point is not None:
            chi2 = float(trial.outcome.chi2 or 0.0)
            bests[trial.point] = min(chi2, bests.get(trial.point, chi2))
    values = sorted(bests)
    curve = _Curve(values, [bests[v] for v in values])
    parameter = next(p for p in parameters_of(record.problem) if p.name == name)
    intervals = _intervals(curve, (parameter.lower, parameter.upper)) if values else []
    code, sentence = _code(name, points, curve, intervals)
    return Profile(
        parameter=name, unit=parameter.unit,
        minimum=curve.values[curve.lowest] if values else None,
        chi2_min=curve.chi2[curve.lowest] if values else None,
        points=points, intervals=intervals, code=code, sentence=sentence,
    )  # fmt: skip


def _point(
    record: StudyRecord, name: str, value: float, trials: Sequence[TrialRecord]
) -> ProfilePoint:
    fits = [t.outcome for t in trials if t.kind == "fit" and t.outcome.chi2 is not None]
    if not fits:
        return ProfilePoint(
            value=value, chi2=None, settled=False, at_bounds=[], parameters={},
            scale_factors={}, derived={},
        )  # fmt: skip
    best = min(fits, key=lambda o: o.chi2 or 0.0)
    chi2 = float(best.chi2 or 0.0)
    hits = sum(same_chi2(o.chi2 or 0.0, chi2) for o in fits)
    details = next(
        (t.outcome.details for t in trials
         if t.kind == "evaluate" and t.outcome.parameters == best.parameters),
        {"factors": {}, "derived": {}},
    )  # fmt: skip
    return ProfilePoint(
        value=value, chi2=chi2, settled=hits >= 2 and best.reason.converged,
        at_bounds=at_bounds(record.problem, best.parameters, (name,)),
        parameters=best.parameters, scale_factors=details.get("factors", {}),
        derived=details.get("derived", {}),
    )  # fmt: skip


def _intervals(curve: _Curve, bounds: tuple[float, float]) -> list[Interval]:
    """The connected pieces of the set where chi2 <= chi2_min + 3.8415."""
    level = min(curve.chi2) + LEVEL_95
    found = crossings(curve.values, curve.chi2, level)
    # Between two crossings the set is either all in or all out; an end without one is open.
    ends: list[tuple[float, Reason]] = [(c.root, "data") for c in found]
    if curve.chi2[0] <= level:
        ends.insert(0, (curve.values[0], _edge(curve.values[0], bounds[0])))
    if curve.chi2[-1] <= level:
        ends.append((curve.values[-1], _edge(curve.values[-1], bounds[1])))
    return [
        Interval(
            lower=low, upper=high, lower_closed=low_reason == "data",
            upper_closed=high_reason == "data", lower_reason=low_reason, upper_reason=high_reason,
        )
        for (low, low_reason), (high, high_reason) in zip(ends[::2], ends[1::2], strict=True)
    ]  # fmt: skip


def _edge(value: float, bound: float) -> Reason:
    return "bound" if value == bound else "scan edge"


def _code(
    name: str, points: Sequence[ProfilePoint], curve: _Curve, intervals: Sequence[Interval]
) -> tuple[str, str]:
    """Finding code and its sentence, worst news first."""
    if not intervals:
        return "nonfinite_region", f"{name}: no fit ended anywhere on the scan."
    first, last = curve.values[0], curve.values[-1]
    lowest = curve.values[curve.lowest]
    tail = ""
    if any(not point.settled for point in points):
        loose = sum(not point.settled for point in points)
        tail = f" {loose} of {len(points)} points are not settled: their lowest fit stands alone."
    whole = len(intervals) == 1 and not intervals[0].lower_closed and not intervals[0].upper_closed
    if whole:
        text = f"{name} is not constrained: no value on [{first:g}, {last:g}] is worse than the"
        return "not_constrained", f"{text} best by more than the 95 % level.{tail}"
    if lowest in (first, last):
        text = f"{name}: the lowest chi2 is at {lowest:g}, an end of the scan"
        return "edge_minimum", f"{text}; it may fall further outside.{tail}"
    pieces = " and ".join(f"[{i.lower:.6g}, {i.upper:.6g}]" for i in intervals)
    if any(not (i.lower_closed and i.upper_closed) for i in intervals):
        reasons = sorted(
            {r for i in intervals for r in (i.lower_reason, i.upper_reason)} - {"data"}
        )
        text = f"{name} lies in {pieces} at 95 %, but a {' and a '.join(reasons)} ends the set"
        return "bound_limited", f"{text}, not the data.{tail}"
    if len(intervals) > 1:
        text = f"the 95 % set of {name} is {len(intervals)} separate intervals"
        return "several_intervals", f"{text}: {pieces}.{tail}"
    return "identified", f"{name} lies in {pieces} at 95 %, both ends set by the data.{tail}"
