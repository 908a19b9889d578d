"""What is searched, and in which bounds: the original's boxes, and one of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import daybreak as dk

from .octaves import Octaves

Box = Mapping[str, tuple[float, float]]

ORIGINAL: Box = {
    "g_Y": (0.05, 0.5),
    "mu2": (-2.0, -0.5),
    "v_H": (0.4, 0.8),
    "m0": (-1.0, -0.1),
    "g": (0.05, 0.2),
    "lam_1": (0.03, 0.1),
    "lam_2": (0.005, 0.05),
}
"""Version 39."""

EARLIER: Box = {
    "g_Y": (0.3, 1.5),
    "mu2": (-25.0, -15.0),
    "v_H": (0.4, 0.8),
    "m0": (0.1, 20.0),
    "g": (2.0, 8.0),
    "lam_1": (0.5, 1.5),
}
"""Version 38.5, in which lam_2 is pi lam_1."""

SURROGATE: Box = {
    "g_Y": (0.1, 2.0),
    "mu2": (-30.0, -10.0),
    "v_H": (0.3, 1.0),
    "m0": (0.05, 50.0),
    "g": (1.0, 10.0),
    "lam_1": (0.3, 2.0),
}
"""Of its surrogate phase: disjoint from the search in four of six."""

ADDED: Box = {"delta": (0.1, 0.5), "beta": (0.05, 0.3)}
"""Searched here as well; the ranges that the original documents."""

CONDENSED: Box = {
    "g_Y": (0.05, 0.5),
    "mu2": (-2.0, -0.5),
    "m0": (0.05, 1.0),
    "g": (1.0, 8.0),
    "lam_1": (0.5, 1.5),
    "lam_2": (1.5, 4.0),
    "delta": (0.1, 0.5),
    "beta": (0.05, 0.4),
}
"""About the original's defaults, which lie outside its own box: here octaves do condense."""


def searched(*boxes: Box) -> list[dk.Parameter]:
    """Parameters with the bounds of some boxes, later ones replacing earlier ones."""
    bounds = {name: span for box in boxes for name, span in box.items()}
    return [dk.Parameter(name, *span) for name, span in bounds.items()]


def octaves_of(configuration: Mapping[str, Any]) -> Octaves:
    """Couplings of a configuration; what it does not name keeps its default."""
    names: Sequence[str] = [name for name in vars(Octaves()) if name in configuration]
    return Octaves(**{name: float(configuration[name]) for name in names})
