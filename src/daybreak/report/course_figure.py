"""Picture of what the trials of a search reported on their way: their learning curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from daybreak.diagnosis.search_study import ConfigurationState, Goal, SearchReading
from daybreak.report import numbers
from daybreak.report.canvas import BLUE, GREY, ORANGE, Canvas, plain_axis, span
from daybreak.report.search_figures import FRAME, goal_axis, margins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COURSES, MOST_STEPS = 60, 80
"""Trials that are drawn, an even selection, and steps of each."""
Course = tuple[int, ConfigurationState, list[tuple[int, float]]]
"""Number and state of a trial, and its values by step."""


def course_figure(found: SearchReading) -> Figure | None:
    """Draw what the trials reported on their way, pruned ones apart; None below two courses.

    The better nine tenths of the values fill the frame.
    """
    courses = _courses(found)
    if sum(len(course) > 1 for *_, course in courses) < 2:
        return None
    goal = found.goals[0]
    with Canvas(_told(found, courses), 2.1, left=0.72) as canvas:
        axes, named = canvas.axes, set[str]()
        for number, state, course in courses[:: math.ceil(len(courses) / MOST_COURSES)]:
            colour, dash, width, what = _look_of(found, number, state)
            step = math.ceil(len(course) / MOST_STEPS)
            axes.plot(
                *zip(*course[::step], strict=True),
                color=colour,
                linestyle=dash,
                linewidth=width,
                marker="." if len(course) == 1 else "",
                markersize=4,
                label="" if what in named else what,
                zorder=4 if what == "winner" else 2,
            )
            named.add(what)
        low, high = _frame([value for *_, course in courses for _, value in course], goal)
        if low < high:
            axes.set_ylim(*margins((low, high)))
        plain_axis(axes.xaxis, whole=True)
        plain_axis(axes.yaxis)
        return canvas.finish("step", goal_axis(goal))


def _courses(found: SearchReading) -> list[Course]:
    """Trials that reported something; the winner first, so that it is drawn."""
    best = found.best.number if found.best else None
    courses = [
        (trial.number, trial.state, [(s, v) for s, v in trial.reports if v is not None])
        for trial in found.trials
    ]
    return sorted((c for c in courses if c[2]), key=lambda course: course[0] != best)


def _frame(values: Sequence[float], goal: Goal) -> tuple[float, float]:
    """Ends of the axis of values."""
    if goal.direction == "minimise":
        return min(values), float(np.percentile(values, FRAME))
    return float(np.percentile(values, 100.0 - FRAME)), max(values)


def _look_of(
    found: SearchReading, number: int, state: ConfigurationState
) -> tuple[str, str, float, str]:
    """Colour, dash, width and word of the legend for one trial's course."""
    if found.best is not None and found.best.number == number:
        return ORANGE, "-", 2.0, "winner"
    return (
        (GREY, ":", 0.9, "pruned")
        if state is ConfigurationState.PRUNED
        else (BLUE, "-", 0.7, "trial")
    )


def _told(found: SearchReading, kept: Sequence[Course]) -> str:
    """The courses in a sentence: how many, how long, and the winner's end."""
    pruned = sum(trial.state is ConfigurationState.PRUNED for trial in found.trials)
    steps = span([step for *_, course in kept for step, _ in course])
    text = (
        f"What {numbers.count(len(kept), 'trial')} reported of {found.goals[0].name} over steps "
        f"{steps}; {pruned} of {len(found.trials)} were pruned."
    )
    best = found.best.number if found.best else None
    mine = next((course for number, _, course in kept if number == best), None)
    if mine is None:
        return text
    ends = [numbers.number(mine[i][1], 4) for i in (0, -1)]
    return f"{text} The winner goes from {ends[0]} to {ends[1]}."
