"""One lepton, one vortex: the fits that gave the later ones their starts.

Base functional of the original study.  One mass fixes one number of three: any R and A will do,
``U^2 = (m + E_stab) / E_circ(U = 1)`` makes up for them, so that the solutions fill a surface.
"""

from __future__ import annotations

import functools
from typing import Any

import jax

import daybreak as dk

from .cross_lepton import BETA, G_FACTORS
from .energies import Energies, Vortex
from .functional import base
from .grid_table import GridTable, tabulate
from .leptons import Box, target
from .original import original_base
from .original_grid import BASE_ANGLES, BASE_NODES, uniform_grid

BETA_REF = 3.058230856
"""beta of the published fits, dimensionless."""
BOX: Box = ((0.05, 1.1), (0.001, 3.0), (0.4, 1.0))
"""Bounds of R, U and A.  The original searches without any; its 50 solutions lie in here."""
START = (0.44, 0.024, 0.90)
"""R, U and A where its fits of the electron begin."""
RELATIVE_SIGMA = 1e-6
"""Model uncertainty of the mass as a share of it: that of the later fits; here it had none."""
SIGMA_G = 2e-8
C_ELECTRON = 948.0
"""Constant of the g proxy, calibrated on the electron's start alone."""
GRIDS = ((50, 10), (100, 20), (200, 40), (400, 80))
"""Nodes in r and in the angle at which the original refits the electron."""


def single_lepton_problem(*, with_g: bool = False) -> dk.FitProblem:
    """The mass of one lepton over its target, ``(E_circ - E_stab) / m``, in the original scheme.

    Settings are the ``mass`` in units of the electron's, ``beta``, and the grid, ``nodes`` by
    ``angles``, one of `GRIDS`.

    Parameters
    ----------
    with_g : bool
        Fit beta as well, and to the mass add the electron's g as ``948 (0.2 R U) / mass``: a
        proxy, no magnetic moment.
    """
    shape = [
        dk.Parameter(name, *bounds, guess=guess)
        for name, bounds, guess in zip(("R", "U", "A"), BOX, START, strict=True)
    ]
    fixed = {} if with_g else {"beta": BETA_REF}

    def energies(p: Any, settings: Any) -> Energies:
        grid = _grids().pick(settings.nodes, settings.angles)
        beta = p.beta if with_g else settings.beta
        functional = base().with_scheme(original_base(grid))
        return functional.energies(Vortex(p.R, p.U, p.A), beta)

    def predict(p: Any, settings: Any) -> dict[str, jax.Array]:
        found = energies(p, settings)
        mass = {"m": found.E_total / settings.mass}
        return {**mass, "g": found.g_proxy(C_ELECTRON) / settings.mass} if with_g else mass

    def derive(p: Any, settings: Any) -> dict[str, jax.Array]:
        found = energies(p, settings)
        return {part: getattr(found, part) for part in ("E_circ", "E_stab", "E_total")}

    g = {"g": target(G_FACTORS["e"], SIGMA_G, "", "g factor")} if with_g else {}
    return dk.FitProblem(
        parameters=[*([dk.Parameter("beta", *BETA)] if with_g else []), *shape],
        predict=predict,
        observations={"m": target(1.0, RELATIVE_SIGMA, "of its target", "mass"), **g},
        derive=derive,
        settings={"mass": 1.0, **fixed, "nodes": BASE_NODES, "angles": BASE_ANGLES},
        knobs=[
            dk.Knob("nodes", refined=GRIDS[-1][0]),
            dk.Knob("angles", refined=GRIDS[-1][1]),
        ],
    )


@functools.lru_cache(maxsize=1)
def _grids() -> GridTable:
    """Every number of nodes with every number of angles."""
    keys = [(nodes, angles) for nodes, _ in GRIDS for _, angles in GRIDS]
    return tabulate(lambda nodes, angles: uniform_grid(int(nodes), int(angles)), keys)
