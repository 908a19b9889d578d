"""From dimensionless energies to masses, and the calibration of the gradient strength."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from .numeric import Numeric

GRADIENT_SHARE = 0.03
"""eta: E_grad over E_stab at the reference radius (original study)."""

REFERENCE_RADIUS = 0.88
"""R_ref of the calibration, dimensionless."""

_CONSTANT_RATIO = 11.0
"""``K_grad / K_stab`` of the profile with s = 2."""


def calibrated_lambda(
    beta: Numeric, share: Numeric = GRADIENT_SHARE, radius: Numeric = REFERENCE_RADIUS
) -> Numeric:
    """``lambda = eta beta R_ref^2 / 11``: E_grad is eta E_stab at R_ref, for every A.

    Being proportional to beta it leaves the scaling ``U -> c U, beta -> c^2 beta`` intact: no fit
    with a free scale can tell one beta from another.  ``share = 0`` drops the term.
    """
    return share * beta * radius * radius / _CONSTANT_RATIO


def electron_scale(energies: jax.Array, masses: Numeric) -> jax.Array:
    """``S = m_0 / E_0``: the first particle is matched exactly (original study, earlier map).

    Parameters
    ----------
    energies, masses : shape (..., n)
        E dimensionless, m in MeV.

    Returns
    -------
    jax.Array, shape (...)
        S in MeV.
    """
    return jnp.asarray(masses)[..., 0] / energies[..., 0]


def global_scale(energies: jax.Array, masses: Numeric, sigmas: Numeric) -> jax.Array:
    """``S = sum(w m E) / sum(w E^2)``, ``w = 1 / sigma^2``: least squares over all particles.

    Parameters
    ----------
    energies, masses, sigmas : shape (..., n)
        E dimensionless, m and sigma in MeV.

    Returns
    -------
    jax.Array, shape (...)
        S in MeV; it is negative where the energies are, which the caller has to refuse.
    """
    weight = 1.0 / jnp.square(jnp.asarray(sigmas))
    top = jnp.sum(weight * masses * energies, axis=-1)
    return top / jnp.sum(weight * energies * energies, axis=-1)


def mass_chi2(scale: Numeric, energies: jax.Array, masses: Numeric, sigmas: Numeric) -> jax.Array:
    """``sum(((S E - m) / sigma)^2)``, shape (...).

    With a global scale and equal relative errors it lies in ``[0, (n - 1) / sigma_rel^2]`` for
    positive energies: it measures how unequal the ratios E / m are, and nothing else.
    """
    scaled = jnp.asarray(scale)[..., None] * energies
    return jnp.sum(jnp.square((scaled - masses) / sigmas), axis=-1)
