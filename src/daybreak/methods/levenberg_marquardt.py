"""Bounded Levenberg-Marquardt for many fits at once.

Each lane minimises ``chi2(u) = |r(u)|^2`` over the unit box.  One iteration solves

    minimise  g.s + s.(H + lambda D).s / 2   subject to  0 <= u + s <= 1

with ``g = J^T r``, ``H = J^T J`` and D the largest ``diag(H)`` so far, by an active set that both
holds and frees parameters, so that the quadratic never rises (`daybreak.methods.box_quadratic`).
Bounds are thus met exactly, never approached through a transform.  lambda follows the gain ratio
(Nielsen 1999).  A trial point whose prediction is not finite is a rejected step.

The algebra is written once for arrays with a leading lane axis, in NumPy or `jax.numpy`.
Sources: Marquardt (1963), SIAM J. Appl. Math. 11, 431; More (1978), Lecture Notes in Mathematics
630, 105 (scaling D, stopping tests); Nielsen (1999), IMM-REP-1999-05 (damping).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from daybreak.methods.box_quadratic import box_minimum, times
from daybreak.problem.arrays import Array
from daybreak.problem.stop_reasons import StopReason

RUNNING = 0
REASONS = tuple(StopReason)
CODE = {reason: code for code, reason in enumerate(REASONS, start=1)}
_ROUNDED = 4e-15
"""Relative rounding of a chi2, a sum of many squares: some twenty units of 2.2e-16.

A step that raises chi2 by less is not refused, and one that lowers it by less gains nothing.
"""
_NOTHING = 1e-10
"""A step that promises to lower chi2 by less than this share, and does not, is quiet."""
_FLAT = 1e-6
"""Cosine between residuals and columns below which chi2 is flat, so that standing still is an end.

There no single column could lower chi2 by more than 1e-12 of it; above it a fit that stands still
has stalled.
"""
_QUIET_AT_MINIMUM, _QUIET = 3, 10
"""Quiet steps in a row after which a fit has ended, where chi2 is flat and anywhere.

A choice: one may be chance; ten tries with a growing damping are worth it where it is not flat.
"""
_STUCK = 1e12
"""Damping at which a step is 1e-12 of an undamped one: none that double precision can tell."""
_LEAST_DAMPING = 1e-15
"""A damping below rounding has no effect, and would take long to come back."""
_LEAST_STEP = 1e-15
"""A step in the unit box that changes no more than the last digits."""
_FLOOR = 1e-14
"""Square of a column length, as a share of the longest, below which none is scaled up."""


class Stopping(Protocol):
    """When a fit ends."""

    @property
    def max_iterations(self) -> int:
        """Most trial points."""
        ...

    @property
    def gradient(self) -> float:
        """Converged when the cosine of residuals and every free column is below this."""
        ...


class State(NamedTuple):
    """All lanes of a batch; the first axis is the lane."""

    u: Any
    """Unit coordinates, (L, n)."""
    r: Any
    """Residuals, (L, m)."""
    J: Any
    """Jacobian dr/du, (L, m, n)."""
    chi2: Any
    """|r|^2, (L,); infinite before the first evaluation."""
    scale: Any
    """D of the module formula, (L, n)."""
    damping: Any
    """lambda, (L,)."""
    growth: Any
    """Factor for lambda at the next rejection, (L,)."""
    quiet: Any
    """Steps in a row that changed chi2 by rounding only, (L,)."""
    iterations: Any
    """Trial points so far, (L,)."""
    reason: Any
    """Code of the stop reason, 0 while running, (L,)."""


class Trial(NamedTuple):
    """A proposed step of every lane."""

    u: Any
    """Where it leads, (L, n)."""
    decrease: Any
    """How much the linear model says chi2 will fall, (L,)."""


def begin(u: Array, m: int) -> State:
    """Lanes that have not been evaluated yet."""
    lanes, n = u.shape
    zeros = np.zeros(lanes)
    return State(
        u=np.asarray(u, dtype=np.float64),
        r=np.zeros((lanes, m)),
        J=np.zeros((lanes, m, n)),
        chi2=np.full(lanes, np.inf),
        scale=np.ones((lanes, n)),
        damping=np.full(lanes, 1e-3),
        growth=np.full(lanes, 2.0),
        quiet=zeros.astype(np.int64),
        iterations=zeros.astype(np.int64),
        reason=zeros.astype(np.int64),
    )


def propose(s: State, xp: Any) -> Trial:
    """Solve the damped, bounded quadratic model of every lane (module formula)."""
    g = times(s.J.swapaxes(1, 2), s.r, xp)
    H = xp.matmul(s.J.swapaxes(1, 2), s.J)
    q = 1.0 / xp.sqrt(s.scale)
    # Columns scaled to unit length: bounds, gradient and matrix in the same coordinates.
    A = H * q[:, :, None] * q[:, None, :] + s.damping[:, None, None] * np.eye(s.u.shape[1])
    low, high = -s.u / q, (1.0 - s.u) / q
    z = box_minimum(A, g * q, low, high, xp)
    moved = xp.clip(s.u + z * q, 0.0, 1.0)
    u = xp.where(z <= low, 0.0, xp.where(z >= high, 1.0, moved))
    step = u - s.u
    decrease = -xp.sum(step * (2.0 * g + times(H, step, xp)), 1)
    return Trial(u, decrease)


def _scales(J: Any, before: Any, xp: Any) -> Any:
    """D: squared column lengths of the Jacobian, the largest so far, away from zero; (L, n).

    Without its memory a parameter that stops mattering would be free to run away, and the fit
    would end on a plateau (MGH17 and Eckerle4 of `daybreak.testing`, from their first starts).
    """
    d = xp.maximum(xp.sum(J * J, axis=1), before)
    floor = _FLOOR * xp.max(d, axis=1, keepdims=True, initial=0.0)
    return xp.where(d > floor, d, xp.where(floor > 0.0, floor, 1.0))


def _free(u: Any, g: Any) -> Any:
    """Which parameters may move: not those that the gradient pushes through a bound."""
    return ~((u <= 0.0) & (g > 0.0)) & ~((u >= 1.0) & (g < 0.0))


def accepts(s: State, r: Any, xp: Any) -> Any:
    """Which lanes take their trial point: those whose chi2 does not rise beyond rounding."""
    chi2 = xp.sum(r * r, axis=1)
    return xp.isfinite(chi2) & (chi2 <= s.chi2 * (1.0 + _ROUNDED))


def advance(s: State, trial: Trial, r: Any, J: Any, options: Stopping, xp: Any) -> State:
    """Accept or reject every lane's trial point, adapt the damping, and see who is done."""
    taken = accepts(s, r, xp) & xp.all(xp.isfinite(J), axis=(1, 2))
    fresh = xp.isinf(s.chi2)
    scale = _scales(J, xp.where(fresh[:, None], 0.0, s.scale), xp)
    chi2 = xp.where(taken, xp.sum(r * r, axis=1), s.chi2)
    fall = xp.where(fresh, 0.0, s.chi2 - chi2)
    gain = fall / xp.maximum(trial.decrease, 1e-300)
    # Nielsen (1999) has a third as the least factor; a tenth sooner lets go of damping.
    eased = s.damping * xp.clip(1.0 - (2.0 * gain - 1.0) ** 3, 0.1, 2.0)
    damping = xp.where(taken, xp.where(fresh, s.damping, eased), s.damping * s.growth)
    still = (xp.abs(fall) <= _ROUNDED * chi2) & (xp.abs(trial.decrease) <= _NOTHING * chi2)
    after = State(
        u=xp.where(taken[:, None], trial.u, s.u),
        r=xp.where(taken[:, None], r, s.r),
        J=xp.where(taken[:, None, None], J, s.J),
        chi2=chi2,
        scale=xp.where(taken[:, None], scale, s.scale),
        damping=xp.maximum(damping, _LEAST_DAMPING),
        growth=xp.where(taken, 2.0, 2.0 * s.growth),
        quiet=xp.where(still & ~fresh, s.quiet + 1, 0),
        iterations=s.iterations + 1,
        reason=s.reason,
    )
    smallest = xp.max(xp.abs(trial.u - s.u), axis=1, initial=0.0) <= _LEAST_STEP
    after = after._replace(reason=_reasons(after, fresh, smallest, options, xp))
    done = s.reason != RUNNING
    return State(*(_keep(done, old, new, xp) for old, new in zip(s, after, strict=True)))


def _keep(done: Any, old: Any, new: Any, xp: Any) -> Any:
    return xp.where(done.reshape(-1, *([1] * (old.ndim - 1))), old, new)


def _reasons(s: State, fresh: Any, smallest: Any, options: Stopping, xp: Any) -> Any:
    """Code of the first reason that applies to each lane, 0 when it goes on."""
    slope = steepness(s, xp)
    exact = s.chi2 <= rounding(s.u, s.J, xp)
    reason = xp.where(s.iterations >= options.max_iterations, CODE[StopReason.ITERATIONS], RUNNING)
    # A chi2 that stands still is a minimum only where it is flat as well.
    stuck, flat = (s.damping > _STUCK) | (s.quiet >= _QUIET), slope <= _FLAT
    reason = xp.where(stuck, CODE[StopReason.STALLED], reason)
    reason = xp.where(flat & ~fresh & smallest, CODE[StopReason.STEP], reason)
    reason = xp.where(
        flat & (stuck | (s.quiet >= _QUIET_AT_MINIMUM)), CODE[StopReason.DECREASE], reason
    )
    reason = xp.where(slope <= options.gradient, CODE[StopReason.GRADIENT], reason)
    reason = xp.where(exact, CODE[StopReason.EXACT], reason)
    return xp.where(xp.isfinite(s.chi2), reason, CODE[StopReason.NONFINITE])


def steepness(s: State, xp: Any) -> Any:
    """Largest cosine between the residuals and a free column of the Jacobian, (L,).

    A column does not count where even the parameter's whole range would, to first order, change
    chi2 by less than its rounding error.
    """
    g = times(s.J.swapaxes(1, 2), s.r, xp)
    lengths = xp.sqrt(xp.sum(s.J * s.J, axis=1)) * xp.sqrt(s.chi2)[:, None]
    matters = xp.abs(g) > 1e-15 * s.chi2[:, None]
    cosine = xp.where(matters, xp.abs(g) / xp.where(matters, lengths, 1.0), 0.0)
    return xp.max(xp.where(_free(s.u, g), cosine, 0.0), axis=1, initial=0.0)


def rounding(u: Any, J: Any, xp: Any) -> Any:
    """The chi2 that half a unit in the last place of every u makes, at most 1e-12; (L,)."""
    blur = 1e-16 * xp.sum(u * xp.sqrt(xp.sum(J * J, axis=1)), axis=1)
    return xp.clip(blur * blur, 1e-30, 1e-12)
