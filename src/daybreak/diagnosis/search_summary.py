"""A search in one page of numbers: what became of its trials, and how its objectives are spread.

Numbers about an objective are those of the trials that completed, each counted once.  The rank
correlation is Spearman's,

    rho = correlation of the ranks of parameter and objective, equal values sharing theirs

which has a standard deviation of 1 / sqrt(n - 1) where there is no relation.
Source: Spearman (1904), Am. J. Psychol. 15, 72.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from daybreak.diagnosis.importance import ranks_of
from daybreak.diagnosis.search_study import ConfigurationState, Goal, Model, Plain, SearchReading
from daybreak.diagnosis.trial_record import RecordedTrial, best_first, missing_fields
from daybreak.ledger.records import StudyRecord
from daybreak.problem.stop_reasons import StopReason

_SHOWN = 20
"""Trials in the table of the best."""
_FEWEST = 3
"""Trials below which ranks say nothing: of two the correlation is always 1 or -1."""


class Counts(Model):
    """What became of the forced and sampled trials, and how many others were made."""

    made: int
    forced: int
    completed: int
    infeasible: int
    pruned: int
    failed: int
    reused: int
    """Answered by an earlier trial; counted by state as well."""
    baseline: int
    confirm: int
    refine: int


class Failure(Model):
    """Trials that failed for one reason."""

    reason: str
    """A stop reason of the glossary."""
    sentence: str
    trials: list[int]
    message: str
    """Of the first of them."""


class Distribution(Model):
    """How one objective is spread over the completed trials, in its unit; null where too few."""

    objective: str
    unit: str
    n: int
    min: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    max: float | None
    mean: float | None
    std: float | None
    """With n - 1; null below two trials."""


class Group(Model):
    """One objective at one option of a choice, over the trials in which the choice matters."""

    parameter: str
    value: Plain
    objective: str
    made: int
    """Forced and sampled trials, whatever became of them."""
    n: int
    """Completed ones, on which the rest is founded."""
    mean: float | None
    min: float | None
    max: float | None
    std: float | None
    """With n - 1; null below two trials."""


class RankCorrelation(Model):
    """Whether an objective rises (positive) or falls with a number that was searched."""

    parameter: str
    objective: str
    n: int
    """Completed trials in which the parameter matters."""
    rho: float | None
    """Spearman's; null below three trials, or where one of the two does not vary."""
    chance: float | None
    """Standard deviation of rho where there is no relation."""


class Placed(Model):
    """A trial in short."""

    number: int
    how: str
    key: str
    objectives: dict[str, float | None]
    configuration: dict[str, Plain]
    recorded: dict[str, Any]


class Again(Model):
    """The best configuration, evaluated again with fresh seeds."""

    seeds: list[int]
    metrics: dict[str, float]
    """Means."""
    uncertainty: dict[str, float]
    """Standard errors of the means."""
    failed: int


class StudySummary(Model):
    """A search, finished or living; a published format."""

    model_config = ConfigDict(
        populate_by_name=True, json_schema_serialization_defaults_required=True
    )

    format: Literal["daybreak.search/1"] = Field(default="daybreak.search/1", alias="schema")
    campaign: str
    study: str
    state: str
    """``waiting``, ``running``, ``finished`` or ``failed``."""
    sampler: str
    goals: list[Goal]
    settings: dict[str, Plain]
    counts: Counts
    failures: list[Failure]
    """The most frequent first."""
    best: RecordedTrial | None
    """Of several objectives the compromise that the verdict rests on."""
    confirmed: Again | None
    """Null when the best was not evaluated again."""
    front: list[Placed]
    """With several objectives the trials that no other one dominates; else empty."""
    distributions: list[Distribution]
    groups: list[Group]
    correlations: list[RankCorrelation]
    top: list[Placed]
    """At most 20, best first."""
    missing: dict[str, list[int]]
    """Numbers of the completed trials that did not record what others did, by the field's
    name."""


def summarise(
    campaign: str, study: StudyRecord, found: SearchReading, trials: Sequence[RecordedTrial]
) -> StudySummary:
    """Sum up a search from the records of its trials."""
    own = [trial for trial in trials if trial.counts]
    done = [trial for trial in best_first(own, study.problem) if trial.completed]
    once = [trial for trial in done if not trial.reused]
    there = {trial.number: trial for trial in own}
    winner = found.best
    return StudySummary(
        campaign=campaign,
        study=study.name,
        state=study.state,
        sampler=found.sampler,
        goals=found.goals,
        settings=study.settings,
        counts=_counts(trials),
        failures=_failures(own),
        best=there[winner.number] if winner else None,
        confirmed=Again.model_validate(winner.model_dump(include=set(Again.model_fields)))
        if winner and winner.seeds
        else None,
        front=[] if found.single else [placed(there[number]) for number in found.front],
        distributions=[_distribution(goal, once) for goal in found.goals],
        groups=list(_groups(study.problem, own, once)),
        correlations=list(_correlations(study.problem, once)),
        top=[placed(trial) for trial in done[:_SHOWN]],
        missing=missing_fields(own),
    )


def placed(trial: RecordedTrial) -> Placed:
    """A trial in short."""
    return Placed.model_validate(trial.model_dump(include=set(Placed.model_fields)))


def _counts(trials: Sequence[RecordedTrial]) -> Counts:
    own = [trial for trial in trials if trial.counts]
    states, ways = Counter(t.state for t in own), Counter(t.how for t in trials)
    return Counts(
        made=len(own),
        forced=ways["forced"],
        completed=states[ConfigurationState.COMPLETED],
        infeasible=states[ConfigurationState.INFEASIBLE],
        pruned=states[ConfigurationState.PRUNED],
        failed=states[ConfigurationState.FAILED],
        reused=sum(trial.reused for trial in own),
        baseline=ways["baseline"],
        confirm=ways["confirm"],
        refine=ways["refine"],
    )


def _failures(own: Sequence[RecordedTrial]) -> list[Failure]:
    groups: dict[str, list[RecordedTrial]] = {}
    for trial in own:
        if trial.state is ConfigurationState.FAILED:
            groups.setdefault(trial.reason, []).append(trial)
    found = [
        Failure(
            reason=reason,
            sentence=StopReason[reason].sentence,
            message=group[0].message,
            trials=[trial.number for trial in group],
        )
        for reason, group in groups.items()
    ]
    return sorted(found, key=lambda one: -len(one.trials))


def _values(trials: Sequence[RecordedTrial], objective: str) -> list[float]:
    """An objective of completed trials."""
    return [v for trial in trials if (v := trial.objectives[objective]) is not None]


def _distribution(goal: Goal, trials: Sequence[RecordedTrial]) -> Distribution:
    values = np.array(_values(trials, goal.name), dtype=np.float64)
    low, median, high = (_of(values, lambda v, q=q: np.percentile(v, q)) for q in (25, 50, 75))
    return Distribution(
        objective=goal.name,
        unit=goal.unit,
        n=len(values),
        min=_of(values, np.min),
        lower_quartile=low,
        median=median,
        upper_quartile=high,
        max=_of(values, np.max),
        mean=_of(values, np.mean),
        std=_std(values),
    )


def _of(values: Any, what: Callable[[Any], Any], least: int = 1) -> float | None:
    """A number about some values; None where they are too few, or it is too large for one."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(what(values)) if len(values) >= least else math.nan
    return found if math.isfinite(found) else None


def _std(values: Any) -> float | None:
    return _of(values, lambda v: np.std(v, ddof=1), least=2)


def _groups(
    problem: Mapping[str, Any], own: Sequence[RecordedTrial], done: Sequence[RecordedTrial]
) -> Iterator[Group]:
    """Every option of every choice that was searched, for every objective."""
    choices = [p for p in problem["parameters"] if p["kind"] == "choice" and p["fixed"] is None]
    for goal in problem["objectives"]:
        for choice in choices:
            for option in choice["options"]:
                made = [trial for trial in own if _has(trial, choice["name"], option)]
                mine = [trial for trial in done if _has(trial, choice["name"], option)]
                values = np.array(_values(mine, goal["name"]), dtype=np.float64)
                yield Group(
                    parameter=choice["name"],
                    value=option,
                    objective=goal["name"],
                    made=len(made),
                    n=len(values),
                    mean=_of(values, np.mean),
                    min=_of(values, np.min),
                    max=_of(values, np.max),
                    std=_std(values),
                )


def _has(trial: RecordedTrial, name: str, option: Plain) -> bool:
    """Whether a trial has an option; ``True`` is not 1."""
    there = name in trial.configuration
    value = trial.configuration.get(name)
    return there and value == option and isinstance(value, bool) == isinstance(option, bool)


def _correlations(
    problem: Mapping[str, Any], done: Sequence[RecordedTrial]
) -> Iterator[RankCorrelation]:
    """Every number that was searched, for every objective."""
    names = [
        p["name"] for p in problem["parameters"] if p["kind"] != "choice" and p["fixed"] is None
    ]
    for goal in problem["objectives"]:
        for name in names:
            mine = [trial for trial in done if name in trial.configuration]
            places: list[Any] = [trial.configuration[name] for trial in mine]
            yield RankCorrelation(
                parameter=name,
                objective=goal["name"],
                n=len(mine),
                rho=_spearman(places, _values(mine, goal["name"])),
                chance=1.0 / math.sqrt(len(mine) - 1) if len(mine) >= _FEWEST else None,
            )


def _spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Rank correlation; None where it has no meaning."""
    if len(one) < _FEWEST:
        return None
    a, b = (ranks_of(values) for values in (one, other))
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(a @ b / size, -1.0, 1.0)) if size else None
