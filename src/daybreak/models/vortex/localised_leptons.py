"""Leptons as localised vortices: masses that share beta and a scale S, and what A does to I.

With S free only the ratios of the energies count, and ``U -> c U, beta -> c^2 beta`` changes none:
beta is told by nothing but the bounds of U.  In the box of the original study the electron's
E_stab is so large that no muon can be 207 times as heavy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import jax
import jax.numpy as jnp

import daybreak as dk

from .energies import Energies, Vortex
from .functional import Functional, localised_v0, localised_v1
from .leptons import (
    MASSES,
    Box,
    SchemeName,
    beta_parameter,
    named_parts,
    vortex_parameters,
    vortices,
)
from .mass_map import calibrated_lambda
from .original import original_localised

Variant = Literal["v0", "v1"]
"""Global envelope with ``- E_stab``, or wall envelope with ``+ E_stab`` (the corrected sign)."""

LAYER_WIDTH = 0.020
"""w, dimensionless."""
RELATIVE_SIGMA = 1e-4
"""Model uncertainty of a mass as a share of it; the measured ones are far more precise."""
BOXES: dict[str, Box] = {
    "e": ((0.5, 1.5), (0.01, 0.10), (0.70, 1.0)),
    "mu": ((0.05, 0.30), (0.05, 0.20), (0.70, 1.0)),
    "tau": ((0.03, 0.15), (0.10, 0.30), (0.60, 1.0)),
}
"""Bounds of R_c, U and A for each lepton, dimensionless."""
SCAN = (3.00, 3.20)
"""Bounds of beta."""
BASELINE = {"k": 1.5, "dv": 0.5, "p": 6.0}
"""Wall ratio, relative width of the tail and sharpness of the v1 envelope."""
CONFINED = {"k": 1.0, "p": 8.0}
"""Wall ratio and sharpness of the v0 envelope in the fits of the original study."""


def localised_functional(variant: Variant, settings: Any) -> Functional:
    """The functional of `settings`: k, p, the scheme, and for v1 also dv."""
    if variant == "v0":
        functional = localised_v0(LAYER_WIDTH, settings.k, settings.p)
    else:
        functional = localised_v1(LAYER_WIDTH, settings.k, settings.dv, settings.p)
    if settings.scheme == "original":
        functional = functional.with_scheme(original_localised(LAYER_WIDTH))
    return functional


def lepton_problem(
    leptons: Sequence[str] = ("e", "mu"),
    scheme: SchemeName = "exact",
    variant: Variant = "v1",
    boxes: Mapping[str, Box] = BOXES,
    beta: tuple[float, float] | float = SCAN,
) -> dk.FitProblem:
    """Masses of some leptons from localised vortices that share beta and the scale S.

    Parameters
    ----------
    leptons : sequence of {"e", "mu", "tau"}
    scheme : {"exact", "original"}
        Quadrature; the original one is there to reproduce published numbers.
    variant : {"v0", "v1"}
        Envelope and sign.
    boxes : mapping lepton -> Box
        Bounds of R_c, U and A; another box shows which bound stands in the way.
    beta : (lower, upper), or a number
        Bounds of beta, or the value at which it is held, dimensionless.
    """
    chosen = {lepton: boxes[lepton] for lepton in leptons}
    parameters = [beta_parameter(beta, SCAN), *vortex_parameters(chosen)]

    def energies(p: Any, settings: Any) -> Energies:
        functional = localised_functional(variant, settings)
        return functional.energies(vortices(p, leptons), p.beta, calibrated_lambda(p.beta))

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Dimensionless energies; S turns them into MeV."""
        found = energies(p, settings).E_total
        return {f"m_{lepton}": found[i] for i, lepton in enumerate(leptons)}

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        found = energies(p, settings)
        names = ("E_circ", "E_stab", "E_grad", "E_total", "F_inner")
        parts = named_parts(found, leptons, names)
        return {**parts, "F_inner": jnp.min(found.F_inner), **_ratios(found.E_total, leptons)}

    return dk.FitProblem(
        parameters=parameters,
        predict=predict,
        observations={
            f"m_{lepton}": dk.Observation(
                MASSES[lepton], RELATIVE_SIGMA * MASSES[lepton], unit="MeV"
            )
            for lepton in leptons
        },
        scale_factors=[dk.ScaleFactor("S", unit="MeV")],
        derive=derive,
        settings={**(BASELINE if variant == "v1" else CONFINED), "scheme": scheme},
        name="" if variant == "v1" else "localised, v0",
    )


def _ratios(energy: jax.Array, leptons: Sequence[str]) -> dict[str, jax.Array]:
    """``E_mu / E_e`` and the like, and the ratios of the leptons' own scales ``S_l = m_l / E_l``.

    A scale counts as zero where its energy is not positive, and so does a ratio with it.
    """
    found: dict[str, jax.Array] = {}
    for i, (light, heavy) in enumerate(pairwise(leptons)):
        found[f"E_{heavy}_over_E_{light}"] = energy[i + 1] / energy[i]
        # The original study asks for S_e / S_mu, but for S_tau / S_mu.
        above, below = (i, i + 1) if light == "e" else (i + 1, i)
        positive = (energy[i] > 0.0) & (energy[i + 1] > 0.0)
        ratio = MASSES[leptons[above]] / MASSES[leptons[below]] * energy[below] / energy[above]
        name = f"S_{leptons[above]}_over_S_{leptons[below]}"
        found[name] = jnp.where(positive, ratio, 0.0)
    return found


# What the amplitude does to I = E_circ / U^2.

RADIUS, SPEED = 0.30, 0.05
"""R_c and U of the vortex whose amplitude is varied, dimensionless."""
AMPLITUDES = (0.70, 0.99)
"""The two depths that are compared."""
SMALLEST_CHANGE = 0.01
"""Least change of I that counts, as a share of it."""


def inertia_problem(variant: Variant, scheme: SchemeName = "exact") -> dk.FitProblem:
    """The amplitude A at which ``I = E_circ / U^2`` has changed by 1 % from that at A = 0.70.

    Derived are what the original study asks of a pair of amplitudes, 0.70 and 0.99: the mean share
    of E_circ inside (``F_inner``, in each variant's own meaning), the same within the vortex and
    within the wall, and the change of I (``dI_over_I``).  None depends on the A that is fitted.
    """

    def inertia(amplitudes: Any, settings: Any) -> Energies:
        functional = localised_functional(variant, settings)
        return functional.energies(Vortex(RADIUS, SPEED, amplitudes), 1.0)

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """I over that at A = 0.70; it falls with A."""
        found = inertia(jnp.stack([jnp.asarray(AMPLITUDES[0]), jnp.asarray(p.A)]), settings).I
        return {"ratio_of_I": found[1] / found[0]}

    def derive(_: Any, settings: Any) -> dict[str, jax.Array]:
        found = inertia(jnp.asarray(AMPLITUDES), settings)
        shares = {name: jnp.mean(getattr(found, name)) for name in ("F_core", "F_wall")}
        return {
            "F_inner": jnp.mean(found.F_inner),
            **shares,
            "dI_over_I": jnp.abs(found.I[1] - found.I[0]) / found.I[0],
            "wall_ratio": jnp.asarray(settings.k) * 1.0,
        }

    return dk.FitProblem(
        parameters=[dk.Parameter("A", *AMPLITUDES)],
        predict=predict,
        # No uncertainty is stated; with 1 chi2 is the squared distance.
        observations={"ratio_of_I": dk.Observation(1.0 - SMALLEST_CHANGE, 1.0)},
        derive=derive,
        settings={"scheme": scheme}
        | ({"k": 1.0, "p": 8.0} if variant == "v0" else {"k": 1.0, "dv": 0.25, "p": 6.0}),
        name=f"inertia, {variant}",
        knobs=[dk.Knob("scheme", refined="exact")] if scheme == "original" else [],
    )
