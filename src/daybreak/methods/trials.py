"""Carry out the trials of a search: call the user's code, and note whatever comes of it."""

from __future__ import annotations

import contextlib
import tempfile
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.problem.artifacts import plain
from daybreak.problem.configuration import Configuration
from daybreak.problem.kinds import BASELINE, SEARCH
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.precision import double_precision_import, single_precision
from daybreak.problem.search import SearchProblem
from daybreak.problem.settings import Setting, named_record
from daybreak.problem.stop_reasons import StopReason
from daybreak.problem.trial import Pruned, Trial

Checkpoint = Callable[[], None]
_LONGEST = 4000
"""Characters of a traceback that are kept.

A choice: some forty lines, of which the last say what happened.
"""


def _heard(task: Task, step: int, value: float | None) -> None:
    """Nobody listens."""


@contextlib.contextmanager
def _scratch(_: Task) -> Generator[Path]:
    """A directory that goes when the trial ends."""
    with tempfile.TemporaryDirectory(prefix="daybreak-") as place:
        yield Path(place)


@dataclass(frozen=True)
class Desk:
    """What a runner lends to the trials it carries out."""

    directory: Callable[[Task], contextlib.AbstractContextManager[Path]] = _scratch
    """A trial's own directory; one that stays lets a killed trial go on from its checkpoint."""
    heard: Callable[[Task, int, float | None], None] = _heard
    """Told every intermediate value as it comes."""


def carry_out(
    problem: SearchProblem,
    settings: Mapping[str, Setting],
    tasks: Sequence[Task],
    checkpoint: Checkpoint = lambda: None,
    desk: Desk | None = None,
) -> list[Outcome]:
    """Make every trial, one after the other; what goes wrong in one is its outcome.

    Parameters
    ----------
    problem, settings
        What is asked.
    tasks : sequence of Task
        Of kind ``search`` or ``baseline``.
    checkpoint : callable
        Called before every trial and at every report; may raise to abandon the batch.
    desk : Desk, optional
        Where trials may write, and who hears of their reports.
    """
    outcomes: list[Outcome] = []
    for task in tasks:
        checkpoint()
        outcomes.append(_one(problem, settings, task, checkpoint, desk or Desk()))
    return outcomes


def _one(
    problem: SearchProblem,
    settings: Mapping[str, Setting],
    task: Task,
    checkpoint: Checkpoint,
    desk: Desk,
) -> Outcome:
    def heard(step: int, value: float | None) -> None:
        desk.heard(task, step, value)
        checkpoint()

    refined = {task.options["knob"]: task.options["to"]} if "knob" in task.options else {}
    used = {**settings, **refined}
    with desk.directory(task) as directory:
        trial = Trial(
            task.seed or 0,
            directory,
            named_record("Settings", tuple(used))(*used.values()),
            sign=problem.goals[0].sign,
            limits=dict(task.options.get("bars", ())),
            heard=heard,
        )
        # JAX may be imported for the first time by the trial itself.
        double = problem.precision == "double"
        precision = double_precision_import if double else single_precision
        reason, metrics, message, failure = StopReason.MEASURED, {}, "", {}
        try:
            with precision():
                metrics = _function(problem, task)(trial)
            measured, draws = _measured(metrics)
            lacking = [goal.name for goal in problem.goals if goal.name not in measured]
            if lacking and task.kind == SEARCH:
                reason, message = StopReason.UNMEASURED, _what_came(lacking, metrics)
        except Pruned as pruned:
            reason, measured, draws, message = StopReason.PRUNED, {}, {}, str(pruned)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - evaluate may raise anything
            reason, measured, draws = StopReason.RAISED, {}, {}
            message = f"{type(error).__name__}: {error}"
            failure = {"traceback": "".join(traceback.format_exception(error))[-_LONGEST:]}
        details = _details(trial, task, draws) | failure
    return Outcome(
        dict(task.configuration or {}),
        None,
        reason,
        message=message,
        details=details,
        metrics=measured,
    )


def _function(problem: SearchProblem, task: Task) -> Callable[[Trial], Mapping[str, Any]]:
    """What is to be called with the trial."""
    if task.kind == BASELINE:
        named = (b for b in problem.baselines if b.name == task.options["baseline"])
        found = next(named).evaluate
        if found is not None:
            return found
    evaluate = problem.rehearsal if task.options.get("rehearsal") else problem.evaluate
    configuration = Configuration(task.configuration or {})
    return lambda trial: (evaluate or problem.evaluate)(configuration, trial)


def _measured(metrics: Any) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Finite numbers by name, and draws of a distribution; what is not finite is not there."""
    if not isinstance(metrics, Mapping):
        msg = (
            "evaluate must return a mapping metric -> number, e.g. {'loss': 0.3}, but it returned "
            f"{type(metrics).__name__}."
        )
        raise TypeError(msg)
    given: Mapping[str, Any] = metrics
    numbers: dict[str, float] = {}
    draws: dict[str, list[float]] = {}
    for name, value in given.items():
        values = np.asarray(value, dtype=np.float64)
        finite = values[np.isfinite(values)]
        if values.ndim == 0 and finite.size:
            numbers[str(name)] = float(values)
        elif values.ndim and finite.size:
            draws[str(name)] = finite.ravel().tolist()
            numbers[str(name)] = float(np.median(finite))
    return numbers, draws


def _what_came(lacking: Sequence[str], metrics: Mapping[str, Any]) -> str:
    name = lacking[0]
    came = f"is {metrics[name]!r}" if name in metrics else f"is not among {list(metrics)!r}"
    return f"objective {name!r} {came}"


def _details(trial: Trial, task: Task, draws: Mapping[str, list[float]]) -> dict[str, Any]:
    """Everything a trial leaves beside its metrics."""
    found: dict[str, Any] = {"seed": trial.seed}
    if "bars" in task.options:
        found["bars"] = task.options["bars"]
    if trial.reports:
        found["reports"] = [[step, value] for step, value in sorted(trial.reports.items())]
    if trial.recorded:
        found["recorded"] = plain(trial.recorded)
    if trial.attached:
        found["artifacts"] = list(trial.attached.values())
    return found | ({"draws": dict(draws)} if draws else {})
