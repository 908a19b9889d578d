"""What was known before the night, as tables and a picture of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from daybreak.findings import Reach, StudyPreflight
from daybreak.report import numbers, outlook
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    Canvas,
    log_axis,
    plain_axis,
)
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary
from daybreak.report.tables import seconds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 16
"""Ranges that can be told apart in one picture."""
_MOST_LETTERS = 28


class Examined(Protocol):
    """A night of which the preflight is known: one that is planned, or one that is over."""

    @property
    def examinations(self) -> Sequence[StudyPreflight]:
        """What was found, study by study."""
        ...


def preflight(summary: Summary) -> Table:
    """What was known before the night; studies with the same finding share a row."""
    columns = [
        Column("severity"), Column("study", "name"), Column("code", "code"),
        Column("parameter"), Column("finding"),
    ]  # fmt: skip
    shared: dict[tuple[str, str, str, str], list[str]] = {}
    for found in summary.preflight:
        key = (found.severity, found.code, found.parameter or "", found.sentence)
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
        Column("study", "name"), Column("quantity"), Column("lowest", "number"),
        Column("highest", "number"), Column("data say", "number"), Column("needed", "number"),
        Column("reachable"),
    ]  # fmt: skip
    rows = [
        [
            examined.study, reach.quantity, numbers.number(reach.lowest),
            numbers.number(reach.highest), numbers.number(reach.target), outlook.needed(reach),
            "yes" if reach.reachable else "not as far as searched",
        ]
        for examined in summary.examinations
        for reach in outlook.distinct_reaches(examined)
    ]  # fmt: skip
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
        Column("study", "name"), Column("expected"), Column("80 % interval"),
        Column("took (in trials)"),
    ]  # fmt: skip
    took = {study.name: study.metrics.seconds for study in summary.studies}
    rows = [
        [
            examined.study, numbers.duration(made.seconds),
            f"{numbers.duration(made.seconds_low)} to {numbers.duration(made.seconds_high)}",
            seconds(took.get(examined.study)),
        ]
        for examined in summary.examinations
        if (made := examined.forecast) is not None
    ]  # fmt: skip
    return table_of("Forecast against actual time", columns, rows)


def reach_figure(summary: Examined) -> Figure | None:
    """Draw the range of every prediction or ratio that is out of reach, its target beside it.

    None when everything can be reached.
    """
    bars = [
        (examined.study, reach)
        for examined in summary.examinations
        for reach in outlook.distinct_reaches(examined)
        if not reach.reachable
    ][:MOST_BARS]
    if not bars:
        return None
    names = [f"{name} {reach.quantity}"[:_MOST_LETTERS] for name, reach in bars]
    room = 0.25 + 0.08 * max(map(len, names))
    height = 0.25 + 0.22 * len(bars)
    label = f"Range of the box against the data: {', '.join(names)}"
    with Canvas(label, height, room) as c:
        positive = all(min(r.lowest, r.target) > 0.0 for _, r in bars)
        for place, (_, reach) in enumerate(bars):
            _bar(c, place, reach, first=place == 0)
        c.axes.set_yticks(range(len(bars)), names)
        c.axes.set_ylim(len(bars) - 0.4, -0.6)
        if positive:
            c.axes.set_xscale("log")
            lowest = min(min(r.lowest, r.target) for _, r in bars)
            log_axis(c.axes.xaxis, lowest, max(max(r.highest, r.target) for _, r in bars))
        else:
            plain_axis(c.axes.xaxis)
        units = {reach.unit for _, reach in bars}
        unit = units.pop() if len(units) == 1 else ""
        return c.finish(f"value ({unit})" if unit else "value")


def _bar(canvas: Canvas, place: int, reach: Reach, *, first: bool) -> None:
    axes = canvas.axes
    label = (lambda text: text) if first else (lambda _: None)
    axes.plot(
        [reach.lowest, reach.highest], [place, place], color=BLUE, linewidth=5,
        solid_capstyle="butt", label=label("reach of the box"),
    )  # fmt: skip
    low, high = reach.needed_lower, reach.needed_upper
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        axes.plot([low, high], [place, place], color=GREY, linewidth=5, label=label("needed"))
    axes.plot([reach.target], [place], marker="|", markersize=11, markeredgewidth=2.5,
              color=ORANGE, linestyle="", label=label("what the data say"))  # fmt: skip


def symmetry_figure(summary: Examined) -> Figure | None:
    """Draw the exact symmetries: how strongly each moves every parameter.

    None when there is no exact symmetry.
    """
    shared = {
        tuple(found.exponents.items()): found
        for examined in summary.examinations
        for found in examined.symmetries
        if found.exact
    }
    drawn = list(shared.values())[: len(_COLOURS)]
    if not drawn:
        return None
    moved = list(dict.fromkeys(name for found in drawn for name in found.exponents))
    label = "Exact symmetries: " + "; ".join(found.sentence for found in drawn)
    with Canvas(label, 0.3 + 0.24 * len(moved), 0.3 + 0.08 * max(map(len, moved))) as canvas:
        axes, thick = canvas.axes, 0.8 / len(drawn)
        for i, found in enumerate(drawn):
            places = [moved.index(name) - 0.4 + (i + 0.5) * thick for name in found.exponents]
            sizes = [float(Fraction(text)) for text in found.exponents.values()]
            axes.barh(places, sizes, thick * 0.9, color=_COLOURS[i], label=f"{found.kind} {i + 1}")
        axes.axvline(0.0, color=GREY, linewidth=1)
        axes.set_yticks(range(len(moved)), moved)
        axes.set_ylim(len(moved) - 0.5, -0.5)
        plain_axis(axes.xaxis)
        return canvas.finish("exponent of c (scaling), or share of c (shift)")


_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
