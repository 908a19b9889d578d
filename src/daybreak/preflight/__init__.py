"""What can be known BEFORE the night; the package itself is callable, as `daybreak.preflight`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daybreak.findings import Preflight
    from daybreak.plan import Campaign


class _Callable(ModuleType):
    """Importing a subpackage hides a function of the same name, so the subpackage is one."""

    def __call__(self, campaign: Campaign, budget: float = 60.0) -> Preflight:
        """Say what can be known before the night; writes nothing.

        Parameters
        ----------
        campaign : Campaign
        budget : float
            Seconds of processor time, that of programs that it starts included, or of waiting
            where a model waits for something elsewhere; what does not fit is listed as not
            checked, and whatever else the machine does changes nothing.  Reach and symmetries
            are not cut, unless an evaluation takes long.

        Returns
        -------
        Preflight
            Findings as data, study by study.
        """
        from daybreak.preflight.run import preflight

        return preflight(campaign, budget)


sys.modules[__name__].__class__ = _Callable
