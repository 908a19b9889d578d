"""The clock of a preflight: it measures work, so that other processes do not make it run.

    work = processor time of this process and its children + waiting for something elsewhere

Processor time is that of all threads, compilation included, and of every child that has ended.  A
model that waits for a licence, a queue or another machine uses none, and time counts as it passes:

    waiting = time - own processor time - time queued for a processor - SLOWED * that of children

Queued is a thread that could run while others have the processor, so that a model that computes is
charged the same at any load (``run_delay`` of ``/proc/self/task/*/schedstat``; Linux,
Documentation/scheduler/sched-stats.rst).  Of a child that has ended nobody knows how long it was
queued, and of no process where the system does not tell: hence the factor.
"""

from __future__ import annotations

import resource
import time
from contextlib import suppress
from pathlib import Path

WINDOW = 1.0
"""Seconds that are judged at once; until they are over only processor time counts.

A choice: to ask how long every thread was queued takes a tenth of a millisecond or more.
"""
SLOWED = 10.0
"""How many times as long as its processor time a program that computes may take.

A choice: more compete for a processor on few machines.  Where they do, some of its time counts as
waiting, and one that waits is charged for less the more it computes.
"""


def read() -> tuple[float, float, float]:
    """Time, own processor time, and that of children, in seconds."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), time.process_time(), ended.ru_utime + ended.ru_stime


def queued() -> float | None:
    """Seconds for which threads of this process were queued; None where nobody tells."""
    told = [*Path("/proc/self/task").glob("*/schedstat")]
    total = 0.0
    for thread in told:
        with suppress(OSError):  # it may have ended meanwhile
            total += 1e-9 * float(thread.read_text(encoding="ascii").split()[1])
    return total if told else None


def unhindered() -> float:
    """Time but for what threads were queued: how long a model takes at any load."""
    return time.monotonic() - (queued() or 0.0)


class Work:
    """A clock that shows work, as in the text above; only differences mean anything."""

    def __init__(self) -> None:
        self._spent = 0.0
        """In all windows that are over."""
        self._began, self._queued = read(), queued()

    def seconds(self) -> float:
        """Look at it."""
        now = read()
        passed, own, children = (a - b for a, b in zip(now, self._began, strict=True))
        if passed < WINDOW:
            return self._spent + own + children
        self._spent += own + children + max(0.0, passed - self._busy(own, children))
        self._began = now
        return self._spent

    def _busy(self, own: float, children: float) -> float:
        """How much of a window that is over was no waiting."""
        before, self._queued = self._queued, queued()
        if before is None or self._queued is None:
            return SLOWED * (own + children)
        return own + max(0.0, self._queued - before) + SLOWED * children


WORK = Work()
"""That of this process."""
