"""Rounds that cost less than a transaction of their own: some of them share one.

Their trials are made in this process and told to the method at once. A tenth of a second later
they become durable together, and are counted only then: a kill loses that tenth, which the next
run makes again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from daybreak.ledger.claims import Round, Span, now
from daybreak.ledger.store import Ledger
from daybreak.problem.outcomes import Outcome
from daybreak.runner.work import Result

_SECONDS = 0.1
"""For which rounds are gathered.

A choice: so much a kill may lose (docs/reliability.md), and a hundred quick trials share it.
"""
_MOST = 500
"""Rounds in one transaction.  A choice: trials of no time at all would gather thousands."""


class Together:
    """Rounds of one study that wait for their common transaction.

    Parameters
    ----------
    ledger : Ledger
    study : str
    kept : callable
        Told the outcomes that have become durable, by key.
    """

    def __init__(
        self, ledger: Ledger, study: str, kept: Callable[[Mapping[str, Outcome]], None]
    ) -> None:
        self._ledger, self._study, self._kept = ledger, study, kept
        self._rounds: list[Round] = []
        self.made: dict[str, Outcome] = {}
        """Outcomes that are not durable yet."""
        self._results: list[Result] = []
        self._since, self._started = 0.0, ""

    def add(self, one: Round, made: Mapping[str, Outcome], results: list[Result]) -> None:
        """Take a round, with the outcomes that were made for it."""
        if not self._rounds:
            self._since, self._started = time.monotonic(), now()
        self._rounds.append(one)
        self.made |= made
        self._results += results
        if time.monotonic() - self._since > _SECONDS or len(self._rounds) >= _MOST:
            self.flush()

    def flush(self) -> None:
        """Make durable what waits, then count it."""
        rounds, made, results = self._rounds, self.made, self._results
        self._rounds, self.made, self._results = [], {}, []
        if made:
            seconds = sum(one.seconds for one in results) / len(made)
            memory = max(one.memory_mib for one in results)
            load = os.getloadavg()[0]
            span = Span(self._started, now(), seconds, load, memory, results[-1].where)
            self._ledger.write_made(self._study, rounds, made, span)
            self._kept(made)
        elif rounds:
            self._ledger.write_rounds(self._study, rounds)
