"""The run that was to validate the sextic term, repeated digit for digit, and what it is.

A minimiser is handed a force that is not the gradient of the energy it lowers, gives up after two
steps, and its fields are taken for a soliton.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .mass_ratio import MassRatio, mass_ratio
from .numeric import Floats
from .octaves import VALIDATION
from .original import Laplacian, OriginalGrid, original_energy, original_force, stacked_norm

PUBLISHED_ENERGY, PUBLISHED_NORM = 0.4279675, 881.746


@dataclass(frozen=True, eq=False)
class OriginalRun:
    """Where the minimiser stopped.

    Parameters
    ----------
    grid : OriginalGrid
    psi, phi : array, shape (nodes,)
    energy : float
    start_norm, norm : float
        Euclidean norm of the force at start and end.
    iterations : int
    success : bool
        What the minimiser says of itself.
    message : str
        Its words.
    """

    grid: OriginalGrid
    psi: Floats
    phi: Floats
    energy: float
    start_norm: float
    norm: float
    iterations: int
    success: bool
    message: str

    @property
    def masses(self) -> MassRatio:
        """Effective masses of both fields."""
        return mass_ratio(VALIDATION, self.psi, self.phi, self.grid.r)


def original_validation(first: float = 0.0) -> OriginalRun:
    """Run L-BFGS-B from ``0.1 exp(-r^2 / 50)`` as the original does.

    Parameters
    ----------
    first : float
        Radius of the first node.
    """
    from scipy.optimize import minimize

    grid = OriginalGrid(first=first)
    start = np.tile(0.1 * np.exp(-(grid.r**2) / 50), 2)

    def energy_and_force(unknowns: Floats) -> tuple[float, Floats]:
        psi, phi = _halves(unknowns)
        of_psi, of_phi = _force(psi, phi, grid)
        force = np.concatenate([of_psi, of_phi])
        return original_energy(VALIDATION, psi[None], phi, grid), force

    options = {"maxiter": 1000, "ftol": 1e-9, "gtol": 1e-6}
    end: Any = minimize(energy_and_force, start, jac=True, method="L-BFGS-B", options=options)
    norms = [stacked_norm(*_force(*_halves(x), grid)) for x in (start, end.x)]
    psi, phi = _halves(end.x)
    return OriginalRun(
        grid,
        psi,
        phi,
        original_energy(VALIDATION, psi[None], phi, grid),
        norms[0],
        norms[1],
        int(end.nit),
        bool(end.success),
        str(end.message).strip(" :"),
    )


def _halves(unknowns: Floats) -> tuple[Floats, Floats]:
    """Both fields of one vector."""
    psi, phi = np.split(unknowns, 2)
    return psi, phi


def _force(psi: Floats, phi: Floats, grid: OriginalGrid) -> tuple[Floats, Floats]:
    """The force of one octave and Phi, none at the wall."""
    of_psi, of_phi = original_force(VALIDATION, psi[None], phi, grid, Laplacian.FIXED)
    of_psi[:, -1], of_phi[-1] = 0.0, 0.0
    return of_psi[0], of_phi
