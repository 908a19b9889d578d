"""What `daybreak doctor` says: environment, devices, the health of a ledger."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from contextlib import closing
from importlib import metadata
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from daybreak.ledger.integrity import problems
from daybreak.ledger.store import Ledger
from daybreak.runner.provenance import processor

_PACKAGES = ("numpy", "scipy", "jax", "jaxlib", "sqlalchemy", "pydantic", "matplotlib")
_EXTRAS = {"postgres": "psycopg", "dask": "distributed"}
_GIB = 2.0**30


class Health(BaseModel):
    """Findings of `examine`."""

    model_config = ConfigDict(frozen=True)

    python: str
    daybreak: str
    versions: dict[str, str]
    extras: dict[str, bool]
    """Whether what each extra needs is installed."""
    platform: str
    processor: str
    cores: int
    memory_gib: float
    disk_free_gib: float
    devices: list[str]
    """What JAX computes on; why it cannot, where it cannot."""
    ledger: str
    """Where it is and what it holds; empty when none was asked about."""
    problems: list[str]
    """What is wrong with it; empty when it is sound."""

    def __str__(self) -> str:
        """One fact a line."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        extras = ", ".join(f"{n} {'yes' if there else 'no'}" for n, there in self.extras.items())
        lines = [
            f"Daybreak   {self.daybreak}, Python {self.python}",
            f"Libraries  {versions}",
            f"Extras     {extras}",
            f"Machine    {self.platform}, {self.processor}, {self.cores} cores",
            f"Room       {self.memory_gib:.1f} GiB memory, {self.disk_free_gib:.1f} GiB disk free",
            f"Devices    {', '.join(self.devices)}",
        ]
        if self.ledger:
            lines.append(f"Ledger     {self.ledger}")
            lines += [f"  ! {text}" for text in self.problems] or ["  sound"]
        return "\n".join(lines)


def examine(place: Path | None) -> Health:
    """Look at this machine, and at the ledger of `place` if one is named.

    Raises
    ------
    LedgerError
        When there is no ledger there, or it cannot be opened.
    """
    ledger, wrong = "", list[str]()
    if place is not None:
        with closing(Ledger(place)) as opened:
            record = opened.read()
            count = sum(len(study.trials) for study in record.studies)
            ledger = f"{opened.where}: {len(record.studies)} studies, {count} trials"
            wrong = problems(opened.store)
    return Health(
        python=platform.python_version(),
        daybreak=metadata.version("daybreak"),
        versions={
            name: metadata.version(name) for name in _PACKAGES if importlib.util.find_spec(name)
        },
        extras={
            extra: importlib.util.find_spec(module) is not None
            for extra, module in _EXTRAS.items()
        },
        platform=platform.platform(),
        processor=processor(),
        cores=os.cpu_count() or 1,
        memory_gib=psutil.virtual_memory().total / _GIB,
        disk_free_gib=shutil.disk_usage(Path.cwd()).free / _GIB,
        devices=_devices(),
        ledger=ledger,
        problems=wrong,
    )


def _devices() -> list[str]:
    try:
        import jax

        return [str(device) for device in jax.devices()]
    except Exception as error:  # noqa: BLE001 - a driver can fail in many ways
        return [f"JAX cannot be used: {error}"]
