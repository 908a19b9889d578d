"""One file that holds a whole ledger as it is at one moment, finished or living."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.ledger import schema as t
from daybreak.ledger.engine import Store


def snapshot(store: Store, target: Path) -> Path:
    """Write a consistent copy of a ledger into one SQLite file, without disturbing its run.

    (A plain copy of the file of a living SQLite ledger lacks what is still in its log.)

    Raises
    ------
    LedgerError
        When the file cannot be written.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.unlink(missing_ok=True)
        if store.shared:
            _copy_rows(store, beside)
        else:
            _copy_pages(store, beside)
        with closing(sqlite3.connect(beside)) as made:
            made.execute("PRAGMA journal_mode=DELETE")  # one file, and it stays one when read
        beside.replace(target)
    except (OSError, sqlite3.Error) as error:
        beside.unlink(missing_ok=True)
        msg = f"cannot write {target} ({error}); choose another place."
        raise LedgerError(msg) from error
    return target


def _copy_pages(store: Store, target: Path) -> None:
    with store.engine.connect() as c, closing(sqlite3.connect(target)) as copy:
        source: Any = c.connection.driver_connection
        source.backup(copy)


def _copy_rows(store: Store, target: Path) -> None:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(target)))
    try:
        with engine.begin() as copy:
            t.metadata.create_all(copy)

            def work(c: sa.Connection) -> None:
                for table in t.metadata.sorted_tables:
                    rows = c.execute(sa.select(table)).mappings()
                    while some := [dict(row) for row in rows.fetchmany(1000)]:
                        copy.execute(table.insert(), some)

            store.read(work)
    finally:
        engine.dispose()
