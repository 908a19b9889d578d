"""What a trial may use, what it must not exceed, and how often it is tried again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
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
    """What each trial of a problem may use; part of no trial's identity.

    Any limit, and any number of threads or graphics processors other than the default, has the
    trials made in worker processes, which can be killed and replaced.

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

    def __post_init__(self) -> None:
        """Refuse limits that allow nothing and failures that have no name."""
        _check_limit("time_limit", self.time_limit, "seconds")
        _check_limit("memory", self.memory, "GiB")
        _check_whole("threads", self.threads, at_least=1)
        _check_whole("gpus", self.gpus, at_least=0)
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
        }


def check_resources(given: Any) -> None:
    """Refuse anything but a `Resources`."""
    if not isinstance(given, Resources):
        msg = f"`resources` must be e.g. dk.Resources(time_limit=60), but got {given!r}."
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
