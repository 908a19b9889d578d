"""A wide spread of masses from couplings that decay from octave to octave, if there is one.

A pilot of twenty trials opens the gate, by convergence and stability, to a hundred and twenty by
NSGA-II over the original's box, with delta and beta searched too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import daybreak as dk

from ..hierarchy_search import OBJECTIVES, hierarchy_problem
from ..search_boxes import ADDED, CONDENSED, ORIGINAL, Box

PILOT, TRIALS, POPULATION, SURROGATE = 20, 120, 10, 15
WIDER: Box = {"beta": (0.3, 1.0)}
"""Where to go on once octaves condense and their masses lie too close."""
LEAST_PSI = 0.1
WANTED_HIERARCHY = 3.0
"""The decay of couplings was said to widen the masses two- to threefold."""


def criteria() -> list[dk.Criterion]:
    """A soliton: octaves that are there, in a field that does not fill its box, beyond chance."""
    return [
        dk.Criterion("largest_psi", at_least=LEAST_PSI, label="an octave is there"),
        dk.Criterion("box_growth", at_most=1.5, label="energy does not grow with the box"),
        dk.Criterion("beyond_null", at_least=1, label="score beyond the null distribution"),
        dk.Criterion("mesh_error", at_most=1e-3, level="soft", label="mesh fine enough"),
        dk.Criterion("completed", at_least=0.9, level="note", label="trials that converge"),
        dk.Criterion("feasible", at_least=0.9, level="note", label="trials that are stable"),
    ]


def hierarchy(
    pilot: int = PILOT,
    trials: int = TRIALS,
    box: Sequence[Box] = (ORIGINAL, ADDED),
    *,
    surrogate: bool = False,
    name: str = "soliton-hierarchy",
) -> dk.Campaign:
    """Pilot, gate, search, and optionally a surrogate's proposals.

    Parameters
    ----------
    pilot, trials : int
        Of the two searches.
    box : sequence of boxes
        What is searched, later ones replacing earlier ones.
    surrogate : bool
        Whether a Gaussian process proposes fifteen more points once the search has ended; needs
        BoTorch, and a finding says what was used without it.
    name : str
        Of the campaign.
    """
    problem = hierarchy_problem(*box)

    def wide(_: Sequence[Any]) -> list[dk.Study]:
        return [_search(hierarchy_problem(*box, WIDER), "search with larger beta", trials)]

    def full(studies: Sequence[Any]) -> list[dk.Study]:
        found = [_search(problem, "search", trials)]
        return [*found, _surrogate(problem, studies)] if surrogate else found

    return dk.Campaign(
        name,
        [dk.Study("pilot", problem, _method(pilot), criteria())],
        description=(
            "Do couplings that decay from octave to octave give twelve fields a wide hierarchy of "
            "masses? Every point is solved to rounding and stands beside its null tests."
        ),
        decisions=[
            dk.Decision(
                "mend-the-solver",
                "Stop: fewer than nine in ten trials converge. Look at the failed ones; refine "
                "the mesh or enlarge the ball before anything is searched.",
                when=dk.Condition(quantity="completed", study="pilot", below=0.9),
            ),
            dk.Decision(
                "unstable",
                "Stop: fewer than nine in ten trials are stable. A spectrum with negative modes "
                "is no spectrum of masses.",
                when=dk.Condition(quantity="feasible", study="pilot", below=0.9),
            ),
            dk.Decision(
                "adjust-beta",
                "Octaves condense, but their masses lie closer than wanted: search beta from 0.3 "
                "to 1, where the ratio of bulk masses rises from 3 to 20.",
                when=[
                    dk.Condition(quantity="largest_psi", study="pilot", above=LEAST_PSI),
                    dk.Condition(quantity="hierarchy", study="pilot", below=WANTED_HIERARCHY),
                ],
                follow_up=wide,
            ),
            dk.Decision(
                "beta-will-do",
                "The gate is open: octaves condense, with masses as wide apart as wanted. "
                "Leave beta, search the box, and look at whether the field fills its ball.",
                when=dk.Condition(quantity="largest_psi", study="pilot", above=LEAST_PSI),
                follow_up=full,
            ),
            dk.Decision(
                "leave-beta",
                "The gate is open, but beta is not to be adjusted: no octave is there, and then a "
                "larger beta only narrows the masses. Move g_Y and lam_1 until m0^2 + 2 g_Y Phi^2 "
                "and the couplings' lowest eigenvalue add up to less than zero.",
                follow_up=full,
            ),
        ],
        seed=42,
    )


def condensed(pilot: int = PILOT, trials: int = TRIALS) -> dk.Campaign:
    """The same about the original's defaults, which lie outside its own box."""
    return hierarchy(pilot, trials, (CONDENSED,), name="soliton-condensed")


def _method(trials: int) -> dk.Search:
    return dk.Search("nsga2", trials=trials, population=POPULATION)


def _search(problem: dk.SearchProblem, name: str, trials: int) -> dk.Study:
    return dk.Study(name, problem, _method(trials), criteria())


def _surrogate(problem: dk.SearchProblem, studies: Sequence[Any]) -> dk.Study:
    """Fifteen proposals of a Gaussian process that has been told the pilot."""
    told = [
        (trial.configuration, {name: trial.metrics[name] for name in OBJECTIVES})
        for study in studies
        if study.search is not None
        for trial in study.search.trials
        if trial.state == "completed"
    ]
    return dk.Study(
        "surrogate", problem, dk.Search("gp", trials=SURROGATE, known=told, startup=0), criteria()
    )
