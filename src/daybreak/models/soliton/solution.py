"""A stationary state, and what can be said of it without asking again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bands import Bands
from .numeric import Floats
from .radial_problem import Expansion, RadialProblem
from .stops import Stop

TAIL_NODES = 10
"""Nodes at the wall whose mean says whether a field is localised."""
TAIL_SHARE = 0.01
"""A localised field is there below this share of its maximum."""
VANISHING = 1e-6
"""A field whose maximum is below this is zero."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a search for a stationary state ended.

    Parameters
    ----------
    problem : RadialProblem
    fields : array, shape (N + 1, n)
    stop : Stop
        How the search ended.
    iterations : int
        Linear systems solved.
    tolerance : float
        What the residual was to reach; rounding may have raised it above what was asked for.
    """

    problem: RadialProblem
    fields: Floats
    stop: Stop
    iterations: int
    tolerance: float

    @property
    def converged(self) -> bool:
        """Whether the residual is below its tolerance.

        If not: start nearer, allow more iterations, or refine a mesh that cannot carry the field.
        """
        return self.stop is Stop.CONVERGED

    @cached_property
    def _expansion(self) -> Expansion:
        return self.problem.expand(self.fields)

    @property
    def energy(self) -> float:
        """E."""
        return self._expansion.energy

    @property
    def gradient_norm(self) -> float:
        """``|G|_2``, which depends on the mesh."""
        return float(np.linalg.norm(self._expansion.gradient))

    @property
    def residual(self) -> float:
        """``sqrt(sum G^2 / w)``, which does not."""
        return self.problem.residual(self._expansion.gradient)

    @property
    def second_derivative(self) -> Bands:
        """H of spherical changes."""
        return self._expansion.bands

    @cached_property
    def negative_modes(self) -> int:
        """How many spherical modes lower the energy: 0 at a minimum, 1 at a bounce.

        A state with any decays; one that a search calls a particle must have none.
        """
        return self.second_derivative.count_below(0.0)

    @property
    def stable(self) -> bool:
        """Whether no spherical mode lowers the energy."""
        return self.negative_modes == 0

    def modes(self, count: int = 20, angular: int = 0) -> tuple[Floats, Floats]:
        """The lowest modes: values (count,), vectors (count, N, n), N - 1 nodes for ``l > 0``."""
        if angular == 0:
            return self.second_derivative.lowest(count)
        return self.problem.second_derivative(self.fields, angular).lowest(count)

    @property
    def kinetic(self) -> float:
        """T."""
        return self.problem.kinetic(self.fields)

    @property
    def virial_error(self) -> float:
        """Violation of the virial identity over ``d |T|`` plus the size of both sides.

        Of second order in h at a stationary state; of order one anywhere else.
        """
        bulk, wall = self.problem.virial(self.fields)
        scale = self.problem.dimension * self.kinetic + abs(bulk) + abs(wall)
        return abs(bulk - wall) / scale if scale else 0.0

    @property
    def amplitudes(self) -> Floats:
        """Largest modulus of each field, shape (n,)."""
        return np.max(np.abs(self.fields), axis=0)

    @property
    def trivial(self) -> bool:
        """Whether every field vanishes."""
        return bool(np.all(self.amplitudes < VANISHING))

    @property
    def localised(self) -> bool:
        """Whether every field has died away at the wall; a field that vanishes has.

        Mean modulus over the last ten nodes below 1 % of the largest.
        """
        tail = np.mean(np.abs(self.fields[-TAIL_NODES:]), axis=0)
        dead = self.amplitudes < VANISHING
        return bool(np.all(dead | (tail < TAIL_SHARE * self.amplitudes)))
