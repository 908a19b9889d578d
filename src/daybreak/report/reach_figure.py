"""Picture of what the box can reach, against what the data say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from daybreak.findings import Reach
from daybreak.report import numbers, outlook
from daybreak.report.canvas import BLUE, GREEN, ORANGE, Canvas, log_axis, plain_axis
from daybreak.report.examined import Examined

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 16
"""Ranges that can be told apart in one picture."""
_MOST_LETTERS = 28
_ROOM = 0.06
"""Share of the axis left free at either end, so that no mark stands on the frame."""


def reach_figure(summary: Examined) -> Figure | None:
    """Draw the range of every prediction or ratio that is out of reach, its target beside it.

    None when everything can be reached.
    """
    bars = [
        (examined.study, reach)
        for examined in summary.examinations
        for reach in outlook.distinct_reaches(examined)
        if not reach.reachable
    ]
    if not bars:
        return None
    shown = bars[:MOST_BARS]
    names = [_short(f"{study} {reach.quantity}") for study, reach in shown]
    room = 0.25 + 0.075 * max(map(len, names))
    with Canvas(_told(bars), 0.25 + 0.22 * len(shown), room) as canvas:
        axes = canvas.axes
        for place, (_, reach) in enumerate(shown):
            _bar(axes, place, reach, first=place == 0)
        axes.set_yticks(range(len(shown)), names)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        _values(axes, [reach for _, reach in shown])
        units = {reach.unit for _, reach in shown}
        return canvas.finish(numbers.in_brackets("value", units.pop() if len(units) == 1 else ""))


def _short(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"


def _values(axes: Axes, reaches: list[Reach]) -> None:
    """Scale the axis of the values, by powers of ten where all of them are positive."""
    ends = [end for reach in reaches for end in (reach.lowest, reach.highest, reach.target)]
    low, high = min(ends), max(ends)
    if low > 0:
        axes.set_xscale("log")
        edge = (high / low) ** _ROOM if high > low else 2.0
        low, high = low / edge, high * edge
        log_axis(axes.xaxis, low, high)
    else:
        edge = _ROOM * (high - low) or 1.0
        low, high = low - edge, high + edge
        plain_axis(axes.xaxis)
    axes.set_xlim(low, high)


def _bar(axes: Axes, place: int, reach: Reach, *, first: bool) -> None:
    """One range, what its criterion needs, and what the data say."""
    low, high = reach.needed_lower, reach.needed_upper
    if low is not None and high is not None and math.isfinite(high - low):
        axes.plot(
            [low, high],
            [place, place],
            color=GREEN,
            linewidth=3.5,
            alpha=0.6,
            solid_capstyle="butt",
            label="needed" if first else None,
        )
    axes.plot(
        [reach.lowest, reach.highest],
        [place, place],
        color=BLUE,
        linewidth=5,
        solid_capstyle="butt",
        label="reach of the box" if first else None,
    )
    axes.plot(
        [reach.target],
        [place],
        marker="|",
        markersize=11,
        markeredgewidth=2.5,
        color=ORANGE,
        linestyle="",
        label="what the data say" if first else None,
    )


def _told(bars: list[tuple[str, Reach]]) -> str:
    """Every range in words."""
    each = "; ".join(
        f"{study}, {reach.quantity}: {numbers.number(reach.lowest, 4)} to "
        f"{numbers.number(reach.highest, 4)}, the data say "
        f"{numbers.with_unit(numbers.number(reach.target, 4), reach.unit)}"
        for study, reach in bars[:MOST_BARS]
    )
    more = f"; and {len(bars) - MOST_BARS} more" if len(bars) > MOST_BARS else ""
    return f"Out of reach of the box as far as searched. {each}{more}."
