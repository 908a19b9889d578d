"""Picture of a map: chi2 over two parameters, its contours and its minimum.

The lattice is drawn in bands of one colour, the more opaque the lower chi2 is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from daybreak.diagnosis.study import Contour, ContourPoint, Map
from daybreak.report import curves, numbers
from daybreak.report.canvas import (
    GREY,
    GROUND,
    INK,
    MOST_POINTS,
    ORANGE,
    Canvas,
    value_axis,
)
from daybreak.report.shading import KEY, key, opacity, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BANDS = 8
"""Shades that can be told apart."""
MOST_CELLS = 50
"""Cells in a row or column that are drawn apart; of more, the lowest of each block."""
_LINES = ((ORANGE, 1.8), (INK, 1.3), (GREY, 1.3))
"""Colour and width of the contours, innermost first."""


def map_figure(found: Map) -> Figure | None:
    """Draw the lattice, the contours and the minimum; None when every fit failed."""
    known = [c for row in found.chi2 for c in row if c is not None]
    if not known:
        return None
    lowest = min(known) if found.chi2_min is None else found.chi2_min
    above = [[None if c is None else max(c - lowest, 0.0) for c in row] for row in found.chi2]
    bounds = _bounds(max(known) - lowest)
    label = (
        f"{curves.title(found)}: lowest {numbers.number(lowest)}{_place(found)}. "
        f"{found.sentence} {curves.contours(found)}"
    )
    with Canvas(label, 2.7, right=KEY) as canvas:
        axes = canvas.axes
        value_axis(axes, "x", found.x, found.scales[0])
        value_axis(axes, "y", found.y, found.scales[1])
        _shades(axes, found, above, bounds)
        for contour, look in zip(found.contours, _looks(len(found.contours)), strict=True):
            _contour(axes, contour, *look)
        if found.minimum is not None and _inside(found):
            axes.plot(
                *([at] for at in found.minimum),
                linestyle="",
                marker="P",
                markersize=8,
                color=INK,
                markeredgecolor=GROUND,
                label="lowest",
                zorder=5,
                clip_on=False,
            )
        axes.set_xlim(found.x[0], found.x[-1])
        axes.set_ylim(found.y[0], found.y[-1])
        x, y = map(numbers.in_brackets, found.parameters, found.units)
        figure = canvas.finish(x, y)
        key(figure, axes, bounds, _opacities(bounds), "χ² above lowest")
        return figure


def _place(found: Map) -> str:
    """Where the lowest chi2 is, e.g. `` at k1 = 0.05 1/s, k2 = 0.95 1/s``."""
    if found.minimum is None:
        return ""
    parts = zip(found.parameters, found.minimum, found.units, strict=True)
    return " at " + ", ".join(
        numbers.with_unit(f"{name} = {numbers.number(value, 4)}", unit)
        for name, value, unit in parts
    )


def _inside(found: Map) -> bool:
    """Whether the best fit lies on the scan."""
    at = found.minimum or (math.inf, math.inf)
    return all(v[0] <= one <= v[-1] for v, one in zip((found.x, found.y), at, strict=True))


def _looks(count: int) -> list[tuple[str, float]]:
    return [_LINES[min(i, len(_LINES) - 1)] for i in range(count)]


# -- shades ----------------------------------------------------------------------------------


def _bounds(highest: float) -> list[float]:
    """Ends of the bands of chi2 above the lowest: equal steps of its logarithm, rounded.

    The first band is up to 1, or a fiftieth of the whole where that is less.
    """
    if highest <= 0:
        return [0.0, 1.0]
    first = min(1.0, highest / 50)
    growth = (highest / first) ** (1 / (BANDS - 1))
    rounded = [float(f"{first * growth**i:.1g}") for i in range(BANDS - 1)]
    return [0.0, *dict.fromkeys(b for b in rounded if b < highest), highest]


def _opacities(bounds: Sequence[float]) -> list[float]:
    """Of each band, the lowest chi2 the most opaque."""
    bands = len(bounds) - 1
    return [opacity(1 - band / (bands - 1) if bands > 1 else 0.5) for band in range(bands)]


def _shades(
    axes: Axes, found: Map, above: Sequence[Sequence[float | None]], bounds: Sequence[float]
) -> None:
    """Shade every cell; a cross marks one in which every fit failed."""
    xs, columns = _blocks(_edges(found.x, found.scales[0]))
    ys, rows = _blocks(_edges(found.y, found.scales[1]))
    bands = [[_band(_lowest(above, j, i), bounds) for i in columns] for j in rows]
    shade(axes, xs, ys, bands, _opacities(bounds))
    lost = [
        (x, y)
        for y, row in zip(found.y, above, strict=True)
        for x, value in zip(found.x, row, strict=True)
        if value is None
    ]
    if lost:
        axes.plot(
            *zip(*lost[:: math.ceil(len(lost) / MOST_POINTS)], strict=True),
            linestyle="",
            marker="x",
            color=ORANGE,
            markersize=5,
            label="every fit failed",
            clip_on=False,
        )


def _blocks(edges: Sequence[float]) -> tuple[list[float], list[range]]:
    """Edges of blocks of cells, and the cells of each; one cell each where there are few."""
    cells = len(edges) - 1
    step = math.ceil(cells / MOST_CELLS)
    starts = range(0, cells, step)
    parts = [range(start, min(start + step, cells)) for start in starts]
    return [*(edges[start] for start in starts), edges[-1]], parts


def _lowest(above: Sequence[Sequence[float | None]], rows: range, columns: range) -> float | None:
    """The lowest of a block; None where every fit failed."""
    found = [value for j in rows for i in columns if (value := above[j][i]) is not None]
    return min(found, default=None)


def _band(value: float | None, bounds: Sequence[float]) -> int | None:
    if value is None:
        return None
    return next((i for i, end in enumerate(bounds[1:]) if value <= end), len(bounds) - 2)


def _edges(values: Sequence[float], scale: str) -> list[float]:
    """Ends of the cells around values: half-way on the parameter's scale, and the scan's ends."""
    log = scale == "log" and values[0] > 0
    half = (lambda a, b: math.sqrt(a * b)) if log else (lambda a, b: (a + b) / 2)
    return [values[0], *(half(a, b) for a, b in pairwise(values)), values[-1]]


# -- contours --------------------------------------------------------------------------------


def _contour(axes: Axes, contour: Contour, colour: str, width: float) -> None:
    """Draw the lines of one level: solid where the data put them, dashed along the border."""
    label = f"{100 * contour.level:g} %"
    for line in contour.lines:
        for border, stroke in _strokes(line):
            step = math.ceil(len(stroke) / MOST_POINTS)
            where = [*stroke[:-1:step], stroke[-1]]
            axes.plot(
                [point.x for point in where],
                [point.y for point in where],
                color=colour,
                linewidth=width,
                linestyle=(0, (3, 2)) if border else "-",
                zorder=3,
                label=None if border else label,
                clip_on=not border,
                solid_joinstyle="round",
            )
    _once(axes)


def _once(axes: Axes) -> None:
    """Name each kind of line once in the legend."""
    seen: set[str] = set()
    for line in axes.get_lines():
        label = str(line.get_label())
        if label in seen:
            line.set_label("_nolegend_")
        seen.add(label)


def _strokes(line: Sequence[ContourPoint]) -> Iterator[tuple[bool, list[ContourPoint]]]:
    """Cut a line into strokes along the border of the scan and strokes that the data put there."""
    around = list(line)
    if around and (around[0].x, around[0].y) != (around[-1].x, around[-1].y):
        around.append(around[0])
    stroke: list[ContourPoint] = []
    border = False
    for a, b in pairwise(around):
        now = not a.closed and not b.closed
        if stroke and now == border:
            stroke.append(b)
            continue
        if stroke:
            yield border, stroke
        stroke, border = [a, b], now
    if stroke:
        yield border, stroke
