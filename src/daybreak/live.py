"""A campaign as it is at this moment: how far, how fast, who works, and when it may end."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from daybreak.ledger.endings import Ending
from daybreak.ledger.liveness import Process
from daybreak.ledger.pulse import Pulse, RunPulse, StudyPulse
from daybreak.ledger.states import StudyState
from daybreak.ledger.store import Ledger

_FEW = 5
"""Gaps between results below which no finish is foretold.

A choice: the scatter that the forecast's range is made of is known to a third from five.
"""
_EIGHTY = 1.2816
"""Standard normal quantile of an interval that holds 80 %."""


@dataclass(frozen=True)
class Finish:
    """When the night may end, if its remaining trials are like the newest ones.

    With mean m and standard deviation s of the n newest gaps between results, R remaining trials
    take R m, give or take 1.28 s sqrt(R + R^2 / n): the scatter of what is to come and the
    uncertainty of the mean.
    """

    low: datetime
    expected: datetime
    high: datetime
    """80 % interval."""


@dataclass(frozen=True)
class Live:
    """One look at a campaign."""

    place: Path
    at: datetime
    pulse: Pulse
    living: tuple[int, ...]
    """Numbers of the runs that work on it now."""
    rate: float | None
    """Results per second, of the newest run; None where too few are there or nothing runs."""
    finish: Finish | None

    @property
    def done(self) -> int:
        """Trials that have ended; one that two studies share counts for both."""
        return sum(study.done + study.failed for study in self.pulse.studies)

    @property
    def expected(self) -> int:
        """Trials of the whole plan: as estimated, and not fewer than were asked for."""
        asked = sum(study.asked for study in self.pulse.studies)
        return max(asked, self.pulse.expected or 0)

    @property
    def running(self) -> bool:
        """Whether anything works on it."""
        return bool(self.living)

    @property
    def finished(self) -> bool:
        """Whether every study has ended and a run reached its end."""
        ended = all(study.state.ended for study in self.pulse.studies)
        return ended and any(run.ending is Ending.FINISHED for run in self.pulse.runs)

    @property
    def state(self) -> str:
        """In words: running, finished, or how the last run ended."""
        if self.running:
            return Ending.RUNNING.said
        if self.finished:
            return Ending.FINISHED.said
        last = self.pulse.runs[-1] if self.pulse.runs else None
        if last is None:
            return "not begun"
        return (last.ending or Ending.LOST).in_words(last.why)

    @property
    def current(self) -> StudyPulse | None:
        """The study at work."""
        return next((s for s in self.pulse.studies if s.state is StudyState.RUNNING), None)

    def runs(self) -> list[RunPulse]:
        """Those that live, or the last one."""
        alive = [run for run in self.pulse.runs if run.number in self.living]
        return alive or list(self.pulse.runs[-1:])

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        whole = asdict(self.pulse)
        finish = self.finish and {
            name: getattr(self.finish, name).isoformat() for name in ("low", "expected", "high")
        }
        del whole["recent"]
        return {
            "directory": str(self.place),
            "at": self.at.isoformat(),
            "state": self.state,
            "running": self.running,
            "finished": self.finished,
            "done": self.done,
            "rate_per_second": self.rate,
            "finish": finish,
            **whole,
            "runs": [_run_as_data(run) for run in self.pulse.runs],
            "expected": self.expected,
        }


def _run_as_data(run: RunPulse) -> dict[str, Any]:
    found = asdict(run)
    del found["why"]
    return {**found, "ending": run.ending and run.ending.in_words(run.why)}


def look(place: Path) -> Live:
    """Count how far a campaign is; writes nothing and disturbs nobody.

    Raises
    ------
    LedgerError
        When there is no ledger, or no campaign in it yet.
    """
    ledger = Ledger(place)
    try:
        pulse = ledger.pulse()
        living = _living(ledger, pulse)
    finally:
        ledger.close()
    return seen(place, pulse, living, datetime.now(UTC))


def seen(place: Path, pulse: Pulse, living: tuple[int, ...], at: datetime) -> Live:
    """What a count means at a moment."""
    gaps = _gaps(pulse) if living else []
    bare = Live(place, at, pulse, living, None, None)
    if not gaps:
        return bare
    mean = statistics.fmean(gaps)
    rate = 1.0 / mean if mean > 0 else None
    left = bare.expected - bare.done
    return Live(place, at, pulse, living, rate, _finish(gaps, left, at))


def _living(ledger: Ledger, pulse: Pulse) -> tuple[int, ...]:
    """Runs that have not ended and seem to live."""
    if not ledger.living():
        return ()
    open_ = [run for run in pulse.runs if run.ending is None]
    if not ledger.store.shared:  # whoever holds the directory is the newest
        return tuple(run.number for run in open_[-1:])
    return tuple(r.number for r in open_ if not Process(r.host, r.pid, r.born).gone)


def _gaps(pulse: Pulse) -> list[float]:
    """Seconds between the newest results, where there are enough."""
    times = [datetime.fromisoformat(text) for text in pulse.recent]
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    return gaps if len(gaps) >= _FEW else []


def _finish(gaps: list[float], left: int, at: datetime) -> Finish | None:
    """When `left` trials will have been made."""
    mean, spread = statistics.fmean(gaps), statistics.stdev(gaps)
    if left <= 0 or mean <= 0:
        return None
    most = 10 * 365.25 * 86400.0  # beyond ten years no date is worth giving
    middle = min(left * mean, most)
    half = _EIGHTY * spread * math.sqrt(left + left**2 / len(gaps))
    low, high = max(middle - half, 0.0), min(middle + half, most)
    return Finish(*(at + timedelta(seconds=s) for s in (low, middle, high)))
