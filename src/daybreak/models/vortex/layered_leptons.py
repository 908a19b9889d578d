"""The boundary-layer fit: three masses from layered vortices that share beta, w and a scale S.

With S free only the ratios of the energies count, and ``U -> c U, beta -> c^2 beta`` changes none:
beta is told by nothing but the bounds of U.  Those allow ``E_tau / E_mu`` up to 9, not the 16.8
that the masses ask for, so chi2 stays at 1.65e7 wherever beta and w are.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import numpy as np

import daybreak as dk

from .energies import Energies
from .functional import boundary_layer
from .grid_table import GridTable, tabulate
from .leptons import (
    MASSES,
    Box,
    SchemeName,
    beta_parameter,
    named_parts,
    range_of,
    target,
    vortex_parameters,
    vortices,
)
from .mass_map import GRADIENT_SHARE, calibrated_lambda, electron_scale
from .original import original_boundary_layer
from .original_grid import COARSE_STEP, FINE_FACTOR, RadialGrid, smart_grid

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


ANGLES = 20
"""Nodes of the original rectangle rule over the angles."""
PUBLISHED_GRID = {"angles": ANGLES, "fine": FINE_FACTOR, "coarse": COARSE_STEP}
"""What the original grid is made of, beside w: angles, steps per layer, step elsewhere."""
FINER_GRID = {"angles": 2 * ANGLES, "fine": 2 * FINE_FACTOR, "coarse": COARSE_STEP / 2}
"""Each of them twice as fine; the original study announces that it varies them, and never does."""


def boundary_layer_problem(
    scheme: SchemeName = "exact",
    beta: tuple[float, float] | float = BETA,
    width: tuple[float, float] | float = WIDTH,
    boxes: Mapping[str, Box] = BOXES,
    *,
    mass_map: Literal["global", "electron"] = "global",
    widths: Sequence[float] = (),
    finer: bool = False,
) -> dk.FitProblem:
    """Masses of three leptons, ``m = S (E_circ - E_stab + E_grad)`` with S eliminated.

    The setting ``eta`` is E_grad over E_stab at the reference radius, 0.03; 0 drops the term.

    Parameters
    ----------
    scheme : {"exact", "original"}
        Quadrature.  In the exact one w is a parameter; the grid of the original one is made of
        w, down to the number of its nodes, so there w is a static setting, 0.015 unless given.
    beta, width : (lower, upper)
        Ranges of beta and, in the exact scheme, of w, dimensionless; one number fixes either.
    boxes : mapping lepton -> Box
        Bounds of R_c, U and A; another box shows which bound stands in the way.
    mass_map : {"global", "electron"}
        S is the best for all masses, or ``S = m_e / E_e`` at every evaluation, the earlier map.
    widths : sequence of float
        In the original scheme, the values that w will take: it is then traced, and one model
        serves them all.
    finer : bool
        Make knobs of what else the grid is made of: ``angles``, ``fine`` and ``coarse``.
    """
    leptons, original = tuple(boxes), scheme == "original"
    free_width = () if original else (range_of("w", width, WIDTH),)
    numbers = _grid_settings(widths) if original else {}

    def energies(p: Any, settings: Any) -> Energies:
        w = settings.w if original else p.w
        functional = boundary_layer(w)
        if original:
            row = [getattr(settings, name) for name in numbers]
            grid = _table(tuple(widths), finer).pick(*row) if widths else w
            functional = functional.with_scheme(original_boundary_layer(grid))
        return functional.energies(
            vortices(p, leptons), p.beta, calibrated_lambda(p.beta, settings.eta)
        )

    def scale(found: Energies) -> Any:
        """S in MeV, or 1 where it is eliminated afterwards."""
        masses = np.array([MASSES[lepton] for lepton in leptons])
        return 1.0 if mass_map == "global" else electron_scale(found.E_total, masses)

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        """Dimensionless energies, which S turns into MeV; or MeV, if the electron gives S."""
        found = energies(p, settings)
        mass = scale(found) * found.E_total
        return {f"m_{lepton}": mass[i] for i, lepton in enumerate(leptons)}

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        found = energies(p, settings)
        parts = named_parts(found, leptons, ("E_circ", "E_stab", "E_grad", "E_total"))
        return parts if mass_map == "global" else {**parts, "S": scale(found)}

    return dk.FitProblem(
        parameters=[beta_parameter(beta, BETA), *free_width, *vortex_parameters(boxes)],
        predict=predict,
        observations={
            f"m_{lepton}": target(MASSES[lepton], RELATIVE_SIGMA * MASSES[lepton], "MeV", "mass")
            for lepton in leptons
        },
        scale_factors=[dk.ScaleFactor("S", unit="MeV")] if mass_map == "global" else [],
        derive=derive,
        settings={"eta": GRADIENT_SHARE, **numbers},
        static=("w",) if original and not widths else (),
        name=f"boundary layer, {scheme} scheme"
        + ("" if mass_map == "global" else ", electron match"),
        knobs=[dk.Knob(n, refined=FINER_GRID[n]) for n in FINER_GRID if finer],
        units={} if mass_map == "global" else {"S": "MeV"},
    )


def _grid_settings(widths: Sequence[float]) -> dict[str, float]:
    """Settings of the original scheme: w alone, or all that its grid is made of, in order."""
    if not widths:
        return {"w": LAYER_WIDTH}
    first = LAYER_WIDTH if LAYER_WIDTH in widths else widths[0]
    return {"w": first, **PUBLISHED_GRID}


@functools.lru_cache(maxsize=8)
def _table(widths: tuple[float, ...], finer: bool) -> GridTable:  # noqa: FBT001 - cached
    """For each w the published grid and, if asked, three that are finer in one respect each."""
    rows = [{**PUBLISHED_GRID, name: value} for name, value in FINER_GRID.items()]
    choices = [PUBLISHED_GRID, *(rows if finer else [])]
    return tabulate(_grid, [(w, *row.values()) for w in widths for row in choices])


def _grid(width: float, angles: float, fine: float, coarse: float) -> RadialGrid:
    """Return the grid made of these numbers."""
    return smart_grid(width, int(angles), fine, coarse)
