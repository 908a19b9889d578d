"""Baselines and null tests beside the result of a search: what is there without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.criteria import Criterion
from daybreak.diagnosis.search_study import BaselineReading, OutcomeWord, SearchKnob, Winner
from daybreak.diagnosis.standing import better_than, standing
from daybreak.ledger.records import StudyRecord
from daybreak.problem.origins import Origin, Why

_TAIL = 5.0
"""Per cent of the draws of a null that are at least as good as its bar.

The usual 5 % of one-sided tests, the other side of 95 % intervals.
"""


def read_baselines(
    record: StudyRecord, candidates: Sequence[Winner], knobs: Sequence[SearchKnob]
) -> list[BaselineReading]:
    """Every declared baseline, beside the best of the candidates in each objective."""
    return [_read(record, row, candidates, knobs) for row in record.problem["baselines"]]


def _read(
    record: StudyRecord,
    row: Mapping[str, Any],
    candidates: Sequence[Winner],
    knobs: Sequence[SearchKnob],
) -> BaselineReading:
    goals: list[Mapping[str, Any]] = record.problem["objectives"]
    draws, message = _draws(record, row)
    values: dict[str, float] = {}
    bars: dict[str, Criterion] = {}
    numbers: dict[str, float] = {}
    result: dict[str, float] = {}
    outcomes: dict[str, OutcomeWord] = {}
    for goal in goals:
        name, sign = goal["name"], -1.0 if goal["direction"] == "maximise" else 1.0
        there = draws.get(name, [])
        if not there:
            continue
        losses = sign * np.array(there)
        values[name] = sign * float(np.median(losses))
        tail = sign * float(np.percentile(losses, _TAIL))
        numbers[name] = tail if row["null"] else values[name]
        bars[name] = better_than(numbers[name], name, goal["direction"])
        best = min(candidates, key=lambda w, n=name, s=sign: s * w.metrics[n], default=None)
        if best is not None:
            result[name] = best.metrics[name]
            outcomes[name] = _clears(best, {name: bars[name]}, record, knobs)
    each = {_clears(winner, bars, record, knobs) for winner in candidates}
    return BaselineReading(
        name=row["name"],
        null=row["null"],
        draws=max(map(len, draws.values()), default=0),
        values=values,
        bars=numbers,
        result=result,
        outcomes=outcomes,
        outcome=_first(_BEST_FIRST, each),
        message=message,
    )


_BEST_FIRST: tuple[OutcomeWord, ...] = ("met", "undecided", "missed")


def _clears(
    winner: Winner,
    bars: Mapping[str, Criterion],
    record: StudyRecord,
    knobs: Sequence[SearchKnob],
) -> OutcomeWord:
    """Whether one result is better in all objectives, by the rule for criteria."""
    sure: bool = record.problem["deterministic"]
    found = {name: standing(winner, name, knobs, deterministic=sure) for name in bars}
    words = {s.against(n, bars[n])[0] for n, s in found.items() if s is not None}
    return _first(_BEST_FIRST[::-1], words)


def _first(order: Sequence[OutcomeWord], words: Collection[str]) -> OutcomeWord:
    """The first of `order` that is among the words; missed where there are none."""
    found: list[OutcomeWord] = [word for word in order if word in words]
    return found[0] if found else "missed"


def _draws(record: StudyRecord, row: Mapping[str, Any]) -> tuple[dict[str, list[float]], str]:
    """Values of each metric, and why there are none."""
    if row["metrics"] is not None:
        return {name: [value] for name, value in row["metrics"].items()}, ""
    trials = [t.outcome for t in record.trials if t.origin == Origin(Why.BASELINE, row["name"])]
    draws: dict[str, list[float]] = {}
    for outcome in trials:
        several = outcome.details.get("draws", {})
        for name, value in outcome.metrics.items():
            draws.setdefault(name, []).extend(several.get(name, [value]))
    failed = [outcome for outcome in trials if outcome.failed]
    message = f"{failed[0].reason.sentence} ({failed[0].message})" if failed and not draws else ""
    return draws, message
