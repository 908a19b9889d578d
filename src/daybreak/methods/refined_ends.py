"""What a refined knob does to the ends of a 95 % set: they are sought anew, with fits.

With ' for the refined knob, an end v moves by as much as the best fit does, to first order.  There
chi2' is fitted, and on a parabola through that place and the refined minimum the end is where

    v' = best' + (v - best') sqrt(level / (chi2'(v) - chi2'(best')))

which is repeated until it stands still.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from daybreak.methods.checks import lowest, refinements
from daybreak.methods.intervals import crossings_of_95
from daybreak.methods.relaxation import Ground, Relaxation, Step, at_end, chi2_of
from daybreak.problem.outcomes import Outcome, Task

_MOST = 4
"""Rounds of fits for an end; a choice: on a parabola the first is exact."""
_STILL = 0.01
"""An end that moves by less than this share of its interval's width stands still.

A tenth of what a knob may do without a word (`daybreak.diagnosis.fit_findings.RESOLVED`).
"""
_FARTHEST = 3.0
"""One step leads at most so many times farther from the minimum, or nearer; a choice."""


@dataclass
class _End:
    """One end under one refined knob."""

    curve: Relaxation
    knob: str
    own: float
    """The end with the knob in use."""
    width: float
    minimum: float
    """Value of the parameter at the refined best fit."""
    lowest: float
    """Refined chi2 there."""
    start: Outcome
    value: float
    """Where the refined end may be."""

    def task(self) -> Task:
        """The fit there, with the refined knob; it says which end it is about."""
        point = (self.value,)
        (task,) = (
            one
            for one in refinements(
                self.curve.problem,
                self.curve.ground.settings,
                self.start,
                self.curve.held(point),
                of=self.curve.of,
                point=point,
            )
            if one.options["knob"] == self.knob
        )
        return dataclasses.replace(task, options={**task.options, "end": self.own})

    def move(self, outcome: Outcome) -> bool:
        """Go to where the end is by this fit; False when it stands still, or is not there."""
        rise = chi2_of(outcome) - self.lowest
        if not 0.0 < rise < math.inf:
            return False
        scale = math.sqrt(self.curve.ground.level_95 / rise)
        scale = min(max(scale, 1.0 / _FARTHEST), _FARTHEST)
        value = self._inside(self.minimum + (self.value - self.minimum) * scale)
        moved = abs(value - self.value)
        self.start, self.value = outcome, value
        return moved > _STILL * self.width

    def _inside(self, value: float) -> float:
        one = self.curve.problem.space[self.curve.of[0]]
        return min(max(value, one.lower), one.upper)


def refined_ends(ground: Ground) -> Step:
    """Seek every end of every 95 % set anew under each refined knob."""
    problem, settings = ground.problem, ground.settings
    curves = [one for one in ground.relaxations if len(one.of) == 1 and one.best]
    best = lowest(ground.ends) or lowest([end for one in curves for end in one.best.values()])
    if best is None or ground.fit.runs:
        return
    box = problem.space.subspace(problem.space.free(()))
    if best not in ground.ends:
        best = dataclasses.replace(best, u=list(at_end(box, best)))
    asked = refinements(problem, settings, best, problem.space.fixed)
    if not asked:
        return
    refined = yield asked
    going = [
        end
        for task, outcome in zip(asked, refined, strict=True)
        if outcome.chi2 is not None
        for curve in curves
        for end in _ends(curve, task.options["knob"], best, outcome)
    ]
    for _ in range(_MOST):
        if not going:
            return
        outcomes = yield [end.task() for end in going]
        going = [end for end, outcome in zip(going, outcomes, strict=True) if end.move(outcome)]


def _ends(curve: Relaxation, knob: str, best: Outcome, refined: Outcome) -> list[_End]:
    """The ends of one 95 % set, moved as the best fit moves."""
    name = curve.of[0]
    minimum, one = refined.parameters[name], curve.problem.space[name]
    found: list[_End] = []
    for crossing, width in crossings_of_95(curve):
        value = crossing.root + minimum - best.parameters[name]
        value = min(max(value, one.lower), one.upper)
        start = curve.best[(crossing.inside,)]
        floor = chi2_of(refined)
        found.append(_End(curve, knob, crossing.root, width, minimum, floor, start, value))
    return found
