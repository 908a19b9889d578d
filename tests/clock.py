"""A clock that models move, so that what a budget allows does not hang on the machine."""

from __future__ import annotations

import pytest

from daybreak.preflight import clock


class Clock:
    """Stands in for the clock of a preflight: it shows what models say that they took.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(clock.WORK, "seconds", self)

    def __call__(self) -> float:
        """Look at it."""
        return self.now


class Machine:
    """Stands in for the clocks of a machine, which models move.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    busy : float
        Seconds that pass for each of processor time.
    tells : bool
        Whether the system says how long a thread was queued.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, busy: float = 1.0, *, tells: bool = True
    ) -> None:
        self.time = self.own = self.children = self.queued = 0.0
        self.busy = busy
        monkeypatch.setattr(clock, "read", lambda: (self.time, self.own, self.children))
        monkeypatch.setattr(clock, "queued", lambda: self.queued if tells else None)
        monkeypatch.setattr(clock.WORK, "seconds", clock.Work().seconds)

    def compute(self, seconds: float) -> None:
        """Compute for some seconds, queued for longer where the machine is busy."""
        self.own += seconds
        self.queued += (self.busy - 1.0) * seconds
        self.time += self.busy * seconds

    def call(self, seconds: float) -> None:
        """Have a program compute for some seconds."""
        self.children += seconds
        self.time += self.busy * seconds

    def wait(self, seconds: float) -> None:
        """Wait for something elsewhere."""
        self.time += seconds
