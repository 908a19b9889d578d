"""Pictures that a trial attached: curves and matrices, drawn without the application's code."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from daybreak.report import numbers
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    GROUND,
    MOST_POINTS,
    ORANGE,
    PURPLE,
    WIDTH,
    Canvas,
    span,
    value_axis,
)
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.shading import KEY, beside, key, opacity, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = Sequence[float | None]
_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D")
_LOOKS = [((BLUE, ORANGE, GREEN, PURPLE)[(i + j) % 4], i) for j, i in product(range(4), repeat=2)]
"""Colour, and number of dash and marker, of each line: no two are alike."""
MOST_LINES = len(_LOOKS)
_TOLD = 4
"""Lines that are told in words."""
MOST_ROWS = 200
MOST_CELLS = 48
"""Cells in a row or column of a matrix; of more, means of blocks."""
_SHADES = 12


def artifact_figure(artifact: Mapping[str, Any]) -> Figure | None:
    """Draw a curve or a matrix; None for anything else, or without a finite number."""
    if artifact["kind"] == "curve":
        return _curve(artifact)
    return _matrix(artifact) if artifact["kind"] == "matrix" else None


def told(artifact: Mapping[str, Any]) -> str:
    """What a curve, matrix or table shows, in a sentence, without drawing it."""
    if artifact["kind"] == "curve":
        return _told(artifact, _in_order(artifact["y"]))
    if artifact["kind"] == "matrix":
        known = [value for row in artifact["values"] for value in row if value is not None]
        return _lattice(artifact, min(known), max(known)) if known else f"{artifact['name']}."
    rows = max((len(column) for column in artifact["columns"].values()), default=0)
    return f"{artifact['name']}: {numbers.count(rows, 'row')} of {', '.join(artifact['columns'])}."


# -- curves ----------------------------------------------------------------------------------


def _curve(found: Mapping[str, Any]) -> Figure | None:
    """Draw lines with their bands, and points with their error bars."""
    y = _in_order(found["y"])
    points: Sequence[str] = found.get("points", ())
    drawn = dict(sorted(y.items(), key=lambda item: item[0] not in points)[:MOST_LINES])
    known = [value for line in drawn.values() for value in line if value is not None]
    if not known:
        return None
    bands: dict[str, list[Line]] = found.get("bands", {})
    with Canvas(_told(found, y), 2.1, left=0.72) as canvas:
        axes = canvas.axes
        for place, (name, line) in enumerate(drawn.items()):
            label = name if len(y) > 1 else ""
            band = bands.get(name, [])
            draw = _marks if name in points else _stroke
            draw(axes, found["x"], line, band, label, *_LOOKS[place])
        if len(y) > len(drawn):
            axes.plot([], [], linestyle="", label=f"and {len(y) - len(drawn)} more")
        edges = [v for ends in bands.values() for end in ends for v in end if v is not None]
        value_axis(axes, "x", [v for v in found["x"] if v is not None], found["x_scale"])
        value_axis(axes, "y", [*known, *edges], found["y_scale"])
        return canvas.finish(
            numbers.in_brackets(found["x_label"], found["x_unit"]),
            numbers.in_brackets(found["y_label"], found["y_unit"]),
        )


def _in_order(lines: Mapping[str, Line]) -> dict[str, Line]:
    """Lines as they were given, or by the numbers in their names where a store sorted them."""
    if list(lines) != sorted(lines):
        return dict(lines)
    parts = {name: re.split(r"(\d+)", name) for name in lines}
    key = {name: [int(p) if i % 2 else p for i, p in enumerate(ps)] for name, ps in parts.items()}
    return {name: lines[name] for name in sorted(lines, key=lambda name: key[name])}


def _stroke(
    axes: Axes, x: Line, line: Line, band: Sequence[Line], label: str, colour: str, look: int
) -> None:
    """Draw a line with gaps where it has no value, and its band; a lone value is a dot."""
    step = math.ceil(len(x) / MOST_POINTS) or 1
    at, values = _gaps(x)[::step], _gaps(line)[::step]
    axes.plot(at, values, color=colour, linestyle=_DASHES[look], label=label, zorder=3)
    beside = [math.nan, *values, math.nan]
    lone = [
        (at[i], value)
        for i, value in enumerate(values)
        if math.isnan(beside[i]) and math.isnan(beside[i + 2]) and not math.isnan(value)
    ]
    if lone:
        axes.plot(*zip(*lone, strict=True), linestyle="", marker=".", color=colour, zorder=3)
    if band:
        low, high = (_gaps(end)[::step] for end in band)
        axes.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0, zorder=1)


def _marks(
    axes: Axes, x: Line, line: Line, band: Sequence[Line], label: str, colour: str, look: int
) -> None:
    """Draw measurements as points, with error bars where they have a band."""
    there = [i for i, value in enumerate(line) if value is not None and x[i] is not None]
    there = there[:: math.ceil(len(there) / MOST_POINTS) or 1]
    at, values = ([_gaps(one)[i] for i in there] for one in (x, line))
    bars = None
    if band:
        low, high = ([_gaps(end)[i] for i in there] for end in band)
        bars = [
            [v - b for v, b in zip(values, low, strict=True)],
            [b - v for v, b in zip(values, high, strict=True)],
        ]
    axes.errorbar(
        at,
        values,
        yerr=bars,
        color=colour,
        linestyle="",
        marker=_MARKERS[look],
        markersize=4.5,
        markeredgecolor=GROUND,
        markeredgewidth=0.6,
        elinewidth=1.1,
        capsize=2,
        label=label,
        zorder=4,
    )


def _gaps(line: Line) -> list[float]:
    return [math.nan if value is None else value for value in line]


def _told(found: Mapping[str, Any], y: Mapping[str, Line]) -> str:
    """A curve in a sentence: its axes, and where each line goes."""
    x = [value for value in found["x"] if value is not None]
    over = f"{found['x_label']} {span(x, found['x_unit'])}" if x else found["x_label"]
    lines = "; ".join(
        _goes(name, line, found["x"], found["y_unit"]) for name, line in list(y.items())[:_TOLD]
    )
    more = f"; and {len(y) - _TOLD} more" if len(y) > _TOLD else ""
    return f"{found['name']}: {found['y_label']} over {over}; {lines}{more}."


def _goes(name: str, line: Line, x: Line, unit: str) -> str:
    """Where a line goes, e.g. ``training from 0.63 to 0.38 nat, lowest 0.37 at 14``."""
    there = [(at, value) for at, value in zip(x, line, strict=True) if value is not None]
    if not there:
        return f"{name} has no value"
    values = [value for _, value in there]
    first, last, lowest = (numbers.rounded(v, 4) for v in (values[0], values[-1], min(values)))
    if min(values) == max(values):
        return numbers.with_unit(f"{name} {first}", unit)
    where = next(at for at, value in there if value == min(values))
    at = "" if where is None else f" at {numbers.rounded(where, 4)}"
    return f"{numbers.with_unit(f'{name} from {first} to {last}', unit)}, lowest {lowest}{at}"


# -- matrices --------------------------------------------------------------------------------


def _matrix(found: Mapping[str, Any]) -> Figure | None:
    """Shade a matrix, the more opaque the larger, with the numbers where there are few."""
    rows: list[list[float | None]] = found["values"]
    known = [value for row in rows for value in row if value is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    width, height = len(rows[0]), len(rows)
    told = width * height <= 64  # every number stands in its cell; else there is a scale
    room, right = (WIDTH - 1, 0.12) if told else (WIDTH - 0.88 - KEY, KEY)
    label = _lattice(found, low, high)
    with Canvas(label, min(0.3 * height + 0.3, room), 0.88, right) as canvas:
        axes, opacities = canvas.axes, [opacity(i / (_SHADES - 1)) for i in range(_SHADES)]
        xs, columns = _blocks(width)
        ys, lines = _blocks(height)
        reach = high - low or 1.0
        means = [[_mean(rows, j, i) for i in columns] for j in lines]
        bands = [
            [
                None if v is None else min(int((v - low) / reach * _SHADES), _SHADES - 1)
                for v in row
            ]
            for row in means
        ]
        shade(axes, xs, ys, bands, opacities)
        if told:
            _numbers(axes, rows)
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        _names(axes.set_xticks, found["columns"], width, room)
        _names(axes.set_yticks, found["rows"], height)
        figure = canvas.finish(found["column_label"], found["row_label"])
        unit: str = found["unit"]
        if told:
            beside(figure, f"numbers in {unit}" if unit else "")
        else:
            ends = [low + reach * i / _SHADES for i in range(_SHADES + 1)]
            key(figure, axes, ends, opacities, f"shade in {unit}" if unit else "")
        return figure


def _lattice(found: Mapping[str, Any], low: float, high: float) -> str:
    """A matrix in a sentence: where its extremes are, and all of it where it is small."""
    rows: list[list[float | None]] = found["values"]
    label = (
        f"{found['name']}: {found['row_label']} by {found['column_label']}, {len(rows)} by "
        f"{len(rows[0])}, {span([low, high], found['unit'])}"
    )
    if len(rows) * len(rows[0]) > 9:
        return f"{label}."
    told = "; ".join(
        f"{name}: {', '.join('none' if v is None else numbers.number(v, 4) for v in row)}"
        for name, row in zip(found["rows"] or range(1, len(rows) + 1), rows, strict=True)
    )
    return f"{label}. {told}."


def _numbers(axes: Axes, rows: Sequence[Line]) -> None:
    """Write the number into every cell."""
    for j, row in enumerate(rows):
        for i, value in enumerate(row):
            text = "" if value is None else numbers.scientific(value, 3)
            axes.text(
                i + 0.5,
                j + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=8.5 if len(row) <= 5 else 7,
            )


def _blocks(count: int) -> tuple[list[float], list[range]]:
    """Edges of blocks of cells, and the cells of each; one cell each where there are few."""
    step = math.ceil(count / MOST_CELLS)
    parts = [range(start, min(start + step, count)) for start in range(0, count, step)]
    return [*(float(part.start) for part in parts), float(count)], parts


def _mean(rows: Sequence[Line], some: range, columns: range) -> float | None:
    """Mean of a block; None where nothing is finite."""
    found = [value for j in some for i in columns if (value := rows[j][i]) is not None]
    return sum(found) / len(found) if found else None


def _names(ticks: Any, names: Sequence[Any], count: int, room: float = 0.0) -> None:
    """Name the cells along an axis, or number them: a dozen, or as many as `room` inches hold."""
    shown = [str(name) for name in names] or [str(i + 1) for i in range(count)]
    most = int(room / (0.1 + 0.075 * max(map(len, shown)))) if room else 12
    step = math.ceil(count / max(1, min(most, 12)))
    ticks([i + 0.5 for i in range(0, count, step)], shown[::step])


def artifact_table(artifact: Mapping[str, Any]) -> Table:
    """A table that a trial attached; nothing for anything else."""
    if artifact["kind"] != "table":
        return table_of(artifact["name"], [], [])
    columns: dict[str, list[Any]] = artifact["columns"]
    titles = [numbers.in_brackets(name, artifact["units"].get(name, "")) for name in columns]
    rows = [
        ["" if value is None else numbers.plain(value) for value in row]
        for row in zip(*columns.values(), strict=True)
    ]
    return table_of(artifact["name"], [Column(title) for title in titles], rows[:MOST_ROWS])


def files(artifacts: Sequence[Mapping[str, Any]]) -> Table:
    """The files that a trial attached."""
    columns = [Column("file", "name"), Column("bytes", "number"), Column("SHA-256", "code")]
    rows = [
        [part["path"], str(part["bytes"]), part["sha256"]]
        for part in artifacts
        if part["kind"] == "file"
    ]
    return table_of("Attached files", columns, rows)
