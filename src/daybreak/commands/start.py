"""Commands to begin with: what there is to run, and whether all is well."""

from __future__ import annotations

import json

import typer

from daybreak.commands.shell import Directory, Json, find


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
