"""Models in closed form from which random fits are made: a formula, a box, a truth, a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from validation.statements.case import Array, Model, Number


@dataclass(frozen=True)
class Family:
    """A model with wide boxes and a truth inside them."""

    title: str
    numbers: tuple[Number, ...]
    model: Model
    truth: dict[str, float]
    x: Array


def places(rng: np.random.Generator) -> Array:
    """10 to 40 places of data on [0, 6]."""
    return np.linspace(0.0, 6.0, int(rng.integers(10, 41)))


def constant(rng: np.random.Generator) -> Family:
    """One number, measured."""
    x = places(rng)
    box = (Number("a", -10, 10),)
    return Family("a", box, lambda p, *_: p.a + 0.0 * x, {"a": rng.uniform(-6, 6)}, x)


def rate(rng: np.random.Generator) -> Family:
    """One rate, of a known height."""
    x = places(rng)
    box = (Number("k", 0.02, 20, "log"),)
    truth = {"k": float(np.exp(rng.uniform(np.log(0.2), np.log(2))))}
    return Family("3 exp(-k x)", box, lambda p, xp, _: 3.0 * xp.exp(-p.k * x), truth, x)


def line(rng: np.random.Generator) -> Family:
    """Two numbers, linear in both."""
    x = places(rng)
    box = Number("a", -10, 10), Number("b", -5, 5)
    truth = {"a": rng.uniform(-5, 5), "b": rng.uniform(-2, 2)}
    return Family("a + b x", box, lambda p, *_: p.a + p.b * x, truth, x)


def parabola(rng: np.random.Generator) -> Family:
    """Three numbers, linear in all, strongly correlated."""
    x = places(rng)
    box = Number("a", -20, 20), Number("b", -20, 20), Number("c", -5, 5)
    truth = {"a": rng.uniform(-5, 5), "b": rng.uniform(-3, 3), "c": rng.uniform(-1, 1)}
    model: Model = lambda p, *_: p.a + p.b * x + p.c * x**2  # noqa: E731 - a formula
    return Family("a + b x + c x^2", box, model, truth, x)


def decay(rng: np.random.Generator) -> Family:
    """Height, rate and floor of a decay."""
    x = places(rng)
    box = Number("A", 0, 20), Number("k", 0.03, 10, "log"), Number("c", -5, 5)
    truth = {"A": rng.uniform(2, 6), "k": rng.uniform(0.4, 1.5), "c": rng.uniform(-1, 1)}
    model: Model = lambda p, xp, _: p.A * xp.exp(-p.k * x) + p.c  # noqa: E731
    return Family("A exp(-k x) + c", box, model, truth, x)


def rise(rng: np.random.Generator) -> Family:
    """A saturating rise."""
    x = places(rng)
    box = Number("V", 0, 30), Number("K", 0.02, 50, "log")
    truth = {"V": rng.uniform(2, 8), "K": rng.uniform(0.3, 3)}
    return Family("V x / (K + x)", box, lambda p, *_: p.V * x / (p.K + x), truth, x)


def peak(rng: np.random.Generator) -> Family:
    """A peak on a floor: four numbers."""
    x = places(rng)
    box = (
        Number("h", 0, 20),
        Number("m", 0, 6),
        Number("w", 0.2, 4, "log"),
        Number("c", -3, 3),
    )
    truth = {
        "h": rng.uniform(3, 8),
        "m": rng.uniform(2, 4),
        "w": rng.uniform(0.6, 1.2),
        "c": rng.uniform(-1, 1),
    }

    def model(p: Any, xp: Any, _: float) -> Any:
        return p.h * xp.exp(-0.5 * ((x - p.m) / p.w) ** 2) + p.c

    return Family("h exp(-((x - m) / w)^2 / 2) + c", box, model, truth, x)


def sloped(rng: np.random.Generator) -> Family:
    """A decay on a slope: five numbers with the amplitude of a wave of known period."""
    x = places(rng)
    first = decay(rng)
    box = (*first.numbers, Number("b", -3, 3), Number("s", -5, 5))
    truth = {**first.truth, "b": rng.uniform(-1, 1), "s": rng.uniform(-1, 1)}

    def model(p: Any, xp: Any, _: float) -> Any:
        return p.A * xp.exp(-p.k * x) + p.c + p.b * x + p.s * np.sin(3.0 * x)

    return Family("A exp(-k x) + c + b x + s sin(3 x)", box, model, truth, x)


SMOOTH: Sequence[Callable[[np.random.Generator], Family]] = (
    constant,
    rate,
    line,
    parabola,
    decay,
    rise,
    peak,
    sloped,
)
"""One to five parameters, one minimum each in practice, and no symmetry."""


def drawn(rng: np.random.Generator, least: int = 1, most: int = 5) -> Family:
    """One of them with so many parameters."""
    found = [family(rng) for family in SMOOTH]
    fit = [family for family in found if least <= len(family.numbers) <= most]
    return fit[int(rng.integers(len(fit)))]
