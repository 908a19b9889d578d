"""The last fits of the original study (T3b): masses, g proxies and a penalty on curvature.

Localised vortices of full depth, A = 1.  S makes masses of energies, C_g makes numbers near 2 of
``x = 0.2 R U m_e / (S E)``; both are eliminated.  The penalty ``lam_curv K`` is one more residual,
``sqrt(lam_curv K)``, with K the curvature of all densities together.

``U -> c U, beta -> c^2 beta`` changes no residual, with or without the penalty: S goes as
``c^-2`` and C_g as ``c^-1``.  A set of vortices that meets the data meets them at every beta that
keeps U within its bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

import daybreak as dk

from .curvature import curvature, curvature_on_grid
from .deficit import LayeredDeficit
from .energies import Energies, Vortex
from .functional import localised_v1
from .leptons import SchemeName, named_parts, target
from .localised_leptons import BASELINE, LAYER_WIDTH
from .mass_map import calibrated_lambda, global_scale
from .original import original_localised

Pair: TypeAlias = tuple[tuple[float, float], tuple[float, float]]
"""Bounds of R_c and U of one vortex, dimensionless."""

MASSES = {"e": 0.511, "mu": 105.7, "tau": 1776.86}
"""MeV, rounded as these fits of the original study round them."""
G_FACTORS = {"e": 2.00231930436256, "mu": 2.0023318414, "tau": 2.00118}
"""g, not g - 2."""
SIGMA_G = {"e": 1e-3, "mu": 1e-3, "tau": 1e-2}
RELATIVE_SIGMA = 1e-4
"""Model uncertainty of a mass as a share of it."""
BOXES: dict[str, Pair] = {
    "e": ((0.05, 3.0), (1e-4, 0.2)),
    "mu": ((0.05, 3.0), (1e-3, 1.0)),
    "tau": ((0.05, 3.0), (0.01, 2.0)),
}
STARTS = {
    2: {"e": (0.5912, 0.0081), "mu": (1.4134, 0.7182)},
    3: {"e": (0.5912, 0.0086), "mu": (1.4134, 0.7973), "tau": (1.8, 1.0)},
}
"""R_c and U where the original study begins, by the number of leptons."""
BETA = (1.5, 4.0)
"""Bounds of beta: those of the two-lepton scan and beyond."""


def curved_problem(
    leptons: Sequence[str] = ("e", "mu", "tau"),
    scheme: SchemeName = "exact",
    beta: tuple[float, float] = BETA,
) -> dk.FitProblem:
    """Masses and g proxies of two or three leptons from R_c and U of each, and beta.

    The setting ``lam_curv`` is the weight of the penalty; with 0 the residual is there but always
    zero, so that the problem counts one observation more than it has.

    Parameters
    ----------
    leptons : sequence of {"e", "mu", "tau"}
    scheme : {"exact", "original"}
        Quadrature, also of K.
    beta : (lower, upper)
        Bounds of beta, dimensionless.
    """
    starts, deficit = STARTS[len(leptons)], LayeredDeficit(LAYER_WIDTH)
    sigmas = {lepton: RELATIVE_SIGMA * MASSES[lepton] for lepton in leptons}
    masses = np.array([MASSES[lepton] for lepton in leptons])
    spread = np.array([sigmas[lepton] for lepton in leptons])

    def energies(p: Any, settings: Any) -> Energies:
        functional = localised_v1(LAYER_WIDTH, BASELINE["k"], BASELINE["dv"], BASELINE["p"])
        if settings.scheme == "original":
            functional = functional.with_scheme(original_localised(LAYER_WIDTH))
        return functional.energies(_vortices(p, leptons), p.beta, calibrated_lambda(p.beta))

    def bend(p: Any, settings: Any) -> jax.Array:
        """K of all vortices together."""
        radii = _vortices(p, leptons).core_radius
        if settings.scheme == "original":
            grid = original_localised(LAYER_WIDTH).grid
            return jnp.sum(curvature_on_grid(deficit, radii, grid))
        return jnp.sum(curvature(deficit, radii))

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Energies, to be multiplied by S, and proxies x, to be multiplied by C_g."""
        found = energies(p, settings)
        scale = global_scale(found.E_total, masses, spread)
        proxy = found.mu_raw * MASSES["e"] / (scale * found.E_total)
        predicted = {f"m_{lepton}": found.E_total[i] for i, lepton in enumerate(leptons)}
        predicted |= {f"g_{lepton}": proxy[i] for i, lepton in enumerate(leptons)}
        # The root of the product would have no slope where the weight is zero.
        penalty = jnp.sqrt(settings.lam_curv) * jnp.sqrt(bend(p, settings))
        return {**predicted, "curvature": penalty}

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        found = energies(p, settings)
        names = ("E_circ", "E_stab", "E_grad", "E_total")
        ratio = found.E_total[1] / found.E_total[0]
        parts = named_parts(found, leptons, names)
        return {**parts, "E_mu_over_E_e": ratio, "K": bend(p, settings)}

    data = {
        f"m_{lepton}": target(MASSES[lepton], sigmas[lepton], "MeV", "mass") for lepton in leptons
    }
    proxies = {
        f"g_{lepton}": target(
            G_FACTORS[lepton], SIGMA_G[lepton] if len(leptons) == 3 else 1e-3, "", "g proxy"
        )
        for lepton in leptons
    }
    penalty = {"curvature": dk.Observation(0.0, 1.0, group="penalty")}
    return dk.FitProblem(
        parameters=[dk.Parameter("beta", *beta, guess=2.5), *_parameters(leptons, starts)],
        predict=predict,
        observations={**data, **proxies, **penalty},
        scale_factors=[
            dk.ScaleFactor("S", over=list(data), unit="MeV"),
            dk.ScaleFactor("C_g", over=list(proxies)),
        ],
        derive=derive,
        settings={"lam_curv": 0.0, "scheme": scheme},
        name=f"T3b, {len(leptons)} leptons",
    )


def _parameters(
    leptons: Sequence[str], starts: Mapping[str, tuple[float, float]]
) -> list[dk.Parameter]:
    """``R_c_e``, ``U_e``, ``R_c_mu``, ..."""
    return [
        dk.Parameter(f"{letter}_{lepton}", *BOXES[lepton][i], guess=starts[lepton][i])
        for lepton in leptons
        for i, letter in enumerate(("R_c", "U"))
    ]


def _vortices(p: Any, leptons: Sequence[str]) -> Vortex:
    """Vortices of full depth, each field of shape (n_leptons,)."""
    radius = jnp.stack([getattr(p, f"R_c_{lepton}") for lepton in leptons])
    speed = jnp.stack([getattr(p, f"U_{lepton}") for lepton in leptons])
    return Vortex(radius, speed, 1.0)
