"""The pivots: what the localisation night proposes when every configuration fails.

Each is the localisation problem with one thing changed and the same criteria P1-P4, and each asks
the preflight first: what ratio of the two energies can it reach, and which bound stops it.
No pivot raises the ratio of 0.84 beyond 1.5, where the masses ask for 207.  Every
change acts on both leptons alike: what keeps the electron heavy and the muon light is the box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import daybreak as dk

from ..leptons import Box
from ..localised_leptons import BASELINE, BOXES
from ..pivoted_leptons import pivot_problem
from .localisation import CLAIMS, CONFIGURATIONS

CHANGED = {
    "gaussian density": {"gaussian": 1.0},
    "lorentzian density": {"lorentzian": 1.0},
    "step density": {"step": 1.0},
    "euclidean norm": {"norm": 2.0},
    "w 0.015": {"w": 0.015},
    "w 0.025": {"w": 0.025},
}
"""Pivots that are settings of the baseline's problem."""
LOWER_SCAN, UPPER_SCAN = (2.8, 3.0), (3.2, 3.4)
POINTS = 6
"""Values of beta in a scan."""
GIVEN_SCALE = 10.0
"""S in MeV where it is held."""
PASSING = 1e6
"""chi2 of P1: with S free it asks for a ratio of the energies between 179.46 and 238.41."""
NEAR = 17.9
"""A tenth of the least of these: a pivot that reaches it would be worth combining."""


def criteria(problem: dk.FitProblem) -> list[dk.Criterion]:
    """P1-P4 of the original study, for whatever parameters each lepton has of its own."""
    names = problem.space.names
    own = {lepton: [n for n in names if n.endswith(f"_{lepton}")] for lepton in ("e", "mu")}
    return [
        dk.Criterion("chi2", below=PASSING, label="P1 chi2"),
        dk.Criterion("S", above=0.0, label="P2 scale S"),
        *(
            dk.Criterion("n_at_bounds", of=of, at_most=1, level="soft", label=f"P3 {lepton}")
            for lepton, of in own.items()
        ),
        dk.Criterion("edge_distance", of="beta", above=0.02, level="soft", label="P4 beta"),
        dk.Criterion("F_inner", above=0.5, level="note", label="F_inner"),
    ]


def pivots(boxes: Mapping[str, Box] = BOXES) -> dk.Campaign:
    """Eleven pivots beside the baseline of the localisation night, in its box or another."""
    plain = pivot_problem(boxes=boxes)
    studies = [
        _study("baseline", plain, counted=False),
        *(_study(name, plain, changed) for name, changed in CHANGED.items()),
        _study("bulk term", pivot_problem(bulk=True, boxes=boxes)),
        _study("one circulation", pivot_problem(one_circulation=True, boxes=boxes)),
        _study("beta 2.8-3.0", pivot_problem(beta=LOWER_SCAN, boxes=boxes)),
        _study("beta 3.2-3.4", pivot_problem(beta=UPPER_SCAN, boxes=boxes)),
        _study("S 10", pivot_problem(scale=GIVEN_SCALE, boxes=boxes)),
    ]
    return dk.Campaign(
        "lepton-pivots",
        studies,
        description=(
            "What is proposed when every localisation fails: other densities, the Euclidean norm, "
            "other w, a bulk term, one circulation, other ranges of beta, S fixed at 10 MeV."
        ),
        decisions=_decisions(studies),
        rule="any",
        seed=42,
        claims=CLAIMS,
        anyway=True,  # it shows that no pivot was worth a night
    )


def _study(
    name: str,
    problem: dk.FitProblem,
    changed: Mapping[str, float] | None = None,
    *,
    counted: bool = True,
) -> dk.Study:
    """One pivot: a profile of beta between its bounds."""
    beta = problem.space["beta"]
    points = np.linspace(beta.lower, beta.upper, POINTS)
    method = dk.Profile("beta", points=points, starts=8, each=1)
    return dk.Study(name, problem, method, criteria(problem), changed or {}, counted=counted)


def _decisions(studies: Sequence[dk.Study]) -> list[dk.Decision]:
    """Which pivots can succeed at all, and what follows."""
    return [
        dk.Decision(
            "reached",
            "These pivots can succeed: repeat the localisation night with the best of them.",
            when=dk.Condition(quantity="chi2", below=PASSING),
            follow_up=lambda ended: _night_again(studies, ended),
        ),
        dk.Decision(
            "near",
            "No pivot can succeed alone, as far as searched, but these come within a factor of "
            "ten: ask the preflight about their combinations before any night.",
            when=dk.Condition(quantity="E_mu_over_E_e", above=NEAR),
        ),
        dk.Decision(
            "none",
            "No pivot can succeed in this box, as far as searched, nor comes within a factor of "
            "ten. The preflight says which bound of the box stops each: move one only for a "
            "reason, for with S free the masses would then be met at every beta alike.",
            when=dk.Condition(verdict="FAIL", every=True),
        ),
        dk.Decision("undecided", "No rule applies: read the findings before going on."),
    ]


def _night_again(declared: Sequence[dk.Study], ended: Sequence[Any]) -> list[dk.Study]:
    """The best pivot in the six configurations of the localisation night."""
    best = min((s for s in ended if s.counted and s.best), key=lambda s: s.best.chi2)
    pivot = next(study for study in declared if study.name == best.name)
    return [
        dk.Study(
            f"{pivot.name} config-{number}",
            pivot.problem,
            pivot.method,
            pivot.accept,
            {**pivot.settings, **BASELINE, **configuration},
        )
        for number, configuration in enumerate(CONFIGURATIONS, 1)
    ]
