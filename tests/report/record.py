"""Run the small nights and keep their ledgers, without what only their machine was.

``python -m tests.report.record [NAME ...]`` takes some minutes. Then renew the golden texts with
``DAYBREAK_UPDATE_GOLDEN=1 pytest tests/report`` and read what changed in them.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.place import FILE
from tests.report.nights import NIGHTS
from tests.report.recorded import keep

EVENING = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)
PER_TRIAL, PER_MOMENT = 6.0, 60.0
"""Seconds that every trial is said to have taken, and that lie between two moments."""
PATH = re.compile(r'File \\"/[^"]*/')
"""Folder of a file in a traceback, in JSON."""
STAMP = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00")
HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
ANYWHERE = {
    "commit": "",
    "changes": "",
    "platform": "Linux",
    "processor": "a processor",
    "sources": {},
}
"""What provenance says of the machine, as it is kept."""


def main(names: list[str]) -> None:
    """Record the nights of these names, or all."""
    for name in names or NIGHTS:
        with TemporaryDirectory() as folder:
            NIGHTS[name](Path(folder) / name)
            path = keep(name, anonymous(Path(folder) / name / FILE))
        print(f"{path.name}: {path.stat().st_size} bytes", flush=True)


def anonymous(path: Path) -> str:
    """A ledger as SQL: no host, no path, every trial as long as the other, moments in order."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as c:
        here = {"owner": "process 1 on workstation", "host": "workstation"}
        c.execute(t.runs.update().values(**here, pid=1, born=0.0, beat=0))
        c.execute(t.sources.delete())
        took = t.attempts.c.seconds.is_not(None)
        same = {"seconds": PER_TRIAL, "load": 1.0, "memory_mib": 500.0}
        c.execute(t.attempts.update().where(took).values(**same))
        rewrite(c, t.runs.c.provenance, lambda found: {**found, **ANYWHERE})
        rewrite(c, t.preflights.c.body, timeless)
    engine.dispose()
    text = dumped(path)
    moments = {stamp: i for i, stamp in enumerate(sorted(set(STAMP.findall(text))))}

    def moment(found: re.Match[str]) -> str:
        later = timedelta(seconds=PER_MOMENT * moments[found[0]])
        return (EVENING + later).isoformat(timespec="milliseconds")

    text = PATH.sub(r"File \"", text)
    # Twelve digits tell the trials of a night apart, and halve what cannot be compressed.
    return HASH.sub(r"\1", STAMP.sub(moment, text))


def dumped(path: Path) -> str:
    """A ledger as SQL, as it is."""
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()) + "\n"


def rewrite(c: sa.Connection, column: sa.Column[str], change: Callable[[Any], Any]) -> None:
    """Change a column of JSON, row by row."""
    table = column.table
    for row, text in c.execute(sa.select(table.c.id, column)).all():
        new = json.dumps(change(json.loads(text)), separators=(",", ":"))
        c.execute(sa.update(table).where(table.c.id == row).values({column.name: new}))


def timeless(found: Any) -> Any:
    """What a preflight found, with forecasts as of a machine that takes as long as is said."""
    if isinstance(found, list):
        return [timeless(one) for one in found]
    if not isinstance(found, dict):
        return found
    if "seconds_per_fit" in found:
        seconds = PER_TRIAL * found["fits"]
        return {
            "seconds_per_evaluation": PER_TRIAL / 100,
            "seconds_per_fit": PER_TRIAL,
            "fits": found["fits"],
            "seconds": seconds,
            "seconds_low": seconds / 3,
            "seconds_high": seconds * 3,
            "memory_mib": 500.0,
        }
    return {key: 4.0 if key == "seconds" else timeless(one) for key, one in found.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
