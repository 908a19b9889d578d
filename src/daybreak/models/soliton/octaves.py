"""The potential of n octaves and one more field, as the original study writes it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

import daybreak as dk

from .numeric import Floats
from .radial_problem import RadialProblem

N_OCTAVES = 12
RADIUS, CELLS = 25.0, 800
"""Box and mesh of the original study."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Octaves:
    """Couplings of the octaves Psi_o and of the field Phi, all dimensionless.

    The defaults are those of the original study, which has none for the last two.

    Parameters
    ----------
    m0 : float
        Mass of every octave; only its square enters.
    g : float
        Of ``s g Psi^4 / 4``.
    lam_1, lam_2 : float
        Coupling of an octave to the next, and to the one after it.
    delta : float
        Of ``delta Psi^6 / 8``.
    beta : float
        Octave o, the lower of a pair, couples with ``lam 2^(-beta o)``.
    lambda_H : float
        Of ``lambda_H Phi^4 / 4``.
    g_Y : float
        Of ``g_Y Phi^2 Psi^2``.
    mu2 : float
        Of ``mu2 Phi^2 / 2``, signed.
    quartic_sign : float
        s: 1 in the search of the original study, -1 in the run that was to validate it.
    """

    m0: float = 0.1
    g: float = 4.64
    lam_1: float = 1.0
    lam_2: float = math.pi
    delta: float = 0.2
    beta: float = 0.15
    lambda_H: float = 0.5  # noqa: N815 - the study's letters
    g_Y: float = 0.0  # noqa: N815 - as above
    mu2: float = 0.0
    quartic_sign: float = 1.0

    def couplings(self, n_octaves: int = N_OCTAVES) -> Floats:
        """Symmetric matrix C of the couplings, shape (n, n)."""
        lower = np.arange(n_octaves)
        first = np.diag(self.lam_1 * 2.0 ** (-self.beta * lower[:-1]), 1)
        matrix = first
        if n_octaves > 2:
            matrix = first + np.diag(self.lam_2 * 2.0 ** (-self.beta * lower[:-2]), 2)
        return matrix + matrix.T


VALIDATION = Octaves(
    m0=math.sqrt(0.5),
    g=1.0,
    lam_1=0.0,
    lam_2=0.0,
    delta=0.2,
    lambda_H=0.1,
    g_Y=0.5,
    mu2=1.0,
    quartic_sign=-1.0,
)
"""Model A: one octave, attractive quartic term, the run that was to validate the sextic term."""


def octave_potential(
    psi: jax.Array,
    r: jax.Array,  # noqa: ARG001 - every potential takes the radius
    octaves: Octaves,
) -> jax.Array:
    """Return V of the octaves alone at one point; `psi` has shape (n,)."""
    o = octaves
    square = psi**2
    decay = 2.0 ** (-o.beta * jnp.arange(psi.size, dtype=psi.dtype))
    single = o.m0**2 / 2 * square + o.quartic_sign * o.g / 4 * square**2 + o.delta / 8 * square**3
    first = o.lam_1 * decay[:-1] * psi[:-1] * psi[1:]
    second = o.lam_2 * decay[:-2] * psi[:-2] * psi[2:]
    return jnp.sum(single) + jnp.sum(first) + jnp.sum(second)


def full_potential(fields: jax.Array, r: jax.Array, octaves: Octaves) -> jax.Array:
    """Return V of n octaves and Phi at one point; `fields` has shape (n + 1,), Phi comes last."""
    psi, phi2 = fields[:-1], fields[-1] ** 2
    alone = octaves.mu2 / 2 * phi2 + octaves.lambda_H / 4 * phi2**2
    return octave_potential(psi, r, octaves) + alone + octaves.g_Y * phi2 * jnp.sum(psi**2)


def octave_problem(
    octaves: Octaves,
    n_octaves: int = N_OCTAVES,
    radius: float = RADIUS,
    cells: int = CELLS,
    *,
    with_phi: bool = True,
) -> RadialProblem:
    """Return the radial problem of `n_octaves` octaves, and of Phi as its last field.

    Raises
    ------
    daybreak.ProblemError
        Where there is no octave, or a coupling is not a number.
    """
    if n_octaves < 1:
        msg = f"`n_octaves` must be at least 1, but got {n_octaves!r}; Phi alone is no soliton."
        raise dk.ProblemError(msg)
    for name, value in vars(octaves).items():
        if not math.isfinite(value):
            msg = f"couplings must be finite, but {name} is {value!r}."
            raise dk.ProblemError(msg)
    return RadialProblem(
        full_potential if with_phi else octave_potential,
        n_octaves + with_phi,
        radius,
        cells,
        arguments=(octaves,),
    )
