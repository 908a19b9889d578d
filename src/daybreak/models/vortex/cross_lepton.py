"""The cross-lepton fit: three masses and two g factors from vortices that share beta.

Base functional of the original study.  Ten or eleven numbers meet five data, and E_circ is almost
``2094 U^2`` whatever the radius, so U alone can meet any mass and ``R U`` any ratio of g factors:
chi2 = 0 at every beta.  The sharp minimum once published was an optimiser that stopped early.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax

import daybreak as dk

from .energies import Energies
from .exact import Exact
from .functional import base
from .leptons import (
    Box,
    SchemeName,
    beta_parameter,
    named_parts,
    target,
    vortex_parameters,
    vortices,
)
from .original import original_base

LEPTONS = ("e", "mu", "tau")
MASS_RATIOS = {"e": 1.0, "mu": 206.7682826, "tau": 3477.228}
"""Masses in units of the electron's."""
G_FACTORS = {"e": 2.00231930436256, "mu": 2.0023318418}
"""g, not g - 2; the tau's is not fitted."""
BETA = (2.5, 3.5)
BOX: Box = ((0.1, 1.0), (0.001, 3.0), (0.1, 1.0))
"""Bounds of R, U and A, the same for every lepton."""
C_MU = (100.0, 1500.0)
"""Bounds of the constant between ``0.2 R U`` and g where it is fitted with the rest."""

STARTS = {"e": (0.44, 0.024, 0.90), "mu": (0.49, 0.31, 0.91), "tau": (0.50, 1.26, 0.92)}
"""R, U and A where the multi-start of the original study begins; it varies beta alone."""
PROFILE_STARTS = {"e": (0.88, 0.036, 0.92), "mu": (0.13, 0.31, 0.92), "tau": (0.50, 1.29, 0.92)}
"""The same for its profile in beta, which fits C_mu from 250 on."""
C_MU_START = 250.0
R_MAX, WIDER = 10.0, 20.0
"""Radius of the box that the kinetic energy is integrated in, and one twice as large."""
RMS_OF_RADIUS = math.sqrt(3.0 / 7.0)
"""Root-mean-square radius of a parabolic deficit in units of R: ``r^2 = 3/7 R^2``.

It weighs ``r^2`` with ``1 - x^2``: ``(1/5 - 1/7) / (1/3 - 1/5)``; A cancels.
"""
SYNTHETIC_RADII = {"e": 0.97, "mu": 0.1227, "tau": 0.5}
"""R in a solution of all five data at beta 3.14 with A = 0.92 throughout (exact scheme)."""


def cross_lepton_problem(
    scheme: SchemeName = "exact",
    relative_sigma_m: float = 1e-6,
    sigma_g: float = 2e-8,
    *,
    free_C: bool = False,
    beta: tuple[float, float] | float = BETA,
    rms_radii: Mapping[str, float] | None = None,
) -> dk.FitProblem:
    """Three masses and two g factors, each as ``m = E_circ - E_stab`` and ``g = C_mu 0.2 R U``.

    That g is a proxy: it knows no charge and no current, and C_mu is fitted.  The setting
    ``r_max`` is the box of the exact scheme, a knob: nothing should depend on it.

    Parameters
    ----------
    scheme : {"exact", "original"}
        Quadrature, a setting.
    relative_sigma_m : float
        Model uncertainty of a mass as a share of it (the loose run of the original study: 1e-5).
    sigma_g : float
        Model uncertainty of a g factor (the loose run: 1e-7).
    free_C : bool
        Fit C_mu within its bounds, as the profile of the original study does, instead of
        eliminating it in closed form, as its multi-start does.  Each brings its own guesses.
    beta : (lower, upper) or float
        Range of beta; one number fixes it.
    rms_radii : mapping lepton -> float, optional
        Synthetic data of a third kind: the radii R whose root-mean-square radius ``R sqrt(3/7)``
        is observed to 1 %.  Nobody has measured them.
    """
    starts, radii = PROFILE_STARTS if free_C else STARTS, dict(rms_radii or {})
    parameters = [
        beta_parameter(beta, BETA),
        *vortex_parameters(dict.fromkeys(LEPTONS, BOX), "R", starts),
    ]
    if free_C:
        parameters.append(dk.Parameter("C_mu", *C_MU, guess=C_MU_START))

    def energies(p: Any, settings: Any) -> Energies:
        box = Exact(r_min=0.0, r_max=settings.r_max)
        quadrature = original_base() if settings.scheme == "original" else box
        functional = base().with_scheme(quadrature)
        return functional.energies(vortices(p, LEPTONS, "R"), p.beta)

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Masses in m_e; g factors, up to C_mu where it is eliminated; synthetic radii."""
        found = energies(p, settings)
        g = found.g_proxy(p.C_mu) if free_C else found.mu_raw
        masses = {f"m_{lepton}": found.E_total[i] for i, lepton in enumerate(LEPTONS)}
        proxies = {f"g_{lepton}": g[LEPTONS.index(lepton)] for lepton in G_FACTORS}
        rms = {f"r_{lepton}": RMS_OF_RADIUS * getattr(p, f"R_{lepton}") for lepton in radii}
        return {**masses, **proxies, **rms}

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        parts = ("E_circ", "E_stab", "E_total", "mu_raw")
        return named_parts(energies(p, settings), LEPTONS, parts)

    masses = {
        f"m_{lepton}": target(mass, relative_sigma_m * mass, "m_e", "mass")
        for lepton, mass in MASS_RATIOS.items()
    }
    g_factors = {
        f"g_{lepton}": target(g, sigma_g, "", "g factor") for lepton, g in G_FACTORS.items()
    }
    synthetic = {
        f"r_{lepton}": target(RMS_OF_RADIUS * R, 0.01 * RMS_OF_RADIUS * R, "", "synthetic radius")
        for lepton, R in radii.items()
    }
    return dk.FitProblem(
        parameters=parameters,
        predict=predict,
        observations={**masses, **g_factors, **synthetic},
        scale_factors=[] if free_C else [dk.ScaleFactor("C_mu", over=list(g_factors))],
        derive=derive,
        settings={"scheme": scheme, "r_max": R_MAX},
        knobs=[dk.Knob("r_max", refined=WIDER)],
    )
