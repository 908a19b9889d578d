"""The bounded solver against SciPy: evaluations on published problems, seconds on a batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from measure import Headline, cpu_seconds, print_table
from scipy import optimize

import daybreak as dk
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.evaluate.layout import Cell, Cells
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.methods.evaluate.with_numpy import NumpyEvaluator
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.problem.precision import double_precision
from daybreak.testing import KnownProblem, known_problems

PATIENT = LeastSquares(max_iterations=1000)


def headlines() -> list[Headline]:
    """Print both tables; return what is kept."""
    return [*published(), *batch()]


def published() -> list[Headline]:
    """Published problems one at a time: evaluations and processor time, and SciPy's."""
    rows: list[list[str]] = []
    ours = theirs = 0
    for known in known_problems():
        evaluator, cells = cells_of(known.problem, [{}], {})
        u = known.problem.space.to_unit(known.start)[None]
        end = fit(evaluator, u, cells, PATIENT)[0]
        seconds = cpu_seconds(lambda e=evaluator, u=u, c=cells: fit(e, u, c, PATIENT), 3)
        solve = scipy_fit(known, evaluator, cells)
        found = solve()
        ours, theirs = ours + 2 * end.iterations, theirs + found.nfev + found.njev
        rows.append(
            [
                known.name,
                f"{end.chi2:.11g}",
                f"{known.chi2:.11g}",
                f"{end.iterations}",
                f"{found.nfev}+{found.njev}",
                f"{1e3 * seconds:.1f}",
                f"{1e3 * cpu_seconds(solve, 3):.1f}",
                end.reason.name,
            ]
        )
    heads = ["problem", "chi2", "published", "evaluations", "SciPy", "CPU ms", "SciPy", "end"]
    print_table("Published problems (ours: residuals and Jacobian together)", heads, rows)
    return [Headline("evaluations / SciPy's", ours / theirs, "")]


def scipy_fit(known: KnownProblem, evaluator: JaxEvaluator, cells: Cells) -> Callable[[], Any]:
    """SciPy's trust-region method in the same unit box, with compiled exact derivatives."""
    cell = Cell(cells.pins[0], cells.numbers[0], cells.sigmas[0])
    residuals = jax.jit(lambda u: evaluator.linearise(u, cell)[0])
    jacobian = jax.jit(lambda u: evaluator.linearise(u, cell)[1])
    start = known.problem.space.to_unit(known.start)

    def solve() -> Any:
        with double_precision():
            return optimize.least_squares(
                lambda u: np.asarray(residuals(u)),
                start,
                jac=lambda u: np.asarray(jacobian(u)),
                bounds=(0, 1),
                x_scale="jac",
                ftol=1e-15,
                xtol=1e-15,
                gtol=1e-15,
                max_nfev=5000,
            )

    return solve


TIMES = np.linspace(0.0, 10.0, 60)


def decays(xp: Any) -> dk.FitProblem:
    """Two exponentials and a constant, five parameters, sixty points with 2 % noise."""
    truth = 2.0 * np.exp(-1.3 * TIMES) + np.exp(-0.2 * TIMES) + 0.5
    noise = 0.02 * np.random.default_rng(1).standard_normal(60)

    def predict(p: Any, _: Any) -> Any:
        return p.a * xp.exp(-p.k * TIMES) + p.b * xp.exp(-p.l * TIMES) + p.c

    parameters = [
        dk.Parameter("a", 0, 10),
        dk.Parameter("k", 1e-2, 10, scale="log"),
        dk.Parameter("b", 0, 10),
        dk.Parameter("l", 1e-3, 1, scale="log"),
        dk.Parameter("c", -1, 2),
    ]
    return dk.FitProblem(parameters, predict, dk.observations(truth + noise, 0.02))


def batch() -> list[Headline]:
    """A hundred starts of one problem: JAX's batch, the NumPy path, and a loop over SciPy."""
    u = np.random.default_rng(2).uniform(size=(100, 5))
    evaluator, cells = cells_of(decays(jnp), [{}] * 100, {})
    plain, cell = cells_of(decays(np), [{}], {})
    begun = time.process_time()
    fit(evaluator, u, cells, LeastSquares())
    first = time.process_time() - begun
    compiled = cpu_seconds(lambda: fit(evaluator, u, cells, LeastSquares()))
    numpy = cpu_seconds(lambda: fit(plain, u, cells, LeastSquares()), 3)
    scipy = cpu_seconds(lambda: scipy_loop(plain, cell, u), 3)
    rows = [
        ["JAX, one batch", f"{compiled:.4f}", "1"],
        ["NumPy", f"{numpy:.4f}", f"{numpy / compiled:.0f}"],
        ["SciPy, one by one", f"{scipy:.4f}", f"{scipy / compiled:.0f}"],
        ["compiling, once", f"{first - compiled:.4f}", ""],
    ]
    print_table("100 fits of 5 parameters to 60 points", ["path", "CPU s", "ratio"], rows)
    return [
        Headline("100 fits", compiled, " s"),
        Headline("NumPy / JAX", numpy / compiled, ""),
        Headline("SciPy / JAX", scipy / compiled, ""),
        Headline("compiling", first - compiled, " s"),
    ]


def scipy_loop(plain: NumpyEvaluator, cell: Cells, u: np.ndarray) -> None:
    """SciPy from every start, with its own differences, as a user would write it."""

    def residuals(v: np.ndarray) -> np.ndarray:
        return plain.residuals(v[None], cell)[0]

    for lane in range(len(u)):
        optimize.least_squares(residuals, u[lane], bounds=(0, 1), x_scale="jac")


if __name__ == "__main__":
    headlines()
