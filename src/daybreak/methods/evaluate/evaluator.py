"""The evaluator of a problem, with JAX or NumPy behind one face."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from daybreak.methods.evaluate.layout import Cells, Layout
from daybreak.methods.evaluate.with_jax import WIDTH, JaxEvaluator
from daybreak.methods.evaluate.with_numpy import NumpyEvaluator
from daybreak.problem.fit import FitProblem, Setting

Evaluator = NumpyEvaluator | JaxEvaluator


@functools.lru_cache(maxsize=64)
def evaluator_for(problem: FitProblem, static: tuple[tuple[str, Setting], ...]) -> Evaluator:
    """The evaluator of a problem with given static settings; made once each."""
    traced, _ = problem.split_settings(problem.settings)
    layout = Layout(problem, tuple(traced), static)
    if problem.backend({**problem.settings, **dict(static)}) == "jax":
        return JaxEvaluator(layout, WIDTH)
    return NumpyEvaluator(layout)


def cells_of(
    problem: FitProblem,
    held: Sequence[Mapping[str, float]],
    settings: Mapping[str, Setting],
    model: float = 1.0,
) -> tuple[Evaluator, Cells]:
    """The evaluator of a problem, and one row for each mapping of held parameters.

    Parameters
    ----------
    problem, settings
        What is asked.
    held : sequence of mappings name -> value
        Parameters that do not move, beside those fixed in the declaration.
    model : float
        Factor on the model uncertainties.
    """
    numbers, static = problem.split_settings(settings)
    evaluator = evaluator_for(problem, tuple(static.items()))
    names = problem.space.names
    rows = [{**problem.space.fixed, **row} for row in held]
    pins = [[row.get(name, np.nan) for name in names] for row in rows]
    traced = [numbers[name] for name in evaluator.layout.traced]
    lanes = len(rows)
    return evaluator, Cells(
        np.array(pins, dtype=np.float64).reshape(lanes, len(names)),
        np.array([traced] * lanes, dtype=np.float64).reshape(lanes, len(traced)),
        np.tile(problem.data.sigmas_at(model), (lanes, 1)),
    )
