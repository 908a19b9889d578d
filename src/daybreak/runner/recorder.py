"""What a worker of a shared ledger does before it returns: it writes its results itself.

On a server the results are then durable although the process that asked for them may be gone. A
ledger in a file is written by its owner alone.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daybreak.ledger.claims import Span, now
from daybreak.ledger.liveness import owner
from daybreak.ledger.place import Server
from daybreak.ledger.store import Ledger
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason


@dataclass(frozen=True)
class Claimed:
    """Trials that one run has taken, and how their results are to be kept."""

    tokens: Mapping[str, int]
    """By key, in the order of the tasks."""
    started: str
    retried: Mapping[str, frozenset[StopReason]]
    """Reasons of failure after which a trial is tried once more, by key."""

    def made(self, outcomes: Sequence[Outcome]) -> list[tuple[str, Outcome]]:
        """Outcomes with their keys."""
        return list(zip(self.tokens, outcomes, strict=True))

    def again(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Failed trials that are to be tried once more."""
        return [key for key, o in self.made(outcomes) if o.reason in self.retried[key]]

    def span(self, seconds: float, memory_mib: float, place: str) -> Span:
        """When the trials ran, with the load of this machine at their end."""
        each = seconds / len(self.tokens)
        return Span(self.started, now(), each, os.getloadavg()[0], memory_mib, place)


@dataclass(frozen=True)
class Recorder:
    """Writes the results of one unit into the ledger on a server; can be sent to a worker."""

    server: Server
    place: str
    claimed: Claimed

    def __call__(self, _number: int, outcomes: Sequence[Outcome]) -> None:
        """Make the results durable."""
        mine = self.claimed
        since = datetime.now(UTC) - datetime.fromisoformat(mine.started)
        span = mine.span(since.total_seconds(), 0.0, owner())
        ledger = _ledger(self.server, self.place)
        ledger.record(mine.tokens, mine.made(outcomes), span, mine.again(outcomes))


@functools.cache
def _ledger(server: Server, place: str) -> Ledger:
    """The ledger, opened once for all units of this process."""
    return Ledger(Path(place), write=True, server=server)
