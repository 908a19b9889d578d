"""Run 2: two leptons from localised vortices, with the old sign and with the corrected one.

With the minus sign (v0) nothing keeps the energies positive: the best fit has S < 0 and both
energies below zero, at the edge of the scan.  The corrected run (v1) makes them positive by its
sign, and the electron too heavy by the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import daybreak as dk

from ..leptons import SchemeName
from ..localised_leptons import BASELINE, CONFINED, SCAN, lepton_problem
from .localisation import CLAIMS, criteria

BETA_REF = 3.058230856
"""The beta that the theory had settled on when the study was made."""


def acceptance(beta: float = BETA_REF) -> list[dk.Criterion]:
    """Criteria of Run 2, and as a note the positive scale that it did not ask for."""
    return [
        dk.Criterion("beta", above=beta - 0.03, below=beta + 0.03, label="near beta_ref"),
        dk.Criterion("chi2", below=20.0),
        dk.Criterion("S_e_over_S_mu", above=0.85, below=1.15, label="one scale"),
        dk.Criterion("S", above=0.0, level="note", label="positive scale"),
    ]


def two(scheme: SchemeName = "exact", starts: int = 16) -> dk.Campaign:
    """Run 2 and Run 2 corrected, each a profile of beta at 21 points."""
    method = dk.Profile("beta", points=np.linspace(*SCAN, 21), starts=starts, each=2)
    studies: Sequence[dk.Study] = [
        dk.Study(
            "Run 2", lepton_problem(scheme=scheme, variant="v0"), method, acceptance(), CONFINED
        ),
        dk.Study("Run 2 corrected", lepton_problem(scheme=scheme), method, criteria(), BASELINE),
    ]
    return dk.Campaign(
        "lepton-two",
        studies,
        description=(
            "Electron and muon masses from localised vortices, beta profiled on [3.00, 3.20]: "
            "first with E_circ - E_stab, then with the corrected sign."
        ),
        decisions=[
            dk.Decision(
                "tau",
                "Run 2 passes: recover the tau with its beta.",
                when=dk.Condition(verdict="PASS", study="Run 2"),
            ),
            dk.Decision(
                "localise",
                "The corrected run passes: choose the localisation, then go on to the tau.",
                when=dk.Condition(verdict="PASS", study="Run 2 corrected"),
            ),
            dk.Decision(
                "sign",
                "The scale of Run 2 is negative, and so are its energies: neither sign of E_stab "
                "gives two leptons in this box; read which bound stands in the way.",
                when=dk.Condition(quantity="S", below=0.0, study="Run 2"),
            ),
            dk.Decision("stop", "Two leptons do not fit: a third cannot mend it."),
        ],
        rule="any",
        seed=42,
        claims=CLAIMS,
        anyway=True,  # it shows two fits that were hopeless before they began
    )
