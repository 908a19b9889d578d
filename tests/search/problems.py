"""Small searches whose evaluations can be counted, and nights played in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import daybreak as dk
from daybreak.ledger.records import StudyRecord
from daybreak.methods.solve import solve
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.verdict import read_study
from tests import studies

Pair = tuple[Task, Outcome]


class Bowl:
    """A noisy bowl with a minimum at x = 1, counted."""

    def __init__(self, noise: float = 0.0) -> None:
        self.calls = 0
        self.noise = noise

    def __call__(self, c, trial):
        """Loss and size of a configuration."""
        self.calls += 1
        extra = 0.1 * c.get("momentum", 0.0)
        noise = self.noise * trial.rng.normal()
        return {"loss": (c.x - 1.0) ** 2 + 0.05 * c.y + extra + noise, "size": float(c.y)}


SPACE = [
    dk.Parameter("x", -5, 5),
    dk.Integer("y", 1, 8),
    dk.Choice("optimizer", ["sgd", "adam"]),
    dk.Parameter("momentum", 0.01, 1, scale="log", when=("optimizer", "sgd")),
]


def bowl(evaluate: Any = None, **replaced: Any) -> dk.SearchProblem:
    """A real, an integer, a choice, and a parameter that matters for one option of it."""
    arguments = {
        "parameters": SPACE,
        "evaluate": evaluate or Bowl(),
        "objectives": dk.Objective("loss"),
        "deterministic": True,
    }
    return dk.SearchProblem(**{**arguments, **replaced})


def two_goals(**replaced: Any) -> dk.SearchProblem:
    """The same with size as a second objective, to be made large."""
    goals = [dk.Objective("loss"), dk.Objective("size", "maximise")]
    return bowl(**{"objectives": goals, **replaced})


def night(
    problem: dk.SearchProblem,
    method: dk.Search,
    ledger: dict[str, Outcome] | None = None,
    *,
    seed: int = 0,
    killed_after: int | None = None,
) -> list[Pair]:
    """Carry a search out, answering from `ledger` what is there; stop after some evaluations."""
    ledger = {} if ledger is None else ledger
    settings = problem.resolve({})
    method.check(problem)
    rounds = method.rounds(problem, settings, seed)
    made: list[Pair] = []
    new, outcomes = 0, None
    while True:
        try:
            tasks = next(rounds) if outcomes is None else rounds.send(outcomes)
        except StopIteration:
            return made
        for task in tasks:
            key = canonical(task.identity())
            if key not in ledger:
                if killed_after is not None and new >= killed_after:
                    return made
                dumped = canonical(solve(problem, settings, [task])[0].dump())
                ledger[key] = Outcome.load(json.loads(dumped))
                new += 1
        outcomes = [ledger[canonical(task.identity())] for task in tasks]
        made += zip(tasks, outcomes, strict=True)


def trials(made: Sequence[Pair]) -> list[Pair]:
    """Forced and proposed trials alone."""
    return [pair for pair in made if pair[0].origin.why.is_proposal]


def configurations(made: Sequence[Pair]) -> list[str]:
    """What was tried, in order, as text."""
    return [canonical(task.configuration) for task, _ in trials(made)]


def record(
    problem: dk.SearchProblem,
    method: dk.Search,
    made: Sequence[Pair],
    criteria: Sequence[dk.Criterion] = (),
) -> StudyRecord:
    """A night as the ledger would give it back."""
    rounds = [([task for task, _ in made], [outcome for _, outcome in made])]
    return studies.record(problem, method, rounds, criteria)


def study(
    problem: dk.SearchProblem, method: dk.Search, *criteria: dk.Criterion, **options: Any
) -> Any:
    """What a search finds, as the summary shows it."""
    return read_study(record(problem, method, night(problem, method, **options), criteria))
