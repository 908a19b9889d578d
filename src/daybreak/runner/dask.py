"""A Dask cluster: started here, running somewhere, or a batch system's through dask-jobqueue.

Dask only carries units to its workers and results back. It tries nothing again by itself; a unit
whose worker went away is lost, and the night claims its trials anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from daybreak.errors import PlanError, WorkerError
from daybreak.problem.outcomes import canonical
from daybreak.problem.precision import double_precision_import
from daybreak.runner.executors import AbstractExecutor
from daybreak.runner.shipping import fresh_path, pack, unpack
from daybreak.runner.work import Result, Unit, carry_out
from daybreak.runner.workers import Workers

_AHEAD = 2
"""Units in hand for each thread of the cluster, so that none waits for the post."""
_ANSWER = 20.0
"""Seconds for a scheduler to answer.  A choice: one that lives answers in a second."""
_PATIENCE = 120.0
"""Seconds for a worker to appear on this machine.

A choice: Python and JAX take a few seconds to start, many times that on a busy machine.
"""
_ALONE = 15.0
"""Seconds without a worker after which it is said.

A choice: a batch system's queue is no fault, and whoever looks should know.
"""


class DaskExecutor(AbstractExecutor):
    """Makes units on a Dask cluster.

    Parameters
    ----------
    address : str
        ``tcp://host:port`` of a scheduler; ``local:4`` for four processes here; or a section of
        dask-jobqueue's configuration with the number of jobs, such as ``slurm:8``.
    say : callable
        Told in a sentence when there is nobody to make trials, as a queue may be long.

    Raises
    ------
    WorkerError
        When Dask is not installed, or the cluster cannot be reached.
    PlanError
        When the address cannot be read.
    """

    def __init__(self, address: str, say: Callable[[str], None] = lambda _: None) -> None:
        try:
            import distributed
        except ModuleNotFoundError as error:
            msg = "`--dask` needs Dask: install it with `pip install 'daybreak[dask]'`."
            raise WorkerError(msg) from error
        self._cluster: Any = None
        try:
            self._cluster = _cluster(address)
            target = address if self._cluster is None else self._cluster
            self._client: Any = distributed.Client(target, timeout=_ANSWER, set_as_default=False)
            if address.startswith("local:"):
                self._client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError, ImportError, RuntimeError) as error:
            self._shut(self._cluster)
            msg = f"the Dask cluster {address!r} cannot be used ({error}); see that it runs."
            raise WorkerError(msg) from error
        self._address, self._say = address, say
        self._alone = time.monotonic()
        """Since when there is no worker."""
        self._said = False
        self._patience = _PATIENCE
        self._problems: dict[int, tuple[Any, bytes]] = {}
        self._futures: dict[Any, int] = {}

    @property
    def capacity(self) -> int:
        """Two units for each thread of the cluster as it is now, and at least one."""
        return max(1, _AHEAD * self._threads())

    def _threads(self) -> int:
        workers = self._client.scheduler_info(-1)["workers"].values()
        return sum(worker["nthreads"] for worker in workers)

    def _look_for_workers(self) -> None:
        """Say it once when there has been no worker for a while, and start ours anew.

        A worker of this machine that is killed while it starts is not started again by Dask.
        """
        alone = time.monotonic() - self._alone
        if self._threads():
            self._alone, self._said = time.monotonic(), False
            return
        if alone > _ALONE and not self._said:
            self._said = True
            self._say(f"no worker of the Dask cluster {self._address!r} is there; trials wait.")
        kind, _, count = self._address.partition(":")
        if alone > self._patience and kind == "local":
            self._alone = time.monotonic()
            self._patience *= 2.0  # a machine that busy needs longer to start one
            self._cluster.scale(0)
            self._cluster.scale(int(count))

    def submit(self, unit: Unit) -> None:
        """Send a unit off."""
        if id(unit.problem) not in self._problems:
            data = pack(unit.problem, "the problem", fresh_path())
            self._problems[id(unit.problem)] = (unit.problem, data)
        problem = self._problems[id(unit.problem)][1]
        asked = (
            unit.number,
            dict(unit.settings),
            unit.tasks,
            unit.resources,
            unit.record,
            unit.home,
        )
        work = pack(asked, "the trials", fresh_path())
        future = self._client.submit(_make, problem, work, retries=0, pure=False)
        self._futures[future] = unit.number

    def completed(self, timeout: float) -> list[Result]:
        """Results that have come back; a unit whose worker went away comes back as lost."""
        import distributed

        if not self._futures:
            return []
        self._look_for_workers()
        with contextlib.suppress(TimeoutError), self._client.as_current():
            distributed.wait(list(self._futures), timeout=timeout, return_when="FIRST_COMPLETED")
        if self._client.status not in ("running", "connecting"):
            msg = (
                f"the scheduler of the Dask cluster {self._address!r} is gone; what was recorded "
                "is kept. Start it again, then run the same command."
            )
            raise WorkerError(msg)
        done = [future for future in self._futures if future.done()]
        return [_result(future, self._futures.pop(future), self._address) for future in done]

    def cancel(self) -> None:
        """Abandon everything in hand."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._futures), force=True)
        self._futures.clear()

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        self._shut(self._client)
        self._shut(self._cluster)

    @staticmethod
    def _shut(thing: Any) -> None:
        if thing is not None:
            with contextlib.suppress(Exception):
                thing.close()


def _cluster(address: str) -> Any:
    """A cluster of our own, or None where one runs already."""
    import dask.config as settings
    import distributed

    cluster: Any = distributed.LocalCluster
    settings.set({"distributed.scheduler.allowed-failures": 0})
    kind, _, count = address.partition(":")
    if "://" in address:
        return None
    if not count.isdigit() or int(count) < 1:
        msg = (
            "`--dask` takes a scheduler's address such as tcp://host:8786, a number of processes "
            f"here such as local:4, or of jobs such as slurm:8, but got {address!r}."
        )
        raise PlanError(msg)
    if kind == "local":
        return cluster(
            n_workers=int(count),
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
        )
    import dask_jobqueue

    known = {
        name.removesuffix("Cluster").lower(): name
        for name in dir(dask_jobqueue)
        if name.endswith("Cluster")
    }
    if kind not in known:
        msg = f"dask-jobqueue knows no {kind!r}; it knows {', '.join(sorted(known))}."
        raise PlanError(msg)
    jobs: Any = getattr(dask_jobqueue, known[kind])()
    jobs.scale(jobs=int(count))
    return jobs


def _make(problem: bytes, work: bytes) -> Result:
    """Carry a unit out; runs on a worker of the cluster."""
    made = _problem(problem)
    number, settings, tasks, resources, record, home = unpack(work)
    if resources.isolated:
        return _isolated(Unit(number, made, settings, tasks, resources, record, home))
    begun = time.monotonic()
    with double_precision_import():
        outcomes = carry_out(made, settings, tasks, home=home)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    where = f"Dask worker {os.getpid()} on {socket.gethostname()}"
    result = Result(number, outcomes, time.monotonic() - begun, memory, "", "", where)
    if record is not None:
        record(number, outcomes)
    return result


_LOADED: dict[bytes, Any] = {}
_PER_THREAD = threading.local()


def _problem(data: bytes) -> Any:
    """The problem, unpacked once for each worker, so that what it compiled is kept."""
    if data not in _LOADED:
        _LOADED[data] = unpack(data)
    return _LOADED[data]


def _isolated(unit: Unit) -> Result:
    """Carry a unit out in a process beside the cluster's worker, which can be killed."""
    kept: dict[str, Workers] = _PER_THREAD.__dict__.setdefault("kept", {})
    mark = canonical(unit.resources.describe())
    if mark not in kept:
        kept[mark] = Workers(unit.resources, 1)
    kept[mark].submit(unit)
    while True:
        for result in kept[mark].completed(1.0):
            return dataclasses.replace(result, where=f"Dask {result.where}")


def _result(future: Any, number: int, address: str) -> Result:
    """What came of a unit; one that its worker took along is lost."""
    from distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    error = future.exception() if future.status == "error" else None
    if error is None or isinstance(error, KilledWorker):
        return Result(number, [], 0.0, 0.0, "", "", "", lost=True)
    msg = (
        f"a worker of the Dask cluster {address!r} cannot carry trials out "
        f"({type(error).__name__}: {error}); see that it has the Python, Daybreak and modules of "
        "this process."
    )
    raise WorkerError(msg) from error
