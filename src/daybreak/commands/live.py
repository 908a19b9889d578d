"""Commands that look on while a campaign runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from daybreak.commands.shell import Directory, Json, find


def watch(
    directory: Directory = None,
    *,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and return.")] = False,
    as_json: Json = False,
) -> None:
    """Look on while a campaign runs; Ctrl-C leaves the watch, never the run.

    Studies, progress, rate, finish with an 80 % interval, best so far, failures, and who works.
    It ends with the campaign.
    """
    from daybreak.live import look
    from daybreak.watching import frame
    from daybreak.watching import watch as follow

    place = find(directory)
    if as_json:
        typer.echo(json.dumps(look(place).as_data(), indent=1))
        return
    if once:
        typer.echo(frame(look(place)))
        return
    try:
        if sys.stdout.isatty():
            _follow_on_screen(place, every)
        else:
            follow(place, sys.stdout, every)
    except KeyboardInterrupt:
        typer.echo("left; the run was not touched.", err=True)
        return
    from daybreak import night

    typer.echo(str(night.open_(place)).partition("\n\n")[0])
    typer.echo(f"\nThe whole report: daybreak report {place}")


def _follow_on_screen(place: Path, every: float) -> None:
    """Frames that replace one another."""
    from rich.live import Live
    from rich.text import Text

    from daybreak.watching import watch as follow

    with Live(Text(""), auto_refresh=False) as screen:

        def draw(text: str) -> None:
            screen.update(Text(text, no_wrap=True), refresh=True)

        follow(place, sys.stdout, every, draw)
