"""Tau recovery: three leptons from localised vortices with the minus sign, beta held.

beta is that of Run 2 if it passes, else the reference.  The bar on ``E_tau / E_mu`` is where the
boundary layer stopped, 9, and a third more.  It is no bar at all here: E_mu changes its sign
within its box, so that the ratio can be anything.  What cannot be had is an electron of positive
energy, and with it a positive scale.  ``S_tau / S_mu`` counts as 0, and so as small enough, where
one of the two energies is not positive; the original study counts in the same way.
"""

from __future__ import annotations

from dataclasses import replace

import daybreak as dk

from ..layered_leptons import boundary_layer_problem
from ..leptons import SchemeName
from ..localised_leptons import CONFINED, lepton_problem
from .two import BETA_REF

LEPTONS = ("e", "mu", "tau")


def tau(scheme: SchemeName = "exact", beta: float = BETA_REF, starts: int = 32) -> dk.Campaign:
    """Three masses at one beta.

    Parameters
    ----------
    scheme : {"exact", "original"}
    beta : float
        Where beta is held, dimensionless.
    starts : int
        Starts of the nine parameters.
    """
    problem = lepton_problem(LEPTONS, scheme, "v0", beta=beta)
    method = dk.MultiStart(starts=starts)
    accept = [
        dk.Criterion("E_tau_over_E_mu", above=12.0, label="E_tau / E_mu"),
        dk.Criterion("S_tau_over_S_mu", below=1.5, label="S_tau / S_mu"),
        dk.Criterion("chi2", below=50.0),
        dk.Criterion("S", above=0.0, level="note", label="positive scale"),
    ]
    return dk.Campaign(
        "lepton-tau",
        [
            dk.Study("boundary layer", _boundary_layer(), method, accept[2:3], counted=False),
            dk.Study("tau recovery", problem, method, accept, CONFINED),
        ],
        description=(
            "Three lepton masses from localised vortices at the reference beta: can the tau be "
            "heavy enough beside the muon?"
        ),
        decisions=[
            dk.Decision(
                "recovered",
                "The tau is recovered: profile beta with three leptons.",
                when=dk.Condition(verdict="PASS"),
            ),
            dk.Decision(
                "ratio",
                "The ratio is met but the fit is not: look at the electron.",
                when=dk.Condition(quantity="E_tau_over_E_mu", above=12.0),
            ),
            dk.Decision("stop", "The tau stays too light: read which bound stands in the way."),
        ],
        seed=42,
        anyway=True,  # it shows a fit that was hopeless before it began
    )


def _boundary_layer() -> dk.FitProblem:
    """The fit that the recovery was to beat, at the beta and width of its diagnostics."""
    problem = boundary_layer_problem(beta=3.15)
    held = [replace(p, fixed=0.020) if p.name == "w" else p for p in problem.parameters]
    return replace(problem, parameters=held)
