"""Carry out trials: from tasks to outcomes, as many at once as share a compiled call."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.methods.batch import NOTHING, Batch, Checkpoint, End
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.evaluate.layout import Cells
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.methods.polish import polish
from daybreak.methods.refinement import refine
from daybreak.methods.solver import solver_of
from daybreak.methods.trials import Desk, carry_out
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.kinds import CONCLUDE, EVALUATE, LOOSENED, POLISH, REFINE, Kind
from daybreak.problem.loosened import (
    FACTORS,
    OPTION,
    Loosening,
    bounded_factors,
    sigmas_without_priors,
)
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.problem.search import SearchProblem
from daybreak.problem.stop_reasons import StopReason


def solve(
    problem: FitProblem | SearchProblem,
    settings: Mapping[str, Setting],
    tasks: Sequence[Task],
    checkpoint: Checkpoint = lambda: None,
    desk: Desk | None = None,
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
    desk : Desk, optional
        What a runner lends to the trials of a search.

    Returns
    -------
    list of Outcome, in the order of the tasks.
    """
    if isinstance(problem, SearchProblem):
        return carry_out(problem, settings, tasks, checkpoint, desk)
    batches: dict[tuple[object, ...], list[int]] = {}
    # In JAX a lane may hold any parameters; in NumPy differences would be taken along all others.
    apart = problem.backend(settings) != "jax"
    for i, task in enumerate(tasks):
        alike = (
            task.kind.word,
            canonical(dict(task.options)),
            *(sorted(task.held) if apart else ()),
        )
        batches.setdefault(alike, []).append(i)
    outcomes: dict[int, Outcome] = {}
    for rows in batches.values():
        alike_tasks = [tasks[i] for i in rows]
        first = alike_tasks[0]
        loosening = Loosening.restore(first.options)
        asked = loosening.of(problem)
        evaluator, cells = cells_of(
            asked, [task.held for task in alike_tasks], settings, first.options.get("model", 1.0)
        )
        if not loosening.priors:
            sigmas = np.tile(sigmas_without_priors(asked), (len(rows), 1))
            cells = Cells(cells.pins, cells.numbers, sigmas)
        batch = Batch(asked, settings, alike_tasks, evaluator, cells, checkpoint)
        made = _MAKERS.get(first.kind, _by_solver)(batch)
        outcomes |= dict(zip(rows, made, strict=True))
    return [outcomes[i] for i in range(len(tasks))]


def _by_solver(batch: Batch) -> list[Outcome]:
    """Fits: the solver is known to the trial, or found by the options that a record has of it."""
    first = batch.tasks[0]
    solver = first.solver or solver_of({"solver": LeastSquares.name, **first.options})
    return [batch.outcome(row, end) for row, end in enumerate(solver.solve(batch))]


def _loosened(batch: Batch) -> list[Outcome]:
    """Fits with something left out, or ends read off such evaluations, which say what."""
    options = batch.tasks[0].options
    read_off = "chi2" in options
    made = _conclude(batch) if read_off else _by_solver(batch)
    more = [{k: v for k, v in task.options.items() if k == FACTORS} for task in batch.tasks]
    if bounded_factors(batch.problem) and not read_off:
        more = _factors(batch, made)
    return [
        dataclasses.replace(one, details={**one.details, **factors, OPTION: options[OPTION]})
        for one, factors in zip(made, more, strict=True)
    ]


def _factors(batch: Batch, made: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Scale factors and offsets where fits ended."""
    names = batch.problem.space.names
    pins = np.array([[one.parameters[name] for name in names] for one in made])
    cells = Cells(pins, batch.cells.numbers, batch.cells.sigmas)
    layout = batch.evaluator.layout
    found = batch.evaluator.full(np.full((len(made), len(layout.free)), 0.5), cells)
    return [{FACTORS: details[FACTORS]} for details in found]


def _polish(batch: Batch) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for row, start in enumerate(batch.starts):
        batch.checkpoint()
        end, details = polish(batch.evaluator, batch.cells[[row]], start)
        outcomes.append(batch.outcome(row, end, details))
    return outcomes


def _refine(batch: Batch) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for row, (task, start) in enumerate(zip(batch.tasks, batch.starts, strict=True)):
        batch.checkpoint()
        settings = {**batch.settings, task.options["knob"]: task.options["to"]}
        refined = cells_of(batch.problem, [task.held], settings)
        end, details = refine((batch.evaluator, batch.cells[[row]]), refined, start)
        details |= {"end": task.options["end"]} if "end" in task.options else {}
        outcomes.append(batch.outcome(row, end, details))
    return outcomes


def _evaluate(batch: Batch) -> list[Outcome]:
    batch.checkpoint()
    outcomes: list[Outcome] = []
    layout = batch.evaluator.layout
    found = batch.evaluator.full(np.full((len(batch.tasks), len(layout.free)), 0.5), batch.cells)
    for task, details in zip(batch.tasks, found, strict=True):
        chi2 = details.pop("chi2")
        finite = math.isfinite(chi2)
        reason = StopReason.EXACT if finite else StopReason.NONFINITE
        kept = details if finite else {}
        parameters = dict(task.held)
        outcomes.append(
            Outcome(parameters, chi2 if finite else None, reason, iterations=1, details=kept)
        )
    return outcomes


def _conclude(batch: Batch) -> list[Outcome]:
    """Ends that a method read off evaluations; nothing is evaluated."""
    outcomes: list[Outcome] = []
    for row, (task, start) in enumerate(zip(batch.tasks, batch.starts, strict=True)):
        said = task.options
        chi2 = math.inf if said["chi2"] is None else said["chi2"]
        reason, count = StopReason[said["reason"]], said.get("evaluations", 1)
        end = End(start.tolist(), chi2, reason, count)
        outcomes.append(batch.outcome(row, end, said.get("details", NOTHING)))
    return outcomes


_MAKERS: dict[Kind, Callable[[Batch], list[Outcome]]] = {
    EVALUATE: _evaluate,
    CONCLUDE: _conclude,
    LOOSENED: _loosened,
    POLISH: _polish,
    REFINE: _refine,
}
"""What carries trials out that no solver does."""


_FIT_ITERATIONS = 40
"""A typical fit's trial points, for the size of units; a choice on the long side.

A unit that takes less than it might loses a little time, one that takes more is lost with a kill.
"""
_QUICK = 0.1
"""Seconds up to which a pilot is repeated.

A choice: a scheduler's slice of some hundredths then does not count; what is slow is asked once.
"""


def check_contract(problem: FitProblem | SearchProblem, settings: Mapping[str, Setting]) -> None:
    """Try a fit's model once; a search's is only tried by its trials.

    Raises
    ------
    ProblemError
        When the model breaks its contract.
    """
    if isinstance(problem, FitProblem):
        cells_of(problem, [problem.space.fixed], settings)


def seconds_per_fit(
    problem: FitProblem | SearchProblem,
    settings: Mapping[str, Setting],
    held: Mapping[str, float],
) -> float:
    """Estimate how long one local fit takes, from a pilot (compilation is not counted).

    A search's trials share no call, so each of them counts as long enough to be kept by itself.
    """
    if isinstance(problem, SearchProblem):
        return math.inf
    evaluator, cells = cells_of(problem, [held] * 8, settings)
    n = len(evaluator.layout.free)
    u = np.full((8, n), 0.5)
    if isinstance(evaluator, JaxEvaluator):
        few = LeastSquares(max_iterations=4)
        if all(end.reason.failed for end in fit(evaluator, u, cells, few)):  # and compiles
            evaluator.check_finite(cells)
        seconds = _seconds(lambda: fit(evaluator, u, cells, few))
        return seconds / 4 / evaluator.width * _FIT_ITERATIONS
    evaluator.check_finite(cells)
    seconds = _seconds(lambda: evaluator.residuals(u[:1], cells[[0]]))
    return seconds * (1 + 2 * n) * _FIT_ITERATIONS


def _seconds(work: Callable[[], object]) -> float:
    """How long something takes; of what is quick the least of three, lest other work count."""
    least = math.inf
    for _ in range(3):
        begun = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - begun)
        if least > _QUICK:
            break
    return least


@contextlib.contextmanager
def compiling(
    problem: FitProblem | SearchProblem, settings: Mapping[str, Setting], held: Mapping[str, float]
) -> Generator[None]:
    """Compile what the fits will need on another processor while the block does something else.

    What goes wrong there is not told: it will go wrong again, and be told, when it is needed.
    """
    if isinstance(problem, SearchProblem):
        yield
        return

    def work() -> None:
        with contextlib.suppress(Exception):
            seconds_per_fit(problem, settings, held)
            place = dict(zip(problem.space.names, problem.space.probes()[0].tolist(), strict=True))
            solve(problem, settings, [Task(EVALUATE, place)])

    thread = threading.Thread(target=work, daemon=True)
    if problem.backend(settings) == "jax":
        thread.start()
    try:
        yield
    finally:
        if thread.is_alive():
            thread.join()
