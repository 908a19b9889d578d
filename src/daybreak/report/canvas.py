"""The one style of every picture, and the way from a figure to SVG inside a page.

Axes and text are drawn in `INK`, which `svg` turns into ``currentColor``: a picture takes the
colour of the text around it, on light and on dark ground alike.
"""

from __future__ import annotations

import html
import io
import math
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from daybreak.report import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK = "#010203"
"""Stands for the colour of the surrounding text; nothing else is drawn in it."""
GROUND = "#fdfcfb"
"""Stands for the colour of the surrounding page; nothing else is drawn in it."""
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#878d96"
"""Blue, vermilion, bluish green and reddish purple of M. Okabe and K. Ito, "Color Universal
Design" (2008), which the colour-blind tell apart too, and a grey.

Each has at least 3 : 1 against white and against near-black, and none is told apart by colour
alone: shapes and dashes differ as well.  On dark ground a page may brighten the blue (``--blue``)
to their sky blue.
"""
SHADE = "#0072b3"
"""The blue of shaded cells, which carry text and are the same on either ground."""

MINUS = "\N{MINUS SIGN}"
MOST_POINTS = 300
"""Points that can be told apart in one picture.

A picture is `WIDTH` = 3.9 inches wide, some 280 points of a printer.
"""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "daybreak",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "figure.dpi": 72.0,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.2,
}
"""No mathematics in text, so that a ``$`` in a name is a dollar."""

WIDTH, ABOVE, BELOW, LEGEND_ROW = 3.9, 0.3, 0.43, 0.168
"""Inches: width of a picture; room above and below the axes, and for each row of the legend."""


class Canvas:
    """A bare figure with one pair of axes in the house style; used as a context."""

    def __init__(
        self, label: str, height: float, left: float = 0.6, right: float = 0.12, above: float = 0
    ) -> None:
        """Plan a picture whose axes are `height` inches high.

        `label` is what a reader hears who does not see it: what is drawn, with the numbers.
        `above` is the height of a second pair of axes over the same x axis, see `upper`.
        """
        self._label, self._height, self._left, self._right = label, height, left, right
        self._above, self._name_above = above, ""

    def __enter__(self) -> Self:
        """Draw in the house style from here on."""
        import matplotlib as mpl
        from matplotlib.figure import Figure

        self._context = mpl.rc_context(STYLE)
        self._context.__enter__()
        self.figure: Figure = Figure()
        self.figure.set_label(self._label)
        self.axes: Axes = self.figure.add_axes((0.1, 0.1, 0.8, 0.8))
        return self

    def __exit__(self, *raised: object) -> None:
        """Give other figures their style back."""
        self._context.__exit__(None, None, None)

    def upper(self, y: str) -> Axes:
        """Axes above the others, with the same x axis; `y` names what they show."""
        self._name_above = y
        axes = self.figure.add_axes((0.1, 0.9, 0.8, 0.05), sharex=self.axes)
        axes.tick_params(axis="x", labelbottom=False, length=0)
        return axes

    def finish(self, x: str, y: str = "") -> Figure:
        """Name the axes, and place everything at fixed distances in inches.

        An automatic layout would draw every text twice and cost most of the time.
        """
        handles, labels = _legend(self.figure)
        columns = _columns(labels, WIDTH - 0.2)
        rows = math.ceil(len(labels) / columns)
        top, bottom = ABOVE if y else 0.08, BELOW + LEGEND_ROW * rows
        extra = self._above + ABOVE + 0.08 if self._above else 0.0
        height = top + self._height + bottom + extra
        width = WIDTH - self._left - self._right
        self.figure.set_size_inches(WIDTH, height)
        places = [(bottom, self._height), (bottom + self._height + ABOVE + 0.08, self._above)]
        for axes, (low, high) in zip(self.figure.axes, places, strict=False):
            axes.set_position((self._left / WIDTH, low / height, width / WIDTH, high / height))
        self.axes.set_xlabel(x)
        # The y axis is named above it: a long number is hard to read when it stands upright.
        for name, down in ((self._name_above, 0.06), (y, 0.06 + extra)):
            self.figure.text(0.08 / WIDTH, 1 - down / height, name, va="top", fontsize=9)
        if labels:
            self.figure.legend(
                handles,
                labels,
                loc="lower left",
                bbox_to_anchor=(0.2 / WIDTH, 0),
                ncols=columns,
                borderpad=0.1,
                borderaxespad=0.1,
                handletextpad=0.5,
                columnspacing=1.4,
                handlelength=1.5,
                labelspacing=0.35,
            )
        return self.figure


def _legend(figure: Figure) -> tuple[list[Any], list[str]]:
    """What all axes of a picture name."""
    found = [axes.get_legend_handles_labels() for axes in reversed(figure.axes)]
    return [h for handles, _ in found for h in handles], [t for _, labels in found for t in labels]


def alt(figure: Figure) -> str:
    """What a picture shows, in a sentence with its numbers: for those who do not see it."""
    return str(figure.get_label())


def span(values: Sequence[float], unit: str = "") -> str:
    """Write the range of some numbers for a picture's sentence, e.g. ``0.1 to 4 s``."""
    low, high = (numbers.rounded(end, 4) for end in (min(values), max(values)))
    return numbers.with_unit(low if low == high else f"{low} to {high}", unit)


def _columns(labels: list[str], width: float) -> int:
    """How many columns of a legend fit into `width` inches."""
    widest = 0.42 + 0.066 * max(map(len, labels), default=0)
    return max(1, min(len(labels), int(width / widest)))


def plain_axis(axis: Axis, *, whole: bool = False) -> None:
    """Label an axis with numbers as they are, large ones too, without a detached offset."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5, integer=whole))
    axis.set_major_formatter(FuncFormatter(lambda x, _: numbers.scientific(x, 6)))


def log_axis(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis: powers of ten; 1, 2, 5 or plain steps when it is short."""
    from matplotlib.ticker import (
        FuncFormatter,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        NullLocator,
    )

    if high < 4 * low:
        plain_axis(axis)
        axis.set_major_locator(MaxNLocator(4))
    elif high < 50 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=10))
        axis.set_major_formatter(FuncFormatter(lambda x, _: numbers.scientific(x, 3)))
    else:
        axis.set_major_locator(LogLocator(numticks=6))
        axis.set_major_formatter(FuncFormatter(lambda x, _: power(x)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def value_axis(axes: Axes, which: Literal["x", "y"], values: Sequence[float], scale: str) -> None:
    """Give an axis the scale that its parameter was declared with, and label it."""
    axis, set_scale = (
        (axes.xaxis, axes.set_xscale) if which == "x" else (axes.yaxis, axes.set_yscale)
    )
    if scale == "log" and min(values) > 0:
        set_scale("log")
        log_axis(axis, min(values), max(values))
    else:
        plain_axis(axis)


def above_lowest(lowest: float) -> str:
    """Name an axis that counts chi2 from its lowest value."""
    return f"χ² {MINUS} {numbers.scientific(lowest)}"


def power(value: float) -> str:
    """Write a power of ten, e.g. ``10⁴``; 0.01 to 100 stay as they are."""
    exponent = round(math.log10(abs(value))) if value else 0
    if abs(exponent) <= 2:
        return numbers.scientific(value, 3)
    return f"{'−' if value < 0 else ''}{numbers.ten_to(exponent)}"


_REPLACED = (
    (re.compile(r"^.*?(?=<svg)", re.DOTALL), ""),  # XML prolog and document type
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r'<g id="[^"]*"'), "<g"),  # the same in every picture, and used by none
    (re.compile(r"xlink:href="), "href="),
    (re.compile(INK), "currentColor"),
    (re.compile(GROUND), "var(--ground, none)"),
    (re.compile(BLUE), f"var(--blue, {BLUE})"),
    (re.compile(r"font-family: [^;\"]*;? ?"), ""),
    (re.compile(r"font: ([\d.]+)px [^;\"]*"), r"font-size: \1px"),
    (re.compile(r"(?<=>)\s+(?=<)"), ""),
)
_TAG = re.compile(r"<[^>]*>")
_DECIMALS = re.compile(r"(\d\.\d\d)\d+")
_ROOT = re.compile(r"<svg [^>]*>")
_VIEW = re.compile(r'viewBox="[^"]*"')


def svg(figure: Figure) -> str:
    """Draw a figure as inline SVG: the same text for the same figure, no date, no prolog.

    Letters stay text in the font of the page, and the figure's label is what a screen reader
    says.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A letter that the measuring font lacks is still shown by the reader's own font.
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support")
        FigureCanvasSVG(figure).print_svg(buffer, metadata=nothing)
    text = buffer.getvalue()
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    text = _TAG.sub(lambda tag: _DECIMALS.sub(r"\1", tag.group()), text)
    return _ROOT.sub(lambda root: _opening(root.group(), alt(figure)), text, count=1)


def _opening(root: str, label: str) -> str:
    """Opening tag that scales with the page and has a name."""
    view = _VIEW.search(root)
    name = html.escape(label, quote=True)
    return f'<svg {view.group() if view else ""} role="img" aria-label="{name}">'
