"""A problem in JAX: many lanes in one compiled call, Jacobians in whichever mode it allows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from daybreak.errors import PredictionError
from daybreak.methods.evaluate.base import AbstractEvaluator, recorded
from daybreak.methods.evaluate.layout import Cell, Cells, Layout, block_of
from daybreak.problem.arrays import Array
from daybreak.problem.precision import double_precision

WIDTH = 32
"""Lanes in one compiled call: wide enough to vectorise, narrow enough to waste little."""
_REFUSALS = (TypeError, ValueError, NotImplementedError)
"""What JAX raises, while tracing, for a mode that a model does not allow."""


class JaxEvaluator(AbstractEvaluator):
    """Many lanes in one compiled call of fixed width, so that each problem compiles once."""

    def __init__(self, layout: Layout, width: int) -> None:
        self.layout = layout
        self.width = width

    def linearise(self, u: Any, cell: Cell) -> tuple[Any, Any]:
        """Residuals (m,) and Jacobian (m, n) of one lane, from one pass over the model.

        Forward mode costs n passes, reverse mode m: the cheaper one is taken, and the other where
        the model allows only that, as solvers of differential equations may.

        Raises
        ------
        PredictionError
            When neither works, with the remedy.
        """
        import jax
        import jax.numpy as jnp

        def residuals(v: Any) -> Any:
            return self.layout.residuals(self.layout.traced_values(v, cell.pins), cell, jnp)

        n, m = len(self.layout.free), self.layout.problem.data.count

        def forwards() -> tuple[Any, Any]:
            def column(tangent: Any) -> Any:
                return jax.jvp(residuals, (u,), (tangent,))

            return jax.vmap(column, out_axes=(None, -1))(jnp.eye(n))

        def backwards() -> tuple[Any, Any]:
            value, pull = jax.vjp(residuals, u)
            return value, jax.vmap(lambda row: pull(row)[0])(jnp.eye(m))

        return _whichever(*((backwards, forwards) if 2 * m < n else (forwards, backwards)))

    def _lane(self, of_values: Callable[..., Any]) -> Callable[[Any, Cell], Any]:
        """A function of one lane's values, as one of its unit coordinates."""
        import jax.numpy as jnp

        def of_units(u: Any, cell: Cell) -> Any:
            return of_values(self.layout.traced_values(u, cell.pins), cell, jnp)

        return of_units

    @functools.cached_property
    def _residuals(self) -> Callable[..., Any]:
        import jax

        return jax.jit(jax.vmap(self._lane(self.layout.residuals)))

    @functools.cached_property
    def _raw(self) -> Callable[..., Any]:
        import jax

        return jax.jit(jax.vmap(self._lane(self.layout.raw)))

    @functools.cached_property
    def _slopes(self) -> Callable[..., Any]:
        import jax

        return jax.jit(jax.vmap(lambda u, cell: self.linearise(u, cell)[1]))

    @functools.cached_property
    def _full(self) -> Callable[..., Any]:
        import jax

        return jax.jit(jax.vmap(self._lane(self.layout.full)))

    def residuals(self, u: Array, cells: Cells) -> Array:
        """Residuals, `width` lanes at a time."""
        return self._arrays(self._residuals, u, cells)

    def raw(self, u: Array, cells: Cells) -> Array:
        """Predictions before scaling, `width` lanes at a time."""
        return self._arrays(self._raw, u, cells)

    def slopes(self, u: Array, cells: Cells) -> Array:
        """Derivatives of the residuals, `width` lanes at a time."""
        return self._arrays(self._slopes, u, cells)

    def _arrays(self, call: Callable[..., Any], u: Array, cells: Cells) -> Array:
        parts = self._in_blocks(call, u, cells)
        return np.concatenate([np.asarray(part)[:count] for part, count in parts])

    def full(self, u: Array, cells: Cells) -> list[dict[str, Any]]:
        """Everything recorded at a best fit, `width` lanes at a time."""
        found: list[dict[str, Any]] = []
        for (residuals, predictions, factors, derived), count in self._in_blocks(
            self._full, u, cells
        ):
            for lane in range(count):
                f = {name: value[lane] for name, value in factors.items()}
                d = {name: value[lane] for name, value in derived.items()}
                r = residuals[0][lane], residuals[1][lane]
                found.append(recorded((r, predictions[lane], f, d)))
        return found

    def _in_blocks(
        self, call: Callable[..., Any], u: Array, cells: Cells
    ) -> list[tuple[Any, int]]:
        parts: list[tuple[Any, int]] = []
        with double_precision():
            for first in range(0, len(u), self.width):
                rows = np.arange(first, first + self.width)
                count = min(self.width, len(u) - first)
                rows[count:] = first  # padding repeats a lane, so the compiled shape is one
                parts.append((_called(call, u, cells, rows), count))
        return parts


def _called(call: Callable[..., Any], u: Array, cells: Cells, rows: Any) -> Any:
    """What a compiled call gives for some lanes; NaN for those in which the model raises."""
    import jax

    def of(lanes: Any) -> Any:
        return jax.tree.map(np.asarray, call(u[lanes], block_of(cells, lanes)))

    try:
        return of(rows)
    except jax.errors.JaxRuntimeError:
        shapes = jax.eval_shape(call, u[rows], block_of(cells, rows))
        nothing = jax.tree.map(lambda one: np.full(one.shape[1:], np.nan), shapes)
    found: dict[int, Any] = {}
    for row in dict.fromkeys(rows.tolist()):
        try:
            found[row] = jax.tree.map(lambda part: part[0], of(np.full_like(rows, row)))
        except jax.errors.JaxRuntimeError:
            found[row] = nothing
    return jax.tree.map(lambda *parts: np.stack(parts), *(found[row] for row in rows.tolist()))


def _whichever(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What one way of differentiating gives, or else the other."""
    try:
        return first()
    except _REFUSALS as error:
        refused = error
    try:
        return second()
    except _REFUSALS as error:
        said = [str(one).splitlines()[0].rstrip(".") for one in (refused, error)]
        msg = (
            f"JAX can differentiate the model neither way ({said[0]}; {said[1]}). A solver of "
            "differential equations may have a mode that can be: in diffrax give diffeqsolve "
            "adjoint=diffrax.ForwardMode(). Replace a jax.lax.while_loop by jax.lax.scan, or "
            "write the model in NumPy, and derivatives are taken by differences."
        )
        raise PredictionError(msg) from error
