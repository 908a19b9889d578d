"""A lattice in few shades: cells of one shade make one shape, so that a picture stays small.

A shade is one colour, the more opaque the more it stands for, and reads on light and on dark
ground.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from daybreak.report import numbers
from daybreak.report.canvas import SHADE, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARKEST, LIGHTEST = 0.75, 0.05
"""Opacity of the strongest and of the weakest shade: text can be read on either."""
KEY = 0.78
"""Inches that the scale of the shades takes beside a lattice."""


def opacity(share: float) -> float:
    """Opacity of a share of the range, 0 (weakest) to 1."""
    return LIGHTEST + share * (DARKEST - LIGHTEST)


def shade(
    axes: Axes,
    xs: Sequence[float],
    ys: Sequence[float],
    bands: Sequence[Sequence[int | None]],
    opacities: Sequence[float],
) -> None:
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
        patch = PathPatch(
            path, facecolor=SHADE, alpha=opacities[band], linewidth=0, zorder=0, antialiased=False
        )
        axes.add_artist(patch)  # no patch of its own bounds: the caller sets the limits


def key(
    figure: Figure, axes: Axes, bounds: Sequence[float], opacities: Sequence[float], name: str
) -> None:
    """Draw the scale of the shades beside a lattice that is finished.

    Parameters
    ----------
    figure, axes
        The picture, and the axes of the lattice.
    bounds : sequence of float
        Ends of the bands, one more than there are bands.
    opacities : sequence of float
        Of each band.
    name : str
        What the numbers are.
    """
    from matplotlib.ticker import NullLocator

    place = axes.get_position()
    scale = figure.add_axes((place.x1 + 0.13 / WIDTH, place.y0, 0.13 / WIDTH, place.height))
    for band, alpha in enumerate(opacities):
        scale.axhspan(band, band + 1, color=SHADE, alpha=alpha, linewidth=0)
    scale.set_xlim(0, 1)
    scale.set_ylim(0, len(opacities))
    scale.xaxis.set_major_locator(NullLocator())
    scale.yaxis.tick_right()
    step = 2 if len(bounds) > 10 else 1
    ticks = [numbers.scientific(float(f"{bound:.2g}")) for bound in bounds]
    scale.set_yticks(range(0, len(bounds), step), ticks[::step])
    scale.tick_params(length=0, pad=3)
    for spine in scale.spines.values():
        spine.set_visible(False)
    beside(figure, name)


def beside(figure: Figure, text: str) -> None:
    """Write what the shades are into the upper right corner of a finished picture."""
    height = figure.get_size_inches()[1]
    figure.text(1 - 0.08 / WIDTH, 1 - 0.06 / height, text, va="top", ha="right", fontsize=9)


def _runs(bands: Sequence[int | None]) -> Iterator[tuple[int, int, int]]:
    """First cell, first cell after it, and band of every run of equal cells."""
    start = 0
    for i in range(1, len(bands) + 1):
        if i == len(bands) or bands[i] != bands[start]:
            band = bands[start]
            if band is not None:
                yield start, i, band
            start = i
