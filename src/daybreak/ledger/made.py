"""How trials were made: everything that determined each of them, and the attempt that counts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.states import AttemptState


@dataclass(frozen=True)
class Made:
    """What the ledger knows of one trial beside its outcome."""

    configuration: dict[str, Any]
    """Everything that determined the outcome, code aside: settings, options, seed, and of a
    search the configuration that was evaluated."""
    started: str | None = None
    """UTC, ISO 8601; of quick trials when the batch began that they were made in."""
    ended: str | None = None
    seconds: float | None = None
    """Of this trial; the mean where several were made in one batch."""


def read_made(c: sa.Connection, studies: Iterable[str]) -> dict[str, Made]:
    """How the trials of some studies were made, by key."""
    a = t.attempts.c
    # Of a failed trial that was tried again the last attempt counts; an attempt that was late or
    # gave up its outcome for another try never did.
    ended = a.state.in_((AttemptState.DONE, AttemptState.FAILED))
    counted = (a.trial == t.trials.c.key) & ended & a.outcome.is_(None)
    asked = (
        sa.select(t.trials.c.key, t.trials.c.configuration, a.started, a.ended, a.seconds)
        .join(t.members, t.members.c.trial == t.trials.c.key)
        .join(t.studies, t.studies.c.id == t.members.c.study)
        .outerjoin(t.attempts, counted)
        .where(t.studies.c.name.in_(list(studies)) & t.trials.c.outcome.is_not(None))
        .order_by(a.token)
    )
    return {
        key: Made(json.loads(text), started, ended, seconds)
        for key, text, started, ended, seconds in c.execute(asked)
    }
