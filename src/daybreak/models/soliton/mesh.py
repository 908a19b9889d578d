"""A ball cut into shells whose volumes are exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import daybreak as dk

from .numeric import Floats

MIN_CELLS = 8
"""Fewer cells leave nothing between the origin and the wall."""


@dataclass(frozen=True)
class Mesh:
    """Even nodes ``r_i = i h``, ``i = 0 .. N``, in a ball; fields vanish at ``r_N = R``.

    A field's energy is a sum over edges and cells, so that nothing special happens at the origin:
    ``sum_i k_i (f_{i+1} - f_i)^2 / 2 + sum_i w_i V(f_i)``.

    Parameters
    ----------
    radius : float
        R, in the unit of length of the potential.
    cells : int
        N.
    dimension : int
        d of space, at least 1; 3 for a static field, 4 for Euclidean space and time.
    """

    radius: float
    cells: int
    dimension: int = 3

    def __post_init__(self) -> None:
        """Refuse a mesh that cannot mean anything."""
        if not (math.isfinite(self.radius) and self.radius > 0):
            msg = f"`radius` must be positive and finite, but got {self.radius!r}."
            raise dk.ProblemError(msg)
        if self.cells < MIN_CELLS:
            msg = f"`cells` must be at least {MIN_CELLS}, but got {self.cells!r}."
            raise dk.ProblemError(msg)
        if self.dimension < 1:
            msg = f"`dimension` of space must be at least 1, but got {self.dimension!r}."
            raise dk.ProblemError(msg)

    @property
    def step(self) -> float:
        """Distance of neighbouring nodes, ``h = R / N``."""
        return self.radius / self.cells

    @cached_property
    def nodes(self) -> Floats:
        """r_i, shape (N + 1,)."""
        return self.step * np.arange(self.cells + 1)

    @property
    def sphere(self) -> float:
        """Surface of the unit sphere, ``2 pi^(d/2) / Gamma(d/2)``: 4 pi in three dimensions."""
        return 2 * math.pi ** (self.dimension / 2) / math.gamma(self.dimension / 2)

    @cached_property
    def volumes(self) -> Floats:
        """w_i, shape (N + 1,): shells between half nodes; the last one ends at the wall."""
        edges = np.concatenate([[0.0], self._half_nodes, [self.radius]])
        return self.sphere / self.dimension * np.diff(edges**self.dimension)

    @cached_property
    def edges(self) -> Floats:
        """k_i, shape (N,): surface at the half node over h."""
        return self.sphere * self._half_nodes ** (self.dimension - 1) / self.step

    @property
    def volume(self) -> float:
        """Of the ball."""
        return self.sphere / self.dimension * self.radius**self.dimension

    @property
    def surface(self) -> float:
        """Of the wall."""
        return self.sphere * self.radius ** (self.dimension - 1)

    @property
    def _half_nodes(self) -> Floats:
        return self.step * (np.arange(self.cells) + 0.5)
