"""One owner at a time: a lock that the operating system lets go when its holder dies."""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from daybreak.errors import LedgerBusyError
from daybreak.ledger.liveness import owner


class Lock:
    """Holds `path` from `__enter__` to `__exit__`.

    Raises
    ------
    LedgerBusyError
        When another process holds it; the message says who, and since when.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the lock or say who has it."""
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = _holder(file.read())
            file.close()
            msg = (
                f"the ledger in {self.path.parent} is in use by {holder}; wait for it, "
                "end it with `daybreak stop`, or choose another directory with --dir."
            )
            raise LedgerBusyError(msg) from None
        file.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"owner": owner(), "since": since}))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None


def held_by(path: Path) -> str | None:
    """Who holds the lock now, if anybody; asked without disturbing the holder."""
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder(file.read())
        fcntl.flock(file, fcntl.LOCK_UN)
    return None


def _holder(text: str) -> str:
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return "another process"
    return f"{data['owner']} since {data['since']}"
