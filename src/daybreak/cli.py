"""The command line: thin, and quick to answer `--help`.

Exit status: `run` 0 when the campaign reached its end whatever the verdict, 3 when interrupted
with work left, 5 when preflight finds it hopeless; `verdict` 0 PASS, 1 FAIL, 3 UNDECIDED,
4 SOFT_PASS; 2 is always a usage error.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

_VERDICT_STATUS = {"PASS": 0, "FAIL": 1, "UNDECIDED": 3, "SOFT_PASS": 4}
_INTERRUPTED = 3
_USAGE = 2
_HOPELESS = 5
_STOPPING = 60
"""Half seconds for which `stop` waits."""
_SETTLING = 3.0
"""Seconds in which a detached run shows whether it can begin."""

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

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Directory = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR",
        help="Directory of a run, or a campaign's name; by default the latest in runs/.",
        show_default=False,
    ),
]


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
    name_or_file: Annotated[
        str,
        typer.Argument(
            metavar="NAME_OR_FILE",
            help="A campaign's name, file.py, or file.py:name of the campaign.",
        ),
    ],
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

    _keep_compilations()
    found = examine(catalogue.load(name_or_file), budget)
    typer.echo(found.model_dump_json(indent=1) if as_json else render(found))
    if found.hopeless:
        raise typer.Exit(_HOPELESS)


@app.command()
def run(
    name_or_file: Annotated[
        str,
        typer.Argument(
            metavar="NAME_OR_FILE",
            help="A campaign's name, file.py, or file.py:name of the campaign.",
        ),
    ],
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
    max_trials: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many new trials.")
    ] = None,
    max_hours: Annotated[
        float | None, typer.Option(help="Stop after this many hours; sleep does not count.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed trials again.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Worker processes; by default as many as help.", show_default=False
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask: tcp://host:port, local:4, slurm:8."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Ledger in PostgreSQL: postgresql://user@host/name."),
    ] = None,
    lease: Annotated[
        float,
        typer.Option(min=5.0, help="Seconds of silence after which another host's run is dead."),
    ] = 60.0,
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

    deadline = None if until is None else _next(until)
    if detach:
        _detach(name_or_file, directory)
        return
    signal.signal(signal.SIGTERM, _terminate)
    _keep_compilations()
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
            workers=workers,
            dask=dask,
            store=store,
            lease=lease,
        )
    except KeyboardInterrupt:  # before the first trial, or while the report was written
        typer.echo(f"interrupted; nothing is lost.\nTo go on: {again}", err=True)
        raise typer.Exit(_INTERRUPTED) from None
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
        raise typer.Exit(_INTERRUPTED)


@app.command()
def stop(directory: Directory = None) -> None:
    """Ask a running campaign to stop cleanly, and wait until it has."""
    import time

    from daybreak import night
    from daybreak.ledger.place import remembered
    from daybreak.ledger.store import Ledger

    place = _find(directory)
    if not night.running(place):
        typer.echo(f"nothing is running in {place}.")
        return
    ledger = Ledger(place, write=True, server=remembered(place))
    ledger.ask_to_stop("stopped by `daybreak stop`")
    ledger.close()
    for _ in range(_STOPPING):
        if not night.running(place):
            typer.echo("stopped; nothing is lost, and `daybreak run` goes on.")
            return
        time.sleep(0.5)
    typer.echo("asked to stop, but still running: a trial does not let go.", err=True)
    raise typer.Exit(_INTERRUPTED)


@app.command()
def rehearse(
    name_or_file: Annotated[
        str,
        typer.Argument(
            metavar="NAME_OR_FILE",
            help="A campaign's name, file.py, or file.py:name of the campaign.",
        ),
    ],
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

    stated = _numbers("--truth", truth)
    differing = None if null is None else _numbers("--null", null)
    _keep_compilations()
    campaign = catalogue.load(name_or_file)
    found = rehearsal.rehearse(
        campaign, stated, nights=nights, null=differing, seed=seed, progress=sys.stderr
    )
    typer.echo(found.model_dump_json(indent=1) if as_json else str(found))


@app.command()
def status(directory: Directory = None, *, as_json: Json = False) -> None:
    """Say how far a campaign is and whether it is running; never disturbs it."""
    from daybreak import night

    results = night.open_(_find(directory))
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
    state = summary.timing.runs[-1].ending
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

    results = night.open_(_find(directory))
    try:
        written = write_report(results.directory, results.summary)
    except OSError as error:
        raise _unwritable(results.directory, error) from error
    if as_json:
        typer.echo(results.summary.model_dump_json(by_alias=True, indent=1))
        return
    for path in written.values():
        typer.echo(str(path))


@app.command()
def verdict(directory: Directory = None, *, as_json: Json = False) -> None:
    """Print the verdict; exit status 0 PASS, 1 FAIL, 3 UNDECIDED, 4 SOFT_PASS."""
    from daybreak import night

    results = night.open_(_find(directory))
    summary = results.summary
    if as_json:
        studies = {study.name: study.verdict for study in summary.studies}
        decision = summary.decision.name if summary.decision else None
        found = {"verdict": summary.verdict, "decision": decision, "studies": studies}
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo(str(results))
    raise typer.Exit(_VERDICT_STATUS[summary.verdict])


@app.command()
def export(
    directory: Directory = None,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a file, not standard output.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write every trial with its full configuration as a CSV table (or JSON)."""
    import csv
    import io

    from daybreak.ledger.export import trial_rows
    from daybreak.ledger.store import Ledger

    ledger = Ledger(_find(directory))
    rows = trial_rows(ledger.read())
    ledger.close()
    if as_json:
        text = json.dumps(rows, indent=1)
    else:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        buffer = io.StringIO()
        table = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        text = buffer.getvalue().rstrip("\n")
    if output is None:
        typer.echo(text)
    else:
        try:
            output.write_text(f"{text}\n")
        except OSError as error:
            raise _unwritable(output, error) from error
        typer.echo(f"{len(rows)} trials written to {output}", err=True)


def _find(directory: Path | None) -> Path:
    """The directory meant: a path, a campaign's name, or the latest run."""
    from daybreak.errors import LedgerError
    from daybreak.ledger.place import FILE

    if directory is not None:
        named = Path("runs") / directory
        return named if not directory.exists() and named.exists() else directory
    ledgers = sorted(Path("runs").glob(f"*/{FILE}"), key=_written)
    if not ledgers:
        msg = "there is no run in runs/; name its directory, or start one with `daybreak run`."
        raise LedgerError(msg)
    return ledgers[-1].parent


def _written(ledger: Path) -> float:
    """When a ledger was last written, in seconds; SQLite keeps the newest part beside it."""
    parts = (ledger, ledger.with_name(f"{ledger.name}-wal"))
    there = (p.stat() for p in parts if p.exists())
    return max((status.st_mtime for status in there if status.st_size > 0), default=0.0)


def _unwritable(path: Path, error: OSError) -> Exception:
    from daybreak.errors import DaybreakError

    return DaybreakError(f"cannot write {path} ({error.strerror}); choose another place.")


def _numbers(option: str, text: str) -> dict[str, float]:
    """Read ``a1=4,k1=1.4``."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            found[name] = float(value)
        except ValueError:
            msg = f"{option} takes numbers by name such as a1=4,k1=1.4, but got {part.strip()!r}."
            raise typer.BadParameter(msg) from None
    return found


def _next(clock: str) -> datetime:
    """The next time the clock shows HH:MM."""
    try:
        wanted = datetime.strptime(clock, "%H:%M").time()  # noqa: DTZ007 - the wall clock is meant
    except ValueError:
        msg = f"--until takes a time of day such as 07:00, but got {clock!r}."
        raise typer.BadParameter(msg) from None
    moment = datetime.now().astimezone()
    target = moment.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    return target if target > moment else target + timedelta(days=1)


def _terminate(_number: int, _frame: Any) -> None:
    msg = "stopped by SIGTERM"
    raise KeyboardInterrupt(msg)


def _detach(name_or_file: str, directory: Path | None) -> None:
    """Start the same command again, without the terminal, and say where it can be watched."""
    import subprocess
    import time

    from daybreak import catalogue
    from daybreak.ledger.place import prepare

    place = directory or Path("runs") / catalogue.load(name_or_file).name
    prepare(place)
    words = [word for word in sys.argv[1:] if word != "--detach"]
    with (place / "night.out").open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - this very command
            [sys.executable, "-m", "daybreak.cli", *words],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    time.sleep(_SETTLING)
    if process.poll() not in (None, 0):
        typer.echo((place / "night.out").read_text().splitlines()[-1], err=True)
        raise typer.Exit(process.returncode)
    where = shlex.quote(str(place))
    typer.echo(f"running as process {process.pid}; what it says goes to {place / 'night.out'}")
    typer.echo(f"Look: daybreak status {where}\nStop: daybreak stop {where}")


def _keep_compilations() -> None:
    """Let JAX, when a model loads it, keep what it compiles for the next run."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(cache) / "daybreak" / "jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


if __name__ == "__main__":
    main()
