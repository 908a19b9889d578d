"""SciPy, iminuit, lmfit and pyPESTO on one question, each as its own documentation shows it.

All of them see the same residuals, box and starts, in the coordinates the box is even in (the
logarithm on a log scale), and take their own differences.  What a tool offers for profiles it is
asked to do (iminuit `mnprofile` and `minos`, lmfit `conf_interval`, pyPESTO `parameter_profile`);
where it offers nothing, fits with the parameter held follow one another along the grid.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

import daybreak as dk

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
LEVEL = 3.841458820694124
"""95 % quantile of chi2 with one degree of freedom."""
LEVEL_2 = 5.991464547107979
"""... and with two."""
TIGHT = 1e-12


@dataclass(frozen=True, eq=False)
class Question:
    """Least squares in a box, and the coordinate whose profile is asked for."""

    names: tuple[str, ...]
    lower: Array
    upper: Array
    is_log: NDArray[np.bool_]
    residuals: Callable[[Array], Array]
    interest: int
    grid: Array
    starts: Array
    """Where fits begin, shape (starts, n)."""
    both: bool = False
    """Whether the grid is swept up and down, not outwards from the best fit."""

    def chi2(self, x: Array) -> float:
        """Sum of squares."""
        r = self.residuals(np.asarray(x))
        return float(r @ r)

    @property
    def all(self) -> Rows:
        """Indices of every parameter."""
        return np.arange(len(self.names))

    @property
    def others(self) -> Rows:
        """Indices of what is re-fitted along the profile."""
        return np.delete(self.all, self.interest)

    @property
    def name(self) -> str:
        """The parameter of interest."""
        return self.names[self.interest]

    def natural(self, values: Array) -> Array:
        """Values of the parameter of interest in its unit."""
        return np.exp(values) if self.is_log[self.interest] else values


@dataclass(frozen=True, eq=False)
class Curve:
    """A profile as a tool reports it."""

    values: Array
    chi2: Array
    good: NDArray[np.bool_]
    """Which points the tool itself marks as converged."""
    intervals: int
    """How many 95 % intervals its own function for intervals reports."""


Peer = Callable[[Question], Curve]
"""Fits from all starts, then the profile."""


def question_of(
    problem: dk.FitProblem, interest: str, points: int, starts: int, seed: int
) -> Question:
    """A fit problem as every peer is given it."""
    space, data = problem.space, problem.data
    lower = np.where(space.is_log, np.log(np.where(space.is_log, space.lower, 1.0)), space.lower)
    upper = np.where(space.is_log, np.log(np.where(space.is_log, space.upper, 1.0)), space.upper)
    values, sigmas, is_log = data.values, data.sigmas, space.is_log

    def residuals(x: Array) -> Array:
        natural = np.where(is_log, np.exp(np.where(is_log, x, 0.0)), x)
        return (problem.raw(natural.tolist(), {}, np) - values) / sigmas

    i = space.names.index(interest)
    u = np.random.default_rng(seed).uniform(size=(starts, lower.size))
    grid = np.linspace(lower[i], upper[i], points)
    begun = lower + u * (upper - lower)
    return Question(space.names, lower, upper, is_log, residuals, i, grid, begun)


def counted(question: Question) -> tuple[Question, list[int]]:
    """The same question, and a list whose one number counts evaluations of the residuals."""
    count = [0]

    def residuals(x: Array) -> Array:
        count[0] += 1
        return question.residuals(x)

    return replace(question, residuals=residuals), count


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the peers warn of while they work is counted, not printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


# ---- fits along a grid: SciPy, lmfit ---------------------------------------------------------

Fit = Callable[[Array, Rows], tuple[Array, float, bool]]
"""From a start and what may move: the end, its chi2, whether the tool calls it good."""


def best_of(question: Question, fit: Fit) -> tuple[Array, float, bool]:
    """The lowest end of all starts."""
    return min((fit(start, question.all) for start in question.starts), key=lambda end: end[1])


def walked(question: Question, fit: Fit, best: Array) -> tuple[Array, Curve]:
    """Best ends and the curve of fits that each begin where the one before ended."""
    i, grid = question.interest, question.grid
    up, middle = range(grid.size), int(np.searchsorted(grid, best[i]))
    sweeps = [up, up[::-1]] if question.both else [up[middle:], up[:middle][::-1]]
    ends = np.tile(best, (grid.size, 1))
    chi2, good = np.full(grid.size, np.inf), np.zeros(grid.size, dtype=bool)
    for sweep in sweeps:
        x = best
        for k in sweep:
            start = x.copy()
            start[i] = grid[k]
            x, found, fine = fit(start, question.others)
            if found < chi2[k]:
                ends[k], chi2[k], good[k] = x, found, fine
    return ends, Curve(grid, chi2, good, pieces(chi2))


def pieces(chi2: Array) -> int:
    """Connected pieces below the 95 % level, as one counts them on a curve."""
    inside = np.concatenate([[False], chi2 <= chi2.min() + LEVEL])
    return int(np.count_nonzero(inside[1:] & ~inside[:-1]))


def scipy_fit(question: Question) -> Fit:
    """`scipy.optimize.least_squares`, method trf."""

    def fit(start: Array, free: Rows) -> tuple[Array, float, bool]:
        end = start.copy()

        def residuals(v: Array) -> Array:
            end[free] = v
            return question.residuals(end)

        found = optimize.least_squares(
            residuals,
            start[free],
            bounds=(question.lower[free], question.upper[free]),
            x_scale="jac",
            ftol=TIGHT,
            xtol=TIGHT,
            gtol=TIGHT,
        )
        end[free] = found.x
        return end, 2 * float(found.cost), bool(found.success)

    return fit


def scipy(question: Question) -> Curve:
    """A loop over SciPy's fits; intervals counted on the curve, for it has no function of them."""
    fit = scipy_fit(question)
    return walked(question, fit, best_of(question, fit)[0])[1]


def scipy_in_full(question: Question, each: int) -> None:
    """The fits that make a profile certain, one after another in plain SciPy.

    All starts, both sweeps, `each` starts of every grid point's own, and the interval's ends.
    """
    fit, i, others = scipy_fit(question), question.interest, question.others
    best, lowest, _ = best_of(question, fit)
    ends, curve = walked(question, fit, best)
    chi2, random = curve.chi2.copy(), np.random.default_rng(1)
    for k, value in enumerate(question.grid):
        for start in random.uniform(question.lower, question.upper, (each, best.size)):
            start[i] = value
            x, found, _ = fit(start, others)
            if found < chi2[k]:
                ends[k], chi2[k] = x, found
    outside = chi2 > lowest + LEVEL
    for k in np.flatnonzero(outside[:-1] != outside[1:]):

        def above(value: float, near: Array = ends[k]) -> float:
            start = near.copy()
            start[i] = value
            return fit(start, others)[1] - lowest - LEVEL

        optimize.brentq(above, *question.grid[k : k + 2], xtol=1e-7 * np.ptp(question.grid))


def lmfit(question: Question) -> Curve:
    """Its default method, and `conf_interval` with the uncertainties taken as known."""
    from lmfit import Minimizer, Parameters, conf_interval
    from lmfit.minimizer import MinimizerException

    made: list[tuple[float, Any, Any]] = []

    def residuals(parameters: Any) -> Array:
        return question.residuals(np.array(list(parameters.valuesdict().values())))

    def fit(start: Array, free: Rows) -> tuple[Array, float, bool]:
        parameters = Parameters()
        for row in zip(question.names, start, question.lower, question.upper, strict=True):
            parameters.add(row[0], value=row[1], min=row[2], max=row[3])
        parameters[question.name].vary = question.interest in free
        minimizer = Minimizer(residuals, parameters, scale_covar=False)
        found = minimizer.minimize()
        if question.interest in free:
            made.append((found.chisqr, minimizer, found))
        x = np.array(list(found.params.valuesdict().values()))
        return x, float(found.chisqr), bool(found.success)

    with quiet():
        best = best_of(question, fit)[0]
        curve = walked(question, fit, best)[1]
        _, minimizer, result = min(made, key=lambda row: row[0])
        intervals = 0
        # It refuses where it found no uncertainty, or meets a number that is not one.
        with contextlib.suppress(MinimizerException, ValueError):
            low, _, high = conf_interval(
                minimizer,
                result,
                p_names=[question.name],
                sigmas=[0.95],
                prob_func=lambda one, new: stats.chi2.cdf(new.chisqr - one.chisqr, 1),
            )[question.name]
            intervals = int(np.isfinite([low[1], high[1]]).all())
    return replace(curve, intervals=intervals)


# ---- tools that profile by themselves: iminuit, pyPESTO --------------------------------------


def minuit_of(question: Question) -> Any:
    """The best of MIGRAD from all starts."""
    from iminuit import Minuit

    def fit(start: Array) -> Any:
        minuit = Minuit(question.chi2, start, name=question.names)
        minuit.errordef = Minuit.LEAST_SQUARES
        minuit.tol = 1e-3  # so that its estimated distance cannot pass for another minimum
        minuit.limits = list(zip(question.lower, question.upper, strict=True))
        return minuit.migrad()

    return min((fit(start) for start in question.starts), key=lambda minuit: minuit.fval)


def iminuit(question: Question) -> Curve:
    """MIGRAD, MNPROFILE, whose points all begin at the best fit (no sweeps), and MINOS."""
    with quiet():
        minuit = minuit_of(question)
        values, chi2, good = minuit.mnprofile(question.name, grid=question.grid)
        intervals = 0
        with contextlib.suppress(RuntimeError):  # it refuses where the minimum is not valid
            minuit.minos(question.name, cl=0.95)
            intervals = int(minuit.merrors[question.name].is_valid)
    return Curve(values, chi2, good, intervals)


def minuit_contour(question: Question, other: str) -> Array:
    """MNCONTOUR of two parameters together at 95 %, closed, shape (points + 1, 2)."""
    with quiet():
        return np.asarray(minuit_of(question).mncontour(question.name, other, cl=0.95))


def pypesto(question: Question) -> Curve:
    """Least squares by trf from all starts; steps of the grid's width outwards from the best."""
    with quiet():
        import pypesto as pp
        from pypesto import optimize as search
        from pypesto import profile

        i, steps = question.interest, question.grid.size - 1
        problem = pp.Problem(
            pp.Objective(fun=lambda x: question.chi2(x) / 2, res=question.residuals),
            question.lower,
            question.upper,
            x_guesses=question.starts,
            x_names=list(question.names),
        )
        optimizer = search.ScipyOptimizer("ls_trf")
        result = search.minimize(
            problem, optimizer, n_starts=len(question.starts), progress_bar=False
        )
        options = profile.ProfileOptions(
            default_step_size_absolute=0.0,
            default_step_size_relative=1 / steps,
            min_step_size_relative=1 / steps,
            max_step_size_relative=1 / steps,
            whole_path=True,
        )
        result = profile.parameter_profile(
            problem,
            result,
            optimizer,
            profile_index=[i],
            profile_options=options,
            next_guess_method="fixed_step",
            progress_bar=False,
        )
        found = result.profile_result.list[-1][i]
        low, high = profile.calculate_approximate_ci(
            found.x_path[i], found.ratio_path, profile.chi2_quantile_to_ratio(0.95)
        )
    flags, intervals = np.asarray(found.exitflag_path, dtype=np.float64), int(low < high)
    return Curve(found.x_path[i], 2 * found.fval_path, flags > 0, intervals)


PEERS: dict[str, Peer] = {
    "SciPy": scipy,
    "iminuit": iminuit,
    "lmfit": lmfit,
    "pyPESTO": pypesto,
}


def installed(*names: str) -> dict[str, Peer]:
    """Those of the named peers, or of all, that are installed."""
    asked = names or tuple(PEERS)
    return {name: PEERS[name] for name in asked if importlib.util.find_spec(name.lower())}


def missing() -> list[str]:
    """Names of the peers that are not installed."""
    return [name for name in PEERS if name not in installed()]
