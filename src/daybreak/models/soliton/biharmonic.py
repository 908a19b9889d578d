"""A term of higher derivatives, ``b (lap f)^2 / 2``, that the original study rejected by a sign.

Its variation is ``+b lap lap f``, a positive operator; the original uses ``-b lap lap f``, finds
that the norm of the force explodes, and concludes that such terms are no good.
"""

from __future__ import annotations

import math

import numpy as np

from .numeric import Floats
from .octaves import VALIDATION
from .original import Laplacian, OriginalGrid, original_force, stacked_norm

STRENGTH = 0.01


def bending_energy(field: Floats, grid: OriginalGrid, strength: float = STRENGTH) -> float:
    """``4 pi int r^2 b (lap f)^2 / 2``, with the original's own Laplacian."""
    return grid.integral(strength / 2 * grid.laplacian(field) ** 2)


def bending_force(
    field: Floats, grid: OriginalGrid, sign: float, strength: float = STRENGTH
) -> Floats:
    """``sign b lap lap f``: 1 is the variation of the energy, -1 what the original has."""
    return sign * strength * grid.laplacian(grid.laplacian(field))


def sign_mismatch(sign: float, strength: float = STRENGTH) -> float:
    """Relative error of a force along smooth changes of a smooth field, against its energy.

    The change is an even polynomial times a Gaussian, so small near the origin that the wrong
    first rows of the Laplacian do not matter.
    """
    grid = OriginalGrid(first=0.0)
    field = (grid.r / 4) ** 6 * np.exp(-(grid.r**2) / 8)
    way = (grid.r / 4) ** 6 * np.exp(-(grid.r**2) / 10)
    h = 1e-4
    ends = [bending_energy(field + s * h * way, grid, strength) for s in (1, -1)]
    true = (ends[0] - ends[1]) / (2 * h)
    claimed = grid.integral(bending_force(field, grid, sign, strength) * way)
    return abs(claimed / true - 1)


def exploding_norm(first: float = 0.0, skipped: int = 0) -> float:
    """Norm of the original's force with the term, at its sharp start ``exp(-r^2 / 4)``.

    Parameters
    ----------
    first : float
        Radius of the first node.
    skipped : int
        How many of the first rows to leave out.
    """
    grid = OriginalGrid(first=first)
    psi, phi = np.exp(-(grid.r**2) / 4), np.zeros(grid.nodes)
    kind = Laplacian.OLD
    of_psi, of_phi = original_force(VALIDATION, psi[None], phi, grid, kind)
    of_psi = of_psi - STRENGTH * grid.laplacian(grid.laplacian(psi, kind), kind)
    norm = stacked_norm(of_psi[:, skipped:], of_phi[skipped:])
    return norm if math.isfinite(norm) else math.inf
