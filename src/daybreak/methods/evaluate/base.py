"""What an evaluator gives for many lanes at once: residuals, slopes, and what is recorded."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np

from daybreak.errors import PredictionError, known
from daybreak.methods.evaluate.layout import Cells, Layout
from daybreak.problem.arrays import Array

_PLACES = 64
"""Places at which a model is asked for a number before it is given up, as by the preflight.

A model that is finite in a tenth of the box is missed by 64 in one of 850 cases.
"""


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
        """Refuse a prediction that is not finite at any of `_PLACES` places in the box.

        Raises
        ------
        PredictionError
            Naming the observations concerned.
        """
        problem = self.layout.problem
        probes = problem.space.probes(_PLACES)
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


def recorded(parts: tuple[Any, Any, Any, Mapping[str, Any]]) -> dict[str, Any]:
    """What is kept of one lane's `Layout.full`, as plain numbers."""
    residuals, predictions, factors, derived = parts
    return {
        "residuals": np.asarray(residuals[0]).tolist(),
        "chi2": float(residuals[1]),
        "predictions": np.asarray(predictions).tolist(),
        "factors": {name: float(value) for name, value in factors.items()},
        # A derived quantity that is not finite is one that is not there.
        "derived": {n: float(value) for n, value in derived.items() if np.isfinite(value)},
    }
