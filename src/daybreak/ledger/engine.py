"""One database and its transactions: SQLite in a file, or PostgreSQL on a server.

SQLite writes ahead (WAL) and waits for the disk (`synchronous=FULL`): what was committed is on it.
A PostgreSQL server that goes away in the middle is waited for and the transaction done again, so
every transaction given to `Store.write` must come to the same when it is carried out twice.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
)

from daybreak.errors import LedgerBusyError, LedgerError

T = TypeVar("T")

PATIENCE = 600.0
"""Seconds for which a server that went away is waited for.

A choice: a server that is started anew is back in minutes; a night must not end by it.
"""
_BUSY_MS = 60_000
"""Milliseconds for which another process's transaction on the file is waited for; a choice: ours
take a few."""
_IDLE_MS = 10_000
"""A transaction that does nothing for so long is broken off by the server; ours take a few ms."""
_IN_THE_WAY = ("40001", "40P01", "23505")
"""PostgreSQL's words for another transaction that was first; carried out again, ours sees it."""


class Store:
    """Transactions on one database, and sentences for what may go wrong with it.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    where : str
        As the user knows it.
    """

    def __init__(self, engine: sa.Engine, where: str) -> None:
        self.engine = engine
        self.where = where
        self.waiting: Callable[[str], None] = lambda _text: None
        """Told, once, that a server is waited for."""

    @property
    def shared(self) -> bool:
        """Whether several processes may work on it at once."""
        return self.engine.dialect.name == "postgresql"

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Carry `work` out in one transaction that is durable when this returns."""
        return self._patiently(lambda: self._in(self.engine, work))

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Carry `work` out on one consistent view."""
        level = "REPEATABLE READ"
        view = self.engine.execution_options(isolation_level=level) if self.shared else self.engine

        def at_leisure(c: sa.Connection) -> T:
            if self.shared:  # a reader is in nobody's way, and may think between two questions
                c.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            return work(c)

        return self._patiently(lambda: self._in(view, at_leisure))

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()

    def _in(self, engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
        with engine.begin() as connection:
            return work(connection)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try until it works, where trying again may help; else say what is wrong."""
        since, pause = time.monotonic(), 0.1
        while True:
            try:
                return attempt()
            except DatabaseError as error:
                if time.monotonic() - since >= self._patience(error):
                    raise self.explained(error) from error
                if pause == 0.1:
                    self.waiting(f"the database does not answer ({_first_line(error)}); waiting.")
                self.engine.dispose()
                time.sleep(pause)
                pause = min(2.0 * pause, 5.0)

    def _patience(self, error: DBAPIError) -> float:
        """Seconds for which trying again may help."""
        if not self.shared:
            return 0.0
        sqlstate = str(getattr(error.orig, "sqlstate", None) or "")
        if sqlstate in _IN_THE_WAY:
            return 10.0
        lost = isinstance(error, OperationalError | InterfaceError)
        refused = sqlstate.startswith("28")  # this user, this password
        return PATIENCE if error.connection_invalidated or (lost and not refused) else 0.0

    def explained(self, error: DatabaseError) -> LedgerError:
        """What is wrong with the database and what to do, as a sentence."""
        text = _first_line(error)
        if self.shared:
            return LedgerError(
                f"the database {self.where} cannot be used ({text}); nothing that was recorded is "
                "lost. See that the server runs and accepts you, then run the same command again."
            )
        if "locked" in text:
            return LedgerBusyError(
                f"{self.where} is being written by something else and did not come free within "
                f"{_BUSY_MS // 1000} s; close what holds it, then run the same command again."
            )
        if "full" in text or "disk I/O" in text:
            return LedgerError(
                f"{self.where} cannot be written, because the disk is full or failing ({text}); "
                "what was recorded is kept. Make room, then run the same command again."
            )
        if "readonly" in text or "unable to open" in text:
            return LedgerError(
                f"{self.where} cannot be written ({text}); what was recorded is kept. Give back "
                "the right to write there, or copy the directory to a place of your own and run "
                "the same command with --dir."
            )
        return LedgerError(
            f"{self.where} cannot be read as a ledger ({text}); nothing was changed.  Restore it "
            "from a copy, see with `daybreak doctor` what is left of it, or begin anew with "
            "`daybreak run --fresh`, which archives it."
        )


def insert_missing(c: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, except those whose key is there."""
    if rows:
        insert = postgresql.insert if c.dialect.name == "postgresql" else sqlite.insert
        c.execute(insert(table).on_conflict_do_nothing(), rows)


def open_sqlite(path: Path, *, write: bool) -> Store:
    """Open a file, for writing or without disturbing who writes.

    A directory may be called anything, `?` and `#` included, which mean something in a URL.
    """
    if write:
        url = sa.URL.create("sqlite", database=str(path))
    else:
        query = {"mode": "ro", "uri": "true"}
        if not _may_write(path.parent) and not path.with_name(f"{path.name}-wal").exists():
            query["immutable"] = "1"  # else even a reader makes files beside it
        file = f"file:{quote(str(path.resolve()))}"
        url = sa.URL.create("sqlite", database=file, query=query)
    return Store(_configured(sa.create_engine(url), write=write), str(path))


def copied_to_memory(path: Path) -> Store:
    """Open a copy of a file that lives as long as this process."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    store = Store(_configured(engine, write=True), str(path))
    source = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
    with closing(source), engine.connect() as c:
        target: Any = c.connection.driver_connection
        source.backup(target)
    return store


def open_postgres(url: str, schema: str, *, write: bool) -> Store:
    """Open a schema of a PostgreSQL database.

    Raises
    ------
    LedgerError
        When the URL cannot be read, or the driver is not installed.
    """
    made = postgres_url(url)
    try:
        engine = sa.create_engine(made, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        msg = (
            "a ledger in PostgreSQL needs the driver psycopg: install it with "
            "`pip install 'daybreak[postgres]'`."
        )
        raise LedgerError(msg) from error

    def configure(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            # A machine that falls asleep in mid-transaction must not hold its locks all night.
            cursor.execute(f"SET SESSION idle_in_transaction_session_timeout = {_IDLE_MS}")
            connection.commit()
            if write:
                # Two that create the same schema at once would collide.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('daybreak'))")
                cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            cursor.execute(f'SET search_path TO "{schema}"')
            cursor.execute("SET synchronous_commit TO on")
        connection.commit()

    event.listen(engine, "connect", configure)
    return Store(engine, f"{made.render_as_string(hide_password=True)}, schema {schema}")


def postgres_url(url: str) -> sa.URL:
    """The address of a database, with our driver.

    Raises
    ------
    LedgerError
        When it is none.
    """
    with suppress(ArgumentError):
        made = sa.make_url(url)
        if made.get_backend_name() == "postgresql":
            return made.set(drivername="postgresql+psycopg")
    msg = (
        "`--store` takes the address of a PostgreSQL database, such as "
        f"postgresql://user@host/name, but got {url!r}."
    )
    raise LedgerError(msg)


def _configured(engine: sa.Engine, *, write: bool) -> sa.Engine:
    """Durable transactions that begin when we say so, and no trust in a stranger's schema."""

    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA trusted_schema=OFF")
        if write:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine


def _may_write(directory: Path) -> bool:
    probe = directory / ".daybreak-probe"
    with suppress(OSError):
        probe.touch()
        probe.unlink()
        return True
    return False


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else str(error.code)
