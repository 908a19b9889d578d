"""Published least-squares problems with known minima, to try a solver or a reader's patience on.

`known_problems` gives each as a `FitProblem` with sigma = 1, so that chi2 is the sum of squares.
Bounds are wide unless a bound is part of the problem; `active` names those met at the minimum.

Sources, by the short names used below:
MGH: More, Garbow and Hillstrom (1981), ACM Trans. Math. Softw. 7, 17.
Gay: bounds by Gay (1984), in Numerical Analysis, Lecture Notes in Mathematics 1066, 72.
HS: Hock and Schittkowski (1981), Test Examples for Nonlinear Programming Codes, Springer.
NIST: Statistical Reference Datasets, nonlinear regression, https://www.itl.nist.gov/div898/strd.

NIST certifies eleven digits.  The others print five to nine; ours agree with all of them, and the
digits beyond are a root of the gradient found in 50-digit arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.fit import Backend, FitProblem
from daybreak.problem.observations import observations
from daybreak.problem.parameters import Parameter

Model = Callable[[Any, Any], Any]
"""Predictions from parameters and an array namespace."""


@dataclass(frozen=True, eq=False)
class KnownProblem:
    """A fit whose minimum is published."""

    name: str
    problem: FitProblem
    start: Mapping[str, float]
    """Where it begins, by parameter."""
    chi2: float
    """Sum of squares at the minimum, dimensionless."""
    parameters: Mapping[str, float] | None
    """Where the minimum lies; None where it is not one point, or not published."""
    active: tuple[str, ...]
    """Parameters that are at a bound there."""
    source: str


def known_problems(backend: Backend = "jax") -> tuple[KnownProblem, ...]:
    """Published problems, without and with active bounds.

    Parameters
    ----------
    backend : {"jax", "numpy"}
        What the predictions compute with.
    """
    xp: Any = np
    if backend == "jax":
        import jax.numpy as xp
    return (*_free(xp), *_bounded(xp), *_certified(xp))


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)


def _problem(model: Model, box: str, y: Any, xp: Any) -> FitProblem:
    """A problem with parameters b1, b2, ... in a box such as ``0:10 -1:1``, fitted to `y`."""
    sides = [side.split(":") for side in box.split()]
    parameters = [Parameter(f"b{i}", float(a), float(b)) for i, (a, b) in enumerate(sides, 1)]

    def predict(p: Any, settings: Any) -> Any:
        return model(p, xp)

    return FitProblem(parameters, predict, observations(y, 1.0))


def _point(text: str) -> dict[str, float]:
    return {f"b{i}": float(value) for i, value in enumerate(text.split(), start=1)}


# Residuals of MGH, by its numbers; predictions are compared with zeros.


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
    u = np.arange(1.0, 16.0)
    return b.b1 + u / ((16 - u) * b.b2 + np.minimum(u, 16 - u) * b.b3)


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
    return (b.b1 + t * b.b2 - np.exp(t)) ** 2 + (b.b3 + b.b4 * np.sin(t) - np.cos(t)) ** 2


def _osborne_2(b: Any, xp: Any) -> Any:
    """MGH 19: b1 exp(-t b5) + sum over k = 2, 3, 4 of bk exp(-(t - b_(k+7))^2 b_(k+4))."""
    t = np.arange(65.0) / 10
    peaks = ((b.b2, b.b9, b.b6), (b.b3, b.b10, b.b7), (b.b4, b.b11, b.b8))
    return b.b1 * xp.exp(-t * b.b5) + sum(h * xp.exp(-((t - c) ** 2) * w) for h, c, w in peaks)


_BARD = _numbers(".14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.10 4.39")
_OSBORNE_2 = _numbers("""
1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626 .651
.724 .649 .649 .694 .644 .624 .661 .612 .558 .533 .495 .500 .423 .395 .375 .372 .391 .396 .405 .428
.429 .523 .562 .607 .653 .672 .708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .710 .729 .720 .636
.581 .428 .292 .162 .098 .054""")
_WIDE_11 = "0:10 0:10 0:10 0:10 0:20 0:50 0:50 0:50 0:10 0:10 0:10"


def _free(xp: Any) -> Iterator[KnownProblem]:
    """Problems of MGH from their published starts."""
    wide, zero = "-100:100 ", np.zeros
    table: list[tuple[str, Model, str, Any, str, float, str]] = [
        ("Rosenbrock", _rosenbrock, wide * 2, zero(2), "-1.2 1", 0, "1 1"),
        ("Freudenstein-Roth", _freudenstein_roth, wide * 2, zero(2), "0.5 -2", 48.98425367924, ""),
        ("Powell badly scaled", _powell_badly_scaled, "-10:10 -10:20", zero(2), "0 1", 0, ""),
        ("Beale", _beale, "-10:10 -10:10", zero(3), "1 1", 0, "3 0.5"),
        ("Jennrich-Sampson", _jennrich_sampson, "-2:2 -2:2", zero(10), "0.3 0.4", 124.36218, ""),
        ("Helical valley", _helical_valley, wide * 3, zero(3), "-1 0 0", 0, "1 0 0"),
        ("Bard", _bard, wide * 3, _BARD, "1 1 1", 8.21487e-3, ""),
        ("Box 3D", _box_3d, wide * 3, zero(10), "0 10 20", 0, ""),
        ("Powell singular", _powell_singular, wide * 4, zero(4), "3 -1 0 1", 0, "0 0 0 0"),
        ("Wood", _wood, wide * 4, zero(6), "-3 -1 -3 -1", 0, "1 1 1 1"),
        ("Brown-Dennis", _brown_dennis, wide * 4, zero(20), "25 5 -5 -1", 85822.2016263, ""),
        (
            "Osborne 2", _osborne_2, _WIDE_11, _OSBORNE_2,
            "1.3 .65 .65 .7 .6 3 5 7 2 4.5 5.5", 4.01377362935e-2, "",
        ),
    ]  # fmt: skip
    for name, model, box, y, start, chi2, end in table:
        problem = _problem(model, box, y, xp)
        found = _point(end) if end else None
        yield KnownProblem(name, problem, _point(start), chi2, found, (), f"MGH, {name}")


def _bounded(xp: Any) -> Iterator[KnownProblem]:
    """Problems with bounds that are active at the minimum."""
    table: list[tuple[str, Model, str, int, str, float, str, str]] = [
        ("Rosenbrock", _rosenbrock, "-50:0.5 0:100", 2, "-1.2 1", 0.25, "b1", "Gay"),
        ("Rosenbrock", _rosenbrock, "-100:100 1.5:100", 2, "3 3", 0.0504261879, "b2", "HS 2"),
        ("Helical valley", _helical_valley, "-100:0.8 -1:1 -1:1", 3, "-1 0 0", 0.99042212, "b1", "Gay"),
        ("Box 3D", _box_3d, "0:2 5:9.5 0:20", 10, "0 8 20", 3.0998153e-6, "b2", "Gay"),
        ("Powell singular", _powell_singular, "0.1:100 -20:20 -1:1 -1:50", 4, "3 -1 0 1", 1.8781963e-4, "b1", "Gay"),
        ("Wood", _wood, "-100:0 -100:10 -100:100 -100:100", 6, "-3 -1 -3 -1", 1.5567008, "b1", "Gay"),
        ("Brown-Dennis", _brown_dennis, "-10:100 0:15 -100:0 -20:0.2", 20, "25 5 -5 -1", 88860.479, "b3 b4", "Gay"),
        ("Freudenstein-Roth", _freudenstein_roth, "0:20 -30:-0.9", 2, "0.5 -2", 48.9, "b2", "Gay"),
        ("Jennrich-Sampson", _jennrich_sampson, "0.26:10 0:20", 10, "0.3 0.4", 124.36218, "b1", "Gay"),
    ]  # fmt: skip
    for name, model, box, count, start, chi2, active, source in table:
        problem = _problem(model, box, np.zeros(count), xp)
        yield KnownProblem(
            f"{name} ({source})", problem, _point(start), chi2, None, tuple(active.split()), source
        )


# Models of NIST; x is the predictor.


def _misra1a(b: Any, xp: Any) -> Any:
    """b1 (1 - exp(-b2 x))."""
    return b.b1 * (1 - xp.exp(-b.b2 * _MISRA[0]))


def _boxbod(b: Any, xp: Any) -> Any:
    """b1 (1 - exp(-b2 x))."""
    return b.b1 * (1 - xp.exp(-b.b2 * _BOXBOD[0]))


def _lanczos3(b: Any, xp: Any) -> Any:
    """b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x)."""
    x = np.arange(24.0) / 20
    return sum(a * xp.exp(-k * x) for a, k in ((b.b1, b.b2), (b.b3, b.b4), (b.b5, b.b6)))


def _mgh09(b: Any, xp: Any) -> Any:
    """b1 (x^2 + b2 x) / (x^2 + b3 x + b4): Kowalik and Osborne, MGH 15."""
    x = _MGH09[0]
    return b.b1 * (x**2 + b.b2 * x) / (x**2 + b.b3 * x + b.b4)


def _mgh10(b: Any, xp: Any) -> Any:
    """b1 exp(b2 / (x + b3)): Meyer, MGH 10."""
    return b.b1 * xp.exp(b.b2 / (np.arange(50.0, 130.0, 5.0) + b.b3))


def _mgh17(b: Any, xp: Any) -> Any:
    """b1 + b2 exp(-b4 x) + b3 exp(-b5 x): Osborne 1, MGH 17."""
    x = np.arange(0.0, 330.0, 10.0)
    return b.b1 + b.b2 * xp.exp(-b.b4 * x) + b.b3 * xp.exp(-b.b5 * x)


def _thurber(b: Any, xp: Any) -> Any:
    """(b1 + b2 x + b3 x^2 + b4 x^3) / (1 + b5 x + b6 x^2 + b7 x^3)."""
    x = _THURBER[0]
    return (b.b1 + x * (b.b2 + x * (b.b3 + x * b.b4))) / (1 + x * (b.b5 + x * (b.b6 + x * b.b7)))


def _rat43(b: Any, xp: Any) -> Any:
    """b1 / (1 + exp(b2 - b3 x))^(1 / b4)."""
    return b.b1 * xp.exp(-xp.logaddexp(0.0, b.b2 - b.b3 * np.arange(1.0, 16.0)) / b.b4)


def _eckerle4(b: Any, xp: Any) -> Any:
    """b1 / b2 exp(-((x - b3) / b2)^2 / 2)."""
    return b.b1 / b.b2 * xp.exp(-0.5 * ((_ECKERLE[0] - b.b3) / b.b2) ** 2)


_MISRA = _numbers("""
77.6 114.9 141.1 190.8 239.9 289.0 332.8 378.4 434.8 477.3 536.8 593.1 689.1 760.0
10.07 14.73 17.94 23.93 29.61 35.18 40.02 44.82 50.76 55.05 61.01 66.40 75.47 81.78""").reshape(
    2, -1
)
_BOXBOD = _numbers("1 2 3 5 7 10 109 149 149 191 213 224").reshape(2, -1)
_LANCZOS3 = _numbers("""
2.5134 2.0443 1.6684 1.3664 1.1232 .9269 .7679 .6389 .5338 .4479 .3776 .3197 .2720 .2325 .1997
.1723 .1493 .1301 .1138 .1000 .0883 .0783 .0698 .0624""")
_MGH09 = _numbers("""
4 2 1 .5 .25 .167 .125 .1 .0833 .0714 .0625
.1957 .1947 .1735 .1600 .0844 .0627 .0456 .0342 .0323 .0235 .0246""").reshape(2, -1)
_MGH10 = _numbers("""34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820
3307 2872""")
_MGH17 = _numbers("""
.844 .908 .932 .936 .925 .908 .881 .850 .818 .784 .751 .718 .685 .658 .628 .603 .580 .558 .538
.522 .506 .490 .478 .467 .457 .448 .438 .431 .424 .420 .414 .411 .406""")
_THURBER = _numbers("""
-3.067 -2.981 -2.921 -2.912 -2.840 -2.797 -2.702 -2.699 -2.633 -2.481 -2.363 -2.322 -1.501 -1.460
-1.274 -1.212 -1.100 -1.046 -.915 -.714 -.566 -.545 -.400 -.309 -.109 -.103 .010 .119 .377 .790
.963 1.006 1.115 1.572 1.841 2.047 2.200
80.574 84.248 87.264 87.195 89.076 89.608 89.868 90.101 92.405 95.854 100.696 101.060 401.672
390.724 567.534 635.316 733.054 759.087 894.206 990.785 1090.109 1080.914 1122.643 1178.351
1260.531 1273.514 1288.339 1327.543 1353.863 1414.509 1425.208 1421.384 1442.962 1464.350
1468.705 1447.894 1457.628""").reshape(2, -1)
_RAT43 = _numbers("""16.08 33.83 65.80 97.20 191.55 326.20 386.87 520.53 590.03 651.92 724.93 699.56
689.96 637.56 717.41""")
_ECKERLE = _numbers("""
400 405 410 415 420 425 430 435 436.5 438 439.5 441 442.5 444 445.5 447 448.5 450 451.5 453 454.5
456 457.5 459 460.5 462 463.5 465 470 475 480 485 490 495 500
.0001575 .0001699 .0002350 .0003102 .0004917 .0008710 .0017418 .0046400 .0065895 .0097302 .0149002
.0237310 .0401683 .0712559 .1264458 .2073413 .2902366 .3445623 .3698049 .3668534 .3106727 .2078154
.1164354 .0616764 .0337200 .0194023 .0117831 .0074357 .0022732 .0008800 .0004579 .0002345 .0001586
.0001143 .0000710""").reshape(2, -1)


def _certified(xp: Any) -> Iterator[KnownProblem]:
    """NIST's problems, each from both of its starts."""
    table: list[tuple[str, Model, str, Any, str, str, float, str]] = [
        ("Misra1a", _misra1a, "0:5000 0:0.1", _MISRA[1], "500 0.0001", "250 0.0005",
         1.2455138894e-01, "2.3894212918E+02 5.5015643181E-04"),
        ("BoxBOD", _boxbod, "0:5000 0:10", _BOXBOD[1], "1 1", "100 0.75",
         1.1680088766e03, "2.1380940889E+02 5.4723748542E-01"),
        ("Lanczos3", _lanczos3, "0:10 0:20 0:10 0:20 0:10 0:20", _LANCZOS3,
         "1.2 0.3 5.6 5.5 6.5 7.6", "0.5 0.7 3.6 4.2 4 6.3", 1.6117193594e-08,
         "8.6816414977E-02 9.5498101505E-01 8.4400777463E-01 2.9515951832E+00 1.5825685901E+00 "
         "4.9863565084E+00"),
        ("MGH09", _mgh09, "0:100 -100:100 -100:100 -100:100", _MGH09[1],
         "25 39 41.5 39", "0.25 0.39 0.415 0.39", 3.0750560385e-04,
         "1.9280693458E-01 1.9128232873E-01 1.2305650693E-01 1.3606233068E-01"),
        ("MGH10", _mgh10, "0:10 0:1e6 0:1e5", _MGH10, "2 400000 25000", "0.02 4000 250",
         8.7945855171e01, "5.6096364710E-03 6.1813463463E+03 3.4522363462E+02"),
        ("MGH17", _mgh17, "-500:500 -500:500 -500:500 0:5 0:5", _MGH17, "50 150 -100 1 2",
         "0.5 1.5 -1 0.01 0.02", 5.4648946975e-05,
         "3.7541005211E-01 1.9358469127E+00 -1.4646871366E+00 1.2867534640E-02 2.2122699662E-02"),
        ("Thurber", _thurber, "0:1e4 0:1e4 0:1e4 0:1e3 -10:10 -10:10 -1:1", _THURBER[1],
         "1000 1000 400 40 0.7 0.3 0.03", "1300 1500 500 75 1 0.4 0.05", 5.6427082397e03,
         "1.2881396800E+03 1.4910792535E+03 5.8323836877E+02 7.5416644291E+01 9.6629502864E-01 "
         "3.9797285797E-01 4.9727297349E-02"),
        ("Rat43", _rat43, "0:1e4 -50:50 0:20 0.01:100", _RAT43, "100 10 1 1",
         "700 5 0.75 1.3", 8.7864049080e03,
         "6.9964151270E+02 5.2771253025E+00 7.5962938329E-01 1.2792483859E+00"),
        ("Eckerle4", _eckerle4, "0:100 0.1:100 300:600", _ECKERLE[1], "1 10 500", "1.5 5 450",
         1.4635887487e-03, "1.5543827178E+00 4.0888321754E+00 4.5154121844E+02"),
    ]  # fmt: skip
    for name, model, box, y, one, two, chi2, end in table:
        problem = _problem(model, box, y, xp)
        for i, start in enumerate((one, two), start=1):
            label = f"{name}, start {i}"
            yield KnownProblem(
                label, problem, _point(start), chi2, _point(end), (), f"NIST, {name}"
            )
