"""Commands that take results from elsewhere."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from daybreak.commands.shell import Output, deliver

imports = typer.Typer(
    help="Take results from elsewhere, for Search(known=...).",
    no_args_is_help=True,
    rich_markup_mode=None,
)


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
