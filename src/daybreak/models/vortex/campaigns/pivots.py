"""The pivots: what the localisation night proposes when every configuration fails.

Each is the localisation problem with one thing changed and the same criteria P1-P4, and each asks
the preflight first: what ratio of the two energies can it reach, and which bound stops it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import daybreak as dk

from ..leptons import Box
from ..localised_leptons import BASELINE, BOXES, SCAN
from ..pivoted_leptons import pivot_problem
from .localisation import CLAIMS, CONFIGURATIONS

LOWER_SCAN, UPPER_SCAN = (2.8, 3.0), (3.2, 3.4)
GIVEN_SCALE = 10.0
"""S in MeV where it is held."""
CHANGED = {
    "gaussian density": {"gaussian": 1.0},
    "lorentzian density": {"lorentzian": 1.0},
    "step density": {"step": 1.0},
    "euclidean norm": {"norm": 2.0},
    "w 0.015": {"w": 0.015},
    "w 0.025": {"w": 0.025},
}
"""Pivots that are settings of one problem."""
CHI2 = 1e6
"""P1: with the mass scale free, a ratio within 14 % of the measured one."""


def criteria(problem: dk.FitProblem) -> list[dk.Criterion]:
    """P1-P4 of the original study for whatever parameters a pivot has."""
    names = problem.space.names
    own = {lepton: [n for n in names if n.endswith(f"_{lepton}")] for lepton in ("e", "mu")}
    return [
        dk.Criterion("chi2", below=CHI2, label="P1 chi2"),
        dk.Criterion("S", above=0.0, label="P2 scale S"),
        *(
            dk.Criterion("n_at_bounds", of=of, at_most=1, level="soft", label=f"P3 {lepton}")
            for lepton, of in own.items()
        ),
        dk.Criterion("edge_distance", of="beta", above=0.02, level="soft", label="P4 beta"),
        dk.Criterion("F_inner", above=0.5, level="note", label="F_inner"),
    ]


def pivots(boxes: Mapping[str, Box] = BOXES) -> dk.Campaign:
    """Eleven pivots beside the localisation night's baseline."""
    plain = pivot_problem(boxes=boxes)
    return dk.Campaign(
        "lepton-pivots",
        [
            _study("baseline", plain, counted=False),
            *(_study(name, plain, changed) for name, changed in CHANGED.items()),
            _study("bulk term", pivot_problem(bulk=True, boxes=boxes)),
            _study("one circulation", pivot_problem(one_circulation=True, boxes=boxes)),
            _study("beta 2.8-3.0", pivot_problem(beta=LOWER_SCAN, boxes=boxes)),
            _study("beta 3.2-3.4", pivot_problem(beta=UPPER_SCAN, boxes=boxes)),
            _study("S 10", pivot_problem(scale=GIVEN_SCALE, boxes=boxes)),
        ],
        description="x",
        rule="any",
        seed=42,
        claims=CLAIMS,
        anyway=True,
    )


def _study(
    name: str,
    problem: dk.FitProblem,
    changed: Mapping[str, float] | None = None,
    *,
    counted: bool = True,
) -> dk.Study:
    beta = problem.space["beta"]
    method = dk.Profile("beta", points=np.linspace(beta.lower, beta.upper, 6), starts=8, each=1)
    return dk.Study(name, problem, method, criteria(problem), changed or {}, counted=counted)
