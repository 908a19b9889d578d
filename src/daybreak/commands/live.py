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


def serve(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="A folder of runs, one run, or a campaign's name; by default runs/.",
            show_default=False,
        ),
    ] = None,
    *,
    host: Annotated[str, typer.Option(help="Address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between looks.")] = 2.0,
    tunnel: Annotated[
        bool,
        typer.Option("--tunnel", help="Ask for a token, as others will reach it by a tunnel."),
    ] = False,
) -> None:
    """Serve live pages of all runs: progress, report as it grows, log, every trial.

    They only show, and only this machine is answered. From elsewhere, bring the port there, e.g.
    `ssh -L 8765:localhost:8765 HOST`; or let a tunnel program publish it, with --tunnel. With
    another --host, or --tunnel, a token is asked for: DAYBREAK_TOKEN, or one made up and printed.
    """
    from daybreak.serve import start

    place = find(folder) if folder else Path("runs")
    start(place, host, port, every, tunnel=tunnel, say=typer.echo)


def _follow_on_screen(place: Path, every: float) -> None:
    """Frames that replace one another."""
    from rich.live import Live
    from rich.text import Text

    from daybreak.watching import watch as follow

    with Live(Text(""), auto_refresh=False) as screen:

        def draw(text: str) -> None:
            screen.update(Text(text, no_wrap=True), refresh=True)

        follow(place, sys.stdout, every, draw)
