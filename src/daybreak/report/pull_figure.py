"""Picture of the pulls of a best fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from daybreak.diagnosis.study import Prediction, Study
from daybreak.report import numbers
from daybreak.report.canvas import (
    BLUE,
    GREY,
    INK,
    MINUS,
    MOST_POINTS,
    ORANGE,
    Canvas,
    plain_axis,
    power,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMES = 12
"""Observations that can be named along an axis."""


def residuals_figure(study: Study) -> Figure | None:
    """Draw the pulls of the best fit, (prediction - value) / sigma.

    A few observations are named bars, some hundreds are points in the order of the data, more
    are a histogram beside the standard normal one. None without a best fit.
    """
    if study.best is None or not study.best.predictions:
        return None
    pulls = {name: one.residual for name, one in study.best.predictions.items()}
    values = list(pulls.values())
    if len(pulls) <= MOST_NAMES:
        return _named_pulls(_told(pulls), pulls)
    if len(pulls) > MOST_POINTS:
        return _histogram(_told(pulls), values)
    return _ordered_pulls(_told(pulls), list(study.best.predictions.values()))


def _told(pulls: dict[str, float]) -> str:
    """All pulls where they are few; else the widest, and how many are wide."""
    many = numbers.count(len(pulls), "observation")
    if len(pulls) <= MOST_NAMES:
        each = ", ".join(f"{name} {numbers.signed(pull, 4)}" for name, pull in pulls.items())
        return f"Pulls of {many} in sigma: {each}."
    name, widest = max(pulls.items(), key=lambda item: abs(item[1]))
    wide = sum(abs(pull) > 2 for pull in pulls.values())
    return (
        f"Pulls of {many}: {wide} beyond 2 sigma, of which {0.0455 * len(pulls):.2g} are to be "
        f"expected; the widest {numbers.signed(widest, 4)} sigma ({name})."
    )


def _named_pulls(label: str, pulls: dict[str, float]) -> Figure:
    """One bar and one number per observation, on a scale that shows small beside huge pulls."""
    names = [name if len(name) <= 14 else f"{name[:13]}…" for name in pulls]
    reach = 1.15 * max(2.5, *(abs(pull) for pull in pulls.values()))
    left = 0.25 + 0.075 * max(map(len, names))
    with Canvas(label, 0.2 + 0.24 * len(pulls), left, right=0.95) as canvas:
        axes = canvas.axes
        axes.axvspan(-2, 2, color=GREY, alpha=0.25, linewidth=0, label="within 2 sigma")
        axes.barh(range(len(pulls)), list(pulls.values()), height=0.55, color=BLUE, zorder=2)
        axes.axvline(0, color=INK, linewidth=0.8, zorder=3)
        for row, pull in enumerate(pulls.values()):
            axes.text(1.03, row, _pull(pull), va="center", transform=axes.get_yaxis_transform())
        axes.set_yticks(range(len(pulls)), names)
        axes.set_ylim(len(pulls) - 0.4, -0.6)
        if reach > 100:
            axes.set_xscale("symlog", linthresh=2)
            _symlog_ticks(axes, reach)
        else:
            plain_axis(axes.xaxis)
        axes.set_xlim(-reach, reach)
        return canvas.finish(f"pull: (prediction {MINUS} observed) / sigma")


def _pull(value: float) -> str:
    return ("+" if value > 0 else "") + numbers.scientific(value, 4)


def _symlog_ticks(axes: Axes, reach: float) -> None:
    """Mark at most two powers of ten on each side of zero."""
    last = math.floor(math.log10(reach))
    powers = [10.0**n for n in sorted({math.ceil(last / 2), last})]
    ticks = [-tick for tick in reversed(powers)] + [0.0, *powers]
    axes.set_xticks(ticks, [power(tick) for tick in ticks])
    axes.set_xticks([], minor=True)


def _ordered_pulls(label: str, data: list[Prediction]) -> Figure:
    """Points in the order of the data, what a trend would show in; above them data and fit.

    Data and fit are left out where the data have several units, and share no axis.
    """
    pulls = [one.residual for one in data]
    reach = 1.15 * max(2.5, *(abs(pull) for pull in pulls))
    units = {one.unit for one in data}
    above = 1.35 if len(units) == 1 else 0.0
    with Canvas(label, 1.2 if above else 1.5, above=above) as canvas:
        axes = canvas.axes
        axes.axhspan(-2, 2, color=GREY, alpha=0.25, linewidth=0, label="within 2 sigma")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.plot(
            range(1, len(pulls) + 1),
            pulls,
            linestyle="",
            marker="o",
            color=BLUE,
            markersize=4 if len(pulls) <= 80 else 2.5,
        )
        axes.set_ylim(-reach, reach)
        plain_axis(axes.xaxis, whole=True)
        plain_axis(axes.yaxis)
        if above:
            _data(canvas.upper(numbers.in_brackets("data and fit", units.pop())), data)
        return canvas.finish("observation", f"pull: (prediction {MINUS} observed) / sigma")


def _data(axes: Axes, data: list[Prediction]) -> None:
    """Observations with their uncertainty, and what the best fit says of them."""
    order = range(1, len(data) + 1)
    # One stroke for all uncertainties: as many small ones would make the picture twice as large.
    bars = [
        (x, one.value + end * one.sigma)
        for x, one in zip(order, data, strict=True)
        for end in (-1, 1, math.nan)
    ]
    axes.plot(*zip(*bars, strict=True), color=GREY, linewidth=0.8, zorder=1)
    axes.plot(
        order,
        [one.value for one in data],
        linestyle="",
        marker="o",
        color=GREY,
        markersize=3 if len(data) <= 80 else 2,
        label="observed",
        zorder=2,
    )
    axes.plot(order, [one.prediction for one in data], color=ORANGE, label="best fit", zorder=3)
    plain_axis(axes.yaxis)


def _histogram(label: str, pulls: list[float]) -> Figure:
    """Distribution of the pulls; those beyond five sigma are counted in the last bins."""
    n, width, half = len(pulls), 0.25, 20
    counts = [0] * (2 * half)
    for pull in pulls:
        counts[min(max(math.floor(pull / width) + half, 0), 2 * half - 1)] += 1
    edges = [width * (i - half) for i in range(2 * half + 1)]
    normal = [n * width * math.exp(-edge * edge / 2) / math.sqrt(2 * math.pi) for edge in edges]
    with Canvas(label, 1.5) as canvas:
        axes = canvas.axes
        axes.stairs(counts, edges, fill=True, color=BLUE, alpha=0.6, label=f"{n} observations")
        axes.plot(edges, normal, color=ORANGE, label="standard normal")
        plain_axis(axes.xaxis)
        plain_axis(axes.yaxis)
        return canvas.finish("pull; the outermost bins hold everything beyond", "observations")
