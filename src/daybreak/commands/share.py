"""Commands that carry a run or a trial elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daybreak.commands.shell import Directory, Json, Output, find, keep_compilations


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


def pack(directory: Directory = None, *, output: Output = None) -> None:
    """Write a run, finished or living, into one file that `report` opens anywhere."""
    from daybreak.sharing import pack as packed

    typer.echo(str(packed(find(directory), output)))
