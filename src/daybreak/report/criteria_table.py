"""Every criterion of a campaign at a glance: how often it was met, and by whom it was not."""

from __future__ import annotations

from daybreak.criteria import Level
from daybreak.diagnosis.study import CriterionOutcome
from daybreak.report import alike
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary

_LEVELS: dict[Level, int] = {"hard": 0, "soft": 1, "note": 2}


def at_a_glance(summary: Summary) -> Table:
    """Each criterion once, hard ones first: its bar, and the studies that meet it or do not."""
    columns = [
        Column("criterion", "name"),
        Column("level"),
        Column("bar", "number"),
        Column("missed"),
        Column("undecided"),
        Column("met"),
    ]
    found: dict[tuple[Level, str, str], list[tuple[str, CriterionOutcome]]] = {}
    for study in summary.studies:
        for one in study.outcomes:
            key = (one.level, one.criterion, one.threshold)
            found.setdefault(key, []).append((study.name, one))
    rows: list[list[str]] = []
    for (level, criterion, bar), judged in sorted(found.items(), key=lambda i: _LEVELS[i[0][0]]):
        every = [name for name, _ in judged]
        cells = [
            alike.who([name for name, one in judged if one.outcome == outcome], every)
            for outcome in ("missed", "undecided", "met")
        ]
        rows.append([criterion, level, bar, *cells])
    return table_of("Criteria, fixed before the first trial", columns, rows)
