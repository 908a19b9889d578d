"""Cross-lepton: do three masses and two g factors tell beta.

The multi-start and both profiles of the original study with its own grid, data and tolerances;
then, with exact integrals, where the constant of the g proxy can lie at all, and whether a third
kind of observable would help.  The g proxy is no magnetic moment: its constant is fitted.
"""

from __future__ import annotations

import numpy as np

import daybreak as dk

from ..cross_lepton import SYNTHETIC_RADII, cross_lepton_problem

BETA_REF = 3.058
"""beta the runs of December 2025 compared with."""
TIGHT, LOOSE = (1e-6, 2e-8), (1e-5, 1e-7)
"""Model uncertainty of a mass as a share of it, and of a g factor."""
BETA_OF_C = 3.1
MEETS = dk.Criterion("chi2", below=11.0, label="all data met")
"""Five residuals of chi2 below 11 are met: 95 % of chi2 with five degrees of freedom."""
IDENTIFIED = dk.Criterion("identified", of="beta", level="soft", label="beta identified")
CLAIMS = (
    dk.Claim("beta", 3.14, label="published minimum of the tight profile"),
    dk.Claim("beta", 3.18, label="published minimum of the loose profile"),
    dk.Claim("beta", BETA_REF, label="beta_ref of December 2025"),
    dk.Claim("C_mu", 948.0, label="calibration on the electron alone"),
)


def cross() -> dk.Campaign:
    """Multi-start, tight and loose profile, the constant of the g proxy, synthetic radii."""
    tight = cross_lepton_problem("original", *TIGHT, free_C=True)
    loose = cross_lepton_problem("original", *LOOSE, free_C=True)
    constant = cross_lepton_problem("exact", *TIGHT, free_C=True, beta=BETA_OF_C)
    radii = cross_lepton_problem("exact", *TIGHT, rms_radii=SYNTHETIC_RADII)
    return dk.Campaign(
        "lepton-cross",
        [
            dk.Study(
                "multi-start",
                cross_lepton_problem("original", *TIGHT),
                dk.MultiStart(starts=10),
                [MEETS],
            ),
            dk.Study(
                "tight",
                tight,
                dk.Profile("beta", points=np.linspace(2.85, 3.25, 41), starts=8, each=1),
                [MEETS, IDENTIFIED],
            ),
            dk.Study(
                "loose",
                loose,
                dk.Profile("beta", points=np.linspace(2.95, 3.25, 31), starts=8, each=1),
                [MEETS, IDENTIFIED],
            ),
            dk.Study(
                "constant of the g proxy",
                constant,
                dk.Profile("C_mu", starts=16, each=1),
                counted=False,
            ),
            dk.Study(
                "synthetic radii",
                radii,
                dk.Profile("beta", points=11, starts=16, each=2),
                counted=False,
            ),
        ],
        description=(
            "Three masses and two g factors (a proxy) from vortices that share beta, in the "
            "original scheme with both sets of tolerances. Uncounted: the range of C_mu at beta "
            "3.1, and root-mean-square radii as further data, synthetic values of 1 %."
        ),
        decisions=[
            dk.Decision(
                "identified",
                "beta is identified in every profile: compare it with its reference.",
                when=dk.Condition(verdict="PASS", every=True),
            ),
            dk.Decision(
                "free-direction",
                "All data are met whatever beta is: the profile is flat and no value of beta can "
                "be claimed. Add an observable that knows beta without A, or fix A by theory.",
                when=[
                    dk.Condition(quantity="chi2", below=MEETS.below or 0.0, every=True),
                ],
            ),
            dk.Decision("misfit", "The data are not met: read the tension before going on."),
        ],
        claims=CLAIMS,
        seed=42,
    )
