"""What a worker of a shared ledger does before it returns: it writes its results itself.

On a server the results are then durable although the process that asked for them may be gone. A
ledger in a file is written by its owner alone.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from daybreak.ledger.claims import Span, now
from daybreak.ledger.place import Server
from daybreak.ledger.store import Ledger
from daybreak.problem.ends import StopReason
from daybreak.problem.outcomes import Outcome
from daybreak.runner.work import Result


@dataclass(frozen=True)
class Claimed:
    """Trials that one run has taken, and how their results are to be kept."""

    tokens: Mapping[str, int]
    """By key, in the order of the tasks."""
    started: str
    retried: Mapping[str, frozenset[StopReason]]
    """Reasons of failure after which a trial is tried once more, by key."""

    def made(self, result: Result) -> list[tuple[str, Outcome]]:
        """Outcomes with their keys."""
        return list(zip(self.tokens, result.outcomes, strict=True))

    def again(self, result: Result) -> list[str]:
        """Failed trials that are to be tried once more."""
        return [key for key, outcome in self.made(result) if outcome.reason in self.retried[key]]

    def span(self, result: Result) -> Span:
        """When the trials ran, with the load of this machine at their end."""
        return Span(
            self.started, now(), result.seconds / len(self.tokens), os.getloadavg()[0],
            result.memory_mib, result.where,
        )  # fmt: skip


@dataclass(frozen=True)
class Recorder:
    """Writes the results of one unit into the ledger on a server; can be sent to a worker."""

    server: Server
    place: str
    claimed: Claimed

    def __call__(self, result: Result) -> None:
        """Make the results durable."""
        mine = self.claimed
        _ledger(self.server, self.place).record(
            mine.tokens, mine.made(result), mine.span(result), mine.again(result)
        )


@functools.cache
def _ledger(server: Server, place: str) -> Ledger:
    """The ledger, opened once for all units of this process."""
    return Ledger(Path(place), write=True, server=server)
