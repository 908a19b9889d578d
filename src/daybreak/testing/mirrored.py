"""Problems whose profiles have mirrored or several minima, with answers no local solver gave.

At a fixed value of the parameter of interest nearly all the other parameters enter linearly, or
through a polynomial, and are eliminated in closed form; where one is left it is searched on a
dense grid over its whole range, and every lowest stretch is polished.  The conditional minimum of
chi2 is therefore global for certain, and owes nothing to the solvers it is meant to try.

Data are drawn from a fixed seed; whatever they are, the answers are computed from the same ones.
Sources: variable projection, Golub and Pereyra (1973), SIAM J. Numer. Anal. 10, 413; the four
minima, Himmelblau (1972), Applied Nonlinear Programming.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.ends import LEVEL_95
from daybreak.problem.fit import FitProblem
from daybreak.problem.gathering import observations
from daybreak.problem.parameters import Parameter

Array = NDArray[np.float64]
Values = Mapping[str, float]
"""All parameters by name, in their units."""
End = tuple[float, dict[str, float]]
"""Conditional minimum of chi2 and where it lies."""

_SCAN = 301
"""Values at which the 95 % set is looked for: no piece of these problems is narrower."""


@dataclass(frozen=True, eq=False)
class MirroredProblem:
    """A fit and the certain answers about one of its parameters.

    ``conditional(v) = min over all other parameters of chi2, the one of interest held at v``
    """

    name: str
    problem: FitProblem
    interest: str
    """The parameter that is profiled."""
    best: Callable[[float], End]
    """Least chi2 at a value of the parameter of interest, and all parameters there."""
    mirror: Callable[[Values], dict[str, float]] | None = None
    """Another place with the same chi2 anywhere; None when only the minima are equal."""
    saddle: Values | None = None
    """A stationary point that is no minimum, where a symmetric start ends; None if unknown."""

    def conditional(self, value: float) -> float:
        """Least chi2 over the whole box of the others, the parameter of interest at `value`."""
        return self.best(value)[0]

    @functools.cached_property
    def grid(self) -> Array:
        """Dense values of the parameter of interest, evenly spaced on its scale."""
        box = self.problem.space.subspace([self.interest])
        return np.asarray(box.from_unit(np.linspace(0.0, 1.0, _SCAN)[:, None]))[:, 0]

    @functools.cached_property
    def curve(self) -> Array:
        """The conditional minimum of chi2 on the grid."""
        return np.array([self.conditional(v) for v in self.grid])

    @functools.cached_property
    def minima(self) -> tuple[dict[str, float], ...]:
        """Local minima of the profile that lie in the 95 % set, by rising value of interest."""
        curve = self.curve
        places = [
            self._lowest(self.grid[i - 1], self.grid[i + 1])
            for i in range(1, _SCAN - 1)
            if curve[i] <= min(curve[i - 1], curve[i + 1])
        ]
        ends = [self.best(place) for place in places]
        level = min(chi2 for chi2, _ in ends) + LEVEL_95
        return tuple(end for chi2, end in ends if chi2 <= level)

    @functools.cached_property
    def chi2(self) -> float:
        """Least chi2 of all."""
        return min(self.conditional(end[self.interest]) for end in self.minima)

    @functools.cached_property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """The pieces of the 95 % set, where ``conditional(v) <= chi2 + 3.8415``."""
        from scipy.optimize import brentq

        def above(value: float) -> float:
            return self.conditional(value) - self.chi2 - LEVEL_95

        # The minima join the scan, so that a piece between two of its values is seen too.
        deep = np.array([end[self.interest] for end in self.minima])
        values = np.concatenate([self.grid, deep])
        height = np.concatenate([self.curve - self.chi2 - LEVEL_95, np.full(deep.size, -1.0)])
        order = np.argsort(values)
        values, outside = values[order], height[order] > 0
        turns = np.flatnonzero(outside[:-1] != outside[1:])
        roots: list[Any] = [brentq(above, values[i], values[i + 1], xtol=1e-13) for i in turns]
        first, last = ([] if outside[i] else [values[i]] for i in (0, -1))
        ends = [float(end) for end in (*first, *roots, *last)]
        return tuple(zip(ends[::2], ends[1::2], strict=True))

    def _lowest(self, low: float, high: float) -> float:
        from scipy.optimize import minimize_scalar

        options = {"xatol": 1e-10 * (high - low)}
        found: Any = minimize_scalar(
            self.conditional, bounds=(low, high), method="bounded", options=options
        )
        return float(found.x)


def _problem(
    parameters: list[Parameter], model: Callable[[Any, Any], Any], y: Any, sigma: Any, xp: Any
) -> FitProblem:
    """A problem whose model computes with the array namespace `xp`."""
    return FitProblem(parameters, lambda p, _: model(p, xp), observations(y, sigma))


def _swapped_rates(xp: Any) -> MirroredProblem:
    """``a1 exp(-k1 t) + a2 exp(-k2 t) + c``: the two terms may change places.

    At given rates the amplitudes and c are linear, the amplitudes not negative; only the other
    rate is searched.
    """
    t, sigma = np.linspace(0.0, 10.0, 40), 0.05
    noise = sigma * np.random.default_rng(4).standard_normal(t.size)
    y = 3.0 * np.exp(-2.0 * t) + 2.0 * np.exp(-0.4 * t) + 0.5 + noise
    low, high = 0.05, 10.0
    parameters = [
        Parameter("a1", 0.0, 20.0),
        Parameter("k1", low, high, "log"),
        Parameter("a2", 0.0, 20.0),
        Parameter("k2", low, high, "log"),
        Parameter("c", -20.0, 20.0),
    ]

    def model(p: Any, xp: Any) -> Any:
        return p.a1 * xp.exp(-p.k1 * t) + p.a2 * xp.exp(-p.k2 * t) + p.c

    def amplitudes(k1: float, k2: Array) -> tuple[Array, Array]:
        f, g = np.exp(-k1 * t)[None], np.exp(-k2[:, None] * t)
        # With all uncertainties equal, c is what is left when means are subtracted.
        return _not_negative(_centred(f), _centred(g), _centred(y[None]))

    def best(k1: float) -> End:
        def chi2(logs: Array) -> Array:
            return amplitudes(k1, np.exp(logs))[1] / sigma**2

        log_k2 = _global(chi2, np.linspace(math.log(low), math.log(high), 121))
        k2 = min(max(math.exp(log_k2), low), high)
        a, ssq = amplitudes(k1, np.array([k2]))
        a1, a2 = a[0].tolist()
        c = float((y - a1 * np.exp(-k1 * t) - a2 * np.exp(-k2 * t)).mean())
        return float(ssq[0]) / sigma**2, {"a1": a1, "k1": float(k1), "a2": a2, "k2": k2, "c": c}

    def mirror(v: Values) -> dict[str, float]:
        return {"a1": v["a2"], "k1": v["k2"], "a2": v["a1"], "k2": v["k1"], "c": v["c"]}

    problem = _problem(parameters, model, y, sigma, xp)
    return MirroredProblem("swapped rates", problem, "k1", best, mirror)


def _aliases(xp: Any) -> MirroredProblem:
    """``a sin(2 pi f t + phi) + b t`` seen for a part of every day: aliases a day apart.

    At a given frequency ``a cos(phi)``, ``a sin(phi)`` and b are linear: nothing is searched.
    A negative a is a phase half a turn away.
    """
    days, hours = np.meshgrid(np.arange(4.0), np.linspace(0.0, 0.1, 6), indexing="ij")
    t, sigma = (days + hours).ravel(), 0.6
    noise = sigma * np.random.default_rng(5).standard_normal(t.size)
    y = np.sin(2 * math.pi * 1.3 * t + 0.8) + 0.1 * t + noise
    parameters = [
        Parameter("f", 0.2, 3.2),
        Parameter("a", -10.0, 10.0),
        Parameter("phi", -math.pi, math.pi),
        Parameter("b", -5.0, 5.0),
    ]

    def model(p: Any, xp: Any) -> Any:
        return p.a * xp.sin(2 * math.pi * p.f * t + p.phi) + p.b * t

    def best(f: float) -> End:
        angle = 2 * math.pi * f * t
        columns = np.column_stack([np.sin(angle), np.cos(angle), t])
        (sine, cosine, b), *_ = np.linalg.lstsq(columns, y, rcond=None)
        residuals = (columns @ [sine, cosine, b] - y) / sigma
        a, phi = math.hypot(sine, cosine), math.atan2(cosine, sine)
        return float(residuals @ residuals), {"f": float(f), "a": a, "phi": phi, "b": float(b)}

    def mirror(v: Values) -> dict[str, float]:
        return {**v, "a": -v["a"], "phi": v["phi"] - math.copysign(math.pi, v["phi"])}

    return MirroredProblem("aliases", _problem(parameters, model, y, sigma, xp), "f", best, mirror)


def _four_minima(xp: Any) -> MirroredProblem:
    """``x^2 + y + z = 11``, ``x + y^2 - z = 7``, ``z = 0``: Himmelblau's function made softer.

    At given x and y the best z is ``(B - A) / (2 + s^2 / t^2)`` with ``A = x^2 + y - 11`` and
    ``B = x + y^2 - 7``; chi2 is then a polynomial in y, least at a root of its slope or a bound.
    """
    soft, tight = 0.5, 0.4
    sigma = np.array([soft, soft, tight])
    parameters = [
        Parameter("x", -6.0, 6.0),
        Parameter("y", -6.0, 6.0),
        Parameter("z", -50.0, 50.0),
    ]

    def model(p: Any, xp: Any) -> Any:
        return xp.stack([p.x**2 + p.y + p.z, p.x + p.y**2 - p.z, p.z + 0.0])

    def best(x: float) -> End:
        one = np.polynomial.Polynomial([x * x - 11.0, 1.0])
        two = np.polynomial.Polynomial([x - 7.0, 0.0, 1.0])
        z = (two - one) / (2 + soft**2 / tight**2)
        rows = [(one + z) / soft, (two - z) / soft, z / tight]
        slope = rows[0] * rows[0].deriv() + rows[1] * rows[1].deriv() + rows[2] * rows[2].deriv()
        # A real part is a harmless candidate when the root is not real.
        y = np.clip([*slope.roots().real, -6.0, 6.0], -6.0, 6.0)
        chi2 = (np.array([row(y) for row in rows]) ** 2).sum(axis=0)
        i = int(np.argmin(chi2))
        return float(chi2[i]), {"x": float(x), "y": float(y[i]), "z": float(z(y[i]))}

    problem = _problem(parameters, model, np.array([11.0, 7.0, 0.0]), sigma, xp)
    return MirroredProblem("four minima", problem, "x", best)


def _even(xp: Any) -> MirroredProblem:
    """``x^2 - p^2 - q = 0``, ``p^2 = 1``, ``q = 1``: even in x and in p.

    At a given x, ``p^2 >= 0`` and q are linear.  Between the two pieces of the 95 % set the best
    p is 0, where all slopes by p vanish; a fit carried on from there may stay at 0 and end on a
    saddle, as a fit from the middle of the box does.
    """
    sigma = np.array([0.1, 0.4, 0.2])
    parameters = [
        Parameter("x", -3.0, 3.0),
        Parameter("p", -4.0, 4.0, guess=0.0),
        Parameter("q", -20.0, 20.0),
    ]

    def model(p: Any, xp: Any) -> Any:
        return xp.stack([p.x**2 - p.p**2 - p.q, p.p**2, p.q + 0.0])

    def best(x: float) -> End:
        columns = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]) / sigma[:, None]
        y = np.array([x * x, 1.0, 1.0]) / sigma
        (square, q), *_ = np.linalg.lstsq(columns, y, rcond=None)
        if square < 0:
            square, q = 0.0, np.linalg.lstsq(columns[:, 1:], y, rcond=None)[0][0]
        residuals = columns @ [square, q] - y
        chi2 = float(residuals @ residuals)
        return chi2, {"x": float(x), "p": math.sqrt(square), "q": float(q)}

    def mirror(v: Values) -> dict[str, float]:
        return {"x": -v["x"], "p": -v["p"], "q": v["q"]}

    problem = _problem(parameters, model, np.array([0.0, 1.0, 1.0]), sigma, xp)
    return MirroredProblem("even", problem, "x", best, mirror, {"x": 1.0, "p": 0.0, "q": 1.0})


def mirrored(xp: Any) -> Iterator[MirroredProblem]:
    """All of them, computing with the array namespace `xp`."""
    for make in (_swapped_rates, _aliases, _four_minima, _even):
        yield make(xp)


def _centred(rows: Array) -> Array:
    return rows - rows.mean(axis=-1, keepdims=True)


def _not_negative(f: Array, g: Array, y: Array) -> tuple[Array, Array]:
    """Least ``|a f + b g - y|^2`` with ``a, b >= 0``, row by row; ((n, 2), (n,)).

    Both free, one of them zero, or both: the best of those that are allowed (Cramer's rule).
    """
    ff, gg, fg = ((u * v).sum(-1) for u, v in ((f, f), (g, g), (f, g)))
    fy, gy = (f * y).sum(-1), (g * y).sum(-1)
    zero = np.zeros_like(gg)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.stack([fy * gg - gy * fg, gy * ff - fy * fg]) / (ff * gg - fg**2)
    tries = [np.stack([fy / ff + zero, zero]), np.stack([zero, gy / gg]), np.stack([zero, zero])]
    a = np.moveaxis(np.stack([both, *tries]), 1, -1)  # (4, n, 2)
    # Equal columns leave the pair undetermined: no number, and one of them alone does as well.
    a = np.where((np.isfinite(a) & (a >= 0)).all(-1, keepdims=True), a, 0.0)
    left = a[..., :1] * f + a[..., 1:] * g - y
    ssq = (left * left).sum(-1)
    least, row = ssq.argmin(axis=0), np.arange(ssq.shape[1])
    return a[least, row], ssq[least, row]


def _global(function: Callable[[Array], Array], grid: Array) -> float:
    """Where a function of one variable is least: a dense grid, then every hollow polished."""
    from scipy.optimize import minimize_scalar

    coarse = function(grid)
    left, right = np.array([math.inf, *coarse[:-1]]), np.array([*coarse[1:], math.inf])
    # A plain, where the other term vanishes, has no hollow to polish.
    slack = 1e-9 * coarse.min()
    hollow = (coarse <= np.minimum(left, right)) & (coarse + slack < np.maximum(left, right))
    lowest = int(coarse.argmin())
    places = [(float(coarse[lowest]), float(grid[lowest]))]
    for i in np.flatnonzero(hollow):
        sides = float(grid[max(i - 1, 0)]), float(grid[min(i + 1, grid.size - 1)])
        found: Any = minimize_scalar(
            lambda x: float(function(np.array([x]))[0]),
            bounds=sides,
            method="bounded",
            options={"xatol": 1e-12},
        )
        places.append((float(found.fun), float(found.x)))
    return min(places)[1]
