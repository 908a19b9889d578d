"""Pictures that a trial attached: curves and matrices, drawn without the application's code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from daybreak.report import numbers
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    GREY,
    MOST_POINTS,
    ORANGE,
    PURPLE,
    WIDTH,
    Canvas,
    value_axis,
)
from daybreak.report.cells import Column, Table, table_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = (
    (BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (GREY, "-"),
)  # fmt: skip
MOST_ROWS = 200
_MOST_CELLS = 10_000


def artifact_figure(artifact: Mapping[str, Any]) -> Figure | None:
    """Draw a curve or a matrix; None for anything else, or without a finite number."""
    if artifact["kind"] == "curve":
        return _curve(artifact)
    return _matrix(artifact) if artifact["kind"] == "matrix" else None


def _curve(found: Mapping[str, Any]) -> Figure | None:
    y: dict[str, list[float | None]] = found["y"]
    known = [value for line in y.values() for value in line if value is not None]
    if not known:
        return None
    label = f"{found['name']}: {', '.join(y)} over {found['x_label']}."
    with Canvas(label, 2.1, left=0.72) as canvas:
        axes = canvas.axes
        step = math.ceil(len(found["x"]) / MOST_POINTS) or 1
        x = [math.nan if value is None else value for value in found["x"]][::step]
        for i, (name, line) in enumerate(y.items()):
            colour, style = _LOOKS[i % len(_LOOKS)]
            values = [math.nan if value is None else value for value in line][::step]
            axes.plot(x, values, color=colour, linestyle=style, label=name if len(y) > 1 else "")
        value_axis(axes, "x", [v for v in x if not math.isnan(v)], found["x_scale"])
        value_axis(axes, "y", known, found["y_scale"])
        return canvas.finish(
            numbers.in_brackets(found["x_label"], found["x_unit"]),
            numbers.in_brackets(found["y_label"], found["y_unit"]),
        )


def _matrix(found: Mapping[str, Any]) -> Figure | None:
    """Shade a matrix, the more opaque the larger, with the numbers where there are few."""
    rows: list[list[float | None]] = found["values"]
    known = [value for row in rows for value in row if value is not None]
    if not known or len(rows) * len(rows[0]) > _MOST_CELLS:
        return None
    low, high = min(known), max(known)
    span = high - low or 1.0
    label = (
        f"{found['name']}: {len(rows)} by {len(rows[0])}, from {numbers.number(low, 4)} to "
        f"{numbers.number(high, 4)}."
    )
    with Canvas(label, min(0.3 * len(rows) + 0.3, WIDTH - 1), left=0.9) as canvas:
        axes = canvas.axes
        shades = [[math.nan if v is None else (v - low) / span for v in row] for row in rows]
        axes.pcolormesh(
            [[0.0 if math.isnan(v) else v for v in row] for row in shades], cmap=_shades(),
            vmin=0, vmax=1, rasterized=False, linewidth=0,
        )  # fmt: skip
        if len(rows) * len(rows[0]) <= 64:
            for j, row in enumerate(rows):
                for i, value in enumerate(row):
                    text = "" if value is None else numbers.scientific(value, 3)
                    axes.text(i + 0.5, j + 0.5, text, ha="center", va="center", fontsize=7)
        axes.set_xlim(0, len(rows[0]))
        axes.set_ylim(len(rows), 0)
        _names(axes.set_xticks, found["columns"], len(rows[0]))
        _names(axes.set_yticks, found["rows"], len(rows))
        unit = f" ({found['unit']})" if found["unit"] else ""
        return canvas.finish(found["column_label"], f"{found['row_label']}{unit}")


def _names(ticks: Any, names: Sequence[Any], count: int) -> None:
    """Name the cells along an axis, or number them; at most a dozen."""
    step = math.ceil(count / 12)
    shown = [str(name) for name in names] or [str(i + 1) for i in range(count)]
    ticks([i + 0.5 for i in range(0, count, step)], shown[::step])


def _shades() -> Any:
    """One colour from nearly nothing to nearly all, on light and on dark ground."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    red, green, blue = to_rgb(BLUE)
    return LinearSegmentedColormap.from_list(
        "shades", [(red, green, blue, 0.04), (red, green, blue, 0.8)]
    )


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
        for part in artifacts if part["kind"] == "file"
    ]  # fmt: skip
    return table_of("Attached files", columns, rows)
