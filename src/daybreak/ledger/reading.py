"""From rows to records: what one study planned, and what came out."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.records import (
    AGAIN,
    BatchRecord,
    CriteriaRecord,
    StudyRecord,
    TrialRecord,
)
from daybreak.problem.outcomes import Outcome


def read_study(c: sa.Connection, row: Any) -> StudyRecord:
    """One study, from its row."""
    mark = t.problems.c.fingerprint == row.fingerprint
    problem = c.execute(sa.select(t.problems.c.body).where(mark)).scalar_one()
    written = sa.select(t.criteria).where(t.criteria.c.study == row.id).order_by(t.criteria.c.id)
    body = json.loads(row.body)
    inner = (
        sa.select(t.members, t.trials.c.outcome)
        .join(t.trials, t.trials.c.key == t.members.c.trial)
        .where(t.members.c.study == row.id)
        .order_by(t.members.c.round, t.members.c.position)
    )
    trials: list[TrialRecord] = []
    # A trial asked for twice (from a basin and from a neighbour with the same end) is one fit,
    # and must not pass for two that agree.
    seen: dict[str, Outcome] = {}
    for m in c.execute(inner):
        kind = AGAIN if m.trial in seen else m.kind
        if m.trial not in seen:
            seen[m.trial] = Outcome.load(json.loads(m.outcome))
        point: dict[str, float] = json.loads(m.point)
        of, values = tuple(point), tuple(point.values())
        trials.append(TrialRecord(m.trial, kind, m.origin, of, values, m.grid, seen[m.trial]))
    mine = sa.select(t.members.c.trial).where(t.members.c.study == row.id).distinct()
    spent = sa.select(sa.func.sum(t.attempts.c.seconds)).where(t.attempts.c.trial.in_(mine))
    a = t.attempts.c
    batches = (
        sa.select(a.started, sa.func.avg(a.seconds), a.load, a.memory_mib)
        .where(a.trial.in_(mine)).group_by(a.run, a.started).order_by(a.started)
    )  # fmt: skip
    return StudyRecord(
        name=row.name, follows=row.follows, state=row.state, error=row.error,
        fingerprint=row.fingerprint, problem=json.loads(problem), settings=body["settings"],
        method=body["method"], counted=body["counted"], seed=body["seed"],
        criteria=tuple(
            CriteriaRecord(w.written, tuple(json.loads(w.body))) for w in c.execute(written)
        ),
        trials=tuple(trials), seconds=float(c.execute(spent).scalar() or 0.0),
        batches=tuple(BatchRecord(*row) for row in c.execute(batches)),
    )  # fmt: skip
