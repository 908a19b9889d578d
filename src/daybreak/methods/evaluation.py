"""Evaluate a fit problem at many places at once, with JAX or NumPy behind one face.

Shapes: L lanes (independent fits), m observations, N parameters, n of them free in the
declaration, s traced settings.  A lane may pin any of the free ones as well: that way a fit of all
parameters and the fits of a profile or map share one compiled call.
"""

from __future__ import annotations

import contextlib
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import PredictionError, known
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.precision import double_precision

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Where lanes live: pinned parameters, settings and uncertainties, one row a lane."""

    pins: Array
    """Values of the parameters that do not move, NaN for those that do, shape (L, N)."""
    numbers: Array
    """Values of the traced settings, shape (L, s)."""
    sigmas: Array
    """Total uncertainties of the observations, shape (L, m)."""

    def __getitem__(self, rows: Any) -> Cells:
        """Some of the rows."""
        return Cells(self.pins[rows], self.numbers[rows], self.sigmas[rows])


class Cell(NamedTuple):
    """What one lane is held at: a row of `Cells`, perhaps traced."""

    pins: Any
    numbers: Any
    sigmas: Any


@dataclass(frozen=True, eq=False)
class Layout:
    """How rows of numbers are the arguments of a problem with given static settings."""

    problem: FitProblem
    traced: tuple[str, ...]
    static: tuple[tuple[str, Setting], ...]

    @functools.cached_property
    def free(self) -> tuple[str, ...]:
        """Parameters that the declaration leaves free; the columns of `u`."""
        return self.problem.space.free(())

    @functools.cached_property
    def box(self) -> Any:
        """The box of the free parameters."""
        return self.problem.space.subspace(self.free)

    @functools.cached_property
    def _columns(self) -> list[int | None]:
        """Column of `u` of every parameter; None for one that is always pinned."""
        return [
            self.free.index(name) if name in self.free else None
            for name in self.problem.space.names
        ]

    def moving(self, pins: Array) -> NDArray[np.bool_]:
        """Which columns of `u` a lane moves, shape (..., N) -> (..., n)."""
        return np.isnan(pins[..., [i for i, j in enumerate(self._columns) if j is not None]])

    def spread(self, u: Array, moving: NDArray[np.bool_]) -> Array:
        """Fill up the columns of pinned parameters, shape (L, n_moving) -> (L, n)."""
        full = np.full((len(u), len(self.free)), 0.5)
        full[:, moving] = u
        return full

    def values(self, u: Array, pins: Array) -> Array:
        """All parameters in the problem's order, shapes (L, n) and (L, N) -> (L, N)."""
        values = pins.copy()
        moving = self.box.from_unit(u)
        for i, j in enumerate(self._columns):
            if j is not None:
                values[:, i] = np.where(np.isnan(pins[:, i]), moving[:, j], pins[:, i])
        return values

    def settings(self, numbers: Any) -> dict[str, Any]:
        """All settings of one lane, the numbers perhaps traced."""
        return {**dict(self.static), **{name: numbers[i] for i, name in enumerate(self.traced)}}

    def residuals(self, values: Sequence[Any], cell: Cell, xp: Any, sizes: Any = None) -> Any:
        """Residuals of one lane, shape (m,); `sizes` as in `Observations.residuals`."""
        settings = self.settings(cell.numbers)
        return self.problem.evaluate(values, settings, xp, cell.sigmas, sizes)[0]

    def raw(self, values: Sequence[Any], cell: Cell, xp: Any) -> Any:
        """Predictions of one lane before scale factors and offsets, shape (m,)."""
        return self.problem.raw(values, self.settings(cell.numbers), xp)

    def full(self, values: Sequence[Any], cell: Cell, xp: Any) -> tuple[Any, Any, Any, Any]:
        """Residuals with their chi2, predictions, factors and derived quantities of one lane."""
        settings = self.settings(cell.numbers)
        residuals, parts = self.problem.evaluate(values, settings, xp, cell.sigmas)
        derived = self.problem.derived(values, settings)
        residuals = residuals[: len(self.problem.data)], xp.sum(residuals**2)
        return residuals, parts["predictions"], parts["factors"], derived

    def traced_values(self, u: Any, pins: Any) -> list[Any]:
        """As `values`, of one lane and under JAX."""
        import jax.numpy as jnp

        moving = self.box.from_unit(u, jnp) if self.free else ()
        return [
            pins[i] if j is None else jnp.where(jnp.isnan(pins[i]), moving[j], pins[i])
            for i, j in enumerate(self._columns)
        ]


class AbstractEvaluator(ABC):
    """Residuals, Jacobians and everything recorded at a best fit, for many lanes."""

    layout: Layout
    watch: Callable[[], None] | None = None
    """Asked before every call of a model that is called lane by lane; may raise to stop."""

    @contextlib.contextmanager
    def watched(self, watch: Callable[[], None]) -> Generator[None]:
        """Let `watch` look at the clock between the lanes of a slow model."""
        earlier, self.watch = self.watch, watch
        try:
            yield
        finally:
            self.watch = earlier

    @abstractmethod
    def residuals(self, u: Array, cells: Cells) -> Array:
        """Residuals at `u`, shape (L, n) -> (L, m); NaN where `predict` raised."""

    @abstractmethod
    def raw(self, u: Array, cells: Cells) -> Array:
        """Predictions before scaling, shape (L, n) -> (L, m); NaN where `predict` raised."""

    @abstractmethod
    def slopes(self, u: Array, cells: Cells) -> Array:
        """Derivatives of the residuals by u, shape (L, n) -> (L, m, n)."""

    @abstractmethod
    def full(self, u: Array, cells: Cells) -> list[dict[str, Any]]:
        """Residuals, predictions, factors and derived quantities, one dict a lane."""

    def check_finite(self, cells: Cells) -> None:
        """Refuse a prediction that is not finite at any of eight places in the box.

        Raises
        ------
        PredictionError
            Naming the observations concerned.
        """
        problem = self.layout.problem
        probes = problem.probes()
        columns = [problem.space.names.index(name) for name in self.layout.free]
        box = self.layout.box
        u = np.array(
            [box.to_unit(dict(zip(box.names, row[columns], strict=True))) for row in probes]
        )
        residuals = np.full((1, problem.data.count), np.nan)
        for row in u:
            residuals = self.residuals(row[None, :], cells[[0]])
            if np.isfinite(residuals).all():
                return
        shown = zip(problem.data.names, residuals[0, : len(problem.data)], strict=True)
        bad = [name for name, r in shown if not np.isfinite(r)]
        at = dict(zip(problem.space.names, probes[0].tolist(), strict=True))
        msg = (
            f"predict returned NaN or infinity for {known(bad[:5])} at all {len(probes)} places "
            f"tried, among them {at}; check the formula, or move the bounds."
        )
        raise PredictionError(msg)


class NumpyEvaluator(AbstractEvaluator):
    """One call of `predict` after another; Jacobians by differences."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.errors: dict[int, str] = {}
        """What `predict` raised in the last call of `residuals`, by lane."""

    def residuals(self, u: Array, cells: Cells) -> Array:
        """Residuals lane by lane; a lane whose `predict` raises is NaN and noted in `errors`."""
        return self._each(self.layout.residuals, u, cells, self.layout.problem.data.count)

    def raw(self, u: Array, cells: Cells) -> Array:
        """Predictions before scaling, lane by lane, as `residuals`."""
        return self._each(self.layout.raw, u, cells, len(self.layout.problem.data))

    def slopes(self, u: Array, cells: Cells) -> Array:
        """Derivatives of the residuals by differences."""
        return self.jacobian(u, self.residuals(u, cells), cells)

    def _each(
        self,
        of_lane: Callable[..., Any],
        u: Array,
        cells: Cells,
        count: int,
        sizes: Array | None = None,
    ) -> Array:
        self.errors = {}
        found = np.full((len(u), count), np.nan)
        with np.errstate(all="ignore"):
            values = self.layout.values(u, cells.pins)
            for lane in range(len(u)):
                if self.watch is not None:
                    self.watch()
                try:
                    given = (list(values[lane]), _row(cells, lane), np)
                    found[lane] = of_lane(*given, *([] if sizes is None else [sizes[lane]]))
                except PredictionError:
                    raise
                except Exception as error:  # noqa: BLE001 - a trial's failure is a value
                    self.errors[lane] = f"{type(error).__name__}: {error}"
        return found

    def jacobian(self, u: Array, residuals: Array, cells: Cells) -> Array:
        """Derivatives of the residuals by u, by second-order differences, shape (L, m, n).

        Step ``h = eps^(1/3) max(|u|, 1e-3)``; central where the box allows, else one-sided with
        three points; columns of pinned parameters are zero.  Noise of unknown size keeps the one
        that it has at u.
        Source: Press et al., Numerical Recipes, 3rd ed., section 5.7.
        """
        lanes, n = u.shape
        found = np.zeros((lanes, residuals.shape[1], n))
        data = self.layout.problem.data
        sizes = data.sizes_of(residuals) if data.unknown else None

        def beside(place: Array) -> Array:
            return self._each(self.layout.residuals, place, cells, data.count, sizes)

        for j in np.flatnonzero(self.layout.moving(cells.pins).any(axis=0)).tolist():
            h = np.cbrt(np.finfo(float).eps) * np.maximum(np.abs(u[:, j]), 1e-3)
            low, high = u[:, j] < h, u[:, j] > 1 - h
            first = np.where(high, -h, h)
            second = np.where(low, 2 * h, np.where(high, -2 * h, -h))
            one, two = u.copy(), u.copy()
            one[:, j] += first
            two[:, j] += second
            r1, r2 = beside(one), beside(two)
            side = ((4 * r1 - 3 * residuals - r2).T / (2 * first)).T
            centre = ((r1 - r2).T / (2 * h)).T
            found[:, :, j] = np.where((low | high)[:, None], side, centre)
        return found

    def full(self, u: Array, cells: Cells) -> list[dict[str, Any]]:
        """Everything recorded at a best fit, lane by lane."""
        with np.errstate(all="ignore"):
            values = self.layout.values(u, cells.pins)
            return [
                _plain(self.layout.full(list(values[lane]), _row(cells, lane), np))
                for lane in range(len(u))
            ]


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


_REFUSALS = (TypeError, ValueError, NotImplementedError)
"""What JAX raises, while tracing, for a mode that a model does not allow."""


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
                found.append(_plain((r, predictions[lane], f, d)))
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


def _plain(parts: tuple[Any, Any, Any, Mapping[str, Any]]) -> dict[str, Any]:
    residuals, predictions, factors, derived = parts
    return {
        "residuals": np.asarray(residuals[0]).tolist(),
        "chi2": float(residuals[1]),
        "predictions": np.asarray(predictions).tolist(),
        "factors": {name: float(value) for name, value in factors.items()},
        # A derived quantity that is not finite is one that is not there.
        "derived": {n: float(value) for n, value in derived.items() if np.isfinite(value)},
    }


WIDTH = 32
"""Lanes in one compiled call: wide enough to vectorise, narrow enough to waste little."""


@functools.lru_cache(maxsize=64)
def evaluator_for(
    problem: FitProblem, static: tuple[tuple[str, Setting], ...]
) -> NumpyEvaluator | JaxEvaluator:
    """The evaluator of a problem with given static settings; made once each."""
    traced, _ = problem.split_settings(problem.settings)
    layout = Layout(problem, tuple(traced), static)
    if problem.backend({**problem.settings, **dict(static)}) == "jax":
        return JaxEvaluator(layout, WIDTH)
    return NumpyEvaluator(layout)


def cells_of(
    problem: FitProblem,
    held: Sequence[Mapping[str, float]],
    settings: Mapping[str, Setting],
    model: float = 1.0,
) -> tuple[NumpyEvaluator | JaxEvaluator, Cells]:
    """The evaluator of a problem, and one row for each mapping of held parameters.

    Parameters
    ----------
    problem, settings
        What is asked.
    held : sequence of mappings name -> value
        Parameters that do not move, beside those fixed in the declaration.
    model : float
        Factor on the model uncertainties.
    """
    numbers, static = problem.split_settings(settings)
    evaluator = evaluator_for(problem, tuple(static.items()))
    names = problem.space.names
    rows = [{**problem.space.fixed, **row} for row in held]
    pins = [[row.get(name, np.nan) for name in names] for row in rows]
    traced = [numbers[name] for name in evaluator.layout.traced]
    lanes = len(rows)
    return evaluator, Cells(
        np.array(pins, dtype=np.float64).reshape(lanes, len(names)),
        np.array([traced] * lanes, dtype=np.float64).reshape(lanes, len(traced)),
        np.tile(problem.data.sigmas_at(model), (lanes, 1)),
    )


def block_of(cells: Cells, rows: Any) -> Cell:
    """Some rows as the batched argument of a compiled call."""
    return Cell(cells.pins[rows], cells.numbers[rows], cells.sigmas[rows])


def _row(cells: Cells, lane: int) -> Cell:
    """One row as plain numbers."""
    return Cell(cells.pins[lane], cells.numbers[lane].tolist(), cells.sigmas[lane])
