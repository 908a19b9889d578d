"""Who carries units out: one small interface."""

from __future__ import annotations

import resource
import time
from abc import ABC, abstractmethod

from daybreak.runner.work import Checkpoint, Result, Unit, carry_out


class AbstractExecutor(ABC):
    """Takes units and gives back results, in any order."""

    @property
    @abstractmethod
    def capacity(self) -> int:
        """Units that may be in hand at once."""

    @abstractmethod
    def submit(self, unit: Unit) -> None:
        """Take a unit."""

    @abstractmethod
    def completed(self, timeout: float) -> list[Result]:
        """Results that are there, after waiting at most `timeout` seconds for one."""

    @abstractmethod
    def cancel(self) -> None:
        """Abandon everything in hand."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything."""


class InProcess(AbstractExecutor):
    """This process makes the trials, one unit at a time."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._units: list[Unit] = []

    @property
    def capacity(self) -> int:
        """One."""
        return 1

    def submit(self, unit: Unit) -> None:
        """Take a unit."""
        self._units.append(unit)

    def completed(self, timeout: float) -> list[Result]:
        """Make the unit; `checkpoint` may raise meanwhile."""
        if not self._units:
            return []
        unit, begun = self._units[0], time.monotonic()
        outcomes = carry_out(unit.problem, unit.settings, unit.tasks, self._checkpoint, unit.home)
        self._units.pop(0)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = time.monotonic() - begun
        return [Result(unit.number, outcomes, seconds, memory, "", "", "in process")]

    def cancel(self) -> None:
        """Abandon everything in hand."""
        self._units.clear()

    def close(self) -> None:
        """Nothing to let go of."""
