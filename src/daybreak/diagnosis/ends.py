"""What holds the ends of a 95 % set, from trials with bounds moved or priors left out.

An end is the data's unless such a trial says otherwise (`daybreak.methods.end_checks` makes them):

* 1 % of the width beyond the end, on the parameter's scale, chi2 is within the level once bounds
  of nuisances are moved, or 1 % inside it no longer is, because the lowest chi2 has fallen: the
  nuisances end the set that went beyond their bounds there, as few as do it;
* without priors nothing ends the set on that side, or a further piece of it lies there: the priors
  end it whose pulls differ from those at the best fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from daybreak.diagnosis.best import Best
from daybreak.diagnosis.bounds import parameters_of
from daybreak.diagnosis.curve import Curve
from daybreak.diagnosis.study import EndReason, Interval
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.kinds import LOOSENED
from daybreak.problem.loosened import FACTORS, MOVES, BoundOf, Loosening, Ranges, Side
from daybreak.problem.parameters import Parameter
from daybreak.problem.priors import GROUP, pull_name

_ACTS = 0.01
"""A prior acts on an end where its pull differs by this share of the level from the best fit's.

A choice, as for `MOVES`: what is less moves an end by half a per cent of its distance.
"""


class _Trial(NamedTuple):
    """A fit with something left out."""

    what: Loosening
    record: TrialRecord

    @property
    def chi2(self) -> float:
        """Where it ended."""
        return float(self.record.outcome.chi2 or 0.0)

    @property
    def value(self) -> float:
        """Of the parameter of interest, which was held."""
        return self.record.point[0]

    def beyond(self, ranges: Ranges) -> frozenset[str]:
        """What went beyond its declared bounds."""
        outcome = self.record.outcome
        return self.what.beyond(ranges, {**outcome.parameters, **outcome.details.get(FACTORS, {})})


def read_ends(
    record: StudyRecord, curve: Curve, best: Best
) -> tuple[list[Interval], list[Interval]]:
    """The set of a profile, each end with what holds it; and that of the data alone, if known."""
    name = curve.parameter.name
    made = [
        _Trial(Loosening.restore(t.outcome.details), t)
        for t in record.trials
        if t.kind == LOOSENED and t.outcome.chi2 is not None and t.of in ((), (name,))
    ]
    ranges = _ranges(record.problem)
    wide = [trial for trial in made if trial.what.priors]
    told = _held_by_bounds(curve.intervals(), wide, curve, ranges)
    alone = _without_priors(made, curve, ranges)
    if alone:
        acting = _Acting(record, curve, best)
        told = [_held_by_priors(one, told, alone, acting) for one in told]
    return told, alone


def _ranges(problem: Mapping[str, Any]) -> Ranges:
    """Declared bounds of everything that may be a nuisance."""
    every = (*problem["parameters"], *problem["scale_factors"], *problem["offsets"])
    return {
        one["name"]: (
            -math.inf if one["lower"] is None else one["lower"],
            math.inf if one["upper"] is None else one["upper"],
        )
        for one in every
    }


# -- bounds of nuisances ---------------------------------------------------------------------


def _held_by_bounds(
    intervals: Sequence[Interval],
    made: Sequence[_Trial],
    curve: Curve,
    ranges: Ranges,
) -> list[Interval]:
    """The set with every end renamed that moves with bounds of nuisances."""
    movers = _sought_again if curve.ends_only else _movers
    wide = [trial for trial in made if trial.what.bounds]
    found: list[Interval] = []
    for one in intervals:
        renamed = one
        for side, _, reason in _sides(one):
            if reason is EndReason.DATA and (names := movers(one, side, wide, curve, ranges)):
                renamed = _renamed(renamed, side, EndReason.NUISANCE, names)
        found.append(renamed)
    return found


def _sought_again(
    one: Interval,
    side: Side,
    wide: Sequence[_Trial],
    curve: Curve,
    ranges: Ranges,
) -> list[str]:
    """Nuisances with whose bounds an end moves that was sought again; none where it stays."""
    place, end = curve.parameter.unit_from, _end(one, side)
    loose = _curve(wide, curve)
    pieces = loose.intervals() if loose else []
    if not pieces:
        return []
    there = _end(_nearest(pieces, end), side)
    if abs(place(there) - place(end)) <= MOVES * (place(one.upper) - place(one.lower)):
        return []
    at_best = [trial for trial in wide if not trial.record.of]
    beside = sorted(
        (trial for trial in wide if trial.record.of), key=lambda trial: abs(trial.value - there)
    )
    return sorted({name for trial in (*beside[:1], *at_best) for name in trial.beyond(ranges)})


def _movers(
    one: Interval,
    side: Side,
    wide: Sequence[_Trial],
    curve: Curve,
    ranges: Ranges,
) -> list[str]:
    """Nuisances with whose bounds an end moves, by the trials 1 % beside it; none where not."""
    place, sign = curve.parameter.unit_from, 1.0 if side == "upper" else -1.0
    at, width = place(_end(one, side)), place(one.upper) - place(one.lower)
    beside = [
        (trial, ahead)
        for trial in wide
        if trial.record.of
        for ahead in [sign * (place(trial.value) - at) / (MOVES * width)]
        if 0.5 < abs(ahead) < 1.5  # 1, rounding aside
    ]
    out = [
        names
        for bounds in {trial.what.bounds for trial, _ in beside}
        for names in _past(bounds, wide, beside, curve, ranges)
    ]
    fewest = min(map(len, out), default=0)
    return sorted({name for names in out if len(names) == fewest for name in names})


def _past(
    bounds: Sequence[BoundOf],
    wide: Sequence[_Trial],
    beside: Sequence[tuple[_Trial, float]],
    curve: Curve,
    ranges: Ranges,
) -> list[frozenset[str]]:
    """What went beyond its bounds where an end moves when these are moved; empty where none."""
    mine = [(trial, ahead) for trial, ahead in beside if trial.what.bounds == bounds]
    best = [trial for trial in wide if trial.what.bounds == bounds and not trial.record.of]
    level = min((curve.reference, *(trial.chi2 for trial in best))) + curve.level
    found = [trial.beyond(ranges) for trial, ahead in mine if ahead > 0.0 and trial.chi2 <= level]
    inside = min((trial.chi2 for trial, ahead in mine if ahead < 0.0), default=-math.inf)
    if best and inside > level:
        found.append(min(best, key=lambda trial: trial.chi2).beyond(ranges))
    return [names for names in found if names]


# -- priors ----------------------------------------------------------------------------------


def _without_priors(made: Sequence[_Trial], curve: Curve, ranges: Ranges) -> list[Interval]:
    """The set of the data alone, each end with what holds it; empty where it was not followed."""
    bare = [trial for trial in made if not trial.what.priors]
    alone = _curve([trial for trial in bare if not trial.what.bounds], curve)
    return _held_by_bounds(alone.intervals(), bare, alone, ranges) if alone else []


def _curve(trials: Sequence[_Trial], curve: Curve) -> Curve | None:
    """The lowest chi2 at every value with something left out; None without any."""
    chi2: dict[float, float] = {}
    for trial in trials:
        value = trial.record.outcome.parameters[curve.parameter.name]
        chi2[value] = min(trial.chi2, chi2.get(value, math.inf))
    if not any(trial.record.of for trial in trials):
        return None
    values = sorted(chi2)
    lowest = min(trial.chi2 for trial in trials)
    heights = [chi2[value] for value in values]
    return replace(curve, values=values, chi2=heights, reference=lowest)


def _held_by_priors(
    one: Interval, told: Sequence[Interval], alone: Sequence[Interval], acting: _Acting
) -> Interval:
    """An interval with what priors do to its ends."""
    renamed, place = one, acting.curve.parameter.unit_from
    others = [p for p in alone if not any(_overlap(p, piece) for piece in told)]
    for side, end, reason in _sides(one):
        if reason is not EndReason.DATA:
            continue
        _, there, why = next(row for row in _sides(_nearest(alone, end)) if row[0] == side)
        further = any(p.lower > end if side == "upper" else p.upper < end for p in others)
        if further or why is not EndReason.DATA:
            renamed = _renamed(renamed, side, EndReason.PRIOR, acting.at(end))
        elif abs(place(there) - place(end)) > MOVES * (place(one.upper) - place(one.lower)):
            renamed = _renamed(renamed, side, EndReason.DATA, acting.at(end))
    return renamed


def _overlap(one: Interval, other: Interval) -> bool:
    return one.lower <= other.upper and other.lower <= one.upper


@dataclass(frozen=True)
class _Acting:
    """Which priors act along a profile."""

    record: StudyRecord
    curve: Curve
    best: Best

    def at(self, end: float) -> list[str]:
        """Whose pulls differ at an end from those at the best fit; all where none shows it.

        Pulls of scale factors and offsets, which follow from the rest, are not looked at.
        """
        name = self.curve.parameter.name
        fits = [t for t in self.record.trials if t.of == (name,) and t.ended]
        nearest = min(fits, key=lambda t: (abs(t.point[0] - end), t.outcome.chi2 or 0.0))
        here, there = self.best.trial.outcome.parameters, nearest.outcome.parameters
        least = _ACTS * self.curve.level
        return [
            one.name
            for one in parameters_of(self.record.problem)
            if one.prior is not None
            and one.fixed is None
            and abs(_pull(one, there) - _pull(one, here)) > least
        ] or self._all

    @property
    def _all(self) -> list[str]:
        """Everything that has a prior."""
        problem = self.record.problem
        pulls = {datum["name"] for datum in problem["observations"] if datum["group"] == GROUP}
        parts = (*problem["parameters"], *problem["scale_factors"], *problem["offsets"])
        return [one["name"] for one in parts if pull_name(one["name"]) in pulls]


def _pull(one: Parameter, values: Mapping[str, float]) -> float:
    """Squared pull of a prior; 0 without one."""
    prior = one.prior
    if prior is None:
        return 0.0
    return float(((prior.seen(values[one.name], np) - prior.value) / prior.width) ** 2)


def _nearest(pieces: Sequence[Interval], value: float) -> Interval:
    """The piece that holds a value, or comes closest."""
    return min(pieces, key=lambda piece: max(piece.lower - value, value - piece.upper))


def _end(one: Interval, side: Side) -> float:
    return one.lower if side == "lower" else one.upper


def _sides(one: Interval) -> list[tuple[Side, float, EndReason]]:
    """Both ends of an interval: which, where and why."""
    return [
        ("lower", one.lower, one.lower_reason),
        ("upper", one.upper, one.upper_reason),
    ]


def _renamed(one: Interval, side: Side, reason: EndReason, names: Sequence[str]) -> Interval:
    """An interval with another reason of one end."""
    closed = reason is EndReason.DATA
    changes = {f"{side}_reason": reason, f"{side}_closed": closed, f"{side}_of": list(names)}
    return one.model_copy(update=changes)
