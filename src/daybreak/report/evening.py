"""What was known before the night, as tables and a picture of the report."""

from __future__ import annotations

from daybreak.report import numbers, outlook
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.examined import Examined
from daybreak.report.summary import Summary
from daybreak.report.tables import seconds


def preflight(summary: Summary) -> Table:
    """What was known before the night; studies with the same finding share a row."""
    columns = [
        Column("severity"),
        Column("study", "name"),
        Column("code", "code"),
        Column("parameter"),
        Column("finding"),
    ]
    shared: dict[tuple[str, str, str, str], list[str]] = {}
    for found in summary.preflight:
        key = (found.severity, found.code.word, found.parameter or "", found.sentence)
        shared.setdefault(key, []).append(found.study or "all")
    order = {"stop": 0, "warning": 1, "note": 2}
    rows = sorted(
        ([key[0], ", ".join(studies), *key[1:]] for key, studies in shared.items()),
        key=lambda row: order[row[0]],
    )
    return table_of("Preflight findings", columns, rows)


def reaches(summary: Examined) -> Table:
    """What the box can reach of each prediction or ratio, against what the data say."""
    columns = [
        Column("study", "name"),
        Column("quantity"),
        Column("lowest", "number"),
        Column("highest", "number"),
        Column("data say", "number"),
        Column("needed", "number"),
        Column("reachable"),
    ]
    rows = [
        [
            examined.study,
            reach.quantity,
            numbers.number(reach.lowest),
            numbers.number(reach.highest),
            numbers.number(reach.target),
            outlook.needed(reach),
            "yes" if reach.reachable else "not as far as searched",
        ]
        for examined in summary.examinations
        for reach in outlook.distinct_reaches(examined)
    ]
    return table_of("Reach of the box against the data", columns, rows)


def symmetries(summary: Examined) -> Table:
    """Transformations that move parameters and no residual; studies that share one share a row."""
    columns = [Column("study", "name"), Column("kind"), Column("transformation")]
    shared: dict[tuple[str, str], list[str]] = {}
    for examined in summary.examinations:
        for found in examined.symmetries:
            kind = f"{'exact' if found.exact else 'approximate'} {found.kind}"
            shared.setdefault((kind, found.sentence), []).append(examined.study)
    rows = [[", ".join(names), *key] for key, names in shared.items()]
    return table_of("Symmetries", columns, rows)


def forecasts(summary: Summary) -> Table:
    """What was expected of each study, against what it took."""
    columns = [
        Column("study", "name"),
        Column("expected"),
        Column("80 % interval"),
        Column("took (in trials)"),
    ]
    took = {study.name: study.metrics.seconds for study in summary.studies}
    rows = [
        [
            examined.study,
            numbers.duration(made.seconds),
            f"{numbers.duration(made.seconds_low)} to {numbers.duration(made.seconds_high)}",
            seconds(took.get(examined.study)),
        ]
        for examined in summary.examinations
        if (made := examined.forecast) is not None
    ]
    return table_of("Forecast against actual time", columns, rows)
