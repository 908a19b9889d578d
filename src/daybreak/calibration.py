r"""How often a threshold holds the truth, measured: the likelihood ratio over simulated data.

    T = min chi2 with the parameter at its true value - min chi2

An interval of all values with chi2 <= min + level holds the truth where T <= level, so the share
of simulated data with T <= level is its coverage, and the 95 % quantile of T is the level that
would have covered 95 %.  Wilks's theorem says 3.8415; few data, bounds nearby and strong
curvature make it wrong.  Every data set is fitted from the truth and from random places, free and
with the parameter held, all of them in shared calls.
Source: Wilks (1938), Ann. Math. Stat. 9, 60; Feldman and Cousins (1998), Phys. Rev. D 57, 3873
(thresholds from simulated data).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.evaluate.layout import Cells
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.problem.fit import FitProblem, Setting

Array = NDArray[np.float64]
STARTS = 2
"""Random places beside the truth where the fits of each data set begin.

A choice: fits from the truth end in its basin, two more show whether another lies lower.
"""
TOLERATED = 0.02
"""How far coverage may be from 95 % without a word.

A choice: an interval that covers 93 or 97 % serves every purpose of one at 95 %.
"""


@dataclass(frozen=True)
class Ratios:
    """Likelihood ratios T of one parameter."""

    T: Array
    """Shape (N,); NaN where no fit ended."""
    level: float
    """The 95 % level in use."""

    @property
    def known(self) -> Array:
        """Those of data sets that could be fitted."""
        return self.T[np.isfinite(self.T)]

    @property
    def held(self) -> int:
        """How many intervals hold the truth."""
        return int(np.sum(self.known <= self.level))

    @property
    def needed(self) -> float | None:
        """The level that would have covered 95 %; None for want of data sets."""
        # Of fewer than twenty the 95 % quantile is hardly more than their largest.
        return float(np.quantile(self.known, 0.95)) if len(self.known) >= 20 else None

    @property
    def failing(self) -> bool:
        """Whether coverage is off by more than is tolerated and more than three sigma."""
        n = len(self.known)
        off = abs(self.held / n - 0.95) if n else 0.0
        return off > max(TOLERATED, 3.0 * (0.95 * 0.05 / max(n, 1)) ** 0.5)


def ratios(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    parameter: str,
    truth: Mapping[str, float],
    data: Sequence[Mapping[str, float]],
    level: float,
    seed: int,
) -> Ratios:
    """T of one parameter for many data sets.

    Parameters
    ----------
    problem, settings
        What is asked.
    parameter : str
        The parameter of interest.
    truth : mapping name -> value
        Every free parameter.
    data : sequence of mappings name -> value
        Traced settings that make each data set.
    level : float
        The 95 % level in use.
    seed : int
        Of the random starts.
    """
    free = problem.space.free(())
    at_truth = problem.space.subspace(free).to_unit({name: truth[name] for name in free})
    rng = np.random.default_rng(seed)
    starts = np.concatenate([at_truth[None], rng.uniform(size=(STARTS, len(free)))])
    fixed = problem.space.fixed
    free_ones = lowest(problem, settings, fixed, starts, data)
    held = lowest(problem, settings, {**fixed, parameter: truth[parameter]}, starts, data)
    # A fit of everything that ended above a fit of less has not found its minimum.
    return Ratios(np.maximum(held - np.minimum(free_ones, held), 0.0), level)


def lowest(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    held: Mapping[str, float],
    starts: Array,
    data: Sequence[Mapping[str, float]],
) -> Array:
    """Lowest chi2 of every data set over all starts, shape (N,); NaN where none ended.

    Parameters
    ----------
    problem, settings
        What is asked.
    held : mapping name -> value
        Parameters that are not fitted.
    starts : array, shape (n_starts, n_free)
        In the unit box of all free parameters.
    data : sequence of mappings name -> value
        Traced settings that make each data set.
    """
    lanes = len(data) * len(starts)
    evaluator, cells = cells_of(problem, [held] * lanes, settings)
    numbers = cells.numbers.copy()
    for column, name in enumerate(evaluator.layout.traced):
        if name in data[0]:
            numbers[:, column] = np.repeat([one[name] for one in data], len(starts))
    u = np.tile(starts, (len(data), 1))
    moved: Any = Cells(cells.pins, numbers, cells.sigmas)
    if not evaluator.layout.moving(cells.pins).any():  # nothing is left to fit
        chi2 = np.sum(evaluator.residuals(u, moved) ** 2, axis=1)
    else:
        ends = fit(evaluator, u, moved, LeastSquares())
        chi2 = np.array([np.nan if end.reason.failed else end.chi2 for end in ends])
    found = np.where(np.isfinite(chi2), chi2, np.inf).reshape(len(data), len(starts)).min(axis=1)
    return np.where(np.isfinite(found), found, np.nan)
