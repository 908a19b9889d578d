"""Gate 1 of the boundary layer: a small grid that decides whether the large one is worth a night.

Three values of beta by three of w in the original scheme, with the scale S that is best for all
masses and with the earlier one that matches the electron.  What follows was fixed beforehand:
a good fit near beta = 3.10 starts the scan of 9 x 6, one near 3.20 the studies that look for what
went wrong, and anything else stops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import daybreak as dk

from ..layered_leptons import BOXES, LAYER_WIDTH, boundary_layer_problem

GRID_BETA = (3.000, 3.075, 3.150)
GRID_WIDTH = (0.01, 0.01 * math.sqrt(2.0), 0.02)
SCAN_BETA = (3.00, 3.05, 3.10, 3.15, 3.20)
"""Where the minima at w = 0.015 are tabulated."""
ORDER_ONE, NEAR = 10.0, 0.03
"""Chi2 that still counts as O(1), and how close to a value of beta is near it."""
WIDER_TAU = {**BOXES, "tau": ((0.30, 0.80), (0.02, 0.21), (0.7, 1.0))}
"""The box with the one bound moved that stands in the way: U_tau up to 0.21."""
CLAIMS = (
    dk.Claim("beta", 3.10, label="where the minimum was expected"),
    dk.Claim("beta", 3.15, label="minimum without the gradient term, as published"),
    dk.Claim("beta", 3.20, label="lowest of the published scan at w = 0.015"),
)


def boundary_layer() -> dk.Campaign:
    """The sanity grid with both mass maps, what it is compared with, and what follows."""
    widths = (*GRID_WIDTH, LAYER_WIDTH)
    problem = boundary_layer_problem("original", widths=widths)
    electron = boundary_layer_problem("original", mass_map="electron", widths=widths)
    wider = boundary_layer_problem(beta=3.1, boxes=WIDER_TAU)
    accept = criteria()
    grid = dk.Profile("beta", points=GRID_BETA, starts=16)
    line = dk.Profile("beta", points=SCAN_BETA, starts=16)
    at_reference = {"w": LAYER_WIDTH}
    return dk.Campaign(
        "lepton-boundary-layer",
        [
            *_sanity_grid("global S", problem, grid, accept),
            *_sanity_grid("electron match", electron, grid),
            dk.Study("w 0.015", problem, line, settings=at_reference, counted=False),
            dk.Study(
                "w 0.015 without gradient",
                problem,
                line,
                settings={**at_reference, "eta": 0.0},
                counted=False,
            ),
            dk.Study("U_tau up to 0.21", wider, dk.MultiStart(starts=16), accept, counted=False),
        ],
        description=(
            "Sanity grid of the boundary layer: electron, muon and tau masses at three beta and "
            "three w, original scheme. Uncounted: the electron-match map, the scan at w = 0.015 "
            "with and without the gradient term, and a box in which the masses can be met."
        ),
        decisions=gate(),
        rule="any",
        claims=CLAIMS,
        seed=42,
        anyway=True,  # it shows that the gate need not have been waited for
    )


def criteria() -> list[dk.Criterion]:
    """What the authors expected of the grid: chi2 of O(1).

    The scale S, expected in 1-10, and the place of the minimum are for the gate to ask.
    """
    return [dk.Criterion("chi2", at_most=ORDER_ONE, label="chi2 O(1)")]


def gate() -> list[dk.Decision]:
    """Gate 1 as a decision table over the counted studies."""
    good = dk.Condition(quantity="chi2", below=math.nextafter(ORDER_ONE, math.inf))
    return [
        dk.Decision(
            "scan",
            "The grid works: make the 9 x 6 scan of beta and w, with contours and the widths of "
            "both profiles.",
            when=[good, _within("S", 1.0, 10.0), _near(3.10)],
            follow_up=lambda _: _scan(),
        ),
        dk.Decision(
            "debug",
            "A good fit, but near beta = 3.20: follow the energy ratios with beta and compare "
            "with lambda = 0 before any scan.",
            when=[good, _near(3.20)],
            follow_up=lambda _: _debugging(),
        ),
        dk.Decision(
            "stop",
            "Stop: no fit of the kind expected. The preflight says whether the masses are in "
            "reach at all, and which bound stands in the way.",
        ),
    ]


def _within(quantity: str, low: float, high: float) -> dk.Condition:
    """Whether a quantity lies in [low, high], both ends included."""
    above, below = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return dk.Condition(quantity=quantity, above=above, below=below)


def _near(beta: float) -> dk.Condition:
    return _within("beta", beta - NEAR, beta + NEAR)


def _sanity_grid(
    name: str,
    problem: dk.FitProblem,
    method: dk.Profile,
    accept: Sequence[dk.Criterion] = (),
) -> list[dk.Study]:
    """One study for every w of the grid, counted if there is something to meet."""
    return [
        dk.Study(
            f"{name}, w {w:.6g}",
            problem,
            method,
            accept,
            {"w": w},
            counted=bool(accept),
        )
        for w in GRID_WIDTH
    ]


def _scan() -> list[dk.Study]:
    """The 9 x 6 scan: a map with contours and both marginal profiles, integrals exact."""
    axes = np.linspace(3.00, 3.20, 9), np.linspace(0.010, 0.025, 6)
    method = dk.Profile("beta", "w", points=axes)
    return [dk.Study("scan of beta and w", boundary_layer_problem(), method, criteria())]


def _debugging() -> list[dk.Study]:
    """Energy ratios along beta, and the same without the gradient term."""
    problem = boundary_layer_problem()
    method = dk.Profile("beta", points=np.linspace(3.00, 3.20, 9))
    return [
        dk.Study("energy ratios", problem, method, criteria()),
        dk.Study("lambda 0 baseline", problem, method, criteria(), {"eta": 0.0}),
    ]
