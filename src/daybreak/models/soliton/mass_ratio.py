"""The ratio of masses that was to show a soliton: curvatures averaged where the fields are.

Where both fields are small it is the ratio of two inputs, ``sqrt(mu2) / m0``, whatever was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .numeric import Floats
from .octaves import Octaves

LEAST_RATIO = 1.4
"""m(Phi) / m(Psi) that the original study asks for."""


@dataclass(frozen=True)
class MassRatio:
    """Effective masses of one octave and of Phi.

    Parameters
    ----------
    psi, phi : float
        ``sqrt(max(<V''>, 0))``, averages weighted by ``psi^2 r^2`` and ``phi^2 r^2``.
    vacuum : float
        ``sqrt(mu2) / m0``: their ratio where nothing is there; nan where that is not real.
    """

    psi: float
    phi: float
    vacuum: float

    @property
    def ratio(self) -> float:
        """m(Phi) / m(Psi); infinite where m(Psi) vanishes."""
        return self.phi / self.psi if self.psi > 0 else math.inf

    @property
    def met(self) -> bool:
        """Whether the ratio is at least 1.4."""
        return self.ratio >= LEAST_RATIO

    @property
    def restates_inputs(self) -> bool:
        """Whether it is the vacuum's ratio to 1 %: then it says nothing about what was found."""
        return abs(self.ratio - self.vacuum) <= 0.01 * self.vacuum


def mass_ratio(octaves: Octaves, psi: Floats, phi: Floats, r: Floats) -> MassRatio:
    """Effective masses of one octave and Phi on nodes, all of shape (nodes,)."""
    o = octaves
    of_psi = o.m0**2 + 3 * o.quartic_sign * o.g * psi**2 + 3.75 * o.delta * psi**4
    of_phi = o.mu2 + 3 * o.lambda_H * phi**2 + 2 * o.g_Y * psi**2
    vacuum = math.sqrt(o.mu2) / abs(o.m0) if o.mu2 >= 0 and o.m0 else math.nan
    return MassRatio(_averaged(of_psi, psi, r), _averaged(of_phi, phi, r), vacuum)


def _averaged(squared_mass: Floats, field: Floats, r: Floats) -> float:
    weight = field**2 * r**2
    total = float(np.sum(weight))
    if total == 0:
        return 0.0
    return math.sqrt(max(float(weight @ squared_mass) / total, 0.0))
