"""The report on disk: every file is whole or absent, never half."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import string
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daybreak.diagnosis.study import Study
from daybreak.report import html, markdown
from daybreak.report.summary import Summary

ALLOWED = f"{string.ascii_letters}{string.digits}._-"
"""Characters of a file name."""
_LONGEST = 80
"""Characters of a name kept in a file name; every file system takes that many."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices."""


def write_report(directory: Path, summary: Summary) -> dict[str, Path]:
    """Write ``report.html``, ``report.md`` and ``summary.json``; returns their paths by name."""
    contents = {
        "summary.json": summary.model_dump_json(by_alias=True, indent=1) + "\n",
        "report.md": markdown.render(summary),
        "report.html": html.render(summary),
    }
    return {name: write_whole(directory / name, content) for name, content in contents.items()}


def write_study(directory: Path, study: Study) -> Path:
    """Write one study as ``studies/<name>.json``, and return the path."""
    path = directory / "studies" / f"{safe_name(study.name)}.json"
    return write_whole(path, study.model_dump_json(by_alias=True, indent=1) + "\n")


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, a column for every name in any of them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return buffer.getvalue()


def safe_name(name: str) -> str:
    """Turn any name into one that every file system takes, different names into different ones.

    A name of letters, digits, ``.``, ``_`` and ``-`` stays as it is; any other is altered and
    gets a short hash of the original. File systems that ignore case see no difference between
    ``a`` and ``A``, so a name with capitals gets the hash too.
    """
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:_LONGEST]
    if kept == name and kept == kept.lower() and kept and not _RESERVED.fullmatch(kept):
        return kept
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kept or 'study'}-{mark}"


def write_whole(path: Path, content: str) -> Path:
    """Write a file beside its place and move it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes private files; a report is read by whoever may read the folder.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    """The process's file mode mask; reading it means setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
