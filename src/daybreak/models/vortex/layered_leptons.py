"""The boundary-layer fit: three masses from layered vortices that share beta, w and a scale S.

With S free only the ratios of the energies count, and ``U -> c U, beta -> c^2 beta`` changes none:
beta is told by nothing but the bounds of U.  Those allow ``E_tau / E_mu`` up to 9, not the 16.8
that the masses ask for, so chi2 stays at 1.65e7 wherever beta and w are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

import daybreak as dk

from .energies import Energies
from .functional import boundary_layer
from .leptons import MASSES, Box, SchemeName, named_parts, target, vortex_parameters, vortices
from .mass_map import GRADIENT_SHARE, calibrated_lambda
from .original import original_boundary_layer

LAYER_WIDTH = 0.015
"""w at which the original study compares everything else, dimensionless."""
RELATIVE_SIGMA = 1e-4
"""Model uncertainty of a mass as a share of it."""
BOXES: dict[str, Box] = {
    "e": ((0.5, 1.5), (0.01, 0.10), (0.7, 1.0)),
    "mu": ((0.05, 0.30), (0.05, 0.20), (0.7, 1.0)),
    "tau": ((0.30, 0.80), (0.02, 0.15), (0.7, 1.0)),
}
"""Bounds of R_c, U and A for each lepton, dimensionless."""
BETA = (3.00, 3.20)
WIDTH = (0.010, 0.025)


def boundary_layer_problem(
    scheme: SchemeName = "exact",
    beta: tuple[float, float] = BETA,
    width: tuple[float, float] = WIDTH,
    boxes: Mapping[str, Box] = BOXES,
) -> dk.FitProblem:
    """Masses of three leptons, ``m = S (E_circ - E_stab + E_grad)`` with S eliminated.

    The setting ``eta`` is E_grad over E_stab at the reference radius, 0.03; 0 drops the term.

    Parameters
    ----------
    scheme : {"exact", "original"}
        Quadrature.  In the exact one w is a parameter; the grid of the original one is made of
        w, down to the number of its nodes, so there w is a static setting, 0.015 unless given.
    beta, width : (lower, upper)
        Ranges of beta and, in the exact scheme, of w, dimensionless.
    boxes : mapping lepton -> Box
        Bounds of R_c, U and A; another box shows which bound stands in the way.
    """
    leptons, traced = tuple(boxes), scheme == "exact"
    parameters = [dk.Parameter("beta", *beta)]
    if traced:
        parameters.append(dk.Parameter("w", *width))
    parameters += vortex_parameters(boxes)

    def energies(p: Any, settings: Any) -> Energies:
        w = p.w if traced else settings.w
        functional = boundary_layer(w)
        if not traced:
            functional = functional.with_scheme(original_boundary_layer(w))
        return functional.energies(
            vortices(p, leptons), p.beta, calibrated_lambda(p.beta, settings.eta)
        )

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Dimensionless energies; S turns them into MeV."""
        found = energies(p, settings).E_total
        return {f"m_{lepton}": found[i] for i, lepton in enumerate(leptons)}

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        parts = ("E_circ", "E_stab", "E_grad", "E_total")
        return named_parts(energies(p, settings), leptons, parts)

    return dk.FitProblem(
        parameters=parameters,
        predict=predict,
        observations={
            f"m_{lepton}": target(MASSES[lepton], RELATIVE_SIGMA * MASSES[lepton], "MeV", "mass")
            for lepton in leptons
        },
        scale_factors=[dk.ScaleFactor("S", unit="MeV")],
        derive=derive,
        settings={"eta": GRADIENT_SHARE} if traced else {"eta": GRADIENT_SHARE, "w": LAYER_WIDTH},
        static=() if traced else ("w",),
        name=f"boundary layer, {scheme} scheme",
    )
