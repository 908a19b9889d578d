"""The profile of one parameter by brute force: NumPy and SciPy, nothing of Daybreak.

    profile(v) = min over all other parameters of chi2, the one of interest held at v

Thousands of places (all over the box, crowded at its bounds, and about every minimum known) are
evaluated at once for every v; `scipy.optimize.least_squares` goes on from the best of them, from
the best of both neighbours, and again in both directions until nothing improves.  Ends of the 95 %
set are roots of the profile.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq, least_squares
from scipy.stats import qmc

from validation.statements.case import Array, Case

LEVEL = 3.841458820694124
"""95 % quantile of chi2 with one degree of freedom (Wilks 1938)."""
PLACES = 2048
"""Places tried for every value of the parameter of interest."""
FREE = 8192
"""Places tried for all parameters together."""
GRID = 41
"""Values over the range of the parameter of interest, beside those about every minimum."""
_SAME = 1e-6
"""Two fits within this of each other in chi2 are one."""
_WALL = 100.0
"""How far above the level a place counts where the model is not finite: for root finding."""


@dataclass(frozen=True, eq=False)
class Point:
    """The lowest chi2 at a value of the parameter of interest, and where."""

    chi2: float
    u: Array


class Brute:
    """Minima and profile of a case.

    Parameters
    ----------
    case : Case
    refined : bool
        Whether the knob is refined.
    known : sequence of arrays
        Places in units of this box from which fits start beside all others.
    """

    def __init__(self, case: Case, known: list[Array] | None = None, *, refined: bool = False):
        self.case, self.refined = case, refined
        self.column = case.names.index(case.interest)
        self.number = case.number(case.interest)
        self.others = np.arange(len(case.numbers)) != self.column
        self.known = [np.clip(u, 0.0, 1.0) for u in known or []]
        truth = case.units(case.truth)
        self.known.append(np.clip(truth, 0.0, 1.0))
        self.points: dict[float, Point] = {}
        self.grid: list[float] = []
        """Values of the scan, without those at which ends were sought."""

    # -- evaluations -------------------------------------------------------------------------

    def residuals(self, u: Array) -> Array:
        """Residuals at unit coordinates, shape (N, n) -> (N, m)."""
        return self.case.residuals(self.case.values(u), refined=self.refined)

    def chi2(self, u: Array) -> Array:
        """Chi2, infinite where the model is not finite; shape (N, n) -> (N,)."""
        with np.errstate(all="ignore"):
            found = (self.residuals(u) ** 2).sum(axis=1)
        return np.where(np.isfinite(found), found, np.inf)

    def fit(self, start: Array, moving: Array) -> Point:
        """Bounded least squares from one start over the coordinates that move."""
        u = start.copy()
        here = float(self.chi2(u[None])[0])
        if not moving.any() or not math.isfinite(here):
            return Point(here, u)

        def place(z: Array) -> Array:
            full = start.copy()
            full[moving] = z
            return full

        def slopes(z: Array) -> Array:
            base = place(z)
            step = np.where(z > 0.5, -1e-7, 1e-7)
            moved = np.repeat(base[None], len(z), axis=0)
            moved[np.arange(len(z)), np.flatnonzero(moving)] += step
            r = self.residuals(np.concatenate([base[None], moved]))
            found = (r[1:] - r[0]) / step[:, None]
            return np.where(np.isfinite(found), found, 0.0).T

        best = Point(here, u)
        for method in ("trf", "dogbox"):
            z = best.u[moving]
            if method == "dogbox":  # the first stays inside; what is next to a bound is at it
                z = np.where(z < 1e-4, 0.0, np.where(z > 1 - 1e-4, 1.0, z))
                if (z == best.u[moving]).all() and here > best.chi2:
                    break
                if not math.isfinite(float(self.chi2(place(z)[None])[0])):
                    continue
            try:
                done = least_squares(
                    lambda z: self.residuals(place(z)[None])[0],
                    z,
                    slopes,
                    bounds=(0.0, 1.0),
                    method=method,
                    xtol=1e-11,
                    ftol=1e-11,
                    gtol=1e-11,
                    max_nfev=60,
                )
            except (ValueError, np.linalg.LinAlgError):  # it strayed to where nothing is finite
                continue
            found = place(np.clip(done.x, 0.0, 1.0))
            chi2 = float(self.chi2(found[None])[0])
            if chi2 < best.chi2:
                best = Point(chi2, found)
        return best

    # -- minima over everything --------------------------------------------------------------

    def crowd(self, count: int, seed: int) -> Array:
        """Places in the unit box: even, crowded at the bounds, and its corners."""
        n = len(self.case.numbers)
        even = qmc.Sobol(n, seed=seed).random(count // 2)
        rng = np.random.default_rng(seed)
        crowded = rng.beta(0.3, 0.3, (count - len(even), n))
        corners = np.array(list(itertools.product((0.0, 1.0), repeat=n)))
        return np.concatenate([even, crowded, corners, np.full((1, n), 0.5)])

    @cached_property
    def minima(self) -> list[Point]:
        """Distinct ends of fits over all parameters, lowest first."""
        u = np.concatenate([self.crowd(FREE, 1), np.array(self.known)])
        chi2 = self.chi2(u)
        starts = [u[i] for i in _apart(u, chi2, 10)] + self.known
        ends = [self.fit(start, np.ones(u.shape[1], dtype=bool)) for start in starts]
        found: list[Point] = []
        for end in sorted(ends, key=lambda one: one.chi2):
            near = [one for one in found if np.abs(one.u - end.u).max() < 1e-4]
            if math.isfinite(end.chi2) and not near:
                found.append(end)
        return found

    @property
    def best(self) -> Point:
        """The lowest chi2 seen anywhere, profile included."""
        return min([*self.minima[:1], *self.points.values()], key=lambda one: one.chi2)

    # -- the profile -------------------------------------------------------------------------

    @cached_property
    def _nuisances(self) -> Array:
        """Places that are tried at every value; the column of interest is overwritten."""
        if not self.others.any():
            return np.full((1, 1), 0.5)
        rng = np.random.default_rng(2)
        near = [
            np.clip(one.u + size * rng.normal(size=(16, len(one.u))), 0.0, 1.0)
            for one in self.minima[:6]
            for size in (0.0, 0.01, 0.1)
        ]
        return np.concatenate([self.crowd(PLACES, 3), *near])

    def at(self, value: float, warm: list[Array] | None = None, starts: int = 2) -> Point:
        """The profile at one value."""
        u = self._nuisances.copy()
        u[:, self.column] = self.number.unit(value)
        found = [u[i] for i in _apart(u, self.chi2(u), starts)]
        for start in warm or []:
            one = start.copy()
            one[self.column] = self.number.unit(value)
            found.append(one)
        ends = [self.fit(start, self.others) for start in found]
        return min(ends, key=lambda one: one.chi2, default=Point(math.inf, u[0]))

    def scan(self, low: float, high: float) -> None:
        """Fit the profile at an even grid of [low, high], about every minimum, and relax it."""
        share = np.linspace(0.0, 1.0, GRID)
        first, last = self.number.unit(low), self.number.unit(high)
        places = [float(v) for v in self.number.value(first + share * (last - first))]
        places[0], places[-1] = low, high
        seen: list[float] = []
        for one in self.minima:
            at = one.u[self.column]
            near = any(abs(at - other) < 0.02 for other in seen)  # a valley is one place
            if one.chi2 <= self.minima[0].chi2 + 2 * LEVEL and not near and len(seen) < 4:
                seen.append(at)
                places += self._about(one, first, last)
        self.grid = sorted({v for v in places if low <= v <= high})
        for value in self.grid:
            self.points[value] = self.at(value)
        self._relax(self.grid)

    def _about(self, one: Point, first: float, last: float) -> list[float]:
        """Values about a minimum: closer and closer, so that the narrowest valley is met."""
        at = one.u[self.column]
        steps = (last - first) / GRID * 4.0 ** -np.arange(1, 11)
        near = np.concatenate([[at], at - steps, at + steps])
        return [float(v) for v in self.number.value(near[(near >= first) & (near <= last)])]

    def _relax(self, values: list[float]) -> None:
        """Refit from both neighbours until nothing improves."""
        if self.others.sum() == 0:
            return
        for sweep in range(6):
            improved = False
            order = values if sweep % 2 == 0 else values[::-1]
            for before, value in itertools.pairwise(order):
                start = self.points[before].u.copy()
                start[self.column] = self.number.unit(value)
                if not math.isfinite(self.points[before].chi2):
                    continue
                end = self.fit(start, self.others)
                if end.chi2 < self.points[value].chi2 - _SAME:
                    self.points[value], improved = end, True
            if not improved and sweep:
                return

    def rise(self, value: float, warm: list[Array], level: float) -> float:
        """Profile minus level, kept below a wall's height."""
        if value not in self.points:
            self.points[value] = self.at(value, warm, starts=1)
        return min(self.points[value].chi2 - level, _WALL)

    def pieces(self, low: float, high: float) -> list[tuple[float, float]]:
        """The connected pieces of the 95 % set within [low, high]."""
        level = self.best.chi2 + LEVEL
        ends: list[float] = []
        values = sorted(v for v in self.points if low <= v <= high)
        inside = [self.points[v].chi2 <= level for v in values]
        for (a, b), (one, other) in zip(
            itertools.pairwise(values), itertools.pairwise(inside), strict=True
        ):
            if one != other:
                ends.append(self._root(a, b, level))
        if inside[0]:
            ends.insert(0, values[0])
        if inside[-1]:
            ends.append(values[-1])
        return list(zip(ends[::2], ends[1::2], strict=True))

    def _root(self, a: float, b: float, level: float) -> float:
        warm = [self.points[a].u, self.points[b].u]
        width = 1e-6 * abs(b - a)
        return float(
            brentq(self.rise, a, b, args=(warm, level), xtol=max(width, 1e-14), rtol=1e-13)
        )


def _apart(u: Array, chi2: Array, count: int) -> list[int]:
    """Rows of the lowest finite chi2, each at least a tenth of the box from the lower ones."""
    order = np.argsort(chi2, kind="stable")[:400]
    found: list[int] = []
    for i in order:
        if not math.isfinite(chi2[i]) or len(found) == count:
            break
        if all(np.abs(u[i] - u[j]).max() > 0.1 for j in found):
            found.append(int(i))
    return found
