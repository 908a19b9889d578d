"""Many local fits at once: one lane after another in NumPy, a pool of fixed width in JAX."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from daybreak.methods.batch import Checkpoint, End
from daybreak.methods.evaluate.evaluator import Evaluator
from daybreak.methods.evaluate.layout import Cell, Cells, block_of
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.methods.evaluate.with_numpy import NumpyEvaluator
from daybreak.methods.levenberg_marquardt import (
    CODE,
    REASONS,
    RUNNING,
    State,
    Stopping,
    accepts,
    advance,
    begin,
    propose,
)
from daybreak.problem.arrays import Array
from daybreak.problem.precision import double_precision
from daybreak.problem.stop_reasons import StopReason

_BLOCK = 8
"""Iterations in one compiled call; finished lanes are replaced between calls.

A choice: a shorter block spends its time between calls, in a longer one lanes that have finished
wait for the others, and a night that must end waits for the block.
"""


def fit(
    evaluator: Evaluator,
    starts: Array,
    cells: Cells,
    options: Stopping,
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
    options : Stopping
        Its tests, such as `daybreak.methods.least_squares.LeastSquares`.
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
    options: Stopping,
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
    options: Stopping,
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
    options: Stopping,
    checkpoint: Checkpoint,
) -> list[End]:
    """Keep a pool of fixed width busy: a finished lane's place goes to the next start."""
    width = evaluator.width
    count = len(starts)
    rows = np.arange(width) % max(count, 1)
    state = begin(starts[rows], evaluator.layout.problem.data.count)
    lane_of = np.where(np.arange(width) < count, np.arange(width), -1)
    state.reason[lane_of < 0] = CODE[StopReason.STEP]  # padding, never read
    waiting = width
    ends: dict[int, End] = {}
    call = _compiled(evaluator)
    while (lane_of >= 0).any():
        checkpoint()
        with double_precision():
            found = call(state, block_of(cells, rows), _numbers(options))
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
        options: Any = SimpleNamespace(**chosen)

        def one(carry: tuple[Any, State]) -> tuple[Any, State]:
            count, s = carry
            trial = propose(s, jnp)
            r, J = jax.vmap(evaluator.linearise)(trial.u, cell)
            return count + 1, advance(s, trial, r, J, options, jnp)

        def going(carry: tuple[Any, State]) -> Any:
            return (carry[0] < _BLOCK) & jnp.any(carry[1].reason == RUNNING)

        return jax.lax.while_loop(going, one, (0, state))[1]

    return jax.jit(block)


def _numbers(options: Stopping) -> dict[str, float]:
    """The tests as numbers that a compiled call is given."""
    return {"max_iterations": options.max_iterations, "gradient": options.gradient}


def _end(state: State, row: int, message: str) -> End:
    reason = REASONS[int(state.reason[row]) - 1]
    if message and reason is StopReason.NONFINITE:
        reason = StopReason.RAISED
    return End(
        state.u[row].tolist(), float(state.chi2[row]), reason, int(state.iterations[row]), message
    )
