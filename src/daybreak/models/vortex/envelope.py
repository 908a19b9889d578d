"""Envelopes: the factor g(r) that multiplies the velocity and confines the flow.

Each envelope brings the panels that suit it outside the vortex: the *gap* from the surface R to
the wall ``R_v = k R`` and the *tail* from there to where ``g^2`` has died.
All quantities are dimensionless.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .numeric import Numeric, gauss_rule, over_nodes, power

_SPENT = 18.0
"""The tail ends where ``g^2 = exp(-2 * 18)``, 2e-16: below the rounding of the sum."""


class HaloNodes(NamedTuple):
    """Quadrature of ``r > R``; each array has shape (..., panels, nodes), the gap comes first."""

    radius: jax.Array
    weight: jax.Array
    """Weight of dr."""
    square: jax.Array
    """g^2 at the nodes."""


class Envelope(ABC):
    """The confining factor of the velocity."""

    @abstractmethod
    def factor(self, radius: Numeric, vortex_radius: Numeric) -> jax.Array:
        """Return g at any `radius`; the two arguments broadcast."""

    @abstractmethod
    def wall(self, vortex_radius: Numeric) -> Numeric:
        """Return the radius R_v of the wall, shape of the input; infinite where there is none."""

    @abstractmethod
    def core_square(self, radius: jax.Array, vortex_radius: jax.Array) -> jax.Array | float:
        """Return g^2 for ``r < R``; the plain number 1 where it is known to be that."""

    @abstractmethod
    def halo_nodes(self, vortex_radius: Numeric, r_max: float, n_nodes: int) -> HaloNodes:
        """Return nodes on [R, r_max], or to where g has died.

        Parameters
        ----------
        vortex_radius : Numeric, shape (...)
            R, below `r_max`.
        r_max : float
            Upper end of the integral.
        n_nodes : int
            Nodes per panel.
        """


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class NoEnvelope(Envelope):
    """``g = 1``: the flow fills the box and the energy grows as ``r_max^3``."""

    def factor(self, radius: Numeric, vortex_radius: Numeric) -> jax.Array:
        """Return 1."""
        return jnp.ones_like(radius * jnp.asarray(vortex_radius))

    def wall(self, vortex_radius: Numeric) -> Numeric:
        """Return infinity: everything is within the wall."""
        return jnp.full_like(jnp.asarray(vortex_radius), jnp.inf)

    def core_square(self, radius: jax.Array, vortex_radius: jax.Array) -> jax.Array | float:
        """Return 1."""
        return 1.0

    def halo_nodes(self, vortex_radius: Numeric, r_max: float, n_nodes: int) -> HaloNodes:
        """Return one panel, even in log r: the box may be a hundred times wider than R."""
        u, w = gauss_rule(n_nodes)
        inner = over_nodes(vortex_radius)
        span = jnp.log(r_max / inner)
        radius = inner * jnp.exp(span * u)
        return HaloNodes(radius, span * w * radius, jnp.ones_like(radius))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class GlobalEnvelope(Envelope):
    """``g = exp(-(r / R_v)^p)``, ``R_v = k R`` (original study, v0): it damps the core too.

    Parameters
    ----------
    wall_ratio : Numeric
        k >= 1.
    sharpness : Numeric
        p.
    """

    wall_ratio: Numeric
    sharpness: Numeric

    def factor(self, radius: Numeric, vortex_radius: Numeric) -> jax.Array:
        """Return g."""
        return jnp.exp(-power(jnp.asarray(radius) / self.wall(vortex_radius), self.sharpness))

    def wall(self, vortex_radius: Numeric) -> Numeric:
        """Return k R."""
        return self.wall_ratio * vortex_radius

    def core_square(self, radius: jax.Array, vortex_radius: jax.Array) -> jax.Array | float:
        """Return g^2."""
        wall = _wide(self.wall_ratio) * vortex_radius
        return jnp.exp(-2.0 * power(radius / wall, _wide(self.sharpness)))

    def halo_nodes(self, vortex_radius: Numeric, r_max: float, n_nodes: int) -> HaloNodes:
        """Return the gap [R, k R] and the tail, both linear in r."""
        wall = self.wall(vortex_radius)
        reach = jnp.asarray(wall) * _tail_length(self.sharpness)
        radius, weight = _gap_and_tail(vortex_radius, wall, reach, r_max, n_nodes)
        y = radius / over_nodes(wall)
        return HaloNodes(radius, weight, jnp.exp(-2.0 * power(y, _wide(self.sharpness))))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class WallEnvelope(Envelope):
    """``g = 1`` within ``R_v = k R``, then ``exp(-((r - R_v) / D)^p)``, ``D = dv R_v``.

    (Original study, v1.)  Because ``k >= 1`` the vortex itself is untouched.

    Parameters
    ----------
    wall_ratio : Numeric
        k >= 1.
    tail_width : Numeric
        dv = D / R_v.
    sharpness : Numeric
        p.
    """

    wall_ratio: Numeric
    tail_width: Numeric
    sharpness: Numeric

    def factor(self, radius: Numeric, vortex_radius: Numeric) -> jax.Array:
        """Return g; ``0 ** p`` is never formed, its derivative in p would be NaN."""
        y = (jnp.asarray(radius) / self.wall(vortex_radius) - 1.0) / self.tail_width
        beyond = y > 0.0
        damped = jnp.exp(-power(jnp.where(beyond, y, 1.0), self.sharpness))
        return jnp.where(beyond, damped, 1.0)

    def wall(self, vortex_radius: Numeric) -> Numeric:
        """Return k R."""
        return self.wall_ratio * vortex_radius

    def core_square(self, radius: jax.Array, vortex_radius: jax.Array) -> jax.Array | float:
        """Return 1."""
        return 1.0

    def halo_nodes(self, vortex_radius: Numeric, r_max: float, n_nodes: int) -> HaloNodes:
        """Return the gap [R, k R], where g = 1, and the tail."""
        wall = jnp.asarray(self.wall(vortex_radius))
        depth = wall * self.tail_width
        reach = wall + depth * _tail_length(self.sharpness)
        radius, weight = _gap_and_tail(vortex_radius, wall, reach, r_max, n_nodes)
        y = (radius[..., 1:, :] - over_nodes(wall)) / over_nodes(depth)
        # Positive but for a tail cut away by r_max, whose weights are zero.
        tail = jnp.exp(-2.0 * power(jnp.maximum(y, 1e-30), _wide(self.sharpness)))
        square = jnp.concatenate([jnp.ones_like(tail), tail], axis=-2)
        return HaloNodes(radius, weight, square)


def _wide(value: Numeric) -> Numeric:
    """Give an array trailing node axes; leave a plain number static."""
    return value if isinstance(value, (int, float)) else over_nodes(value)


def _tail_length(sharpness: Numeric) -> Numeric:
    """Return t with ``t^p = 18``."""
    if isinstance(sharpness, (int, float)):
        return float(_SPENT ** (1.0 / sharpness))
    return jnp.power(_SPENT, 1.0 / jnp.asarray(sharpness))


def _gap_and_tail(
    vortex_radius: Numeric, wall: Numeric, reach: Numeric, r_max: float, n_nodes: int
) -> tuple[jax.Array, jax.Array]:
    """Return radii and weights on [R, R_v] and [R_v, reach], cut at r_max, (..., 2, nodes)."""
    u, w = gauss_rule(n_nodes)
    edges = [jnp.minimum(over_nodes(edge), r_max) for edge in (vortex_radius, wall, reach)]
    start, middle, end = jnp.broadcast_arrays(*edges)
    lower = jnp.concatenate([start, middle], axis=-2)
    span = jnp.concatenate([middle - start, end - middle], axis=-2)
    return lower + span * u, span * w
