"""The command line: thin, and quick to answer `--help`.

Exit status: `run` 0 when the campaign reached its end whatever the verdict, 3 when interrupted
with work left, 5 when preflight finds it hopeless; `verdict` 0 PASS, 1 FAIL, 3 UNDECIDED,
4 SOFT_PASS; 2 is always a usage error.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from daybreak.data_commands import commands as data_commands
from daybreak.shell import (
    INTERRUPTED,
    Campaign,
    Dask,
    Directory,
    Json,
    Lease,
    MaxHours,
    MaxTrials,
    Output,
    Store,
    Workers,
    deliver,
    detached,
    find,
    keep_compilations,
    next_time,
    numbers,
    stop_when_terminated,
    unwritable,
)

_VERDICT_STATUS = {"PASS": 0, "FAIL": 1, "UNDECIDED": 3, "SOFT_PASS": 4}
_USAGE = 2
_HOPELESS = 5
_STOPPING = 60
"""Half seconds for which `stop` waits."""
_ASKED = 10
"""Half seconds after which it insists."""

app = typer.Typer(
    help=(
        "Parameter studies that run overnight: know before whether they can succeed, lose "
        "nothing, wake up to a verdict you can defend."
    ),
    epilog="Start with `daybreak campaigns`, then `daybreak run NAME_OR_FILE`.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; what goes wrong on purpose is a sentence, not a traceback."""
    from daybreak.errors import DaybreakError

    try:
        app()
    except DaybreakError as error:
        typer.echo(f"daybreak: {error}", err=True)
        sys.exit(_USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def campaigns(*, as_json: Json = False) -> None:
    """List the campaigns that can be run by name."""
    from daybreak import catalogue

    found = [{"name": name, "description": catalogue.describe(name)} for name in catalogue.names()]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for entry in found:
        typer.echo(f"{entry['name']}\n    {entry['description']}")


@app.command()
def preflight(
    name_or_file: Campaign,
    *,
    budget: Annotated[
        float, typer.Option(min=1.0, help="Seconds; what does not fit is listed.")
    ] = 60.0,
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
        raise typer.Exit(_HOPELESS)


@app.command()
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
    as_json: Json = False,
) -> None:
    """Start or resume a campaign; Ctrl-C is safe, and the same command goes on."""
    from daybreak import catalogue, night

    deadline = None if until is None else next_time(until)
    if detach:
        detached(name_or_file, directory)
        return
    stop_when_terminated()
    keep_compilations()
    again = f"daybreak run {shlex.quote(name_or_file)}"
    if directory is not None:
        again += f" --dir {shlex.quote(str(directory))}"
    try:
        campaign = catalogue.load(name_or_file)
        results = night.run(
            campaign, directory, fresh=fresh, until=deadline, max_trials=max_trials,
            max_hours=max_hours, retry_failed=retry_failed, anyway=anyway, workers=workers,
            dask=dask, store=store, lease=lease,
        )  # fmt: skip
    except KeyboardInterrupt:  # before the first trial, or while the report was written
        typer.echo(f"interrupted; nothing is lost.\nTo go on: {again}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        typer.echo(results.summary.model_dump_json(by_alias=True, indent=1))
    else:
        typer.echo(str(results))
        typer.echo(f"\nReport: {results.report}")
    if results.summary.timing.runs[-1].ending == "stopped as hopeless":
        typer.echo(f"To run all the same: {again} --anyway", err=True)
        raise typer.Exit(_HOPELESS)
    if not results.summary.finished:
        typer.echo(f"To go on: {again}", err=True)
        raise typer.Exit(INTERRUPTED)


@app.command()
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
    raise typer.Exit(INTERRUPTED)


@app.command()
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
        campaign, stated, nights=nights, null=differing, seed=seed, progress=sys.stderr
    )
    typer.echo(found.model_dump_json(indent=1) if as_json else str(found))


@app.command()
def status(directory: Directory = None, *, as_json: Json = False) -> None:
    """Say how far a campaign is and whether it is running; never disturbs it."""
    from daybreak import night

    results = night.open_(find(directory))
    holders = night.running(results.directory)
    summary = results.summary
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "campaign": summary.campaign, "directory": str(results.directory),
                    "running": holders, "finished": summary.finished, "verdict": summary.verdict,
                    "progress": summary.progress.model_dump(),
                    "studies": [
                        {"name": s.name, "state": s.state, "verdict": s.verdict,
                         "trials": s.metrics.trials, "failed_trials": s.metrics.failed_trials}
                        for s in summary.studies
                    ],
                },
                indent=1,
            )
        )  # fmt: skip
        return
    state = "finished" if summary.finished else summary.timing.runs[-1].ending
    if holders:
        state = f"running ({', '.join(holders)})"
    typer.echo(f"{summary.campaign} in {results.directory}: {state}")
    done = summary.progress
    typer.echo(
        f"{done.finished} of {done.studies} studies, {done.trials} trials, {done.failed} failed"
    )
    for study in summary.studies:
        typer.echo(
            f"  {study.state:9} {study.verdict:10} {study.name}: {study.metrics.trials} trials"
        )


@app.command()
def report(directory: Directory = None, *, as_json: Json = False) -> None:
    """Rebuild report.html, report.md and summary.json from the ledger alone."""
    from daybreak import night
    from daybreak.report.files import write_report

    results = night.open_(find(directory))
    place = results.directory
    if place.is_file():  # a packed run: the report goes beside it
        place = place.with_suffix("")
    try:
        written = write_report(place, results.summary)
    except OSError as error:
        raise unwritable(place, error) from error
    if as_json:
        typer.echo(results.summary.model_dump_json(by_alias=True, indent=1))
        return
    for path in written.values():
        typer.echo(str(path))


@app.command()
def verdict(directory: Directory = None, *, as_json: Json = False) -> None:
    """Print the verdict; exit status 0 PASS, 1 FAIL, 3 UNDECIDED, 4 SOFT_PASS."""
    from daybreak import night

    results = night.open_(find(directory))
    summary = results.summary
    if as_json:
        studies = {study.name: study.verdict for study in summary.studies}
        decision = summary.decision.name if summary.decision else None
        found = {"verdict": summary.verdict, "decision": decision, "studies": studies}
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo(str(results))
    raise typer.Exit(_VERDICT_STATUS[summary.verdict])


exports = typer.Typer(
    help="Write trials, or the best one with everything that reproduces it.",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
app.add_typer(exports, name="export")


@exports.command("trials")
def export_trials(
    directory: Directory = None, *, output: Output = None, as_json: Json = False
) -> None:
    """Write every trial with its full configuration as a CSV table (or JSON)."""
    from daybreak.sharing import trials_as_text

    count, text = trials_as_text(find(directory), as_json=as_json)
    deliver(text, output, f"{count} trials")


@exports.command("best")
def export_best(
    directory: Directory = None,
    *,
    study: Annotated[
        str | None, typer.Option(help="By default the study with the lowest chi2.")
    ] = None,
    trial: Annotated[
        str | None, typer.Option(help="The key of a trial, in place of a study's best.")
    ] = None,
    output: Output = None,
) -> None:
    """Write the best trial as JSON: all that `daybreak rerun` needs beside the model's code."""
    from daybreak.sharing import export_trial

    found = export_trial(find(directory), study=study, key=trial)
    deliver(found.model_dump_json(by_alias=True, indent=1), output, f"trial {found.key[:12]}")


@exports.command("records")
def export_records(
    directory: Directory = None,
    *,
    study: Annotated[str | None, typer.Option(help="By default every search of the run.")] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER", help="Where; by default records/ beside the report.",
            show_default=False,
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", help="Also when the best trial lacks what all others recorded."
        ),
    ] = False,
) -> None:  # fmt: skip
    """Write each search, finished or living, as files: every trial, the best one, a summary.

    FOLDER/STUDY/ gets best.json, trials/trial_0000.json and so on, all_trials.json (best first),
    trials.csv, study_summary.json and study_summary.md.

    The ledger is only read. Given again, the command brings its own files up to date; a file that
    it did not write, or that was changed since, is never replaced.
    """
    from daybreak.records import write_records

    place = find(directory)
    try:
        written = write_records(place, study, to, anyway=anyway)
    except OSError as error:
        raise unwritable(Path(error.filename or to or place), error) from error
    for one in written:
        typer.echo(f"{one.study}: {one.trials} trials written to {one.folder}")
        for remark in one.remarks:
            typer.echo(f"{one.study}: {remark}", err=True)


Target = Annotated[
    str, typer.Option("--to", metavar="FILE_OR_URL", help="A SQLite file, or a database's URL.")
]


@exports.command("optuna")
def export_optuna(
    directory: Directory = None,
    *,
    to: Target,
    study: Annotated[str | None, typer.Option(help="Which search, if there are several.")] = None,
) -> None:
    """Write a search into an Optuna storage, for its dashboard."""
    from daybreak.exchange import to_optuna

    name, count = to_optuna(find(directory), to, study)
    typer.echo(f"{count} trials written to {to} as study {name!r}")


imports = typer.Typer(
    help="Take results from elsewhere, for Search(known=...).",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
app.add_typer(imports, name="import")


@imports.callback()
def _imports() -> None:
    """Take results from elsewhere, for Search(known=...)."""


@imports.command("optuna")
def import_optuna(
    storage: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="An Optuna storage.")],
    *,
    study: Annotated[str | None, typer.Option(help="Which study, if there are several.")] = None,
    objectives: Annotated[
        str, typer.Option(metavar="NAME,...", help="Names of its values, in order.")
    ] = "",
    output: Output = None,
) -> None:
    """Write the completed trials of an Optuna study as JSON, for Search(known=json.load(...))."""
    from daybreak.exchange import from_optuna

    names = [name.strip() for name in objectives.split(",") if name.strip()]
    found = from_optuna(storage, study, names)
    deliver(json.dumps(found, indent=1), output, f"{len(found)} trials")


app.add_typer(data_commands, name="data")


@app.command()
def rerun(
    file: Annotated[Path, typer.Argument(metavar="BEST.json", help="What `export best` wrote.")],
    name_or_file: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME_OR_FILE",
            show_default=False,
            help="The campaign; by default where it was loaded from.",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Make an exported trial again and compare; exit status 1 when the numbers differ."""
    from daybreak.sharing import read_export, rerun

    keep_compilations()
    found = rerun(read_export(file), name_or_file)
    typer.echo(found.model_dump_json(indent=1) if as_json else found.sentence)
    raise typer.Exit(0 if found.same else 1)


@app.command()
def pack(directory: Directory = None, *, output: Output = None) -> None:
    """Write a run, finished or living, into one file that `report` opens anywhere."""
    from daybreak.sharing import pack as packed

    typer.echo(str(packed(find(directory), output)))


@app.command()
def doctor(directory: Directory = None, *, as_json: Json = False) -> None:
    """Print environment, devices, and the health of a ledger; exit status 1 when it is ill."""
    from daybreak.errors import LedgerError
    from daybreak.health import examine

    place = None
    try:
        place = find(directory)
    except LedgerError:
        if directory is not None:
            raise
    found = examine(place)
    typer.echo(found.model_dump_json(indent=1) if as_json else str(found))
    raise typer.Exit(1 if found.problems else 0)


if __name__ == "__main__":
    main()
