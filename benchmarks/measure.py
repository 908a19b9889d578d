"""Seconds and tables: what every benchmark shares."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Headline:
    """A number that is kept, so that it cannot get worse unseen."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    """What it must stay below."""

    def __str__(self) -> str:
        """The value with its unit, and how it stands against the bar."""
        text = f"{self.value:.3g}{self.unit}"
        if self.bar is None:
            return text
        return (
            f"{text} ({'within' if self.value <= self.bar else 'ABOVE'} {self.bar:g}{self.unit})"
        )


def cpu_seconds(call: Callable[[], Any], repeats: int = 15) -> float:
    """Least processor time of a call in this process, all threads; s.

    Other work on the machine only ever adds to it.
    """
    taken: list[float] = []
    for _ in range(repeats):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return min(taken)


def command_seconds(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a command and its children; 5 is how hopeless ends."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=dict(env), check=False, capture_output=True)
    if done.returncode not in (0, 5):
        done.check_returncode()
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns that line up: the first to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    print(f"\n{title}")
    for row in (heads, *rows):
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]))
