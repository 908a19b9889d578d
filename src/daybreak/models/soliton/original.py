"""Energy and force of the original study, on its own grid and with its own stencils.

To compare with it digit by digit, and for nothing else: force and energy do not belong together,
and the first rows of the Laplacian are wrong by half and by a quarter of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from .numeric import Floats
from .octaves import RADIUS, Octaves

NODES = 800
_SMALLEST = 1e-9
"""The original never divides by a smaller radius."""


class Laplacian(Enum):
    """How ``f'' + 2 f' / r`` is formed from the wide difference D."""

    PRODUCTION = "rows 0 and 1: 3 D D f; others: D D f + (2 / r) D f"
    OLD = "D(r^2 D f) / r^2"
    FIXED = "rows 0 and 1: 3 D D f; others: D(r^2 D f) / r^2"


@dataclass(frozen=True)
class OriginalGrid:
    """Even nodes from `first` to `last`, both included.

    Parameters
    ----------
    nodes : int
    first, last : float
        Radii of the end nodes; the production script begins at 1e-6, the validation at 0.
    """

    nodes: int = NODES
    first: float = 1e-6
    last: float = RADIUS

    @cached_property
    def r(self) -> Floats:
        """Radii, shape (nodes,)."""
        return np.linspace(self.first, self.last, self.nodes)

    @property
    def step(self) -> float:
        """Distance of neighbouring nodes."""
        return float(self.r[1] - self.r[0])

    def slope(self, fields: Floats) -> Floats:
        """D f: central differences, one-sided ones at both ends; along the last axis."""
        return np.gradient(fields, self.step, axis=-1)

    def laplacian(self, fields: Floats, kind: Laplacian = Laplacian.PRODUCTION) -> Floats:
        """``f'' + 2 f' / r`` as the original forms it; along the last axis."""
        r, slope = np.maximum(self.r, _SMALLEST), self.slope(fields)
        bend = self.slope(slope)
        if kind is Laplacian.PRODUCTION:
            found = bend + 2 / r * slope
        else:
            found = self.slope(r**2 * slope) / r**2
        if kind is not Laplacian.OLD:
            found[..., :2] = 3 * bend[..., :2]
        return found

    def integral(self, density: Floats) -> float:
        """``4 pi dr sum r^2 e``, the last node not halved."""
        return 4 * math.pi * self.step * float(self.r**2 @ density)


def original_energy(octaves: Octaves, psi: Floats, phi: Floats, grid: OriginalGrid) -> float:
    """E of the octaves `psi`, shape (n, nodes), and of `phi`, shape (nodes,)."""
    o, square = octaves, psi**2
    density = np.sum(
        grid.slope(psi) ** 2 / 2
        + o.m0**2 / 2 * square
        + o.quartic_sign * o.g / 4 * square**2
        + o.delta / 8 * square**3,
        axis=0,
    )
    density = density + np.einsum("oi,op,pi->i", psi, o.couplings(len(psi)), psi) / 2
    density += grid.slope(phi) ** 2 / 2 + o.mu2 / 2 * phi**2 + o.lambda_H / 4 * phi**4
    density += o.g_Y * phi**2 * np.sum(square, axis=0)
    return grid.integral(density)


def original_couplings(octaves: Octaves, n_octaves: int) -> Floats:
    """The matrix in the original's force: row o uses its own strength to both sides.

    That of the energy is symmetric, and this one is not: the force is the gradient of nothing.
    """
    o = np.arange(n_octaves)
    distance = np.abs(o[:, None] - o)
    strengths = octaves.lam_1 * (distance == 1) + octaves.lam_2 * (distance == 2)
    return strengths * 2.0 ** (-octaves.beta * o[:, None])


def original_force(
    octaves: Octaves,
    psi: Floats,
    phi: Floats,
    grid: OriginalGrid,
    laplacian: Laplacian = Laplacian.PRODUCTION,
) -> tuple[Floats, Floats]:
    """``dE/dpsi`` and ``dE/dphi`` per volume, as the original has them."""
    o, square = octaves, psi**2
    of_psi = -grid.laplacian(psi, laplacian) + original_couplings(o, len(psi)) @ psi
    of_psi += psi * (
        o.m0**2 + o.quartic_sign * o.g * square + 0.75 * o.delta * square**2 + 2 * o.g_Y * phi**2
    )
    of_phi = -grid.laplacian(phi, laplacian)
    of_phi += phi * (o.mu2 + o.lambda_H * phi**2 + 2 * o.g_Y * np.sum(square, axis=0))
    return of_psi, of_phi


def stacked_norm(psi: Floats, phi: Floats) -> float:
    """Euclidean norm over all values, no weight: what the original calls a gradient norm."""
    return math.hypot(float(np.linalg.norm(psi)), float(np.linalg.norm(phi)))


def weighted_norm(values: Floats, grid: OriginalGrid) -> float:
    """``sqrt(4 pi dr sum r^2 v^2)``, summed over all fields."""
    return math.sqrt(grid.integral(np.sum(np.atleast_2d(values) ** 2, axis=0)))
