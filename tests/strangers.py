"""A stranger's package in a folder, as if it were installed there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def installed(site: Path, files: Mapping[str, str], entry_points: str, version: str) -> Path:
    """Lay out a package called ``stranger`` with some files and entry points."""
    info = site / f"stranger-{version}.dist-info"
    info.mkdir(parents=True)
    for name, code in files.items():
        (site / name).write_text(code)
    (info / "entry_points.txt").write_text(entry_points)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stranger\nVersion: {version}\n")
    return site
