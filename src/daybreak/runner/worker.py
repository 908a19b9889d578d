"""A worker process: makes trials until it is told to stop, and leaves nothing behind.

It is two processes. The first, the guardian, does nothing but wait: for the worker's end, which it
passes on as its own, or for the parent's, which it learns of because a pipe is closed. Then it
kills the worker and everything that the worker started, whatever state they are in.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

_PDEATHSIG = 1
"""Linux, prctl(2): the signal to get when the parent dies."""


def main(commands: int, results: int, life: int, scratch: str) -> None:
    """Split in two; `life` is at its end when the parent is gone."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        # The parent decides when a worker ends, and hears of a SIGTERM to all by itself. A
        # handler, unlike ignoring, is not inherited by the programs of a model.
        signal.signal(number, _hear)
    child = os.fork()
    if child:
        for descriptor in (commands, results):
            os.close(descriptor)
        _guard(child, wake, life, scratch)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setpgid(0, 0)
    for descriptor in (life, wake, waker):
        os.close(descriptor)
    _die_with_guardian()
    _serve(commands, results)


def _hear(_number: int, _frame: Any) -> None:
    """Do nothing: the descriptor is written to."""


def _guard(child: int, wake: int, life: int, scratch: str) -> NoReturn:
    with contextlib.suppress(OSError):
        os.setpgid(child, child)  # whichever of the two is first
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        ready, _, _ = select.select([life, wake], [], [])
        if life in ready:
            _kill_group(child)
            os.waitpid(child, 0)
            shutil.rmtree(scratch, ignore_errors=True)
            os._exit(0)
        os.read(wake, 64)
    _kill_group(child)  # programs that it left behind
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler
            signal.signal(number, signal.SIG_DFL)
        _no_core()
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _no_core() -> None:
    """A night of crashes must not fill the disk with memory images."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _die_with_guardian() -> None:
    """Should somebody kill the guardian; and be the one the system ends when memory is short."""
    _no_core()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("800")


def _serve(commands: int, results: int) -> None:
    """Answer messages until the parent closes its end."""
    import faulthandler
    import socket
    import traceback

    from daybreak.runner.clock import AwakeClock
    from daybreak.runner.frames import messages, send
    from daybreak.runner.shipping import unpack
    from daybreak.runner.work import carry_out

    faulthandler.enable()
    problems: dict[int, Any] = {}

    def load(key: int, data: bytes) -> None:
        try:
            problems[key] = unpack(data)
        except Exception as error:  # noqa: BLE001 - whatever a user's module raises
            traceback.print_exc()
            problems[key] = error

    def work(key: int, data: bytes) -> None:
        _empty_streams()
        problem = problems[key]
        if isinstance(problem, Exception):
            message = f"the worker cannot load the problem, {type(problem).__name__}: {problem}"
            send(results, ("unusable", message))
            return
        number, settings, tasks, record, home = unpack(data)
        send(results, ("begun",))
        with _ticking(AwakeClock()) as clock, _precision():
            outcomes = carry_out(problem, settings, tasks, home=home)
            seconds = clock.seconds()
        told = "not asked"
        if record is not None:
            told = _recorded(record, number, outcomes)
        _flush_streams()
        send(results, ("done", outcomes, seconds, told))

    def enter(path: list[str], folder: str) -> None:
        os.chdir(folder)
        sys.path[:] = [*path, *(p for p in sys.path if p not in path)]

    answers: dict[str, Callable[..., None]] = {"enter": enter, "problem": load, "work": work}
    send(results, ("ready", os.getpid(), socket.gethostname()))
    for kind, *rest in messages(commands):
        answers[kind](*rest)


def _precision() -> contextlib.AbstractContextManager[None]:
    from daybreak.problem.precision import double_precision_import

    return double_precision_import()


def _recorded(record: Callable[..., None], number: int, outcomes: list[Any]) -> str:
    """Record and say so, or why it failed."""
    try:
        record(number, outcomes)
    except Exception as error:  # noqa: BLE001 - a store can fail in many ways
        import traceback

        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return "recorded"


@contextlib.contextmanager
def _ticking(clock: Any) -> Any:
    """Have somebody ask the clock every second."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(1.0):
            clock.seconds()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield clock
    finally:
        over.set()


def _empty_streams() -> None:
    """What is said from now on belongs to the next trials."""
    _flush_streams()
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


if __name__ == "__main__":
    status = 0
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    except SystemExit as end:  # a model that leaves, and must not wait for its threads
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        _flush_streams()
    os._exit(status)
