"""Pictures of a search: the front beside its baselines, its history, its course, what mattered.

Of many baselines the ones that ask the most are drawn: a result that they leave behind is told by
the table beside the picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from daybreak.diagnosis.search_study import (
    MEASURED,
    BaselineReading,
    ConfigurationState,
    Goal,
    SearchReading,
    SearchTrial,
)
from daybreak.report import numbers
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    GREY,
    GROUND,
    INK,
    ORANGE,
    PURPLE,
    Canvas,
    plain_axis,
    span,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 1000
"""Trials drawn in one picture; of more, an even selection."""
FRAME = 90.0
"""Per cent of the trials, the better ones, that fill the frame."""


def front_figure(found: SearchReading) -> Figure | None:
    """Draw the first two objectives, the front among them, and the baselines; None with one."""
    trials = _drawn(found, MEASURED)
    if found.single or not trials:
        return None
    first, second = found.goals[:2]
    with Canvas(_front_told(found, (first, second)), 2.7, left=0.72) as canvas:
        axes = canvas.axes
        frames = [_frame(found, goal) for goal in (first, second)]
        axes.set_xlim(*margins(frames[0]))
        axes.set_ylim(*margins(frames[1]))
        _cloud(axes, trials, first, second, frames)
        _staircase(axes, found, first, second)
        for look, baseline in zip(_BESIDE, rivals(found, (first, second)), strict=False):
            _beside(axes, baseline, first, second, frames, *look)
        best = found.best
        if best is not None:
            axes.plot(
                [_clip(best.metrics[first.name], frames[0])],
                [_clip(best.metrics[second.name], frames[1])],
                linestyle="",
                marker="P",
                markersize=9,
                color=INK,
                markeredgecolor=GROUND,
                zorder=6,
                label="compromise, confirmed" if best.seeds else "compromise",
            )
        plain_axis(axes.xaxis)
        plain_axis(axes.yaxis)
        return canvas.finish(*(goal_axis(goal) for goal in (first, second)))


_BESIDE = ((PURPLE, "D"), (ORANGE, "s"), (GREEN, "v"), (GREY, "^"))
"""Colour and shape of the baselines that are drawn."""


def rivals(found: SearchReading, goals: Sequence[Goal]) -> list[BaselineReading]:
    """Baselines and null tests with a bar in some objective, those that ask the most first."""
    there = [one for one in found.baselines if any(goal.name in one.bars for goal in goals)]
    places = dict.fromkeys(range(len(there)), 0)
    for goal in goals:
        sign = 1.0 if goal.direction == "minimise" else -1.0
        known = [i for i, one in enumerate(there) if goal.name in one.bars]
        for place, i in enumerate(sorted(known, key=lambda i: sign * there[i].bars[goal.name])):
            places[i] += place
    return [there[i] for i in sorted(places, key=lambda i: places[i])]


def _rivals_told(found: SearchReading, goals: Sequence[Goal]) -> str:
    """The baselines that are drawn, in words."""
    told = [
        f"{_called(one)} "
        + ", ".join(_value(goal, one.bars) for goal in goals if goal.name in one.bars)
        for one in rivals(found, goals)[: len(_BESIDE)]
    ]
    return f" To beat: {'; '.join(told)}." if told else ""


def _called(baseline: BaselineReading) -> str:
    return f"{'null test' if baseline.null else 'baseline'} {baseline.name}"


def _value(goal: Goal, values: Mapping[str, float]) -> str:
    """An objective's value, e.g. ``loss = 0.25 nat``."""
    return numbers.with_unit(f"{goal.name} = {numbers.number(values[goal.name], 4)}", goal.unit)


def _front_told(found: SearchReading, goals: Sequence[Goal]) -> str:
    """The front in a sentence: how far it reaches, the compromise, and what stands beside it."""
    there = {trial.number: trial.metrics for trial in found.trials}
    members = [there[number] for number in found.front if number in there]
    reach = [f"{g.name} {span([m[g.name] for m in members], g.unit)}" for g in goals if members]
    best = found.best
    winner = f" Compromise: {', '.join(_value(g, best.metrics) for g in goals)}." if best else ""
    return (
        f"Front of {numbers.count(len(found.front), 'trial')} in {goals[0].name} and "
        f"{goals[1].name} out of {numbers.count(len(found.trials), 'trial')}: "
        f"{', '.join(reach) or 'empty'}.{winner}{_rivals_told(found, goals)}"
    )


def goal_axis(goal: Goal) -> str:
    """Name an axis, and say which way is better."""
    better = "less" if goal.direction == "minimise" else "more"
    return f"{numbers.in_brackets(goal.name, goal.unit)}, {better} is better"


def _drawn(found: SearchReading, states: Sequence[ConfigurationState]) -> list[SearchTrial]:
    kept = [trial for trial in found.trials if trial.state in states]
    return kept[:: math.ceil(len(kept) / MOST) or 1]


def _frame(found: SearchReading, goal: Goal) -> tuple[float, float]:
    """Ends of an axis: the better trials, the front, the winner and what stands beside it."""
    values = [t.metrics[goal.name] for t in found.trials if goal.name in t.metrics]
    minimised = goal.direction == "minimise"
    worst = float(np.percentile(values, FRAME if minimised else 100.0 - FRAME))
    best = min(values) if minimised else max(values)
    front = {trial.number: trial.metrics for trial in found.trials}
    shown = [best, worst, *(front[n][goal.name] for n in found.front if n in front)]
    if found.best is not None:
        shown.append(found.best.metrics[goal.name])
    span = max(shown) - min(shown) or abs(best) or 1.0
    # A baseline as far away as that would press everything else together.
    bars = [b.bars[goal.name] for b in found.baselines if goal.name in b.bars]
    near = [bar for bar in bars if min(shown) - 2 * span <= bar <= max(shown) + 2 * span]
    low, high = min(shown + near), max(shown + near)
    return (low, high) if high > low else (low - 0.5 * span, high + 0.5 * span)


def margins(frame: tuple[float, float]) -> tuple[float, float]:
    """The ends of an axis with a little room beyond them."""
    edge = 0.05 * (frame[1] - frame[0])
    return frame[0] - edge, frame[1] + edge


def _clip(value: float, frame: tuple[float, float]) -> float:
    """The place of a value; what lies outside the frame stands at its edge."""
    low, high = margins(frame)
    return min(max(value, low), high)


def _cloud(
    axes: Axes,
    trials: Sequence[SearchTrial],
    first: Goal,
    second: Goal,
    frames: Sequence[tuple[float, float]],
) -> None:
    """Draw all trials: filled where they count, hollow where they miss a constraint."""
    for state, face in zip(MEASURED, (GREY, GROUND), strict=True):
        mine = [trial.metrics for trial in trials if trial.state == state]
        if mine:
            axes.plot(
                [_clip(m[first.name], frames[0]) for m in mine],
                [_clip(m[second.name], frames[1]) for m in mine],
                linestyle="",
                marker="o",
                markersize=3.5,
                markerfacecolor=face,
                markeredgecolor=GREY,
                markeredgewidth=0.7,
                label="trial" if state is ConfigurationState.COMPLETED else state,
                zorder=2,
                clip_on=False,
            )


def _staircase(axes: Axes, found: SearchReading, first: Goal, second: Goal) -> None:
    """Draw the front; with two objectives what it dominates ends at the stairs."""
    there = {trial.number: trial.metrics for trial in found.trials}
    members = [there[number] for number in found.front if number in there]
    points = sorted((m[first.name], m[second.name]) for m in members)
    if not points:
        return
    if len(found.goals) == 2:
        steps = "post" if first.direction == "minimise" else "pre"
        axes.plot(
            *zip(*points, strict=True),
            color=BLUE,
            drawstyle=f"steps-{steps}",
            linewidth=1,
            zorder=3,
        )
    axes.plot(
        *zip(*points, strict=True),
        linestyle="",
        marker="o",
        markersize=5,
        color=BLUE,
        label="front",
        zorder=4,
    )


def _beside(
    axes: Axes,
    baseline: BaselineReading,
    first: Goal,
    second: Goal,
    frames: Sequence[tuple[float, float]],
    colour: str,
    marker: str,
) -> None:
    """Draw what a result has to beat: lines across, and where they cross."""
    x, y = (baseline.bars.get(goal.name) for goal in (first, second))
    what = _called(baseline)
    both = x is not None and y is not None
    for value, line, frame in ((x, axes.axvline, frames[0]), (y, axes.axhline, frames[1])):
        if value is not None and _clip(value, frame) == value:
            line(
                value,
                color=colour,
                linewidth=0.9,
                linestyle="--" if baseline.null else ":",
                zorder=1,
                label=None if both else what,
            )
    if x is not None and y is not None:
        axes.plot(
            [_clip(x, frames[0])],
            [_clip(y, frames[1])],
            linestyle="",
            marker=marker,
            markersize=6,
            color=colour,
            label=what,
            zorder=5,
            clip_on=False,
        )


# -- history ---------------------------------------------------------------------------------


def history_figure(found: SearchReading) -> Figure | None:
    """Draw the best value so far and every trial, or how the dominated volume grew."""
    if len(found.hypervolume) < 2 and not (found.single and found.hypervolume):
        return None
    numbered, values = zip(*found.hypervolume, strict=True)
    goal, last = found.goals[0], len(found.trials)
    name = goal_axis(goal) if found.single else "dominated volume, in the units of the objectives"
    with Canvas(_history_told(found), 1.9, left=0.72) as canvas:
        axes = canvas.axes
        if found.single:
            _values(axes, found, goal)
        axes.plot(
            [*numbered, last],
            [*values, values[-1]],
            color=BLUE,
            drawstyle="steps-post",
            label="best so far" if found.single else "",
            zorder=3,
        )
        axes.set_xlim(0.5, last + 0.5)
        plain_axis(axes.xaxis, whole=True)
        plain_axis(axes.yaxis)
        return canvas.finish("trials", name)


def _history_told(found: SearchReading) -> str:
    """The history in a sentence: from where to where, and what was confirmed."""
    goal, many = found.goals[0], numbers.count(len(found.trials), "trial")
    (first, start), (last, end) = found.hypervolume[0], found.hypervolume[-1]
    unit = goal.unit if found.single else ""
    what = f"Best {goal.name} so far" if found.single else "Volume that the front dominates"
    text = (
        f"{what} over {many}: {numbers.number(start, 4)} after {first}, "
        f"{numbers.with_unit(numbers.number(end, 4), unit)} after {last}."
    )
    best = found.best
    if not found.single or best is None:
        return text
    if best.seeds:
        shown = numbers.plus_minus(best.metrics[goal.name], best.uncertainty.get(goal.name))
        again = numbers.count(len(best.seeds), "fresh seed")
        text += f" The winner, trial {best.number}, is confirmed at {shown} by {again}."
    return text + _rivals_told(found, [goal])


def _values(axes: Axes, found: SearchReading, goal: Goal) -> None:
    """Draw every trial's value, the confirmed one, and baselines."""
    frame = _frame(found, goal)
    axes.set_ylim(*margins(frame))
    for state, face in zip(MEASURED, (GREY, GROUND), strict=True):
        mine = [t for t in _drawn(found, (state,)) if goal.name in t.metrics]
        if mine:
            axes.plot(
                [t.number + 1 for t in mine],
                [_clip(t.metrics[goal.name], frame) for t in mine],
                linestyle="",
                marker="o",
                markersize=3,
                markerfacecolor=face,
                markeredgecolor=GREY,
                label="trial" if state is ConfigurationState.COMPLETED else state,
                clip_on=False,
            )
    beside = rivals(found, [goal])
    for (colour, _), dash, baseline in zip(_BESIDE, _DASHES, beside, strict=False):
        bar = baseline.bars[goal.name]
        if _clip(bar, frame) == bar:
            axes.axhline(
                bar, color=colour, linewidth=1.2, linestyle=dash, zorder=1, label=_called(baseline)
            )
    if len(beside) > len(_BESIDE):
        axes.plot([], [], linestyle="", label=f"{len(beside) - len(_BESIDE)} baselines ask less")
    best = found.best
    if best is not None and best.seeds:
        axes.errorbar(
            [best.number + 1],
            [best.metrics[goal.name]],
            yerr=[best.uncertainty.get(goal.name, 0.0)],
            color=INK,
            marker="P",
            markersize=8,
            linestyle="",
            markeredgecolor=GROUND,
            label="confirmed, with its uncertainty",
            zorder=5,
        )


_DASHES = (":", "--", "-.", (0, (1, 3)))
"""Of the baselines in a history."""


# -- importance ------------------------------------------------------------------------------


def importance_figure(found: SearchReading) -> Figure | None:
    """Draw the share of every parameter, hollow where chance would give as much."""
    if not any(one.share for one in found.importance):
        return None
    names = list(dict.fromkeys(one.parameter for one in found.importance))[:12]
    goals = [goal.name for goal in found.goals][: len(_BESIDE)]
    label = _importance_told(found, goals)
    left = min(0.3 + 0.075 * max(map(len, names)), 2.0)
    width = 0.8 / len(goals)
    with Canvas(label, 0.25 + 0.2 * len(names) * max(1.0, 0.7 * len(goals)), left) as canvas:
        axes = canvas.axes
        for i, goal in enumerate(goals):
            colour = (BLUE, ORANGE, GREEN, PURPLE)[i]
            mine = {o.parameter: o for o in found.importance if o.objective == goal}
            for place, name in enumerate(names):
                one = mine.get(name)
                if one is not None:
                    axes.barh(
                        place + (i - (len(goals) - 1) / 2) * width,
                        100 * one.share,
                        0.85 * width,
                        color=colour if one.clear else GROUND,
                        edgecolor=colour,
                        linewidth=1,
                    )
            axes.plot([], [], marker="s", linestyle="", color=colour, label=goal)
        axes.plot(
            [],
            [],
            marker="s",
            linestyle="",
            markerfacecolor=GROUND,
            markeredgecolor=GREY,
            label="no more than chance",
        )
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        plain_axis(axes.xaxis)
        return canvas.finish("share of the variance of the ranks (%)")


def _importance_told(found: SearchReading, goals: Sequence[str]) -> str:
    """Every objective with its parameters, the most important first."""
    told: list[str] = []
    for goal in goals:
        mine = [one for one in found.importance if one.objective == goal]
        mine.sort(key=lambda one: one.share, reverse=True)
        each = ", ".join(
            f"{one.parameter} {100 * one.share:.0f} %{'' if one.clear else ' (as by chance)'}"
            for one in mine[:6]
        )
        told.append(f"{goal}: {each}")
    return f"Importance of the parameters. {'; '.join(told)}."
