"""One line every thirty seconds while a trial is under way: that it lives, and what it does."""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

FILE = "heartbeat.log"
EVERY = 30.0
"""Seconds between lines."""
_DUE: dict[Path, float] = {}
"""When each file's next line is due, so that many short trials do not each begin anew."""


class Heartbeat:
    """Appends lines to a file from a thread of its own, and is told what is going on.

    Parameters
    ----------
    directory : Path
        Of a trial; the file lies in the run's directory where there is one.
    trial : str
        What to call the trial.
    every : float
        Seconds.

    Examples
    --------
    >>> from pathlib import Path
    >>> with Heartbeat(Path("."), "trial 3") as beat:
    ...     beat("minimum", 1e-3)
    """

    def __init__(self, directory: Path, trial: str, every: float = EVERY) -> None:
        """Prepare; nothing is written yet."""
        inside = directory.parent.name == "trials"
        self.file = (directory.parent.parent if inside else directory) / FILE
        self.trial = trial
        self.every = every
        self.phase, self.residual = "start", math.nan
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __call__(self, phase: str, residual: float = math.nan) -> None:
        """Say what is going on, and how far the force is from zero."""
        self.phase, self.residual = phase, residual

    def __enter__(self) -> Self:
        """Begin to beat."""
        _DUE.setdefault(self.file, time.monotonic() + self.every)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(max(0.0, _DUE[self.file] - time.monotonic())):
            _DUE[self.file] = time.monotonic() + self.every
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(f"{self.line()}\n")
                stream.flush()

    def line(self) -> str:
        """Time, trial, phase and residual."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        known = "" if math.isnan(self.residual) else f", residual {self.residual:.2e}"
        return f"{now} alive: {self.trial}, {self.phase}{known}"
