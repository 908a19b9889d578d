"""What holds the ends of a 95 % set: bounds of nuisances are moved, and priors left out.

Where a nuisance sits on a bound that is no physical limit, the profile is fitted again 1 % of the
interval's width beyond the end, with that bound moved outward: an end whose chi2 there is within
the level has moved with the bound, and is not the data's.  A best fit on such a bound is fitted
again as well, since a lower one moves every end.
Where there are priors, the profile of the data alone is followed until it leaves the level, or to
the bounds of the parameter; its own ends are questioned in the same way.
Where no bound and no prior acts, nothing is asked.
Source: of the criterion, Raue et al., Bioinformatics 25, 1923 (2009): a parameter is identifiable
where the data alone close its profile on both sides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.methods.intervals import crossings_at, interval_ends, line, pieces
from daybreak.methods.relaxation import Ground, Relaxation, Step, at_end, chi2_of, together
from daybreak.problem.ends import Crossing, distinct
from daybreak.problem.fit import FitProblem
from daybreak.problem.kinds import EVALUATE, LOOSENED
from daybreak.problem.loosened import (
    FACTORS,
    MOVES,
    OPTION,
    BoundOf,
    Loosening,
    bounded_factors,
    extended,
    pressed,
    pressed_factors,
)
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.parameters import Parameter

_FROM = 4
"""Distinct ends from which the data alone are fitted.

As for scaled uncertainties (`daybreak.methods.checks`): the lowest end may be another's.
"""
_OUTWARD = (1 / 64, 1 / 16, 1 / 4, 1 / 2, 1.0)
"""Where the profile of the data alone is looked at: shares of the way from an end to the bound.

A choice: what a prior makes narrower by no more than a factor of 64 in the box is bracketed.
"""
_ROUGHLY = 2e-3
"""Width of the bracket of an end of the data alone, a share of its interval: below `MOVES`."""


def question_ends(curves: Sequence[Relaxation]) -> Step:
    """Ask of every settled end of the profiles of a study what holds it."""
    asked = [curve for curve in curves if curve.best]
    if not asked or asked[0].ground.fit.runs:
        return
    yield from together([_move_bounds(curve, priors=True) for curve in asked])
    if asked[0].problem.priors:
        yield from _data_alone(asked)


# -- bounds of nuisances ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Loose:
    """A profile with bounds moved."""

    curve: Relaxation
    what: Loosening

    @property
    def problem(self) -> FitProblem:
        """Where the fits are made."""
        return self.what.of(self.curve.problem)

    def task(self, end: Outcome, value: float | None) -> Task:
        """A fit from an end, at a value of the parameter of interest or of all parameters."""
        curve, solver = self.curve, self.curve.ground.fit
        interest: dict[str, Any] = {}
        pins = dict(curve.problem.space.fixed)
        if value is not None:
            interest, pins = {"of": curve.of, "point": (value,)}, {**pins, curve.of[0]: value}
        box = self.problem.space.subspace(self.problem.space.free(pins))
        return Task(
            LOOSENED,
            pins,
            at_end(box, end),
            {**solver.options(), OPTION: self.what.describe()},
            origin=Origin(Why.LOOSENED),
            grid=False,
            solver=solver,
            **interest,
        )


def _move_bounds(curve: Relaxation, *, priors: bool) -> Step:
    """Fit beyond every end with the bounds moved at which nuisances lie there or at the best."""
    ground, boxes = curve.ground, _nuisances(curve)
    best = min(_ends(curve), key=chi2_of)
    found = crossings_at(curve, ground.level_95)
    factors = yield from _factors(curve, [best, *(curve.best[(c.inside,)] for c in found)])
    at_best = pressed(boxes, best.parameters) + factors[0]
    held = [
        at_best + _pressed_beside(curve, boxes, one) + more
        for one, more in zip(found, factors[1:], strict=True)
    ]
    bounds = sorted({bound for one in held for bound in one})
    if not (found and bounds):
        return
    ends = list(zip(found, pieces(curve, found), held, strict=True))
    loose = _Loose(curve, Loosening(tuple(bounds), priors))
    asked = [(c, piece) for c, piece, at in ends if at or at_best]
    tasks = _probes(loose, asked, best if at_best else None)
    outcomes = yield tasks
    moved = _moved(curve, tasks, outcomes)
    several = [one for one in ends if one[0] in moved and len(set(one[2])) > 1]
    alone: list[Task] = []
    for bound in sorted({bound for _, _, at in several for bound in at}):
        asked = [(c, piece) for c, piece, at in several if bound in at]
        one = _Loose(curve, Loosening((bound,), priors))
        alone += _probes(one, asked, best if bound in at_best else None)
    if alone:
        yield alone


def _probes(
    loose: _Loose, ends: Sequence[tuple[Crossing, tuple[float, float]]], best: Outcome | None
) -> list[Task]:
    """Fits beyond ends of pieces; and, of a best fit on a bound, that fit and fits inside."""
    curve = loose.curve
    tasks = [loose.task(best, None)] if best else []
    for crossing, piece in ends:
        for share in (MOVES, -MOVES) if best else (MOVES,):
            value = _beside(curve, crossing, piece, share)
            if value is not None:
                tasks.append(loose.task(curve.best[(crossing.inside,)], value))
    return tasks


def _moved(curve: Relaxation, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> set[Crossing]:
    """Crossings that moved in a wider box: within the level beyond them, or above it inside."""
    level = min((curve.ground.lowest, *map(chi2_of, outcomes))) + curve.ground.level_95
    found, moved = crossings_at(curve, curve.ground.level_95), set[Crossing]()
    for task, outcome in zip(tasks, outcomes, strict=True):
        if task.point:
            (value,) = task.point
            nearest = min(found, key=lambda one: abs(one.root - value))
            ahead = (value - nearest.root) * (nearest.outside - nearest.inside) > 0.0
            if (chi2_of(outcome) <= level) is ahead:
                moved.add(nearest)
    return moved


def _factors(
    curve: Relaxation, ends: Sequence[Outcome]
) -> Generator[list[Task], list[Outcome], list[list[BoundOf]]]:
    """Bounds that scale factors and offsets lie at, end by end; evaluated where not known."""
    problem = curve.problem
    if not bounded_factors(problem):
        return [[] for _ in ends]
    known = {i: end.details[FACTORS] for i, end in enumerate(ends) if FACTORS in end.details}
    asked = [i for i in range(len(ends)) if i not in known]
    if asked:
        name = curve.of[0]
        outcomes = yield [
            Task(EVALUATE, at, of=curve.of, point=(at[name],), grid=False)
            for i in asked
            for at in [dict(ends[i].parameters)]
        ]
        known |= {i: one.details.get(FACTORS, {}) for i, one in zip(asked, outcomes, strict=True)}
    return [pressed_factors(problem, known[i]) if known[i] else [] for i in range(len(ends))]


def _nuisances(curve: Relaxation) -> list[Parameter]:
    problem = curve.problem
    return [problem.space[name] for name in problem.asked if name not in curve.of]


def _ends(curve: Relaxation) -> list[Outcome]:
    """All ends of the study, by which its lowest chi2 is known."""
    ground = curve.ground
    return [*ground.ends, *(end for one in ground.relaxations for end in one.best.values())]


def _pressed_beside(
    curve: Relaxation, boxes: Sequence[Parameter], crossing: Crossing
) -> list[BoundOf]:
    """Bounds that nuisances lie at next to a crossing, on either side of it."""
    sides = (curve.best[(value,)] for value in (crossing.inside, crossing.outside))
    return [bound for end in sides for bound in pressed(boxes, end.parameters)]


def _beside(
    curve: Relaxation, crossing: Crossing, piece: tuple[float, float], share: float
) -> float | None:
    """The value that lies a share of a piece's width, on the scale, outward from a crossing.

    It may lie beyond the bound of the parameter itself; None where a physical limit comes before.
    """
    one = curve.problem.space[curve.of[0]]
    low, high, root = (one.unit_from(value) for value in (*piece, crossing.root))
    step = share * (high - low) * (1.0 if crossing.outside > crossing.inside else -1.0)
    value = extended(one, root + step)
    return value if abs(one.unit_from(value) - root) > 0.95 * abs(step) else None


# -- priors ----------------------------------------------------------------------------------


def _data_alone(curves: Sequence[Relaxation]) -> Step:
    """The profiles of the data alone, roughly, and what holds their ends."""
    told = curves[0].ground
    bare = Ground(told.problem, told.settings, told.seed, told.fit, 0, ())
    alone = [Relaxation(bare, curve.of) for curve in curves]
    yield from _loosened(_followed(curves, alone), Loosening(priors=False))
    yield from together([_move_bounds(one, priors=False) for one in alone if one.best])


def _loosened(step: Step, what: Loosening) -> Step:
    """Make the fits that a step asks for with something left out."""
    tasks = next(step, None)
    while tasks is not None:
        outcomes = yield [
            dataclasses.replace(
                task,
                kind=LOOSENED,
                options={**task.options, OPTION: what.describe()},
                grid=False,
            )
            for task in tasks
        ]
        try:
            tasks = step.send(outcomes)
        except StopIteration:
            return


def _followed(curves: Sequence[Relaxation], alone: Sequence[Relaxation]) -> Step:
    """Fit the data alone: all parameters, then outward from the ends that were told."""
    told, bare = curves[0].ground, alone[0].ground
    box = bare.problem.space.subspace(bare.problem.space.free(()))
    ends = distinct(told.ends)[:_FROM] or [min(_ends(curves[0]), key=chi2_of)]
    bare.ends = yield [
        bare.fit.task(bare.problem.space.fixed, at_end(box, end), Origin(Why.LOOSENED, i))
        for i, end in enumerate(ends)
    ]
    pairs = zip(curves, alone, strict=True)
    yield from together([_outward(curve, one) for curve, one in pairs])
    yield from together([interval_ends(one, _ROUGHLY) for one in alone if one.best])


def _outward(curve: Relaxation, alone: Relaxation) -> Step:
    """Fit the data alone at their minima, at the ends that were told, and on to the bounds."""
    known = sorted(curve.best)
    minima = {end.parameters[curve.of[0]]: end for end in alone.ground.basins()}
    values = sorted({*minima, *_on_the_way(curve)})
    points, near = line(values)
    alone.lay(points, near)
    tasks: list[Task] = []
    for point in points:
        (value,) = point
        nearest = curve.best[min(known, key=lambda one: abs(one[0] - value))]
        starts = [nearest, *([minima[value]] if value in minima else alone.ground.basins()[:1])]
        named = [(Origin(Why.LOOSENED, i), alone.start(end)) for i, end in enumerate(starts)]
        tasks += alone.fits(point, named)
    alone.take(tasks, (yield tasks))
    yield from alone.settle(rounds=2)


def _on_the_way(curve: Relaxation) -> Iterator[float]:
    """Ends of the set that was told, and values between the outermost ones and the bounds."""
    one = curve.problem.space.subspace(curve.of)
    found = crossings_at(curve, curve.ground.level_95)
    for crossing in found:
        yield crossing.root
    # The first crossing leads downward out of the set, unless the set is open there.
    outer = [c for c in found[:1] if c.inside > c.outside]
    outer += [c for c in found[-1:] if c.inside < c.outside]
    for crossing in outer:
        begin = float(one.to_unit({curve.of[0]: crossing.root})[0])
        wall = 0.0 if crossing.outside < crossing.inside else 1.0
        u = begin + np.array(_OUTWARD) * (wall - begin)
        yield from np.asarray(one.from_unit(u[:, None]))[:, 0].tolist()
