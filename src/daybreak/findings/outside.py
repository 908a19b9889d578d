"""Checks and diagnoses that other packages offer as entry points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from daybreak.findings import codes
from daybreak.findings.records import Finding
from daybreak.plugins import Offered, offered
from daybreak.sentences import without_stop

CHECKS = "daybreak.checks"
"""Group of what is asked before the night: functions of a probe (`daybreak.preflight.probe`)."""
DIAGNOSES = "daybreak.diagnoses"
"""Group of what is asked of results: functions as in `daybreak.diagnosis.diagnose`."""


def ask(one: Offered, *given: Any, but: tuple[type[Exception], ...] = ()) -> list[Finding]:
    """What a function of another package finds; of an exception, none of `but`, that it failed."""
    try:
        found: Iterable[Finding] | None = one.load()(*given)
        return [_as_finding(each) for each in found or ()]
    except but:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - another package may raise anything
        text = f"{without_stop(one.raised(error))}; what it would have found is missing."
        return [Finding(code=codes.PLUGIN_FAILED, sentence=text)]


def _as_finding(one: object) -> Finding:
    if isinstance(one, Finding):
        return one
    msg = f"a daybreak.extending.Finding was wanted, but got {one!r}"
    raise TypeError(msg)


def installed() -> dict[str, dict[str, str]]:
    """All that is installed here, by group and name, with the package of each."""
    return {
        group: {one.entry.name: one.package for one in offered(group)}
        for group in (CHECKS, DIAGNOSES)
        if offered(group)
    }
