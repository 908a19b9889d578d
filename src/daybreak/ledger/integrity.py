"""Whether a ledger holds together: every key the hash of its trial, every result accounted for."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.engine import Store
from daybreak.ledger.states import AttemptState, TrialState

_MADE = (AttemptState.DONE, AttemptState.FAILED, AttemptState.LATE)
"""States of attempts that gave a result."""


def problems(store: Store) -> list[str]:
    """What is wrong with a ledger, one sentence each; empty when it is sound."""
    return [*_damage(store), *store.read(_contradictions)]


def _damage(store: Store) -> list[str]:
    """What SQLite itself says of the file."""
    if store.shared:
        return []
    rows = store.read(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalars().all())
    found = [str(row) for row in rows if row != "ok"]
    return [f"the file is damaged: {'; '.join(found[:3])}."] if found else []


def _contradictions(c: sa.Connection) -> list[str]:
    trials, attempts = t.trials.c, t.attempts.c
    strange = sum(
        hashlib.sha256(text.encode()).hexdigest() != key
        for key, text in c.execute(sa.select(trials.key, trials.configuration))
    )
    silent = trials.state.in_((TrialState.DONE, TrialState.FAILED)) & trials.outcome.is_(None)
    lost_members = t.members.c.trial.not_in(sa.select(trials.key))
    made = sa.select(attempts.trial).where(attempts.state.in_(_MADE))
    unmade = trials.outcome.is_not(None) & trials.key.not_in(made)
    dead = sa.select(t.runs.c.id).where(t.runs.c.ending.is_not(None))
    left = (attempts.state == AttemptState.RUNNING) & attempts.run.in_(dead)
    different = (attempts.state == AttemptState.LATE) & (attempts.outcome != trials.outcome)
    counts = {
        "trials have a key that is not the hash of their configuration": strange,
        "trials are done or failed without an outcome": _count(c, t.trials, silent),
        "places of studies name trials that are not there": _count(c, t.members, lost_members),
        "outcomes come from no attempt": _count(c, t.trials, unmade),
        "attempts of ended runs are still called running": _count(c, t.attempts, left),
        "late results differ from those that counted": _count(
            c, t.attempts.join(t.trials, trials.key == attempts.trial), different
        ),
    }
    return [f"{count} {what}." for what, count in counts.items() if count]


def _count(c: sa.Connection, table: sa.FromClause, where: sa.ColumnElement[bool]) -> int:
    return c.execute(sa.select(sa.func.count()).select_from(table).where(where)).scalar() or 0
