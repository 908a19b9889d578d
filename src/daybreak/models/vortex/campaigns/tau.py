"""Tau recovery: three leptons from localised vortices with the minus sign, beta held.

beta is that of Run 2 if it passes, else the reference.  The bar on ``E_tau / E_mu`` is where the
boundary layer stopped, 9, and a third more.
"""

from __future__ import annotations

import daybreak as dk

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
    accept = [
        dk.Criterion("E_tau_over_E_mu", above=12.0, label="E_tau / E_mu"),
        dk.Criterion("S_tau_over_S_mu", below=1.5, label="S_tau / S_mu"),
        dk.Criterion("chi2", below=50.0),
        dk.Criterion("S", above=0.0, level="note", label="positive scale"),
    ]
    return dk.Campaign(
        "lepton-tau",
        [dk.Study("tau recovery", problem, dk.MultiStart(starts=starts), accept, CONFINED)],
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
