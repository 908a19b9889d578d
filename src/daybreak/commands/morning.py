"""Commands of the morning: how far it is, what it found, and the verdict."""

from __future__ import annotations

import json

import typer

from daybreak.commands.shell import Directory, Json, find, unwritable

_VERDICT_STATUS = {"PASS": 0, "FAIL": 1, "UNDECIDED": 3, "SOFT_PASS": 4}


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
