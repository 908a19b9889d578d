"""Who carries a study out: this process, workers of its own, or a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daybreak.errors import PlanError
from daybreak.plan import Study
from daybreak.problem.outcomes import canonical
from daybreak.runner.executors import AbstractExecutor, InProcess
from daybreak.runner.workers import Workers

_SLOW = 0.5
"""Seconds per trial from which several processes are worth their start.

A choice: starting a worker takes some seconds.  Measured: with trials of half a second two finish
1.9 times as fast as one (docs/reliability.md).
"""


@dataclass(frozen=True)
class Means:
    """How trials are carried out.

    Parameters
    ----------
    workers : int, optional
        Processes on this machine; by default as many as help, and none where trials are quick or
        share compiled calls.
    dask : str, optional
        A Dask cluster: ``tcp://host:port``, ``local:4``, or a configuration of dask-jobqueue such
        as ``slurm:8``.

    Raises
    ------
    PlanError
        When both are asked for, or fewer than one worker.
    """

    workers: int | None = None
    dask: str | None = None

    def __post_init__(self) -> None:
        """One of them, and at least one worker."""
        if self.workers is not None and self.dask is not None:
            msg = "give --workers for this machine or --dask for a cluster, not both."
            raise PlanError(msg)
        if self.workers is not None and self.workers < 1:
            msg = f"`workers >= 1` must hold, but got (workers={self.workers})."
            raise PlanError(msg)


class Crew:
    """Executors, made when a study first needs them and kept for the next.

    Parameters
    ----------
    means : Means
    check : callable
        Called by work in this process; may raise to abandon it.
    say : callable
        Told what the user should know.
    """

    def __init__(
        self, means: Means, check: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        self.means, self._say = means, say
        self._check = check
        self._made: dict[str, AbstractExecutor] = {}

    def executor(self, study: Study, seconds: float) -> AbstractExecutor:
        """Who carries out a study whose trials take about `seconds` each."""
        needs = study.problem.resources
        if self.means.dask is not None:
            return self._kept("dask", self._cluster)
        slow = seconds >= _SLOW and study.problem.backend(study.all_settings) == "numpy"
        if self.means.workers or needs.isolated or slow:
            mark = canonical(needs.describe())
            return self._kept(mark, lambda: Workers(needs, self.means.workers))
        return self._kept("here", lambda: InProcess(self._check))

    def isolated(self, study: Study) -> AbstractExecutor:
        """A process of its own for a study that has brought this one down before."""
        needs = study.problem.resources
        mark = f"alone {canonical(needs.describe())}"
        return self._kept(mark, lambda: Workers(needs, 1))

    def _cluster(self) -> AbstractExecutor:
        from daybreak.runner.dask import DaskExecutor

        return DaskExecutor(str(self.means.dask), self._say)

    def _kept(self, mark: str, make: Callable[[], AbstractExecutor]) -> AbstractExecutor:
        if mark not in self._made:
            self._made[mark] = make()
        return self._made[mark]

    def close(self) -> None:
        """Send everybody home."""
        for one in self._made.values():
            one.close()
