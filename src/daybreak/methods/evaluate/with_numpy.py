"""A problem in NumPy: one call of `predict` after another, Jacobians by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from daybreak.errors import PredictionError
from daybreak.methods.evaluate.base import AbstractEvaluator, recorded
from daybreak.methods.evaluate.layout import Cells, Layout, row_of
from daybreak.problem.arrays import Array


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
                    given = (list(values[lane]), row_of(cells, lane), np)
                    found[lane] = of_lane(*given, *([] if sizes is None else [sizes[lane]]))
                except PredictionError:
                    raise
                except Exception as error:  # noqa: BLE001 - a trial's failure is a value
                    self.errors[lane] = f"{type(error).__name__}: {error}"
        return found

    def jacobian(self, u: Array, residuals: Array, cells: Cells) -> Array:
        """Derivatives of the residuals by u, by second-order differences, shape (L, m, n).

        Step ``h = eps^(1/3) max(|u|, 1e-3)``, 6e-9 where u vanishes; central where the box allows,
        else one-sided with three points; columns of pinned parameters are zero.  Noise of unknown
        size keeps the one that it has at u.
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
                recorded(self.layout.full(list(values[lane]), row_of(cells, lane), np))
                for lane in range(len(u))
            ]
