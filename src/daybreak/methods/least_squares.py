r"""Bounded Levenberg-Marquardt for many fits at once.

Each lane minimises ``chi2(u) = |r(u)|^2`` over the unit box.  One iteration solves

    minimise  g.s + s.(H + lambda D).s / 2   subject to  0 <= u + s <= 1

with ``g = J^T r``, ``H = J^T J`` and D the largest ``diag(H)`` so far, by an active set that both
holds and frees parameters, so that the quadratic never rises.  Bounds are thus met exactly, never
approached through a transform.  lambda follows the gain ratio (Nielsen 1999).  A trial point whose
prediction is not finite is a rejected step.

The algebra is written once for arrays with a leading lane axis, in NumPy or `jax.numpy`.
Sources: Marquardt (1963), SIAM J. Appl. Math. 11, 431; More (1978), Lecture Notes in Mathematics
630, 105 (scaling D, stopping tests); Nielsen (1999), IMM-REP-1999-05 (damping); Nocedal and
Wright (2006), Numerical Optimization, 2nd ed., sections 16.5 and 16.7 (active set, projection).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from daybreak.methods.evaluation import (
    Array,
    Cell,
    Cells,
    JaxEvaluator,
    NumpyEvaluator,
    block_of,
)
from daybreak.problem.precision import double_precision
from daybreak.problem.stop_reasons import StopReason

RUNNING = 0
REASONS = tuple(StopReason)
_CODE = {reason: code for code, reason in enumerate(REASONS, start=1)}
_BLOCK = 8
"""Iterations in one compiled call; finished lanes are replaced between calls."""


@dataclass(frozen=True)
class LeastSquares:
    """How a local fit is made (formula in `daybreak.methods.least_squares`).

    Parameters
    ----------
    max_iterations : int
        Most trial points per fit.
    gradient : float
        Converged when the cosine between the residuals and every free column of the Jacobian is
        below this; dimensionless.
    """

    max_iterations: int = 300
    gradient: float = 1e-11

    def describe(self) -> dict[str, Any]:
        """The options that determine an outcome."""
        return {
            "solver": "least_squares",
            "max_iterations": self.max_iterations,
            "gradient": self.gradient,
        }


@dataclass(frozen=True)
class End:
    """Where one local fit stopped."""

    u: list[float]
    """Unit coordinates of the free parameters."""
    chi2: float
    reason: StopReason
    iterations: int
    message: str = ""
    """What `predict` raised, if it did."""


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
    g = _times(s.J.swapaxes(1, 2), s.r, xp)
    H = xp.matmul(s.J.swapaxes(1, 2), s.J)
    q = 1.0 / xp.sqrt(s.scale)
    # Columns scaled to unit length: bounds, gradient and matrix in the same coordinates.
    A = H * q[:, :, None] * q[:, None, :] + s.damping[:, None, None] * np.eye(s.u.shape[1])
    low, high = -s.u / q, (1.0 - s.u) / q
    z = box_minimum(A, g * q, low, high, xp)
    moved = xp.clip(s.u + z * q, 0.0, 1.0)
    u = xp.where(z <= low, 0.0, xp.where(z >= high, 1.0, moved))
    step = u - s.u
    decrease = -xp.sum(step * (2.0 * g + _times(H, step, xp)), 1)
    return Trial(u, decrease)


def _times(matrix: Any, vector: Any, xp: Any) -> Any:
    """Matrix times vector in every lane; NumPy's `matmul` gives a lane the same bits in any batch.

    (Its `einsum` sums in an order that depends on how many lanes there are.)
    """
    return xp.matmul(matrix, vector[:, :, None])[:, :, 0]


class _Search(NamedTuple):
    """How far every lane's quadratic has been minimised."""

    z: Any
    """Where, (L, n)."""
    free: Any
    """Which variables the next step may move, (L, n)."""
    settled: Any
    """Whether this is the minimum, (L,)."""
    passes: Any


def box_minimum(A: Any, g: Any, low: Any, high: Any, xp: Any) -> Any:
    """Minimise ``g.z + z.A z / 2`` over ``low <= z <= high`` from z = 0, A positive; (L, n).

    Each pass takes the Newton step of the free variables, up to the first bound or projected onto
    the box, whichever is lower.  A variable that runs into a bound is held there, and freed when
    the slope turns inwards.  A lane that needs more passes than are allowed has still gone down.
    """
    n = g.shape[1]

    def slope(z: Any) -> Any:
        return g + _times(A, z, xp)

    def inwards(z: Any) -> Any:
        return ~((z <= low) & (slope(z) > 0.0)) & ~((z >= high) & (slope(z) < 0.0))

    def going(s: _Search) -> Any:
        return (s.passes < n + 3) & ~xp.all(s.settled)

    def one(s: _Search) -> _Search:
        both = s.free[:, :, None] & s.free[:, None, :]
        rhs = xp.where(s.free, -slope(s.z), 0.0)
        d = xp.linalg.solve(xp.where(both, A, np.eye(n)), rhs[:, :, None])[:, :, 0]
        z, hit, stuck = _lower_end(s.z, d, lambda z: xp.sum(z * (g + slope(z)), 1), low, high, xp)
        free = inwards(z) & ~stuck
        done = s.settled | (~hit & xp.all(free == s.free, axis=1))
        keep = s.settled[:, None]
        return _Search(xp.where(keep, s.z, z), xp.where(keep, s.free, free), done, s.passes + 1)

    zero = xp.zeros_like(g)
    begun = _Search(zero, inwards(zero), xp.zeros(len(g), dtype=bool), 0)
    return _repeat(going, one, begun, xp).z


def _lower_end(
    z: Any, d: Any, model: Callable[[Any], Any], low: Any, high: Any, xp: Any
) -> tuple[Any, Any, Any]:
    """The lower of z + d cut at the first bound and z + d projected; if any, and what, is cut."""
    over = (z + d < low) | (z + d > high)
    wall = xp.where(d < 0.0, low, high)
    room = xp.where(over, (wall - z) / xp.where(over, d, 1.0), 1.0)
    share = xp.min(room, axis=1, keepdims=True, initial=1.0)
    cut = xp.where(over & (room <= share), wall, xp.clip(z + share * d, low, high))
    far = xp.clip(z + d, low, high)
    lower = xp.where((model(far) < model(cut))[:, None], far, cut)
    return lower, xp.any(over, axis=1), over & (room <= 0.0)


def _repeat(going: Callable[[Any], Any], one: Callable[[Any], Any], carry: Any, xp: Any) -> Any:
    """Apply `one` while `going`, in either namespace."""
    if xp is not np:
        import jax

        return jax.lax.while_loop(going, one, carry)
    while going(carry):
        carry = one(carry)
    return carry


def _scales(J: Any, before: Any, xp: Any) -> Any:
    """D: squared column lengths of the Jacobian, the largest so far, away from zero; (L, n).

    Without its memory a parameter that stops mattering would be free to run away, and the fit
    would end on a plateau (MGH17 and Eckerle4 of `daybreak.testing`, from their first starts).
    """
    d = xp.maximum(xp.sum(J * J, axis=1), before)
    floor = 1e-14 * xp.max(d, axis=1, keepdims=True, initial=0.0)
    return xp.where(d > floor, d, xp.where(floor > 0.0, floor, 1.0))


def _free(u: Any, g: Any) -> Any:
    """Which parameters may move: not those that the gradient pushes through a bound."""
    return ~((u <= 0.0) & (g > 0.0)) & ~((u >= 1.0) & (g < 0.0))


def accepts(s: State, r: Any, xp: Any) -> Any:
    """Which lanes take their trial point: those whose chi2 does not rise beyond rounding."""
    chi2 = xp.sum(r * r, axis=1)
    return xp.isfinite(chi2) & (chi2 <= s.chi2 * (1.0 + 4e-15))


def advance(s: State, trial: Trial, r: Any, J: Any, options: LeastSquares, xp: Any) -> State:
    """Accept or reject every lane's trial point, adapt the damping, and see who is done."""
    taken = accepts(s, r, xp) & xp.all(xp.isfinite(J), axis=(1, 2))
    fresh = xp.isinf(s.chi2)
    scale = _scales(J, xp.where(fresh[:, None], 0.0, s.scale), xp)
    chi2 = xp.where(taken, xp.sum(r * r, axis=1), s.chi2)
    fall = xp.where(fresh, 0.0, s.chi2 - chi2)
    gain = fall / xp.maximum(trial.decrease, 1e-300)
    eased = s.damping * xp.clip(1.0 - (2.0 * gain - 1.0) ** 3, 0.1, 2.0)
    damping = xp.where(taken, xp.where(fresh, s.damping, eased), s.damping * s.growth)
    still = (xp.abs(fall) <= 4e-15 * chi2) & (xp.abs(trial.decrease) <= 1e-10 * chi2)
    after = State(
        u=xp.where(taken[:, None], trial.u, s.u),
        r=xp.where(taken[:, None], r, s.r),
        J=xp.where(taken[:, None, None], J, s.J),
        chi2=chi2,
        scale=xp.where(taken[:, None], scale, s.scale),
        damping=xp.maximum(damping, 1e-15),
        growth=xp.where(taken, 2.0, 2.0 * s.growth),
        quiet=xp.where(still & ~fresh, s.quiet + 1, 0),
        iterations=s.iterations + 1,
        reason=s.reason,
    )
    smallest = xp.max(xp.abs(trial.u - s.u), axis=1, initial=0.0) <= 1e-15
    after = after._replace(reason=_reasons(after, fresh, smallest, options, xp))
    done = s.reason != RUNNING
    return State(*(_keep(done, old, new, xp) for old, new in zip(s, after, strict=True)))


def _keep(done: Any, old: Any, new: Any, xp: Any) -> Any:
    return xp.where(done.reshape(-1, *([1] * (old.ndim - 1))), old, new)


def _reasons(s: State, fresh: Any, smallest: Any, options: LeastSquares, xp: Any) -> Any:
    """Code of the first reason that applies to each lane, 0 when it goes on."""
    slope = steepness(s, xp)
    exact = s.chi2 <= rounding(s.u, s.J, xp)
    reason = xp.where(
        s.iterations >= options.max_iterations, _CODE[StopReason.ITERATIONS], RUNNING
    )
    # A chi2 that stands still is a minimum only where it is flat as well.
    stuck, flat = (s.damping > 1e12) | (s.quiet >= 10), slope <= 1e-6
    reason = xp.where(stuck, _CODE[StopReason.STALLED], reason)
    reason = xp.where(flat & ~fresh & smallest, _CODE[StopReason.STEP], reason)
    reason = xp.where(flat & (stuck | (s.quiet >= 3)), _CODE[StopReason.DECREASE], reason)
    reason = xp.where(slope <= options.gradient, _CODE[StopReason.GRADIENT], reason)
    reason = xp.where(exact, _CODE[StopReason.EXACT], reason)
    return xp.where(xp.isfinite(s.chi2), reason, _CODE[StopReason.NONFINITE])


def steepness(s: State, xp: Any) -> Any:
    """Largest cosine between the residuals and a free column of the Jacobian, (L,).

    A column does not count where even the parameter's whole range would, to first order, change
    chi2 by less than its rounding error.
    """
    g = _times(s.J.swapaxes(1, 2), s.r, xp)
    lengths = xp.sqrt(xp.sum(s.J * s.J, axis=1)) * xp.sqrt(s.chi2)[:, None]
    matters = xp.abs(g) > 1e-15 * s.chi2[:, None]
    cosine = xp.where(matters, xp.abs(g) / xp.where(matters, lengths, 1.0), 0.0)
    return xp.max(xp.where(_free(s.u, g), cosine, 0.0), axis=1, initial=0.0)


def rounding(u: Any, J: Any, xp: Any) -> Any:
    """The chi2 that half a unit in the last place of every u makes, at most 1e-12; (L,)."""
    blur = 1e-16 * xp.sum(u * xp.sqrt(xp.sum(J * J, axis=1)), axis=1)
    return xp.clip(blur * blur, 1e-30, 1e-12)


Checkpoint = Callable[[], None]
"""Called between blocks of iterations; raises when the night must end."""


def fit(
    evaluator: NumpyEvaluator | JaxEvaluator,
    starts: Array,
    cells: Cells,
    options: LeastSquares,
    checkpoint: Checkpoint = lambda: None,
) -> list[End]:
    """Fit every lane from its start.

    Parameters
    ----------
    evaluator
        The problem.
    starts : array, shape (L, n)
        Unit coordinates of the free parameters; those of pinned ones are not read.
    cells : Cells
        Pinned parameters, settings and uncertainties of each lane.
    options : LeastSquares
        Stopping tests.
    checkpoint : callable
        Called every few iterations; may raise to abandon the batch.

    Returns
    -------
    list of End, one a lane, in order.
    """
    if isinstance(evaluator, NumpyEvaluator):
        with evaluator.watched(checkpoint):
            return _fit_numpy(evaluator, starts, cells, options, checkpoint)
    return _fit_jax(evaluator, starts, cells, options, checkpoint)


def _fit_numpy(
    evaluator: NumpyEvaluator | _OneByOne,
    starts: Array,
    cells: Cells,
    options: LeastSquares,
    checkpoint: Checkpoint,
) -> list[End]:
    state = begin(starts, evaluator.layout.problem.data.count)
    lanes = np.arange(len(starts))
    ends: dict[int, End] = {}
    while len(lanes):
        checkpoint()
        with np.errstate(all="ignore"):
            trial = propose(state, np)
            r = evaluator.residuals(trial.u, cells[lanes])
            raised = dict(evaluator.errors)
            taken = accepts(state, r, np)
            J = state.J.copy()
            if taken.any():
                J[taken] = evaluator.jacobian(trial.u[taken], r[taken], cells[lanes[taken]])
            state = advance(state, trial, r, J, options, np)
        for row, lane in enumerate(lanes.tolist()):
            if state.reason[row] != RUNNING:
                ends[lane] = _end(state, row, raised.get(row, ""))
        going = state.reason == RUNNING
        state, lanes = State(*(part[going] for part in state)), lanes[going]
    return [ends[lane] for lane in range(len(starts))]


def _fit_jax(
    evaluator: JaxEvaluator,
    starts: Array,
    cells: Cells,
    options: LeastSquares,
    checkpoint: Checkpoint,
) -> list[End]:
    """Fit in a pool; one that raises is halved until the lanes to blame are alone."""
    try:
        return _pool(evaluator, starts, cells, options, checkpoint)
    except _failures():
        if len(starts) == 1:
            return _fit_numpy(_OneByOne(evaluator), starts, cells, options, checkpoint)
    half = len(starts) // 2
    parts = (slice(None, half), slice(half, None))
    return [
        end
        for part in parts
        for end in _fit_jax(evaluator, starts[part], cells[part], options, checkpoint)
    ]


class _OneByOne:
    """A JAX problem as the NumPy path sees one: what raises at a step rejects the step only."""

    def __init__(self, evaluator: JaxEvaluator) -> None:
        import jax

        self.layout = evaluator.layout
        self.errors: dict[int, str] = {}
        self._linearise = jax.jit(evaluator.linearise)
        self._jacobians: dict[bytes, Array] = {}

    def residuals(self, u: Array, cells: Cells) -> Array:
        """Residuals lane by lane, the Jacobians put aside; NaN and noted where it raised."""
        self.errors, self._jacobians = {}, {}
        found = np.full((len(u), self.layout.problem.data.count), np.nan)
        for lane in range(len(u)):
            try:
                with double_precision():
                    r, J = self._linearise(u[lane], block_of(cells, lane))
                    found[lane], self._jacobians[u[lane].tobytes()] = np.asarray(r), np.asarray(J)
            except _failures() as error:
                said = str(error).strip().splitlines() or [""]
                self.errors[lane] = said[-1]
        return found

    def jacobian(self, u: Array, residuals: Array, cells: Cells) -> Array:
        """Jacobians that came with the residuals, shape (L, m, n)."""
        return np.stack([self._jacobians[row.tobytes()] for row in u])


def _failures() -> tuple[type[Exception], ...]:
    """What a compiled call raises when a callback inside it fails or memory runs out."""
    import jax

    return (jax.errors.JaxRuntimeError,)


def _pool(
    evaluator: JaxEvaluator,
    starts: Array,
    cells: Cells,
    options: LeastSquares,
    checkpoint: Checkpoint,
) -> list[End]:
    """Keep a pool of fixed width busy: a finished lane's place goes to the next start."""
    width = evaluator.width
    count = len(starts)
    rows = np.arange(width) % max(count, 1)
    state = begin(starts[rows], evaluator.layout.problem.data.count)
    lane_of = np.where(np.arange(width) < count, np.arange(width), -1)
    state.reason[lane_of < 0] = _CODE[StopReason.STEP]  # padding, never read
    waiting = width
    ends: dict[int, End] = {}
    call = _compiled(evaluator)
    while (lane_of >= 0).any():
        checkpoint()
        with double_precision():
            found = call(state, block_of(cells, rows), asdict(options))
            state = State(*(np.array(part) for part in found))
        for row in np.flatnonzero((lane_of >= 0) & (state.reason != RUNNING)).tolist():
            ends[int(lane_of[row])] = _end(state, row, "")
            lane_of[row] = -1
            if waiting < count:
                lane_of[row] = rows[row] = waiting
                one = begin(starts[waiting : waiting + 1], state.r.shape[1])
                for part, new in zip(state, one, strict=True):
                    part[row] = new[0]
                waiting += 1
    return [ends[lane] for lane in range(count)]


@functools.lru_cache(maxsize=64)
def _compiled(evaluator: JaxEvaluator) -> Callable[..., Any]:
    """A block of iterations as one compiled call; the options are traced, so none recompiles."""
    import jax
    import jax.numpy as jnp

    def block(state: State, cell: Cell, chosen: Mapping[str, Any]) -> State:
        options = LeastSquares(**chosen)

        def one(carry: tuple[Any, State]) -> tuple[Any, State]:
            count, s = carry
            trial = propose(s, jnp)
            r, J = jax.vmap(evaluator.linearise)(trial.u, cell)
            return count + 1, advance(s, trial, r, J, options, jnp)

        def going(carry: tuple[Any, State]) -> Any:
            return (carry[0] < _BLOCK) & jnp.any(carry[1].reason == RUNNING)

        return jax.lax.while_loop(going, one, (0, state))[1]

    return jax.jit(block)


def _end(state: State, row: int, message: str) -> End:
    reason = REASONS[int(state.reason[row]) - 1]
    if message and reason is StopReason.NONFINITE:
        reason = StopReason.RAISED
    return End(
        state.u[row].tolist(), float(state.chi2[row]), reason, int(state.iterations[row]), message
    )
