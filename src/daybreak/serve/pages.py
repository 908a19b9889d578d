"""What the pages say: of all runs, of one as it goes on, of its trials, and of one trial."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from daybreak import watching
from daybreak.ledger.browse import TrialDetail, TrialLine
from daybreak.ledger.pulse import Held
from daybreak.live import Live
from daybreak.report import html, numbers
from daybreak.report.artifact_figure import artifact_figure
from daybreak.report.cells import Column, Table, table_of

PER_PAGE = 100
"""Trials on one page."""
LOG_LINES = 400
"""Lines of a log that a page shows, the last ones; a choice."""
_TAIL = 12
"""Lines of the log below a living run."""
_LONGEST = 20_000
"""Characters of a text that are shown whole."""


def index(found: list[tuple[str, Live | str]], folder: str) -> str:
    """All runs of a folder."""
    return html.page("runs.html.jinja", live=True, folder=folder, part=runs_part(found))


def runs_part(found: list[tuple[str, Live | str]]) -> str:
    """Their table."""
    return html.fragment("runs_part.html.jinja", runs=found, watching=watching, quote=quote)


def run(name: str, live: Live, tail: str) -> str:
    """One run as it is now; a script keeps it so."""
    return html.page("live.html.jinja", live=True, name=name, part=run_part(live, tail))


def run_part(live: Live, log: str) -> str:
    """What changes while it goes on."""
    return html.fragment(
        "live_part.html.jinja",
        live=live,
        studies=_studies(live),
        failures=_failures(live),
        workers=_workers(live),
        hands=_hands(live),
        watching=watching,
        numbers=numbers,
        quote=quote,
        tail="\n".join(log.splitlines()[-_TAIL:]),
    )


def log(name: str, text: str) -> str:
    """The end of the log."""
    return html.page("log.html.jinja", name=name, text=text, lines=LOG_LINES)


def trials(
    name: str,
    study: str | None,
    studies: list[str],
    number: int,
    count: int,
    lines: list[TrialLine],
) -> str:
    """One page of trials."""
    return html.page(
        "trials.html.jinja",
        name=name,
        study=study,
        studies=studies,
        number=number,
        pages=max(1, -(-count // PER_PAGE)),
        count=numbers.count(count, "trial"),
        rows=[_line(line) for line in lines],
        quote=quote,
    )


def trial(name: str, found: TrialDetail) -> str:
    """One trial, with its full configuration."""
    attached = found.outcome.get("details", {}).get("artifacts", [])
    drawings = [(one["name"], html.drawing(artifact_figure(one))) for one in attached]
    return html.page(
        "trial.html.jinja",
        name=name,
        t=found,
        short=found.key[:12],
        attempts=_attempts(found),
        parameters=_values("Parameters", found.outcome.get("parameters", {})),
        metrics=_values("Values", found.outcome.get("metrics") or {}),
        recorded=_values("Recorded", found.outcome.get("details", {}).get("recorded") or {}),
        chi2=found.outcome.get("chi2"),
        numbers=numbers,
        drawings=[pair for pair in drawings if pair[1]],
        texts=[(one.name, _shortened(one.body)) for one in found.artifacts],
        configuration=_json(found.configuration),
        outcome=_json(found.outcome),
    )


def refused(status: int, sentence: str, *, again: bool = False) -> str:
    """What cannot be shown, and why; loaded `again` where it may be there in a moment."""
    return html.page("refused.html.jinja", status=status, sentence=sentence, again=again)


def _studies(live: Live) -> Table:
    columns = [
        Column("study", "name"),
        Column("state"),
        Column("verdict", "verdict"),
        Column("trials", "number"),
        Column("failed", "number"),
        Column("best so far"),
    ]
    rows = [
        [
            s.name,
            s.state,
            s.verdict or "",
            f"{s.done + s.failed} of {s.asked}" if s.asked else "",
            str(s.failed) if s.failed else "",
            watching.best(s),
        ]
        for s in live.pulse.studies
    ]
    return table_of("Studies", columns, rows).filled()


def _failures(live: Live) -> Table:
    columns = [Column("reason", "name"), Column("trials", "number")]
    rows = [[why, str(count)] for why, count in live.pulse.failures.items()]
    return table_of("Failed trials", columns, rows)


def _workers(live: Live) -> Table:
    columns = [
        Column("run", "name"),
        Column("since"),
        Column("last beat"),
        Column("results", "number"),
    ]
    rows = [
        [
            run.owner,
            numbers.moment(run.started),
            watching.beat(run, live.at),
            str(run.made),
        ]
        for run in live.runs()
    ]
    return table_of("Who works" if live.running else "Who worked last", columns, rows)


def _hands(live: Live) -> list[tuple[str, str]]:
    """Trials in hand: their keys, and what is known of them."""
    held = [one for run in live.runs() for one in run.holds[:_TAIL]]
    return [
        (one.trial, f"{_placed(one)}, begun {watching.ago(one.since, live.at)}") for one in held
    ]


def _placed(held: Held) -> str:
    return f"{held.study} on {held.place}" if held.place else held.study


def _line(line: TrialLine) -> dict[str, str]:
    """A row of the list."""
    outcome = line.outcome
    values = outcome.get("metrics") or {}
    if outcome.get("chi2") is not None:
        values = {"chi2": outcome["chi2"]}
    said = ", ".join(f"{name} {_plain(value)}" for name, value in values.items())
    return {
        "key": line.key,
        "study": line.study,
        "kind": line.kind,
        "origin": line.origin,
        "state": line.state,
        "seconds": "" if line.seconds is None else f"{line.seconds:.3g}",
        "said": said or str(outcome.get("message") or ""),
        "where": ", ".join(f"{k} {_plain(v)}" for k, v in outcome.get("parameters", {}).items()),
    }


def _attempts(found: TrialDetail) -> Table:
    columns = [
        Column("attempt", "number"),
        Column("state"),
        Column("begun"),
        Column("took", "number"),
        Column("by"),
        Column("reason"),
        Column("message"),
    ]
    rows = [
        [
            str(a.number),
            a.state,
            numbers.moment(a.started),
            "" if a.seconds is None else numbers.duration(a.seconds),
            a.owner,
            a.reason,
            _shortened(a.message, 300),
        ]
        for a in found.attempts
    ]
    return table_of("Attempts", columns, rows).filled()


def _values(caption: str, values: Mapping[str, Any]) -> Table:
    rows = [[name, _shortened(_plain(value), 300)] for name, value in values.items()]
    return table_of(caption, [Column("name", "name"), Column("value")], rows)


def _plain(value: Any) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return numbers.number(float(value), 6)
    return value if isinstance(value, str) else json.dumps(value)


def _json(data: Any) -> str:
    return _shortened(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False))


def _shortened(text: str, longest: int = _LONGEST) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}\n... and {len(text) - longest} characters more"
