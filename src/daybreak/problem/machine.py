"""What this machine has to give: processors, memory, graphics processors."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import psutil

from daybreak.errors import WorkerError
from daybreak.problem.resources import GIB, Resources

_GROUP = Path("/sys/fs/cgroup")
"""Where Linux says what this container may use."""
_PATIENCE = 30.0
"""Seconds in which the driver's tool must answer.

A choice: it takes a second or two after the machine has started, and hangs where the driver does.
"""
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NPROC",
)
"""Read by numerical libraries when they are loaded; the last by XLA."""


def cores() -> int:
    """Processors that this process may use, those of its container if it has fewer."""
    found = len(os.sched_getaffinity(0)) if _LINUX else os.cpu_count() or 1
    quota, _, period = _limit("cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        found = min(found, max(1, int(quota) // int(period)))
    return found


_LINUX = hasattr(os, "sched_getaffinity")


def memory_gib() -> float:
    """Memory of the machine, or of its container if that is less, in GiB."""
    total = psutil.virtual_memory().total
    limit = _limit("memory.max")
    return (min(total, int(limit)) if limit.isdecimal() else total) / GIB


def _limit(name: str) -> str:
    try:
        return (_GROUP / name).read_text().strip()
    except OSError:
        return ""


def devices() -> tuple[str, ...]:
    """Graphics processors that this process may use, as CUDA_VISIBLE_DEVICES names them.

    JAX is not asked: it would take hold of them.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = [name.strip() for name in visible.split(",")]
        # CUDA reads the list up to the first that is none: -1 hides all that follow.
        return tuple(itertools.takewhile(lambda name: name and name != "-1", names))
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        listed = subprocess.run(  # noqa: S603 - the driver's own tool
            [tool, "-L"], check=False, capture_output=True, text=True, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return tuple(str(number) for number in range(len(found)))


def slots_for(resources: Resources) -> int:
    """How many workers with these resources the machine can hold at once.

    Raises
    ------
    WorkerError
        When not even one fits.
    """
    counts = [max(1, cores() // resources.threads)]
    if resources.memory is not None:
        have = memory_gib()
        if have < resources.memory:
            msg = (
                f"a trial may use {resources.memory:g} GiB, but this machine has {have:.1f} GiB: "
                "declare less memory, or use a larger machine."
            )
            raise WorkerError(msg)
        counts.append(int(have // resources.memory))
    if resources.gpus:
        given = len(devices())
        if given < resources.gpus:
            msg = (
                f"a trial asks for {resources.gpus} graphics processors, but {given} can be seen "
                "here (CUDA_VISIBLE_DEVICES, else nvidia-smi -L): declare fewer."
            )
            raise WorkerError(msg)
        counts.append(given // resources.gpus)
    return min(counts)


def surroundings(resources: Resources, place: int) -> dict[str, str]:
    """Environment variables of the worker at one place: its threads and graphics processors."""
    threads = dict.fromkeys(_THREADS, str(resources.threads))
    first = place * resources.gpus
    seen = devices()[first : first + resources.gpus]
    flags = os.environ.get("XLA_FLAGS", "")
    if resources.threads == 1:
        flags = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return {
        **threads,
        "CUDA_VISIBLE_DEVICES": ",".join(seen),
        "XLA_FLAGS": flags,
        # Sets and mappings of text are then walked in one order by every worker.
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"),
    }
