"""Curves to begin with, and boxes for their parameters from the span of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import DaybreakError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """A parameter and the range it is searched in."""

    name: str
    lower: float
    upper: float
    unit: str
    log: bool = False


@dataclass(frozen=True)
class Span:
    """What the data span."""

    x: Array
    y: Array
    x_unit: str
    y_unit: str

    @property
    def width(self) -> float:
        """Of x."""
        return float(np.ptp(self.x))

    @property
    def height(self) -> float:
        """Of y."""
        return float(np.ptp(self.y))

    @property
    def first(self) -> float:
        """The smallest x."""
        return float(self.x.min())

    @property
    def per_x(self) -> str:
        """Unit of a rate."""
        return f"1/{self.x_unit}" if self.x_unit else ""

    def level(self, name: str) -> Box:
        """A parameter that is a value of y: twice the span of the data to either side."""
        low, high = float(self.y.min()), float(self.y.max())
        return Box(name, low - 2 * self.height, high + 2 * self.height, self.y_unit)

    def amplitude(self, name: str) -> Box:
        """A parameter that is a height above a level, of the sign that the data show."""
        ordered = self.y[np.argsort(self.x, kind="stable")]
        size = 10 * self.height
        falls = ordered[0] >= ordered[-1]
        return Box(name, 0.0 if falls else -size, size if falls else 0.0, self.y_unit)


@dataclass(frozen=True)
class Shape:
    """A curve: the body of its function, what it is in words, its boxes, and what is asked."""

    body: tuple[str, ...]
    """Lines of Python, with ``x`` for the independent variable and ``p`` for the parameters."""
    words: str
    boxes: Callable[[Span], list[Box]]
    interest: str


def _line(s: Span) -> list[Box]:
    steep = 5 * s.height / s.width
    unit = f"{s.y_unit or '1'}/{s.x_unit}" if s.x_unit else s.y_unit
    return [s.level("level"), Box("slope", -steep, steep, unit)]


def _decay(s: Span) -> list[Box]:
    rate = Box("rate", 0.1 / s.width, 200 / s.width, s.per_x, log=True)
    return [s.amplitude("amplitude"), rate, s.level("offset")]


def _two_decays(s: Span) -> list[Box]:
    # The boxes of the two rates do not overlap: the two terms cannot change places.
    return [
        s.amplitude("a_fast"),
        Box("k_fast", 5 / s.width, 200 / s.width, s.per_x, log=True),
        s.amplitude("a_slow"),
        Box("k_slow", 0.1 / s.width, 5 / s.width, s.per_x, log=True),
        s.level("offset"),
    ]


def _peak(s: Span) -> list[Box]:
    narrow = s.width / max(len(s.x), 10) / 2
    return [
        Box("height", 0.0, 5 * s.height, s.y_unit),
        Box("centre", s.first, s.first + s.width, s.x_unit),
        Box("width", narrow, s.width, s.x_unit, log=True),
        s.level("offset"),
    ]


def _power(s: Span) -> list[Box]:
    if s.first <= 0 or s.y.min() <= 0:
        msg = (
            "a power law needs x > 0 and y > 0, but the least are "
            f"{s.first:g} and {s.y.min():g}; choose another --model."
        )
        raise DaybreakError(msg)
    small, large = float(s.y.min()) / 10, float(s.y.max()) * 10
    return [Box("scale", small, large, s.y_unit, log=True), Box("exponent", -6.0, 6.0, "")]


SHAPES = {
    "line": Shape(("return p.level + p.slope * (x - X_MID)",), "a straight line", _line, "slope"),
    "decay": Shape(
        ("return p.amplitude * np.exp(-p.rate * (x - X_MIN)) + p.offset",),
        "one exponential and an offset",
        _decay,
        "rate",
    ),
    "two-decays": Shape(
        (
            "fast = p.a_fast * np.exp(-p.k_fast * (x - X_MIN))",
            "slow = p.a_slow * np.exp(-p.k_slow * (x - X_MIN))",
            "return fast + slow + p.offset",
        ),
        "two exponentials and an offset",
        _two_decays,
        "k_slow",
    ),
    "peak": Shape(
        ("return p.height * np.exp(-0.5 * ((x - p.centre) / p.width) ** 2) + p.offset",),
        "a Gaussian peak on an offset",
        _peak,
        "centre",
    ),
    "power": Shape(
        ("return p.scale * (x / X_REF) ** p.exponent",),
        "a power law, scaled at the geometric mean",
        _power,
        "exponent",
    ),
}
"""By name; what the file then says is meant to be replaced by the model that is believed."""
