"""The command line: thin, and quick to answer `--help`.

Exit status: `run` 0 when the campaign reached its end whatever the verdict, 1 when no counted
study has a result, 3 when interrupted with work left, 5 when preflight stops it; `verdict` 0 PASS,
1 FAIL, 3 UNDECIDED, 4 SOFT_PASS; 2 is always a usage error.
"""

from __future__ import annotations

import os
import sys

import typer

from daybreak.commands import data, export, imports, live, morning, night, share, start

_USAGE = 2

app = typer.Typer(
    help=(
        "Parameter studies that run overnight: know before whether they can succeed, lose "
        "nothing, wake up to a verdict you can defend."
    ),
    epilog="Start with `daybreak init DATA.csv`, or with `daybreak campaigns`.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; what goes wrong on purpose is a sentence, not a traceback."""
    from daybreak.errors import DaybreakError

    try:
        app()
    except DaybreakError as error:
        typer.echo(f"daybreak: {error}", err=True)
        sys.exit(_USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


for command in (
    start.init,
    start.campaigns,
    night.preflight,
    night.plan,
    night.run,
    night.stop,
    night.rehearse,
    live.watch,
    live.serve,
    morning.status,
    morning.report,
    morning.verdict,
    share.rerun,
    share.pack,
    start.doctor,
):
    app.command()(command)
app.add_typer(export.exports, name="export")
app.add_typer(imports.imports, name="import")
app.add_typer(data.commands, name="data")


if __name__ == "__main__":
    main()
