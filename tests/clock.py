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
        monkeypatch.setattr(clock, "seconds", self)

    def __call__(self) -> float:
        """Look at it."""
        return self.now


class Machine:
    """Stands in for the two clocks of a machine, which models move: its time, and their work.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    busy : float
        Seconds that pass for each of work.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, busy: float = 1.0) -> None:
        self.time = self.work = 0.0
        self.busy = busy
        monkeypatch.setattr(clock, "_now", lambda: (self.time, self.work))
        monkeypatch.setattr(clock, "seconds", clock.Work())

    def compute(self, seconds: float) -> None:
        """Work for some seconds, which take longer where the machine is busy."""
        self.work += seconds
        self.time += self.busy * seconds

    def wait(self, seconds: float) -> None:
        """Wait for something elsewhere."""
        self.time += seconds
