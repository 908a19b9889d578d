"""Where a ledger lies: a directory with a file, a schema on a server, or a packed file."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.ledger.engine import Store, open_postgres, open_sqlite, postgres_url

FILE = "ledger.db"
LOCK = "ledger.lock"
STORE = "store.json"
ARCHIVE = "archive"
_OURS = {FILE, f"{FILE}-wal", f"{FILE}-shm", LOCK, STORE, ARCHIVE}
_LONGEST = 63
"""Characters of a PostgreSQL name."""


@dataclass(frozen=True)
class Server:
    """A schema of a PostgreSQL database that holds one campaign's ledger."""

    url: str
    schema: str

    @classmethod
    def of(cls, url: str, campaign: str) -> Server:
        """The schema of a campaign; campaigns of different names never share one."""
        name = f"daybreak_{campaign}"
        if len(name) > _LONGEST:
            mark = hashlib.sha256(campaign.encode()).hexdigest()[:8]
            name = f"{name[: _LONGEST - 9]}-{mark}"
        return cls(url, name)

    def remember(self, directory: Path) -> None:
        """Write down where the ledger is, so that `status DIR` finds it; no password."""
        bare = postgres_url(self.url)._replace(drivername="postgresql", password=None)
        text = json.dumps({"url": str(bare), "schema": self.schema}, indent=1)
        path = directory / STORE
        if not path.exists() or path.read_text() != text:
            path.write_text(text)

    def open(self, *, write: bool) -> Store:
        """Open it."""
        return open_postgres(self.url, self.schema, write=write)

    def archive(self) -> None:
        """Put the schema aside under a name with the time."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        store = open_postgres(self.url, "public", write=False)
        there = "SELECT 1 FROM information_schema.schemata WHERE schema_name = :name"

        def rename(c: sa.Connection) -> None:
            if c.execute(sa.text(there), {"name": self.schema}).first():
                aside = f"{self.schema[: _LONGEST - 16]}_{stamp}"
                c.exec_driver_sql(f'ALTER SCHEMA "{self.schema}" RENAME TO "{aside}"')

        store.write(rename)
        store.close()


def remembered(directory: Path) -> Server | None:
    """The server that holds the ledger of a directory, if one does.

    Raises
    ------
    LedgerError
        When the note cannot be read.
    """
    path = directory / STORE
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text())
        url, schema = str(data["url"]), str(data["schema"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path} should say where the ledger is, but cannot be read; give --store again."
        raise LedgerError(msg) from error
    if not re.fullmatch(r"daybreak_[A-Za-z0-9._-]+", schema):
        msg = f"{path} names the schema {schema!r}, which is none of Daybreak's."
        raise LedgerError(msg)
    return Server(url, schema)


def find(place: Path) -> Store:
    """Open the ledger of a directory, or a packed one, for reading.

    Raises
    ------
    LedgerError
        When there is none.
    """
    file = place if place.is_file() else place / FILE
    if file.is_file():
        return open_sqlite(file, write=False)
    server = remembered(place)
    if server is not None:
        return server.open(write=False)
    msg = (
        f"there is no ledger in {place}; `daybreak run NAME_OR_FILE` makes one "
        "(by default in runs/<campaign>/)."
    )
    raise LedgerError(msg)


def prepare(directory: Path) -> None:
    """Make `directory` ready for a ledger.

    Raises
    ------
    LedgerError
        When it cannot be written, or holds something that is not Daybreak's.
    """
    if directory.exists() and not directory.is_dir():
        msg = f"{directory} is a file; choose a directory with --dir."
        raise LedgerError(msg)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".daybreak-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = (
            f"cannot write into {directory} ({error.strerror}); choose another directory with "
            "--dir, or change its permissions."
        )
        raise LedgerError(msg) from error
    if not (directory / FILE).exists() and not (directory / STORE).exists():
        others = sorted(p.name for p in directory.iterdir() if p.name not in _OURS)
        if others:
            msg = (
                f"{directory} holds something else ({', '.join(others[:3])}"
                f"{', ...' if len(others) > 3 else ''}) and no ledger; Daybreak writes only into "
                "a directory that is new, empty or its own: choose another one with --dir."
            )
            raise LedgerError(msg)


def archive(directory: Path) -> Path | None:
    """Move everything of an earlier campaign aside; returns where, or None if there is nothing."""
    things = [p for p in directory.iterdir() if p.name not in (LOCK, ARCHIVE)]
    if not things:
        return None
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S-%f")
    target = directory / ARCHIVE / stamp
    target.mkdir(parents=True)
    for thing in things:
        shutil.move(str(thing), str(target / thing.name))
    return target
