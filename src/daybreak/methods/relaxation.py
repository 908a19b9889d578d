"""Relaxation: fit a set of points again and again from each other's ends, until none improves.

A point fixes the parameters of interest; its value is the least chi2 over all others.  Every point
is fitted from starts of its own, from every basin found anywhere, and from its neighbours' best
ends, in all directions, as long as any point improves.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.methods.method import Places, evaluations, seed_of, starts_of
from daybreak.methods.solver import AbstractSolver
from daybreak.problem.ends import distinct, same_chi2
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.levels import level_95, levels_2d
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.parameters import Space

Point = tuple[float, ...]
"""Values of the parameters of interest, in their units."""
_ONE_BASIN = 0.05
"""Ends of two neighbouring points closer than this in the unit box belong together (a choice),"""
_AS_HIGH = 100.0
"""... unless their chi2 differ by more than this: in a wide box other basins may be that near.

Within an interval neighbours of one basin differ by a few units of chi2.
"""
Step = Generator[list[Task], list[Outcome], None]

MAX_BASINS = 8
"""How many distinct ends are tried at every point.

A choice: each costs a fit at every point; half are of all parameters, half of points.
"""
_REACH = 0.02
"""Ends closer than this in the unit box are the same start for another point.

A choice: a fiftieth of the box is well within a basin that a start is likely to find.
"""


@dataclass(eq=False)
class Ground:
    """What all profiles and maps of a study stand on."""

    problem: FitProblem
    settings: Mapping[str, Setting]
    seed: int
    fit: AbstractSolver
    each: int
    """Starts of every grid point's own."""
    places: Places
    ends: list[Outcome] = field(default_factory=list[Outcome])
    """Ends of fits of all free parameters."""
    relaxations: list[Relaxation] = field(default_factory=list["Relaxation"])
    noise: float | None = None
    """By how much chi2 at one place differs; None before it is measured (`...methods.repeats`)."""

    @property
    def scatter(self) -> float:
        """The noise as far as it is known."""
        return self.noise or 0.0

    def alike(self, one: float, other: float) -> bool:
        """Whether two chi2 are the same, or cannot be told apart in the noise."""
        return same_chi2(one, other) or abs(one - other) <= self.scatter

    @property
    def lowest(self) -> float:
        """The lowest chi2 found anywhere: the reference of every interval and contour."""
        found = [chi2_of(end) for end in self.ends]
        found += [chi2_of(end) for one in self.relaxations for end in one.best.values()]
        return min(found, default=math.inf)

    @functools.cached_property
    def level_95(self) -> float:
        """How far chi2 may rise above it in a 95 % set."""
        return level_95(self.problem.describe())

    @functools.cached_property
    def levels_2d(self) -> dict[float, float]:
        """The same for two parameters together, by probability."""
        return levels_2d(self.problem.describe())

    def basins(self) -> list[Outcome]:
        """The distinct ends of fits of all free parameters, lowest first."""
        return distinct(self.ends)


class Relaxation:
    """The points of one profile or map, and the lowest end found at each."""

    def __init__(
        self,
        ground: Ground,
        of: Sequence[str],
        grid: Iterable[Point] = (),
        near: Mapping[Point, Sequence[Point]] | None = None,
    ) -> None:
        self.ground = ground
        self.problem = ground.problem
        self.of = tuple(of)
        self.seed = seed_of(ground.seed, ground.settings)
        self.box = self.problem.space.subspace(self.problem.space.free(self.of))
        self.best: dict[Point, Outcome] = {}
        self.own: dict[Point, list[Outcome]] = {}
        """Ends of each point, from starts of its own."""
        self.asked: set[Point] = set()
        """Every point at which a fit was made."""
        self.grid: set[Point] = set()
        self.near: Mapping[Point, Sequence[Point]] = {}
        self.lay(grid, near or {})
        ground.relaxations.append(self)

    def lay(self, grid: Iterable[Point], near: Mapping[Point, Sequence[Point]]) -> None:
        """Choose the grid, and which of its points are neighbours."""
        self.grid, self.near = set(grid), near

    def held(self, point: Point) -> dict[str, float]:
        """Parameters that do not move at a point."""
        return {**self.problem.space.fixed, **dict(zip(self.of, point, strict=True))}

    def start(self, end: Outcome) -> tuple[float, ...]:
        """Where a fit of this relaxation begins to begin at `end`, whose nuisances may differ."""
        return tuple(end.u) if len(end.u) == len(self.box.names) else at_end(self.box, end)

    def fits(self, point: Point, starts: Iterable[tuple[Origin, tuple[float, ...]]]) -> list[Task]:
        """Trials that fit one point from starts, each with its origin."""
        held, grid = self.held(point), point in self.grid
        return [
            self.ground.fit.task(held, start, origin, of=self.of, point=point, grid=grid)
            for origin, start in starts
        ]

    def take(self, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> set[Point]:
        """Note the outcomes; return the points that improved."""
        improved: set[Point] = set()
        for task, outcome in zip(tasks, outcomes, strict=True):
            self.asked.add(task.point)
            if outcome.chi2 is None:
                continue
            before = self.best.get(task.point)
            if before is None or outcome.chi2 < chi2_of(before):
                self.best[task.point] = outcome
                if before is None or not self.ground.alike(outcome.chi2, chi2_of(before)):
                    improved.add(task.point)
        return improved

    def own_starts(self, points: Sequence[Point]) -> Step:
        """Fit points from starts of their own, and from places known before the night."""
        known_ones = [tuple(self.box.to_unit(place).tolist()) for place in self.ground.places]
        tasks = [task for point in points for task in self._afresh(point, known_ones)]
        outcomes = yield tasks
        for task, outcome in zip(tasks, outcomes, strict=True):
            if outcome.chi2 is not None:
                self.own.setdefault(task.point, []).append(outcome)
        self.take(tasks, outcomes)

    def _afresh(self, point: Point, known_ones: Sequence[tuple[float, ...]]) -> list[Task]:
        held, solver = self.held(point), self.ground.fit
        if solver.runs:
            return solver.afresh(held, of=self.of, point=point, grid=point in self.grid)
        seed = seed_of(self.seed, held)
        starts = starts_of(self.problem, self.box.names, self.ground.each, seed)
        named = [(Origin(Why.START, i), start) for i, start in enumerate(starts)]
        named += [(Origin(Why.PREFLIGHT, i), start) for i, start in enumerate(known_ones)]
        return self.fits(point, named)

    def all_basins(self, points: Sequence[Point], most: int = MAX_BASINS) -> Step:
        """Fit points from every distinct end found anywhere."""
        chosen = self._basins(most)
        tasks = [
            task
            for point in points
            for task in self.fits(
                point,
                ((Origin(Why.BASIN, i), u) for i, (at, u) in enumerate(chosen) if at != point),
            )
        ]
        self.take(tasks, (yield tasks))

    def _basins(self, most: int) -> list[tuple[Point | None, tuple[float, ...]]]:
        """Distinct ends worth trying elsewhere: of all parameters first, then of points."""
        shared = [(None, self.start(end)) for end in self.ground.basins()]
        ranked = sorted(
            (
                (chi2_of(end) - chi2_of(self.best[point]), point, tuple(end.u))
                for point, ends in self.own.items()
                for end in ends
            ),
            key=lambda one: one[:2],
        )
        chosen: list[tuple[Point | None, tuple[float, ...]]] = []
        kept = np.empty((0, len(self.box.names)))
        for at, u in [*shared[: (most + 1) // 2], *((p, u) for _, p, u in ranked)]:
            if len(chosen) == most:
                break
            if (np.abs(kept - np.array(u)).max(axis=1, initial=0.0) > _REACH).all():
                chosen.append((at, u))
                kept = np.vstack([kept, np.array(u)])
        return chosen

    def settle(self, rounds: int = 0) -> Step:
        """Fit grid points from their neighbours' best ends until no point improves."""
        changed = set(self.grid)
        for _ in range(rounds or 4 * len(self.grid)):
            tasks: list[Task] = []
            for point in sorted(self.grid):
                sides = zip(_SIDES, self.near[point], strict=False)
                tasks += self.fits(
                    point,
                    (
                        (side, tuple(self.best[other].u))
                        for side, other in sides
                        if other != point and other in changed and other in self.best
                    ),
                )
            if not tasks:
                return
            changed = self.take(tasks, (yield tasks))

    def between(self, point: Point, *others: Point) -> list[Task]:
        """Trials that fit a new point from the best ends of others.

        Ends that lie close to each other, and about as high, are one basin, and their mean is the
        best start; from others, which may be several basins, each is tried.
        """
        u = [np.array(self.best[other].u) for other in others]
        heights = [chi2_of(self.best[other]) for other in others]
        near = len(u) == 2 and np.abs(u[0] - u[1]).max(initial=0.0) <= _ONE_BASIN
        if near and abs(heights[0] - heights[1]) <= _AS_HIGH:
            return self.fits(point, [(Origin(Why.MIDDLE), tuple((0.5 * (u[0] + u[1])).tolist()))])
        return self.fits(point, zip(_SIDES, (tuple(one.tolist()) for one in u), strict=False))

    def record(self, points: Iterable[Point]) -> list[Task]:
        """Record everything at the best ends of points."""
        return [
            task
            for point in points
            if point in self.best
            for task in evaluations(
                [self.best[point]], of=self.of, point=point, grid=point in self.grid
            )
        ]


_SIDES = tuple(map(Origin, (Why.LEFT, Why.RIGHT, Why.BELOW, Why.ABOVE)))
"""Directions of neighbours, in the order in which a grid lists them."""


def at_end(box: Space, end: Outcome) -> tuple[float, ...]:
    """Where a fit of the parameters of a box begins to begin at `end`."""
    return tuple(box.to_unit(end.parameters).tolist())


def chi2_of(end: Outcome) -> float:
    """The end's chi2; infinite for a failed fit."""
    return math.inf if end.chi2 is None else end.chi2


def together(steps: Sequence[Generator[list[Task], list[Outcome], Any]]) -> Step:
    """Go several ways at once, their trials in common rounds."""
    going: list[tuple[Generator[list[Task], list[Outcome], Any], list[Task]]] = []
    for step in steps:
        tasks = next(step, None)
        if tasks is not None:
            going.append((step, tasks))
    while going:
        outcomes = yield [task for _, tasks in going for task in tasks]
        first, after = 0, list[tuple[Generator[list[Task], list[Outcome], Any], list[Task]]]()
        for step, tasks in going:
            with contextlib.suppress(StopIteration):
                after.append((step, step.send(outcomes[first : first + len(tasks)])))
            first += len(tasks)
        going = after
