"""The curvature penalty of the original study's last fits: how sharply the density bends.

Per vortex ``K = integral (lap rho)^2 r^2 dr / integral (rho - 1)^2 r^2 dr``; the penalty is the
sum over the vortices. Dimensionless, and independent of A.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from .deficit import LayeredDeficit, layer_bend
from .numeric import Floats, Numeric, gauss_rule, integrate_panels, over_nodes
from .original_grid import RadialGrid

_FLOOR = 1e-18
"""Added to the denominator on the grid."""


def curvature(
    deficit: LayeredDeficit, core_radius: Numeric, r_min: float = 0.01, n_nodes: int = 12
) -> jax.Array:
    """Return K per vortex in the continuum, shape (...).

    Inside a panel ``r lap f = r f'' + 2 f'`` is a polynomial, so Gauss is exact from 11 nodes on.
    """
    nodes = deficit.core_nodes(core_radius, r_min, n_nodes)
    fall, rate, bend = layer_bend(gauss_rule(n_nodes)[0])
    width = over_nodes(deficit.width)
    outer = over_nodes(deficit.vortex_radius(core_radius))
    x = nodes.radius / outer
    bowl = (1.0 - x) * (1.0 + x)
    second = (
        (12.0 * x * x - 4.0) / (outer * outer) * fall
        + 8.0 * x * bowl / outer * rate / width
        - bowl * bowl * bend / (width * width)
    )
    laplacian = nodes.radius * second + 2.0 * nodes.slope
    top = integrate_panels(nodes.weight * laplacian * laplacian)
    return top / integrate_panels(nodes.weight * jnp.square(nodes.radius * nodes.shape))


def curvature_on_grid(
    deficit: LayeredDeficit, core_radius: Numeric, grid: RadialGrid, amplitude: Numeric = 1.0
) -> jax.Array:
    """Return K per vortex on the fixed grid, shape (...): finite volumes, no flux at the ends.

    The divergence is that of ``(1/r^2) d(r^2 rho')/dr`` between midpoint faces, the trapezoid rule
    does the integrals.
    """
    shape = deficit.shape(grid.radius, jnp.asarray(core_radius)[..., None])
    values = jnp.asarray(amplitude)[..., None] * shape
    faces, widths = _cells(grid.radius)
    flux = faces**2 * jnp.diff(values, axis=-1) / np.diff(grid.radius)
    nothing = jnp.zeros_like(values[..., :1])
    net = jnp.diff(jnp.concatenate([nothing, flux, nothing], axis=-1), axis=-1)
    laplacian = net / (grid.radius**2 * widths)
    weight = grid.trapezoid * grid.radius**2
    top = jnp.sum(weight * laplacian * laplacian, axis=-1)
    return top / (jnp.sum(weight * values * values, axis=-1) + _FLOOR)


def _cells(radius: Floats) -> tuple[Floats, Floats]:
    """Return the inner faces, shape (N_r - 1,), and the widths of the cells, shape (N_r,)."""
    faces = 0.5 * (radius[1:] + radius[:-1])
    last = radius[-1] + 0.5 * (radius[-1] - radius[-2])
    return faces, np.diff(np.concatenate([[0.0], faces, [last]]))
