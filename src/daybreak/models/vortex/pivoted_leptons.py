"""Leptons as localised vortices with one thing changed: what "all fail" proposes to try.

Another density, another norm of the three energies, a bulk term, one circulation for all, another
range of beta, another w, a given mass scale.  The masses of electron and muon are those of
`localised_leptons`, and so are the box, the wall envelope and the corrected sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

import daybreak as dk

from .energies import Energies, Vortex
from .exact import Exact
from .functional import Functional, localised_v1
from .leptons import MASSES, Box, beta_parameter, named_parts, vortex_parameters, vortices
from .localised_leptons import BASELINE, BOXES, LAYER_WIDTH, RELATIVE_SIGMA, SCAN
from .mass_map import calibrated_lambda
from .mixed_deficit import MixedDeficit
from .numeric import Numeric

LEPTONS = ("e", "mu")
BULK = (0.0, 1.0)
"""Bounds of kappa, dimensionless."""
AS_BEFORE = {
    **BASELINE,
    "w": LAYER_WIDTH,
    "gaussian": 0.0,
    "lorentzian": 0.0,
    "step": 0.0,
    "norm": 1.0,
}
"""Settings with which nothing is changed: wall, layer, shares of the densities, norm."""


def mixed_functional(
    width: Numeric = LAYER_WIDTH,
    wall_ratio: Numeric = 1.5,
    tail_width: Numeric = 0.5,
    sharpness: Numeric = 6.0,
    **shares: Numeric,
) -> Functional:
    """The v1 functional with the density of a `MixedDeficit`; `shares` are its own."""
    return replace(
        localised_v1(width, wall_ratio, tail_width, sharpness),
        deficit=MixedDeficit(width, **shares),
        scheme=Exact(core_nodes=24),
    )


def normed(found: Energies, exponent: Numeric) -> jax.Array:
    """``(E_circ^q + E_stab^q + E_grad^q)^(1/q)``: the sum for q = 1, Euclidean for q = 2."""
    terms = jnp.stack([found.E_circ, found.E_stab, found.E_grad])
    return jnp.sum(terms**exponent, axis=0) ** (1.0 / jnp.asarray(exponent))


def bulk_energy(kappa: Numeric, radius: Numeric) -> jax.Array:
    """``kappa (4 pi / 3) R^3``: an energy density kappa all over the vortex."""
    return 4.0 * math.pi / 3.0 * jnp.asarray(kappa) * jnp.asarray(radius) ** 3


def circulation_range(boxes: Mapping[str, Box], width: float = LAYER_WIDTH) -> tuple[float, float]:
    """Smallest and largest circulation ``U R`` of any vortex in the boxes, ``R = R_c + w``."""
    low = [(radius[0] + width) * speed[0] for radius, speed, _ in boxes.values()]
    high = [(radius[1] + width) * speed[1] for radius, speed, _ in boxes.values()]
    return min(low), max(high)


def pivot_problem(
    *,
    bulk: bool = False,
    one_circulation: bool = False,
    scale: float | None = None,
    beta: tuple[float, float] = SCAN,
    boxes: Mapping[str, Box] = BOXES,
) -> dk.FitProblem:
    """Electron and muon masses; as it stands, the problem of the localisation night.

    Settings are those of `AS_BEFORE`: k, dv, p, w, the share of each other density, and the
    exponent of the norm.  lambda is calibrated as for the original density throughout: it belongs
    to the medium, not to the profile.

    Parameters
    ----------
    bulk : bool
        Add ``kappa (4 pi / 3) R^3`` to each energy, with one kappa free in [0, 1].
    one_circulation : bool
        One parameter ``Gamma = U R`` for both leptons in place of two speeds.  It may have any
        value that a vortex in the boxes has; the speeds follow, and may leave their old bounds.
    scale : float, optional
        S in MeV, held; without it S is the best one.
    beta : (lower, upper)
        Bounds of beta, dimensionless.
    boxes : mapping lepton -> Box
        Bounds of R_c, U and A.
    """
    chosen = {lepton: boxes[lepton] for lepton in LEPTONS}
    parameters = [beta_parameter(beta, beta), *vortex_parameters(chosen)]
    if one_circulation:
        parameters = [one for one in parameters if not one.name.startswith("U_")]
        parameters.append(dk.Parameter("Gamma", *circulation_range(chosen)))
    if bulk:
        parameters.append(dk.Parameter("kappa", *BULK))

    def energies(p: Any, settings: Any) -> tuple[Vortex, Energies]:
        """The vortices and their terms, with a total that is the pivot's own."""
        vortex = _circling(p, settings.w) if one_circulation else vortices(p, LEPTONS)
        found = _functional(settings).energies(vortex, p.beta, calibrated_lambda(p.beta))
        total = normed(found, settings.norm)
        if bulk:
            total = total + bulk_energy(p.kappa, vortex.core_radius + settings.w)
        return vortex, replace(found, E_total=total)

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Dimensionless energies, which S turns into MeV; or MeV, if S is given."""
        mass = energies(p, settings)[1].E_total * (1.0 if scale is None else scale)
        return {f"m_{lepton}": mass[i] for i, lepton in enumerate(LEPTONS)}

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        vortex, found = energies(p, settings)
        speed = jnp.asarray(vortex.speed)
        derived = named_parts(found, LEPTONS, ("E_circ", "E_stab", "E_grad", "E_total", "F_inner"))
        if one_circulation:
            derived |= {f"U_{lepton}": speed[i] for i, lepton in enumerate(LEPTONS)}
        if scale is not None:
            derived["S"] = jnp.asarray(scale)
        ratio = found.E_total[1] / found.E_total[0]
        return {**derived, "F_inner": jnp.min(found.F_inner), "E_mu_over_E_e": ratio}

    return dk.FitProblem(
        parameters=parameters,
        predict=predict,
        observations={
            f"m_{lepton}": dk.Observation(
                MASSES[lepton], RELATIVE_SIGMA * MASSES[lepton], unit="MeV"
            )
            for lepton in LEPTONS
        },
        scale_factors=[dk.ScaleFactor("S", unit="MeV")] if scale is None else [],
        derive=derive,
        settings=AS_BEFORE,
        name="pivots" if scale is None else f"pivots, S = {scale:g} MeV",
        units={} if scale is None else {"S": "MeV"},
    )


def _functional(settings: Any) -> Functional:
    """The functional of the settings."""
    return mixed_functional(
        settings.w,
        settings.k,
        settings.dv,
        settings.p,
        gaussian=settings.gaussian,
        lorentzian=settings.lorentzian,
        step=settings.step,
    )


def _circling(p: Any, width: Numeric) -> Vortex:
    """Vortices of one circulation, each field of shape (n_leptons,)."""
    radius = jnp.stack([getattr(p, f"R_c_{lepton}") for lepton in LEPTONS])
    amplitude = jnp.stack([getattr(p, f"A_{lepton}") for lepton in LEPTONS])
    return Vortex(radius, p.Gamma / (radius + width), amplitude)
