"""A manifest: which data files there are, and what their bytes hash to.

Registering only ever adds an entry.  The latest entry of a data set and version is what must be
true now; earlier ones are its history.
"""

from __future__ import annotations

import enum
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from daybreak.errors import DaybreakError

_PIECE = 1 << 20


class State(enum.StrEnum):
    """How a file stands against its latest entry."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"


class Entry(BaseModel):
    """One registration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    version: int = 1
    path: str
    """Relative to the manifest's folder where it lies below it."""
    md5: str
    sha256: str
    registered_at: datetime
    """UTC."""
    sources: tuple[str, ...] = ()
    """SHA-256 of the files that this one was made from."""
    note: str = ""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Check:
    """How one data set and version stands against its latest entry."""

    entry: Entry
    state: State

    @property
    def sentence(self) -> str:
        """What is so, and what to do about it."""
        name = f"{self.entry.dataset} v{self.entry.version}, {self.entry.path}"
        when = f"{self.entry.registered_at:%Y-%m-%d %H:%M} UTC"
        return {
            State.SAME: f"{name}: as registered",
            State.CHANGED: (
                f"{name}: its bytes differ from those of {when}; restore the file, or register "
                "it anew"
            ),
            State.MISSING: f"{name}: there is no such file; restore it, or register another one",
        }[self.state]


@dataclass(frozen=True)
class Manifest:
    """A JSON file that lists data files with their fingerprints.

    Parameters
    ----------
    path : path
        The file; it need not exist before something is registered.
    """

    path: Path

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All registrations, oldest first.

        Raises
        ------
        DaybreakError
            When the file is there and is no manifest.
        """
        if not self.path.exists():
            return ()
        try:
            return _File.model_validate_json(self.path.read_bytes()).entries
        except (ValidationError, OSError) as error:
            msg = f"{self.path} is no manifest that can be read: {error}"
            raise DaybreakError(msg) from error

    @property
    def latest(self) -> tuple[Entry, ...]:
        """The last registration of each data set and version, which must be true now."""
        return tuple({(one.dataset, one.version): one for one in self.entries}.values())

    @property
    def files(self) -> tuple[Path, ...]:
        """Where the files of the latest entries are, for `daybreak.Resources`."""
        return tuple((self.path.parent / one.path).absolute() for one in self.latest)

    def register(
        self,
        file: Path,
        dataset: str,
        version: int = 1,
        *,
        sources: Sequence[str] = (),
        note: str = "",
    ) -> Entry:
        """Add an entry for a file as it is now.

        Parameters
        ----------
        file : path
            An existing file.
        dataset, version : str, int
            What it is called; registering the same again makes earlier entries history.
        sources : sequence of str
            SHA-256 of the files it was made from.
        note : str
            Anything worth keeping.

        Raises
        ------
        DaybreakError
            When the file is not there, or the manifest cannot be written.
        """
        if not file.is_file():
            msg = f"only an existing file can be registered, but there is no {file}."
            raise DaybreakError(msg)
        md5, sha256 = fingerprints(file)
        entry = Entry(
            dataset=dataset,
            version=version,
            path=self._relative(file),
            md5=md5,
            sha256=sha256,
            registered_at=datetime.now(UTC),
            sources=tuple(sources),
            note=note,
        )
        self._write(_File(entries=(*self.entries, entry)))
        return entry

    def verify(self) -> list[Check]:
        """Compare the latest entries with the files.

        Raises
        ------
        DaybreakError
            When there is no manifest: nothing registered is not the same as all well.
        """
        if not self.path.exists():
            msg = f"there is no manifest {self.path}; start one with `daybreak data register`."
            raise DaybreakError(msg)
        return [Check(entry, self._state(entry)) for entry in self.latest]

    def _state(self, entry: Entry) -> State:
        file = self.path.parent / entry.path
        if not file.is_file():
            return State.MISSING
        same = fingerprints(file) == (entry.md5, entry.sha256)
        return State.SAME if same else State.CHANGED

    def _relative(self, file: Path) -> str:
        whole, home = file.resolve(), self.path.parent.resolve()
        return whole.relative_to(home).as_posix() if whole.is_relative_to(home) else str(whole)

    def _write(self, content: _File) -> None:
        """Replace the file as a whole, so that a kill leaves the old one or the new one."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, written = tempfile.mkstemp(prefix=".manifest.", dir=self.path.parent)
            with os.fdopen(handle, "w") as stream:
                stream.write(content.model_dump_json(indent=1) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            Path(written).replace(self.path)
        except OSError as error:
            msg = f"cannot write {self.path} ({error.strerror}); choose another place."
            raise DaybreakError(msg) from error


def fingerprints(file: Path) -> tuple[str, str]:
    """MD5 and SHA-256 of a file's bytes, in hexadecimal."""
    found = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            for one in found:
                one.update(piece)
    return found[0].hexdigest(), found[1].hexdigest()
