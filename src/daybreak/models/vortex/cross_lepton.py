"""The cross-lepton fit: three masses and two g factors from vortices that share beta.

Base functional of the original study.  Ten or eleven numbers meet five data, and E_circ is almost
``2094 U^2`` whatever the radius, so U alone can meet any mass and ``R U`` any ratio of g factors:
chi2 = 0 at every beta.  The sharp minimum once published was an optimiser that stopped early.
"""

from __future__ import annotations

from typing import Any

import jax

import daybreak as dk

from .energies import Energies
from .functional import base
from .leptons import Box, SchemeName, named_parts, target, vortex_parameters, vortices
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


def cross_lepton_problem(
    scheme: SchemeName = "exact",
    relative_sigma_m: float = 1e-6,
    sigma_g: float = 2e-8,
    *,
    free_C: bool = False,
) -> dk.FitProblem:
    """Three masses and two g factors, each as ``m = E_circ - E_stab`` and ``g = C_mu 0.2 R U``.

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
    """
    starts = PROFILE_STARTS if free_C else STARTS
    parameters = [
        dk.Parameter("beta", *BETA),
        *vortex_parameters(dict.fromkeys(LEPTONS, BOX), "R", starts),
    ]
    if free_C:
        parameters.append(dk.Parameter("C_mu", *C_MU, guess=C_MU_START))

    def energies(p: Any, settings: Any) -> Energies:
        functional = base()
        if settings.scheme == "original":
            functional = functional.with_scheme(original_base())
        return functional.energies(vortices(p, LEPTONS, "R"), p.beta)

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Masses in m_e; g factors, up to C_mu where it is eliminated."""
        found = energies(p, settings)
        g = found.g_proxy(p.C_mu) if free_C else found.mu_raw
        masses = {f"m_{lepton}": found.E_total[i] for i, lepton in enumerate(LEPTONS)}
        return {**masses, **{f"g_{lepton}": g[LEPTONS.index(lepton)] for lepton in G_FACTORS}}

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
    return dk.FitProblem(
        parameters=parameters,
        predict=predict,
        observations={**masses, **g_factors},
        scale_factors=[] if free_C else [dk.ScaleFactor("C_mu", over=list(g_factors))],
        derive=derive,
        settings={"scheme": scheme},
    )
