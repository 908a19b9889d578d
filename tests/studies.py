"""One study without a night: its rounds played in memory, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import daybreak as dk
from daybreak.ledger.records import CriteriaRecord, StudyRecord, TrialRecord
from daybreak.ledger.states import StudyState
from daybreak.methods.method import AbstractMethod, Problem
from daybreak.methods.solve import solve
from daybreak.problem.outcomes import Outcome, Task, digest
from daybreak.problem.precision import double_precision
from daybreak.verdict import read_study

Round = tuple[list[Task], list[Outcome]]


def play(
    problem: dk.FitProblem,
    method: AbstractMethod,
    *,
    places: Sequence[Mapping[str, float]] = (),
    seed: int = 0,
    answers: Callable[..., list[Outcome]] = solve,
    most: int = 2000,
) -> list[Round]:
    """Every round of a study: what it asked for and how it came out."""
    settings = problem.resolve({})
    method.check(problem)
    rounds = method.rounds(problem, settings, seed, places)
    known: dict[str, Outcome] = {}
    played: list[Round] = []
    tasks = next(rounds)
    for _ in range(most):
        keys = [digest(task.identity()) for task in tasks]
        new = {key: task for key, task in zip(keys, tasks, strict=True) if key not in known}
        with double_precision():
            found = answers(problem, settings, list(new.values()))
        known |= dict(zip(new, found, strict=True))
        outcomes = [known[key] for key in keys]
        played.append((tasks, outcomes))
        try:
            tasks = rounds.send(outcomes)
        except StopIteration:
            return played
    msg = f"the method still asks after {most} rounds"
    raise AssertionError(msg)


def record(
    problem: Problem,
    method: AbstractMethod,
    played: Sequence[Round],
    criteria: Sequence[dk.Criterion] = (),
) -> StudyRecord:
    """The rounds as the ledger would give them back."""
    seen: set[str] = set()
    trials: list[TrialRecord] = []
    for tasks, outcomes in played:
        for task, outcome in zip(tasks, outcomes, strict=True):
            key = digest(task.identity())
            again = key in seen
            seen.add(key)
            what = (task.kind, task.origin, task.of, task.point, task.grid)
            trials.append(TrialRecord(key, *what, outcome, again))
    return recorded(problem, method, trials, criteria)


def recorded(
    problem: Problem,
    method: AbstractMethod,
    trials: Sequence[TrialRecord],
    criteria: Sequence[dk.Criterion] = (),
    **changes: Any,
) -> StudyRecord:
    """A finished study of some trials, as the ledger would give it back."""
    written = CriteriaRecord("2026-01-01T00:00:00", tuple(c.describe() for c in criteria))
    facts: dict[str, Any] = {
        "name": "study",
        "follows": None,
        "state": StudyState.FINISHED,
        "error": None,
        "fingerprint": "f",
        "problem": problem.describe(),
        "settings": problem.resolve({}),
        "method": method.describe(),
        "facts": method.facts(problem),
        "counted": True,
        "seed": None,
        "criteria": (written,),
        "trials": tuple(trials),
        "seconds": 1.0,
    }
    return StudyRecord(**{**facts, **changes})


def study(
    problem: dk.FitProblem, method: AbstractMethod, *criteria: dk.Criterion, **options: Any
) -> Any:
    """What a study finds, as the summary shows it."""
    return read_study(record(problem, method, play(problem, method, **options), criteria))
