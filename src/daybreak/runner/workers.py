"""One warm worker process per slot: a crash, a hang or want of memory costs a trial, no night."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from daybreak.errors import WorkerError
from daybreak.methods.method import Problem
from daybreak.problem.machine import slots_for, surroundings
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.resources import GIB, Resources
from daybreak.problem.stop_reasons import StopReason
from daybreak.runner.clock import AwakeClock
from daybreak.runner.executors import AbstractExecutor
from daybreak.runner.frames import Frames, send
from daybreak.runner.shipping import environment, fresh_path, pack
from daybreak.runner.work import Result, Unit, failed

_POLL = 0.1
"""Seconds between looks at time and memory.  A choice: a trial overruns its limit by no more."""
_GROWTH = GIB
"""Bytes by which a worker may grow between trials before it is replaced.

A choice: compiled programs and caches stay far below it, a leak does not.
"""
_KEPT = 64 * 1024
"""Characters that are kept of what a worker printed.

A choice: enough for what is said before a crash.
"""
_PATIENCE = 60.0
"""Seconds for a worker to start.

A choice: Python, JAX and a study file take a few seconds, many times that on a busy machine.
"""


@dataclass
class _Job:
    """A unit in a worker's hand; after a crash its trials are made one by one."""

    unit: Unit
    alone: bool = False
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    seconds: float = 0.0
    peak: float = 0.0
    recorded: bool = False

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is to be made next."""
        left = self.unit.tasks[len(self.outcomes) :]
        return left[:1] if self.alone else left

    @property
    def complete(self) -> bool:
        """Whether every trial has an outcome."""
        return len(self.outcomes) == len(self.unit.tasks)


class _Worker:
    """One process and the pipes to it."""

    def __init__(self, resources: Resources, place: int) -> None:
        self.resources = resources
        self.job: _Job | None = None
        self.clock: AwakeClock | None = None
        """Runs while a trial does."""
        self.name = ""
        self.fresh_memory = 0.0
        self._sent: dict[int, Problem] = {}
        self._frames = Frames()
        self._oom = _oom_kills()
        self.scratch = Path(tempfile.mkdtemp(prefix="daybreak-worker-"))
        commands, self.commands = os.pipe()
        self.results, results = os.pipe()
        life, self.life = os.pipe()
        theirs = (commands, results, life)
        with (self.scratch / "out").open("ab") as out, (self.scratch / "err").open("ab") as err:
            self.process = subprocess.Popen(  # noqa: S603 - this interpreter
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "daybreak.runner.worker",
                    *map(str, theirs),
                    str(self.scratch),
                ],
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**environment(), **surroundings(resources, place)},
            )
        for descriptor in theirs:
            os.close(descriptor)
        self._begun = time.monotonic()
        self._send("enter", list(sys.path), str(Path.cwd()))

    def _send(self, *message: object) -> None:
        with contextlib.suppress(BrokenPipeError):  # its end is seen at the next look
            send(self.commands, message)

    def start(self, job: _Job) -> None:
        """Hand over what is to be made next."""
        problem = job.unit.problem
        if id(problem) not in self._sent:
            data = pack(problem, "the problem", fresh_path())
            self._send("problem", id(problem), data)
            self._sent[id(problem)] = problem  # kept, so that its number stays its own
        record = None if job.alone else job.unit.record
        asked = (job.unit.number, dict(job.unit.settings), job.tasks, record, job.unit.home)
        self.job, self.clock = job, None
        self._send("work", id(problem), pack(asked, "the trials", fresh_path()))

    def look(self) -> bool:
        """Take what has come and look at the limits; whether the present tasks are through."""
        assert self.job is not None  # noqa: S101 - the caller asks busy workers only
        heard = [self._hear(message) for message in self._messages()]
        if any(heard):
            return True
        if self.process.poll() is not None:
            return self._fail(*self._cause())
        used = self._memory()
        self.job.peak = max(self.job.peak, used)
        limit = self.resources.memory
        if limit is not None and used > limit * GIB:
            told = f"it used {used / GIB:.2f} GiB, and {limit:g} GiB are allowed"
            return self._fail(StopReason.OUT_OF_MEMORY, told)
        spent, most = self.clock.seconds() if self.clock else 0.0, self.resources.time_limit
        if most is not None and spent > most:
            return self._fail(StopReason.TIME_LIMIT, f"it ran for over {most:g} s")
        if not self.name and time.monotonic() - self._begun > _PATIENCE:
            msg = f"a worker process did not start within {_PATIENCE:.0f} s: {self.said('err')}"
            raise WorkerError(msg)
        return False

    def _messages(self) -> list[tuple[Any, ...]]:
        ready, _, _ = select.select([self.results], [], [], 0.0)
        part = os.read(self.results, 1 << 20) if ready else b""
        return list(self._frames.feed(part))

    def _hear(self, message: tuple[Any, ...]) -> bool:
        """Whether a message ends the present tasks."""
        kind, rest = str(message[0]), list[Any](message[1:])
        job = self.job
        if kind == "ready":
            self.name = f"worker {rest[0]} on {rest[1]}"
            self.fresh_memory = self._memory()
        elif kind == "begun":
            self.clock = AwakeClock()
        elif kind == "unusable":
            raise WorkerError(str(rest[0]))
        elif job is not None:
            outcomes, seconds, told = rest
            job.outcomes += outcomes
            job.seconds += seconds
            job.recorded = told == "recorded"
            return True
        return False

    def _cause(self) -> tuple[StopReason, str]:
        status = self.process.returncode
        if status < 0:
            name = signal.Signals(-status).name
            if _oom_kills() > self._oom:
                return StopReason.OUT_OF_MEMORY, "the system killed its process for want of memory"
            return StopReason.CRASHED, f"its process was ended by {name}"
        return StopReason.CRASHED, f"its process left with exit status {status}"

    def _fail(self, reason: StopReason, message: str) -> bool:
        """Blame the trial, if it is known which one; the worker is of no use any more."""
        job = self.job
        if job is None:
            return True
        job.seconds += self.clock.seconds() if self.clock else 0.0
        self.kill()
        if len(job.tasks) > 1:
            job.alone = True
        else:
            job.outcomes.append(failed(job.unit.problem, next(iter(job.tasks)), reason, message))
        return True

    def _memory(self) -> float:
        """Bytes that the worker and everything it started occupy."""
        total = 0.0
        with contextlib.suppress(psutil.Error):
            for one in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += one.memory_info().rss
        return total

    @property
    def alive(self) -> bool:
        """Whether it can take work."""
        return self.process.poll() is None

    @property
    def grown(self) -> bool:
        """Whether it holds so much memory that a new one should take its place."""
        limit = self.resources.memory
        used = self._memory()
        # The next trial needs memory too; a worker at its limit would be killed with it.
        near = limit is not None and used > 0.9 * limit * GIB
        return near or used > self.fresh_memory + _GROWTH

    def said(self, stream: str) -> str:
        """The end of what was printed for the present tasks."""
        with contextlib.suppress(OSError):
            return (self.scratch / stream).read_bytes()[-_KEPT:].decode(errors="replace")
        return ""

    def kill(self) -> None:
        """End it and everything it started; what it printed stays until `close`."""
        if self.alive:
            with contextlib.suppress(psutil.Error):
                for one in psutil.Process(self.process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        one.kill()
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """End it and take its traces away."""
        self.kill()
        for descriptor in (self.commands, self.results, self.life):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for file in ("out", "err"):
            with contextlib.suppress(OSError):
                (self.scratch / file).unlink()
        with contextlib.suppress(OSError):
            self.scratch.rmdir()


class Workers(AbstractExecutor):
    """Worker processes on this machine.

    Parameters
    ----------
    resources : Resources
        What each may use; as many workers start as fit.
    count : int, optional
        How many at most.

    Raises
    ------
    WorkerError
        When none fits, or none starts.
    """

    def __init__(self, resources: Resources, count: int | None = None) -> None:
        self.resources = resources
        fit = slots_for(resources)
        self._slots = fit if count is None else count if not resources.gpus else min(count, fit)
        self._workers: list[_Worker | None] = [None] * self._slots
        self._done: list[Result] = []

    @property
    def capacity(self) -> int:
        """One unit for each worker."""
        return self._slots

    def submit(self, unit: Unit) -> None:
        """Give a unit to a worker that is free, starting one where there is none."""
        for place in range(self._slots):
            worker = self._workers[place]
            if worker is None or worker.job is None:
                self._fresh(place).start(_Job(unit))
                return
        msg = f"{self._slots} units are in hand, and that is all there is room for."
        raise WorkerError(msg)

    def _fresh(self, place: int) -> _Worker:
        """The worker at a place; a new one where the old one is dead or has grown."""
        worker = self._workers[place]
        if worker is not None and worker.alive and not worker.grown:
            return worker
        if worker is not None:
            worker.close()
        worker = self._workers[place] = _Worker(self.resources, place)
        return worker

    def completed(self, timeout: float) -> list[Result]:
        """Results that are there, after waiting at most `timeout` seconds for one."""
        until = time.monotonic() + timeout
        for _ in itertools.count():
            for place, worker in enumerate(self._workers):
                if worker is not None and worker.job is not None and worker.look():
                    self._through(place, worker)
            busy = [w for w in self._workers if w is not None and w.job is not None]
            left = until - time.monotonic()
            if self._done or not busy or left <= 0.0:
                break
            select.select([worker.results for worker in busy], [], [], min(_POLL, left))
        found, self._done = self._done, []
        return found

    def _through(self, place: int, worker: _Worker) -> None:
        """Give the rest of a unit out again, or keep its result."""
        job = worker.job
        assert job is not None  # noqa: S101 - it has just been through
        if not job.complete:
            worker.job = None
            self._fresh(place).start(job)
            return
        self._done.append(
            Result(
                job.unit.number,
                job.outcomes,
                job.seconds,
                job.peak / 2**20,
                worker.said("out"),
                worker.said("err"),
                worker.name,
                job.recorded,
            )
        )
        worker.job = None

    def cancel(self) -> None:
        """Abandon everything in hand, with the workers that hold it."""
        for place, worker in enumerate(self._workers):
            if worker is not None and worker.job is not None:
                worker.close()
                self._workers[place] = None
        self._done.clear()

    def close(self) -> None:
        """End all workers."""
        for place, worker in enumerate(self._workers):
            if worker is not None:
                worker.close()
                self._workers[place] = None


def _oom_kills() -> int:
    """How many processes the system has killed for want of memory; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
