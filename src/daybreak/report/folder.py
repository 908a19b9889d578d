"""A folder of files that are written again and again, and nobody else's file is touched.

``written.json`` in it says whose files they are and names each with the SHA-256 of what was
written.  A file that is there and has another content was made or changed by someone else: then
nothing is written at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from daybreak.errors import DaybreakError, known
from daybreak.report.files import write_whole

LIST = "written.json"


def _inside(name: str) -> str:
    """Refuse a path that leaves the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        msg = f"{name!r} is not inside the folder"
        raise ValueError(msg)
    return name


class _Written(BaseModel):
    """The list of what was written."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    format: Literal["daybreak.written/1"] = Field(default="daybreak.written/1", alias="schema")
    owner: str
    files: dict[Annotated[str, AfterValidator(_inside)], list[str]]
    """SHA-256 by path; more than one while files are being replaced."""


def replace(folder: Path, owner: str, contents: Mapping[str, str]) -> None:
    """Make a folder hold these files, each of them whole, and none that was written before.

    A file that would stay the same is left alone.  When it is killed in between, the same call
    goes on.

    Parameters
    ----------
    folder : Path
        May be missing.
    owner : str
        Whose files they are; those of another owner are not replaced.
    contents : mapping path within the folder -> text

    Raises
    ------
    DaybreakError
        When a file is in the way that was not written by this function, was changed since, or
        has another owner; nothing was written then.
    OSError
        When the folder cannot be written.
    """
    before = _before(folder, owner)
    wanted = {name: [_digest(text.encode())] for name, text in contents.items()}
    there = _there(folder, [*wanted, *before])
    ours = {n: sorted({*before.get(n, ()), *wanted.get(n, ())}) for n in (*before, *wanted)}
    foreign = [name for name, mark in there.items() if mark not in ours[name]]
    if foreign:
        msg = (
            f"{folder} holds {known(foreign[:3])} that this command did not write, or that was "
            "changed since; it replaces only its own files. Move it away, or choose another "
            "folder with --to."
        )
        raise DaybreakError(msg)
    # What is about to be written counts as written, so that a kill leaves nothing foreign.
    if ours != before:
        _remember(folder, owner, ours)
    for name, text in contents.items():
        if there.get(name) not in wanted[name]:
            write_whole(folder / name, text)
    for name in there.keys() - wanted.keys():
        (folder / name).unlink()
    if wanted != ours:
        _remember(folder, owner, wanted)


def _before(folder: Path, owner: str) -> dict[str, list[str]]:
    """SHA-256 of what was written before, by path."""
    path = folder / LIST
    if not path.exists():
        return {}
    try:
        found = _Written.model_validate_json(path.read_bytes())
    except ValidationError as error:
        msg = (
            f"{path} should list what was written here, but cannot be read as such; move the "
            "folder away, or choose another one with --to."
        )
        raise DaybreakError(msg) from error
    if found.owner != owner:
        msg = (
            f"{folder} holds the records of {found.owner}, not of {owner}; move the folder away, "
            "or choose another one with --to."
        )
        raise DaybreakError(msg)
    return found.files


def _there(folder: Path, names: list[str]) -> dict[str, str]:
    """SHA-256 of the files that are there, by path; of what is no file an empty one."""
    found: dict[str, str] = {}
    for name in names:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            found[name] = _digest(path.read_bytes())
        elif path.exists() or path.is_symlink():
            found[name] = ""
    return found


def _remember(folder: Path, owner: str, files: Mapping[str, list[str]]) -> None:
    text = _Written(owner=owner, files=dict(files)).model_dump_json(by_alias=True, indent=1)
    write_whole(folder / LIST, f"{text}\n")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
