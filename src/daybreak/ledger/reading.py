"""From rows to records: what was planned, and what came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.findings import Preflight
from daybreak.ledger import schema as t
from daybreak.ledger.endings import Ending
from daybreak.ledger.records import (
    BatchRecord,
    BegunRecord,
    CampaignRecord,
    CriteriaRecord,
    EventRecord,
    PlannedRecord,
    RunRecord,
    StudyRecord,
    TrialRecord,
)
from daybreak.ledger.states import EventKind, StudyState, read_word
from daybreak.problem.kinds import Kind, Question, Role
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome

_NEWEST = sa.select(t.campaigns.c.body).order_by(t.campaigns.c.id.desc()).limit(1)


def read_campaign(c: sa.Connection, place: Path) -> CampaignRecord:
    """Everything in the ledger.

    Raises
    ------
    LedgerError
        When no campaign has been written down yet.
    """
    there = sa.inspect(c).has_table(t.campaigns.name)
    body = c.execute(_NEWEST).scalar() if there else None
    if body is None:
        msg = (
            f"the ledger in {place} is empty: its run has only just begun, or "
            "was stopped before its first trial; `daybreak run` goes on."
        )
        raise LedgerError(msg)
    studies = sa.select(t.studies).where(t.studies.c.planned)
    rows = c.execute(studies.order_by(t.studies.c.position)).all()
    runs = c.execute(sa.select(t.runs).order_by(t.runs.c.id)).all()
    before = read_preflight(c)
    events = c.execute(sa.select(t.events).order_by(t.events.c.id)).all()
    return CampaignRecord(
        json.loads(body),
        tuple(read_study(c, row, before) for row in rows),
        tuple(
            RunRecord(
                r.started,
                r.ended,
                None if r.ending is None else read_word(Ending, r.ending, "how a run ended"),
                r.owner,
                json.loads(r.provenance),
                r.seen,
                r.plan,
                r.why or "",
            )
            for r in runs
        ),
        before,
        tuple(
            EventRecord(e.written, read_word(EventKind, e.kind, "an event"), e.text)
            for e in events
        ),
    )


def read_begun(c: sa.Connection) -> BegunRecord | None:
    """The campaign that was begun last; None where none was written down."""
    body = c.execute(_NEWEST).scalar()
    run = c.execute(sa.select(t.runs).order_by(t.runs.c.id.desc()).limit(1)).first()
    if body is None or run is None:
        return None
    origin = json.loads(run.provenance).get("origin", "")
    return BegunRecord(json.loads(body)["name"], origin, run.plan)


def read_preflight(c: sa.Connection) -> Preflight | None:
    """The newest preflight, if one was made."""
    latest = sa.select(t.preflights.c.body).order_by(t.preflights.c.id.desc()).limit(1)
    body = c.execute(latest).scalar()
    return None if body is None else Preflight.model_validate_json(body)


def read_plan(c: sa.Connection) -> dict[str, PlannedRecord]:
    """The studies of the present plan, by name."""
    joined = sa.select(t.studies, t.problems.c.body.label("problem")).join(t.problems)
    found: dict[str, PlannedRecord] = {}
    for row in c.execute(joined.where(t.studies.c.planned).order_by(t.studies.c.position)):
        written = sa.select(t.criteria.c.body).where(t.criteria.c.study == row.id)
        criteria = c.execute(written.order_by(t.criteria.c.id.desc()).limit(1)).scalar() or "[]"
        found[row.name] = PlannedRecord(
            row.name,
            row.follows,
            row.fingerprint,
            json.loads(row.problem),
            json.loads(row.body),
            json.loads(criteria),
        )
    return found


def read_study(c: sa.Connection, row: Any, before: Preflight | None) -> StudyRecord:
    """One study, from its row and what was known before the night."""
    mark = t.problems.c.fingerprint == row.fingerprint
    problem = json.loads(c.execute(sa.select(t.problems.c.body).where(mark)).scalar_one())
    written = sa.select(t.criteria).where(t.criteria.c.study == row.id).order_by(t.criteria.c.id)
    body = json.loads(row.body)
    facts = MethodFacts.load(json.loads(row.facts))
    name = f"study {row.name!r}"
    read_word(Question, problem["kind"], name, facts.by)
    inner = (
        sa.select(t.members, t.trials.c.kind, t.trials.c.role, t.trials.c.outcome)
        .join(t.trials, t.trials.c.key == t.members.c.trial)
        .where((t.members.c.study == row.id) & t.trials.c.outcome.is_not(None))
        .order_by(t.members.c.round, t.members.c.position)
    )
    trials: list[TrialRecord] = []
    # A trial asked for twice (from a basin and from a neighbour with the same end) is one fit,
    # and must not pass for two that agree.
    seen: dict[str, Outcome] = {}
    for m in c.execute(inner):
        again = m.trial in seen
        if not again:
            seen[m.trial] = Outcome.load(json.loads(m.outcome))
        role = read_word(Role, m.role, f"a trial of {name}", facts.by)
        why = read_word(Why, m.why, f"a trial of {name}", facts.by)
        origin = Origin(why, None if m.which is None else json.loads(m.which))
        point: dict[str, float] = json.loads(m.point)
        trials.append(
            TrialRecord(
                m.trial,
                Kind(m.kind, role),
                origin,
                tuple(point),
                tuple(point.values()),
                m.grid,
                seen[m.trial],
                again,
            )
        )
    of_study = t.members.c.study == row.id
    mine = sa.select(t.members.c.trial).where(of_study).distinct()
    spent = sa.select(sa.func.sum(t.attempts.c.seconds)).where(t.attempts.c.trial.in_(mine))
    a = t.attempts.c
    batches = (
        sa.select(
            a.started, sa.func.avg(a.seconds), a.load, a.memory_mib, sa.func.min(t.trials.c.kind)
        )
        .join(t.trials, t.trials.c.key == a.trial)
        .where(a.trial.in_(mine) & a.seconds.is_not(None))
        .group_by(a.run, a.started, a.load, a.memory_mib)
        .order_by(a.started)
    )
    return StudyRecord(
        name=row.name,
        follows=row.follows,
        state=read_word(StudyState, row.state, name),
        error=row.error,
        fingerprint=row.fingerprint,
        problem=problem,
        settings=body["settings"],
        method=body["method"],
        facts=facts,
        counted=body["counted"],
        seed=body["seed"],
        criteria=tuple(
            CriteriaRecord(w.written, tuple(json.loads(w.body))) for w in c.execute(written)
        ),
        trials=tuple(trials),
        seconds=float(c.execute(spent).scalar() or 0.0),
        batches=tuple(BatchRecord(*row) for row in c.execute(batches)),
        note=row.note,
        before=None if before is None else before.of(row.name),
    )
