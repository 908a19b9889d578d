"""Energy functionals: a flow, a density, an envelope, a quadrature and a sign, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import jax
import jax.numpy as jnp

from .deficit import Deficit, LayeredDeficit, PowerDeficit
from .elementwise import evaluate_elementwise
from .energies import MOMENT_FACTOR, Energies, Vortex
from .envelope import Envelope, GlobalEnvelope, NoEnvelope, WallEnvelope
from .exact import Exact
from .field import STREAMING, VelocityField
from .numeric import Numeric
from .scheme import RadialIntegrals, Scheme


@dataclass(frozen=True)
class Functional:
    """``E_total = E_circ + sign * E_stab + E_grad``.

    Parameters
    ----------
    deficit : Deficit
        Shape of the density.
    envelope : Envelope
        Confinement of the flow.
    scheme : Scheme
        Quadrature.
    stabilisation_sign : {-1, +1}
        Sign of E_stab in the total.
    inner : {"core", "wall"}
        Where the share `F_inner` ends: at R or at k R.
    field : VelocityField
        The flow.
    """

    deficit: Deficit
    envelope: Envelope
    scheme: Scheme
    stabilisation_sign: Literal[-1, 1] = -1
    inner: Literal["core", "wall"] = "core"
    field: VelocityField = STREAMING

    def energies(self, vortex: Vortex, beta: Numeric, lam: Numeric = 0.0) -> Energies:
        """Return the energies of one or several vortices.

        Parameters
        ----------
        vortex : Vortex
            Parameters of shape (...).
        beta, lam : Numeric
            Strengths of E_stab and E_grad, dimensionless, broadcast against the parameters.

        Returns
        -------
        Energies
            Arrays of shape (...).
        """
        return self.assemble(self.integrals(vortex.core_radius), vortex, beta, lam)

    def integrals(self, core_radius: Numeric) -> RadialIntegrals:
        """Return the radial integrals, which depend on R_c and the shapes alone.

        Plain numbers among the shape parameters stay static, so that ``x ** 6`` is a product.
        """
        leaves, structure = jax.tree.flatten((self.deficit, self.envelope))
        moving = [leaf for leaf in leaves if not isinstance(leaf, (int, float))]

        def integrate(radius: jax.Array, *values: jax.Array) -> RadialIntegrals:
            queue = iter(values)
            filled = [leaf if isinstance(leaf, (int, float)) else next(queue) for leaf in leaves]
            deficit, envelope = structure.unflatten(filled)
            return self.scheme.integrate(self.field, deficit, envelope, radius)

        return evaluate_elementwise(integrate, core_radius, *moving)

    def assemble(
        self, integrals: RadialIntegrals, vortex: Vortex, beta: Numeric, lam: Numeric
    ) -> Energies:
        """Return the energies made of given `integrals`: polynomials in U, A, beta, lambda."""
        speed, amplitude = jnp.asarray(vortex.speed), jnp.asarray(vortex.amplitude)
        depth = amplitude * amplitude
        core = integrals.core - amplitude * integrals.displaced
        within = core + integrals.gap
        inertia = within + integrals.tail
        circ = inertia * speed * speed
        stab = jnp.asarray(beta) * depth * integrals.deficit
        grad = jnp.asarray(lam) * depth * integrals.steepness
        f_core, f_wall = core / inertia, within / inertia
        vacuum = (integrals.core + integrals.gap + integrals.tail) * speed * speed
        radius = self.deficit.vortex_radius(vortex.core_radius)
        return Energies(
            E_circ=circ,
            E_stab=stab,
            E_grad=grad,
            E_total=circ + self.stabilisation_sign * stab + grad,
            E_circ_vac=vacuum,
            F_core=f_core,
            F_wall=f_wall,
            F_inner=f_core if self.inner == "core" else f_wall,
            I=inertia,
            mu_raw=MOMENT_FACTOR * speed * radius,
        )

    def with_scheme(self, scheme: Scheme) -> Functional:
        """Return the same functional with another quadrature."""
        return replace(self, scheme=scheme)


def base() -> Functional:
    """Parabolic deficit, no envelope, ``E_circ - E_stab`` (original study, base functional)."""
    return Functional(PowerDeficit(1), NoEnvelope(), Exact(r_min=0.0))


def gradient(exponent: Numeric = 2) -> Functional:
    """Deficit ``(1 - x^2)^s``, s >= 2, with a gradient term (original study, gradient variant)."""
    return Functional(PowerDeficit(exponent), NoEnvelope(), Exact(r_min=0.0, core_nodes=24))


def boundary_layer(width: Numeric) -> Functional:
    """Layered deficit without an envelope (original study, boundary layer)."""
    return Functional(LayeredDeficit(width), NoEnvelope(), Exact())


def localised_v0(width: Numeric, wall_ratio: Numeric = 1.5, sharpness: Numeric = 8) -> Functional:
    """Layered deficit, global envelope, minus sign (original study, first localised variant)."""
    envelope = GlobalEnvelope(_at_least_one(wall_ratio), sharpness)
    return Functional(LayeredDeficit(width), envelope, Exact(core_nodes=20))


def localised_v1(
    width: Numeric,
    wall_ratio: Numeric = 1.5,
    tail_width: Numeric = 0.25,
    sharpness: Numeric = 6,
) -> Functional:
    """Layered deficit, wall envelope, *plus* sign (original study, second localised variant)."""
    envelope = WallEnvelope(_at_least_one(wall_ratio), tail_width, sharpness)
    return Functional(LayeredDeficit(width), envelope, Exact(), stabilisation_sign=1, inner="wall")


def _at_least_one(wall_ratio: Numeric) -> Numeric:
    """Refuse a wall inside the vortex where the number is known; the panels assume k >= 1."""
    if isinstance(wall_ratio, (int, float)) and wall_ratio < 1.0:
        msg = f"`wall_ratio >= 1` must hold, the wall lies outside the vortex; got {wall_ratio=}."
        raise ValueError(msg)
    return wall_ratio
