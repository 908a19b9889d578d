"""Other density profiles: a smooth core h(x), cut off by the layer of the boundary-layer density.

The original study names three as ways out when every localisation fails.  Where h does not vanish
at the surface, that part of its fall happens within the layer, and the gradient energy grows as
1/w.  They are mixed by shares, so that one compiled model serves them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from .deficit import CoreNodes, Deficit, layer_nodes
from .numeric import Numeric, over_nodes

Wide: TypeAlias = Callable[[Numeric], jax.Array]
"""Gives a share the axes it needs to broadcast."""


class Cores(NamedTuple):
    """Each core at some ``x = r / R``, or its slope there; arrays of the shape of x."""

    parabola_squared: jax.Array
    gaussian: jax.Array
    lorentzian_squared: jax.Array
    step: jax.Array


def cores(x: jax.Array) -> Cores:
    """``(1 - x^2)^2``, ``exp(-2 x^2)``, ``(1 + 4 x^2)^-2`` and 1.

    They are 0, 0.135, 0.04 and 1 at the surface.
    """
    bowl = (1.0 - x) * (1.0 + x)
    return Cores(bowl * bowl, jnp.exp(-2.0 * x * x), (1.0 + 4.0 * x * x) ** -2, jnp.ones_like(x))


def core_slopes(x: jax.Array) -> Cores:
    """Slopes of the `cores` by x."""
    return Cores(
        -4.0 * x * (1.0 - x) * (1.0 + x),
        -4.0 * x * jnp.exp(-2.0 * x * x),
        -16.0 * x * (1.0 + 4.0 * x * x) ** -3,
        jnp.zeros_like(x),
    )


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class MixedDeficit(Deficit):
    """``f = h(r/R) T(r)`` with ``R = R_c + w`` and T of `LayeredDeficit`.

    h is the mean of the four `cores`, weighted by shares that add up to 1.

    Parameters
    ----------
    width : Numeric
        w > 0, the thickness of the layer.
    gaussian, lorentzian, step : Numeric
        Shares of the Gaussian, the squared Lorentzian and the smoothed step; the rest is that of
        ``(1 - x^2)^2``, which alone makes a `LayeredDeficit`.
    """

    width: Numeric
    gaussian: Numeric = 0.0
    lorentzian: Numeric = 0.0
    step: Numeric = 0.0

    def vortex_radius(self, core_radius: Numeric) -> Numeric:
        """Return R = R_c + w."""
        return core_radius + self.width

    def shape(self, radius: Numeric, core_radius: Numeric) -> jax.Array:
        """Return f; the layer's fall is clamped, so that f is zero beyond R."""
        x = jnp.asarray(radius) / self.vortex_radius(core_radius)
        y = jnp.clip((radius - jnp.asarray(core_radius)) / self.width, 0.0, 1.0)
        fall = 1.0 - y * y * y * (10.0 + y * (6.0 * y - 15.0))
        return self._mix(cores(x), jnp.asarray) * fall

    def core_nodes(self, core_radius: Numeric, r_min: float, n_nodes: int) -> CoreNodes:
        """Return the panels [r_min, R_c] and [R_c, R], between which f changes its expression.

        The Lorentzian's poles at ``x = i/2`` slow Gauss down: 24 nodes reach 1e-12.
        """
        at = layer_nodes(core_radius, self.width, r_min, n_nodes)
        x = at.radius / at.outer
        h, rate = self._mix(cores(x), over_nodes), self._mix(core_slopes(x), over_nodes)
        slope = rate / at.outer * at.fall - h * at.fall_rate / at.width
        return CoreNodes(at.radius, at.weight, h * at.fall, slope)

    def _mix(self, parts: Cores, wide: Wide) -> jax.Array:
        """Return the mean of `parts`; `wide` makes the shares broadcast against them."""
        shares = [wide(share) for share in (self.gaussian, self.lorentzian, self.step)]
        rest = 1.0 - shares[0] - shares[1] - shares[2]
        return sum(
            (share * part for share, part in zip(shares, parts[1:], strict=True)),
            rest * parts.parabola_squared,
        )
