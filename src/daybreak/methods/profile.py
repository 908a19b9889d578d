"""Profiles by relaxation: the minimum over the nuisances along a grid of one parameter.

    profile(v) = min over all other free parameters of chi2, the profiled one held at v

Every grid point is fitted from its own starts, from every basin found anywhere, and from its
neighbours' best ends in both directions, until no point improves. Then every local minimum between
grid points is refined (successive parabolas) and every crossing of the 95 % level is narrowed
down on the re-fitted profile, not interpolated.

Threshold: chi2_min + 3.8415, the 95 % quantile of chi2 with one degree of freedom.
Source: Wilks (1938), Ann. Math. Stat. 9, 60; Murphy and van der Vaart (2000), JASA 95, 449.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.errors import PlanError, known
from daybreak.methods.evolution import Evolution
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.method import (
    AbstractMethod,
    Places,
    Rounds,
    check_count,
    evaluations,
    seed_of,
    starts_of,
)
from daybreak.problem.ends import LEVEL_95, Crossing, crossings, same_chi2
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.outcomes import Outcome, Task

MAX_BASINS = 8
"""How many distinct ends are tried at every point."""
_REACH = 0.02
"""Ends closer than this in the unit box are the same start for a neighbour."""
_MOST_PARABOLAS = 20
_ROOT_TOLERANCE = 1e-7
"""Width of the bracket of an interval end, as a share of the scan."""

Bests = dict[float, Outcome]
"""Lowest end found at each value of the profiled parameter."""
Step = Generator[list[Task], list[Outcome], None]


@dataclass(frozen=True, init=False)
class Profile(AbstractMethod):
    """Profile chi2 along one parameter (formula and procedure in `daybreak.methods.profile`).

    Parameters
    ----------
    parameter : str
        The parameter of interest.
    points : int or array
        Number of grid points over its whole range (evenly spaced on its scale), or their values.
    starts : int
        Starts of each grid point's own.
    fit : LeastSquares or Evolution
        How each local fit is made.

    Raises
    ------
    PlanError
        When there are fewer than three points, or they are not increasing finite numbers.
    """

    parameter: str
    points: tuple[float, ...] | int = 21
    starts: int = 16
    fit: LeastSquares | Evolution = field(default_factory=LeastSquares)

    def __init__(
        self,
        parameter: str,
        *,
        points: int | Sequence[float] | Any = 21,
        starts: int = 16,
        fit: LeastSquares | Evolution | None = None,
    ) -> None:
        """Accept the points as a number or as an array."""
        check_count("starts", starts, 1)
        if isinstance(points, (int, np.integer)):
            check_count("points", int(points), 3)
            grid: tuple[float, ...] | int = int(points)
        else:
            grid = tuple(np.asarray(points, dtype=np.float64).ravel().tolist())
            if len(grid) < 3 or not all(b > a for a, b in itertools.pairwise(grid)):
                msg = (
                    "the points of a profile must be at least three increasing numbers, "
                    f"but got {list(grid)}."
                )
                raise PlanError(msg)
        for name, value in (
            ("parameter", parameter), ("points", grid), ("starts", starts),
            ("fit", LeastSquares() if fit is None else fit),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def grid(self, problem: FitProblem) -> list[float]:
        """Values of the profiled parameter, in its unit."""
        if not isinstance(self.points, int):
            return list(self.points)
        box = problem.space.subspace([self.parameter])
        u = np.linspace(0.0, 1.0, self.points)[:, None]
        return np.asarray(box.from_unit(u))[:, 0].tolist()

    def check(self, problem: FitProblem) -> None:
        """The parameter exists and is free, the points lie inside its bounds."""
        free = problem.space.free(())
        if self.parameter not in free:
            msg = f"cannot profile {self.parameter!r}: the free parameters are {known(free)}."
            raise PlanError(msg)
        p = problem.space[self.parameter]
        outside = [v for v in self.grid(problem) if not p.lower <= v <= p.upper]
        if outside:
            msg = (
                f"points of the profile must lie inside the bounds [{p.lower}, {p.upper}] of "
                f"{self.parameter!r}, but {outside} do not."
            )
            raise PlanError(msg)

    def expected_trials(self, problem: FitProblem) -> int:
        """Own starts, two neighbours, a basin and an evaluation per point, and two ends."""
        own = len(self.fit.seeds) if isinstance(self.fit, Evolution) else self.starts
        return len(self.grid(problem)) * (own + 4) + 20

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        options = (
            self.fit.describe() if isinstance(self.fit, LeastSquares)
            else {**self.fit.options(), "seeds": list(self.fit.seeds)}
        )  # fmt: skip
        points = self.points if isinstance(self.points, int) else list(self.points)
        return {
            "method": "profile", "parameter": self.parameter, "points": points,
            "starts": self.starts, "fit": options,
        }  # fmt: skip

    def rounds(
        self, problem: FitProblem, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """Own starts, basins, neighbours until settled, minima, interval ends, evaluations."""
        search = _Search(self, problem, settings, seed)
        yield from search.own_starts(places)
        if not search.best:
            return
        yield from search.all_basins()
        yield from search.neighbours()
        yield from search.minima()
        yield from search.interval_ends()
        yield from search.evaluate()


class _Search:
    """One profile in the making: what has been found so far, and what to try next."""

    def __init__(
        self, method: Profile, problem: FitProblem, settings: Mapping[str, Setting], seed: int
    ) -> None:
        self.method = method
        self.problem = problem
        self.seed = seed_of(seed, settings)
        self.grid = method.grid(problem)
        self.free = problem.space.free([method.parameter])
        self.ends: dict[float, list[Outcome]] = {}
        self.best: Bests = {}
        self.scan = self.grid[-1] - self.grid[0]

    def _held(self, value: float) -> dict[str, float]:
        return {**self.problem.space.fixed, self.method.parameter: value}

    def _fit(self, value: float, start: Sequence[float] | None, origin: str) -> list[Task]:
        """The trials that fit one point, from a start or afresh."""
        solver, grid = self.method.fit, value in self.grid
        if isinstance(solver, LeastSquares):
            at = tuple(start or ())
            return [
                Task("fit", self._held(value), at, solver.describe(), None, origin, value, grid)
            ]
        first = None if start is None else tuple(start)
        options, seeds = solver.options(), solver.seeds[: 1 if start else None]
        return [
            Task(
                "evolve", self._held(value), first, options, s, origin or f"seed {s}", value, grid
            )
            for s in seeds
        ]

    def _take(self, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> set[float]:
        """Note the outcomes; return the points that improved."""
        improved: set[float] = set()
        for task, outcome in zip(tasks, outcomes, strict=True):
            if outcome.chi2 is None or task.point is None:
                continue
            self.ends.setdefault(task.point, []).append(outcome)
            known_best = self.best.get(task.point)
            if known_best is None or outcome.chi2 < _chi2(known_best):
                self.best[task.point] = outcome
                if known_best is None or not same_chi2(outcome.chi2, _chi2(known_best)):
                    improved.add(task.point)
        return improved

    def own_starts(self, places: Places) -> Step:
        """Fit every grid point from starts of its own, and from places known before."""
        box = self.problem.space.subspace(self.free)
        known_ones = [box.to_unit(place).tolist() for place in places]
        tasks: list[Task] = []
        for value in self.grid:
            if isinstance(self.method.fit, Evolution):
                tasks += self._fit(value, None, "")
                continue
            seed = seed_of(self.seed, self._held(value))
            starts = starts_of(self.problem, self.free, self.method.starts, seed)
            for i, start in enumerate(starts):
                tasks += self._fit(value, start, f"start {i}")
            for i, start in enumerate(known_ones):
                tasks += self._fit(value, start, f"preflight {i}")
        self._take(tasks, (yield tasks))

    def all_basins(self) -> Step:
        """Fit every grid point from every distinct end found at any other."""
        found = sorted(
            (
                (_chi2(o) - _chi2(self.best[v]), v, o)
                for v, ends in self.ends.items()
                for o in ends
            ),
            key=lambda end: end[:2],
        )
        chosen: list[tuple[float, Outcome]] = []
        for _, value, outcome in found:
            u = np.array(outcome.u)
            new = all(np.abs(u - o.u).max(initial=0.0) > _REACH for _, o in chosen)
            if new and len(chosen) < MAX_BASINS:
                chosen.append((value, outcome))
        tasks = [
            task
            for value in self.grid
            for i, (origin, outcome) in enumerate(chosen)
            if origin != value
            for task in self._fit(value, outcome.u, f"basin {i}")
        ]
        self._take(tasks, (yield tasks))

    def neighbours(self) -> Step:
        """Fit from the neighbours' best ends, in both directions, until no point improves."""
        changed = set(self.grid)
        for _ in range(4 * len(self.grid)):
            tasks: list[Task] = []
            for i, value in enumerate(self.grid):
                for j, side in ((i - 1, "left"), (i + 1, "right")):
                    near = self.grid[j] if 0 <= j < len(self.grid) else None
                    if near in changed and near in self.best:
                        tasks += self._fit(value, self.best[near].u, side)
            if not tasks:
                return
            changed = self._take(tasks, (yield tasks))

    def minima(self) -> Step:
        """Refine every local minimum of the profile between its neighbours, all at once.

        The 95 % set may have a piece narrower than the grid, of which only the slopes show.
        """
        for _ in range(_MOST_PARABOLAS):
            values = sorted(self.best)
            tasks: list[Task] = []
            for a, b, c in zip(values, values[1:], values[2:], strict=False):
                guess = self._lower(a, b, c)
                if guess is not None and guess not in self.best:
                    tasks += self._from_sides(guess, b, a if guess < b else c)
            if not tasks:
                return
            self._take(tasks, (yield tasks))

    def _lower(self, a: float, b: float, c: float) -> float | None:
        """Where a local minimum in (a, c) may lie lower than at b; None when b is as good."""
        fa, fb, fc = (_chi2(self.best[v]) for v in (a, b, c))
        if fb > min(fa, fc) or same_chi2(min(fa, fc), fb):
            return None
        guess = _vertex(a, b, c, fa, fb, fc)
        return None if abs(guess - b) <= 1e-6 * self.scan else guess

    def interval_ends(self) -> Step:
        """Narrow every crossing of the 95 % level down on the re-fitted profile."""
        for _ in range(40):
            values = sorted(self.best)
            chi2 = [_chi2(self.best[v]) for v in values]
            found = crossings(values, chi2, min(chi2) + LEVEL_95)
            open_ = [c for c in found if c.width > _ROOT_TOLERANCE * self.scan]
            tasks: list[Task] = []
            for crossing in open_:
                for value in _around(crossing, _ROOT_TOLERANCE * self.scan):
                    if value not in self.best:
                        tasks += self._from_sides(value, crossing.inside, crossing.outside)
            if not tasks:
                return
            self._take(tasks, (yield tasks))

    def _from_sides(self, value: float, one: float, other: float) -> list[Task]:
        left, right = min(one, other), max(one, other)
        return [
            *self._fit(value, self.best[left].u, "left"),
            *self._fit(value, self.best[right].u, "right"),
        ]

    def evaluate(self) -> Step:
        """Record everything at the lowest point, at fits that agree with it, and on the grid."""
        lowest = min(self.best, key=lambda v: _chi2(self.best[v]))
        tasks = evaluations(self.ends[lowest], lowest, grid=lowest in self.grid)
        for value in self.grid:
            if value in self.best and value != lowest:
                tasks += evaluations([self.best[value]], value)
        yield tasks


def _chi2(outcome: Outcome) -> float:
    return math.inf if outcome.chi2 is None else outcome.chi2


def _vertex(a: float, b: float, c: float, fa: float, fb: float, fc: float) -> float:
    """Lowest point of the parabola through three points; golden section where it is no use."""
    p = (b - a) ** 2 * (fb - fc) - (b - c) ** 2 * (fb - fa)
    q = (b - a) * (fb - fc) - (b - c) * (fb - fa)
    guess = b - 0.5 * p / q if q != 0.0 else b
    if a < guess < c:
        return guess
    wide = a if b - a > c - b else c
    return b + 0.381966 * (wide - b)


def _around(crossing: Crossing, tolerance: float) -> tuple[float, float]:
    """Two values close to where the chord crosses, hoping to have the root between them."""
    reach = max(0.45 * tolerance, 0.02 * crossing.width)
    low, high = sorted((crossing.inside, crossing.outside))
    root = min(max(crossing.root, low + reach), high - reach)
    return root - 0.9 * reach, root + 0.9 * reach
