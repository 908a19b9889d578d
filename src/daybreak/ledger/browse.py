"""Trials by the page, and one with all that is known of it: for whoever looks closer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.ledger import schema as t
from daybreak.problem.ends import StopReason
from daybreak.problem.origins import Origin, Why

_SENTENCES = {one.name: one.value for one in StopReason}


@dataclass(frozen=True)
class TrialLine:
    """A trial in a list."""

    key: str
    study: str
    kind: str
    origin: str
    state: str
    seconds: float | None
    outcome: dict[str, Any]
    """Empty before it has ended."""


@dataclass(frozen=True)
class Attempt:
    """One try at a trial."""

    number: int
    owner: str
    started: str
    ended: str | None
    seconds: float | None
    state: str
    reason: str
    message: str


@dataclass(frozen=True)
class Attached:
    """What a trial attached."""

    name: str
    kind: str
    body: str


@dataclass(frozen=True)
class TrialDetail:
    """One trial."""

    key: str
    state: str
    studies: tuple[str, ...]
    configuration: dict[str, Any]
    """Everything that determines the outcome, code aside."""
    outcome: dict[str, Any]
    attempts: tuple[Attempt, ...]
    artifacts: tuple[Attached, ...]


def read_lines(
    c: sa.Connection, study: str | None, offset: int, limit: int
) -> tuple[int, list[TrialLine]]:
    """How many trials were asked for, and some of them, the newest first."""
    a = t.attempts.c
    members = _first_asked()
    m = members.c
    joined = members.join(t.studies, t.studies.c.id == m.study).join(
        t.trials, t.trials.c.key == m.trial
    )
    mine = t.studies.c.planned
    if study is not None:
        mine &= t.studies.c.name == study
    count = c.execute(sa.select(sa.func.count()).select_from(joined).where(mine)).scalar_one()
    newest = (a.trial == t.trials.c.key) & (a.token == t.trials.c.token)
    rows = (
        sa.select(
            t.trials.c.key,
            t.studies.c.name,
            t.trials.c.kind,
            m.why,
            m.which,
            t.trials.c.state,
            a.seconds,
            t.trials.c.outcome,
        )
        .select_from(joined.outerjoin(t.attempts, newest))
        .where(mine)
        .order_by(t.studies.c.position.desc(), m.round.desc(), m.position.desc())
        .offset(offset)
        .limit(limit)
    )
    found = [
        TrialLine(
            r.key, r.name, r.kind, _why(r), r.state, r.seconds, json.loads(r.outcome or "{}")
        )
        for r in c.execute(rows)
    ]
    return count, found


def _why(row: Any) -> str:
    """Why a trial was asked for, in words; a word of another Daybreak as it is."""
    which = None if row.which is None else json.loads(row.which)
    return str(Origin(Why(row.why), which)) if row.why in _WHYS else row.why


_WHYS = [why.value for why in Why]


def _first_asked() -> sa.Subquery:
    """Trials of studies, each once: a later round may ask for one again."""
    m = t.members.c
    rank = sa.func.row_number().over(
        partition_by=(m.study, m.trial), order_by=(m.round, m.position)
    )
    all_ = sa.select(t.members, rank.label("asked")).subquery()
    return sa.select(all_).where(all_.c.asked == 1).subquery()


def read_trial(c: sa.Connection, key: str) -> TrialDetail:
    """One trial with its attempts and what it attached.

    Raises
    ------
    LedgerError
        When there is none with this key.
    """
    row = c.execute(sa.select(t.trials).where(t.trials.c.key == key)).first()
    if row is None:
        msg = f"no trial has the key {key[:70]!r}; `daybreak export trials` lists them."
        raise LedgerError(msg)
    named = (
        sa.select(t.studies.c.name)
        .join(t.members, t.members.c.study == t.studies.c.id)
        .where(t.members.c.trial == key)
        .distinct()
    )
    a = t.attempts
    tried = sa.select(a, t.runs.c.owner).join(t.runs, t.runs.c.id == a.c.run)
    attempts = tuple(
        Attempt(
            r.token,
            r.place or r.owner,
            r.started,
            r.ended,
            r.seconds,
            r.state,
            _SENTENCES.get(r.reason or "", r.reason or ""),
            r.message or "",
        )
        for r in c.execute(tried.where(a.c.trial == key).order_by(a.c.token))
    )
    attached = sa.select(t.artifacts).where(t.artifacts.c.trial == key)
    return TrialDetail(
        key,
        row.state,
        tuple(c.execute(named).scalars()),
        json.loads(row.configuration),
        json.loads(row.outcome or "{}"),
        attempts,
        tuple(
            Attached(r.name, r.kind, r.body)
            for r in c.execute(attached.order_by(t.artifacts.c.id))
        ),
    )
