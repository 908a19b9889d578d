"""Every run of a folder on one static page, newest first, with what the last night changed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from daybreak.errors import DaybreakError
from daybreak.ledger.endings import Ending
from daybreak.ledger.place import FILE, STORE
from daybreak.ledger.pulse import Pulse, RunPulse
from daybreak.ledger.store import Ledger
from daybreak.night import open_
from daybreak.report import html, numbers, wording
from daybreak.report.files import write_whole
from daybreak.report.summary import Summary

PAGE = "index.html"
_MARK = "<!-- written by daybreak; made anew by `daybreak report --all` -->"


@dataclass(frozen=True)
class Entry:
    """One run of the folder, or why it cannot be read."""

    name: str
    summary: Summary | None
    changes: tuple[str, ...]
    """Since the run before; of a first run what it did."""
    begun: str
    """When the newest run began."""
    error: str = ""


def places(folder: Path) -> dict[str, Path]:
    """Where the runs below a folder are, by name."""
    there = folder.iterdir() if folder.is_dir() else ()
    return {path.name: path for path in sorted(there) if path.is_dir() and is_run(path)}


def is_run(path: Path) -> bool:
    """Whether a directory holds a ledger."""
    return (path / FILE).exists() or (path / STORE).exists()


def entries(folder: Path) -> list[Entry]:
    """Every run of a folder, newest first, then those that cannot be read."""
    found = [_entry(name, place) for name, place in places(folder).items()]
    return sorted(sorted(found, key=lambda e: e.name), key=lambda e: e.begun, reverse=True)


def write_index(folder: Path) -> Path | None:
    """Write ``index.html`` into a folder of runs; None where the file there is another's.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    path = folder / PAGE
    if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
        return None
    return write_whole(path, render(folder.name, entries(folder)))


def render(folder: str, found: list[Entry]) -> str:
    """The page of these runs, marked as Daybreak's own."""
    page = html.page(
        "index.html.jinja", folder=folder, runs=found, numbers=numbers, wording=wording
    )
    return f"{page.rstrip()}\n{_MARK}\n"


def changes(pulse: Pulse, summary: Summary) -> list[str]:
    """What the newest run changed, in sentences."""
    last = pulse.runs[-1]
    earlier = [run for run in pulse.runs if run.started < last.started]
    over = any(run.ending is Ending.FINISHED for run in earlier)
    said = [_begin(last, earlier)]
    if over and not last.made:
        said.append("It was finished before.")
    else:
        ended = [s.name for s in pulse.studies if s.ended and s.ended >= last.started]
        said += [f"Ended: {numbers.listed(ended, 8)}."] if ended else []
        if earlier and not over and summary.finished:
            said.append(f"The verdict was open, and is {summary.verdict}.")
    for study in summary.studies:
        versions = study.criteria_history
        if len(versions) > 1 and versions[-1].written >= last.started:
            old, new = versions[-2].verdict, versions[-1].verdict
            turned = f"{old} became {new}" if old != new else f"the verdict stayed {new}"
            said.append(f"Criteria of {study.name} were rewritten: {turned}.")
    return said


def _begin(last: RunPulse, earlier: list[RunPulse]) -> str:
    how = (last.ending or Ending.RUNNING).in_words(last.why)
    made = f"{numbers.count(last.made, 'trial')}, {how}"
    if not earlier:
        return f"First night: {made}."
    return f"Since the run of {numbers.moment(earlier[-1].started)}: {made}."


def _entry(name: str, place: Path) -> Entry:
    try:
        with closing(Ledger(place)) as ledger:
            pulse = ledger.pulse()
        summary = _summary(place, pulse)
    except DaybreakError as error:
        return Entry(name, None, (), "", str(error))
    return Entry(name, summary, tuple(changes(pulse, summary)), pulse.runs[-1].started)


def _summary(place: Path, pulse: Pulse) -> Summary:
    """As the report of the newest run says; from the ledger where it has none yet."""
    newest = pulse.runs[-1]
    try:
        text = (place / "summary.json").read_text(encoding="utf-8")
        written = Summary.model_validate_json(text)
    except (OSError, ValidationError):
        return open_(place).summary
    told = [(run.started, run.ended) for run in written.timing.runs]
    return (
        written
        if newest.ended and (newest.started, newest.ended) in told
        else open_(place).summary
    )
