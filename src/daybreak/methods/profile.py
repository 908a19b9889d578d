"""Profiles and maps by relaxation: chi2 minimised over everything but the parameters of interest.

    profile(v) = min over all other free parameters of chi2, those of interest held at v

One multi-start over all free parameters is shared.  Every grid point is fitted from starts of its
own, from every basin found anywhere, and from its neighbours' best ends in all directions, until
no point improves (`daybreak.methods.relaxation`).  Ends of the 95 % set are roots of the re-fitted
profile (`daybreak.methods.intervals`), contours of a map are traced on it
(`daybreak.methods.maps`).  The lowest chi2 found anywhere is the reference of all of them.

The levels are those of Wilks (1938), Ann. Math. Stat. 9, 60; Murphy and van der Vaart (2000), JASA
95, 449, and hold for many data, a true value away from the bounds, and a model that is identified:
see docs/profiles.md.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.errors import PlanError, known
from daybreak.methods.checks import polishes
from daybreak.methods.end_checks import question_ends
from daybreak.methods.intervals import (
    AUTOMATIC_POINTS,
    automatic,
    crossings_of_95,
    interval_ends,
    minima,
    relax,
    spread,
)
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.maps import Map
from daybreak.methods.method import (
    AbstractMethod,
    Places,
    Rounds,
    check_count,
)
from daybreak.methods.multistart import question, search
from daybreak.methods.refined_ends import refined_ends
from daybreak.methods.relaxation import Ground, Relaxation, Step, at_end, chi2_of, together
from daybreak.methods.solver import AbstractSolver, check_solver
from daybreak.methods.walls import close_in
from daybreak.problem.ends import same_chi2
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task

ALL = "all"
Grid = int | tuple[float, ...] | None
"""A number of points, their values, or None where range and spacing are found."""
_MAP_POINTS = 15
"""Points along each axis of a map whose range is found automatically.

A choice: 225 lattice points for the shades; contours ask for places of their own.
"""
_MOST_PASSES = 3
"""Times that all ends are sought anew because a lower chi2 turned up; as for `Intervals`."""
_OF_DATA_ALONE = 70
"""Trials that a profile usually takes to tell, where there are priors, what the data say alone."""


@dataclass(frozen=True, init=False)
class Profile(AbstractMethod[FitProblem]):
    """Profile chi2 along one parameter, along all, or over two (formula in `...methods.profile`).

    Parameters
    ----------
    *parameters : str
        One parameter of interest; two for a map with contours and both marginal profiles;
        ``"all"`` for a profile of every free parameter.
    points : int, array, or a pair of them
        Number of grid points over the whole range of the parameter (evenly spaced on its scale),
        or their values; a pair for a map.  Left out, range and spacing are found.
    starts : int
        Starts of the shared multi-start over all free parameters.
    each : int, optional
        Starts of each grid point's own: 4, or 1 on a map.
    fit : AbstractSolver
        How each fit is made.
    relax : bool
        False fits each grid point from its own starts only, to see what a method says by itself.

    Raises
    ------
    PlanError
        When there are fewer than three points, or they are not increasing finite numbers, or more
        than two parameters.
    """

    parameters: tuple[str, ...]
    points: tuple[Grid, ...] = (None,)
    starts: int = 32
    each: int = 4
    fit: AbstractSolver = field(default_factory=LeastSquares)
    relax: bool = True

    def __init__(
        self,
        *parameters: str,
        points: Any = None,
        starts: int = 32,
        each: int | None = None,
        fit: AbstractSolver | None = None,
        relax: bool = True,
    ) -> None:
        """Accept the points as numbers or as arrays."""
        _check_names(parameters)
        count = len(parameters)
        own = (1 if count == 2 else 4) if each is None else each
        check_count("starts", starts, 0)
        check_count("each", own, 0)
        fit = LeastSquares() if fit is None else fit
        check_solver(fit)
        _check_relax(relax)
        if count == 2 and not relax:
            msg = "a map is always relaxed; leave `relax` out, or profile one parameter."
            raise PlanError(msg)
        if starts + own == 0:
            msg = "a profile needs starts: `starts` for all points together, or `each`, or both."
            raise PlanError(msg)
        for name, value in (
            ("parameters", parameters),
            ("points", _grids(points, count)),
            ("starts", starts),
            ("each", own),
            ("fit", fit),
            ("relax", relax),
        ):
            object.__setattr__(self, name, value)

    @property
    def is_map(self) -> bool:
        """Whether two parameters are of interest at once."""
        return len(self.parameters) == 2

    def interest(self, problem: FitProblem) -> tuple[str, ...]:
        """Every parameter whose profile is made."""
        return problem.asked if self.parameters == (ALL,) else self.parameters

    def grid(self, problem: FitProblem, name: str) -> list[float]:
        """Declared values of a parameter of interest, in its unit; empty where they are found."""
        points = self.points[self.parameters.index(name) if self.is_map else 0]
        if points is None or isinstance(points, tuple):
            return list(points or ())
        return _whole(problem, name, points)

    def check(self, problem: FitProblem) -> None:
        """The parameters exist and are free, the points lie inside their bounds."""
        free = problem.space.free(())
        for name in self.interest(problem):
            if name not in free:
                msg = f"cannot profile {name!r}: the free parameters are {known(free)}."
                raise PlanError(msg)
            p = problem.space[name]
            outside = [v for v in self.grid(problem, name) if not p.lower <= v <= p.upper]
            if outside:
                msg = (
                    f"points of the profile must lie inside the bounds [{p.lower}, {p.upper}] of "
                    f"{name!r}, but {outside} do not."
                )
                if self.parameters == (ALL,):
                    msg += " Values hold for every parameter of 'all': give a number of points."
                raise PlanError(msg)

    def expected_trials(self, problem: FitProblem) -> int:
        """The multi-start; own starts, basins and neighbours of every point; ends or contours.

        What holds the ends is a few trials more, or another rough profile where there are priors.
        """
        own = len(self.fit.runs) or self.each
        counts = [
            len(self.grid(problem, name)) or AUTOMATIC_POINTS + 15
            for name in self.interest(problem)
        ]
        more = _OF_DATA_ALONE * len(counts) if problem.priors and self.relax else 0
        if self.is_map:
            return self.starts + counts[0] * counts[1] * (own + 7) + 500 + more
        return self.starts + sum(count * (own + 6) + 30 for count in counts) + more

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        runs = {"seeds": list(self.fit.runs)} if self.fit.runs else {}
        points = [list(p) if isinstance(p, tuple) else p for p in self.points]
        return {
            "method": "profile",
            "parameters": list(self.parameters),
            "points": points,
            "starts": self.starts,
            "each": self.each,
            "relax": self.relax,
            "fit": {**self.fit.options(), **runs},
        }

    def in_words(self) -> str:
        """What is profiled, at how many points, and how each is fitted."""
        counts = [p if isinstance(p, int) else len(p or ()) for p in self.points]
        size = " x ".join(map(str, counts)) + " points" if all(counts) else "range found"
        which = "every parameter" if self.parameters == (ALL,) else " and ".join(self.parameters)
        what = f"{'map' if self.is_map else 'profile'} of {which}, {size}"
        return f"{what}, {self.fit.in_words(self.each)} each" + (
            "" if self.relax else ", not relaxed"
        )

    def facts(self, problem: FitProblem) -> MethodFacts:
        """Its parameters, alone or together."""
        facts = super().facts(problem)
        return dataclasses.replace(facts, jointly=self.is_map, relaxed=self.relax)

    def rounds(
        self, problem: FitProblem, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """The shared multi-start; every profile or the map, side by side; checks of the best."""
        ground = Ground(problem, settings, seed, self.fit, self.each, places)
        ground.ends = yield from self._shared(ground)
        if self.is_map:
            yield from self._map(ground)
        else:
            yield from self._curves(ground)
        if any(one.best for one in ground.relaxations) or ground.ends:
            yield self._record(ground)
            yield from refined_ends(ground)

    def _shared(self, ground: Ground) -> Generator[list[Task], list[Outcome], list[Outcome]]:
        """Fits of all free parameters."""
        if self.starts == 0 and not ground.places and not self.fit.runs:
            return []
        found = yield from search(
            ground.problem, ground.settings, ground.seed, ground.places, self.starts, self.fit
        )
        return found

    def _curves(self, ground: Ground) -> Step:
        """All 1-D profiles together, then their ends; again if a lower chi2 turns up."""
        curves = [Relaxation(ground, (name,)) for name in self.interest(ground.problem)]
        yield from together([self._curve(curve) for curve in curves])
        for _ in range(_MOST_PASSES):
            before = ground.lowest
            if not self.relax or before == float("inf"):
                return
            yield from self._from_below(ground)
            yield from together([interval_ends(curve) for curve in curves if curve.best])
            if ground.alike(before, ground.lowest):
                break
        yield from question_ends(curves)

    def _curve(self, curve: Relaxation) -> Step:
        name = curve.of[0]
        grid = self.grid(curve.problem, name) or _whole(curve.problem, name, AUTOMATIC_POINTS)
        if self.points[0] is None and self.relax:
            yield from automatic(curve)
        else:
            yield from relax(curve, grid, again=self.relax)
        if self.relax and curve.best:
            yield from minima(curve)
            yield from close_in(curve)

    def _from_below(self, ground: Ground) -> Step:
        """Fit all free parameters from points of profiles that lie below every such fit so far."""
        floor = min((chi2_of(end) for end in ground.ends), default=float("inf"))
        lower = sorted(
            (
                (chi2_of(end), point, end)
                for one in ground.relaxations
                for point, end in one.best.items()
                if chi2_of(end) < floor and not same_chi2(chi2_of(end), floor)
            ),
            key=lambda found: found[:2],  # the profiles of two parameters may share a point
        )[:4]
        fit, problem = self.fit, ground.problem
        if not lower or fit.runs:
            return
        box = problem.space.subspace(problem.space.free(()))
        ends = yield [
            fit.task(problem.space.fixed, at_end(box, end), Origin(Why.LOWER, i))
            for i, (_, _, end) in enumerate(lower)
        ]
        ground.ends += [*ends, *(yield polishes(problem, ends))]

    def _map(self, ground: Ground) -> Step:
        """The lattice, both marginal profiles and their ends, and the contours."""
        one, two = self.interest(ground.problem)
        axes = [self.grid(ground.problem, name) for name in (one, two)]
        if not all(axes):
            scouts = [Relaxation(ground, (name,)) for name in (one, two)]
            yield from together([automatic(scout) for scout in scouts])
            axes = [axis or _evenly(scout) for axis, scout in zip(axes, scouts, strict=True)]
        chart = Map(ground, (one, two), *axes)
        yield from chart.relax()
        margins = [chart.marginal(axis) for axis in (0, 1)]
        yield from together([step for _, step in margins])
        yield from together([minima(margin) for margin, _ in margins if margin.best])
        yield from together([close_in(margin) for margin, _ in margins if margin.best])
        for _ in range(_MOST_PASSES):
            before = ground.lowest
            yield from self._from_below(ground)
            yield from together(
                [
                    *(interval_ends(margin) for margin, _ in margins if margin.best),
                    chart.contours(),
                ]
            )
            if ground.alike(before, ground.lowest):
                break
        yield from question_ends([margin for margin, _ in margins])

    def _record(self, ground: Ground) -> list[Task]:
        """Everything at the best fit, on the grids, and what questions the best fit and ends."""
        tasks = question(ground.problem, ground.settings, ground.ends, self.fit)
        for one in ground.relaxations:
            if not one.best:
                continue
            lowest = min(one.best, key=lambda p: chi2_of(one.best[p]))
            points = {lowest} if len(one.of) == 2 else {lowest, *one.grid}
            if len(one.of) == 1:
                points |= {(crossing.inside,) for crossing, _ in crossings_of_95(one)}
            tasks += one.record(sorted(points))
        return tasks


def _whole(problem: FitProblem, name: str, count: int) -> list[float]:
    """Values over the whole range of a parameter, even on its scale."""
    u = np.linspace(0.0, 1.0, count)[:, None]
    return np.asarray(problem.space.subspace([name]).from_unit(u))[:, 0].tolist()


def _evenly(scout: Relaxation) -> list[float]:
    """A lattice axis over the range that a scouting profile found."""
    values = sorted(point[0] for point in scout.grid)
    return spread(scout, values[0], values[-1], _MAP_POINTS)


def _check_relax(relax: Any) -> None:
    """Refuse what only looks like true and false."""
    if not isinstance(relax, bool):
        msg = f"`relax` must be True or False, but got {relax!r}."
        raise PlanError(msg)


def _check_names(parameters: Sequence[Any]) -> None:
    wrong = [name for name in parameters if not isinstance(name, str)]
    if wrong:
        msg = (
            f"a profile takes names, but got {wrong[0]!r}; write dk.Profile('a') or "
            "dk.Profile('a', 'b')."
        )
        raise PlanError(msg)
    if not 1 <= len(parameters) <= 2 or (len(parameters) == 2 and ALL in parameters):
        msg = (
            "a profile takes one parameter, two for a map, or 'all', "
            f"but got {list(parameters)}; give each pair a study of its own."
        )
        raise PlanError(msg)
    if len(set(parameters)) != len(parameters):
        msg = f"a map needs two different parameters, but got {parameters[0]!r} twice."
        raise PlanError(msg)


def _grids(points: Any, count: int) -> tuple[Grid, ...]:
    """The declared points of every axis."""
    if count == 1:
        return (_grid(points),)
    if points is None:
        return (None, None)
    if not isinstance(points, (tuple, list)) or len(points) != 2:
        msg = f"the points of a map are a pair, e.g. points=(9, 6), but got {points!r}."
        raise PlanError(msg)
    return (_grid(points[0]), _grid(points[1]))


def _grid(points: Any) -> Grid:
    if points is None:
        return None
    if isinstance(points, (int, np.integer)):
        check_count("points", int(points), 3)
        return int(points)
    try:
        values = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.ndim != 1:
        msg = (
            "the points of a profile are a number of points or increasing values, "
            f"but got {points!r}; leave them out to have the range found."
        )
        raise PlanError(msg)
    grid: tuple[float, ...] = tuple(float(value) for value in values)
    if len(grid) < 3 or not all(b > a for a, b in itertools.pairwise(grid)):
        msg = (
            "the points of a profile must be at least three increasing numbers, "
            f"but got {list(grid)}."
        )
        raise PlanError(msg)
    return grid
