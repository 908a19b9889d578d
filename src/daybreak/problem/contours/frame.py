"""The lattice of a map in units, and as fractions of itself."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from daybreak.problem.parameters import Parameter

XY = tuple[float, float]
_DIGITS = 10
"""Decimals of a fraction: far more than `tracing` tells apart (1e-6), and few enough that a place
computed again from its record in units, with rounding of 1e-16, is the same number."""


@dataclass(frozen=True)
class Frame:
    """A lattice in the units of two parameters, and fractions of it.

    A fraction is measured on the parameter's own scale.
    """

    parameters: tuple[Parameter, Parameter]
    xs: Sequence[float]
    ys: Sequence[float]
    """Increasing values of both parameters, in their units."""

    @functools.cached_property
    def lattice(self) -> tuple[list[float], list[float]]:
        """Fractions of the lattice's lines, from 0 to 1."""
        x, y = self.parameters
        return [_fraction(x, v, self.xs) for v in self.xs], [
            _fraction(y, v, self.ys) for v in self.ys
        ]

    def at(self, point: Sequence[float]) -> XY:
        """Fractions of a point given in units."""
        x, y = self.parameters
        return _fraction(x, point[0], self.xs), _fraction(y, point[1], self.ys)

    def point(self, at: XY) -> tuple[float, float]:
        """A point in units from its fractions; lattice lines keep their exact values."""
        found = [
            values[fractions.index(f)] if f in fractions else _value(parameter, f, values)
            for parameter, f, values, fractions in zip(
                self.parameters, at, (self.xs, self.ys), self.lattice, strict=True
            )
        ]
        return found[0], found[1]


def _fraction(parameter: Parameter, value: float, values: Sequence[float]) -> float:
    low, high = parameter.unit_from(values[0]), parameter.unit_from(values[-1])
    return round((parameter.unit_from(value) - low) / (high - low), _DIGITS)


def _value(parameter: Parameter, fraction: float, values: Sequence[float]) -> float:
    if parameter.scale == "log":
        return values[0] * (values[-1] / values[0]) ** fraction
    return values[0] + fraction * (values[-1] - values[0])


def place(x: float, y: float) -> XY:
    """A place on the lattice, rounded so that it is found again from its record."""
    return round(min(max(x, 0.0), 1.0), _DIGITS), round(min(max(y, 0.0), 1.0), _DIGITS)


def between(a: XY, b: XY, share: float) -> XY:
    """The place at a share of the way from a to b."""
    return place(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
