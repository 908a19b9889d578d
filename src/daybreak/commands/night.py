"""Commands of the evening and the night: examine, run, stop, rehearse."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.commands.morning import index
from daybreak.commands.shell import (
    Campaign,
    Dask,
    Directory,
    Json,
    Lease,
    MaxHours,
    MaxTrials,
    Notify,
    Store,
    Workers,
    detached,
    find,
    keep_compilations,
    next_time,
    numbers,
    stop_when_terminated,
    unwritable,
)
from daybreak.ledger.endings import Ending

if TYPE_CHECKING:
    from daybreak.report.summary import Summary

_NO_RESULT = 1
"""Exit status of a run that saw every study to its end, and no counted one has a result."""
_STOPPING = 60
"""Half seconds for which `stop` waits.

More than `shell._GRACE`, after which a run is ended; a choice.
"""
_ASKED = 10
"""Half seconds after which it insists.

A choice: fits look at the clock every few iterations, most well within 5 s.
"""


Budget = Annotated[
    float,
    typer.Option(
        min=1.0,
        help="Seconds of processor time for preflight, programs that it starts included, or of "
        "waiting where a model waits for something elsewhere; what does not fit is listed, and "
        "reach and symmetries of a quick model are not cut.",
    ),
]


def preflight(
    name_or_file: Campaign,
    *,
    budget: Budget = 60.0,
    as_json: Json = False,
) -> None:
    """Say what can be known before the night; writes nothing. Exit status 5 when hopeless."""
    from daybreak import catalogue
    from daybreak.preflight.run import preflight as examine
    from daybreak.report.outlook import render

    keep_compilations()
    found = examine(catalogue.load(name_or_file), budget)
    typer.echo(found.model_dump_json(indent=1) if as_json else render(found))
    if found.hopeless:
        raise typer.Exit(Ending.HOPELESS.status)


def plan(
    name_or_file: Campaign,
    *,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Where the run will keep everything; runs/<campaign>/."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page; default <campaign>-evening.html here."),
    ] = None,
    budget: Budget = 60.0,
    as_json: Json = False,
) -> None:
    """Write the evening page: what will run, why, until when; starts nothing. 5 when hopeless."""
    from daybreak import catalogue, evening
    from daybreak.preflight.run import preflight as examine
    from daybreak.report.tonight_text import render

    keep_compilations()
    campaign = catalogue.load(name_or_file)
    place = Path("runs") / campaign.name if directory is None else directory
    path = output or Path(f"{campaign.name}-evening.html")
    tonight = evening.foresee(campaign, examine(campaign, budget), place)
    try:
        evening.write_page(tonight, path)
    except OSError as error:
        raise unwritable(path, error) from error
    typer.echo(
        tonight.model_dump_json(by_alias=True, indent=1) if as_json else render(tonight).rstrip()
    )
    typer.echo(f"\nEvening page: {path}", err=as_json)
    if tonight.preflight.hopeless:
        raise typer.Exit(Ending.HOPELESS.status)


def run(
    name_or_file: Campaign,
    *,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Where to keep everything; default runs/<campaign>/."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Archive an earlier run and begin anew.")
    ] = False,
    until: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="Stop at this time; run again to go on.")
    ] = None,
    max_trials: MaxTrials = None,
    max_hours: MaxHours = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed trials again.")
    ] = False,
    workers: Workers = None,
    dask: Dask = None,
    store: Store = None,
    lease: Lease = 60.0,
    detach: Annotated[
        bool, typer.Option("--detach", help="Go on in the background; see status and stop.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Run although preflight finds it out of reach.")
    ] = False,
    budget: Budget = 60.0,
    notify: Notify = None,
    as_json: Json = False,
) -> None:
    """Start or resume a campaign; Ctrl-C is safe, and the same command goes on.

    Exit status 0 when it reached its end whatever the verdict, 1 when no counted study has a
    result, 3 when there is work left, 5 when the preflight stopped it.
    """
    from daybreak import catalogue, night

    deadline = None if until is None else next_time(until)
    if detach:
        detached(name_or_file, directory, notify)
        return
    stop_when_terminated()
    keep_compilations()
    again = f"daybreak run {shlex.quote(name_or_file)}"
    if directory is not None:
        again += f" --dir {shlex.quote(str(directory))}"
    try:
        campaign = catalogue.load(name_or_file)
        results = night.run(
            campaign,
            directory,
            fresh=fresh,
            until=deadline,
            max_trials=max_trials,
            max_hours=max_hours,
            retry_failed=retry_failed,
            anyway=anyway,
            budget=budget,
            workers=workers,
            dask=dask,
            store=store,
            lease=lease,
            notify=notify,
        )
    except KeyboardInterrupt:  # before the first trial, or while the report was written
        typer.echo(f"interrupted; nothing is lost.\nTo go on: {again}", err=True)
        raise typer.Exit(Ending.INTERRUPTED.status) from None
    if as_json:
        typer.echo(results.summary.model_dump_json(by_alias=True, indent=1))
    else:
        typer.echo(str(results))
        typer.echo(f"\nReport: {results.report}")
        if directory is None:
            index(results.directory.parent)
    _leave(results.summary, again)


def _leave(summary: Summary, again: str) -> None:
    """End as the campaign did, and say how to go on; `again` is the command that was given."""
    if summary.timing.runs[-1].state is Ending.HOPELESS:
        typer.echo(f"To run all the same: {again} --anyway", err=True)
        raise typer.Exit(Ending.HOPELESS.status)
    if not summary.finished:
        typer.echo(f"To go on: {again}", err=True)
        raise typer.Exit(Ending.INTERRUPTED.status)
    if not summary.has_result:
        typer.echo(
            f"No counted study has a result. To try again: {again} --retry-failed", err=True
        )
        raise typer.Exit(_NO_RESULT)


def stop(directory: Directory = None) -> None:
    """Ask a running campaign to stop cleanly, and wait until it has."""
    import time

    from daybreak import night
    from daybreak.ledger.place import remembered
    from daybreak.ledger.store import Ledger

    place = find(directory)
    if not night.running(place):
        typer.echo(f"nothing is running in {place}.")
        return
    ledger = Ledger(place, write=True, server=remembered(place))
    ledger.ask_to_stop("stopped by `daybreak stop`")
    for tries in range(_STOPPING):
        if not night.running(place):
            ledger.close()
            typer.echo("stopped; nothing is lost, and `daybreak run` goes on.")
            return
        if tries == _ASKED:  # a preflight, or a call that takes long
            for process in ledger.processes_here():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGTERM)
        time.sleep(0.5)
    ledger.close()
    typer.echo("asked to stop, but still running: a trial does not let go.", err=True)
    raise typer.Exit(Ending.INTERRUPTED.status)


def rehearse(
    name_or_file: Campaign,
    *,
    truth: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="Every free parameter; scale factors that are not 1, offsets that are not 0.",
        ),
    ],
    null: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="What differs in a second truth, under which PASS would be wrong.",
        ),
    ] = None,
    nights: Annotated[int, typer.Option(min=1, help="How many simulated data sets.")] = 50,
    simulations: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Data sets fitted only to measure the coverage of the 95 % sets; 20 a night "
            "unless given.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 0,
    as_json: Json = False,
) -> None:
    """Run a campaign on simulated data: expected intervals, coverage, rate of each verdict."""
    from daybreak import catalogue, rehearsal

    stated = numbers("--truth", truth)
    differing = None if null is None else numbers("--null", null)
    keep_compilations()
    campaign = catalogue.load(name_or_file)
    found = rehearsal.rehearse(
        campaign,
        stated,
        nights=nights,
        null=differing,
        seed=seed,
        simulations=simulations,
        progress=sys.stderr,
    )
    typer.echo(found.model_dump_json(indent=1) if as_json else str(found))
