"""The spectrum that the original study scores: modes of octaves in a box, most of them the box's.

Its matrix leaves out the sextic term, Phi's rows, Phi's mixing with the octaves and the decay of
the couplings, and modes that are negative are dropped without a word.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .numeric import Floats
from .octaves import N_OCTAVES, Octaves
from .original import OriginalGrid

COUNT = 300
"""Eigenvalues kept."""
LEAST = 10
"""Masses that a spectrum must have."""
_ZERO = 1e-12


def uniform_couplings(octaves: Octaves, n_octaves: int = N_OCTAVES) -> Floats:
    """The couplings of the matrix: as of the energy, but without their decay."""
    distance = np.abs(np.subtract.outer(np.arange(n_octaves), np.arange(n_octaves)))
    return octaves.lam_1 * (distance == 1.0) + octaves.lam_2 * (distance == 2.0)


def vacuum_eigenvalues(
    octaves: Octaves,
    phi: float,
    grid: OriginalGrid,
    n_octaves: int = N_OCTAVES,
    count: int = COUNT,
) -> Floats:
    """The lowest eigenvalues where every octave vanishes and Phi is constant, ascending.

    Closed form: of -d2/dr2 between two ghost nodes, ``4 / dr^2 sin^2(k pi / (2 (N + 1)))``, plus
    those of the couplings, plus ``m0^2 + 2 g_Y phi^2``.
    """
    k = np.arange(1, grid.nodes + 1)
    box = 4 / grid.step**2 * np.sin(k * np.pi / (2 * (grid.nodes + 1))) ** 2
    octave = np.linalg.eigvalsh(uniform_couplings(octaves, n_octaves))
    bulk = octaves.m0**2 + 2 * octaves.g_Y * phi**2
    return np.sort(np.add.outer(octave, box).ravel())[:count] + bulk


def original_eigenvalues(
    octaves: Octaves, psi: Floats, phi: Floats, grid: OriginalGrid, count: int = COUNT
) -> Floats:
    """The lowest eigenvalues of the original's matrix about any fields, ascending.

    Found by shift and inversion, which takes seconds where the original took minutes.
    """
    from scipy import sparse
    from scipy.sparse.linalg import eigsh

    n = len(psi)
    local = octaves.m0**2 + 3 * octaves.g * psi**2 + 2 * octaves.g_Y * phi**2
    diagonal = (2 / grid.step**2 + local).T.ravel()
    links = np.full(diagonal.size - n, -1 / grid.step**2)
    couplings = sparse.kron(sparse.eye(grid.nodes), uniform_couplings(octaves, n))
    diagonals: Any = sparse.diags  # its stub takes one diagonal only
    matrix = diagonals([links, diagonal, links], [-n, 0, n]) + couplings
    spread = np.max(np.sum(np.abs(uniform_couplings(octaves, n)), axis=1))
    floor = float(np.min(local) - spread)
    found = eigsh(matrix.tocsc(), count, sigma=floor - 0.1, which="LM", return_eigenvectors=False)
    return np.sort(found)


def original_masses(eigenvalues: Floats) -> Floats:
    """Roots of the positive eigenvalues, ascending; none at all for fewer than ten."""
    kept = np.sqrt(eigenvalues[eigenvalues > _ZERO])
    return kept if kept.size >= LEAST else np.empty(0)


def unstable_dropped(eigenvalues: Floats) -> int:
    """How many eigenvalues the original drops because they are negative."""
    return int(np.sum(eigenvalues <= _ZERO))
