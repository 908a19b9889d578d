r"""Residuals as a linear function of the parameters near one place, learnt from evaluations.

    r(u + s) ~ r + J s,    Broyden:  J' = J + (y - J s) (D s)^T / (s^T D s)

with ``y = r(u + s) - r(u)`` and D the squared column lengths: every evaluation teaches J one
direction and costs nothing more, where differences cost one evaluation for each parameter.
Source: Broyden (1965), Math. Comp. 19, 577; Nocedal and Wright (2006), Numerical Optimization,
2nd ed., section 11.1.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.methods.box_quadratic import box_minimum
from daybreak.problem.arrays import Array

_RIDGE = 1e-12
"""Added to the squared columns of unit length, so that a column without effect does not stop.

Ten thousand times rounding: what residuals feel more than 1e-6 as much as a column moves as it
would without.
"""
_STIFF = 1e3
"""How much faster than residuals a quantity that is to reach a value drives it there.

Its square, 1e6, is how much more a miss costs than residuals gain by it.
"""
_ROOT = 1e-9
"""Tolerance, in the unit box, of where the model crosses a level.

A linear model's answer needs no more: the next evaluation differs from it by far more.
"""


@dataclass(frozen=True, eq=False)
class LocalModel:
    """The linear model of one place in the unit box of n parameters.

    What is asked about is a *column*: one of the n parameters, or after them one of k quantities
    that are derived from them.
    """

    u: Array
    """The place, shape (n,)."""
    r: Array
    """Residuals there, shape (m,); their squares add up to chi2."""
    J: Array
    """Derivatives of the residuals by u, shape (m, n)."""
    g: Array
    """Derived quantities there, in unit coordinates of their ranges, shape (k,)."""
    G: Array
    """Derivatives of these by u, shape (k, n)."""
    sizes: Array | None = None
    """Common factors of noise of unknown size that the residuals were made with."""
    age: int = 0
    """Places that J was carried over to since it was measured by differences."""

    @functools.cached_property
    def chi2(self) -> float:
        """Chi2 at the place."""
        return float(self.r @ self.r)

    @functools.cached_property
    def lengths(self) -> Array:
        """Column lengths of J, shape (n,): one over the conditional uncertainties."""
        return np.sqrt(np.sum(self.J * self.J, axis=0))

    def at(self, column: int) -> float:
        """Unit coordinate of what a column stands for."""
        return float(np.concatenate([self.u, self.g])[column])

    def chi2_at(self, u: Array) -> float:
        """What the model says of another place."""
        r = self.r + self.J @ (u - self.u)
        return float(r @ r)

    def taught(self, u: Array, r: Array, g: Array) -> LocalModel:
        """The same place with the J and G that give r and g at u as well (module formula)."""
        s = u - self.u
        # A column that nothing is known of must not have weight zero, or it would never learn.
        weights = s * np.maximum(self.lengths, 1e-9 * self.lengths.max(initial=0.0)) ** 2
        square = float(weights @ s)
        if not square > 0.0:
            return self
        J = self.J + np.outer(r - self.r - self.J @ s, weights) / square
        G = self.G + np.outer(g - self.g - self.G @ s, weights) / square
        return dataclasses.replace(self, J=J, G=G)

    def lowest(
        self, held: int | None = None, at: float | None = None, damping: float = 0.0
    ) -> Array:
        """Where the model has its least chi2 within the box and the ranges of g; shape (n,).

        The column `held` is kept at the value `at`, by default its present one; `damping` is
        added to the squared columns of unit length (Levenberg and Marquardt).
        """
        n = len(self.u)
        goals: dict[int, float] = {}
        if held is not None and held >= n:
            goals[held - n] = self.at(held) if at is None else at
        kept = held if held is not None and held < n else None
        u = self._lowest(goals, kept, at, damping)
        for _ in self.g:
            g = self.g + self.G @ (u - self.u)
            outside = [i for i in np.flatnonzero((g < 0.0) | (g > 1.0)) if i not in goals]
            if not outside:
                break
            goals |= {int(i): min(max(float(g[i]), 0.0), 1.0) for i in outside}
            u = self._lowest(goals, kept, at, damping)
        return u

    def _lowest(
        self, goals: Mapping[int, float], held: int | None, at: float | None, damping: float
    ) -> Array:
        """The same where derived quantities are to reach goals."""
        rows = list(goals)
        wanted = np.array([goals[i] for i in rows]) - self.g[rows]
        stiff = _STIFF * max(1.0, float(self.lengths.max(initial=0.0)))
        r = np.concatenate([self.r, -stiff * wanted])
        J = np.concatenate([self.J, stiff * self.G[rows]])
        u = self.u.copy()
        if held is not None and at is not None:
            r = r + J[:, held] * (at - u[held])
            u[held] = at
        moving = np.array([i for i in range(len(u)) if i != held], dtype=int)
        if not len(moving):
            return u
        d = np.sqrt(np.sum(J[:, moving] ** 2, axis=0))
        d = np.where(d > 0.0, d, 1.0)
        A = J[:, moving] / d
        low, high = -u[moving] * d, (1.0 - u[moving]) * d
        H = A.T @ A + (_RIDGE + damping) * np.eye(len(moving))
        z = box_minimum(H[None], (A.T @ r)[None], low[None], high[None], np)[0]
        moved = np.clip(u[moving] + z / d, 0.0, 1.0)
        u[moving] = np.where(z <= low, 0.0, np.where(z >= high, 1.0, moved))
        return u

    def decrease(self, held: int | None = None) -> float:
        """How much lower than here the least chi2 of the model is, one column perhaps held."""
        return self.chi2 - self.chi2_at(self.lowest(held))

    def crossing(self, column: int, wall: float, level: float) -> Array:
        """Where the model's profile along a column rises to a level on the way to a wall.

        The others are at their best. At the wall where the profile stays below the level.
        """
        from scipy import optimize

        brentq: Any = optimize.brentq

        def excess(at: float) -> float:
            return self.chi2_at(self.lowest(column, at)) - level

        best = self.lowest()
        begin = float(np.concatenate([best, self.g + self.G @ (best - self.u)])[column])
        if excess(wall) <= 0.0 or excess(begin) >= 0.0:
            at = wall if excess(wall) <= 0.0 else begin
        else:
            at = float(brentq(excess, begin, wall, xtol=_ROOT * (1e-3 + abs(wall - begin))))
        return self.lowest(column, at)
