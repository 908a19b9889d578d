"""How rows of numbers are the arguments of a problem: lanes, and what each is held at."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.arrays import Array
from daybreak.problem.fit import FitProblem, Setting


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


def block_of(cells: Cells, rows: Any) -> Cell:
    """Some rows as the batched argument of a compiled call."""
    return Cell(cells.pins[rows], cells.numbers[rows], cells.sigmas[rows])


def row_of(cells: Cells, lane: int) -> Cell:
    """One row as plain numbers."""
    return Cell(cells.pins[lane], cells.numbers[lane].tolist(), cells.sigmas[lane])


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
