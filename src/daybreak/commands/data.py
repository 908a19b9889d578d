"""The commands about data files: register them, and see later whether they are still the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from daybreak.commands.shell import Json

_CHANGED = 1
"""Exit status of `verify` when a file is missing or differs."""

Where = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        help="A manifest, or the folder of manifest.json; by default data/.",
        show_default=False,
    ),
]

commands = typer.Typer(
    help="Register data files, and verify that they are still the same.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.command()
def verify(path: Where = None, *, as_json: Json = False) -> None:
    """Compare registered files with their fingerprints; exit status 1 when one differs."""
    from daybreak.manifest import Manifest, State

    checks = Manifest(_manifest(path)).verify()
    if as_json:
        found = [{"state": c.state, **c.entry.model_dump(mode="json")} for c in checks]
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo("\n".join(check.sentence for check in checks) or "nothing is registered")
    raise typer.Exit(_CHANGED if any(check.state is not State.SAME for check in checks) else 0)


@commands.command()
def register(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An existing data file.")],
    path: Where = None,
    *,
    dataset: Annotated[
        str | None, typer.Option(help="What it is called; by default its name without ending.")
    ] = None,
    version: Annotated[int, typer.Option(min=1, help="Versions stand beside each other.")] = 1,
    source: Annotated[
        list[Path] | None, typer.Option(help="A file it was made from; may be repeated.")
    ] = None,
    note: Annotated[str, typer.Option(help="Anything worth keeping.")] = "",
    as_json: Json = False,
) -> None:
    """Add a file's fingerprints to a manifest; earlier entries stay as history."""
    from daybreak.manifest import Manifest, fingerprints

    marks = [fingerprints(one)[1] for one in source or []]
    entry = Manifest(_manifest(path)).register(
        file, dataset or file.stem, version, sources=marks, note=note
    )
    told = f"{entry.dataset} v{entry.version}: {entry.sha256}"
    typer.echo(entry.model_dump_json(indent=1) if as_json else told)


def _manifest(path: Path | None) -> Path:
    """The file meant."""
    place = path or Path("data")
    return place if place.suffix == ".json" else place / "manifest.json"
