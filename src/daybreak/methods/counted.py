r"""Evaluations that are trials of their own, counted against a budget, and derivatives from them.

Each evaluation is durable once it is made, is never made twice, and the columns of a Jacobian are
asked for together, so that as many workers as there are share them.  Columns are differences

    J_j = (r(u + h_j e_j) - r(u)) / h_j,    h_j = t / |J_j|,   t = 5 sqrt(noise)

whose step follows the noise measured in the model: with a relative curvature of about a tenth per
standard error, t balances the error ``noise / t`` against the bend ``t / 20``.
Source: More and Wild (2012), ACM Trans. Math. Softw. 38, 19 (differences of noisy simulations).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daybreak.methods.hamming import agreed, noise_levels
from daybreak.methods.local_model import LocalModel
from daybreak.methods.polish import pressed, what_is_left
from daybreak.problem.arrays import Array
from daybreak.problem.derived import TIES, tie_name
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.levels import level_95
from daybreak.problem.loosened import FACTORS, OPTION, Loosening, sigmas_without_priors
from daybreak.problem.outcomes import Outcome, Task

_STEPS = (1e-6, 2.0)
"""Least and largest t, in standard errors.

The least is what rounding alone asks for where predictions are a hundred sigma; the largest, at
which the bend t / 20 is a tenth of a column, what noise of 0.16 sigma asks for.
"""
_WIDEST = 0.05
"""Longest step, as a share of the range: of columns that hardly any residual feels.

A choice: the linear model is asked about the range next to a place, not across it.
"""
_FIRST = 1e-4
"""Step of the first Jacobian, a share of the range, before column lengths are known.

A choice between rounding and bend; `_OFF` mends what it misses.
"""
_OFF = 10.0
"""Columns whose step came out this much too long or short are measured again.

With the error noise / t + t / 20, a step ten times off has five times the least one.
"""
_HEARD = 4.0
"""A change of residuals teaches the Jacobian when it is this many times the noise.

A change by noise alone has the length sqrt(2) noise, a third of that.
"""
_SPACING = 1e-6
"""Distance of places along the line from which noise is told, as a share of the range.

A choice: a smooth model bends by 1e-12 there, and its own chatter is seen whole.
"""
_SAMPLES = 7
"""Places along it: two differences of the highest order are left to be averaged."""
_ORDERS = (3, 4, 5)
"""Orders of differences that must agree on the noise, three as in More and Wild (2011)."""
_RANK = 1e-6
"""Columns whose singular values are below this share of the largest are dependent.

Ten times the error of differences where nothing but rounding disturbs them (`_STEPS`).
"""
_ROUNDING = 4e-16
"""Relative rounding of a prediction and of the difference from its datum: two units of 2.2e-16."""
_NOWHERE = 1e6
"""Where a derived quantity that is not a number is put; chi2 is not one there either.

A million ranges away: no step of a local model leads there.
"""


class SpentError(Exception):
    """The budget does not allow the evaluations that are asked for."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A place that has been evaluated."""

    u: Array
    g: Array
    """Derived quantities, in unit coordinates of their ranges, perhaps outside."""
    predictions: Array
    """After scale factors and offsets, shape (n_observations,)."""
    chi2: float
    factors: Mapping[str, float]
    """Scale factors and offsets there."""

    def at(self, column: int) -> float:
        """Unit coordinate of what a column of a local model stands for."""
        return float(np.concatenate([self.u, self.g])[column])


class Counted:
    """A problem with given settings, every evaluation of which is counted."""

    def __init__(
        self,
        problem: FitProblem,
        settings: Mapping[str, Setting],
        budget: float,
        *,
        priors: bool = True,
    ) -> None:
        self.problem = problem
        self.settings = settings
        self._sigmas = problem.data.sigmas if priors else sigmas_without_priors(problem)
        self._priors = priors
        every = problem.space.free(())
        self.free = tuple(name for name in every if name not in problem.ties)
        """Parameters that move: what is derived from them follows."""
        self.columns = (*self.free, *problem.ties)
        """All that may be asked about, in the order of a local model's columns."""
        self.box = problem.space.subspace(self.free)
        self._order = [self.columns.index(name) for name in every]
        self._ranges = problem.space.subspace(problem.ties)
        self._options: dict[str, Any] = {}
        """Of every evaluation: what the elimination of scale factors and offsets leaves out."""
        self.budget = budget
        """Most evaluations for now."""
        self.spent = 0
        self.lowest: Spot | None = None
        """The lowest place seen, whatever it was evaluated for."""
        self.noise = 0.0
        """Norm of the model's own noise over all residuals, in units of sigma."""
        self.level = level_95(problem.describe())
        """How far chi2 may rise in a 95 % set."""
        names = [tie_name(name) for name in problem.ties]
        self._ties = [problem.data.names.index(name) for name in names]
        """Rows that vanish wherever derived quantities are within their ranges."""
        self._spots: dict[bytes, Spot] = {}
        self._observed = np.asarray(problem.observed(settings, np), dtype=np.float64)

    def loosened(self, what: Loosening) -> Counted:
        """The same with something left out, which what is left of the budget has to pay for."""
        left, priors = self.budget - self.spent, self._priors and what.priors
        found = Counted(what.of(self.problem), self.settings, left, priors=priors)
        found.noise = self.noise
        if self.problem.groups:
            found._options = {OPTION: what.describe()}
        return found

    def values(self, u: Array) -> tuple[dict[str, float], Array]:
        """All parameters at a place, derived ones at what defines them, and these as they are.

        The latter in unit coordinates of their ranges, shape (k,), perhaps outside; in `values`
        they are inside, so that leaving the range costs chi2.
        """
        moving = np.asarray(self.box.from_unit(u[None]))[0].tolist() if self.free else []
        values = {**self.problem.space.fixed, **dict(zip(self.free, moving, strict=True))}
        g = np.zeros(0)
        if self.problem.ties:
            middle = {name: one.lower for name, one in self.problem.ties.items()}
            row = [float({**middle, **values}[name]) for name in self.problem.space.names]
            with np.errstate(all="ignore"):
                found = self.problem.defined(row, self.settings)
                ties = self.problem.ties.items()
                g = np.array([one.slack(found[name], one.lower, np) for name, one in ties])
            g = np.nan_to_num(g, nan=_NOWHERE, posinf=_NOWHERE, neginf=-_NOWHERE)
            inside = np.asarray(self._ranges.from_unit(np.clip(g, 0.0, 1.0)[None]))[0].tolist()
            values |= dict(zip(self.problem.ties, inside, strict=True))
        return {name: float(values[name]) for name in self.problem.space.names}, g

    def whole(self, spot: Spot | LocalModel) -> Array:
        """Unit coordinates of all free parameters of the problem, in its order."""
        return np.concatenate([spot.u, np.clip(spot.g, 0.0, 1.0)])[self._order]

    # -- evaluations -------------------------------------------------------------------------

    def evaluate(
        self, places: Sequence[Array], of: str | None = None
    ) -> Generator[list[Task], list[Outcome], list[Spot | None]]:
        """Evaluate places together; None where the model gives no number.

        `of` is the parameter whose profile they are asked for, if any.

        Raises
        ------
        SpentError
            When that is more than is left.
        """
        if self.spent + len(places) > self.budget:
            raise SpentError
        self.spent += len(places)
        tasks: list[Task] = []
        derived: list[Array] = []
        for u in places:
            held, g = self.values(u)
            derived.append(g)
            interest: dict[str, Any] = {} if of is None else {"of": (of,), "point": (held[of],)}
            tasks.append(Task(EVALUATE, held, options=self._options, grid=False, **interest))
        outcomes = yield tasks
        return [
            self._spot(u, g, outcome)
            for u, g, outcome in zip(places, derived, outcomes, strict=True)
        ]

    def one(
        self, u: Array, of: str | None = None
    ) -> Generator[list[Task], list[Outcome], Spot | None]:
        """Evaluate one place."""
        return (yield from self.evaluate([u], of))[0]

    def _spot(self, u: Array, g: Array, outcome: Outcome) -> Spot | None:
        if outcome.chi2 is None:
            return None
        predictions = np.array(outcome.details["predictions"])
        spot = Spot(u, g, predictions, outcome.chi2, outcome.details.get(FACTORS, {}))
        if not self._priors:
            r = self.residuals(spot)
            spot = replace(spot, chi2=float(r @ r))
        self._spots[u.tobytes()] = spot
        if self.lowest is None or spot.chi2 < self.lowest.chi2:
            self.lowest = spot
        return spot

    def factors(self, u: Array) -> Mapping[str, float]:
        """Scale factors and offsets at a place that has been evaluated; empty elsewhere."""
        spot = self._spots.get(u.tobytes())
        return {} if spot is None else spot.factors

    def residuals(self, spot: Spot, sizes: Array | None = None) -> Array:
        """Numbers whose squares add up to chi2, shape (m,); `sizes` as in `Observations`."""
        data = self.problem.data
        r = data.residuals(spot.predictions, self._observed, self._sigmas, np, sizes)
        return np.asarray(r, dtype=np.float64)

    def taught(self, model: LocalModel, spot: Spot) -> LocalModel:
        """The same place, its J taught by another; by one that stands out of the noise."""
        r = self.residuals(spot, model.sizes)
        heard = np.linalg.norm(r - model.r) > _HEARD * self.noise
        if not heard:
            return model
        taught = model.taught(spot.u, r, spot.g)
        taught.J[self._ties] = 0.0  # outside alone they do not: the model keeps to the ranges
        return taught

    def blur(self, chi2: float) -> float:
        """Standard uncertainty that the model's noise gives a chi2: ``2 sqrt(chi2 / m) noise``."""
        return 2.0 * math.sqrt(chi2 / max(1, self.problem.data.count)) * self.noise

    def moved(self, model: LocalModel, spot: Spot) -> LocalModel:
        """The local model of another place that has been evaluated."""
        taught = self.taught(model, spot)
        J = taught.J.copy()
        sizes, r = self._sized(spot)
        if sizes is not None and model.sizes is not None:
            for rows, old, new in zip(self.problem.data.unknown, model.sizes, sizes, strict=True):
                J[rows] *= old / new
        return LocalModel(spot.u, r, J, spot.g, taught.G, sizes, model.age + 1)

    def at(self, spot: Spot) -> LocalModel:
        """A local model of which nothing but the place is known."""
        sizes, r = self._sized(spot)
        J, G = (np.zeros((count, len(self.free))) for count in (len(r), len(spot.g)))
        return LocalModel(spot.u, r, J, spot.g, G, sizes)

    def _sized(self, spot: Spot) -> tuple[Array | None, Array]:
        """Factors of unknown noise at a place, and its residuals."""
        r, data = self.residuals(spot), self.problem.data
        return (data.sizes_of(r) if data.unknown else None), r

    def what_is_left(self, model: LocalModel) -> dict[str, Any]:
        """What a fit leaves of the data, as a polish tells it; empty without a measured J."""
        spot = self._spots.get(model.u.tobytes())
        if spot is None or model.age:
            return {}
        held = pressed(model.u, model.J.T @ model.r)
        count, sigmas = len(spot.predictions), self.problem.data.sigmas
        J = model.J[:count, ~held]
        left = what_is_left(self.problem, spot.predictions, J, sigmas, _RANK)
        left.pop(TIES, None)
        names = [name for name, at in zip(self.free, held, strict=True) if at]
        return {"left": left, "held": names}

    # -- derivatives -------------------------------------------------------------------------

    def hear(self, u: Array) -> Generator[list[Task], list[Outcome], None]:
        """Measure the model's noise beside a place, from a short line of uneven steps.

        The levels of all residuals are told together, as one norm.
        """
        pace = np.random.default_rng(len(self.free)).uniform(0.5, 1.5, size=len(self.free))
        pace = np.where(u < 0.5, pace, -pace) * _SPACING
        line = yield from self.evaluate([u + i * pace for i in range(_SAMPLES)])
        spots = [one for one in line if one is not None]
        if len(spots) == len(line):
            heard = noise_levels(np.array([self.residuals(one) for one in spots]), _ORDERS)
            self.noise = max(
                self._rounding(spots[0]), float(agreed(np.linalg.norm(heard, axis=1)))
            )

    def _rounding(self, spot: Spot) -> float:
        return _ROUNDING * float(np.linalg.norm(spot.predictions / self.problem.data.sigmas))

    def linearised(self, model: LocalModel) -> Generator[list[Task], list[Outcome], LocalModel]:
        """The same place with its Jacobian by differences (module formula).

        Where the model knows nothing of its columns yet, steps are found by trying.
        """
        J, G, columns = np.zeros_like(model.J), np.zeros_like(model.G), range(len(self.free))
        t = min(max(5.0 * math.sqrt(self.noise), _STEPS[0]), _STEPS[1])
        known = model.lengths.any()
        h = _steps(t, model.lengths) if known else np.full(len(columns), _FIRST)
        yield from self._differences(model, (J, G), columns, h)
        if not known:
            lengths = np.sqrt(np.sum(J * J, axis=0))
            off = h * lengths / t
            again = np.flatnonzero((off > _OFF) | (off < 1.0 / _OFF)).tolist()
            yield from self._differences(model, (J, G), again, _steps(t, lengths))
        return LocalModel(model.u, model.r, J, model.g, G, model.sizes)

    def _differences(
        self, model: LocalModel, found: tuple[Array, Array], columns: Sequence[int], h: Array
    ) -> Generator[list[Task], list[Outcome], None]:
        """Fill in some columns; where one side gives no number, the other is tried once."""
        u = model.u
        steps = {j: h[j] if u[j] + h[j] <= 1.0 else -h[j] for j in columns}
        for _ in range(2):
            places = [u + step * np.eye(len(u))[j] for j, step in steps.items()]
            spots = yield from self.evaluate(places)
            missing: dict[int, float] = {}
            for (j, step), one in zip(steps.items(), spots, strict=True):
                if one is None:
                    missing[j] = -step
                else:
                    moved = one.u[j] - u[j]
                    found[0][:, j] = (self.residuals(one, model.sizes) - model.r) / moved
                    found[0][self._ties, j] = 0.0  # outside alone they do not
                    found[1][:, j] = (one.g - model.g) / moved
            steps = {j: step for j, step in missing.items() if 0.0 <= u[j] + step <= 1.0}
            if not steps:
                return


def _steps(t: float, lengths: Array) -> Array:
    """Steps h_j of the module formula, as shares of the range."""
    return np.clip(t / np.maximum(lengths, 1e-300), 1e-9, _WIDEST)
