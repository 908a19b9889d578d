"""Picture of the exact symmetries of a problem, and how strongly each moves every parameter."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from daybreak.findings import Symmetry
from daybreak.report import numbers
from daybreak.report.canvas import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    Canvas,
    plain_axis,
)
from daybreak.report.examined import Examined

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = ((BLUE, ""), (ORANGE, "//"), (GREEN, ".."), (PURPLE, "\\\\"))
"""Colour and hatching."""
_ROOM = 0.08


def symmetry_figure(summary: Examined) -> Figure | None:
    """Draw the exact symmetries: how strongly each moves every parameter.

    None when there is no exact symmetry.
    """
    shared = {
        tuple(found.exponents.items()): found
        for examined in summary.examinations
        for found in examined.symmetries
        if found.exact
    }
    drawn = list(shared.values())[: len(_LOOKS)]
    if not drawn:
        return None
    moved = list(dict.fromkeys(name for found in drawn for name in found.exponents))
    left = 0.3 + 0.075 * max(map(len, moved))
    with Canvas(_told(drawn), 0.3 + 0.24 * len(moved) * max(1.0, 0.7 * len(drawn)), left) as c:
        axes, thick = c.axes, 0.8 / len(drawn)
        for i, (found, (colour, hatch)) in enumerate(zip(drawn, _LOOKS, strict=False)):
            places = [moved.index(name) - 0.4 + (i + 0.5) * thick for name in found.exponents]
            sizes = [float(Fraction(text)) for text in found.exponents.values()]
            name = found.kind if len(drawn) == 1 else f"{found.kind} {i + 1}"
            axes.barh(places, sizes, thick * 0.9, color=colour, hatch=hatch, label=name)
            for at, size, text in zip(places, sizes, found.exponents.values(), strict=True):
                axes.annotate(
                    text.replace("-", "−"),
                    (size, at),
                    (3 if size > 0 else -3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                    ha="left" if size > 0 else "right",
                )
        axes.axvline(0.0, color=INK, linewidth=0.8)
        axes.margins(x=_ROOM)
        axes.set_yticks(range(len(moved)), moved)
        axes.set_ylim(len(moved) - 0.5, -0.5)
        plain_axis(axes.xaxis)
        return c.finish(_axis({found.kind for found in drawn}))


def _axis(kinds: set[str]) -> str:
    """What the length of a bar means."""
    if kinds == {"scaling"}:
        return "exponent of c"
    return "share of c" if kinds == {"shift"} else "exponent of c (scaling), share of c (shift)"


def _told(drawn: list[Symmetry]) -> str:
    many = numbers.count(len(drawn), "exact symmetry", "exact symmetries")
    each = "; ".join(
        f"{found.kind} with "
        + ", ".join(f"{name} {power}" for name, power in found.exponents.items())
        + f" ({found.sentence})"
        for found in drawn
    )
    return f"{many}: {each}."
