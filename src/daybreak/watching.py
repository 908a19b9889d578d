"""A living campaign in the terminal: one frame of plain lines, and frames until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from daybreak.ledger.liveness import LEASE
from daybreak.ledger.pulse import RunPulse, StudyPulse
from daybreak.live import Finish, Live, look
from daybreak.report import numbers

_BAR = 30
_THRIFT = 20.0
"""A look that takes a second is followed by twenty of rest, however often frames are wanted.

A look then takes 5 % of a processor at most.
"""
_SHOWN = 6
"""Trials in hand that a run lists."""


def frame(live: Live, width: int = 100) -> str:
    """What the terminal shows of one look.

    Parameters
    ----------
    live : Live
    width : int
        Columns; longer lines are cut.
    """
    text = "\n".join(_lines(live))
    clean = ("".join(c if c.isprintable() else " " for c in line) for line in text.splitlines())
    return "\n".join(line if len(line) <= width else f"{line[: width - 2]}.." for line in clean)


def watch(
    place: Path, screen: IO[str], every: float = 2.0, draw: Callable[[str], None] | None = None
) -> Live:
    """Show frames until nothing works on the campaign any more; returns the last look.

    Parameters
    ----------
    place : Path
        Where its ledger lies.
    screen : text file
        Gets a line whenever something moved; unless `draw` takes whole frames.
    every : float
        Seconds between looks, at least.
    draw : callable, optional
        Takes each frame.
    """
    said = ""
    while True:
        begun = time.monotonic()
        live = look(place)
        if draw:
            draw(frame(live))
        elif line(live) != said:
            said = line(live)
            screen.write(f"{said}\n")
            screen.flush()
        if not live.running:
            return live
        time.sleep(max(every, _THRIFT * (time.monotonic() - begun)))


def line(live: Live) -> str:
    """One look in one line."""
    study = live.current
    named = f" {study.name}:" if study else ""
    return f"{live.state}:{named} {progress(live)}{_ending(live)}"


def progress(live: Live) -> str:
    """How many trials of how many, e.g. ``120 of about 400 trials (30 %)``."""
    share = 100.0 * min(live.done / live.expected, 1.0) if live.expected else 0.0
    if live.finished:
        return numbers.count(live.done, "trial")
    return f"{live.done} of about {numbers.count(live.expected, 'trial')} ({share:.0f} %)"


def pace(rate: float) -> str:
    """Results per second, in the unit that gives a number above one."""
    for seconds, unit in ((1, "second"), (60, "minute"), (3600, "hour")):
        if rate * seconds >= 1.0:
            return f"{rate * seconds:.3g} per {unit}"
    return f"{rate * 86400:.3g} per day"


def clock(when: datetime, at: datetime) -> str:
    """A time as the clock on the wall shows it, with its day where that is another."""
    here, today = when.astimezone(), at.astimezone().date()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%d %b %H:%M}"


def finish(found: Finish, at: datetime) -> str:
    """When it may end, e.g. ``about 06:40 (06:20 to 07:05)``; quick ones in seconds."""
    left = (found.expected - at).total_seconds()
    if left < 120:
        most = (found.high - at).total_seconds()
        return f"in about {left:.0f} s (at most {most:.0f} s)"
    low, high = clock(found.low, at), clock(found.high, at)
    middle = clock(found.expected, at)
    return f"about {middle}" if low == high else f"about {middle} ({low} to {high})"


def ago(text: str, at: datetime) -> str:
    """How long a moment is past."""
    past = (at - datetime.fromisoformat(text)).total_seconds()
    return f"{numbers.duration(max(round(past), 1))} ago"


def best(study: StudyPulse) -> str:
    """The best value so far, e.g. ``cross_entropy 0.612 nat``; empty before."""
    if study.best is None:
        return ""
    value = numbers.number(study.best.value, 6)
    return f"{study.best.name} {numbers.with_unit(value, study.best.unit)}"


def worker(run: RunPulse, live: Live) -> str:
    """Who works, since when, and when it was last heard of."""
    return (
        f"{run.owner}, since {clock(datetime.fromisoformat(run.started), live.at)}, "
        f"{beat(run, live.at)}, {numbers.count(run.made, 'result')}"
    )


def beat(run: RunPulse, at: datetime) -> str:
    """When a run was last heard of, and whether that is longer ago than it should be."""
    if run.ending is not None:
        return f"ended {ago(run.seen, at)}: {run.ending.in_words(run.why)}"
    silent = (at - datetime.fromisoformat(run.seen)).total_seconds() > LEASE
    return f"{'SILENT, last beat' if silent else 'beat'} {ago(run.seen, at)}"


def _ending(live: Live) -> str:
    rate = f", {pace(live.rate)}" if live.rate else ""
    return rate + (f", ends {finish(live.finish, live.at)}" if live.finish else "")


def _lines(live: Live) -> Iterator[str]:
    at = live.at.astimezone()
    yield f"{live.pulse.campaign} in {live.place}: {live.state}   [{at:%H:%M:%S}]"
    if live.pulse.outlook:
        yield f"foretold: {live.pulse.outlook}"
    share = min(live.done / live.expected, 1.0) if live.expected else 0.0
    full = round(_BAR * (1.0 if live.finished else share))
    yield f"[{'#' * full}{'.' * (_BAR - full)}] {progress(live)}{_ending(live)}"
    yield ""
    yield from _table(live.pulse.studies)
    if live.pulse.failures:
        yield ""
        yield "Failed trials:"
        yield from (f"  {count} x {why}" for why, count in live.pulse.failures.items())
    if live.running:
        yield ""
        yield from _workers(live)


def _table(studies: tuple[StudyPulse, ...]) -> Iterator[str]:
    name = max([len(study.name) for study in studies] + [5])
    name = min(name, 36)
    yield f"{'state':9} {'verdict':9} {'study':{name}} {'trials':>13} {'failed':>6}  best so far"
    for s in studies:
        count = f"{s.done + s.failed} of {s.asked}" if s.asked else ""
        failed = str(s.failed) if s.failed else ""
        row = f"{s.state:9} {s.verdict or '':9} {s.name[:name]:{name}} {count:>13} {failed:>6}  "
        yield (row + best(s)).rstrip()


def _workers(live: Live) -> Iterator[str]:
    yield "At work:"
    for run in live.runs():
        yield f"  {worker(run, live)}"
        for held in run.holds[:_SHOWN]:
            where = f" on {held.place}" if held.place else ""
            since = ago(held.since, live.at)
            yield f"    trial {held.trial[:12]} of {held.study}{where}, begun {since}"
        if len(run.holds) > _SHOWN:
            yield f"    and {len(run.holds) - _SHOWN} more trials"
