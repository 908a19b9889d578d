"""The runs that a page shows: those of one folder, by name, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from daybreak.errors import DaybreakError
from daybreak.ledger.place import FILE, STORE
from daybreak.ledger.store import Ledger
from daybreak.live import Live, look

LOG = "night.log"
_KEPT = 5.0
"""Seconds for which a report of a living run is kept, at least."""


@dataclass
class Runs:
    """The runs below a folder, or the one that the folder is.

    Parameters
    ----------
    folder : Path
    """

    folder: Path
    _reports: dict[str, tuple[float, float, str]] = field(
        default_factory=dict[str, tuple[float, float, str]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def places(self) -> dict[str, Path]:
        """Where the runs are, by name."""
        if _is_run(self.folder):
            return {self.folder.resolve().name: self.folder}
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        return {path.name: path for path in sorted(there) if path.is_dir() and _is_run(path)}

    def all(self) -> list[tuple[str, Live | str]]:
        """Every run as it is now, living ones first; or why it cannot be read."""
        found: list[tuple[str, Live | str]] = []
        for name, path in self.places().items():
            try:
                found.append((name, look(path)))
            except DaybreakError as error:
                found.append((name, str(error)))
        return sorted(found, key=_rank)

    def ledger(self, name: str) -> Ledger:
        """The ledger of a run, to be closed by whoever asks."""
        return Ledger(self.places()[name])

    def report(self, name: str, render: Callable[[Path], str]) -> str:
        """The report as the ledger gives it; made again when it is older than it took to make."""
        with self._lock:  # one at a time: a report of a large campaign takes seconds
            at, took, text = self._reports.get(name, (0.0, 0.0, ""))
            begun = time.monotonic()
            if not text or begun - at > max(_KEPT, 20.0 * took):
                text = render(self.places()[name])
                self._reports[name] = (time.monotonic(), time.monotonic() - begun, text)
        return text

    def log(self, name: str, lines: int) -> str:
        """The end of the log."""
        try:
            with (self.places()[name] / LOG).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(file.tell() - 400 * lines, 0))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def _is_run(path: Path) -> bool:
    return (path / FILE).exists() or (path / STORE).exists()


def _rank(run: tuple[str, Live | str]) -> tuple[int, float, str]:
    """Living ones first, then the newest."""
    name, live = run
    if isinstance(live, str):
        return 2, 0.0, name
    begun = max((r.started for r in live.pulse.runs), default="")
    return (0 if live.running else 1), -_seconds(begun), name


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
