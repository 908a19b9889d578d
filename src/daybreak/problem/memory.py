"""What running out of memory looks like: in words of libraries, and in the system's counters."""

from __future__ import annotations

import re
from pathlib import Path

_SAID = re.compile(
    r"MemoryError|bad_alloc|RESOURCE_EXHAUSTED|[Oo]ut of memory|OUT_OF_MEMORY|[Cc]annot allocate"
)
"""Python and NumPy; C++; XLA; CUDA and PyTorch; the C library."""

_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))
"""Where Linux counts processes that it killed for memory: in this container, on the host."""


def ran_out(text: str) -> bool:
    """Whether an error's text says that memory ran out, on the host or on a device."""
    return _SAID.search(text) is not None


def oom_kills() -> int:
    """How many processes the operating system has killed for memory; 0 where it does not say."""
    return sum(_count(path) for path in _COUNTERS)


def _count(path: Path) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
