"""Read a search: its trials, its front, what was confirmed, and what stands beside it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.diagnosis.baselines import read_baselines
from daybreak.diagnosis.importance import importance
from daybreak.diagnosis.search_study import (
    MEASURED,
    ConfigurationState,
    Confirmation,
    Goal,
    Importance,
    SearchedInfo,
    SearchKnob,
    SearchReading,
    SearchTrial,
    Winner,
)
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.ledger.states import StudyState
from daybreak.problem.configuration import SearchSpace
from daybreak.problem.front import MOST_OBJECTIVES, hypervolume, ranked, undominated
from daybreak.problem.objectives import violation
from daybreak.problem.origins import Why
from daybreak.problem.stop_reasons import StopReason

Array = NDArray[np.float64]
MOST_TRIALS = 5000
"""Trials of a search that a report holds; a choice: some megabytes of `summary.json`."""
_CHECKPOINTS = 60
"""Places in the history of a search at which the hypervolume is found."""


@dataclass(frozen=True, eq=False)
class Searched:
    """The records of a search, sorted by why they were made."""

    record: StudyRecord
    trials: tuple[SearchTrial, ...]
    """All forced and proposed ones."""
    outcomes: tuple[TrialRecord, ...]
    """Their records, in the same order."""

    @classmethod
    def of(cls, record: StudyRecord) -> Searched:
        """Sort the records of a study."""
        kept = [t for t in record.trials if t.origin.why.is_proposal]
        return cls(record, tuple(_trial(t, record.problem) for t in kept), tuple(kept))

    @property
    def names(self) -> list[str]:
        """Objectives."""
        return [row["name"] for row in self.record.problem["objectives"]]

    def losses(self, metrics: Mapping[str, float]) -> list[float]:
        """Objectives as numbers that are smaller when better."""
        rows = self.record.problem["objectives"]
        return [(-1.0 if r["direction"] == "maximise" else 1.0) * metrics[r["name"]] for r in rows]

    def feasible(self) -> list[int]:
        """Places of the trials that count: measured, and clear of every bar."""
        return [
            i for i, trial in enumerate(self.trials) if trial.state is ConfigurationState.COMPLETED
        ]

    def rows(self, places: Sequence[int]) -> Array:
        """Losses of some trials, shape (n, n_objectives)."""
        rows = [self.losses(self.trials[i].metrics) for i in places]
        return np.array(rows, dtype=np.float64).reshape(len(places), len(self.names))

    def again(self, why: Why) -> list[TrialRecord]:
        """Records that were made for another reason."""
        return [t for t in self.record.trials if t.origin.why is why]


def _trial(record: TrialRecord, problem: Mapping[str, Any]) -> SearchTrial:
    outcome, names = record.outcome, [row["name"] for row in problem["parameters"]]
    return SearchTrial(
        number=int(record.origin.which or 0),
        how="forced" if record.origin.why is Why.FORCED else "trial",
        state=state_of(record, problem["constraints"]),
        configuration={n: outcome.parameters[n] for n in names if n in outcome.parameters},
        metrics=outcome.metrics,
        seed=outcome.details.get("seed"),
        message=outcome.message,
        reports=outcome.details.get("reports", []),
        reused=record.again,
    )


def state_of(record: TrialRecord, bars: Sequence[Mapping[str, Any]]) -> ConfigurationState:
    """What became of a trial, in one word."""
    reason = record.outcome.reason
    if reason is StopReason.PRUNED:
        return ConfigurationState.PRUNED
    if reason is not StopReason.MEASURED:
        return ConfigurationState.FAILED
    missed = any(violation(bar, record.outcome.metrics) > 0 for bar in bars)
    return ConfigurationState.INFEASIBLE if missed else ConfigurationState.COMPLETED


def read_search(record: StudyRecord) -> tuple[SearchReading, list[Winner]]:
    """Everything found by a search, and the winners that a verdict may rest on, best first."""
    found = Searched.of(record)
    space = SearchSpace.restore(record.problem["parameters"])
    places = found.feasible()
    rows = found.rows(places)
    confirmed = _confirmed(found)
    candidates = confirmed or _candidates(found)
    reference = _reference(found)
    goals = [
        Goal(name=row["name"], direction=row["direction"], unit=row["unit"], reference=bar)
        for row, bar in zip(record.problem["objectives"], reference, strict=True)
    ]
    front = _front(found, places, rows)
    knobs = _knobs(found)
    reading = SearchReading(
        sampler=record.facts.engine,
        goals=goals,
        space=[_declared(row) for row in record.problem["parameters"]],
        trials=list(found.trials[:MOST_TRIALS]),
        counts=dict(Counter(trial.state for trial in found.trials)),
        best=candidates[0] if candidates else None,
        confirmed=confirmed,
        selection_bias=_bias(found, confirmed),
        front=front,
        hypervolume=_history(found, reference),
        baselines=read_baselines(record, candidates, knobs),
        importance=_importance(found, space),
        knobs=knobs,
        exhausted=_exhausted(found, space),
    )
    return reading, candidates


def _declared(row: Mapping[str, Any]) -> SearchedInfo:
    return SearchedInfo(
        name=row["name"],
        kind=row["kind"],
        unit=row["unit"],
        scale=row.get("scale", "linear"),
        lower=row.get("lower"),
        upper=row.get("upper"),
        options=row.get("options", []),
        fixed=row["fixed"],
    )


def _exhausted(found: Searched, space: SearchSpace) -> bool:
    """Whether fewer trials were made than allowed because there was nothing left to try."""
    facts, finished = found.record.facts, found.record.state is StudyState.FINISHED
    few = finished and facts.trials is not None and len(found.trials) < facts.trials
    return few and not facts.repeats and space.size is not None


def _front(found: Searched, places: Sequence[int], rows: Array) -> list[int]:
    if not places:
        return []
    if rows.shape[1] == 1:
        return [found.trials[places[int(np.argmin(rows[:, 0]))]].number]
    return [found.trials[places[int(i)]].number for i in np.flatnonzero(undominated(rows))]


def _reference(found: Searched) -> list[float | None]:
    """Where each objective's dominated volume begins."""
    rows = found.record.problem["objectives"]
    measured = [t.metrics for t in found.trials if t.state in MEASURED]
    worst: list[float | None] = []
    for row in rows:
        values = [metrics[row["name"]] for metrics in measured]
        pick = max if row["direction"] == "minimise" else min
        known = row["reference"] if row["reference"] is not None else pick(values, default=None)
        worst.append(known)
    return worst


def _history(found: Searched, reference: Sequence[float | None]) -> list[tuple[int, float]]:
    """The best value, or the volume dominated, after so many trials."""
    places, count = found.feasible(), len(found.trials)
    if not places:
        return []
    rows = found.rows(places)
    if rows.shape[1] == 1:
        sign = found.losses(dict.fromkeys(found.names, 1.0))[0]
        best = np.minimum.accumulate(rows[:, 0])
        new = [i for i in range(len(best)) if i == 0 or best[i] < best[i - 1]]
        return [(places[i] + 1, sign * float(best[i])) for i in new]
    if rows.shape[1] > MOST_OBJECTIVES:
        return []
    signs = found.losses(dict.fromkeys(found.names, 1.0))
    bar = np.array([s * (r or 0.0) for s, r in zip(signs, reference, strict=True)])
    ends = sorted({math.ceil(count * (k + 1) / _CHECKPOINTS) for k in range(_CHECKPOINTS)})
    made = np.array(places) + 1
    return [(end, hypervolume(rows[made <= end], bar)) for end in ends]


def _importance(found: Searched, space: SearchSpace) -> list[Importance]:
    """Of every objective, from the trials that were measured."""
    kept = [t for t in found.trials if t.state in MEASURED and not t.reused]
    configurations = [trial.configuration for trial in kept]
    return [
        one
        for name in found.names
        for one in importance(space, configurations, name, [t.metrics[name] for t in kept])
    ]


# -- winners ---------------------------------------------------------------------------------


def _candidates(found: Searched) -> list[Winner]:
    """The best configurations as they were selected, without confirmation."""
    places = found.feasible()
    order = ranked(found.rows(places).tolist())
    return [_winner(found, places[i], []) for i in order[:50]]


def _confirmed(found: Searched) -> list[Winner]:
    """Configurations that were evaluated again, best mean first."""
    groups: dict[str, list[TrialRecord]] = {}
    for trial in found.again(Why.CONFIRM):
        groups.setdefault(repr(trial.outcome.parameters), []).append(trial)
    winners: list[Winner] = []
    for group in groups.values():
        place = _selected(found, group[0].outcome.parameters)
        usable = [t for t in group if t.outcome.reason is StopReason.MEASURED]
        if place is not None and usable:
            winners.append(_winner(found, place, group))
    order = ranked([found.losses(winner.metrics) for winner in winners])
    rest = [i for i in range(len(winners)) if i not in order]
    return [winners[i] for i in [*order, *rest]]


def _selected(found: Searched, configuration: Mapping[str, Any]) -> int | None:
    """The place of the trial by which a configuration was selected."""
    return next(
        (i for i in found.feasible() if found.trials[i].configuration == configuration), None
    )


def _winner(found: Searched, place: int, again: Sequence[TrialRecord]) -> Winner:
    trial, record = found.trials[place], found.outcomes[place]
    usable = [t.outcome for t in again if t.outcome.reason is StopReason.MEASURED]
    measured = [_numbers(outcome.metrics, outcome.details) for outcome in usable]
    names = set.intersection(*(set(row) for row in measured)) if measured else set[str]()
    columns = {name: np.array([row[name] for row in measured]) for name in sorted(names)}
    several = len(measured) > 1
    return Winner(
        number=trial.number,
        configuration=trial.configuration,
        settings=found.record.settings,
        seed=trial.seed,
        selected=trial.metrics,
        seeds=[outcome.details["seed"] for outcome in usable],
        metrics={name: float(column.mean()) for name, column in columns.items()}
        or _numbers(trial.metrics, record.outcome.details),
        uncertainty={
            name: float(column.std(ddof=1) / math.sqrt(len(column)))
            for name, column in columns.items()
            if several
        },
        confirmations=[
            Confirmation(
                seed=outcome.details["seed"],
                metrics=outcome.metrics,
                recorded=outcome.details.get("recorded", {}),
            )
            for outcome in usable
        ],
        failed=len(again) - len(usable),
        recorded=record.outcome.details.get("recorded", {}),
        artifacts=record.outcome.details.get("artifacts", []),
    )


def _numbers(metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, float]:
    """Metrics, and what was recorded beside them as one number."""
    recorded = {
        name: float(value)
        for name, value in details.get("recorded", {}).items()
        if isinstance(value, (int, float))
    }
    return {**recorded, **metrics}


def _bias(found: Searched, confirmed: Sequence[Winner]) -> dict[str, float]:
    """What choosing the luckiest adds to each objective."""
    return {
        name: float(np.mean([w.selected[name] - w.metrics[name] for w in confirmed]))
        for name in found.names
        if confirmed
    }


def _knobs(found: Searched) -> list[SearchKnob]:
    """What refined knobs change, against the trial with the same configuration and seed."""
    rows = {row["name"]: row for row in found.record.problem["knobs"]}
    shifts: list[SearchKnob] = []
    for trial in found.again(Why.REFINE):
        knob, outcome = rows[trial.origin.which], trial.outcome
        place = _selected(found, outcome.parameters)
        if place is None or outcome.reason is not StopReason.MEASURED:
            continue
        before = found.trials[place]
        changes = {
            name: value - before.metrics[name]
            for name, value in outcome.metrics.items()
            if name in before.metrics
        }
        shifts.append(
            SearchKnob(
                knob=knob["name"],
                value=found.record.settings[knob["name"]],
                refined=knob["refined"],
                number=before.number,
                changes=changes,
            )
        )
    return shifts
