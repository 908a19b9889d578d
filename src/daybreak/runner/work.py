"""What is handed to whoever carries trials out, and what comes back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daybreak.methods.method import Problem
from daybreak.methods.solve import solve
from daybreak.problem.fit import Setting
from daybreak.problem.memory import ran_out
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.resources import Resources
from daybreak.problem.search import SearchProblem
from daybreak.problem.stop_reasons import StopReason
from daybreak.runner.rooms import desk

Record = Callable[[int, Sequence[Outcome]], None]
"""Called with a unit's number and outcomes where they were made, before they are handed back."""

Checkpoint = Callable[[], None]
"""Called every few iterations; may raise to abandon the work."""


@dataclass(frozen=True, eq=False)
class Unit:
    """Trials that are carried out and recorded together."""

    number: int
    problem: Problem
    settings: Mapping[str, Setting]
    tasks: tuple[Task, ...]
    resources: Resources
    record: Record | None = None
    """Must be picklable where workers are processes."""
    home: Path | None = None
    """The run's directory, in which the trials of a search have directories of their own."""


@dataclass(frozen=True, eq=False)
class Result:
    """How a unit came out."""

    number: int
    outcomes: list[Outcome]
    """In the order of the unit's tasks; empty when the unit was lost."""
    seconds: float
    """Seconds awake of the work itself."""
    memory_mib: float
    """Most memory that was seen in use, programs that the model started included."""
    output: str
    """The end of standard output."""
    errors: str
    """The end of standard error."""
    where: str
    """Who made it: ``in process``, ``worker 1234 on host``."""
    recorded: bool = False
    """Whether the unit's `record` was called; not for a unit in which a worker died."""
    lost: bool = False
    """Whether the worker went away through no fault of the trials: they can be claimed again."""


def carry_out(
    problem: Problem,
    settings: Mapping[str, Setting],
    tasks: Sequence[Task],
    checkpoint: Checkpoint = lambda: None,
    home: Path | None = None,
) -> list[Outcome]:
    """Make trials; whatever goes wrong in one is its outcome.

    Trials share compiled calls; when something raises nonetheless, each is made alone, so that
    only the one to blame fails.
    """
    lent = desk(problem, settings, home) if isinstance(problem, SearchProblem) else None
    try:
        return [_named(outcome) for outcome in solve(problem, settings, tasks, checkpoint, lent)]
    except Exception as error:  # noqa: BLE001 - a trial's failure is a value
        if len(tasks) == 1:
            message = f"{type(error).__name__}: {error}"
            return [_named(failed(problem, tasks[0], StopReason.RAISED, message))]
    return [
        outcome
        for task in tasks
        for outcome in carry_out(problem, settings, [task], checkpoint, home)
    ]


def _named(outcome: Outcome) -> Outcome:
    """Call an exception that says so what it is: want of memory."""
    if outcome.reason is StopReason.RAISED and ran_out(outcome.message):
        return dataclasses.replace(outcome, reason=StopReason.OUT_OF_MEMORY)
    return outcome


def failed(problem: Problem, task: Task, reason: StopReason, message: str) -> Outcome:
    """The outcome of a trial that has none, at the place where it began."""
    if isinstance(problem, SearchProblem):
        details = {"seed": task.seed}
        return Outcome(
            dict(task.configuration or {}), None, reason, message=message, details=details
        )
    held = {**problem.space.fixed, **task.held}
    free = [name for name in problem.space.names if name not in held]
    u = np.full(len(free), 0.5) if task.start is None else np.array(task.start)
    places = problem.space.subspace(free).from_unit(u) if free else ()
    values = {**held, **dict(zip(free, places, strict=True))}
    parameters = {name: float(values[name]) for name in problem.space.names}
    return Outcome(parameters, None, reason, u.tolist(), message=message)
