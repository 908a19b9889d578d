"""Every executor of ours keeps to the contract of executors."""

from __future__ import annotations

import daybreak as dk
from daybreak.runner.dask import DaskExecutor
from daybreak.runner.executors import InProcess
from daybreak.runner.workers import Workers
from daybreak.testing.contracts import ExecutorContract, SurvivorContract


class TestInProcess(ExecutorContract):
    """This process."""

    def make(self):
        """Nobody abandons anything."""
        return InProcess(lambda: None)


class TestWorkers(SurvivorContract):
    """Worker processes."""

    def make(self):
        """Two of them."""
        return Workers(dk.Resources(isolate=True), 2)


class TestDask(SurvivorContract):
    """A cluster of this machine."""

    def make(self):
        """One process."""
        return DaskExecutor("local:1")
