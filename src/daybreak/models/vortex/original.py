"""The quadrature of the original study, for validation and for re-running its fits as they were.

The grid is fixed while the vortex moves through it, so every energy steps whenever an edge of the
vortex crosses a node; derivatives are those between the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp

from .closed_forms import power_constants
from .deficit import Deficit, PowerDeficit
from .envelope import Envelope
from .field import VelocityField
from .numeric import Floats, Numeric
from .original_grid import RadialGrid, smart_grid, uniform_grid
from .scheme import RadialIntegrals, Scheme

StructureRule: TypeAlias = Callable[
    [RadialGrid, Deficit, jax.Array, jax.Array], tuple[jax.Array, jax.Array]
]
"""``(grid, deficit, core_radius (...), f (..., N_r)) -> (integral f^2, integral f'^2)``."""


@dataclass(frozen=True)
class Original(Scheme):
    """Composite Simpson and a rectangle rule over the angles, on a fixed grid.

    Parameters
    ----------
    grid : RadialGrid
        Nodes and weights.
    structure : StructureRule
        How this variant integrates the two terms of the density.
    """

    grid: RadialGrid
    structure: StructureRule

    def integrate(
        self, field: VelocityField, deficit: Deficit, envelope: Envelope, core_radius: Numeric
    ) -> RadialIntegrals:
        """Return the integrals for vortices of core radius R_c, shape (...)."""
        grid, centre = self.grid, jnp.asarray(core_radius)[..., None]
        exact_deficit = deficit
        deficit, envelope = jax.tree.map(_over_grid, (deficit, envelope))
        outer = jnp.asarray(deficit.vortex_radius(centre))
        wall = jnp.asarray(envelope.wall(outer))
        shape = deficit.shape(grid.radius, centre)
        flow = grid.simpson * self._kinetic(field, envelope, outer)
        core, beyond = grid.radius <= outer, grid.radius > wall
        squared, steep = self.structure(grid, exact_deficit, jnp.asarray(core_radius), shape)
        return RadialIntegrals(
            core=jnp.sum(jnp.where(core, flow, 0.0), axis=-1),
            displaced=jnp.sum(flow * shape, axis=-1),
            gap=jnp.sum(jnp.where(core | beyond, 0.0, flow), axis=-1),
            tail=jnp.sum(jnp.where(beyond, flow, 0.0), axis=-1),
            deficit=squared,
            steepness=steep,
        )

    def _kinetic(self, field: VelocityField, envelope: Envelope, outer: jax.Array) -> jax.Array:
        """``pi r^2 g^2 (a^2 C2 + b^2 S3)`` at the nodes, shape (..., N_r)."""
        grid = self.grid
        x = grid.radius / outer
        inside = grid.radius < outer
        # Each branch is evaluated on its own side only, so that neither can overflow.
        inner = field.inner(jnp.minimum(x, 1.0))
        around = field.outer(jnp.maximum(x, 1.0))
        a = jnp.where(inside, inner[0], around[0])
        b = jnp.where(inside, inner[1], around[1])
        speed = envelope.factor(grid.radius, outer) * grid.radius
        return math.pi * speed * speed * (a * a * grid.cos_squared + b * b * grid.sin_squared)


def _over_grid(value: Numeric) -> Numeric:
    """Give a shape parameter that differs between vortices a trailing axis for the nodes."""
    return value if isinstance(value, (int, float)) else jnp.asarray(value)[..., None]


def original_base(grid: RadialGrid | None = None) -> Original:
    """Return the scheme of the base functional: E_stab shares the sum over the angles.

    `grid` takes the place of the published one, 100 x 20.
    """
    return Original(uniform_grid() if grid is None else grid, _by_angular_sum)


def original_gradient() -> Original:
    """Return the scheme of the gradient variant: the density terms in closed form."""
    return Original(uniform_grid(), _in_closed_form)


def original_boundary_layer(width: float | RadialGrid) -> Original:
    """Return the scheme of the boundary layer: the density terms by the trapezoid rule.

    In place of w, which makes the published grid, another grid can be given.
    """
    grid = width if isinstance(width, RadialGrid) else smart_grid(float(width), 20)
    return Original(grid, _by_trapezoid)


def original_localised(width: float) -> Original:
    """Return the scheme of both localised variants: everything by Simpson, 50 angles."""
    return Original(smart_grid(float(width), 50), _by_simpson)


def _by_trapezoid(
    grid: RadialGrid, deficit: Deficit, core_radius: jax.Array, shape: jax.Array
) -> tuple[jax.Array, jax.Array]:
    del deficit, core_radius
    return _structure(grid, grid.trapezoid * (4.0 * math.pi), shape)


def _by_simpson(
    grid: RadialGrid, deficit: Deficit, core_radius: jax.Array, shape: jax.Array
) -> tuple[jax.Array, jax.Array]:
    del deficit, core_radius
    return _structure(grid, grid.simpson * (4.0 * math.pi), shape)


def _by_angular_sum(
    grid: RadialGrid, deficit: Deficit, core_radius: jax.Array, shape: jax.Array
) -> tuple[jax.Array, jax.Array]:
    del deficit, core_radius
    return _structure(grid, grid.simpson * grid.solid_angle, shape)


def _in_closed_form(
    grid: RadialGrid, deficit: Deficit, core_radius: jax.Array, shape: jax.Array
) -> tuple[jax.Array, jax.Array]:
    del grid, shape
    if not isinstance(deficit, PowerDeficit):
        msg = f"the closed form needs a PowerDeficit, but got {deficit!r}."
        raise TypeError(msg)
    k_stab, k_grad = power_constants(deficit.exponent)
    return k_stab * core_radius**3, k_grad * core_radius


def _structure(grid: RadialGrid, weights: Floats, shape: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the integrals of f^2 and f'^2 for weights that include the solid angle."""
    volume = weights * grid.radius**2
    slope = differentiate(grid, shape)
    return jnp.sum(volume * shape * shape, axis=-1), jnp.sum(volume * slope * slope, axis=-1)


def differentiate(grid: RadialGrid, values: jax.Array) -> jax.Array:
    """Return the derivative of `values`, shape (..., N_r), by the grid's three-point stencil."""
    left, own, right = grid.stencil
    before = jnp.concatenate([values[..., :1], values[..., :-1]], axis=-1)
    after = jnp.concatenate([values[..., 1:], values[..., -1:]], axis=-1)
    return left * before + own * values + right * after
