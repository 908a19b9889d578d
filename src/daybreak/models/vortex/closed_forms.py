"""Energies in closed form, where there is one: the laws the quadratures are tested against.

They hold for integrals from r = 0 and for a layer of vanishing thickness.
All quantities are dimensionless.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

from .energies import Vortex
from .numeric import Numeric, gauss_rule

CORE_KINETIC = 76.0 / 35.0
"""Integral of v^2 / 2 over r < R at vacuum density, in units of ``pi U^2 R^3``."""

BOX_KINETIC = 193.0 / 105.0
"""What a vortex adds to the stream in a box, in the same units: ``76/35 - 2/3 + 1/3``."""


def displaced_constant(exponent: Numeric) -> jax.Array:
    """``3 B(3/2, s + 3) + 6 B(7/2, s + 1)``: kinetic energy lost per A, in ``pi U^2 R^3``.

    24/35 for s = 1 and 416/1155 for s = 2 (B is Euler's beta function).
    """
    s = jnp.asarray(exponent, float)
    return 3.0 * _beta(1.5, s + 3.0) + 6.0 * _beta(3.5, s + 1.0)


def power_constants(exponent: Numeric) -> tuple[jax.Array, jax.Array]:
    """Return ``K_stab = 2 pi B(3/2, 2s+1)`` and ``K_grad = 8 pi s^2 B(5/2, 2s-1)``.

    Integral of f^2 is ``K_stab R^3``, that of f'^2 is ``K_grad R``, for ``f = (1 - x^2)^s``
    (original study, gradient variant); their ratio is 11 at s = 2.
    """
    s = jnp.asarray(exponent, float)
    k_stab = 2.0 * math.pi * _beta(1.5, 2.0 * s + 1.0)
    k_grad = 8.0 * math.pi * s * s * _beta(2.5, 2.0 * s - 1.0)
    return k_stab, k_grad


def box_circulation(vortex: Vortex, r_max: Numeric, exponent: Numeric) -> jax.Array:
    """Return E_circ without an envelope, integrated from 0 to r_max.

    ``pi U^2 [2/3 r_m^3 + R^3 (193/105 - c A) - R^6 / (3 r_m^3)]``, c = `displaced_constant`
    (original study, base functional at s = 1; boundary layer with w -> 0 at s = 2).
    The first term is the uniform stream in the box; it dominates.
    """
    volume = jnp.asarray(vortex.core_radius, float) ** 3
    box = jnp.asarray(r_max, float) ** 3
    own = volume * (BOX_KINETIC - vortex.amplitude * displaced_constant(exponent))
    inertia = 2.0 / 3.0 * box + own - volume * volume / (3.0 * box)
    return math.pi * jnp.square(vortex.speed) * inertia


def stabilisation(vortex: Vortex, beta: Numeric, exponent: Numeric) -> jax.Array:
    """``E_stab = beta K_stab A^2 R^3``; 32 pi / 105 for s = 1."""
    k_stab, _ = power_constants(exponent)
    volume = jnp.asarray(vortex.core_radius, float) ** 3
    return k_stab * jnp.square(vortex.amplitude) * volume * beta


def steepening(vortex: Vortex, lam: Numeric, exponent: Numeric) -> jax.Array:
    """``E_grad = lambda K_grad A^2 R``."""
    _, k_grad = power_constants(exponent)
    return k_grad * jnp.square(vortex.amplitude) * vortex.core_radius * lam


def localised_circulation(vortex: Vortex, halo: Numeric) -> jax.Array:
    """Return E_circ behind a wall (original study, v1 with w -> 0 and the whole space).

    ``pi U^2 R^3 [76/35 - (416/1155) A + J]`` with J = `halo`, see `halo_constant`.
    """
    volume = jnp.asarray(vortex.core_radius, float) ** 3
    shape = CORE_KINETIC - vortex.amplitude * displaced_constant(2) + halo
    return math.pi * jnp.square(vortex.speed) * volume * shape


def halo_constant(wall_ratio: float, tail_width: float, sharpness: float) -> float:
    """``J(k, dv, p)``, the integral of ``x^2 (2 + x^-6) g^2`` over x > 1 (original study, v1).

    Elementary up to the wall, with Gamma functions for the growing part of the tail, by
    a Gauss rule for the part that falls as ``x^-4``.
    """
    k, dv, p = wall_ratio, tail_width, sharpness
    gap = 2.0 / 3.0 * (k**3 - 1.0) + (1.0 - k**-3) / 3.0
    moments = [math.gamma((m + 1) / p) / (p * 2.0 ** ((m + 1) / p)) for m in range(3)]
    growing = 2.0 * k**3 * dv * (moments[0] + 2.0 * dv * moments[1] + dv**2 * moments[2])
    u, w = gauss_rule(64)
    # t = T u^2 resolves t^p near zero for every p.
    length = 20.0 ** (1.0 / p)
    t, weight = length * u**2, 2.0 * length * u * w
    falling = dv / k**3 * np.sum(weight * np.exp(-2.0 * t**p) / (1.0 + dv * t) ** 4)
    return float(gap + growing + falling)


def _beta(a: float, b: jax.Array) -> jax.Array:
    """Return Euler's B(a, b); JAX's own ``betaln`` is off by 1e-6 from b = 8 on (0.10.2)."""
    return jnp.exp(gammaln(jnp.asarray(a, float)) + gammaln(b) - gammaln(a + b))
