"""How many evaluations twelve 95 % intervals take, beside iminuit, lmfit and pyPESTO.

Four peaks, twelve parameters, 300 points, the optimum known: what a model of half a minute would
be asked.  Calls of the model are counted, not seconds.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peers
from measure import Headline, print_table
from numpy.typing import NDArray
from scipy import stats

import daybreak as dk

Array = NDArray[np.float64]
SIGMA = 0.05
X = np.linspace(0.0, 10.0, 300)
TRUTH = np.array([1.0, 2.0, 0.5, 0.8, 4.0, 0.6, 1.2, 6.0, 0.7, 0.6, 8.0, 0.4])
NAMES = [f"{what}{i}" for i in range(4) for what in ("height", "centre", "width")]
LOWER = np.where([name.startswith("centre") for name in NAMES], TRUTH - 1, 0.1)
UPPER = np.where([name.startswith("centre") for name in NAMES], TRUTH + 1, 3.0)
BAR = 1300.0
"""Evaluations that all intervals may take."""

Ends = Callable[[Callable[[Array], Array]], dict[str, tuple[float, float]]]
"""Asks residuals for the ends of every interval."""


def peaks(values: Array) -> Array:
    """Four peaks, shape (300,)."""
    height, centre, width = values.reshape(4, 3, 1).swapaxes(0, 1)
    return np.sum(height * np.exp(-0.5 * ((X - centre) / width) ** 2), axis=0)


SIGNAL = peaks(TRUTH) + np.random.default_rng(1).normal(0.0, SIGMA, X.size)


def daybreak(residuals: Callable[[Array], Array]) -> dict[str, tuple[float, float]]:
    """`dk.Intervals`, started at the optimum; the contract's few calls are counted as well."""
    boxes = [
        dk.Parameter(name, low, high, guess=value)
        for name, low, high, value in zip(
            NAMES, LOWER.tolist(), UPPER.tolist(), TRUTH.tolist(), strict=True
        )
    ]

    def predict(p: Any, _: Any) -> Array:
        return SIGNAL + SIGMA * residuals(np.array([getattr(p, name) for name in NAMES]))

    problem = dk.FitProblem(boxes, predict, dk.observations(SIGNAL, SIGMA))
    study = dk.Study("peaks", problem, dk.Intervals("all", starts=1))
    with tempfile.TemporaryDirectory() as folder:
        campaign, place = dk.Campaign("peaks", [study]), Path(folder) / "night"
        profiles = dk.run(campaign, place, budget=0.0, progress=io.StringIO())["peaks"].profiles
    return {p.parameter: (p.intervals[0].lower, p.intervals[0].upper) for p in profiles}


def iminuit(residuals: Callable[[Array], Array]) -> dict[str, tuple[float, float]]:
    """MIGRAD from the optimum, MINOS of every parameter."""
    from iminuit import Minuit

    minuit = Minuit(lambda x: float(np.sum(residuals(x) ** 2)), TRUTH, name=NAMES)
    minuit.errordef = Minuit.LEAST_SQUARES
    minuit.migrad()
    minuit.minos(cl=0.95)
    return {
        name: (minuit.values[name] + e.lower, minuit.values[name] + e.upper)
        for name, e in minuit.merrors.items()
    }


def lmfit(residuals: Callable[[Array], Array]) -> dict[str, tuple[float, float]]:
    """`conf_interval` with the uncertainties taken as known."""
    from lmfit import Minimizer, Parameters, conf_interval

    parameters = Parameters()
    for row in zip(NAMES, TRUTH.tolist(), LOWER.tolist(), UPPER.tolist(), strict=True):
        parameters.add(row[0], value=row[1], min=row[2], max=row[3])
    minimizer = Minimizer(
        lambda p: residuals(np.array(list(p.valuesdict().values()))),
        parameters,
        scale_covar=False,
    )
    result = minimizer.minimize()
    found = conf_interval(
        minimizer,
        result,
        sigmas=[0.95],
        prob_func=lambda one, new: stats.chi2.cdf(new.chisqr - one.chisqr, 1),
    )
    return {name: (rows[0][1], rows[-1][1]) for name, rows in found.items()}


def pypesto(residuals: Callable[[Array], Array]) -> dict[str, tuple[float, float]]:
    """Least squares by trf, profiles with default options."""
    import pypesto as pp
    from pypesto import optimize as search
    from pypesto import profile

    goal = pp.Objective(
        fun=lambda x: float(np.sum(residuals(x) ** 2)) / 2, res=lambda x: residuals(np.asarray(x))
    )
    problem = pp.Problem(goal, LOWER, UPPER, x_guesses=TRUTH[None], x_names=NAMES)
    optimizer = search.ScipyOptimizer("ls_trf")
    result = search.minimize(problem, optimizer, n_starts=1, progress_bar=False)
    result = profile.parameter_profile(problem, result, optimizer, progress_bar=False)
    ratio = profile.chi2_quantile_to_ratio(0.95)
    ends: dict[str, tuple[float, float]] = {}
    for i, name in enumerate(NAMES):
        path = result.profile_result.list[-1][i]
        low, high = profile.calculate_approximate_ci(path.x_path[i], path.ratio_path, ratio)
        ends[name] = (float(low), float(high))
    return ends


TOOLS: dict[str, Ends] = {"iminuit": iminuit, "lmfit": lmfit, "pyPESTO": pypesto}


def headlines() -> list[Headline]:
    """Evaluations of every tool, and how far its ends lie from MINOS's."""
    tools = {"Daybreak": daybreak}
    tools |= {name: tool for name, tool in TOOLS.items() if name in peers.installed()}
    counts: dict[str, int] = {}
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for name, tool in tools.items():
        calls = [0]

        def residuals(x: Array, calls: list[int] = calls) -> Array:
            calls[0] += 1
            return (peaks(np.asarray(x)) - SIGNAL) / SIGMA

        with peers.quiet():
            found[name] = tool(residuals)
        counts[name] = calls[0]
    reference = found.get("iminuit", found["Daybreak"])
    rows = [
        [name, f"{counts[name]:,}", f"{distance(ends, reference):.1e}"]
        for name, ends in found.items()
    ]
    print_table(
        "Twelve intervals, 300 points, optimum known",
        ["tool", "evaluations", "ends from MINOS's, of the width"],
        rows,
    )
    return [Headline("evaluations, twelve intervals", counts["Daybreak"], "", BAR)]


def distance(
    ends: dict[str, tuple[float, float]], others: dict[str, tuple[float, float]]
) -> float:
    """Largest distance between ends, as a share of the interval's width."""
    return max(
        abs(one - other) / (others[name][1] - others[name][0])
        for name, pair in ends.items()
        for one, other in zip(pair, others[name], strict=True)
    )


if __name__ == "__main__":
    headlines()
