"""The localisation night in a box where the muon can be heavy enough.

Before the night of `localisation` the preflight says which bound stands in the way and how far it
alone would have to move.  Here it is moved that far, and the tau's with it, so that the decision
table is followed to its end: a fine grid, five seeds, then three leptons.

What the night then finds is no better founded: as soon as the ratio of the masses is within reach
chi2 vanishes, at every beta alike.  Whether a configuration passes, or softly only, hangs on P4,
the distance from the edges of a minimum that has no place.  And the row for one or two
configurations that pass with chi2 between 100 and 1e6 can hardly be taken, because a fit that
misses the ratio has all six parameters at bounds.
"""

from __future__ import annotations

import daybreak as dk

from ..leptons import Box, SchemeName
from ..localised_leptons import BOXES
from .localisation import localisation_night

WIDE_BOXES: dict[str, Box] = {
    **BOXES,
    "mu": ((0.05, 2.16), *BOXES["mu"][1:]),
    "tau": ((0.03, 5.24), *BOXES["tau"][1:]),
}
"""R_c_mu up to the bound asked for in the configuration that needs most, and then R_c_tau."""


def localisation_wide(scheme: SchemeName = "exact") -> dk.Campaign:
    """The localisation night with the bounds that its preflight asks for."""
    return localisation_night(
        "lepton-localisation-wide",
        "The localisation night with R_c_mu up to 2.16 and R_c_tau up to 5.24, the bounds its "
        "preflight asks for: the masses are met, and beta is not told.",
        scheme,
        starts=8,
        boxes=WIDE_BOXES,
    )
