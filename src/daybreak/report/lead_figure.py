"""Pictures of results against what is there without a search: the baselines and null tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daybreak.diagnosis.search_study import BaselineReading, Goal, SearchReading
from daybreak.diagnosis.study import Study
from daybreak.report import numbers
from daybreak.report.canvas import BLUE, GREY, INK, ORANGE, Canvas, plain_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 16
"""Rows that can be told apart in one picture."""
_MOST_LETTERS = 24


def leads(studies: Sequence[Study]) -> list[tuple[Study, float, float]]:
    """How far each search is ahead of its best baseline, in the direction that is better.

    Returns
    -------
    list of (study, lead, uncertainty)
        In the unit of the objective; of searches with one objective, a result and a baseline.
    """
    found: list[tuple[Study, float, float]] = []
    for study in studies:
        reading = study.search
        if reading is None or reading.best is None or not reading.single:
            continue
        goal = reading.goals[0]
        bars = [b.bars[goal.name] for b in reading.baselines if goal.name in b.bars]
        if bars:
            sign = _sign(goal)
            best = min(bars, key=lambda bar, sign=sign: sign * bar)
            lead = sign * (best - reading.best.metrics[goal.name])
            found.append((study, lead, reading.best.uncertainty.get(goal.name, 0.0)))
    return found


def lead_figure(studies: Sequence[Study]) -> Figure | None:
    """Draw how far several searches are ahead of the best baseline of each; left of 0 is behind.

    None with fewer than two of them, or when their objectives differ.
    """
    shown = leads(studies)[:MOST_ROWS]
    goals = {(g.name, g.unit) for study, *_ in shown if study.search for g in study.search.goals}
    if len(shown) < 2 or len(goals) != 1:
        return None
    ((name, unit),) = goals
    told = ", ".join(f"{s.name} {numbers.signed(lead)}" for s, lead, _ in shown)
    label = f"Lead over the best baseline in {name}, negative is behind: {told}."
    with Canvas(label, 0.25 + 0.22 * len(shown), _room([s.name for s, *_ in shown])) as canvas:
        axes = canvas.axes
        axes.axvline(0.0, color=ORANGE, linewidth=1.2, label="the best baseline")
        places = list(range(len(shown)))
        axes.errorbar(
            [lead for _, lead, _ in shown],
            places,
            xerr=[error for *_, error in shown],
            linestyle="",
            marker="o",
            markersize=5,
            color=BLUE,
            capsize=2,
            label="result of the search",
        )
        _rows(canvas, [study.name for study, *_ in shown])
        ahead = numbers.in_brackets(f"lead in {name}", unit)
        return canvas.finish(f"{ahead}, right is better")


def baselines_figure(found: SearchReading) -> Figure | None:
    """Draw a result beside every baseline; None without one, or with several objectives."""
    if found.best is None or not found.single:
        return None
    goal, best = found.goals[0], found.best
    there = [baseline for baseline in found.baselines if goal.name in baseline.bars]
    if not there:
        return None
    sign = _sign(goal)
    shown = sorted(there, key=lambda one: sign * one.bars[goal.name])[:MOST_ROWS]
    value, error = best.metrics[goal.name], best.uncertainty.get(goal.name, 0.0)
    told = ", ".join(f"{_called(one)} {numbers.number(one.bars[goal.name], 5)}" for one in shown)
    label = f"{goal.name} of the result, {numbers.plus_minus(value, error)}, against {told}."
    with Canvas(label, 0.25 + 0.22 * len(shown), _room([_called(one) for one in shown])) as canvas:
        axes = canvas.axes
        if error:
            axes.axvspan(value - error, value + error, color=BLUE, alpha=0.2, linewidth=0)
        axes.axvline(value, color=BLUE, linewidth=1.5, label="result of the search")
        for null, colour, marker, what in (
            (False, ORANGE, "s", "baseline"),
            (True, GREY, "D", "null test, better 5 %"),
        ):
            rows = [i for i, one in enumerate(shown) if one.null == null]
            if rows:
                axes.plot(
                    [shown[i].bars[goal.name] for i in rows],
                    rows,
                    linestyle="",
                    marker=marker,
                    markersize=6,
                    color=colour,
                    markeredgecolor=INK,
                    markeredgewidth=0.4,
                    label=what,
                )
        _rows(canvas, [_called(one) for one in shown])
        better = "left" if goal.direction == "minimise" else "right"
        return canvas.finish(f"{numbers.in_brackets(goal.name, goal.unit)}, {better} is better")


def _sign(goal: Goal) -> float:
    return 1.0 if goal.direction == "minimise" else -1.0


def _called(one: BaselineReading) -> str:
    return f"{one.name} (null)" if one.null else one.name


def _room(names: Sequence[str]) -> float:
    """Inches left of the axes for the names of the rows."""
    return 0.25 + 0.075 * max(len(name[:_MOST_LETTERS]) for name in names)


def _rows(canvas: Canvas, names: Sequence[str]) -> None:
    canvas.axes.set_yticks(range(len(names)), [name[:_MOST_LETTERS] for name in names])
    canvas.axes.set_ylim(len(names) - 0.4, -0.6)
    plain_axis(canvas.axes.xaxis)
