"""The three acts in order: run a campaign, keep its log, write its report; or open an old one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from daybreak.criteria import Decision, Verdict
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.errors import DaybreakError, LedgerError, known
from daybreak.findings import Preflight
from daybreak.ledger.claims import now
from daybreak.ledger.liveness import LEASE
from daybreak.ledger.records import CampaignRecord
from daybreak.ledger.store import Ledger
from daybreak.plan import Campaign, Study
from daybreak.report.build import build
from daybreak.report.summary import DecisionTaken, Summary
from daybreak.runner.listener import AbstractListener, Progress

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from daybreak.notify import Notifier

LOG = "night.log"
_QUIET = 30.0
"""Seconds between plain progress lines.

A choice: a log of a night of eight hours then has a thousand lines.
"""


@dataclass(frozen=True)
class Results:
    """What a campaign found, and where it lies."""

    directory: Path
    summary: Summary

    @property
    def verdict(self) -> Verdict:
        """PASS, SOFT_PASS, FAIL or UNDECIDED."""
        return self.summary.verdict

    @property
    def decision(self) -> DecisionTaken | None:
        """The row of the decision table that was taken."""
        return self.summary.decision

    @property
    def studies(self) -> list[StudyReading]:
        """All studies in order."""
        return self.summary.studies

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.directory / "report.html"

    def __getitem__(self, name: str) -> StudyReading:
        """The study called `name`.

        Raises
        ------
        LedgerError
            When there is no such study; the message lists those there are.
        """
        for study in self.studies:
            if study.name == name:
                return study
        msg = f"no study is called {name!r}; there are {known(s.name for s in self.studies)}."
        raise LedgerError(msg)

    def to_pandas(self, study: str | None = None) -> pd.DataFrame:
        """Every trial with its full configuration, of one study or of all.

        Raises
        ------
        DaybreakError
            When pandas is not installed (``daybreak[notebook]``), or no study is called so.
        """
        from daybreak.frames import trials_frame

        if study is not None:
            self[study]
        return trials_frame(self._record(), study)

    def to_arviz(self, study: str) -> xr.DataTree:
        """Trials, profiles, maps, data and best fit of a study as a tree of arrays.

        The groups are those of `daybreak.frames.tree`. None is called ``posterior``: the trials
        of a fit or a search are no draws from one.

        Raises
        ------
        DaybreakError
            When xarray is not installed (``daybreak[notebook]``), or no study is called so.
        """
        from daybreak.frames import tree

        return tree(self._record(), self[study])

    def _record(self) -> CampaignRecord:
        with closing(Ledger(self.directory)) as ledger:
            return ledger.read()

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict, what may be claimed, the picture that carries it."""
        from daybreak.report.notebook import render

        return render(self.summary, self.report)

    def __str__(self) -> str:
        """The terminal summary."""
        from daybreak.report.terminal import render

        return render(self.summary).rstrip()


def run(
    campaign: Campaign,
    directory: str | Path | None = None,
    *,
    fresh: bool = False,
    until: datetime | None = None,
    max_trials: int | None = None,
    max_hours: float | None = None,
    retry_failed: bool = False,
    anyway: bool = False,
    budget: float = 60.0,
    workers: int | None = None,
    dask: str | None = None,
    store: str | None = None,
    lease: float = LEASE,
    progress: IO[str] | None = None,
    notify: str | None = None,
) -> Results:
    """Start or resume a campaign and write its report.

    Parameters
    ----------
    campaign : Campaign
    directory : path, optional
        Where everything is kept; ``runs/<campaign>/`` by default.
    fresh, retry_failed, anyway : bool
        Archive and begin anew; try failed trials again; run although it is found out of reach.
    budget : float
        Seconds of processor time, or of waiting elsewhere, that preflight may take.
    until, max_trials, max_hours : datetime, int, float, optional
        Stop then, and begin no trial that cannot be done by then; a later call goes on. While
        the machine sleeps no hours pass.
    workers, dask : int, str, optional
        Worker processes here, by default as many as help; or a Dask cluster:
        ``tcp://host:port``, ``local:4``, ``slurm:8``.
    store : str, optional
        Keep the ledger in a PostgreSQL database, ``postgresql://user@host/name``; several
        processes and hosts may then work on the campaign at once.
    lease : float
        Seconds of silence after which a process on another host counts as dead.
    progress : text file, optional
        Where progress is written; standard error by default.
    notify : str, optional
        Addresses of apprise, such as ``ntfy://topic``, that are told how it ended.

    Returns
    -------
    Results

    Raises
    ------
    ProblemError, PlanError, LedgerError
        Before anything is lost; see `daybreak.errors`.
    """
    from daybreak.runner.crew import Means
    from daybreak.runner.limits import Limits
    from daybreak.runner.night import run_night

    place = Path("runs") / campaign.name if directory is None else Path(directory)
    listener = _Log(place, sys.stderr if progress is None else progress, notify, anyway=anyway)
    try:
        run_night(
            campaign,
            place,
            listener,
            fresh=fresh,
            retry_failed=retry_failed,
            anyway=anyway,
            budget=budget,
            limits=Limits(until, max_trials, max_hours),
            means=Means(workers, dask),
            store=store,
            lease=lease,
        )
    except Exception as error:
        listener.broke(campaign.name, error)
        raise
    finally:
        listener.close()
    return _reported(place, listener)


def _reported(place: Path, listener: _Log) -> Results:
    """The results, with their report written and told."""
    results = open_(place)
    _write(results)
    listener.reported(results.summary)
    return results


def _write(results: Results) -> None:
    from daybreak.report.files import write_report

    try:
        write_report(results.directory, results.summary)
    except OSError as error:
        msg = (
            f"the report cannot be written into {results.directory} ({error.strerror}), but "
            "everything is in the ledger; make room or give back the right to write, then "
            "`daybreak report`."
        )
        raise DaybreakError(msg) from error


def open_(directory: str | Path) -> Results:
    """Open the results of a finished, interrupted or still running campaign.

    Parameters
    ----------
    directory : path
        Where its ledger lies.

    Raises
    ------
    LedgerError
        When there is no ledger, or a newer Daybreak wrote it.
    """
    place = Path(directory)
    ledger = Ledger(place)
    try:
        summary = build(ledger.read(), alive=bool(ledger.living()))
    finally:
        ledger.close()
    return Results(place, summary)


def running(place: Path) -> list[str]:
    """Who is working on a campaign now, asked without disturbing them."""
    ledger = Ledger(place)
    try:
        return ledger.living()
    finally:
        ledger.close()


class _Log(AbstractListener):
    """Writes night.log, one JSON file per study, and progress."""

    def __init__(
        self, directory: Path, screen: IO[str], notify: str | None, *, anyway: bool
    ) -> None:
        self.directory = directory
        self.notifier = _notifier(notify, self._say) if notify else None
        self.anyway = anyway
        self.screen = screen
        self.bar = _Bar(screen) if screen.isatty() else None
        self.spoken = time.monotonic()
        self.campaign: Campaign | None = None

    def _say(self, line: str) -> None:
        with suppress(OSError), (self.directory / LOG).open("a") as log:  # the ledger has it all
            log.write(f"{now()}  {line}\n")
        if self.bar:
            self.bar.line(line)
        else:
            self.screen.write(f"{line}\n")
            self.screen.flush()

    def began(self, campaign: Campaign, ledger: Ledger) -> None:
        """Say what will run and where."""
        self.campaign = campaign
        count = len(campaign.all_studies())
        studies = "1 study" if count == 1 else f"{count} studies"
        self._say(f"{campaign.name}: {studies}, ledger in {ledger.where}")

    def preflighted(self, found: Preflight) -> None:
        """Say in one line what is known before the night."""
        self._say(f"preflight: {found.sentence}")
        if self.campaign is not None:
            self._write_evening(self.campaign, found)
            if self.notifier and found.hopeless and (self.anyway or self.campaign.anyway):
                self.notifier.hopeless(self.campaign.name, found)

    def _write_evening(self, campaign: Campaign, found: Preflight) -> None:
        """Write the evening page, once for a plan, as it was before the first trial."""
        from daybreak.evening import PAGE, foresee, write_page

        with suppress(OSError):  # what it says is in the ledger
            page = self.directory / PAGE
            write_page(foresee(campaign, found, self.directory), page)
            self._say(f"evening page: {page}")

    def warned(self, text: str) -> None:
        """Say it."""
        self._say(text)

    def progressed(self, progress: Progress) -> None:
        """Move the bar, or say a line every 30 s."""
        if self.bar:
            self.bar.show(progress)
        elif time.monotonic() - self.spoken >= _QUIET:
            self.spoken = time.monotonic()
            self.screen.write(f"{describe(progress)}\n")
            self.screen.flush()

    def study_ended(self, reading: StudyReading) -> None:
        """Write the study's file and its line."""
        from daybreak.report.files import write_study
        from daybreak.report.terminal import study_line

        with suppress(OSError):  # it is written again with the report
            write_study(self.directory, reading)
        self._say(study_line(reading))

    def decided(self, row: Decision, reason: str, follow_ups: Sequence[Study]) -> None:
        """Say which row was taken."""
        tail = (
            f"; follow-up studies: {', '.join(s.name for s in follow_ups)}" if follow_ups else ""
        )
        self._say(f"decision {row.name}: {row.then} ({reason}){tail}")

    def ended(self, sentence: str) -> None:
        """Say how it ended."""
        self.close()
        self._say(sentence)

    def broke(self, campaign: str, error: Exception) -> None:
        """Tell whoever asked for it that an error ended the night."""
        self.close()
        if self.notifier:
            self.notifier.broke(campaign, error)

    def reported(self, summary: Summary) -> None:
        """Tell whoever asked for it how the night ended."""
        if self.notifier:
            self.notifier.ended(summary)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar:
            self.bar.close()
            self.bar = None


def _notifier(addresses: str, say: Callable[[str], None]) -> Notifier:
    from daybreak.notify import Notifier

    return Notifier(addresses, say)


def describe(progress: Progress) -> str:
    """Progress in one plain line."""
    share = min(100.0, 100.0 * progress.done / max(progress.expected, 1))
    left = progress.remaining
    finish = "" if left is None else f", about {_duration(left)} to go"
    return (
        f"study {progress.number}/{progress.studies} {progress.study}: {progress.done} trials "
        f"({share:.0f} %), {_pace(progress.rate)}{finish}"
    )


def _pace(rate: float) -> str:
    """Trials per second, in the unit that gives a number above one."""
    for seconds, unit in ((1, "second"), (60, "minute")):
        if rate * seconds >= 1.0:
            return f"{rate * seconds:.1f} per {unit}"
    return f"{rate * 3600:.1f} per hour"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class _Bar:
    """A progress bar that lines can be printed above."""

    def __init__(self, screen: IO[str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self.rich = RichProgress(
            TextColumn("{task.percentage:>3.0f} %"),
            BarColumn(),
            TextColumn("{task.description}"),
            console=Console(file=screen),
        )
        self.rich.start()
        self.task = self.rich.add_task("starting", total=None)

    def show(self, progress: Progress) -> None:
        """Move the bar."""
        total = max(progress.expected, progress.done)
        self.rich.update(
            self.task, total=total, completed=progress.done, description=describe(progress)
        )

    def line(self, text: str) -> None:
        """Print above the bar."""
        self.rich.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        """Take the bar away."""
        self.rich.stop()
