"""The runs that a page shows: those of one folder, by name, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from daybreak import runs
from daybreak.errors import DaybreakError, LedgerError, known
from daybreak.ledger.browse import TrialDetail, TrialLine
from daybreak.ledger.store import Ledger
from daybreak.live import Live, look
from daybreak.night import LOG, open_
from daybreak.report.html import render

T = TypeVar("T")

_THRIFT = 20.0
"""What takes a second to make is made again after twenty, however many look."""
_LINE = 400
"""Bytes that a line of the log may have, on average."""


@dataclass
class Runs:
    """The runs below a folder, or the one that the folder is.

    Parameters
    ----------
    folder : Path
    every : float
        Seconds for which a look is kept, at least; all who look share it.
    """

    folder: Path
    every: float = 2.0
    _kept: dict[tuple[str, str], _Kept] = field(default_factory=dict[tuple[str, str], "_Kept"])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def places(self) -> dict[str, Path]:
        """Where the runs are, by name."""
        if runs.is_run(self.folder):
            return {self.folder.resolve().name: self.folder}
        return runs.places(self.folder)

    def place(self, name: str) -> Path:
        """Where a run is; LedgerError where there is none of this name."""
        places = self.places()
        if name not in places:
            msg = f"no run is called {name[:70]!r}; there are {known(places)}."
            raise LedgerError(msg)
        return places[name]

    def all(self) -> list[tuple[str, Live | str]]:
        """Every run as it is now, living ones first; or why it cannot be read."""
        found: list[tuple[str, Live | str]] = []
        for name in self.places():
            try:
                found.append((name, self.look(name)))
            except DaybreakError as error:
                found.append((name, str(error)))
        return sorted(found, key=_rank)

    def look(self, name: str) -> Live:
        """A run as it is now, or was a moment ago."""
        return self._made("look", name, self.every, look)

    def report(self, name: str) -> str:
        """The report as the ledger gives it."""
        return self._made("report", name, 5.0, lambda place: render(open_(place).summary))

    def lines(
        self, name: str, study: str | None, offset: int, limit: int
    ) -> tuple[int, list[TrialLine]]:
        """Number of trials and a page of them, newest first."""
        return self._ask(name, lambda ledger: ledger.lines(study, offset, limit))

    def trial(self, name: str, key: str) -> TrialDetail:
        """One trial with everything that is known of it."""
        return self._ask(name, lambda ledger: ledger.trial(key))

    def log(self, name: str, lines: int) -> str:
        """The end of the log; empty where there is none."""
        try:
            with (self.place(name) / LOG).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(file.tell() - _LINE * lines, 0))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _ask(self, name: str, question: Callable[[Ledger], T]) -> T:
        ledger = Ledger(self.place(name))
        try:
            return question(ledger)
        finally:
            ledger.close()

    def _made(self, what: str, name: str, seconds: float, make: Callable[[Path], T]) -> T:
        """Make something of a run, or give what was made a moment ago."""
        place = self.place(name)
        with self._lock:
            kept = self._kept.setdefault((what, name), _Kept())
        with kept.lock:  # whoever comes while it is made waits for it
            begun = time.monotonic()
            if kept.value is None or begun - kept.at > max(seconds, _THRIFT * kept.took):
                kept.value = make(place)
                kept.at = time.monotonic()
                kept.took = kept.at - begun
            return kept.value


@dataclass
class _Kept:
    """What was made, when, and how long it took."""

    value: Any = None
    at: float = 0.0
    took: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def _rank(run: tuple[str, Live | str]) -> tuple[int, float, str]:
    """Living ones first, then the newest."""
    name, live = run
    if isinstance(live, str):
        return 2, 0.0, name
    begun = max((r.started for r in live.pulse.runs), default="")
    return (0 if live.running else 1), -_seconds(begun), name


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
