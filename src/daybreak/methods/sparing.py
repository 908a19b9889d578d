r"""Fits and interval ends that count evaluations, for models that take seconds or longer.

A fit takes damped Gauss-Newton steps on a local model (`daybreak.methods.local_model`), whose
Jacobian is measured anew only where it misleads, and once more where nothing seems left to gain.
An end of a 95 % interval is sought from the best fit,

    max or min of v  subject to  min over the others of chi2 = lowest + level,

by going to where the local model has that end, evaluating there, and learning from it.  It is put
down as two points of the profile, one on either side of the level, each of which the model, with a
Jacobian measured there, can lower by no more than a tolerance: convergence is judged in chi2.
Source: Venzon and Moolgavkar (1988), Appl. Stat. 37, 87 (ends without a profile between them).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np

from daybreak.methods.counted import Counted, SpentError
from daybreak.methods.local_model import LocalModel
from daybreak.problem.arrays import Array
from daybreak.problem.kinds import CONCLUDE
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.stop_reasons import StopReason

Asking = Generator[list[Task], list[Outcome], None]

_MOST_STEPS = 60
"""Steps of a fit, or to an end; a choice: 2 n + 10 evaluations are usual (`Intervals`)."""
_POOR = 0.25
"""A step that gains less than this share of what was foretold makes a new Jacobian due.

A quarter, and three quarters for `_GOOD`, are the usual bars of trust regions: Nocedal and Wright
(2006), algorithm 4.1.
"""
_GOOD = 0.75
"""One that gains more is damped less from then on."""
_STUCK = 1e8
"""A damping at which a step is a hundred millionth of an undamped one: the fit stands still."""
_QUIET = 10
"""So many steps that together gain less than the tolerance end a fit, whatever is foretold.

A choice: enough for a new Jacobian and what it teaches.
"""
_APART = 0.02
"""How far from the level, as a share of it, the two points beside an end are aimed.

Two points 4 % of the level apart tell the slope between them; the interval's end is read off
there.
"""
_NEAR = 0.06
"""... and may come to lie.

Three times what was aimed at: one further step of a model that is a little wrong is saved.
"""
_FAR = 2.0
"""Places this many levels above the level teach the model, and are not gone on from.

The linear model that led there is wrong at that distance; a choice.
"""
_PATIENCE = 5
"""Places visited on the way to an end before the Jacobian is measured again.

A choice: each teaches one direction, a measurement costs one evaluation for each parameter.
"""
_GAP = 0.02
"""How near to places without a number an end is sought: a share of the way from the best fit.

Each halving costs an evaluation, six of them; where a model gives no number the data say nothing.
"""
_AT_WALL = 1e-6
"""Distance in the unit box from which a place is at the wall.

As for parameters at a bound (`daybreak.problem.parameters.AT_BOUND`).
"""
_CLOSE = 0.25
"""A Jacobian measured within this many levels of the end holds there.

A choice: along a quarter of the level a smooth Jacobian changes little.
"""


@dataclass(eq=False)
class Descent:
    """A fit of all free parameters from one start."""

    counted: Counted
    tolerance: float
    start: Array
    """Unit coordinates."""
    model: LocalModel | None = None
    """Where it ended; None when there was no number at the start."""
    reason: StopReason = StopReason.NONFINITE
    evaluations: int = 0
    """Places that it visited, those for differences left out."""

    def go(self) -> Asking:
        """Descend until nothing is left to gain, or the budget is spent."""
        try:
            self.evaluations += 1
            spot = yield from self.counted.one(self.start)
            if spot is None:
                return
            self.reason, self.model = StopReason.BUDGET, self.counted.at(spot)
            yield from self._steps((yield from self.counted.linearised(self.model)))
            if self.reason.converged and self.model.age:
                self.model = yield from self.counted.linearised(self.model)
        except SpentError:
            self.reason = StopReason.NONFINITE if self.model is None else StopReason.BUDGET

    def _steps(self, model: LocalModel) -> Asking:
        damping, quiet, since = 1e-3, 0, model.chi2
        for _ in range(_MOST_STEPS):
            self.model = model
            if model.decrease() <= max(self.tolerance, self.counted.blur(model.chi2)):
                if model.age == 0:
                    self.reason = StopReason.FORETOLD
                    return
                model = yield from self.counted.linearised(model)
                continue
            u = model.lowest(damping=damping)
            foretold = model.chi2 - model.chi2_at(u)
            self.evaluations += 1
            spot = yield from self.counted.one(u)
            gain = 0.0 if spot is None else (model.chi2 - spot.chi2) / max(foretold, 1e-300)
            if spot is not None and gain > 0.0:
                model = self.counted.moved(model, spot)
                damping = damping * 0.1 if gain > _GOOD else damping
            else:
                damping = max(damping, 1e-3) * 10.0
            quiet += 1
            if since - model.chi2 > self.tolerance:
                quiet, since = 0, model.chi2
            if quiet == _QUIET:
                self.model, self.reason = model, StopReason.FORETOLD
                return
            if gain < _POOR and model.age:
                self.model = model
                model = yield from self.counted.linearised(model)
            elif gain <= 0.0 and foretold <= 4.0 * self.counted.blur(model.chi2):
                self.reason = StopReason.FORETOLD  # what is left drowns in the model's noise
                return
            elif damping > _STUCK:
                self.reason = StopReason.STALLED
                return
        self.reason = StopReason.ITERATIONS


@dataclass(frozen=True)
class Mark:
    """A point of a profile by which an end is put down."""

    place: LocalModel
    chi2: float | None
    """None where the model gives no number."""
    reason: StopReason


@dataclass(eq=False)
class EndSearch:
    """The way from the best fit to one end of the 95 % interval of one parameter."""

    counted: Counted
    tolerance: float
    begin: LocalModel
    """Of the best fit, its Jacobian measured."""
    column: int
    """What is asked about, by its place among the columns of a local model."""
    wall: float
    """0 for the lower end, 1 for the upper one; where the model gives no number, before that."""
    marks: dict[Why, Mark] = field(default_factory=dict[Why, Mark])
    """Inside and outside the interval; nothing outside where the bound ends it."""
    nowhere: float | None = None
    """The nearest value at which the model gave no number."""

    @property
    def level(self) -> float:
        """The chi2 of the profile at the end."""
        return self.begin.chi2 + self.counted.level

    @property
    def outermost(self) -> float:
        """The bound towards which it is sought, 0 or 1."""
        return float(self.wall > self.begin.at(self.column))

    @property
    def found(self) -> bool:
        """Whether chi2 was seen to cross the level."""
        beyond = self.marks.get(Why.OUTSIDE)
        return Why.INSIDE in self.marks and beyond is not None and beyond.chi2 is not None

    def marked(self) -> list[Task]:
        """The points of a profile that the end is put down by, as trials."""
        counted = self.counted
        problem, name = counted.problem, counted.columns[self.column]
        every = problem.space.free(())
        k, one = every.index(name), problem.space.subspace([name])
        tasks: list[Task] = []
        for side, mark in self.marks.items():
            place = counted.whole(mark.place)
            value = float(np.asarray(one.from_unit(place[[k]][None]))[0, 0])
            options = {"chi2": mark.chi2, "reason": mark.reason.name}
            start = tuple(np.delete(place, k).tolist())
            tasks.append(
                Task(
                    CONCLUDE,
                    {**problem.space.fixed, name: value},
                    start,
                    options,
                    origin=Origin(side),
                    of=(name,),
                    point=(value,),
                    grid=mark.reason is StopReason.FORETOLD,
                )
            )
        return tasks

    def go(self) -> Asking:
        """Look until the end is between two points or at the bound, or the budget is spent."""
        try:
            yield from self._go()
        except SpentError:
            self._give_up(StopReason.BUDGET)

    def _go(self) -> Asking:
        model, measured_at, unmeasured, reach = self.begin, self.begin.chi2, 0, math.inf
        for _ in range(_MOST_STEPS):
            at = model.at(self.column)
            wall = min(max(self.wall, at - reach), at + reach)
            u = model.crossing(self.column, wall, self._aim)
            spot = yield from self.counted.one(u, self.counted.columns[self.column])
            unmeasured += 1
            if spot is None:
                self._retreat(u, model)
                continue
            went = abs(spot.at(self.column) - at)
            if spot.chi2 > max(self.level + _FAR * self.counted.level, model.chi2):
                model, reach = self.counted.taught(model, spot), 0.5 * went
            else:
                model, reach = self.counted.moved(model, spot), 2.0 * reach
            close = abs(measured_at - model.chi2) <= _CLOSE * self.counted.level
            if not (close and self._is_end(model)) and self._is_due(model, unmeasured):
                model = yield from self.counted.linearised(model)
                measured_at, unmeasured, close = model.chi2, 0, True
            if close and self._is_end(model) and self._mark(model):
                return
        self._give_up(StopReason.ITERATIONS)

    def _give_up(self, reason: StopReason) -> None:
        """Put the best fit down, so that it is told that this end was sought and not found."""
        beyond = self.marks.get(Why.OUTSIDE)
        if beyond is not None and beyond.chi2 is None:
            del self.marks[Why.OUTSIDE]
        if Why.INSIDE not in self.marks:
            self.marks[Why.INSIDE] = Mark(self.begin, self.begin.chi2, reason)

    @property
    def _blur(self) -> float:
        """Uncertainty of a chi2 near the end, from the model's noise."""
        return self.counted.blur(self.level)

    @property
    def _aim(self) -> float:
        """Inside of the level at first, then outside."""
        side = 1.0 if Why.INSIDE in self.marks else -1.0
        return self.level + side * max(_APART * self.counted.level, 2.0 * self._blur)

    def _is_end(self, model: LocalModel) -> bool:
        """Whether a place is a minimum along the others, and beside the level or at the wall."""
        near = max(_NEAR * self.counted.level, 4.0 * self._blur)
        walled = self._walled(model) and model.chi2 <= self.level
        left = model.decrease(self.column)
        return (abs(model.chi2 - self.level) <= near or walled) and left <= max(
            self.tolerance, 2.0 * self._blur
        )

    def _is_due(self, model: LocalModel, unmeasured: int) -> bool:
        """Whether it is time to measure the Jacobian: near the end, or lost on the way."""
        left = model.decrease(self.column)
        beside = abs(model.chi2 - left - self.level) <= _CLOSE * self.counted.level
        walled = self._walled(model) and model.chi2 - left <= self.level
        return unmeasured >= _PATIENCE or (
            (beside or walled) and left <= _CLOSE * self.counted.level
        )

    def _walled(self, model: LocalModel) -> bool:
        """Whether a place is at the wall; a derived quantity reaches it nearly."""
        return abs(model.at(self.column) - self.wall) <= _AT_WALL

    def _mark(self, model: LocalModel) -> bool:
        """Put a place down; whether the search is over."""
        inside = model.chi2 <= self.level
        side, other = (Why.INSIDE, Why.OUTSIDE) if inside else (Why.OUTSIDE, Why.INSIDE)
        self.marks[side] = Mark(model, model.chi2, StopReason.FORETOLD)
        if self._crossed:  # by the model's noise: no end lies between them
            del self.marks[other]
        if not inside or not self._walled(model):
            beyond = self.marks.get(Why.OUTSIDE)
            return Why.INSIDE in self.marks and beyond is not None and beyond.chi2 is not None
        if self.nowhere is None:  # the bound itself
            return True
        gap = self.nowhere - self.wall
        self.wall += 0.5 * gap
        return abs(gap) <= _GAP * abs(model.at(self.column) - self.begin.at(self.column))

    @property
    def _crossed(self) -> bool:
        """Whether the point inside is further from the best fit than the one outside."""
        if len(self.marks) < 2:
            return False
        best = self.begin.at(self.column)
        inside, outside = (
            abs(self.marks[side].place.at(self.column) - best)
            for side in (Why.INSIDE, Why.OUTSIDE)
        )
        return inside >= outside

    def _retreat(self, u: Array, model: LocalModel) -> None:
        """Go on this side of a place without a number."""
        _, g = self.counted.values(u)
        there = dataclasses.replace(model, u=u, g=g)
        self.marks[Why.OUTSIDE] = Mark(there, None, StopReason.NONFINITE)
        self.nowhere = min(max(there.at(self.column), 0.0), 1.0)
        self.wall = 0.5 * (self.nowhere + model.at(self.column))
