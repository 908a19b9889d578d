"""What every search is: a plan that proposes configurations, and what it may ask of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from daybreak.errors import PlanError
from daybreak.methods.method import AbstractMethod, seed_of
from daybreak.problem.artifacts import plain
from daybreak.problem.choices import Value
from daybreak.problem.kinds import BASELINE, SEARCH, Question
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Task
from daybreak.problem.search import SearchProblem

_SEEDS = 2**31
"""Seeds of trials are below, so that every library takes them."""


class AbstractSearchMethod(AbstractMethod[SearchProblem]):
    """A plan that proposes configurations; a concrete one is a frozen dataclass of its options.

    Subclass it outside the package with `rounds` and `expected_trials`, and hand it to
    ``dk.Study(..., method=...)``; no registration is needed.

    Attributes
    ----------
    name : str
        What proposes configurations, for the ledger and the reader, e.g. ``"grid"``.
    """

    treats: ClassVar[Question] = Question.SEARCH
    name: ClassVar[str]

    def trial(
        self, problem: SearchProblem, configuration: Mapping[str, Any], number: int, seed: int
    ) -> Task:
        """Evaluate a proposal; `number` counts them from 0, `seed` is that of `rounds`."""
        whole = problem.space.check(configuration)
        return evaluation(whole, seed, 0, Origin(Why.TRIAL, number))

    def again(
        self, problem: SearchProblem, configuration: Mapping[str, Any], times: int, seed: int
    ) -> list[Task]:
        """Evaluate a winner again, with seeds that nothing was chosen by."""
        whole = problem.space.check(configuration)
        return [evaluation(whole, seed, i + 1, Origin(Why.CONFIRM)) for i in range(times)]

    def baselines(self, problem: SearchProblem, seed: int) -> list[Task]:
        """Evaluate what the search has to beat."""
        return baselines(problem, seed)

    def check(self, problem: SearchProblem) -> None:
        """The method has a name.

        Raises
        ------
        PlanError
            When it has none.
        """
        if not isinstance(getattr(self, "name", None), str):
            cls = type(self).__name__
            msg = (
                f"the method {cls} has no name, by which the reader knows what proposed; write "
                f'name = "{cls.lower()}" in the class.'
            )
            raise PlanError(msg)

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        options: Any = self
        return {"method": self.name, **plain(dataclasses.asdict(options))}

    def in_words(self) -> str:
        """What proposes."""
        return f"search by {self.name}"

    def facts(self, problem: SearchProblem) -> MethodFacts:
        """What proposes configurations."""
        return dataclasses.replace(super().facts(problem), sampler=self.name, engine=self.name)


def evaluation(
    configuration: Mapping[str, Value],
    seed: int,
    repeat: int,
    origin: Origin,
    options: Mapping[str, Any] | None = None,
) -> Task:
    """Evaluate a whole configuration, with a seed that follows from it and from `repeat`."""
    own = seed_of(seed, "trial", configuration, repeat) % _SEEDS
    return Task(
        SEARCH, {}, options=options or {}, seed=own, origin=origin, configuration=configuration
    )


def baselines(problem: SearchProblem, seed: int) -> list[Task]:
    """Trials of the baselines that are not mere numbers."""
    tasks: list[Task] = []
    for baseline in problem.baselines:
        origin = Origin(Why.BASELINE, baseline.name)
        for number in range(baseline.repeats if baseline.metrics is None else 0):
            if baseline.configuration is not None:
                whole = problem.space.check(baseline.configuration)
                tasks.append(evaluation(whole, seed, number, origin))
                continue
            own = seed_of(seed, "baseline", baseline.name, number) % _SEEDS
            options = {"baseline": baseline.name}
            tasks.append(
                Task(BASELINE, {}, options=options, seed=own, origin=origin, configuration={})
            )
    return tasks
