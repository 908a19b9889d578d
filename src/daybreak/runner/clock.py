"""A clock that stands still while the machine sleeps."""

from __future__ import annotations

import threading
import time

_MOST = 5.0
"""Seconds that one tick adds at most, unless the processor was busy meanwhile.

More than any pause between two looks (`carry`: 0.5 s), less than a nap of the machine.
"""


class AwakeClock:
    """Seconds awake since it was made; somebody must ask often, at least every few seconds.

    A longer gap means that this process did not run, because the lid was closed or it was
    stopped, unless it used the processor all the while: then it was busy in a call that lets
    nobody ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._last = time.monotonic(), time.process_time()

    def seconds(self) -> float:
        """Ask."""
        with self._lock:
            now = time.monotonic(), time.process_time()
            gap, busy = now[0] - self._last[0], now[1] - self._last[1]
            self._seconds += max(min(gap, _MOST), min(gap, busy))
            self._last = now
            return self._seconds
