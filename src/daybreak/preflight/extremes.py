"""Push chi2, or any quantity a model predicts, as far as a box allows."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daybreak.methods.evaluate.evaluator import Evaluator, cells_of
from daybreak.methods.evaluate.layout import Cells
from daybreak.methods.evaluate.with_jax import WIDTH
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.methods.method import seed_of
from daybreak.preflight.companion import (
    AIM,
    Goal,
    companion,
    list_of_quantities,
    quantities_at,
    values_at,
)
from daybreak.preflight.features import unresolved, where_to_begin
from daybreak.preflight.lines import Line, add_lines, lines
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import ENDS, add_end, survey
from daybreak.problem.arrays import Array

FIT_STARTS = 48
"""Local fits of the first method.

With `MEMBERS` more than the 64 that are asked for (`reachability.LEAST_STARTS`).
"""
RANDOM_STARTS = 32
"""How many of them begin at random places; the others at the better ones of the survey.

The random ones come first: where the bar is easily met no survey is needed to say so.
"""
CLOSER = 3
"""Most looks along lines, each with up to `features.STARTS` fits and one population.

A choice: a second is made only where the first found something lower.
"""
SAME = 1e-6
"""Relative change of a square below which a look along lines has found nothing new."""
MEMBERS = 32
"""Starts of the second method: members of a population.

One compiled call (`daybreak.methods.evaluate.with_jax.WIDTH`).
"""
POLISHED = 16
"""How many of the population end in a local fit.  A choice: the better half."""
GENERATIONS = 16
"""Generations of the second method; a choice: 16 x 32 evaluations are some ten fits."""
SAMPLE = 128
"""Random places that show what a quantity can be, beside those of `features`.

A choice: its best are only where ascents begin.
"""
RANGE_STARTS = 8
"""Ascents for each end of a range.

A choice: half from the best of the sample, half from anywhere.
"""
_WORST = 1e100
"""Stands for a square that is not finite, as in `daybreak.methods.evolution`."""


class Lane(NamedTuple):
    """One local minimisation."""

    goal: Goal
    start: Array
    """Values of the free parameters, shape (n,); clipped into the box."""
    lower: Array
    upper: Array


class Low(NamedTuple):
    """Where a minimisation ended; `square` is infinite where it failed."""

    square: float
    values: Array
    """Values of the free parameters, shape (n,)."""


NOWHERE = Low(math.inf, np.zeros(0))


def lowest(lows: Sequence[Low]) -> Low:
    """The lowest of some ends; the first of equals."""
    return min(lows, key=lambda low: low.square, default=NOWHERE)


@dataclass(frozen=True)
class Quantity:
    """A prediction, factor, parameter, or a ratio of two predictions: ``Q_i / Q_j``."""

    name: str
    unit: str
    numerator: int
    denominator: int
    target: float
    """What the data, or the bar, ask for."""
    ratio: tuple[str, str] | None = None
    """Names of the two predictions."""


@dataclass(frozen=True)
class Range:
    """What a quantity can be in the declared box, as far as searched."""

    quantity: Quantity
    up: Goal
    low: float
    high: float
    lowest_at: Low
    highest_at: Low

    @property
    def down(self) -> Goal:
        """The goal of making the quantity small."""
        return self.up._replace(aim=-self.up.aim)


class Search:
    """The companion of a study's problem, ready to be minimised.

    Parameters
    ----------
    probe : Probe
        The study, its budget and its seed.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.lower, self.upper = probe.box.lower, probe.box.upper
        self.names = list_of_quantities(probe.problem)
        self.one = len(self.names)
        """Index of the constant 1 in Q."""
        self.chi2 = Goal(self.one, self.one)
        problem = companion(probe.problem, with_jax=probe.differentiable)
        self._user, _ = probe.problem.split_settings(probe.settings)
        self.evaluator: Evaluator
        self.evaluator, self._cell = cells_of(
            problem, [{}], {**problem.settings, **probe.settings}
        )

    def unit(self, values: Array, lower: Array, upper: Array) -> Array:
        """Unit coordinates of values in a box, clipped into it."""
        log = self.probe.box.is_log
        inside = np.clip(values, lower, upper)
        linear = (inside - lower) / (upper - lower)
        ones = np.ones_like(inside)
        x, low, high = (
            np.where(log, part, one)
            for part, one in (
                (inside, ones),
                (lower, ones),
                (upper, 2.0 * ones),
            )
        )
        return np.clip(np.where(log, np.log(x / low) / np.log(high / low), linear), 0.0, 1.0)

    def values(self, u: Array, lower: Array, upper: Array) -> Array:
        """Values at unit coordinates (module formula)."""
        return values_at(u, lower, upper, self.probe.box.is_log, np)

    def _cells(self, lanes: Sequence[Lane]) -> Cells:
        traced = self.evaluator.layout.traced
        user = [self._user[name] for name in traced if name in self._user]
        rows = [[*user, *lane.goal, *lane.lower, *lane.upper] for lane in lanes]
        alike = self._cell[np.zeros(len(rows), dtype=int)]
        return Cells(alike.pins, np.array(rows, dtype=np.float64), alike.sigmas)

    def minimise(self, lanes: Sequence[Lane], iterations: int = 100) -> list[Low]:
        """Bounded least squares in every lane."""
        if not lanes:
            return []
        starts = np.array([self.unit(lane.start, lane.lower, lane.upper) for lane in lanes])
        options = LeastSquares(max_iterations=iterations)
        check = self.probe.check_time
        ends = fit(self.evaluator, starts, self._cells(lanes), options, check)
        self.probe.evaluations += sum(end.iterations for end in ends)
        return [
            NOWHERE
            if end.reason.failed or not math.isfinite(end.chi2)
            else Low(end.chi2, self.values(np.array(end.u), lane.lower, lane.upper))
            for end, lane in zip(ends, lanes, strict=True)
        ]

    @functools.cached_property
    def sample(self) -> tuple[Array, Array]:
        """Random places, and those where a parameter acts or chi2 dips along a line.

        Values, shape (N, n), and Q there, shape (N, n_quantities + 1).
        """
        probe, problem = self.probe, self.probe.problem
        seen = lines(probe)
        telling = where_to_begin(seen, [line.chi2 for line in seen])
        u = np.concatenate([probe.sample(SAMPLE, "extremes"), telling])
        values = probe.values(u)
        known = problem.data.values, problem.data.sigmas, np
        with np.errstate(all="ignore"):
            rows = [
                quantities_at(problem, raw, *problem.scaled(raw, *known), row)
                for raw, row in zip(probe.predictions(u), values, strict=True)
            ]
        return values, np.array(rows)

    def sampled(self, numerator: int, denominator: int) -> Array:
        """``Q_i / Q_j`` at the random places, shape (N,)."""
        Q = self.sample[1]
        with np.errstate(all="ignore"):
            return Q[:, numerator] / Q[:, denominator]

    def lanes(self, goal: Goal, starts: Array) -> list[Lane]:
        """Lanes in the declared box from values, shape (N, n)."""
        return [Lane(goal, start, self.lower, self.upper) for start in starts]

    def squares(self, goal: Goal, u: Array) -> Array:
        """Squared residual in the declared box, shape (N, n) -> (N,); huge where not finite."""
        if goal.aim == 0.0:
            r = self.probe.residuals(u)
        else:
            self.probe.check_time()
            self.probe.evaluations += len(u)
            lane = Lane(goal, self.lower, self.lower, self.upper)
            with self.evaluator.watched(self.probe.check_time):
                rows = np.zeros(len(u), dtype=int)
                r = self.evaluator.residuals(u, self._cells([lane])[rows])
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.sum(r * r, axis=1)
        return np.where(np.isfinite(total), total, _WORST)

    def costs(self, goal: Goal, line: Line) -> Array:
        """Squared residual along a line, shape (K,); infinite where it is not finite."""
        if goal.aim == 0.0:
            return line.chi2
        found = self.squares(goal, line.places)
        return np.where(found < _WORST, found, math.inf)

    def population(self, goal: Goal, first: Array, purpose: str) -> list[Low]:
        """A short differential evolution (Storn and Price 1997), its best members polished.

        It begins with the places `first`, shape (N, n).
        """
        from scipy.optimize import differential_evolution

        members: Any = first
        found = differential_evolution(
            lambda u: self.squares(goal, np.ascontiguousarray(u.T)),
            [(0.0, 1.0)] * len(self.lower),
            init=members,
            maxiter=GENERATIONS,
            tol=0.0,
            polish=False,
            vectorized=True,
            updating="deferred",
            rng=seed_of(self.probe.seed, "population", purpose),
        )
        order = np.argsort(found.population_energies, kind="stable")[:POLISHED]
        u = np.clip(np.asarray(found.population)[order], 0.0, 1.0)
        values = self.values(u, self.lower, self.upper)
        energies = np.asarray(found.population_energies)[order].tolist()
        ends = [Low(e, v) for e, v in zip(energies, values, strict=True) if e < _WORST]
        return ends + self.minimise(self.lanes(goal, values))


class Pursuit:
    """The search for the least square of one goal by two methods; keeps what it has on the way.

    Where neither comes to the bar both begin again from what lines through the box show
    (`features`), until that finds nothing lower.

    Attributes
    ----------
    by_fits, by_population : Low
        The best of bounded least squares from many starts, and of a polished population.
    starts : int
        Starts of both so far.
    unresolved : bool
        Whether more was seen along a parameter than could be searched.
    """

    def __init__(self, search: Search, goal: Goal, purpose: str) -> None:
        self.search, self.goal, self.purpose = search, goal, purpose
        self.by_fits = self.by_population = NOWHERE
        self.starts = 0
        self.unresolved = False

    @property
    def best(self) -> Low:
        """The lower of both."""
        return lowest([self.by_fits, self.by_population])

    def run(self, enough: float) -> None:
        """Search until both methods are done, or a square of at most `enough` is found."""
        probe, purpose = self.search.probe, self.purpose
        anywhere = probe.sample(RANDOM_STARTS, purpose)
        if self._fitted(anywhere, enough):
            return
        known = survey(probe).good_and_other(FIT_STARTS - RANDOM_STARTS)
        if self._fitted(known, enough):
            return
        members = np.concatenate(
            [probe.sample(MEMBERS, f"members {purpose}")[len(known) :], known]
        )
        self._evolved(members, purpose)
        self._look_closer(enough)

    def _fitted(self, u: Array, enough: float) -> bool:
        """Local fits from unit coordinates, a few at a time; whether one of them is enough."""
        search = self.search
        values = search.probe.values(u)
        block = WIDTH if search.probe.differentiable else 8
        for first in range(0, len(u), block):
            lanes = search.lanes(self.goal, values[first : first + block])
            self.by_fits = self._lowest([self.by_fits, *search.minimise(lanes)])
            self.starts += len(lanes)
            if self.by_fits.square <= enough:
                return True
        return False

    def _evolved(self, members: Array, purpose: str) -> None:
        found = self.search.population(self.goal, members, purpose)
        self.by_population = self._lowest([self.by_population, *found])
        self.starts += len(members)

    def _lowest(self, lows: Sequence[Low]) -> Low:
        """The lowest; ends of fits are kept for the survey."""
        search, order = self.search, sorted(lows, key=lambda low: low.square)
        for low in order[:ENDS] if self.goal.aim == 0.0 else ():
            if math.isfinite(low.square):
                u = search.unit(low.values, search.lower, search.upper)
                add_end(search.probe, low.square, u)
        return order[0]

    def _look_closer(self, enough: float) -> None:
        """Begin where lines through corners, the guess and the best place show something."""
        probe, seen = self.search.probe, lines(self.search.probe)
        for round_ in range(CLOSER):
            before = self.best
            if before.square <= enough or not math.isfinite(before.square):
                return
            home = self.search.unit(before.values, self.search.lower, self.search.upper)
            seen = [*(seen if round_ == 0 else []), *add_lines(probe, home)]
            costs = [self.search.costs(self.goal, line) for line in seen]
            self.unresolved = unresolved(costs, before.square - enough)
            starts = where_to_begin(seen, costs)
            if self._fitted(starts, enough) or self._as_before(before):
                return
            more = probe.sample(MEMBERS, f"members {round_} {self.purpose}")
            members = np.concatenate([more[len(starts) :], starts])[:MEMBERS]
            self._evolved(members, f"{self.purpose} {round_}")

    def _as_before(self, before: Low) -> bool:
        return self.best.square >= before.square * (1.0 - SAME)


def find_ranges(search: Search, quantities: Sequence[Quantity]) -> list[Range]:
    """Smallest and largest value of every quantity, from a sample and by bounded ascent."""
    goals = [_goal(search, quantity) for quantity in quantities]
    lanes: list[Lane] = []
    for goal in goals:
        sampled = search.sampled(goal.numerator, goal.denominator)
        for one, order in ((goal._replace(aim=-AIM), 1.0), (goal, -1.0)):
            lanes += search.lanes(one, search.sample[0][_starts(order * sampled)])
    ends = search.minimise(lanes)
    found: list[Range] = []
    for i, (quantity, goal) in enumerate(zip(quantities, goals, strict=True)):
        first = 2 * RANGE_STARTS * i
        down, up = (lowest(ends[k : k + RANGE_STARTS]) for k in (first, first + RANGE_STARTS))
        if math.isfinite(down.square) and math.isfinite(up.square):
            low, high = goal._replace(aim=-AIM).value(down.square), goal.value(up.square)
            found.append(Range(quantity, goal, low, high, down, up))
    return found


def _goal(search: Search, quantity: Quantity) -> Goal:
    """The ascent of a quantity; s is small among its sampled sizes, for a logarithm's sake."""
    sizes = np.abs(search.sampled(quantity.numerator, quantity.denominator))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0.0)]
    scale = float(np.quantile(sizes, 0.1)) if len(sizes) else 1.0
    return Goal(quantity.numerator, quantity.denominator, scale, AIM)


def _starts(cost: Array) -> NDArray[np.intp]:
    """Rows to begin at: the best of a sample, and its first as a change."""
    best = np.argsort(np.where(np.isfinite(cost), cost, math.inf), kind="stable")
    half = RANGE_STARTS // 2
    return np.concatenate([best[:half], np.arange(RANGE_STARTS - half)])
