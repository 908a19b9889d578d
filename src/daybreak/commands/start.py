"""Commands to begin with: what there is to run, and whether all is well."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from daybreak.commands.shell import Directory, Json, Output, find, unwritable


def init(
    data: Annotated[
        Path, typer.Argument(metavar="DATA.csv", help="A table of numbers with a heading.")
    ],
    *,
    measured: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What was measured; asked for.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="line, decay, two-decays, peak or power; asked for."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Against what; the first other column."),
    ] = None,
    sigma: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN_OR_NUMBER",
            help="One standard deviation; a column called sigma, error, ..., or from the scatter.",
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Write a commented study file for a CSV, after two questions or with the flags."""
    from daybreak.errors import DaybreakError
    from daybreak.starter import write
    from daybreak.starter.shapes import SHAPES
    from daybreak.starter.table import read

    path = output or Path(f"{_module(data)}_study.py")
    if path.exists():
        msg = f"{path} is there already; nothing was changed. Choose another --output."
        raise DaybreakError(msg)
    table = read(data)
    if measured is None:
        names = ", ".join(column.name for column in table.columns)
        measured = _ask(
            f"Columns: {names}\nWhich one was measured?", write.measured(table).name, "--measured"
        )
    if model is None:
        listed = "\n".join(f"  {name:11} {shape.words}" for name, shape in SHAPES.items())
        model = _ask(f"{listed}\nWhich curve is nearest to your model?", "line", "--model")
    text = write.study_file(table, write.Choices(measured, against, sigma, model), path)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
    typer.echo(
        f"{path} written; read it and make it yours.\nNext: daybreak plan {shlex.quote(str(path))}"
    )


def _module(data: Path) -> str:
    """A file name that Python takes, from that of the data."""
    return re.sub(r"\W+", "_", data.stem, flags=re.ASCII).strip("_") or "my"


def _ask(question: str, usual: str, option: str) -> str:
    from daybreak.errors import DaybreakError

    try:
        return str(typer.prompt(question, default=usual))
    except typer.Abort:
        msg = f"no answer, and nothing was written; answer, or give {option}."
        raise DaybreakError(msg) from None


def campaigns(*, as_json: Json = False) -> None:
    """List the campaigns that can be run by name."""
    from daybreak import catalogue

    found = [{"name": name, "description": catalogue.describe(name)} for name in catalogue.names()]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for entry in found:
        typer.echo(f"{entry['name']}\n    {entry['description']}")


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
