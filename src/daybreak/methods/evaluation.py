"""Evaluate a fit problem at many places at once, with JAX or NumPy behind one face.

Shapes: L lanes (independent fits), m observations, n free parameters, h held parameters,
s traced settings.
"""

from __future__ import annotations

import contextlib
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import PredictionError, known
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.precision import double_precision

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Where lanes live: the held parameters and settings of each, one row a lane."""

    held: Array
    """Values of the held parameters, shape (L, h)."""
    numbers: Array
    """Values of the traced settings, shape (L, s)."""

    def __getitem__(self, rows: Any) -> Cells:
        """Some of the rows."""
        return Cells(self.held[rows], self.numbers[rows])


@dataclass(frozen=True, eq=False)
class Layout:
    """Which parameters vary and which are held, in a problem with given static settings."""

    problem: FitProblem
    free: tuple[str, ...]
    held: tuple[str, ...]
    traced: tuple[str, ...]
    static: tuple[tuple[str, Setting], ...]

    @functools.cached_property
    def box(self) -> Any:
        """The box of the free parameters."""
        return self.problem.space.subspace(self.free)

    def values(self, u: Any, held: Any, xp: Any) -> list[Any]:
        """All parameters in the problem's order, from one lane's `u` and held values."""
        moving = self.box.from_unit(u, xp) if self.free else ()
        by_name = {name: moving[i] for i, name in enumerate(self.free)}
        by_name |= {name: held[i] for i, name in enumerate(self.held)}
        return [by_name[name] for name in self.problem.space.names]

    def settings(self, numbers: Any) -> dict[str, Any]:
        """All settings of one lane, the numbers perhaps traced."""
        return {**dict(self.static), **{name: numbers[i] for i, name in enumerate(self.traced)}}

    def residuals(self, u: Any, held: Any, numbers: Any, xp: Any) -> Any:
        """Residuals of one lane, shape (m,)."""
        return self.problem.evaluate(self.values(u, held, xp), self.settings(numbers), xp)[0]

    def raw(self, u: Any, held: Any, numbers: Any, xp: Any) -> Any:
        """Predictions of one lane before scale factors and offsets, shape (m,)."""
        return self.problem.raw(self.values(u, held, xp), self.settings(numbers), xp)

    def full(self, u: Any, held: Any, numbers: Any, xp: Any) -> tuple[Any, Any, Any, Any]:
        """Residuals, predictions, factors and derived quantities of one lane."""
        values, settings = self.values(u, held, xp), self.settings(numbers)
        residuals, parts = self.problem.evaluate(values, settings, xp)
        derived = self.problem.derived(values, settings)
        return residuals, parts["predictions"], parts["factors"], derived


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
        residuals = np.full((1, len(problem.data)), np.nan)
        for row in u.reshape(len(probes), len(columns)):
            residuals = self.residuals(row[None, :], cells[[0]])
            if np.isfinite(residuals).all():
                return
        bad = [
            n for n, y in zip(problem.data.names, residuals[0], strict=True) if not np.isfinite(y)
        ]
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
        return self._each(self.layout.residuals, u, cells)

    def raw(self, u: Array, cells: Cells) -> Array:
        """Predictions before scaling, lane by lane, as `residuals`."""
        return self._each(self.layout.raw, u, cells)

    def slopes(self, u: Array, cells: Cells) -> Array:
        """Derivatives of the residuals by differences."""
        return self.jacobian(u, self.residuals(u, cells), cells)

    def _each(self, of_lane: Callable[..., Any], u: Array, cells: Cells) -> Array:
        self.errors = {}
        found = np.full((len(u), len(self.layout.problem.data)), np.nan)
        with np.errstate(all="ignore"):
            for lane in range(len(u)):
                if self.watch is not None:
                    self.watch()
                held, numbers = cells.held[lane].tolist(), cells.numbers[lane].tolist()
                try:
                    found[lane] = of_lane(u[lane], held, numbers, np)
                except PredictionError:
                    raise
                except Exception as error:  # noqa: BLE001 - a trial's failure is a value
                    self.errors[lane] = f"{type(error).__name__}: {error}"
        return found

    def jacobian(self, u: Array, residuals: Array, cells: Cells) -> Array:
        """Derivatives of the residuals by u, by second-order differences, shape (L, m, n).

        Step ``h = eps^(1/3) max(|u|, 1e-3)``; central where the box allows, else one-sided with
        three points. Source: Press et al., Numerical Recipes, 3rd ed., section 5.7.
        """
        lanes, n = u.shape
        found = np.empty((lanes, residuals.shape[1], n))
        for j in range(n):
            h = np.cbrt(np.finfo(float).eps) * np.maximum(np.abs(u[:, j]), 1e-3)
            low, high = u[:, j] < h, u[:, j] > 1 - h
            first = np.where(high, -h, h)
            second = np.where(low, 2 * h, np.where(high, -2 * h, -h))
            one, two = u.copy(), u.copy()
            one[:, j] += first
            two[:, j] += second
            r1, r2 = self.residuals(one, cells), self.residuals(two, cells)
            side = ((4 * r1 - 3 * residuals - r2).T / (2 * first)).T
            centre = ((r1 - r2).T / (2 * h)).T
            found[:, :, j] = np.where((low | high)[:, None], side, centre)
        return found

    def full(self, u: Array, cells: Cells) -> list[dict[str, Any]]:
        """Everything recorded at a best fit, lane by lane."""
        found: list[dict[str, Any]] = []
        with np.errstate(all="ignore"):
            for lane in range(len(u)):
                held, numbers = cells.held[lane].tolist(), cells.numbers[lane].tolist()
                found.append(_plain(self.layout.full(u[lane], held, numbers, np)))
        return found


class JaxEvaluator(AbstractEvaluator):
    """Many lanes in one compiled call of fixed width, so that each problem compiles once."""

    def __init__(self, layout: Layout, width: int) -> None:
        self.layout = layout
        self.width = width

    def linearise(self, u: Any, held: Any, numbers: Any) -> tuple[Any, Any]:
        """Residuals (m,) and Jacobian (m, n) of one lane, from one pass over the model.

        Forward mode costs n passes, reverse mode m: the cheaper one is taken.
        """
        import jax
        import jax.numpy as jnp

        def residuals(v: Any) -> Any:
            return self.layout.residuals(v, held, numbers, jnp)

        n, m = len(self.layout.free), len(self.layout.problem.data)
        if n == 0:
            return residuals(u), jnp.zeros((m, 0))
        if 2 * m < n:
            value, pull = jax.vjp(residuals, u)
            return value, jax.vmap(lambda row: pull(row)[0])(jnp.eye(m))

        def column(tangent: Any) -> Any:
            return jax.jvp(residuals, (u,), (tangent,))

        return jax.vmap(column, out_axes=(None, -1))(jnp.eye(n))

    @functools.cached_property
    def _residuals(self) -> Callable[..., Any]:
        import jax
        import jax.numpy as jnp

        return jax.jit(jax.vmap(lambda u, held, s: self.layout.residuals(u, held, s, jnp)))

    @functools.cached_property
    def _raw(self) -> Callable[..., Any]:
        import jax
        import jax.numpy as jnp

        return jax.jit(jax.vmap(lambda u, held, s: self.layout.raw(u, held, s, jnp)))

    @functools.cached_property
    def _slopes(self) -> Callable[..., Any]:
        import jax

        return jax.jit(jax.vmap(lambda u, held, s: self.linearise(u, held, s)[1]))

    @functools.cached_property
    def _full(self) -> Callable[..., Any]:
        import jax
        import jax.numpy as jnp

        return jax.jit(jax.vmap(lambda u, held, s: self.layout.full(u, held, s, jnp)))

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
                found.append(_plain((residuals[lane], predictions[lane], f, d)))
        return found

    def _in_blocks(
        self, call: Callable[..., Any], u: Array, cells: Cells
    ) -> list[tuple[Any, int]]:
        import jax

        parts: list[tuple[Any, int]] = []
        with double_precision():
            for first in range(0, len(u), self.width):
                rows = np.arange(first, first + self.width)
                count = min(self.width, len(u) - first)
                rows[count:] = first  # padding repeats a lane, so the compiled shape is one
                found = call(u[rows], cells.held[rows], cells.numbers[rows])
                parts.append((jax.tree.map(np.asarray, found), count))
        return parts


def _plain(parts: tuple[Any, Any, Any, Mapping[str, Any]]) -> dict[str, Any]:
    residuals, predictions, factors, derived = parts
    return {
        "residuals": np.asarray(residuals).tolist(),
        "predictions": np.asarray(predictions).tolist(),
        "factors": {name: float(value) for name, value in factors.items()},
        # A derived quantity that is not finite is one that is not there.
        "derived": {n: float(value) for n, value in derived.items() if np.isfinite(value)},
    }


WIDTH = 32
"""Lanes in one compiled call: wide enough to vectorise, narrow enough to waste little."""


@functools.lru_cache(maxsize=64)
def evaluator_for(
    problem: FitProblem, static: tuple[tuple[str, Setting], ...], held: tuple[str, ...]
) -> NumpyEvaluator | JaxEvaluator:
    """The evaluator of a problem whose parameters `held` do not move; made once each."""
    traced, _ = problem.split_settings(problem.settings)
    layout = Layout(problem, problem.space.free(held), held, tuple(traced), static)
    if problem.backend({**problem.settings, **dict(static)}) == "jax":
        return JaxEvaluator(layout, WIDTH)
    return NumpyEvaluator(layout)


def cells_of(
    problem: FitProblem, held: Sequence[Mapping[str, float]], settings: Mapping[str, Setting]
) -> tuple[NumpyEvaluator | JaxEvaluator, Cells]:
    """The evaluator and rows for places that hold the same parameters at different values."""
    numbers, static = problem.split_settings(settings)
    rows = [{**problem.space.fixed, **row} for row in held]
    names = tuple(name for name in problem.space.names if name in rows[0])
    evaluator = evaluator_for(problem, tuple(static.items()), names)
    cells = Cells(
        np.array([[row[name] for name in names] for row in rows], dtype=np.float64),
        np.array([[numbers[name] for name in evaluator.layout.traced]] * len(rows)),
    )
    return evaluator, cells
