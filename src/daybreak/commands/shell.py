"""What the commands share: options, finding a run, the clock, the background."""

from __future__ import annotations

import glob
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from daybreak.ledger.endings import Ending

_GRACE = 7.0
"""Seconds after SIGTERM in which a run may end by itself.

Docker waits ten seconds before it kills, SLURM thirty.
"""
_SETTLING = 3.0
"""Seconds in which a detached run shows whether it can begin.

A choice: what cannot begin says so while the problem is checked, within a second or two.
"""


def _runs(incomplete: str) -> list[str]:
    """Runs in runs/ that a word may mean, for the shell's completion."""
    from daybreak.runs import places

    return [name for name in places(Path("runs")) if name.startswith(incomplete)]


def _campaigns(incomplete: str) -> list[str]:
    """Built-in campaigns and study files that a word may mean."""
    from daybreak import catalogue

    there = glob.glob(f"{glob.escape(incomplete)}*")  # noqa: PTH207 - as typed, absolute or not
    here = [f"{name}/" if Path(name).is_dir() else name for name in there]
    files = [name for name in here if name.endswith((".py", "/"))]
    return sorted([*(n for n in catalogue.names() if n.startswith(incomplete)), *files])


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Directory = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR",
        help="Directory of a run, or a campaign's name; by default the latest in runs/.",
        show_default=False,
        autocompletion=_runs,
    ),
]

Campaign = Annotated[
    str,
    typer.Argument(
        metavar="NAME_OR_FILE",
        autocompletion=_campaigns,
        help="A campaign's name, file.py, or file.py:name of the campaign.",
    ),
]
MaxTrials = Annotated[int | None, typer.Option(min=1, help="Stop after this many new trials.")]
MaxHours = Annotated[
    float | None, typer.Option(help="Stop after this many hours; sleep does not count.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Worker processes; by default as many as help.", show_default=False),
]
Dask = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Dask: tcp://host:port, local:4, slurm:8.")
]
Store = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Ledger in PostgreSQL: postgresql://user@host/name."),
]
Lease = Annotated[
    float,
    typer.Option(min=5.0, help="Seconds of silence after which another host's run is dead."),
]
Notify = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="DAYBREAK_NOTIFY",
        help="Say here how it ended, e.g. ntfy://topic; of apprise's kinds.",
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to a file, not standard output.")
]


def find(directory: Path | None) -> Path:
    """The run meant: a directory, a packed file, a campaign's name, or the latest run."""
    from daybreak.errors import LedgerError
    from daybreak.ledger.place import FILE, STORE

    if directory is not None:
        if directory.suffix == ".py" and directory.is_file():
            msg = (
                f"{directory} is a campaign file, and runs are named by their directory or their "
                "campaign; leave it out for the latest run, or name one of those in runs/."
            )
            raise LedgerError(msg)
        named = Path("runs") / directory
        return named if not directory.exists() and named.exists() else directory
    here = Path("runs")
    ledgers = sorted([*here.glob(f"*/{FILE}"), *here.glob(f"*/{STORE}")], key=_written)
    if not ledgers:
        msg = "there is no run in runs/; name its directory, or start one with `daybreak run`."
        raise LedgerError(msg)
    return ledgers[-1].parent


def _written(ledger: Path) -> float:
    """When a ledger was last written, in seconds; SQLite keeps the newest part beside it."""
    parts = (ledger, ledger.with_name(f"{ledger.name}-wal"))
    there = (p.stat() for p in parts if p.exists())
    return max((status.st_mtime for status in there if status.st_size > 0), default=0.0)


def unwritable(path: Path, error: OSError) -> Exception:
    """The error that says so."""
    from daybreak.errors import DaybreakError

    return DaybreakError(f"cannot write {path} ({error.strerror}); choose another place.")


def numbers(option: str, text: str) -> dict[str, float]:
    """Read ``a1=4,k1=1.4``."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            found[name] = float(value)
        except ValueError:
            msg = f"{option} takes numbers by name such as a1=4,k1=1.4, but got {part.strip()!r}."
            raise typer.BadParameter(msg) from None
    return found


def next_time(clock: str) -> datetime:
    """The next time the clock shows HH:MM."""
    try:
        wanted = datetime.strptime(clock, "%H:%M").time()  # noqa: DTZ007 - the wall clock is meant
    except ValueError:
        msg = f"--until takes a time of day such as 07:00, but got {clock!r}."
        raise typer.BadParameter(msg) from None
    moment = datetime.now().astimezone()
    target = moment.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    return target if target > moment else target + timedelta(days=1)


def stop_when_terminated() -> None:
    """Stop at SIGTERM as by Ctrl-C; and soon, though a call of a model may not let go."""

    def terminate(_number: int, _frame: Any) -> None:
        msg = "stopped by SIGTERM"
        raise KeyboardInterrupt(msg)

    def insist() -> None:
        while signal.SIGTERM not in os.read(reader, 64):
            pass
        time.sleep(_GRACE)
        from daybreak.ledger.runs import end_all

        end_all(Ending.INTERRUPTED, "stopped by SIGTERM in the middle of a trial")
        os._exit(Ending.INTERRUPTED.status)

    # Handlers run in the main thread, between two steps of Python; bytes come at once.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGTERM, terminate)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=insist, name="daybreak-terminate", daemon=True).start()


def detached(name_or_file: str, directory: Path | None, notify: str | None) -> None:
    """Start the same command again, without the terminal, and say where it can be watched."""
    from daybreak.catalogue import load
    from daybreak.ledger.place import OUT, prepare

    if notify:
        from daybreak.notify import Notifier

        Notifier(notify, typer.echo)  # or say now what is wrong with it

    place = directory or Path("runs") / load(name_or_file).name
    prepare(place)
    words, environment = _again(sys.argv[1:], notify)
    told = place / OUT
    before = told.stat().st_size if told.exists() else 0
    with told.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - this very command
            [sys.executable, "-m", "daybreak.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=environment,
        )
    time.sleep(_SETTLING)
    if process.poll() not in (None, 0):
        typer.echo(told.read_bytes()[before:].decode(errors="replace").strip(), err=True)
        raise typer.Exit(process.returncode)
    where = shlex.quote(str(place))
    typer.echo(f"running as process {process.pid}; what it says goes to {told}")
    typer.echo(f"Look: daybreak status {where}\nStop: daybreak stop {where}")


def _again(words: list[str], notify: str | None) -> tuple[list[str], dict[str, str]]:
    """Words and environment of the same command; an address is no word for all to see."""
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word not in ("--detach", "--notify") and not word.startswith("--notify="):
            kept.append(word)
        skip = word == "--notify"
    environment = dict(os.environ)
    if notify:
        environment["DAYBREAK_NOTIFY"] = notify
    return kept, environment


def keep_compilations() -> None:
    """Let JAX, when a model loads it, keep what it compiles for the next run."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(cache) / "daybreak" / "jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def deliver(text: str, output: Path | None, what: str) -> None:
    """Print a text, or write it to a file and say so."""
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(f"{text}\n")
    except OSError as error:
        raise unwritable(output, error) from error
    typer.echo(f"{what} written to {output}", err=True)
