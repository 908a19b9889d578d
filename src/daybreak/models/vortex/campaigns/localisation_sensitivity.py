"""Run 1A: how far the wall has to be for the amplitude of the deficit to matter.

No fit of the original study but a table: for each wall ratio k the mean share of E_circ inside,
and by how much ``I = E_circ / U^2`` changes from A = 0.70 to A = 0.99.  What is fitted here is the
A at which I has changed by 1 %, the least change that counts; it says whether the change is within
reach at all.

F_inner is the share within the vortex in v0 and the share within the wall, k times as far out, in
v1: the two columns ``F_core`` and ``F_wall`` tell them apart.
"""

from __future__ import annotations

import daybreak as dk

from ..leptons import SchemeName
from ..localised_leptons import SMALLEST_CHANGE, Variant, inertia_problem

WALLS: dict[Variant, tuple[float, ...]] = {"v0": (1.0, 1.5, 2.0, 3.0), "v1": (1.0, 1.5, 2.0)}
"""Wall ratios k of the two variants."""
SMALLEST_SHARE = 0.5
"""Least mean share of E_circ inside."""


def localisation_sensitivity(scheme: SchemeName = "exact") -> dk.Campaign:
    """Both variants over their wall ratios, and the smallest k that passes in both."""
    accept = [
        dk.Criterion("F_inner", at_least=SMALLEST_SHARE, label="inner share"),
        dk.Criterion("dI_over_I", at_least=SMALLEST_CHANGE, label="change of I"),
        dk.Criterion("chi2", below=1e-8, level="note", label="1 % within reach"),
    ]
    method = dk.MultiStart(starts=8)
    return dk.Campaign(
        "lepton-localisation-sensitivity",
        [
            dk.Sweep(
                variant,
                inertia_problem(variant, scheme),
                method,
                {"k": walls},
                accept,
                names=[f"{variant} k={k:g}" for k in walls],
            )
            for variant, walls in WALLS.items()
        ],
        description=(
            "Share of the kinetic energy inside, and change of I = E_circ / U^2 with the depth A "
            "of the deficit, for walls k times the vortex away."
        ),
        decisions=[_choose(k) for k in WALLS["v1"]]
        + [dk.Decision("none", "No wall ratio passes in both variants: the envelope is no help.")],
        rule="any",
        seed=42,
    )


def _choose(k: float) -> dk.Decision:
    """The row that takes k where both variants pass with it; rows come in the order of k."""
    return dk.Decision(
        f"k={k:g}",
        f"Choose k = {k:g}, the smallest wall ratio that passes in both variants.",
        when=[
            dk.Condition(verdict="PASS", at_least=2),
            dk.Condition(quantity="wall_ratio", above=k - 0.01, below=k + 0.01),
        ],
    )
