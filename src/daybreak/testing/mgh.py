"""Problems of More, Garbow and Hillstrom (1981), ACM Trans. Math. Softw. 7, 17 ("MGH").

Bounds: Gay (1984), in Numerical Analysis, Lecture Notes in Mathematics 1066, 72; Hock and
Schittkowski (1981), Test Examples for Nonlinear Programming Codes ("HS").

The sources print six to ten digits of the minima.  Ours agree with all of them; the digits beyond
are a root of the gradient found with 60 digits, active parameters held at their bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from daybreak.testing.known import KnownProblem, Model, numbers, point, problem_of


def _rosenbrock(b: Any, xp: Any) -> Any:
    """MGH 1: 10 (b2 - b1^2), 1 - b1."""
    return xp.stack([10 * (b.b2 - b.b1**2), 1 - b.b1])


def _freudenstein_roth(b: Any, xp: Any) -> Any:
    """MGH 2: -13 + b1 + ((5 - b2) b2 - 2) b2, -29 + b1 + ((b2 + 1) b2 - 14) b2."""
    one = -13 + b.b1 + ((5 - b.b2) * b.b2 - 2) * b.b2
    return xp.stack([one, -29 + b.b1 + ((b.b2 + 1) * b.b2 - 14) * b.b2])


def _powell_badly_scaled(b: Any, xp: Any) -> Any:
    """MGH 3: 10^4 b1 b2 - 1, exp(-b1) + exp(-b2) - 1.0001."""
    return xp.stack([1e4 * b.b1 * b.b2 - 1, xp.exp(-b.b1) + xp.exp(-b.b2) - 1.0001])


def _beale(b: Any, xp: Any) -> Any:
    """MGH 5: y_i - b1 (1 - b2^i) with y = 1.5, 2.25, 2.625."""
    return xp.stack([y - b.b1 * (1 - b.b2**i) for i, y in ((1, 1.5), (2, 2.25), (3, 2.625))])


def _jennrich_sampson(b: Any, xp: Any) -> Any:
    """MGH 6: 2 + 2 i - (exp(i b1) + exp(i b2)), i = 1 to 10."""
    i = np.arange(1.0, 11.0)
    return 2 + 2 * i - (xp.exp(i * b.b1) + xp.exp(i * b.b2))


def _helical_valley(b: Any, xp: Any) -> Any:
    """MGH 7: 10 (b3 - 10 t), 10 (|(b1, b2)| - 1), b3, with 2 pi t the angle, cut at b2 < 0."""
    turn = 0.25 - xp.arctan2(b.b1, b.b2) / (2 * math.pi)
    radius = xp.sqrt(b.b1**2 + b.b2**2)
    return xp.stack([10 * (b.b3 - 10 * turn), 10 * (radius - 1), b.b3 + 0.0])


def _bard(b: Any, xp: Any) -> Any:
    """MGH 8: b1 + u / (v b2 + w b3), u = 1 to 15, v = 16 - u, w = min(u, v)."""
    u = xp.arange(1.0, 16.0)
    return b.b1 + u / ((16 - u) * b.b2 + xp.minimum(u, 16 - u) * b.b3)


def _box_3d(b: Any, xp: Any) -> Any:
    """MGH 12: exp(-t b1) - exp(-t b2) - b3 (exp(-t) - exp(-10 t)), t = 0.1 to 1."""
    t = np.arange(1.0, 11.0) / 10
    return xp.exp(-t * b.b1) - xp.exp(-t * b.b2) - b.b3 * (np.exp(-t) - np.exp(-10 * t))


def _powell_singular(b: Any, xp: Any) -> Any:
    """MGH 13: b1 + 10 b2, sqrt(5) (b3 - b4), (b2 - 2 b3)^2, sqrt(10) (b1 - b4)^2."""
    ends = [(b.b2 - 2 * b.b3) ** 2, math.sqrt(10) * (b.b1 - b.b4) ** 2]
    return xp.stack([b.b1 + 10 * b.b2, math.sqrt(5) * (b.b3 - b.b4), *ends])


def _wood(b: Any, xp: Any) -> Any:
    """MGH 14: two Rosenbrock valleys, 100 and 90 deep, coupled through b2 and b4."""
    valleys = [10 * (b.b2 - b.b1**2), 1 - b.b1, math.sqrt(90) * (b.b4 - b.b3**2), 1 - b.b3]
    links = [math.sqrt(10) * (b.b2 + b.b4 - 2), (b.b2 - b.b4) / math.sqrt(10)]
    return xp.stack([*valleys, *links])


def _brown_dennis(b: Any, xp: Any) -> Any:
    """MGH 16: (b1 + t b2 - exp(t))^2 + (b3 + b4 sin(t) - cos(t))^2, t = 0.2 to 4."""
    t = np.arange(1.0, 21.0) / 5
    return (b.b1 + t * b.b2 - xp.exp(t)) ** 2 + (b.b3 + b.b4 * xp.sin(t) - xp.cos(t)) ** 2


def _osborne_2(b: Any, xp: Any) -> Any:
    """MGH 19: b1 exp(-t b5) + sum over k = 2, 3, 4 of bk exp(-(t - b_(k+7))^2 b_(k+4))."""
    t = np.arange(65.0) / 10
    peaks = ((b.b2, b.b9, b.b6), (b.b3, b.b10, b.b7), (b.b4, b.b11, b.b8))
    return b.b1 * xp.exp(-t * b.b5) + sum(h * xp.exp(-((t - c) ** 2) * w) for h, c, w in peaks)


_BARD = numbers(".14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.10 4.39")
_OSBORNE_2 = numbers("""
1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626 .651
.724 .649 .649 .694 .644 .624 .661 .612 .558 .533 .495 .500 .423 .395 .375 .372 .391 .396 .405 .428
.429 .523 .562 .607 .653 .672 .708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .710 .729 .720 .636
.581 .428 .292 .162 .098 .054""")
_OSBORNE_2_BOX = "0:10 0:10 0:10 0:10 0:20 0:50 0:50 0:50 0:10 0:10 0:10"


def free_problems(xp: Any) -> Iterator[KnownProblem]:
    """Problems of MGH from their published starts."""
    wide, zero = "-100:100 ", np.zeros
    table: list[tuple[str, Model, str, Any, str, float, str]] = [
        ("Rosenbrock", _rosenbrock, wide * 2, zero(2), "-1.2 1", 0, "1 1"),
        (
            "Freudenstein-Roth",
            _freudenstein_roth,
            wide * 2,
            zero(2),
            "0.5 -2",
            48.98425367924002,
            "",
        ),
        ("Powell badly scaled", _powell_badly_scaled, "-10:10 -10:20", zero(2), "0 1", 0, ""),
        ("Beale", _beale, "-10:10 -10:10", zero(3), "1 1", 0, "3 0.5"),
        (
            "Jennrich-Sampson",
            _jennrich_sampson,
            "-2:2 -2:2",
            zero(10),
            "0.3 0.4",
            124.3621823556149,
            "",
        ),
        ("Helical valley", _helical_valley, wide * 3, zero(3), "-1 0 0", 0, "1 0 0"),
        ("Bard", _bard, wide * 3, _BARD, "1 1 1", 8.21487730657898e-3, ""),
        ("Box 3D", _box_3d, wide * 3, zero(10), "0 10 20", 0, ""),
        ("Powell singular", _powell_singular, wide * 4, zero(4), "3 -1 0 1", 0, ""),
        ("Wood", _wood, wide * 4, zero(6), "-3 -1 -3 -1", 0, "1 1 1 1"),
        ("Brown-Dennis", _brown_dennis, wide * 4, zero(20), "25 5 -5 -1", 85822.20162635631, ""),
        (
            "Osborne 2",
            _osborne_2,
            _OSBORNE_2_BOX,
            _OSBORNE_2,
            "1.3 .65 .65 .7 .6 3 5 7 2 4.5 5.5",
            4.013773629354776e-2,
            "",
        ),
    ]
    for name, model, box, y, start, chi2, end in table:
        problem, found = problem_of(model, box, y, xp), point(end) if end else None
        yield KnownProblem(name, problem, point(start), chi2, found, (), f"MGH, {name}")


def bounded_problems(xp: Any) -> Iterator[KnownProblem]:
    """Problems with bounds that are active at the minimum."""
    four, zero = "-100:100 -100:100 ", np.zeros
    table: list[tuple[str, Model, str, Any, str, float, str, str]] = [
        ("Rosenbrock", _rosenbrock, "-50:0.5 0:100", zero(2), "-1.2 1", 0.25, "b1", "Gay"),
        (
            "Rosenbrock",
            _rosenbrock,
            "-100:100 1.5:100",
            zero(2),
            "3 3",
            0.05042618789360708,
            "b2",
            "HS 2",
        ),
        (
            "Freudenstein-Roth",
            _freudenstein_roth,
            "0:20 -30:-0.9",
            zero(2),
            "0.5 -2",
            48.985202,
            "b2",
            "Gay",
        ),
        (
            "Helical valley",
            _helical_valley,
            "-100:0.8 -1:1 -1:1",
            zero(3),
            "-1 0 0",
            0.9904221209613998,
            "b1",
            "Gay",
        ),
        (
            "Powell singular",
            _powell_singular,
            "0.1:100 -20:20 -1:1 -1:50",
            zero(4),
            "3 -1 0 1",
            1.878196300583034e-4,
            "b1",
            "Gay",
        ),
        (
            "Wood",
            _wood,
            "-100:0 -100:10 " + four,
            zero(6),
            "-3 -1 -3 -1",
            1.556700800438565,
            "b1",
            "Gay",
        ),
        (
            "Brown-Dennis",
            _brown_dennis,
            "-10:100 0:15 -100:0 -20:0.2",
            zero(20),
            "25 5 -5 -1",
            88860.47976750044,
            "b1 b4",
            "Gay",
        ),
    ]
    for name, model, box, y, start, chi2, active, source in table:
        problem, label = problem_of(model, box, y, xp), f"{name} ({source})"
        yield KnownProblem(label, problem, point(start), chi2, None, tuple(active.split()), source)
