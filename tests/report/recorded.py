"""Ledgers of small nights as they were recorded, and what a reader makes of them today."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import daybreak as dk
from daybreak.diagnosis.study import Study
from daybreak.evening import foresee
from daybreak.ledger.place import FILE
from daybreak.ledger.store import Ledger
from daybreak.report.summary import Summary
from daybreak.report.tonight import Tonight
from tests.report.nights import NIGHTS, area

LEDGERS = Path(__file__).parent / "ledgers"
LARGE = 300_000
"""Characters beyond which a ledger is kept compressed."""
NAMES = sorted(NIGHTS)


def keep(name: str, text: str) -> Path:
    """Write a ledger's SQL down."""
    plain, packed = LEDGERS / f"{name}.sql", LEDGERS / f"{name}.sql.xz"
    for path in (plain, packed):
        path.unlink(missing_ok=True)
    if len(text) < LARGE:
        plain.write_text(text, encoding="utf-8")
        return plain
    packed.write_bytes(lzma.compress(text.encode()))
    return packed


def sql(name: str) -> str:
    """A ledger as SQL."""
    plain, packed = LEDGERS / f"{name}.sql", LEDGERS / f"{name}.sql.xz"
    if plain.exists():
        return plain.read_text(encoding="utf-8")
    return lzma.decompress(packed.read_bytes()).decode()


@contextmanager
def restored(name: str) -> Iterator[Path]:
    """A directory with the ledger, for as long as it is looked at."""
    with TemporaryDirectory() as folder:
        with closing(sqlite3.connect(Path(folder) / FILE)) as database:
            database.executescript(sql(name))
        yield Path(folder)


@cache
def summary(name: str) -> Summary:
    """What is read from the ledger of a night."""
    with restored(name) as place:
        return dk.open(place).summary


def study(night: str, name: str) -> Study:
    """One study of it."""
    return next(one for one in summary(night).studies if one.name == name)


def evening() -> Tonight:
    """The evening page of the night that was stopped as hopeless."""
    with restored("hopeless") as place, closing(Ledger(place)) as ledger:
        found = ledger.read().preflight
    assert found is not None
    when = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)
    written = foresee(area(), found, Path("runs/area"), when)
    where = written.place.model_copy(update={"host": "workstation"})
    return written.model_copy(update={"place": where})
