"""The grids and quadrature weights of the original study, as plain NumPy data.

Kept for validation: these numbers reproduce the published energies, errors included. The smart
grid refines around three fixed radii, never around the radii being fitted, and Simpson's rule
gets negative weights where its step changes by a factor of 25.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .numeric import Floats

R_MIN, R_MAX = 0.01, 10.0
"""Ends of the radial grid, dimensionless."""

_GUARD = 1e-10
"""Added to the denominators of both velocity components in the original study."""

_WINDOW_CENTRES = (0.13, 0.50, 0.88)
_WINDOW_POINTS = 50
BASE_NODES, BASE_ANGLES = 100, 20
"""Nodes in r and in the angle of the base functional and the gradient variant."""
FINE_FACTOR, COARSE_STEP = 25, 0.02
"""Steps per layer inside a window, and the step outside, dimensionless."""


@dataclass(frozen=True, eq=False)
class RadialGrid:
    """Fixed radial nodes with everything that depends on them alone.

    Every array has shape (N_r,) but for the stencil, (3, N_r).
    """

    radius: Floats
    simpson: Floats
    """Weights of the composite Simpson rule."""
    trapezoid: Floats
    """Weights of the trapezoid rule."""
    stencil: Floats
    """Weights of the left, the own and the right neighbour in the derivative."""
    cos_squared: Floats
    """C2(r): sum over the angles that stands for 2/3."""
    sin_squared: Floats
    """S3(r): sum over the angles that stands for 4/3."""
    solid_angle: float
    """2 pi S1, which stands for 4 pi."""

    @property
    def size(self) -> int:
        """Number of radial nodes, N_r."""
        return self.radius.size


@lru_cache(maxsize=16)
def uniform_grid(n_nodes: int = BASE_NODES, n_angles: int = BASE_ANGLES) -> RadialGrid:
    """Return an even grid; 100 x 20 in the base functional and the gradient variant."""
    return _grid(np.linspace(R_MIN, R_MAX, n_nodes), n_angles)


@lru_cache(maxsize=64)
def smart_grid(
    width: float,
    n_angles: int,
    fine_factor: float = FINE_FACTOR,
    coarse_step: float = COARSE_STEP,
) -> RadialGrid:
    """Return the refined grid for a layer of thickness `width`.

    Parameters
    ----------
    width : float
        w; the step is ``w / 25`` in windows around fixed radii and 0.02 elsewhere.
    n_angles : int
        20 for the boundary layer, 50 for the localised variants.
    fine_factor, coarse_step : float
        Other values of the 25 and of the 0.02; at least 50 steps make a window.
    """
    return _grid(_smart_radii(width, fine_factor, coarse_step), n_angles)


def _grid(radius: Floats, n_angles: int) -> RadialGrid:
    theta = np.linspace(0.01, np.pi - 0.01, n_angles)
    step = float(theta[1] - theta[0])
    sine, cosine = np.sin(theta), np.cos(theta)
    # The guards keep the integrand separable: at each radius they only damp the sine.
    radial = sine / (sine + _GUARD / radius[:, None] ** 2)
    polar = sine / (sine + _GUARD / radius[:, None])
    return RadialGrid(
        radius=radius,
        simpson=simpson_weights(radius),
        trapezoid=trapezoid_weights(radius),
        stencil=derivative_stencil(radius),
        cos_squared=step * np.sum(cosine**2 * sine * radial**2, axis=-1),
        sin_squared=step * np.sum(sine**3 * polar**2, axis=-1),
        solid_angle=2.0 * np.pi * step * float(np.sum(sine)),
    )


def _windows(width: float) -> list[tuple[float, float]]:
    """Return the refined intervals, sorted, overlapping ones merged."""
    merged: list[tuple[float, float]] = []
    for centre in _WINDOW_CENTRES:
        start, end = max(R_MIN, centre - 2.0 * width), min(R_MAX, centre + 3.0 * width)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _smart_radii(width: float, fine_factor: float, coarse_step: float) -> Floats:
    pieces: list[Floats] = []
    cursor = R_MIN
    for start, end in _windows(width):
        if cursor < start:
            count = max(1, int(np.ceil((start - cursor) / coarse_step)))
            pieces.append(np.linspace(cursor, start, count, endpoint=False))
            cursor = start
        count = int(np.ceil((end - cursor) / (width / fine_factor)))
        pieces.append(np.linspace(cursor, end, max(_WINDOW_POINTS, count), endpoint=False))
        cursor = end
    pieces.append(np.linspace(cursor, R_MAX, int(np.ceil((R_MAX - cursor) / coarse_step))))
    return np.unique(np.concatenate(pieces))


def simpson_weights(nodes: Floats) -> Floats:
    """Return the weights of Simpson's rule for uneven spacing, shape of `nodes`.

    For an even number of nodes the last interval is integrated by the parabola through the last
    three (Cartwright 2017), as SciPy does from version 1.11 on.
    """
    weights = np.zeros_like(nodes)
    step = np.diff(nodes)
    left, right = step[0 : nodes.size - 2 : 2], step[1 : nodes.size - 1 : 2]
    pairs, both = 2 * left.size, left + right
    weights[0:pairs:2] += both / 6.0 * (2.0 - right / left)
    weights[1 : pairs + 1 : 2] += both**3 / (6.0 * left * right)
    weights[2 : pairs + 2 : 2] += both / 6.0 * (2.0 - left / right)
    if nodes.size % 2 == 0:
        before, last = step[-2], step[-1]
        weights[-1] += last * (2.0 * last + 3.0 * before) / (6.0 * (before + last))
        weights[-2] += last * (last + 3.0 * before) / (6.0 * before)
        weights[-3] -= last**3 / (6.0 * before * (before + last))
    return weights


def trapezoid_weights(nodes: Floats) -> Floats:
    """Return the weights of the trapezoid rule, shape of `nodes`."""
    step = np.diff(nodes)
    return 0.5 * (np.append(step, 0.0) + np.append(0.0, step))


def derivative_stencil(nodes: Floats) -> Floats:
    """Return the weights of ``numpy.gradient`` on uneven nodes, shape (3, N_r).

    Central of second order inside, one-sided of first order at the two ends.
    """
    step = np.diff(nodes)
    left, right = step[:-1], step[1:]
    stencil = np.zeros((3, nodes.size))
    stencil[0, 1:-1] = -right / (left * (left + right))
    stencil[1, 1:-1] = (right - left) / (left * right)
    stencil[2, 1:-1] = left / (right * (left + right))
    stencil[1:, 0] = -1.0 / step[0], 1.0 / step[0]
    stencil[:2, -1] = -1.0 / step[-1], 1.0 / step[-1]
    return stencil
