"""Ledgers of older Daybreaks: carried forward with a backup, never backward."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.ledger import schema as t
from daybreak.ledger.engine import Store, copied_to_memory
from daybreak.ledger.from_schema_3 import to_4
from daybreak.ledger.snapshot import snapshot


def make_tables(store: Store, place: Path) -> None:
    """Make the tables that are missing; carry an older ledger forward, after a backup.

    Raises
    ------
    LedgerError
        When a newer Daybreak wrote it, or one too old to be carried forward.
    """
    found = store.read(lambda c: check_version(c, place))
    if found is not None and found < t.VERSION:
        snapshot(store, place / f"ledger.schema-{found}.db")
        store.write(lambda c: _migrate(c, found))
    elif found is None:
        store.write(_make)


def readable(store: Store, place: Path) -> Store:
    """The store itself, or a copy of an older one carried forward in memory.

    Raises
    ------
    LedgerError
        As `make_tables`.
    """
    found = store.read(lambda c: check_version(c, place))
    if found is None or found == t.VERSION:
        return store
    store.close()
    copy = copied_to_memory(Path(store.where))
    copy.write(lambda c: _migrate(c, found))
    return copy


def check_version(c: sa.Connection, place: Path) -> int | None:
    """The ledger's schema; None where there are no tables yet.

    Raises
    ------
    LedgerError
        When it is newer than this Daybreak, or too old.
    """
    if not sa.inspect(c).has_table(t.about.name):
        return None
    text = c.execute(sa.select(t.about.c.value).where(t.about.c.key == "schema")).scalar()
    if text is None:
        return None
    found = int(text)
    if found == t.VERSION or found in _STEPS:
        return found
    move = (
        "update Daybreak to open it"
        if found > t.VERSION
        else "open it with the Daybreak that wrote it, or begin anew with `daybreak run "
        "--fresh`, which archives it"
    )
    msg = (
        f"the ledger in {place} has schema {found}, but this Daybreak knows schema "
        f"{t.VERSION}; {move} (nothing was changed)."
    )
    raise LedgerError(msg)


def _make(c: sa.Connection) -> None:
    if c.dialect.name == "postgresql":  # two runs may begin at once
        c.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(current_schema()))")
    t.metadata.create_all(c)
    if c.execute(sa.select(t.about)).first() is None:
        c.execute(t.about.insert().values(key="schema", value=str(t.VERSION)))


def _migrate(c: sa.Connection, found: int) -> None:
    while found < t.VERSION:
        _STEPS[found](c)
        found += 1
        c.execute(t.about.update().where(t.about.c.key == "schema").values(value=str(found)))


_STEPS: dict[int, Callable[[sa.Connection], None]] = {3: to_4}
"""What carries a ledger of one schema to the next."""
