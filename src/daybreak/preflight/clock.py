"""The clock of a preflight: it measures work, so that other processes do not make it run.

It counts the processor time of this process, all threads and compilation included, and of the
children that it has waited for.  A model that waits for something elsewhere, such as a licence, a
queue or another machine, uses none; of a window in which less than `WAITING` of one processor was
used, the whole length counts in its place.
"""

from __future__ import annotations

import resource
import time

WINDOW = 1.0
"""Seconds that are judged at once.

A choice: far longer than the turns in which processes share a processor, so that one that has to
wait for its turn is not taken for one that waits for something else.
"""
WAITING = 0.05
"""Share of one processor below which a window was waiting.

What computes gets less only where more than twenty compete for every processor; what sleeps a
second, or starts a program that does, uses some thousandths to hundredths.
"""


def _now() -> tuple[float, float]:
    """Time, and processor time of this process and its children, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), time.process_time() + children.ru_utime + children.ru_stime


class Work:
    """Seconds of work, as in the text above; called, it says how many there were so far."""

    def __init__(self) -> None:
        self._spent = 0.0
        """In all windows that are over."""
        self._began = _now()

    def __call__(self) -> float:
        """Look at it."""
        now = _now()
        passed, used = (a - b for a, b in zip(now, self._began, strict=True))
        if passed < WINDOW:
            return self._spent + used
        self._spent += passed if used < WAITING * passed else used
        self._began = now
        return self._spent


seconds = Work()
"""The clock of this process; only differences mean anything."""
