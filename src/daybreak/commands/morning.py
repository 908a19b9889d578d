"""Commands of the morning: how far it is, what it found, and the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.commands.shell import Directory, Json, find, unwritable
from daybreak.ledger.endings import Ending

if TYPE_CHECKING:
    from daybreak.night import Results

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
                    "campaign": summary.campaign,
                    "directory": str(results.directory),
                    "running": holders,
                    "finished": summary.finished,
                    "verdict": summary.verdict,
                    "progress": summary.progress.model_dump(),
                    "studies": [
                        {
                            "name": s.name,
                            "state": s.state,
                            "verdict": s.verdict,
                            "trials": s.metrics.trials,
                            "failed_trials": s.metrics.failed_trials,
                        }
                        for s in summary.studies
                    ],
                },
                indent=1,
            )
        )
        return
    state = Ending.FINISHED.said if summary.finished else summary.timing.runs[-1].ending
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


def report(
    directory: Directory = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every run of runs/, or of DIR, and their index.html.")
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="Put two runs side by side, in one page."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Of --compare: where; default A-beside-B.html.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Rebuild report.html, report.md and summary.json from the ledger alone."""
    from daybreak import night
    from daybreak.runs import places

    if compare is not None:
        _compare(find(compare[0]), find(compare[1]), output)
        return
    if every:
        folder = directory or Path("runs")
        for place in places(folder).values():
            _rebuild(night.open_(place), as_json=False)
        index(folder)
        return
    _rebuild(night.open_(find(directory)), as_json=as_json)


def _rebuild(results: Results, *, as_json: bool) -> None:
    from daybreak.report.files import write_report

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


def index(folder: Path) -> None:
    """Write the page that lists every run of a folder."""
    from daybreak.runs import PAGE, write_index

    try:
        path = write_index(folder)
    except OSError as error:
        raise unwritable(folder / PAGE, error) from error
    told = path or f"{folder / PAGE} is not Daybreak's; it was left as it is"
    typer.echo(f"All runs: {told}", err=path is None)


def _compare(one: Path, two: Path, output: Path | None) -> None:
    from daybreak import night
    from daybreak.report import compare_page
    from daybreak.report.comparison import Side, compare
    from daybreak.report.files import write_whole

    names = [path.resolve().name for path in (one, two)]
    labels = names if names[0] != names[1] else [str(one), str(two)]
    if one.resolve() == two.resolve():
        labels = [f"{names[0]} (1)", f"{names[0]} (2)"]
    sides = [
        Side(label, night.open_(path).summary)
        for label, path in zip(labels, (one, two), strict=True)
    ]
    compared = compare(*sides)
    path = output or Path(f"{names[0]}-beside-{names[1]}.html")
    try:
        write_whole(path, compare_page.render(compared))
    except OSError as error:
        raise unwritable(path, error) from error
    typer.echo(f"{compare_page.text(compared)}\n\nPage: {path}")


def verdict(directory: Directory = None, *, as_json: Json = False) -> None:
    """Print the verdict; exit status 0 PASS, 1 FAIL, 3 UNDECIDED, 4 SOFT_PASS."""
    from daybreak import night

    results = night.open_(find(directory))
    summary = results.summary
    if as_json:
        studies = {study.name: study.verdict for study in summary.studies}
        decision = summary.decision.name if summary.decision else None
        found = {
            "verdict": summary.verdict,
            "decision": decision,
            "no_decision": summary.no_decision,
            "studies": studies,
        }
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo(str(results))
    raise typer.Exit(_VERDICT_STATUS[summary.verdict])
