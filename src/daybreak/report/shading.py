"""A lattice in few shades: cells of one shade make one shape, so that a picture stays small.

A shade is one colour, the more opaque the more it stands for, and reads on light and on dark
ground.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from daybreak.report.canvas import BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DARKEST, LIGHTEST = 0.75, 0.05
"""Opacity of the strongest and of the weakest shade: text can be read on either."""


def opacity(share: float) -> float:
    """Opacity of a share of the range, 0 (weakest) to 1."""
    return LIGHTEST + share * (DARKEST - LIGHTEST)


def shade(
    axes: Axes, xs: Sequence[float], ys: Sequence[float],
    bands: Sequence[Sequence[int | None]], opacities: Sequence[float],
) -> None:  # fmt: skip
    """Shade every cell of a lattice that has a band.

    Parameters
    ----------
    axes : Axes
    xs, ys : sequence of float
        Edges of the cells, one more than there are columns and rows.
    bands : sequence of rows of int or None
        The shade of each cell.
    opacities : sequence of float
        Of each band.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners: dict[int, list[tuple[float, float]]] = {}
    for j, row in enumerate(bands):
        for i, k, band in _runs(row):
            left, right, low, high = xs[i], xs[k], ys[j], ys[j + 1]
            there = corners.setdefault(band, [])
            there += [(left, low), (right, low), (right, high), (left, high), (left, low)]
    once = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    for band, points in sorted(corners.items()):
        path = Path(points, once * (len(points) // 5))
        patch = PathPatch(path, facecolor=BLUE, alpha=opacities[band], linewidth=0, zorder=0,
                          antialiased=False)  # fmt: skip
        axes.add_artist(patch)  # no patch of its own bounds: the caller sets the limits


def _runs(bands: Sequence[int | None]) -> Iterator[tuple[int, int, int]]:
    """First cell, first cell after it, and band of every run of equal cells."""
    start = 0
    for i in range(1, len(bands) + 1):
        if i == len(bands) or bands[i] != bands[start]:
            band = bands[start]
            if band is not None:
                yield start, i, band
            start = i
