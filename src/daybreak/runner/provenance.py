"""What made the numbers: versions, machine."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("numpy", "scipy", "jax", "jaxlib", "sqlalchemy", "pydantic")


def provenance() -> dict[str, Any]:
    """Versions of everything that enters the numbers, and the processor's name."""
    return {
        "daybreak": _version("daybreak") or "not installed",
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "platform": platform.platform(),
        "processor": _processor(),
    }


def _version(package: str) -> str:
    """Version of a package; empty where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
