"""Pictures of one study: the profile, the pulls of the best fit, the waterfall of starts.

Matplotlib is loaded by the first picture, so that a report in text never loads it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from daybreak.diagnosis.study import Profile, ProfilePoint, Start, Study
from daybreak.problem.ends import LEVEL_95
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
    log_axis,
    plain_axis,
    power,
    svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["profile_figure", "residuals_figure", "svg", "waterfall_figure"]

MINUS = "\N{MINUS SIGN}"
BASINS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"), (PURPLE, "v"))
"""Colour and shape of the lowest basins; higher ones share a grey cross."""
MOST_NAMES = 12
"""Observations that can be named along an axis."""
MOST_POINTS = 300
"""Points that can be told apart in one picture."""
SAME = 1e-6
"""Ends closer to the lowest chi2 than this, or 1e-9 of it, are one minimum."""


def profile_figure(study: Study) -> Figure | None:
    """Draw chi2 along the profiled parameter, above its lowest value.

    A circle is a settled point, a triangle one that is not; hollow means that parameters are at
    bounds. None when the study has no profile with a fit in it.
    """
    profile = study.profile
    found = [point.chi2 for point in profile.points if point.chi2 is not None] if profile else []
    if profile is None or not found:
        return None
    lowest = min(found)
    top = _top([chi2 - lowest for chi2 in found])
    values = [point.value for point in profile.points]
    above = [math.nan if p.chi2 is None else p.chi2 - lowest for p in profile.points]
    with Canvas(_profile_label(profile, lowest), 1.9) as canvas:
        axes = canvas.axes
        axes.plot(values, above, color=BLUE, zorder=2)
        _intervals(axes, profile)
        if 0.02 * top < LEVEL_95:
            axes.axhline(LEVEL_95, color=ORANGE, linewidth=1, linestyle="--", label="95 % level")
        _points(axes, profile.points, above, top)
        axes.set_ylim(-0.06 * top, 1.06 * top)
        plain_axis(axes.yaxis)
        _profile_scale(axes, study, values)
        unit = f" ({profile.unit})" if profile.unit else ""
        return canvas.finish(f"{profile.parameter}{unit}", _above(lowest))


def _profile_label(profile: Profile, lowest: float) -> str:
    return (
        f"Profile of chi2 along {profile.parameter}, {len(profile.points)} points, "
        f"lowest {numbers.number(lowest)}. {profile.sentence}"
    )


def _above(lowest: float) -> str:
    return f"χ² {MINUS} {numbers.scientific(lowest)}"


def _profile_scale(axes: Axes, study: Study, values: Sequence[float]) -> None:
    """Give the x axis the scale that the profiled parameter was declared with."""
    name = study.profile.parameter if study.profile else ""
    scales = {info.name: info.scale for info in study.parameters}
    if scales.get(name) == "log" and min(values) > 0:
        axes.set_xscale("log")
        log_axis(axes.xaxis, min(values), max(values))
    else:
        plain_axis(axes.xaxis)


def _top(above: Sequence[float]) -> float:
    """Upper end of the frame: everything, or the region of the 95 % level when it would vanish."""
    highest = max(above)
    near = [value for value in above if value <= 10 * LEVEL_95]
    if highest > 50 * LEVEL_95 and len(near) >= 3:
        return 10 * LEVEL_95
    return highest or 1.0


def _intervals(axes: Axes, profile: Profile) -> None:
    """Shade the 95 % set; a line marks an end that the data close."""
    for i, piece in enumerate(profile.intervals):
        label = "95 % set" if i == 0 else None
        axes.axvspan(piece.lower, piece.upper, color=GREEN, alpha=0.22, linewidth=0, label=label)
        for end, closed in (
            (piece.lower, piece.lower_closed),
            (piece.upper, piece.upper_closed),
        ):
            if closed:
                axes.axvline(end, color=GREEN, linewidth=0.8, zorder=1)


def _points(
    axes: Axes, points: Sequence[ProfilePoint], above: Sequence[float], top: float
) -> None:
    """Draw the points by shape (settled or not) and fill (parameters at bounds or not)."""
    groups: dict[tuple[bool, bool, bool], list[tuple[float, float]]] = {}
    lost = [point.value for point in points if point.chi2 is None]
    if lost:
        axes.plot(lost, [0.0] * len(lost), linestyle="", marker="x", color=ORANGE, markersize=6,
                  label="every fit failed", clip_on=False)  # fmt: skip
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
            *zip(*where[:: math.ceil(len(where) / MOST_POINTS)], strict=True), linestyle="",
            marker="2" if outside else "^" if unsettled else "o", markersize=6, label=label,
            markerfacecolor=GROUND if bound else colour, markeredgecolor=colour,
            markeredgewidth=1.2, zorder=3, clip_on=False,
        )  # fmt: skip


def waterfall_figure(study: Study) -> Figure | None:
    """Draw the ends of the starts, lowest chi2 first; None below three starts.

    Colour and shape tell the basins apart; a hollow marker is a fit that did not converge.
    """
    starts = sorted(study.starts, key=lambda start: start.chi2)
    if len(starts) < 3:
        return None
    lowest = starts[0].chi2
    floor = max(SAME, 1e-9 * abs(lowest))
    high = max(starts[-1].chi2 - lowest, 1e3 * floor)
    count = len({start.basin for start in starts})
    label = (
        f"Waterfall of {len(starts)} starts in {numbers.count(count, 'basin')}, "
        f"lowest chi2 {numbers.number(lowest)}."
    )
    with Canvas(label, 1.9) as canvas:
        axes = canvas.axes
        _basins(axes, starts, floor)
        axes.set_yscale("log")
        axes.set_ylim(floor / 3, 3 * high)
        log_axis(axes.yaxis, floor, high)
        axes.set_xlim(0.5, len(starts) + 0.5)
        plain_axis(axes.xaxis, whole=True)
        note = f", drawn at {numbers.scientific(floor, 1)} when it is less"
        return canvas.finish("start, lowest first", _above(lowest) + note)


def _basins(axes: Axes, starts: Sequence[Start], floor: float) -> None:
    """Draw the ends by basin and by whether they converged."""
    order = list(dict.fromkeys(start.basin for start in starts))
    groups: dict[tuple[int, bool], list[tuple[float, float]]] = {}
    for rank, start in enumerate(starts, 1):
        place = min(order.index(start.basin), len(BASINS))
        above = max(start.chi2 - starts[0].chi2, floor)
        groups.setdefault((place, not start.converged), []).append((rank, above))
    for (place, unconverged), where in sorted(groups.items()):
        colour, marker = BASINS[place] if place < len(BASINS) else (GREY, "P")
        label = f"basin {place + 1}" if place < len(BASINS) else "other basins"
        axes.plot(
            *zip(*where, strict=True), linestyle="", marker=marker, markersize=5, zorder=3,
            markeredgecolor=colour, markerfacecolor=GROUND if unconverged else colour,
            label=f"{label}, not converged" if unconverged else label,
        )  # fmt: skip


def residuals_figure(study: Study) -> Figure | None:
    """Draw the pulls of the best fit, (prediction - value) / sigma.

    A few observations are named bars, some hundreds are points in the order of the data, more
    are a histogram beside the standard normal one. None without a best fit.
    """
    if study.best is None or not study.best.predictions:
        return None
    pulls = {name: one.residual for name, one in study.best.predictions.items()}
    values = list(pulls.values())
    widest = numbers.signed(max(values, key=abs), 4)
    label = f"Pulls of {numbers.count(len(pulls), 'observation')}, the widest {widest} sigma."
    if len(pulls) <= MOST_NAMES:
        return _named_pulls(label, pulls)
    return _histogram(label, values) if len(pulls) > MOST_POINTS else _ordered_pulls(label, values)


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


def _ordered_pulls(label: str, pulls: list[float]) -> Figure:
    """Points in the order of the data: what a trend in them would show."""
    reach = 1.15 * max(2.5, *(abs(pull) for pull in pulls))
    with Canvas(label, 1.5) as canvas:
        axes = canvas.axes
        axes.axhspan(-2, 2, color=GREY, alpha=0.25, linewidth=0, label="within 2 sigma")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.plot(range(1, len(pulls) + 1), pulls, linestyle="", marker="o", color=BLUE,
                  markersize=4 if len(pulls) <= 80 else 2.5)  # fmt: skip
        axes.set_ylim(-reach, reach)
        plain_axis(axes.xaxis, whole=True)
        plain_axis(axes.yaxis)
        return canvas.finish("observation", f"pull: (prediction {MINUS} observed) / sigma")


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
