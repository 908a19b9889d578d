"""How much chi2 scatters: from one evaluation to the next, from seed to seed, from value to value.

A model that draws random numbers, or that begins where its last call ended, gives the end of a fit
another chi2 when it is evaluated again.  A stochastic method ends elsewhere with every seed.  What
chatters, or holds fits up, makes a profile turn where nothing smooth would.  All are compared with
the level L that ends a 95 % set.  On a parabola ``chi2 = z^2`` with ends at ``z^2 = L``, a scatter
s moves an end by ``s / 2 z``, which is ``s / 4 L`` of the interval's width.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daybreak.diagnosis.curve import Curve
from daybreak.diagnosis.study import Study
from daybreak.findings import Finding, codes
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.ends import same_chi2
from daybreak.problem.kinds import Role
from daybreak.problem.levels import NEGLIGIBLE, level_95
from daybreak.problem.origins import Why
from daybreak.sentences import worded

HIDES = 0.4
"""Share of the level from which on the ends of a set cannot be told.

They move by a tenth of the interval's width (module formula), as for knobs that are not resolved.
"""
TOLD_APART = 4.0
"""Gaps and pieces of a set count where they rise or fall by more than so many times the noise.

It is measured where chi2 is lowest.  At the ends, where residuals are larger, so is the noise, and
fits end somewhere in it.
"""
TURNED_APART = 2.0
"""... or more than so many times as high as a profile turns within a hundredth of its set.

That is measured where the ends are; a gap may be as high as the highest turn of all.
"""
_NEAR = 2.0
"""Places up to this many levels above the lowest chi2 are compared: those that ends rest on."""
_CLOSE = 0.01
"""Within this share of its 95 % set a profile has no business to turn.

A parabola as wide as the set changes by 4e-4 of the level about its lowest point there.
"""
_CHANCE = 3
"""So many turns may be dips as narrow as that, or fits that ended early; a choice."""


@dataclass(frozen=True)
class Scatter:
    """Differences of chi2; 0 where nothing differs or nothing was compared."""

    model: float
    """Between evaluations of one place, the largest."""
    method: float = 0.0
    """Between seeds of a stochastic method, the median over the grid (`of_method`)."""
    profile: float = 0.0
    """Between values of a profile that lie close together (`of_profile`)."""

    @property
    def size(self) -> float:
        """The largest of them."""
        return max(self.model, self.method, self.profile)

    def hides(self, level: float) -> bool:
        """Whether it is too large for the ends of the 95 % set to be told."""
        return self.size >= HIDES * level

    def in_words(self, level: float) -> str:
        """What hides the ends, for the sentence of a profile."""
        whose = {
            self.profile: "values less than a hundredth of the set apart",
            self.method: "the seeds of the method",
            self.model: "evaluations of one place",
        }[self.size]
        return worded(
            "chi2 differs by {:.3g} between {}, {:.3g} % of the level {:.4g} that ends the 95 % "
            "set: the profile is flat within noise, and neither its ends nor its minimum can be "
            "told.",
            self.size,
            whose,
            100 * self.size / level,
            level,
        )

    def aside(self, level: float) -> str:
        """What a profile that turns says of its ends and pieces; empty where it is negligible."""
        if self.profile <= NEGLIGIBLE * level:
            return ""
        return worded(
            " Chi2 trembles by {:.3g} between values less than a hundredth of the set apart: its "
            "ends are no surer than {:.2g} % of its width, and pieces that differ by no more are "
            "one.",
            self.profile,
            100 * self.profile / (4 * level),
        )


def of_model(record: StudyRecord) -> float | None:
    """The largest difference of chi2 between evaluations of one place; None where none was made.

    What is compared is an end, polished or not, with what was recorded there afterwards.
    """
    ends: dict[tuple[tuple[str, float], ...], float] = {}
    again: dict[tuple[tuple[str, float], ...], list[float]] = {}
    for trial in record.trials:
        chi2, role = trial.outcome.chi2, trial.kind.role
        if chi2 is None or trial.again:
            continue
        place = tuple(sorted(trial.outcome.parameters.items()))
        if role is Role.END or trial.origin.why is Why.POLISH:
            ends[place] = min(chi2, ends.get(place, math.inf))
        elif role is Role.EVALUATION:
            again.setdefault(place, []).append(chi2)
    near = min(ends.values(), default=0.0) + _NEAR * level_95(record.problem)
    compared = [
        (min(chi2, *again[place]), max(chi2, *again[place]))
        for place, chi2 in ends.items()
        if place in again and chi2 <= near
    ]
    if not compared:
        return None
    return max(0.0 if same_chi2(low, high) else high - low for low, high in compared)


def negligible(record: StudyRecord) -> float:
    """By how much fits of a model with negligible noise may differ and still agree; else 0."""
    bar = NEGLIGIBLE * level_95(record.problem)
    return bar if 0.0 < (of_model(record) or 0.0) <= bar else 0.0


def alike(one: float, other: float, noise: float) -> bool:
    """Whether two fits reached the same chi2, as far as negligible noise lets tell."""
    return same_chi2(one, other) or abs(one - other) <= noise


def of_method(by_value: Sequence[Sequence[TrialRecord]], level: float) -> float:
    """How far the seeds of a stochastic method differ, the median over points; 0 without two.

    Where the two lowest agree, to a negligible share of the level, the point is as sure as they
    are: a seed that ended in another basin says nothing of it.
    """
    found: list[float] = []
    for trials in by_value:
        chi2 = sorted(
            t.outcome.chi2
            for t in trials
            if t.origin.why is Why.SEED and t.outcome.chi2 is not None
        )
        if len(chi2) > 1:
            sure = chi2[1] - chi2[0] <= NEGLIGIBLE * level
            found.append(chi2[1 if sure else -1] - chi2[0])
    return statistics.median(found) if found else 0.0


def of_profile(curve: Curve) -> float:
    """How high a profile turns within a hundredth of its 95 % set; 0 where that may be chance.

    A turn is a value with chi2 below, or above, that of both neighbours, by the lesser difference.
    """
    pieces = curve.intervals()
    reach = _CLOSE * (pieces[-1].upper - pieces[0].lower) if pieces else 0.0
    highest = curve.reference + _NEAR * curve.level
    points = [point for point in zip(curve.values, curve.chi2, strict=True) if point[1] <= highest]
    turns: list[float] = []
    for (left, a), (_, b), (right, c) in zip(points, points[1:], points[2:], strict=False):
        turned = max(min(a, c) - b, b - max(a, c))
        if right - left <= reach and turned > 0.0:
            turns.append(turned)
    return sorted(turns)[-1 - _CHANCE] if len(turns) > _CHANCE else 0.0


def repeatability(study: Study, record: StudyRecord) -> Iterator[Finding]:
    """A model whose chi2 at one place differs from one evaluation to the next."""
    level = level_95(record.problem) if study.noise is not None else 0.0
    if study.noise is not None and study.noise > NEGLIGIBLE * level:
        text = worded(
            "the same parameters give another chi2 the second time: by up to {:.3g}, {:.3g} % of "
            "the level {:.4g} that ends a 95 % set",
            study.noise,
            100 * study.noise / level,
            level,
        ).then("; {}.", codes.NOT_REPEATABLE.do)
        yield Finding(code=codes.NOT_REPEATABLE, sentence=text)
