"""Picture of the ends of the starts, lowest chi2 first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daybreak.diagnosis.study import Start, Study
from daybreak.problem.ends import same_chi2
from daybreak.report import evidence, numbers
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    GREY,
    GROUND,
    ORANGE,
    PURPLE,
    Canvas,
    above_lowest,
    log_axis,
    plain_axis,
)
from daybreak.report.evidence import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = {
    KINDS["global"]: (BLUE, "o"),
    KINDS["local minimum"]: (ORANGE, "s"),
    KINDS["saddle or plateau"]: (PURPLE, "v"),
    KINDS["at bound"]: (GREEN, "D"),
    KINDS["not converged"]: (GREY, "X"),
    KINDS["unchecked"]: (GREY, "P"),
}
"""Colour and shape of each kind of end."""
BASINS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"), (PURPLE, "v"))
"""The same for the lowest basins where no end has been examined."""
OTHERS = "others"
SAME = 1e-6
"""Ends closer to the lowest chi2 than this, or 1e-9 of it, are one minimum.

As for two fits (`daybreak.problem.ends.same_chi2`).
"""


def waterfall_figure(study: Study) -> Figure | None:
    """Draw the ends of the starts, lowest chi2 first; None below three starts.

    Colour and shape tell what each end was found to be, or the basins apart where nothing was
    examined; a hollow marker is a fit that did not converge.
    """
    starts = sorted(study.starts, key=lambda start: start.chi2)
    if len(starts) < 3:
        return None
    lowest = starts[0].chi2
    floor = max(SAME, 1e-9 * abs(lowest))
    high = max(starts[-1].chi2 - lowest, 1e3 * floor)
    with Canvas(_told(study, starts), 1.9) as canvas:
        axes = canvas.axes
        _ends(axes, study, starts, floor)
        axes.set_yscale("log")
        axes.set_ylim(floor / 3, 3 * high)
        log_axis(axes.yaxis, floor, high)
        axes.set_xlim(0.5, len(starts) + 0.5)
        plain_axis(axes.xaxis, whole=True)
        note = f", drawn at {numbers.scientific(floor, 1)} when it is less"
        return canvas.finish("start, lowest first", above_lowest(lowest) + note)


def _told(study: Study, starts: list[Start]) -> str:
    """How many starts ended where."""
    lowest, floor = starts[0].chi2, max(SAME, 1e-9 * abs(starts[0].chi2))
    there = sum(start.chi2 - lowest <= floor for start in starts)
    failed = sum(not start.converged for start in starts)
    text = (
        f"Ends of {len(starts)} starts: {there} at the lowest chi2, {numbers.number(lowest)}, the "
        f"others up to {numbers.number(starts[-1].chi2 - lowest, 4)} above; {failed} did not "
        "converge."
    )
    return f"{text} {evidence.ends_in_words(study).capitalize()}." if study.ends else text


def _ends(axes: Axes, study: Study, starts: list[Start], floor: float) -> None:
    """Draw the ends by what they are and by whether they converged."""
    looks = _looks(study, starts)
    groups: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for rank, start in enumerate(starts, 1):
        above = max(start.chi2 - starts[0].chi2, floor)
        key = (_kind(study, start, list(looks)), not start.converged)
        groups.setdefault(key, []).append((rank, above))
    for (kind, unconverged), where in groups.items():
        colour, marker = looks[kind]
        plain = not unconverged or kind == KINDS["not converged"]
        axes.plot(
            *zip(*where, strict=True),
            linestyle="",
            marker=marker,
            markersize=5,
            zorder=3,
            markeredgecolor=colour,
            markerfacecolor=GROUND if unconverged else colour,
            label=kind if plain else f"{kind}, not converged",
        )


def _looks(study: Study, starts: list[Start]) -> dict[str, tuple[str, str]]:
    """Colour and shape by the word of the legend."""
    if study.ends:
        return {**LOOKS, OTHERS: (GREY, "P")}
    count = min(len({start.basin for start in starts}), len(BASINS))
    return {**{f"basin {i + 1}": BASINS[i] for i in range(count)}, OTHERS: (GREY, "P")}


def _kind(study: Study, start: Start, words: list[str]) -> str:
    """What the end of a start is called in the legend."""
    if not study.ends:
        order = list(dict.fromkeys(s.basin for s in sorted(study.starts, key=lambda s: s.chi2)))
        return words[min(order.index(start.basin), len(words) - 1)]
    same = [i for i, end in enumerate(study.ends) if same_chi2(end.chi2, start.chi2)]
    # Several ends may share a chi2, mirrored ones for example: the number tells which.
    place = start.basin if start.basin in same else next(iter(same), None)
    return OTHERS if place is None else KINDS[study.ends[place].kind]
