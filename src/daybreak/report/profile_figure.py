"""Pictures of a profile: chi2 along one parameter, and how its minimum moves.

Matplotlib is loaded by the first picture, so that a report in text never loads it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from daybreak.diagnosis.study import EndReason, Interval, Profile, ProfilePoint, Study
from daybreak.problem.ends import same_chi2
from daybreak.report import curves, numbers
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    GREY,
    GROUND,
    INK,
    MOST_POINTS,
    ORANGE,
    Canvas,
    above_lowest,
    log_axis,
    plain_axis,
    value_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def profile_figure(study: Study, profile: Profile) -> Figure | None:
    """Draw chi2 along a profiled parameter, above the lowest chi2 of the study.

    A circle is a settled point, a triangle one that is not; hollow means that parameters are at
    bounds.  Where the points' own starts missed something, a thin line shows what they found.
    None when no point has a fit.
    """
    found = [point.chi2 for point in profile.points if point.chi2 is not None]
    if not found:
        return None
    lowest = min(found) if profile.chi2_min is None else profile.chi2_min
    values = [point.value for point in profile.points]
    above = [math.nan if p.chi2 is None else p.chi2 - lowest for p in profile.points]
    own = _own(profile, lowest)
    drawn = [y for y in own if not math.isnan(y)]
    top = _top([chi2 - lowest for chi2 in found], drawn, profile.level)
    with Canvas(_profile_label(profile, lowest), 1.9) as canvas:
        axes = canvas.axes
        if profile.ends_only:
            axes.plot(
                *_guide(*_line(profile, above)),
                color=BLUE,
                linewidth=1,
                linestyle=":",
                label="parabolas, to guide the eye",
                zorder=2,
            )
        else:
            axes.plot(*_line(profile, above), color=BLUE, zorder=2)
        _intervals(axes, profile)
        if 0.02 * top < profile.level:  # else it would lie on the axis
            axes.axhline(
                profile.level, color=ORANGE, linewidth=1, linestyle="--", label="95 % level"
            )
        if own:
            axes.plot(
                values,
                own,
                color=GREY,
                linewidth=1,
                linestyle=":",
                marker=".",
                markersize=4,
                label="before relaxation",
                zorder=1,
            )
        _points(axes, profile.points, above, top)
        if profile.minimum is not None and profile.minimum not in values:
            axes.plot(
                [profile.minimum],
                [0.0],
                linestyle="",
                marker="+",
                color=INK,
                markersize=8,
                label="lowest",
                zorder=4,
            )
        axes.set_ylim(-0.06 * top, 1.06 * top)
        plain_axis(axes.yaxis)
        value_axis(axes, "x", values, scale_of(study, profile.parameter))
        name = numbers.in_brackets(profile.parameter, profile.unit)
        return canvas.finish(name, above_lowest(lowest))


_CROSSINGS = (EndReason.DATA, EndReason.NUISANCE, EndReason.PRIOR)
"""Reasons of ends at which the curve crosses the level."""


def _ends(piece: Interval) -> tuple[tuple[float, EndReason, list[str]], ...]:
    """Both ends of a piece: where, why, and whose bounds or priors."""
    return (
        (piece.lower, piece.lower_reason, piece.lower_of),
        (piece.upper, piece.upper_reason, piece.upper_of),
    )


def _line(profile: Profile, above: Sequence[float]) -> tuple[list[float], list[float]]:
    """The curve through the grid points, the lowest point, and where it crosses the level."""
    known = {
        end: profile.level
        for piece in profile.intervals
        for end, reason, _ in _ends(piece)
        if reason in _CROSSINGS
    }
    if profile.minimum is not None:
        known[profile.minimum] = 0.0
    known |= {point.value: y for point, y in zip(profile.points, above, strict=True)}
    values = sorted(known)
    return values, [known[value] for value in values]


def _guide(values: list[float], above: list[float]) -> tuple[list[float], list[float]]:
    """On either side a parabola from the lowest point to the nearest other one."""
    low = min(range(len(above)), key=lambda i: math.inf if math.isnan(above[i]) else above[i])
    x: list[float] = []
    y: list[float] = []
    for side, sign in ((low - 1, -1), (low + 1, 1)):
        if not 0 <= side < len(values):
            continue
        share = [i / 24 for i in range(25)][::sign]
        x += [values[low] + one * (values[side] - values[low]) for one in share]
        y += [above[low] + one * one * (above[side] - above[low]) for one in share]
    return x, y


def _profile_label(profile: Profile, lowest: float) -> str:
    name = numbers.in_brackets(profile.parameter, profile.unit)
    at = (
        ""
        if profile.minimum is None
        else (
            f" at {profile.parameter} = "
            f"{numbers.with_unit(numbers.number(profile.minimum, 4), profile.unit)}"
        )
    )
    return (
        f"Profile of chi2 along {name}: lowest {numbers.number(lowest)}{at}. "
        f"{curves.intervals(profile)} {_flags(profile)} {profile.sentence}"
    )


def _flags(profile: Profile) -> str:
    """Count the points that a look at the picture would stop at."""
    points = profile.points
    found = (
        (sum(not p.settled for p in points if p.chi2 is not None), "not settled"),
        (sum(p.chi2 is None for p in points), "without a fit"),
        (sum(bool(p.at_bounds) for p in points), "with parameters at bounds"),
    )
    flagged = ", ".join(f"{count} {what}" for count, what in found if count)
    return f"{numbers.count(len(points), 'point')}, {flagged or 'none flagged'}."


def _own(profile: Profile, lowest: float) -> list[float]:
    """The curve before relaxation, above the lowest chi2; empty where nothing changed."""
    points = profile.points
    changed = any(
        p.own is not None and p.chi2 is not None and not same_chi2(p.own, p.chi2) for p in points
    )
    return [math.nan if p.own is None else p.own - lowest for p in points] if changed else []


def scale_of(study: Study, parameter: str) -> str:
    """The scale that a parameter was declared with."""
    return next((info.scale for info in study.parameters if info.name == parameter), "linear")


def _top(above: Sequence[float], own: Sequence[float], level: float) -> float:
    """Upper end of the frame.

    Everything; or the region of the 95 % level when it would vanish; never less than the level,
    so that a flat profile looks flat.  One that stays below the level everywhere is shown beside
    all the variation that the points' own starts suggested.
    """
    highest = max(above)
    # Below a fiftieth of the height a level vanishes; three points are a curve.
    near = [value for value in above if value <= 10 * level]
    if highest > 50 * level and len(near) >= 3:
        return 10 * level
    least = 1.25 * level
    return max(highest, least, *(own if highest < level else ()))


def _intervals(axes: Axes, profile: Profile) -> None:
    """Shade the 95 % set; a line marks an end that the data close, dots one that others do."""
    told = set[str]()
    for i, piece in enumerate(profile.intervals):
        label = "95 % set" if i == 0 else None
        axes.axvspan(piece.lower, piece.upper, color=GREEN, alpha=0.22, linewidth=0, label=label)
        for end, reason, of in _ends(piece):
            if reason is EndReason.DATA:
                axes.axvline(end, color=GREEN, linewidth=0.8, zorder=1)
            elif reason in _CROSSINGS:
                held = f"end by the {curves.ended_by(reason, of)}"
                label = None if held in told else held
                axes.axvline(end, color=ORANGE, linewidth=1, linestyle=":", label=label, zorder=1)
                told.add(held)


def _points(
    axes: Axes, points: Sequence[ProfilePoint], above: Sequence[float], top: float
) -> None:
    """Draw the points by shape (settled or not) and fill (parameters at bounds or not)."""
    groups: dict[tuple[bool, bool, bool], list[tuple[float, float]]] = {}
    lost = [point.value for point in points if point.chi2 is None]
    if lost:
        axes.plot(
            lost,
            [0.0] * len(lost),
            linestyle="",
            marker="x",
            color=ORANGE,
            markersize=6,
            label="every fit failed",
            clip_on=False,
        )
    for point, y in zip(points, above, strict=True):
        if point.chi2 is None:
            continue
        outside = y > 1.05 * top
        kind = (outside, not point.settled, bool(point.at_bounds) and not outside)
        groups.setdefault(kind, []).append((point.value, min(y, top)))
    for (outside, unsettled, bound), where in sorted(groups.items()):
        label = "not settled" if unsettled else "higher" if outside else "settled"
        label += ", off the scale" if outside else ", at bounds" if bound else ""
        colour = ORANGE if unsettled else BLUE
        axes.plot(
            *zip(*where[:: math.ceil(len(where) / MOST_POINTS)], strict=True),
            linestyle="",
            marker="2" if outside else "^" if unsettled else "o",
            markersize=6,
            label=label,
            markerfacecolor=GROUND if bound else colour,
            markeredgecolor=colour,
            markeredgewidth=1.2,
            zorder=3,
            clip_on=False,
        )


def scale_figure(study: Study, profile: Profile) -> Figure | None:
    """Draw where the best fit puts a parameter when the model uncertainty is multiplied.

    The band is its 95 % set from the profile.  None below two scales.
    """
    name = profile.parameter
    fits = [fit for fit in study.model_scales if name in fit.parameters and fit.scale > 0]
    if len(fits) < 2:
        return None
    scales = [fit.scale for fit in fits]
    at = [fit.parameters[name] for fit in fits]
    told = ", ".join(
        f"{numbers.number(value, 4)} at x {numbers.number(scale)}"
        for scale, value in zip(scales, at, strict=True)
    )
    label = (
        f"{numbers.in_brackets(name, profile.unit)} at the best fit when the model uncertainty is "
        f"multiplied: {told}. {curves.intervals(profile)}"
    )
    with Canvas(label, 1.2) as canvas:
        axes = canvas.axes
        for i, piece in enumerate(profile.intervals):
            axes.axhspan(
                piece.lower,
                piece.upper,
                color=GREEN,
                alpha=0.22,
                linewidth=0,
                label="95 % set" if i == 0 else None,
            )
        axes.plot(scales, at, color=BLUE, marker="o", markersize=5, label="best fit")
        axes.set_xscale("log")
        log_axis(axes.xaxis, min(scales), max(scales))
        axes.set_xticks(scales, [numbers.scientific(scale, 3) for scale in scales])
        ends = [end for piece in profile.intervals for end in (piece.lower, piece.upper)]
        value_axis(axes, "y", [*at, *ends], scale_of(study, name))
        unit = numbers.in_brackets(name, profile.unit)
        return canvas.finish("factor on the model uncertainty", unit)
