"""What a trial may use and needs, what it must not exceed, and how often it is tried again."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daybreak.errors import ProblemError, known
from daybreak.problem.stop_reasons import StopReason

GIB = 2.0**30
"""Bytes in a GiB."""

_RETRIED = (
    StopReason.CRASHED,
    StopReason.OUT_OF_MEMORY,
    StopReason.TIME_LIMIT,
    StopReason.RAISED,
)
"""What one number of retries covers; a prediction that is not finite will not be finite again."""
_NAMES = tuple(reason.name.lower() for reason in (*_RETRIED, StopReason.NONFINITE))


@dataclass(frozen=True)
class Resources:
    """What each trial of a problem may use and needs; part of no trial's identity.

    What it needs and this machine lacks stops a campaign before its first trial. Any limit, and
    any number of threads or graphics processors other than the default, has the trials made in
    worker processes, which can be killed and replaced.

    Parameters
    ----------
    time_limit : float, optional
        Seconds that one trial may take; time asleep (a closed laptop) is not counted.
    memory : float, optional
        GiB that one trial may occupy, programs that it starts included.
    threads : int
        Threads of one worker's numerical libraries; as many workers share the machine as fit.
    gpus : int
        Graphics processors that one worker sees; those of a declared 0 are hidden from it.
    retries : int, or mapping of text to int
        Further tries of a trial that failed. A number holds for ``crashed``, ``out_of_memory``,
        ``time_limit`` and ``raised``; a mapping gives one for each, and for ``nonfinite``.
    isolate : bool
        Ask for worker processes although nothing is limited: a crash then costs a trial, not
        the night.
    programs : sequence of text or path
        External programs that a trial starts, by the name that is looked up on PATH, or by path;
        that of a `daybreak.Program` needs no mention.
    files : sequence of paths
        Data that a trial reads, e.g. ``Manifest("data/manifest.json").files``.
    packages : sequence of text
        Modules that a trial imports.

    Raises
    ------
    ProblemError
        When a limit cannot mean anything.
    """

    time_limit: float | None = None
    memory: float | None = None
    threads: int = 1
    gpus: int = 0
    retries: int | Mapping[str, int] = 0
    isolate: bool = False
    programs: Sequence[str | Path] = ()
    files: Sequence[str | Path] = ()
    packages: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse limits that allow nothing and failures that have no name."""
        _check_limit("time_limit", self.time_limit, "seconds")
        _check_limit("memory", self.memory, "GiB")
        _check_whole("threads", self.threads, at_least=1)
        _check_whole("gpus", self.gpus, at_least=0)
        for name in ("programs", "files", "packages"):
            _check_several(name, getattr(self, name))
        # A trial may be made in another directory than the one it was declared in.
        object.__setattr__(self, "programs", tuple(map(absolute, self.programs)))
        object.__setattr__(self, "files", tuple(str(Path(one).absolute()) for one in self.files))
        object.__setattr__(self, "packages", tuple(self.packages))
        if not isinstance(self.retries, Mapping):
            _check_whole("retries", self.retries, at_least=0)
            return
        unknown = [name for name in self.retries if name not in _NAMES]
        if unknown:
            msg = f"`retries` names {known(unknown)}, but a trial fails as {known(_NAMES)}."
            raise ProblemError(msg)
        for name, count in self.retries.items():
            _check_whole(f"retries[{name!r}]", count, at_least=0)

    @property
    def isolated(self) -> bool:
        """Whether trials are made in worker processes."""
        limited = self.time_limit is not None or self.memory is not None
        return self.isolate or limited or self.gpus > 0 or self.threads != 1

    def retries_after(self, reason: StopReason) -> int:
        """How many further tries a trial has that failed for this reason."""
        if isinstance(self.retries, Mapping):
            return self.retries.get(reason.name.lower(), 0)
        return self.retries if reason in _RETRIED else 0

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data."""
        retries = dict(self.retries) if isinstance(self.retries, Mapping) else self.retries
        return {
            "time_limit": self.time_limit,
            "memory": self.memory,
            "threads": self.threads,
            "gpus": self.gpus,
            "retries": retries,
            "isolate": self.isolate,
            "programs": list(self.programs),
            "files": list(self.files),
            "packages": list(self.packages),
        }


def check_resources(given: Any) -> None:
    """Refuse anything but a `Resources`."""
    if not isinstance(given, Resources):
        msg = f"`resources` must be e.g. dk.Resources(time_limit=60), but got {given!r}."
        raise ProblemError(msg)


def absolute(program: str | Path) -> str:
    """A program as whoever starts it finds it; a name without a slash stays one for PATH."""
    name = os.fspath(program)
    return str(Path(name).absolute()) if "/" in name else name


def _check_several(name: str, value: Any) -> None:
    """Refuse one text where several are meant: its letters would be taken for them."""
    if isinstance(value, (str, Path)) or not isinstance(value, Sequence):
        msg = f"`{name}` must be a list, e.g. {name}=[{str(value)!r}], but got {value!r}."
        raise ProblemError(msg)
    given: Sequence[Any] = value
    wrong = [one for one in given if not isinstance(one, (str, Path)) or not os.fspath(one)]
    if wrong:
        msg = f"`{name}` must be a list of names, but it holds {wrong[0]!r}."
        raise ProblemError(msg)


def _check_limit(name: str, value: Any, unit: str) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None or (number and math.isfinite(value) and value > 0):
        return
    msg = f"`{name} > 0` must hold, in {unit}, but got ({name}={value!r}); None means no limit."
    raise ProblemError(msg)


def _check_whole(name: str, value: Any, at_least: int) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= at_least:
        return
    msg = f"`{name} >= {at_least}` must hold, as a whole number, but got ({name}={value!r})."
    raise ProblemError(msg)
