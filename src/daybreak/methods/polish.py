"""Is an end a minimum?  Polish it by another method, and look at the curvature there.

The end is improved by SciPy's trust-region reflective method (Branch, Coleman and Li 1999, SIAM
J. Sci. Comput. 21, 1) with the tightest tolerances, parameters that the gradient presses against
a bound held there, and then by Newton steps that follow the gradient alone: chi2 stands still, to
its last digit, over a hundred millionth of a parameter, where the gradient does not.  With
``g = J^T r`` and the columns j that are not held,

    H_jk = (g_j(u + h e_k) - g_j(u - h e_k)) / 2h,   S_jk = H_jk / sqrt(|H_jj| |H_kk|)

The signs of the eigenvalues of S tell a minimum (all positive) from a saddle (one is negative)
and a plateau or valley (one is zero).  With Q an orthonormal basis of the columns of J and of the
eliminated factors, ``M = I - Q Q^T`` is the covariance of the residuals: what the fit leaves.
Source: Nocedal and Wright (2006), Numerical Optimization, sections 2.1 and 8.1; Hoaglin and
Welsch (1978), Am. Stat. 32, 17 (leverage).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from daybreak.methods.batch import End
from daybreak.methods.evaluate.evaluator import Evaluator
from daybreak.methods.evaluate.layout import Cells
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.methods.evaluate.with_numpy import NumpyEvaluator
from daybreak.methods.levenberg_marquardt import rounding
from daybreak.problem.arrays import Array
from daybreak.problem.fit import FitProblem
from daybreak.problem.parameters import AT_BOUND
from daybreak.problem.scale_factors import factor_columns
from daybreak.problem.stop_reasons import StopReason

_TIGHT = 1e-15
"""Tolerances of SciPy's method: it goes on until nothing changes in double precision."""
_MOST_EVALUATIONS = 200
"""Evaluations of a polish; a choice: it starts at an end that another method has found."""
_NEWTON_STEPS = 8
"""Newton steps; each at least halves the last, and a quadratic one needs three or four."""


def polish(evaluator: Evaluator, cells: Cells, start: Array) -> tuple[End, dict[str, Any]]:
    """Improve one end and describe the curvature there.

    Parameters
    ----------
    evaluator, cells
        The problem, and the single row where the end lies.
    start : array, shape (n,)
        Unit coordinates.

    Returns
    -------
    end : End
        Never above the start.
    details : dict
        ``from``, the start; ``eigenvalues`` of S, dimensionless, ascending, and the size below
        which one counts as ``zero``; ``held`` names of parameters pressed against a bound;
        ``slope``, the largest cosine between the residuals and a free column; ``left``, the
        traces of M and M^2 by group (formula in `daybreak.diagnosis.tension`).
    """
    one = _Spot(evaluator, cells)
    residuals, slopes = one.linearise(start[None])
    if not (np.isfinite(residuals).all() and np.isfinite(slopes).all()):
        return End(start.tolist(), float("inf"), StopReason.NONFINITE, 1), {}
    moving = evaluator.layout.moving(cells.pins)[0]
    free = moving & ~pressed(start, slopes[0].T @ residuals[0])
    u, evaluations = one.descend(start, free) if free.any() else (start, 0)
    found = one.curvature(u, free)
    u = one.newton(u, free, found)
    r, J = one.linearise(u[None])
    before, free = free, moving & ~pressed(u, J[0].T @ r[0])
    if (free != before).any():  # what was free has reached a bound
        found = one.curvature(u, free)
    slope = _slope(J[0][:, free], r[0])
    eigenvalues = [] if found is None else np.linalg.eigvalsh(found.S).tolist()
    details: dict[str, Any] = {
        "from": start[moving].tolist(),
        "eigenvalues": eigenvalues,
        "zero": one.zero if found is None else max(one.zero, 4.0 * found.doubt),
        "held": [n for n, f in zip(evaluator.layout.free, moving & ~free, strict=True) if f],
        "slope": slope,
        "left": one.left(u, J[0][:, free]),
    }
    reason = StopReason.GRADIENT if slope <= one.flat else StopReason.STALLED
    chi2 = float(r[0] @ r[0])
    if chi2 <= max(rounding(u[None], J, np)[0], one.noise(r[0])):
        reason = StopReason.EXACT
    return End(u.tolist(), chi2, reason, evaluations), details


def pressed(u: Array, g: Array) -> Any:
    """Which parameters sit at a bound with chi2 falling towards the outside."""
    return ((u <= AT_BOUND) & (g > 0.0)) | ((u >= 1.0 - AT_BOUND) & (g < 0.0))


def _slope(J: Array, r: Array) -> float:
    """Largest cosine between the residuals and a column; 0 where either vanishes."""
    lengths = np.sqrt(np.sum(J * J, axis=0)) * np.sqrt(r @ r)
    matters = np.abs(J.T @ r) > 1e-15 * (r @ r)
    cosines = np.abs(J.T @ r)[matters] / lengths[matters]
    return float(cosines.max(initial=0.0))


class _Curvature(NamedTuple):
    """The scaled Hessian on the free columns."""

    S: Array
    """Dimensionless, shape (n_free, n_free)."""
    d: Array
    """Lengths with ``H = S d d^T``, shape (n_free,)."""
    doubt: float
    """How far S may be off: what two step lengths differ by."""


class _Spot:
    """A problem in one cell."""

    def __init__(self, evaluator: Evaluator, cells: Cells) -> None:
        self.evaluator, self.cells = evaluator, cells
        exact = isinstance(evaluator, JaxEvaluator)
        self.step = 1e-5 if exact else 1e-3
        """Largest h; a tenth of a parameter's conditional uncertainty where that is less.

        The error eps / h of a gradient that is exact is then 2e-11; of one by differences, itself
        good to about 1e-10, 1e-7.
        """
        self.zero = 1e-10 if exact else 1e-7
        """Eigenvalues below this are told from 0 by nothing but these errors."""
        self.flat = 1e-6 if exact else 1e-5
        """Cosine below which an end counts as flat, as for fits (`levenberg_marquardt`)."""
        self.rank = 1e-10 if exact else 1e-6
        """Columns whose singular values are below this share of the largest are dependent."""

    def _rows(self, count: int) -> Cells:
        return self.cells[np.zeros(count, dtype=int)]

    def linearise(self, u: Array) -> tuple[Array, Array]:
        """Residuals and Jacobians, shapes (L, m) and (L, m, n)."""
        with np.errstate(all="ignore"):
            r = self.evaluator.residuals(u, self._rows(len(u)))
            if isinstance(self.evaluator, NumpyEvaluator):
                return r, self.evaluator.jacobian(u, r, self._rows(len(u)))
            return r, self.evaluator.slopes(u, self._rows(len(u)))

    def descend(self, start: Array, free: Any) -> tuple[Array, int]:
        """The lowest place SciPy's method reaches with some parameters free; never above."""
        from scipy import optimize

        least_squares: Any = optimize.least_squares

        def full(x: Array) -> Array:
            u = start.copy()
            u[free] = x
            return u[None]

        def residuals(x: Array) -> Array:
            r = self.evaluator.residuals(full(x), self.cells)[0]
            return np.where(np.isfinite(r), r, 1e100)

        def jacobian(x: Array) -> Array:
            return self.linearise(full(x))[1][0][:, free]

        try:
            found = least_squares(
                residuals,
                start[free],
                jac=jacobian,
                bounds=(0.0, 1.0),
                x_scale="jac",
                ftol=_TIGHT,
                xtol=_TIGHT,
                gtol=_TIGHT,
                max_nfev=_MOST_EVALUATIONS,
            )
        except (ValueError, np.linalg.LinAlgError):  # no step is finite: the end stays
            return start, 1
        before = residuals(start[free])
        better = 2.0 * found.cost <= before @ before
        return (full(found.x)[0] if better else start), int(found.nfev)

    def newton(self, u: Array, free: Any, found: _Curvature | None) -> Array:
        """Follow the gradient to where it vanishes, as long as every step is half the last.

        The steps are compared, not the gradients: where the curvatures differ by many powers of
        ten, rounding in the steep directions hides what the flat ones still have to go.
        """
        if found is None or np.linalg.eigvalsh(found.S)[0] <= found.doubt:
            return u

        def step_at(place: Array) -> Array:
            slope = self._gradient(place, free) / found.d
            return np.asarray(np.linalg.solve(found.S, slope), dtype=np.float64)

        step = step_at(u)
        for _ in range(_NEWTON_STEPS):
            after = u.copy()
            after[free] -= step / found.d
            if not ((after >= 0.0) & (after <= 1.0)).all():
                return u
            left = step_at(after)
            if not np.abs(left).max() < 0.5 * np.abs(step).max():
                return u
            u, step = after, left
        return u

    def noise(self, r: Array) -> float:
        """The chi2 that rounding in the last place of every prediction and datum makes."""
        sigmas, values = self.cells.sigmas[0], np.abs(self.evaluator.layout.problem.data.values)
        return float(np.sum((4e-16 * (2.0 * values / sigmas + np.abs(r[: len(values)]))) ** 2))

    def _gradient(self, u: Array, free: Any) -> Array:
        r, J = self.linearise(u[None])
        return (J[0].T @ r[0])[free]

    def curvature(self, u: Array, free: Any) -> _Curvature | None:
        """S of the module formula from two steps; None where nothing is free or finite."""
        columns = np.flatnonzero(free)
        if not len(columns):
            return None
        lengths = np.sqrt(np.sum(self.linearise(u[None])[1][0][:, columns] ** 2, axis=0))
        h = np.minimum(self.step, 0.1 / np.maximum(lengths, 1e-300))
        h = np.maximum(h, 1e-9)  # a difference of two places keeps seven digits of u
        coarse, fine = (self._hessian(u, columns, share * h) for share in (1.0, 0.25))
        H = (16.0 * fine - coarse) / 15.0  # without the error of order h^2
        if not np.isfinite(H).all():
            return None
        d = np.abs(np.diag(H))
        # Without this floor what nothing depends on would be scaled up to the size of the rest.
        d = np.sqrt(np.maximum(d, 1e-10 * d.max())) if d.max() > 0 else np.ones(len(d))
        doubt = np.linalg.norm((fine - H) / np.outer(d, d), 2)
        return _Curvature(H / np.outer(d, d), d, float(doubt))

    def _hessian(self, u: Array, columns: Any, h: Array) -> Array:
        """Half the second derivatives of chi2 by central differences of its gradient."""
        steps = np.zeros((len(columns), len(u)))
        steps[np.arange(len(columns)), columns] = h
        # Where the end is closer than h to a bound the curvature is taken h inside it.
        base = u.copy()
        base[columns] = np.clip(u[columns], h, 1.0 - h)
        r, J = self.linearise(np.concatenate([base + steps, base - steps]))
        g = np.einsum("lmn,lm->ln", J, r)[:, columns]
        half = (g[: len(columns)] - g[len(columns) :]) / (4.0 * h[:, None])
        return half + half.T

    def left(self, u: Array, J: Array) -> dict[str, list[float]]:
        """Traces of M and M^2 for each group, M = I - Q Q^T on its observations."""
        raw = self.evaluator.raw(u[None], self.cells)[0]
        problem, sigmas = self.evaluator.layout.problem, self.cells.sigmas[0]
        return what_is_left(problem, raw, J[: len(sigmas)], sigmas, self.rank)


def what_is_left(
    problem: FitProblem, raw: Array, J: Array, sigmas: Array, rank: float
) -> dict[str, list[float]]:
    """Traces of M and M^2 for each group of observations (module formula).

    Parameters
    ----------
    problem : FitProblem
    raw : array, shape (n_observations,)
        Predictions; with what scale factors do to them or without, which spans the same.
    J : array, shape (n_observations, n)
        Derivatives of the residuals by what is free.
    sigmas : array, shape (n_observations,)
    rank : float
        Columns whose singular values are below this share of the largest are dependent.
    """
    factors = factor_columns(raw, sigmas, problem.groups, problem.data.whitening)
    columns = np.column_stack([J, factors])
    lengths = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns[:, lengths > 0] / lengths[lengths > 0]
    left, s, _ = np.linalg.svd(columns, full_matrices=False)
    Q = left[:, s > rank * s.max(initial=0.0)]
    names = [datum.group for datum in problem.data.data]
    totals: dict[str, list[float]] = {}
    for name in dict.fromkeys(names):
        mine = Q[[i for i, group in enumerate(names) if group == name]]
        n, h = len(mine), float(np.sum(mine * mine))
        squared = n - 2.0 * h + float(np.sum((mine.T @ mine) ** 2))
        totals[name] = [n - h, max(0.0, squared)]
    return totals
