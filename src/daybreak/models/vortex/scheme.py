"""What a quadrature scheme owes a functional: six radial integrals per vortex.

Speed U, amplitude A, beta and lambda never enter a quadrature. An energy is a polynomial in them
whose coefficients depend on the radius and on the shape alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import jax

from .deficit import Deficit
from .envelope import Envelope
from .field import VelocityField
from .numeric import Numeric


class RadialIntegrals(NamedTuple):
    """Integrals over the volume for U = A = beta = lambda = 1, each of shape (...).

    Dimensionless; ``v`` is the velocity with its envelope, ``rho = 1 - A f``.
    """

    core: jax.Array
    """Integral of v^2 / 2 over r < R, at vacuum density."""
    displaced: jax.Array
    """Integral of f v^2 / 2: what the deficit takes away per unit of A."""
    gap: jax.Array
    """Integral of v^2 / 2 over R < r < R_v."""
    tail: jax.Array
    """Integral of v^2 / 2 over r > R_v; zero without an envelope."""
    deficit: jax.Array
    """Integral of f^2."""
    steepness: jax.Array
    """Integral of (df/dr)^2."""


class Scheme(ABC):
    """A way to do the radial and angular integrals."""

    @abstractmethod
    def integrate(
        self, field: VelocityField, deficit: Deficit, envelope: Envelope, core_radius: Numeric
    ) -> RadialIntegrals:
        """Return the integrals for vortices of core radius R_c, shape (...)."""
