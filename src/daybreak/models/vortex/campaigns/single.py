"""Single leptons: does a mass tell the shape of its vortex.

The original study fits R, U and A of each lepton to its mass alone, finds 50 different solutions
from 50 starts, and goes on from one of them.  Here the same fits are made with its own grid, the
radius is profiled, and the electron is refitted on coarser and finer grids.
"""

from __future__ import annotations

import numpy as np

import daybreak as dk

from ..cross_lepton import MASS_RATIOS
from ..single_lepton import BETA_REF, GRIDS, single_lepton_problem

BETA_OF_GRIDS = 3.1
"""beta at which the grids are compared."""
ACCEPT = (dk.Criterion("chi2", below=1.0, label="mass met"),)
CLAIMS = (
    dk.Claim("R", 0.43871872866876405, label="published fit of the electron"),
    dk.Claim("U", 0.024041132510003192, label="published fit of the electron"),
    dk.Claim("A", 0.9113675648099089, label="published fit of the electron"),
    dk.Claim("beta", 3.2, label="published minimum of the mass and g scan"),
)


def single() -> dk.Campaign:
    """Three leptons by themselves, the manifold of the electron's solutions, and four grids."""
    problem = single_lepton_problem()
    shape = [*ACCEPT, dk.Criterion("identified", of="R", level="soft", label="R identified")]
    return dk.Campaign(
        "lepton-single",
        [
            dk.Study("e", problem, dk.MultiStart(starts=50), ACCEPT, {"beta": BETA_REF}),
            dk.Sweep(
                "leptons",
                problem,
                dk.MultiStart(starts=8),
                [{"mass": MASS_RATIOS[lepton]} for lepton in ("mu", "tau")],
                ACCEPT,
                names=["mu", "tau"],
            ),
            dk.Study("shape of e", problem, dk.Profile("all", points=9, starts=8), shape),
            dk.Sweep(
                "grid",
                problem,
                dk.MultiStart(starts=8),
                [{"beta": BETA_OF_GRIDS, "nodes": n, "angles": a} for n, a in GRIDS],
                ACCEPT,
                names=[f"grid {n}x{a}" for n, a in GRIDS],
            ),
            dk.Study(
                "mass and g proxy",
                single_lepton_problem(with_g=True),
                dk.Profile("beta", points=np.linspace(2.5, 3.5, 11), starts=8, each=2),
                [*ACCEPT, dk.Criterion("identified", of="beta", level="soft")],
            ),
        ],
        description=(
            "One lepton, one vortex, base functional in the original scheme: 50 starts for the "
            "electron, a profile of each of its parameters, four grids, and its mass together "
            "with the g proxy."
        ),
        decisions=[
            dk.Decision(
                "starts",
                "Every mass fixes its vortex: take the three fits as starts of the joint fit.",
                when=dk.Condition(verdict="PASS", every=True),
            ),
            dk.Decision(
                "a-surface",
                "A mass can be met, but does not tell the shape: any R and A will do. Fit several "
                "leptons to more data before reading a value of any of them.",
                when=dk.Condition(verdict="SOFT_PASS"),
            ),
            dk.Decision("undecided", "Some mass cannot be met: look at the findings."),
        ],
        claims=CLAIMS,
        seed=42,
    )
