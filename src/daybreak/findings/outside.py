"""Checks and diagnoses that other packages offer as entry points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from daybreak.findings import codes
from daybreak.findings.records import Finding

CHECKS = "daybreak.checks"
"""Group of what is asked before the night: functions of a probe (`daybreak.preflight.probe`)."""
DIAGNOSES = "daybreak.diagnoses"
"""Group of what is asked of results: functions as in `daybreak.diagnosis.diagnose`."""


@dataclass(frozen=True)
class Offered:
    """A function of another package that finds something."""

    entry: metadata.EntryPoint

    @property
    def title(self) -> str:
        """What the summary calls it, e.g. ``daybreak.checks: weekend``."""
        return f"{self.entry.group}: {self.entry.name}"

    @property
    def package(self) -> str:
        """Who offers it, with its version."""
        dist = self.entry.dist
        return f"{dist.name} {dist.version}" if dist else self.entry.value

    def ask(self, *given: Any, but: tuple[type[Exception], ...] = ()) -> list[Finding]:
        """What it finds; of an exception that is none of `but`, that it failed."""
        try:
            found: Iterable[Finding] = self.entry.load()(*given)
            return [_as_finding(one) for one in found]
        except but:
            raise
        except Exception as error:  # noqa: BLE001 - another package may raise anything
            text = (
                f"{self.entry.name!r} of {self.package} raised {type(error).__name__}: {error}; "
                "what it would have found is missing."
            )
            return [Finding(code=codes.PLUGIN_FAILED, sentence=text)]


def _as_finding(one: object) -> Finding:
    if isinstance(one, Finding):
        return one
    msg = f"a daybreak.Finding was wanted, but got {one!r}"
    raise TypeError(msg)


@cache
def offered(group: str) -> tuple[Offered, ...]:
    """All that is installed here, by name."""
    found = sorted(metadata.entry_points(group=group), key=lambda entry: entry.name)
    return tuple(map(Offered, found))


def installed() -> dict[str, str]:
    """Titles of all that is installed here, with the package of each."""
    return {one.title: one.package for group in (CHECKS, DIAGNOSES) for one in offered(group)}
