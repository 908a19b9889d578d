"""The original's search as it was, and the sign that made it reject higher derivatives."""

from __future__ import annotations

import daybreak as dk

from ..legacy_search import bending_problem, legacy_problem

TRIALS = 40


def legacy(trials: int = TRIALS) -> dk.Campaign:
    """Forty trials of the original, and both signs of its biharmonic term.

    Parameters
    ----------
    trials : int
        Of the original's search.
    """
    return dk.Campaign(
        "soliton-legacy",
        [
            dk.Study(
                "original trials",
                legacy_problem(),
                dk.Search("nsga2", trials=trials, population=10, confirm=0),
                [dk.Criterion("completed", at_least=0.5, label="trials that reach a score")],
            ),
            dk.Study(
                "biharmonic sign",
                bending_problem(),
                dk.Search("random", trials=2, forced=[{"sign": 1}, {"sign": -1}]),
                [dk.Criterion("mismatch", at_most=0.01, label="force is the energy's slope")],
                counted=False,
            ),
        ],
        description=(
            "The trial of the original study, step by step: how many reach a score? And which "
            "sign of the biharmonic operator belongs to its energy of higher derivatives?"
        ),
        decisions=[
            dk.Decision(
                "all-rejected",
                "No trial reaches a score, and none can: after the normalisation no octave "
                "exceeds 0.0039, and the check asks for 0.1. Take the normalisation out: it "
                "destroys the stationarity that is sought. Then run soliton-hierarchy.",
                when=dk.Condition(quantity="completed", study="original trials", below=0.01),
            ),
            dk.Decision("some-scored", "Some trials reach a score: compare it with the nulls."),
        ],
        seed=42,
        anyway=True,  # it demonstrates a failure
    )
