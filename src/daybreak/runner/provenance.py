"""What made the numbers: sources, versions, machine."""

from __future__ import annotations

import functools
import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from daybreak.findings import outside
from daybreak.plan import Study

_PACKAGES = (
    "numpy",
    "scipy",
    "jax",
    "jaxlib",
    "optuna",
    "sqlalchemy",
    "pydantic",
    "torch",
    "equinox",
)
_LONGEST = 1_000_000
"""Bytes of a file or difference that is kept; a longer one is not a source."""


@dataclass(frozen=True)
class Sources:
    """Files that a campaign is written in, and what differs from the last commit."""

    files: dict[str, str]
    """Hash of each file, by its path."""
    commit: str
    """Of the repository they lie in; empty where there is none."""
    changes: str
    """Hash of the uncommitted changes; empty where there are none."""
    bodies: dict[str, str]
    """Texts by hash."""


def sources(studies: Sequence[Study]) -> Sources:
    """The study file, the local modules beside it, and the uncommitted difference, as text."""
    functions = [f for s in studies for f in s.problem.functions]
    modules = {getattr(f, "__module__", None) or type(f).__module__ for f in functions}
    folders = {path.parent for path in _files(modules)}
    here = [p for p in _files(sys.modules) if any(p.is_relative_to(f) for f in folders)]
    bodies: dict[str, str] = {}
    files = {str(path): _keep(path.read_text(errors="replace"), bodies) for path in here}
    commit, changes = _git(min(folders, key=lambda f: len(f.parts))) if folders else ("", "")
    return Sources(files, commit, _keep(changes, bodies) if changes else "", bodies)


def _files(modules: Iterable[str | None]) -> list[Path]:
    """Files of modules that are no installed package."""
    found: set[Path] = set()
    for name in modules:
        file = getattr(sys.modules.get(name or ""), "__file__", None)
        path = _own(file) if file else None
        if path is not None and path.is_file():
            found.add(path)
    return sorted(path for path in found if path.stat().st_size <= _LONGEST)


@functools.cache
def _own(file: str) -> Path | None:
    """Where a Python file really is; None of one that is installed."""
    path = Path(file).resolve()
    return None if path.suffix != ".py" or _installed(path) else path


def _installed(path: Path) -> bool:
    """Whether a file belongs to Python, to an installed package or to Daybreak itself."""
    parts = path.parts
    if "site-packages" in parts or "dist-packages" in parts:
        return True
    return any(path.is_relative_to(home) for home in _HOMES)


_HOMES = {Path(home).resolve() for home in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
_HOMES.add(Path(__file__).resolve().parents[1])


def _keep(text: str, bodies: dict[str, str]) -> str:
    sha = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    # PostgreSQL's text holds no NUL.
    bodies[sha] = text.replace("\0", "\ufffd")
    return sha


def _git(folder: Path) -> tuple[str, str]:
    """Commit and uncommitted changes of the repository around a folder; empty without one."""
    commit = _output(["git", "-C", str(folder), "rev-parse", "HEAD"])
    if not commit:
        return "", ""
    changes = _output(["git", "-C", str(folder), "diff", "HEAD", "--", str(folder)])
    return commit.strip(), changes if len(changes) <= _LONGEST else ""


def _output(command: Sequence[str]) -> str:
    try:
        found = subprocess.run(  # noqa: S603 - git, with a folder
            command, capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.decode(errors="replace") if found.returncode == 0 else ""


def provenance(found: Sources) -> dict[str, Any]:
    """Versions of everything that enters the numbers, the processor's name, the sources."""
    return {
        "daybreak": _version("daybreak") or "not installed",
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
        "platform": platform.platform(),
        "processor": processor(),
        "sources": found.files,
        "commit": found.commit,
        "changes": found.changes,
        "plugins": outside.installed(),
    }


def _version(package: str) -> str:
    """Version of a package; empty where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def processor() -> str:
    """The model of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
