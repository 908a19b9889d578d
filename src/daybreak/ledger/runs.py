"""Runs: the processes that worked on a campaign, and what they were made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerBusyError, LedgerError
from daybreak.ledger import schema as t
from daybreak.ledger.claims import now, reclaim
from daybreak.ledger.endings import Ending
from daybreak.ledger.engine import insert_missing
from daybreak.ledger.liveness import HEARTS, Process, owner, this_host
from daybreak.problem.outcomes import canonical


def begin(
    c: sa.Connection, plan: str, provenance: Mapping[str, Any], texts: Mapping[str, str]
) -> int:
    """Note that this process has begun, and keep the sources it was made of.

    Raises
    ------
    LedgerBusyError
        When another run works on a different plan of the same campaign.
    """
    others = sa.select(t.runs.c.owner, t.runs.c.plan).where(t.runs.c.ending.is_(None))
    for name, theirs in c.execute(others):
        if theirs != plan:
            msg = (
                f"{name} is working on another version of this campaign; wait for it, or end it "
                "with `daybreak stop`, then run the same command again."
            )
            raise LedgerBusyError(msg)
    insert_missing(c, t.sources, [{"sha256": sha, "body": body} for sha, body in texts.items()])
    values = {
        **vars(Process.this()),
        "started": now(),
        "owner": owner(),
        "beat": 0,
        "seen": now(),
        "plan": plan,
        "provenance": canonical(provenance),
    }
    row = c.execute(t.runs.insert().values(values).returning(t.runs.c.id))
    return int(row.scalar_one())


def end(c: sa.Connection, run: int, ending: Ending, why: str) -> None:
    """Note how a run ended, and free what it still had in hand."""
    reclaim(c, [run])
    values = {"ended": now(), "ending": ending, "why": why}
    c.execute(t.runs.update().where(t.runs.c.id == run).values(values))


def end_all(ending: Ending, why: str) -> None:
    """Note that the runs of this process end, from a thread, as its main one is not to be had."""
    for heart in list(HEARTS):
        with suppress(LedgerError):  # then the next run finds it lost
            heart.store.write(partial(end, run=heart.run, ending=ending, why=why))


def processes_here(c: sa.Connection) -> list[int]:
    """Processes of this host that have not ended their run."""
    going = c.execute(sa.select(t.runs).where(t.runs.c.ending.is_(None))).all()
    known = [Process(row.host, row.pid, row.born) for row in going]
    return [one.pid for one in known if one.host == this_host() and not one.gone]


def bury(c: sa.Connection, dead: Sequence[int]) -> int:
    """Close dead runs in one transaction; returns how many trials are free again."""
    if not dead:
        return 0
    freed = reclaim(c, dead)
    c.execute(t.runs.update().where(t.runs.c.id.in_(dead)).values(ended=None, ending=Ending.LOST))
    return freed


def living(c: sa.Connection, lease: float) -> list[str]:
    """Runs on a server that seem to live: not ended, not gone, and heard of within a lease."""
    found: list[str] = []
    for row in c.execute(sa.select(t.runs).where(t.runs.c.ending.is_(None))):
        silent = datetime.now(UTC) - datetime.fromisoformat(row.seen)
        if silent.total_seconds() < lease and not Process(row.host, row.pid, row.born).gone:
            found.append(f"{row.owner} since {row.started}")
    return found


def ask_to_stop(c: sa.Connection, why: str) -> int:
    """Ask every run that has not ended to stop; returns how many were asked."""
    going = t.runs.c.ending.is_(None)
    return c.execute(t.runs.update().where(going).values(stop=why)).rowcount
