"""T3b: masses and g proxies of two and three leptons, and whether "beta = 2.50" is unique.

The original study fitted by differential evolution at fixed beta and found chi2 < 0.01 at 2.50
alone; it called beta identified where the scale S varies little from one beta to the next.  Here
the same is fitted by least squares, with and without the penalty on curvature; its evolution runs
are repeated as a follow-up, beside five seeds of the plain fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import daybreak as dk

from ..curved_leptons import curved_problem
from ..leptons import SchemeName

BETA_TWO = tuple(np.linspace(1.5, 3.5, 11).tolist())
BETA_THREE = tuple(np.linspace(1.8, 2.6, 9).tolist())
"""Where beta is held for two and for three leptons."""
WIDER = (1.5, *BETA_THREE, 3.0, 3.5, 4.0)
"""The same for three leptons as far as their speeds stay within their bounds."""
WEIGHTS_TWO = (1e-10, 1e-7)
WEIGHTS_THREE = (1e-10, 1e-9)
"""Weights of the penalty; of the eight published ones for two leptons the ends."""
SEEDS = (42, 43, 44, 45, 46)
CLAIM = dk.Claim("beta", 2.50, label="T3b, 'uniquely identified'")


def three(scheme: SchemeName = "exact") -> dk.Campaign:
    """Two leptons and three, without a penalty and with some; then what the optimiser adds."""
    accept = [dk.Criterion("chi2", below=0.01), dk.Criterion("S", above=0.0)]
    of_two = dk.Profile("beta", points=BETA_TWO, starts=0, each=2)
    of_three = dk.Profile("beta", points=BETA_THREE, starts=0, each=2)
    wider = dk.Profile("beta", points=WIDER, starts=8, each=2)
    pair, bare = ("e", "mu"), curved_problem(scheme=scheme, penalised=False)
    return dk.Campaign(
        "lepton-three",
        [
            dk.Study(
                "two leptons", curved_problem(pair, scheme, penalised=False), of_two, accept
            ),
            dk.Sweep(
                "two leptons", curved_problem(pair, scheme), of_two,
                {"lam_curv": WEIGHTS_TWO}, accept,
            ),
            dk.Study("three leptons", bare, wider, accept),
            dk.Sweep(
                "three leptons", curved_problem(scheme=scheme), of_three,
                {"lam_curv": WEIGHTS_THREE}, accept,
            ),
        ],
        description=(
            "Masses and g proxies of two and three leptons with S and C_g eliminated, a penalty "
            "on curvature, and the claim that beta = 2.50 is unique."
        ),
        decisions=[
            dk.Decision(
                "stability",
                "Three leptons fit: see whether S is stable from five seeds, and what evolution "
                "alone makes of the same profile.",
                when=dk.Condition(quantity="chi2", below=0.01, study="three leptons"),
                follow_up=lambda studies: _stability(bare, studies),
            ),
            dk.Decision("no fit", "Three leptons do not fit at any beta: widen the box first."),
        ],
        seed=42,
        claims=[CLAIM],
    )  # fmt: skip


def _stability(bare: dk.FitProblem, studies: Sequence[Any]) -> list[dk.Study]:
    """Five seeds, one start at each beta, nothing exchanged; and evolution as it was run."""
    del studies  # the same whatever they say
    alone = dk.Profile("beta", points=BETA_THREE, starts=0, each=2, relax=False)
    accept = [dk.Criterion("chi2", below=0.01)]
    # 48 members, two runs at each beta, as published; without the final polish, to see it alone.
    runs = dk.Evolution(seeds=SEEDS[:2], generations=200, population=8, polish=False)
    return [
        *(dk.Study(f"seed {seed}", bare, alone, accept, seed=seed) for seed in SEEDS),
        dk.Study(
            "evolution", bare,
            dk.Profile("beta", points=BETA_THREE, starts=0, fit=runs, relax=False), accept,
        ),
    ]  # fmt: skip
