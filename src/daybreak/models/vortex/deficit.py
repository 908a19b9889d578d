"""Density profiles: the shape f(r) of the deficit, ``rho = 1 - A f(r)``.

The amplitude A stays outside: kinetic energy is linear in it, the other two terms are quadratic.
All quantities are dimensionless, the vacuum density is 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .numeric import Floats, Numeric, gauss_rule, over_nodes, power


class CoreNodes(NamedTuple):
    """Quadrature of the structured part ``r < R``; each array has shape (..., panels, nodes)."""

    radius: jax.Array
    weight: jax.Array
    """Weight of dr."""
    shape: jax.Array
    """f at the nodes."""
    slope: jax.Array
    """df/dr at the nodes."""


class Deficit(ABC):
    """The shape of a density deficit with compact support ``r < R``."""

    @abstractmethod
    def vortex_radius(self, core_radius: Numeric) -> Numeric:
        """Return R, the end of the deficit and the radius of the vortex, shape of the input."""

    @abstractmethod
    def shape(self, radius: Numeric, core_radius: Numeric) -> jax.Array:
        """Return f at any `radius`; the two arguments broadcast."""

    @abstractmethod
    def core_nodes(self, core_radius: Numeric, r_min: float, n_nodes: int) -> CoreNodes:
        """Return nodes on [r_min, R] split where f changes its expression.

        Parameters
        ----------
        core_radius : Numeric, shape (...)
            R_c, above `r_min`.
        r_min : float
            Lower end of the integral.
        n_nodes : int
            Nodes per panel.
        """


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class PowerDeficit(Deficit):
    """``f = (1 - (r/R)^2)^s`` with ``R = R_c``.

    Parameters
    ----------
    exponent : Numeric
        s: 1 in the base functional, >= 2 in the gradient variant of the original study.
    """

    exponent: Numeric = 1

    def vortex_radius(self, core_radius: Numeric) -> Numeric:
        """Return R = R_c."""
        return core_radius

    def shape(self, radius: Numeric, core_radius: Numeric) -> jax.Array:
        """Return f; zero outside without a fractional power of zero or less."""
        bowl = 1.0 - jnp.square(jnp.asarray(radius) / core_radius)
        inside = bowl > 0.0
        return jnp.where(inside, power(jnp.where(inside, bowl, 1.0), self.exponent), 0.0)

    def core_nodes(self, core_radius: Numeric, r_min: float, n_nodes: int) -> CoreNodes:
        """Return one panel whose nodes gather at R.

        With ``r = r_min + (R - r_min) u (2 - u)`` the factor ``(1 - x)^s`` becomes ``(1 - u)^2s``,
        a polynomial for half-integral s as well, so that Gauss keeps its speed for every s.
        """
        u, w = gauss_rule(n_nodes)
        outer = over_nodes(core_radius)
        span = outer - r_min
        radius = r_min + span * (u * (2.0 - u))
        remainder = span * (1.0 - u) ** 2  # R - r without cancellation
        bowl = remainder * (outer + radius) / (outer * outer)
        s = self.exponent if isinstance(self.exponent, (int, float)) else over_nodes(self.exponent)
        steep = power(bowl, s - 1)
        slope = (-2.0 * s) * radius / (outer * outer) * steep
        return CoreNodes(radius, span * (2.0 * (1.0 - u) * w), bowl * steep, slope)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LayeredDeficit(Deficit):
    """``f = (1 - (r/R)^2)^2 T(r)`` with ``R = R_c + w`` (original study, boundary layer).

    T falls from 1 at R_c to 0 at R as ``1 - q((r - R_c) / w)``, ``q = 6 y^5 - 15 y^4 + 10 y^3``.

    Parameters
    ----------
    width : Numeric
        w > 0, the thickness of the layer.
    """

    width: Numeric

    def vortex_radius(self, core_radius: Numeric) -> Numeric:
        """Return R = R_c + w."""
        return core_radius + self.width

    def shape(self, radius: Numeric, core_radius: Numeric) -> jax.Array:
        """Return f; the layer's fall is clamped, so that f is zero beyond R."""
        bowl = 1.0 - jnp.square(jnp.asarray(radius) / self.vortex_radius(core_radius))
        y = jnp.clip((radius - jnp.asarray(core_radius)) / self.width, 0.0, 1.0)
        return bowl * bowl * (1.0 - y * y * y * (10.0 + y * (6.0 * y - 15.0)))

    def core_nodes(self, core_radius: Numeric, r_min: float, n_nodes: int) -> CoreNodes:
        """Return the panels [r_min, R_c] and [R_c, R].

        The nodes of the layer sit at fixed y, so T and its derivative are constants there;
        both integrands are polynomials in r, exact from 11 nodes on.
        """
        at = layer_nodes(core_radius, self.width, r_min, n_nodes)
        x = at.radius / at.outer
        bowl = (1.0 - x) * (1.0 + x)
        slope = -bowl * (4.0 * x / at.outer * at.fall + bowl * at.fall_rate / at.width)
        return CoreNodes(at.radius, at.weight, bowl * bowl * at.fall, slope)


class LayerNodes(NamedTuple):
    """Nodes on the panels [r_min, R_c] and [R_c, R]; arrays broadcast to (..., 2, nodes)."""

    radius: jax.Array
    weight: jax.Array
    """Weight of dr."""
    outer: jax.Array
    """R."""
    width: jax.Array
    """w."""
    fall: Floats
    """T."""
    fall_rate: Floats
    """``-w dT/dr``."""


def layer_nodes(
    core_radius: Numeric, layer_width: Numeric, r_min: float, n_nodes: int
) -> LayerNodes:
    """Return Gauss nodes of a vortex whose density ends in a layer.

    Parameters
    ----------
    core_radius, layer_width : Numeric, shape (...)
        R_c above `r_min`, and w > 0.
    r_min : float
        Lower end of the integral.
    n_nodes : int
        Nodes per panel.
    """
    u, w = gauss_rule(n_nodes)
    fall, fall_rate = layer_fall(u)
    inner, width = over_nodes(core_radius), over_nodes(layer_width)
    inner, width = jnp.broadcast_arrays(inner, width)
    lower = jnp.concatenate([jnp.full_like(inner, r_min), inner], axis=-2)
    span = jnp.concatenate([inner - r_min, width], axis=-2)
    return LayerNodes(lower + span * u, span * w, inner + width, width, fall, fall_rate)


def layer_fall(y: Floats) -> tuple[Floats, Floats]:
    """Return T and ``-dT/dy`` on the panels [r_min, R_c] and [R_c, R], each of shape (2, nodes).

    T is 1 in the first panel; y in (0, 1), shape (nodes,), counts across the layer.
    """
    fall, rate, _ = layer_bend(y)
    return fall, rate


def layer_bend(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return T, ``-dT/dy`` and ``-d^2T/dy^2`` as `layer_fall` does."""
    fall = 1.0 - y**3 * (10.0 + y * (6.0 * y - 15.0))
    rate = 30.0 * y**2 * (1.0 - y) ** 2
    bend = 60.0 * y * (1.0 - y) * (1.0 - 2.0 * y)
    zero = np.zeros_like(y)
    return np.stack([zero + 1.0, fall]), np.stack([zero, rate]), np.stack([zero, bend])
