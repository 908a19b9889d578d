"""Who is alive: a run's beat, and what tells others that it has stopped.

No clock is compared with another machine's. A run counts its beats in the ledger; an onlooker
that sees the same count for the length of a lease, by its own steady clock, takes it for dead. On
the same host the process table says so at once.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from weakref import WeakSet

import psutil
import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.claims import now
from daybreak.ledger.endings import Ending
from daybreak.ledger.engine import Store

BEAT = 2.0
"""Seconds between beats.  A choice: a write each, and `status` is never older."""
LEASE = 60.0
"""Seconds without a beat after which a run on another host is taken for dead.

Thirty beats: a pause of the network or a busy machine is no death.
"""


@cache
def this_host() -> str:
    """This machine since it was started, and this space of process numbers, as one word."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8])
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return "/".join(parts)


def owner() -> str:
    """This process, as others see it."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@dataclass(frozen=True)
class Process:
    """A process that another with the same number cannot pass for."""

    host: str
    pid: int
    born: float
    """When it began, by a measure of its host that setting the clock does not move."""

    @classmethod
    def this(cls) -> Process:
        """The one that asks."""
        return cls(this_host(), os.getpid(), _born(os.getpid()))

    @property
    def gone(self) -> bool:
        """Whether it ran on this host and runs no more; False where that cannot be known."""
        if self.host != this_host():
            return False
        try:
            found = psutil.Process(self.pid)
            return _born(self.pid) != self.born or found.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


def _born(pid: int) -> float:
    """Start of a process: ticks since the machine started where the kernel tells them."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
        return float(after_name.split()[19])
    except (OSError, IndexError):
        return psutil.Process(pid).create_time()


class Onlooker:
    """Watches other runs and says which are dead.

    Parameters
    ----------
    lease : float
        Seconds of silence, by this process's steady clock.
    """

    def __init__(self, lease: float) -> None:
        self.lease = lease
        self._seen: dict[int, tuple[int, float]] = {}

    def dead(self, c: sa.Connection, mine: int | None) -> list[int]:
        """Runs that have not ended and do not live, by number."""
        found: list[int] = []
        for row in c.execute(sa.select(t.runs).where(t.runs.c.ending.is_(None))):
            if row.id == mine:
                continue
            beat, since = self._seen.get(row.id, (None, 0.0))
            if beat != row.beat:
                since = time.monotonic()
                self._seen[row.id] = (row.beat, since)
            silent = time.monotonic() - since > self.lease
            if silent or Process(row.host, row.pid, row.born).gone:
                found.append(row.id)
        return found


HEARTS: WeakSet[Heart] = WeakSet()
"""Of the runs of this process."""


class Heart:
    """Beats for a run, in a thread of its own, so that a long trial does not stop it.

    Parameters
    ----------
    store : Store
    run : int
    returned : callable
        Told when others had taken this run for dead: its trials may be made by them.
    """

    def __init__(self, store: Store, run: int, returned: Callable[[], None]) -> None:
        self.store, self.run, self.returned = store, run, returned
        HEARTS.add(self)
        self.stop = ""
        """Why somebody asked the run to stop; empty until then."""
        self._quiet = threading.Event()
        self._thread = threading.Thread(target=self._go, name="daybreak-heart", daemon=True)
        self._thread.start()

    def _go(self) -> None:
        while not self._quiet.wait(BEAT):
            # A store that cannot be written is told by the next result, not by a beat.
            with suppress(Exception):
                if self.store.write(self.beat):
                    self.returned()

    def beat(self, c: sa.Connection) -> bool:
        """Show that the run lives; whether others had taken it for dead."""
        mine = t.runs.c.id == self.run
        row = c.execute(sa.select(t.runs.c.ending, t.runs.c.stop).where(mine)).one()
        if row.ending not in (None, Ending.LOST):
            return False  # a beat that was late: the run has ended by itself
        values = {"beat": t.runs.c.beat + 1, "seen": now(), "ended": None, "ending": None}
        c.execute(t.runs.update().where(mine).values(values))
        self.stop = row.stop or ""
        return row.ending is not None

    def close(self) -> None:
        """Stop beating."""
        self._quiet.set()
        self._thread.join(timeout=5.0)
