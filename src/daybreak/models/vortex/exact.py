"""The exact scheme: angular integrals in closed form, the radial one by Gauss on panels.

The integrand is smooth between the edges R_c, R, ``R_v = k R`` and the end of the tail, so a
couple of dozen nodes per panel reach 1e-12. All vortices are integrated in two elementwise
expressions, one for the structured core and one for the halo around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from .deficit import Deficit
from .envelope import Envelope
from .field import COS_SQUARED, SIN_SQUARED, Amplitudes, VelocityField
from .numeric import Numeric, integrate_panels, over_nodes
from .scheme import RadialIntegrals, Scheme


@dataclass(frozen=True)
class Exact(Scheme):
    """Gauss-Legendre on panels of [r_min, r_max].

    Parameters
    ----------
    r_min, r_max : float
        Ends of the radial integral, dimensionless; ``r_min < R_c`` and ``R < r_max`` must hold.
    core_nodes, halo_nodes : int
        Nodes per panel inside and outside the vortex.

    Notes
    -----
    Measured relative error of E_circ with the default nodes on random vortices: 4e-14 without
    an envelope; with a wall 1e-11 for p = 4, 6, 8, and 1e-9 for p = 12 or a broken p near 2.5.
    """

    r_min: float = 0.01
    r_max: float = 10.0
    core_nodes: int = 12
    halo_nodes: int = 28

    def integrate(
        self, field: VelocityField, deficit: Deficit, envelope: Envelope, core_radius: Numeric
    ) -> RadialIntegrals:
        """Return the integrals for vortices of core radius R_c, shape (...)."""
        vortex_radius = jnp.asarray(deficit.vortex_radius(core_radius))
        outer = over_nodes(vortex_radius)

        core = deficit.core_nodes(core_radius, self.r_min, self.core_nodes)
        volume = core.weight * core.radius * core.radius
        flow = volume * _kinetic(field.inner, core.radius / outer)
        flow = flow * envelope.core_square(core.radius, outer)

        halo = envelope.halo_nodes(vortex_radius, self.r_max, self.halo_nodes)
        around = halo.weight * halo.radius * halo.radius * halo.square
        shells = jnp.sum(around * _kinetic(field.outer, halo.radius / outer), axis=-1)

        return RadialIntegrals(
            core=integrate_panels(flow),
            displaced=integrate_panels(flow * core.shape),
            gap=shells[..., 0],
            tail=jnp.sum(shells[..., 1:], axis=-1),
            deficit=4.0 * math.pi * integrate_panels(volume * core.shape * core.shape),
            steepness=4.0 * math.pi * integrate_panels(volume * core.slope * core.slope),
        )


def _kinetic(amplitudes: Amplitudes, x: jax.Array) -> jax.Array:
    """``pi (2/3 a^2 + 4/3 b^2)``: v^2 / 2 at U = 1 integrated over the directions."""
    a, b = amplitudes(x)
    return (math.pi * COS_SQUARED) * a * a + (math.pi * SIN_SQUARED) * b * b
