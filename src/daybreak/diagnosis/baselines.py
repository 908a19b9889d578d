"""Baselines and null tests beside the result of a search: what is there without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.diagnosis.search_study import BaselineReading, Winner
from daybreak.ledger.records import StudyRecord
from daybreak.problem.origins import Origin, Why

_TAIL = 5.0
"""Per cent of the draws of a null that are at least as good as its bar.

The usual 5 % of one-sided tests, the other side of 95 % intervals.
"""
_SIGMAS = 2.0
"""A result is outside a baseline when it is better by so many standard errors.

Two, as for 95 % intervals of normal errors.
"""


def read_baselines(
    record: StudyRecord, candidates: Sequence[Winner], front: Sequence[Mapping[str, float]]
) -> list[BaselineReading]:
    """Every declared baseline, beside the best of the candidates in each objective.

    `front` has the metrics of its trials: with several objectives they count, too.
    """
    return [_read(record, row, candidates, front) for row in record.problem["baselines"]]


def _read(
    record: StudyRecord,
    row: Mapping[str, Any],
    candidates: Sequence[Winner],
    front: Sequence[Mapping[str, float]],
) -> BaselineReading:
    goals: list[Mapping[str, Any]] = record.problem["objectives"]
    draws, message = _draws(record, row)
    values: dict[str, float] = {}
    bars: dict[str, float] = {}
    result: dict[str, float] = {}
    outside: dict[str, bool] = {}
    for goal in goals:
        name, sign = goal["name"], -1.0 if goal["direction"] == "maximise" else 1.0
        there = draws.get(name, [])
        if not there:
            continue
        losses = sign * np.array(there)
        values[name] = sign * float(np.median(losses))
        bars[name] = sign * float(np.percentile(losses, _TAIL)) if row["null"] else values[name]
        best = min(candidates, key=lambda w, n=name, s=sign: s * w.metrics[n], default=None)
        if best is not None:
            result[name] = best.metrics[name]
            margin = _SIGMAS * best.uncertainty.get(name, 0.0)
            outside[name] = sign * result[name] < sign * bars[name] - margin
    return BaselineReading(
        name=row["name"],
        null=row["null"],
        draws=max(map(len, draws.values()), default=0),
        values=values,
        bars=bars,
        result=result,
        outside=outside,
        message=message,
        beaten=_is_beaten(bars, goals, candidates, front),
    )


def _is_beaten(
    bars: Mapping[str, float],
    goals: Sequence[Mapping[str, Any]],
    candidates: Sequence[Winner],
    front: Sequence[Mapping[str, float]],
) -> bool:
    """Whether one result is better everywhere; one of the front by the winners' uncertainty."""
    signs = {g["name"]: -1.0 if g["direction"] == "maximise" else 1.0 for g in goals}
    usual = {n: max((w.uncertainty.get(n, 0.0) for w in candidates), default=0.0) for n in bars}
    points = [(w.metrics, w.uncertainty) for w in candidates]
    points += [(metrics, usual) for metrics in front if len(goals) > 1]
    return bool(bars) and any(
        all(
            signs[n] * metrics[n] < signs[n] * bar - _SIGMAS * error.get(n, 0.0)
            for n, bar in bars.items()
        )
        for metrics, error in points
    )


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
