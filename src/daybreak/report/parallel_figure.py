"""Picture of a search as parallel coordinates: a line for each trial, an axis per parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from daybreak.diagnosis.search_study import (
    ConfigurationState,
    Plain,
    SearchedInfo,
    SearchReading,
    SearchTrial,
)
from daybreak.report import numbers
from daybreak.report.canvas import BLUE, GREY, GROUND, ORANGE, Canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_AXES = 10
"""Parameters that are drawn, the first ones: a choice, of what fits side by side."""
MOST_LINES = 150
"""Trials that are drawn; a choice: more cover one another."""
_BEST = 0.1
"""Share of the trials that is drawn in colour, if there is no front."""
_LONGEST = 11
"""Letters of a name or an option."""


def parallel_figure(found: SearchReading) -> Figure | None:
    """Draw the better trials above the others; None below two parameters or three trials.

    In colour are the front, or with one objective the best tenth; the winner is drawn boldly.
    A line has a gap where a conditional parameter does not matter.
    """
    space = [info for info in found.space if info.fixed is None][:MOST_AXES]
    trials = [trial for trial in found.trials if trial.state is ConfigurationState.COMPLETED]
    if len(space) < 2 or len(trials) < 3:
        return None
    good = _good(found, trials)
    rest = [trial for trial in trials if trial.number not in good]
    rest = rest[:: math.ceil(len(rest) / MOST_LINES) or 1]
    what = f"best {len(good)}" if found.single else "front"
    label = (
        f"Parallel coordinates of {numbers.count(len(trials), 'trial')} over "
        f"{', '.join(info.name for info in space)}; the {what} stands out.{_winner(found, space)}"
    )
    with Canvas(label, 2.0, left=0.42, right=0.42) as canvas:
        axes = canvas.axes
        for i, trial in enumerate(rest):
            _line(axes, space, trial.configuration, GREY, 0.5, 0.35, "" if i else "other trials")
        mine = [trial for trial in trials if trial.number in good][:MOST_LINES]
        for i, trial in enumerate(mine):
            _line(axes, space, trial.configuration, BLUE, 0.9, 0.8, "" if i else what)
        if found.best is not None:
            _line(axes, space, found.best.configuration, ORANGE, 2.0, 1.0, "winner")
        _scales(axes, space)
        return canvas.finish("", " ")  # room for the upper ends


def _winner(found: SearchReading, space: list[SearchedInfo]) -> str:
    """The winner's values in words."""
    if found.best is None:
        return ""
    values = found.best.configuration
    told = [
        f"{info.name} = {numbers.plain(value)}"
        for info in space
        if (value := values.get(info.name)) is not None
    ]
    return f" Winner: {', '.join(told)}."


def _good(found: SearchReading, trials: list[SearchTrial]) -> set[int]:
    """Numbers of the trials that stand out."""
    if not found.single:
        return set(found.front)
    goal = found.goals[0]
    sign = 1.0 if goal.direction == "minimise" else -1.0
    order = sorted(trials, key=lambda trial: sign * trial.metrics[goal.name])
    return {trial.number for trial in order[: max(1, math.ceil(_BEST * len(order)))]}


def _line(
    axes: Axes,
    space: list[SearchedInfo],
    values: dict[str, Plain],
    colour: str,
    width: float,
    alpha: float,
    label: str,
) -> None:
    y = [place(info, values[info.name]) if info.name in values else np.nan for info in space]
    marker = "." if any(map(math.isnan, y)) else ""  # a lone point between gaps
    axes.plot(
        range(len(space)),
        y,
        color=colour,
        linewidth=width,
        alpha=alpha,
        marker=marker,
        markersize=3,
        label=label,
        clip_on=False,
    )


def place(info: SearchedInfo, value: Plain) -> float:
    """Where a value lies in its parameter's range, 0 to 1; options are evenly spaced."""
    if info.kind == "choice":
        return info.options.index(value) / max(len(info.options) - 1, 1)
    low, high, at = float(info.lower or 0.0), float(info.upper or 0.0), float(value or 0.0)
    if info.scale == "log":
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low)


def _scales(axes: Axes, space: list[SearchedInfo]) -> None:
    """Draw an upright axis for each parameter, with its ends or its options."""
    axes.set_xlim(0, len(space) - 1)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    crowded = len(space) > 4  # then every other name stands lower
    names = [f"{chr(10) * (crowded and i % 2)}{_short(info.name)}" for i, info in enumerate(space)]
    axes.set_xticks(range(len(space)), names)
    axes.tick_params(axis="x", length=0, pad=10, labelsize=7.5 if crowded else 8.5)
    for x, info in enumerate(space):
        axes.axvline(x, color=GREY, linewidth=0.6, clip_on=False)
        for y, text in _ticks(info):
            axes.text(
                x,
                y + (0.02 if y == 1 else -0.02 if y == 0 else 0.0),
                text,
                fontsize=6.5,
                ha="center",
                va="bottom" if y == 1 else "top" if y == 0 else "center",
                clip_on=False,
                zorder=9,
                bbox={"facecolor": GROUND, "linewidth": 0, "alpha": 0.8, "pad": 0.6},
            )


def _ticks(info: SearchedInfo) -> list[tuple[float, str]]:
    if info.kind == "choice":
        shown = info.options if len(info.options) <= 6 else [info.options[0], info.options[-1]]
        return [(place(info, option), _short(str(option))) for option in shown]
    ends = (info.lower or 0.0, info.upper or 0.0)
    return [(y, numbers.scientific(end, 3)) for y, end in zip((0, 1), ends, strict=True)]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
