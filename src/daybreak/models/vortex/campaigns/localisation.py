"""The localisation night: do localised vortices give the electron and muon masses at once.

Six configurations (k, dv, p) of the wall envelope beside a baseline, each a profile of beta on
[3.00, 3.20] for two leptons with one global mass scale S eliminated in closed form.
Criteria P1-P4 and the decision table are those of the original study, written down before its
night; its own batch needed hours and could not write its result file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import daybreak as dk

from ..leptons import MASSES, Box, SchemeName
from ..localised_leptons import BASELINE, BOXES, SCAN, lepton_problem

__all__ = [
    "BASELINE",
    "BOXES",
    "CLAIMS",
    "CONFIGURATIONS",
    "MASSES",
    "SCAN",
    "SEEDS",
    "criteria",
    "lepton_problem",
    "localisation",
    "localisation_night",
]

CONFIGURATIONS = (
    {"k": 1.0, "dv": 0.5, "p": 6.0},
    {"k": 2.0, "dv": 0.5, "p": 6.0},
    {"k": 1.5, "dv": 0.25, "p": 6.0},
    {"k": 1.5, "dv": 0.75, "p": 6.0},
    {"k": 1.5, "dv": 0.5, "p": 4.0},
    {"k": 1.5, "dv": 0.5, "p": 8.0},
)
SEEDS = (42, 123, 456, 789, 1011)
"""Seeds the original study proposes for testing the stability of a result."""

CLAIMS = (
    dk.Claim("beta", 3.058230856, label="beta_ref of December 2025"),
    dk.Claim("beta", 3.043233053, label="beta_ref after February 2026"),
)
"""Values of beta that the theory had settled on before the night."""


def criteria(leptons: Sequence[str] = ("e", "mu")) -> list[dk.Criterion]:
    """P1-P4 of the original study and its note on the inner share of the energy."""
    own = {lepton: [f"{letter}_{lepton}" for letter in ("R_c", "U", "A")] for lepton in leptons}
    return [
        dk.Criterion("chi2", below=1e6, label="P1 chi2"),
        dk.Criterion("S", above=0.0, label="P2 scale S"),
        *(
            dk.Criterion("n_at_bounds", of=names, at_most=1, level="soft", label=f"P3 {lepton}")
            for lepton, names in own.items()
        ),
        dk.Criterion("edge_distance", of="beta", above=0.02, level="soft", label="P4 beta"),
        dk.Criterion("F_inner", above=0.5, level="note", label="F_inner"),
    ]


def localisation(scheme: SchemeName = "exact", starts: int = 16) -> dk.Campaign:
    """The overnight batch: a baseline and six configurations, and what follows from them."""
    return localisation_night(
        "lepton-localisation" if scheme == "exact" else "lepton-localisation-original",
        "Electron and muon masses from localised vortices: six localisation configurations, "
        "beta profiled on [3.00, 3.20], one global mass scale.",
        scheme,
        starts,
        anyway=True,  # it shows a night that was hopeless before it began
    )


def localisation_night(
    name: str,
    description: str,
    scheme: SchemeName = "exact",
    starts: int = 16,
    boxes: Mapping[str, Box] = BOXES,
    *,
    anyway: bool = False,
) -> dk.Campaign:
    """The batch with its criteria and decision table, in any box."""
    problem = lepton_problem(scheme=scheme, boxes=boxes)
    method = dk.Profile("beta", points=np.linspace(*SCAN, 11), starts=starts)
    accept = criteria()
    return dk.Campaign(
        name,
        [
            dk.Study("baseline", problem, method, accept, settings=BASELINE, counted=False),
            dk.Sweep(
                "localisation",
                problem,
                method,
                CONFIGURATIONS,
                accept,
                names=[f"config-{i}" for i in range(1, 7)],
            ),
        ],
        description=description,
        decisions=_decisions(problem, scheme, boxes),
        rule="any",
        seed=42,
        claims=CLAIMS,
        anyway=anyway,
    )


def _decisions(
    problem: dk.FitProblem, scheme: SchemeName, boxes: Mapping[str, Box]
) -> list[dk.Decision]:
    return [
        dk.Decision(
            "breakthrough",
            "Analyse the neighbourhood of the best point, scan it finely, and go on to three "
            "leptons.",
            when=dk.Condition(quantity="chi2", below=100.0),
            follow_up=lambda studies: _fine_scan(problem, studies, scheme, boxes),
        ),
        dk.Decision(
            "choose-by-inner-share",
            "Several configurations pass: choose the one with the largest F_inner.",
            when=dk.Condition(verdict="PASS", at_least=3),
        ),
        dk.Decision(
            "confirm",
            "One or two pass: rerun the best with 21 beta points and five seeds, then tau.",
            when=dk.Condition(verdict="PASS", at_least=1, at_most=2),
            follow_up=lambda studies: _confirmation(problem, studies, scheme, boxes),
        ),
        dk.Decision(
            "constrain",
            "Soft passes only: add a constraint on the magnetic moment or the circulation.",
            when=dk.Condition(verdict="SOFT_PASS"),
        ),
        dk.Decision(
            "pivot",
            "All fail. Try a bulk potential, another density profile, constrained "
            "circulation, the Euclidean norm of the three energies, another beta range "
            "([2.8, 3.0] or [3.2, 3.4]), another width w (0.015 or 0.025), or S fixed at 10.",
            when=dk.Condition(verdict="FAIL", every=True),
        ),
        dk.Decision("undecided", "No rule applies: read the findings before going on."),
    ]


def _lowest(studies: Sequence[Any], verdict: str | None = None) -> Any:
    wanted = [s for s in studies if s.counted and verdict in (None, s.verdict)]
    return min(wanted, key=lambda s: s.best.chi2 if s.best else np.inf)


def _fine_scan(
    problem: dk.FitProblem, studies: Sequence[Any], scheme: SchemeName, boxes: Mapping[str, Box]
) -> list[dk.Study]:
    """A fine grid around the best point, that point from five seeds, and three leptons."""
    best = _lowest(studies)
    centre = best.best.parameters["beta"]
    points = np.linspace(max(SCAN[0], centre - 0.02), min(SCAN[1], centre + 0.02), 21)
    fine = dk.Profile("beta", points=points, starts=16, each=1)
    return [
        dk.Study(f"{best.name} fine", problem, fine, criteria(), settings=best.settings),
        *_from_seeds(problem, best, dk.Profile("beta", points=11, starts=8, each=1)),
        _with_tau(best, scheme, boxes),
    ]


def _confirmation(
    problem: dk.FitProblem, studies: Sequence[Any], scheme: SchemeName, boxes: Mapping[str, Box]
) -> list[dk.Study]:
    """The best passing configuration again: denser, from five seeds, and with the tau."""
    best = _lowest(studies, "PASS")
    method = dk.Profile("beta", points=np.linspace(*SCAN, 21))
    again = [*_from_seeds(problem, best, method), _with_tau(best, scheme, boxes)]
    # The table counts configurations, and these are one of them once more.
    return [dataclasses.replace(study, counted=False) for study in again]


def _from_seeds(problem: dk.FitProblem, best: Any, method: dk.Profile) -> list[dk.Study]:
    return [
        dk.Study(f"{best.name} seed {seed}", problem, method, criteria(), best.settings, seed=seed)
        for seed in SEEDS
    ]


def _with_tau(best: Any, scheme: SchemeName, boxes: Mapping[str, Box]) -> dk.Study:
    leptons = ("e", "mu", "tau")
    method = dk.Profile("beta", points=np.linspace(*SCAN, 11))
    problem = lepton_problem(leptons, scheme, boxes=boxes)
    return dk.Study(f"{best.name} with tau", problem, method, criteria(leptons), best.settings)
