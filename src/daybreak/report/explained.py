"""What the finding codes of a report mean, in the words of the registry."""

from __future__ import annotations

from collections.abc import Iterator

from daybreak.findings import FindingCode
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary


def explained(summary: Summary) -> Table:
    """Every code that occurs, with what it means, why it happens, what to do."""
    columns = [
        Column("code", "code"),
        Column("what it means", "text"),
        Column("why", "text"),
        Column("what to do", "text"),
        Column("withholds"),
    ]
    rows = [[code.word, code.means, code.why, code.do, withheld(code)] for code in _codes(summary)]
    return table_of("What the finding codes mean", columns, rows)


def withheld(code: FindingCode) -> str:
    """What may not be said where a code was found, e.g. ``claim, identified``."""
    return ", ".join(sorted(one.value for one in code.withholds))


def _codes(summary: Summary) -> list[FindingCode]:
    return sorted(set(_used(summary)), key=lambda code: code.word)


def _used(summary: Summary) -> Iterator[FindingCode]:
    yield from (finding.code for finding in summary.preflight)
    for study in summary.studies:
        yield from (profile.code for profile in study.profiles)
        yield from (finding.code for finding in study.findings)
