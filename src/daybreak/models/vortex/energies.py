"""Vortices and their energies, as arrays over particles."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from .numeric import Numeric

MOMENT_FACTOR = 0.2
"""Factor of ``Q R U`` in the magnetic proxy of the original study (charge Q = 1)."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Vortex:
    """The free parameters of one or several vortices, each a scalar or of shape (n,).

    Parameters
    ----------
    core_radius : Numeric
        R_c (R itself where the density has no layer), dimensionless.
    speed : Numeric
        U, the speed of the stream far away, dimensionless.
    amplitude : Numeric
        A, the depth of the deficit; the density stays positive for A <= 1.
    """

    core_radius: Numeric
    speed: Numeric
    amplitude: Numeric


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Energies:
    """Energies of vortices, dimensionless, each of the shape of the parameters.

    The names are the letters of the original study.
    """

    E_circ: jax.Array
    """Kinetic energy, integral of ``rho v^2 / 2``."""
    E_stab: jax.Array
    """``beta`` times the integral of the squared deficit."""
    E_grad: jax.Array
    """``lambda`` times the integral of the squared slope of the density."""
    E_total: jax.Array
    """``E_circ -/+ E_stab + E_grad``, the sign being that of the functional."""
    E_circ_vac: jax.Array
    """Kinetic energy of the same flow at vacuum density."""
    F_core: jax.Array
    """Share of E_circ within r <= R."""
    F_wall: jax.Array
    """Share of E_circ within r <= k R; 1 where there is no wall."""
    F_inner: jax.Array
    """Whichever of the two shares the functional calls inner."""
    I: jax.Array  # noqa: E741 - the letter of the original study
    """``E_circ / U^2``: depends on shape and size only."""
    mu_raw: jax.Array
    """``0.2 R U``, the magnetic proxy before its constant."""

    @property
    def dE_circ(self) -> jax.Array:  # noqa: N802 - the letter of the original study
        """``E_circ - E_circ_vac``: what the deficit takes from the kinetic energy, <= 0."""
        return self.E_circ - self.E_circ_vac

    def g_proxy(self, constant: Numeric) -> jax.Array:
        """Return ``constant * mu_raw``: a proxy, no magnetic moment.

        The original study compares it with the g factor. It holds no charge or current
        distribution, and the constant is fitted, so agreement for one particle says nothing.
        """
        return self.mu_raw * constant
