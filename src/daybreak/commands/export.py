"""Commands that write what a run found: trials, the best one, records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daybreak.commands.shell import Directory, Json, Output, deliver, find, unwritable

exports = typer.Typer(
    help="Write trials, or the best one with everything that reproduces it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


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
            "--to",
            metavar="FOLDER",
            help="Where; by default records/ beside the report.",
            show_default=False,
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also when the best trial lacks what all others recorded."),
    ] = False,
) -> None:
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


@exports.command("paper")
def export_paper(
    directory: Directory = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FOLDER",
            help="Where; by default paper/ beside the report.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write rounded LaTeX tables, and each picture as PDF with its numbers as CSV."""
    from daybreak import night
    from daybreak.paper import FOLDER, write_paper

    results = night.open_(find(directory))
    place = results.directory
    folder = to or (place.with_suffix("") if place.is_file() else place) / FOLDER
    try:
        written = write_paper(results.summary, folder)
    except OSError as error:
        raise unwritable(Path(error.filename or folder), error) from error
    for path in written:
        typer.echo(str(path))


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
