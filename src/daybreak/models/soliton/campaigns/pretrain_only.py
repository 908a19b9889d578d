"""Pre-training alone, as the original offers it, and whether its guesses earn their place."""

from __future__ import annotations

import daybreak as dk

from ..pretraining_search import pretraining_problem

POINTS = 8


def pretrain_only(points: int = POINTS) -> dk.Campaign:
    """Networks for some points, kept beside their trials, against plain guesses.

    Parameters
    ----------
    points : int
        Of the box in which octaves condense.
    """
    return dk.Campaign(
        "soliton-pretrain-only",
        [
            dk.Study(
                "networks",
                pretraining_problem(),
                dk.Search("sobol", trials=points, confirm=1, confirmations=2),
                [
                    dk.Criterion(
                        "network_iterations", at_most=2.0, label="guess is nearly the answer"
                    ),
                    dk.Criterion(
                        "iterations_saved",
                        at_least=10,
                        level="note",
                        label="iterations saved against the original's start",
                    ),
                ],
            )
        ],
        description=(
            "A small network, trained on the energy, makes initial guesses for Newton's method. "
            "How many iterations does that save, against the original's start and against the "
            "minimum of the potential, and what does it cost?"
        ),
        decisions=[
            dk.Decision(
                "pretrain",
                "The guesses are nearly the answers: train once for a box and reuse the weights.",
                when=dk.Condition(verdict="PASS"),
            ),
            dk.Decision(
                "skip",
                "Leave pre-training out: from the minimum of the potential Newton's method needs "
                "about five iterations, a few hundredths of a second, and training takes longer "
                "than all of them.",
            ),
        ],
        seed=42,
    )
