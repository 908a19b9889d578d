"""Leptons as vortices: what every fit of their masses declares in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp

import daybreak as dk

from .energies import Energies, Vortex

SchemeName = Literal["exact", "original"]
"""Quadrature; the original one is there to reproduce published numbers."""

Box: TypeAlias = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""Bounds of the radius, the speed U and the amplitude A of one vortex, dimensionless."""

MASSES = {"e": 0.511, "mu": 105.7, "tau": 1776.8}
"""Lepton masses in MeV, rounded as the original study rounds them."""

_MEASURED = 1e-9
"""Measurement uncertainty of a datum as a share of its tolerance."""


def vortex_parameters(
    boxes: Mapping[str, Box],
    radius: str = "R_c",
    starts: Mapping[str, tuple[float, float, float]] | None = None,
) -> list[dk.Parameter]:
    """Radius, U and A of every lepton: ``R_c_e``, ``U_e``, ``A_e``, ``R_c_mu``, ...

    Parameters
    ----------
    boxes : mapping lepton -> Box
        Bounds, dimensionless, in the order of the parameters.
    radius : str
        Letter of the radius: ``R_c`` where the density has a layer, ``R`` where it has none.
    starts : mapping lepton -> (radius, U, A), optional
        Guesses.
    """
    return [
        dk.Parameter(
            f"{letter}_{lepton}", *bounds, guess=None if starts is None else starts[lepton][i]
        )
        for lepton, box in boxes.items()
        for i, (letter, bounds) in enumerate(zip((radius, "U", "A"), box, strict=True))
    ]


def range_of(
    name: str, value: tuple[float, float] | float, whole: tuple[float, float]
) -> dk.Parameter:
    """A parameter that is free on a range, or fixed at one value inside the `whole` range."""
    if isinstance(value, tuple):
        return dk.Parameter(name, *value)
    return dk.Parameter(name, *whole, fixed=value)


def beta_parameter(beta: tuple[float, float] | float, whole: tuple[float, float]) -> dk.Parameter:
    """Beta, free on a range, or fixed at one value inside the `whole` range."""
    return range_of("beta", beta, whole)


def vortices(p: Any, leptons: Sequence[str], radius: str = "R_c") -> Vortex:
    """Vortices of the parameters of `vortex_parameters`, each field of shape (n_leptons,)."""

    def column(letter: str) -> jax.Array:
        return jnp.stack([getattr(p, f"{letter}_{lepton}") for lepton in leptons])

    return Vortex(column(radius), column("U"), column("A"))


def named_parts(
    found: Energies, leptons: Sequence[str], parts: Sequence[str]
) -> dict[str, jax.Array]:
    """Parts of energies of shape (n_leptons,) by name: ``E_circ_e``, ``E_stab_e``, ..."""
    return {
        f"{part}_{lepton}": getattr(found, part)[i]
        for i, lepton in enumerate(leptons)
        for part in parts
    }


def target(value: float, tolerance: float, unit: str, group: str) -> dk.Observation:
    """A number that the model is asked to meet within `tolerance`, in `unit`.

    The tolerances of the original study say how far its model is trusted; it adds no uncertainty
    of a measurement to them, whatever that may be.  So they are model uncertainties here, which
    may be scaled to see what hangs on them, and the measurement's is too small to matter at any
    such scale: it leaves the last digit of the total as it is.
    """
    return dk.Observation(value, _MEASURED * tolerance, model=tolerance, unit=unit, group=group)
