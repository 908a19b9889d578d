"""The velocity of the vortex: two amplitudes on either side of its surface.

The flow is axisymmetric, ``v_r = U a(x) cos(theta)``, ``v_theta = U b(x) sin(theta)`` with
``x = r / R``. Everything an energy needs of it is therefore ``a(x)`` and ``b(x)``, inside and
outside. All quantities are dimensionless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import jax

Amplitudes: TypeAlias = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
"""``x = r / R``, any shape -> ``(a, b)``, each of that shape."""

COS_SQUARED = 2.0 / 3.0
"""Integral of ``cos(theta)**2 sin(theta)`` over [0, pi]: the weight of ``a**2``."""

SIN_SQUARED = 4.0 / 3.0
"""Integral of ``sin(theta)**3`` over [0, pi]: the weight of ``b**2``."""


@dataclass(frozen=True)
class VelocityField:
    """A flow given by its amplitudes inside and outside the vortex.

    Parameters
    ----------
    inner, outer : callable
        ``x -> (a, b)`` for ``x < 1`` and for ``x >= 1``.
    """

    inner: Amplitudes
    outer: Amplitudes


def streaming_inner(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """``a = -3 (1 - x^2)``, ``b = 3 x^2`` (original study, base functional).

    This is not Hill's interior: it is neither solenoidal nor continuous with the outside.
    """
    square = x * x
    return -3.0 * (1.0 - square), 3.0 * square


def streaming_outer(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """``a = 1 - x^-3``, ``b = -(1 + x^-3 / 2)`` (original study, base functional).

    Potential flow past a sphere in the frame of the vortex: the speed tends to U, not to zero,
    so that without an envelope the energy is that of the box.
    """
    dipole = 1.0 / (x * x * x)
    return 1.0 - dipole, -(1.0 + 0.5 * dipole)


STREAMING = VelocityField(inner=streaming_inner, outer=streaming_outer)
"""The flow every functional of the original study uses."""
