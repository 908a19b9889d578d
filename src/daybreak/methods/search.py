"""Search a space of configurations: forced ones first, then what a sampler proposes.

The sampler proposes from what it was told, in order, so a replay over stored outcomes proposes the
same configurations again and a resumed search equals one that was never stopped.  A trial's seed
is a function of the campaign's seed, its configuration and how often that came before.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from daybreak.errors import PlanError, known
from daybreak.methods.method import Places, Rounds, check_count, seed_of
from daybreak.methods.proposals import Proposal, Proposals, engine_of
from daybreak.methods.pruning import NAMED, AbstractPruner, bars_from
from daybreak.methods.search_method import AbstractSearchMethod, baselines, evaluation
from daybreak.problem.artifacts import plain
from daybreak.problem.choices import Value
from daybreak.problem.front import ranked
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.objectives import violation
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.problem.search import SearchProblem
from daybreak.problem.settings import Setting
from daybreak.problem.stop_reasons import StopReason

Duplicates = Literal["skip", "reuse", "replicate"]
Known = tuple[Mapping[str, Any], Mapping[str, float]]
_PATIENCE = 20
"""Proposals in a row that may be refused before a random configuration is taken instead.

A choice: a sampler that has settled proposes the same again and again.
"""
_DRAWS = 10_000
"""Random configurations that are looked at before a space counts as used up.

One of which 3e-4 is still welcome is taken for used up in one of twenty cases.
"""


@dataclass(frozen=True)
class Search(AbstractSearchMethod):
    """Evaluate configurations, and the best of them again with fresh seeds.

    Parameters
    ----------
    sampler : {"tpe", "nsga2", "nsga3", "random", "sobol", "gp"}
        What proposes configurations: tree-structured Parzen estimator, two genetic algorithms
        for several objectives, uniform, a scrambled Sobol sequence, a Gaussian process (BoTorch;
        without it TPE is used, and a finding says so).
    trials : int
        Configurations evaluated in all, over all resumes, the forced ones included.
    forced : sequence of mapping name -> value
        Configurations evaluated first, never pruned, and all of them, even if they are more than
        `trials`.
    pruner : {"median", "halving"}, Median, Halving or None
        Ends trials whose intermediate values fall behind; for one objective.
    duplicates : {"skip", "reuse", "replicate"}
        What to do when a configuration is proposed again: ask for another one, count its result
        once more, or evaluate it again with a fresh seed.
    confirm : int, optional
        How many of the best are evaluated again, on which the verdict rests; by default 3, or 0
        where `evaluate` is deterministic.
    confirmations : int
        How often each of them is evaluated again, every time with its own seed.
    batch : int
        Proposals asked for at once; more than one use several workers, and know less.
    population : int
        Of the genetic algorithms.
    startup : int
        Random proposals before TPE or a Gaussian process begins to model.
    known : sequence of (configuration, metrics)
        Results from elsewhere that the sampler is told first; they are no trials and count for
        nothing else.

    Raises
    ------
    PlanError
        When an option cannot mean anything.
    """

    name: ClassVar[str] = "search"

    sampler: str = "tpe"
    trials: int = 100
    forced: Sequence[Mapping[str, Any]] = ()
    pruner: AbstractPruner | str | None = None
    duplicates: Duplicates = "skip"
    confirm: int | None = None
    confirmations: int = 3
    batch: int = 1
    population: int = 50
    startup: int = 10
    known: Sequence[Known] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything."""
        engine_of(self.sampler)
        for what, value, least in (
            ("trials", self.trials, 1),
            ("confirm", self.confirm or 0, 0),
            ("batch", self.batch, 1),
            ("confirmations", self.confirmations, 1),
            ("population", self.population, 2),
            ("startup", self.startup, 0),
        ):
            check_count(what, value, least)
        if self.duplicates not in ("skip", "reuse", "replicate"):
            msg = (
                f"duplicates must be 'skip', 'reuse' or 'replicate', but got {self.duplicates!r}."
            )
            raise PlanError(msg)
        if isinstance(self.pruner, str) and self.pruner not in NAMED:
            msg = f"pruner must be one of {known(NAMED)} or None, but got {self.pruner!r}."
            raise PlanError(msg)

    @property
    def rule(self) -> AbstractPruner | None:
        """The pruner itself."""
        return NAMED[self.pruner] if isinstance(self.pruner, str) else self.pruner

    def winners(self, problem: SearchProblem) -> int:
        """How many of the best are evaluated again."""
        if self.confirm is not None:
            return self.confirm
        return 0 if problem.deterministic else 3

    def rounds(
        self,
        problem: SearchProblem,
        settings: Mapping[str, Setting],
        seed: int,
        places: Places = (),
    ) -> Rounds:
        """Baselines and forced configurations; proposals, batch by batch; confirmations.

        `places` are trials made before the space was changed, which count as any other.
        """
        course = _Course(self, problem, seed)
        yield from course.forced()
        yield from course.earlier(places)
        while course.left > 0:
            proposals = course.propose()
            if not proposals:
                break  # the space is used up
            outcomes = yield [task for _, task in proposals]
            course.learn(proposals, outcomes)
        chosen = course.chosen(max(self.winners(problem), 1))
        confirmed = chosen[: self.winners(problem)]
        tasks = [task for configuration in confirmed for task in course.again(configuration)]
        if tasks:
            outcomes = yield tasks
            chosen = _by_mean(problem, confirmed, tasks, outcomes) or chosen
        refined = course.refined(chosen[0], settings) if chosen else []
        if refined:
            yield refined

    def describe(self) -> dict[str, Any]:
        """The method's options as plain data."""
        return {
            "method": self.name,
            "sampler": self.sampler,
            "engine": engine_of(self.sampler),
            "trials": self.trials,
            "forced": plain([dict(one) for one in self.forced]),
            "pruner": self.rule.describe() if self.rule else None,
            "duplicates": self.duplicates,
            "confirm": self.confirm,
            "confirmations": self.confirmations,
            "batch": self.batch,
            "population": self.population,
            "startup": self.startup,
            "known": plain([[dict(c), dict(m)] for c, m in self.known]),
        }

    def in_words(self) -> str:
        """What proposes, and how often."""
        forced = f", {len(self.forced)} of them forced" if self.forced else ""
        return f"search by {engine_of(self.sampler)}, {self.trials} trials{forced}"

    def facts(self, problem: SearchProblem) -> MethodFacts:
        """What proposes configurations, and how many there may be."""
        return dataclasses.replace(
            super().facts(problem),
            sampler=self.sampler,
            engine=engine_of(self.sampler),
            trials=self.trials,
            repeats=self.duplicates != "skip",
        )

    def expected_trials(self, problem: SearchProblem) -> int:
        """Baselines, configurations, confirmations and refinements."""
        baselines = sum(b.repeats for b in problem.baselines if b.metrics is None)
        again = self.winners(problem) * self.confirmations
        return baselines + max(self.trials, len(self.forced)) + again + len(problem.knobs)

    def check(self, problem: SearchProblem) -> None:
        """Forced and known configurations are inside the space; pruning needs one objective."""
        for what, given in (("forced", self.forced), ("known", [c for c, _ in self.known])):
            for number, configuration in enumerate(given):
                problem.check(configuration, f"{what} configuration {number}")
        for goal, (_, metrics) in itertools.product(problem.goals, self.known):
            if goal.name not in metrics:
                msg = f"known results need the objective {goal.name!r}, but got {dict(metrics)}."
                raise PlanError(msg)
        if self.pruner is not None and len(problem.goals) > 1:
            names = known(goal.name for goal in problem.goals)
            msg = (
                f"a pruner compares intermediate values of one objective, but there are {names}; "
                "leave the pruner out, or make some of them constraints."
            )
            raise PlanError(msg)


class _Course:
    """A search under way: what has been asked for and what came of it."""

    def __init__(self, search: Search, problem: SearchProblem, seed: int) -> None:
        self.search = search
        self.problem = problem
        self.seed = seed
        self.engine = Proposals(
            problem,
            engine_of(search.sampler),
            seed_of(seed, "sampler"),
            population=search.population,
            startup=search.startup,
            batch=search.batch,
        )
        for configuration, metrics in search.known:
            self.engine.learn(problem.space.check(configuration), metrics)
        self.done = 0
        """Configurations evaluated, forced ones included."""
        self.times: dict[str, int] = {}
        """How often each configuration was asked for, by its canonical text."""
        self.results: list[tuple[dict[str, Value], Outcome]] = []
        """Forced and proposed trials, in order."""
        self.unseen: list[dict[str, Value]] | None = None

    @property
    def left(self) -> int:
        """How many configurations may still be proposed."""
        return self.search.trials - self.done

    def forced(self) -> Generator[list[Task], list[Outcome], None]:
        """Baselines and forced configurations, in one round."""
        beaten = baselines(self.problem, self.seed)
        wanted = [self.problem.space.check(one) for one in self.search.forced]
        # A configuration that is forced twice is one trial.
        wanted = [one for i, one in enumerate(wanted) if one not in wanted[:i]]
        proposals = [(self.engine.ask(one), self._task(one, Why.FORCED, {})) for one in wanted]
        tasks = beaten + [task for _, task in proposals]
        if tasks:
            outcomes = yield tasks
            self.learn(proposals, outcomes[len(beaten) :])

    def earlier(self, trials: Sequence[Mapping[str, Any]]) -> Generator[list[Task], Any, None]:
        """Ask again for what was tried in a former space: the ledger has the answers."""
        seen: Counter[str] = Counter()
        proposals: list[tuple[Proposal, Task]] = []
        for trial in trials:
            mark = canonical(trial["configuration"])
            seen[mark] += 1
            if seen[mark] > self.times.get(mark, 0) and self.left > 0:  # else it was forced
                proposal = self.engine.ask(trial["configuration"])
                task = self._task(proposal.configuration, Why.TRIAL, trial["options"])
                proposals.append((proposal, task))
        if proposals:
            self.learn(proposals, (yield [task for _, task in proposals]))

    def propose(self) -> list[tuple[Proposal, Task]]:
        """The next batch; shorter, or empty, where the space has no more to offer."""
        found: list[tuple[Proposal, Task]] = []
        for _ in range(min(self.search.batch, self.left)):
            proposal = self._next()
            if proposal is None:
                break
            found.append((proposal, self._task(proposal.configuration, Why.TRIAL, self._bars())))
        return found

    def _next(self) -> Proposal | None:
        """A proposal that may be evaluated; a random one where the sampler insists on others."""
        for _ in range(_PATIENCE):
            proposal = self.engine.ask()
            if self._is_welcome(proposal.configuration):
                return proposal
            self.engine.reject(proposal)
        configuration = self._random()
        return None if configuration is None else self.engine.ask(configuration)

    def _is_welcome(self, configuration: Mapping[str, Value]) -> bool:
        new = self.search.duplicates != "skip" or canonical(configuration) not in self.times
        return new and self.problem.obeys(configuration)

    def _random(self) -> dict[str, Value] | None:
        """A welcome configuration taken at random; None where none was found."""
        rng = np.random.default_rng(seed_of(self.seed, "random", self.done, len(self.times)))
        if self.problem.space.size is not None:
            if self.unseen is None:
                self.unseen = self.problem.space.configurations()
            self.unseen = [one for one in self.unseen if self._is_welcome(one)]
            return self.unseen[rng.integers(len(self.unseen))] if self.unseen else None
        draws = (self.problem.space.sample(rng) for _ in range(_DRAWS))
        return next((one for one in draws if self._is_welcome(one)), None)

    def _task(self, configuration: dict[str, Value], why: Why, options: Mapping[str, Any]) -> Task:
        """The trial of a configuration, counted."""
        mark = canonical(configuration)
        number = self.times.get(mark, 0)
        self.times[mark] = number + 1
        self.done += 1
        repeat = 0 if self.search.duplicates == "reuse" else number
        return evaluation(configuration, self.seed, repeat, Origin(why, self.done - 1), options)

    def _bars(self) -> dict[str, Any]:
        """What the pruner asks of the next trial."""
        rule = self.search.rule
        if rule is None:
            return {}
        sign = self.problem.goals[0].sign
        bars = bars_from(rule, (outcome for _, outcome in self.results), sign)
        return {"bars": [[step, bar] for step, bar in bars.items()]} if bars else {}

    def learn(
        self, proposals: Sequence[tuple[Proposal, Task]], outcomes: Sequence[Outcome]
    ) -> None:
        """Tell the sampler how its proposals came out."""
        for (proposal, task), outcome in zip(proposals, outcomes, strict=True):
            self.engine.tell(proposal, outcome)
            self.results.append((dict(task.configuration or {}), outcome))

    def chosen(self, count: int) -> list[dict[str, Value]]:
        """The best distinct configurations that clear every bar, best first."""
        bars = [constraint.describe() for constraint in self.problem.constraints]
        usable: dict[str, tuple[dict[str, Value], Outcome]] = {}
        for configuration, outcome in self.results:
            missed = any(violation(bar, outcome.metrics) > 0 for bar in bars)
            if outcome.reason is StopReason.MEASURED and not missed:
                usable.setdefault(canonical(configuration), (configuration, outcome))
        rows = list(usable.values())
        order = ranked([self.problem.losses(outcome.metrics) for _, outcome in rows])
        return [rows[i][0] for i in order[:count]]

    def again(self, configuration: dict[str, Value]) -> list[Task]:
        """Evaluate a configuration again, with seeds that nothing was chosen by."""
        before = self.times[canonical(configuration)]
        first = 1 if self.search.duplicates == "reuse" else before
        repeats = range(first, first + self.search.confirmations)
        return [evaluation(configuration, self.seed, i, Origin(Why.CONFIRM)) for i in repeats]

    def refined(
        self, configuration: dict[str, Value], settings: Mapping[str, Setting]
    ) -> list[Task]:
        """Evaluate a configuration with each knob refined, and the seed it was first given."""
        return [
            evaluation(
                configuration,
                self.seed,
                0,
                Origin(Why.REFINE, knob.name),
                {"knob": knob.name, "to": knob.refined},
            )
            for knob in self.problem.knobs
            if settings[knob.name] != knob.refined
        ]


def _by_mean(
    problem: SearchProblem,
    configurations: Sequence[dict[str, Value]],
    tasks: Sequence[Task],
    outcomes: Sequence[Outcome],
) -> list[dict[str, Value]]:
    """Confirmed configurations, the best mean first."""
    means: list[tuple[float, ...]] = []
    there: list[dict[str, Value]] = []
    for configuration in configurations:
        mine = [
            problem.losses(outcome.metrics)
            for task, outcome in zip(tasks, outcomes, strict=True)
            if task.configuration == configuration and outcome.reason is StopReason.MEASURED
        ]
        if mine:
            means.append(tuple(np.mean(mine, axis=0).tolist()))
            there.append(configuration)
    return [there[i] for i in ranked(means)]
