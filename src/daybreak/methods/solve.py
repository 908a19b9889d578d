"""Carry out trials: from tasks to outcomes, as many at once as share a compiled call."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.methods.evaluation import Cells, JaxEvaluator, NumpyEvaluator, cells_of
from daybreak.methods.evolution import evolve
from daybreak.methods.least_squares import Checkpoint, End, LeastSquares, fit
from daybreak.problem.ends import StopReason
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.outcomes import Outcome, Task, canonical

Evaluator = NumpyEvaluator | JaxEvaluator


def solve(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    tasks: Sequence[Task],
    checkpoint: Checkpoint = lambda: None,
) -> list[Outcome]:
    """Make every trial; a trial that fails is an outcome, not an exception.

    Parameters
    ----------
    problem, settings
        What is asked.
    tasks : sequence of Task
        Trials of any kind.
    checkpoint : callable
        Called every few iterations; may raise to abandon the batch.

    Returns
    -------
    list of Outcome, in the order of the tasks.
    """
    batches: dict[str, list[int]] = {}
    for i, task in enumerate(tasks):
        alike = canonical([task.kind, sorted(task.held), dict(task.options)])
        batches.setdefault(alike, []).append(i)
    outcomes: dict[int, Outcome] = {}
    for rows in batches.values():
        alike_tasks = [tasks[i] for i in rows]
        evaluator, cells = cells_of(problem, [task.held for task in alike_tasks], settings)
        made = _MAKERS[alike_tasks[0].kind](evaluator, cells, alike_tasks, checkpoint)
        outcomes |= dict(zip(rows, made, strict=True))
    return [outcomes[i] for i in range(len(tasks))]


def _fit(
    evaluator: Evaluator, cells: Cells, tasks: Sequence[Task], checkpoint: Checkpoint
) -> list[Outcome]:
    starts = np.array([task.start for task in tasks], dtype=np.float64)
    options = {k: v for k, v in tasks[0].options.items() if k != "solver"}
    starts = starts.reshape(len(tasks), len(evaluator.layout.free))
    ends = fit(evaluator, starts, cells, LeastSquares(**options), checkpoint)
    return [_outcome(evaluator, cells, row, end) for row, end in enumerate(ends)]


def _evolve(
    evaluator: Evaluator, cells: Cells, tasks: Sequence[Task], checkpoint: Checkpoint
) -> list[Outcome]:
    return [
        _outcome(evaluator, cells, row, evolve(evaluator, cells[[row]], task, checkpoint))
        for row, task in enumerate(tasks)
    ]


def _evaluate(
    evaluator: Evaluator, cells: Cells, tasks: Sequence[Task], checkpoint: Checkpoint
) -> list[Outcome]:
    checkpoint()
    outcomes: list[Outcome] = []
    for task, details in zip(tasks, evaluator.full(np.zeros((len(tasks), 0)), cells), strict=True):
        chi2 = math.fsum(r * r for r in details["residuals"])
        finite = math.isfinite(chi2)
        reason = StopReason.EXACT if finite else StopReason.NONFINITE
        kept = details if finite else {}
        parameters = dict(task.held)
        outcomes.append(
            Outcome(parameters, chi2 if finite else None, reason, iterations=1, details=kept)
        )
    return outcomes


_MAKERS: dict[str, Any] = {"fit": _fit, "evolve": _evolve, "evaluate": _evaluate}


def _outcome(evaluator: Evaluator, cells: Cells, row: int, end: End) -> Outcome:
    layout = evaluator.layout
    u = np.array(end.u, dtype=np.float64)
    values = layout.values(u, cells.held[row].tolist(), np)
    return Outcome(
        parameters={n: float(v) for n, v in zip(layout.problem.space.names, values, strict=True)},
        chi2=None if end.reason.failed else end.chi2,
        reason=end.reason,
        u=end.u,
        iterations=end.iterations,
        message=end.message,
    )


_FIT_ITERATIONS = 40
"""A typical fit's trial points, for forecasts."""


def seconds_per_fit(
    problem: FitProblem, settings: Mapping[str, Setting], held: Mapping[str, float]
) -> float:
    """Estimate how long one local fit takes, from a pilot (compilation is not counted)."""
    evaluator, cells = cells_of(problem, [held] * 8, settings)
    n = len(evaluator.layout.free)
    u = np.full((8, n), 0.5)
    if isinstance(evaluator, JaxEvaluator):
        few = LeastSquares(max_iterations=4)
        if all(end.reason.failed for end in fit(evaluator, u, cells, few)):  # and compiles
            evaluator.check_finite(cells)
        begun = time.perf_counter()
        fit(evaluator, u, cells, few)
        return (time.perf_counter() - begun) / 4 / evaluator.width * _FIT_ITERATIONS
    evaluator.check_finite(cells)
    begun = time.perf_counter()
    evaluator.residuals(u[:1], cells[[0]])
    return (time.perf_counter() - begun) * (1 + 2 * n) * _FIT_ITERATIONS


@contextlib.contextmanager
def compiling(
    problem: FitProblem, settings: Mapping[str, Setting], held: Mapping[str, float]
) -> Generator[None]:
    """Compile what the fits will need on another processor while the block does something else.

    What goes wrong there is not told: it will go wrong again, and be told, when it is needed.
    """

    def work() -> None:
        with contextlib.suppress(Exception):
            seconds_per_fit(problem, settings, held)
            place = dict(zip(problem.space.names, problem.probes()[0].tolist(), strict=True))
            solve(problem, settings, [Task("evaluate", place)])

    thread = threading.Thread(target=work, daemon=True)
    if problem.backend(settings) == "jax":
        thread.start()
    try:
        yield
    finally:
        if thread.is_alive():
            thread.join()
