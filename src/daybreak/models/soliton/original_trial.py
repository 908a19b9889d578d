"""One trial of the original study, step by step, up to where it rejects its fields.

Its normalisation multiplies two sums where it meant to sum products: after it no octave exceeds
0.0039, and the check that follows asks for 0.1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from .numeric import Floats
from .octaves import N_OCTAVES, Octaves
from .original import OriginalGrid, original_energy, original_force

STEPS, STEP = 99, 2e-5
_CLIP = 1e3
_LEAST_PSI = 0.1
_PHI_RANGE = (1e-3, 1e2)
_RATE = 0.2
_SETTLED = 1e-6


class OriginalEnd(Enum):
    """How a trial ends; the values are the original's words, where it has some."""

    TRIVIAL = "trivial_solution"
    UNSTABLE = "energy_unstable"
    PHI_OUT_OF_BOUNDS = "phi_out_of_bounds"
    NOT_FINITE = "not_finite"
    ACCEPTED = ""


@dataclass(frozen=True, eq=False)
class OriginalTrial:
    """What one trial came to.

    Parameters
    ----------
    end : OriginalEnd
    octaves : Octaves
        As its self-consistency changed them.
    psi, phi : array, shapes (n, nodes) and (nodes,)
    energy : float
    """

    end: OriginalEnd
    octaves: Octaves
    psi: Floats
    phi: Floats
    energy: float

    @property
    def largest_psi(self) -> float:
        """Largest modulus of any octave."""
        return float(np.max(np.abs(self.psi)))


def as_sampled(octaves: Octaves) -> Octaves:
    """What the original does to a sampled point at once: lam_2 becomes ``pi lam_1``."""
    return replace(octaves, lam_2=math.pi * octaves.lam_1)


def original_trial(
    octaves: Octaves,
    v_H: float,
    rng: np.random.Generator,
    grid: OriginalGrid | None = None,
    n_octaves: int = N_OCTAVES,
    stopped: Callable[[], bool] = lambda: False,
) -> OriginalTrial:
    """Relax and adapt twice, then check.

    Parameters
    ----------
    octaves : Octaves
        As sampled.
    v_H : float
        Scales the first Phi, and enters nothing else.
    rng : numpy.random.Generator
        Of the noise at the start; the original's has no seed.
    grid : OriginalGrid, optional
        Its own by default.
    n_octaves : int
    stopped : callable () -> bool
        Asked between the relaxations, to end a trial early.
    """
    grid = grid or OriginalGrid()
    octaves = as_sampled(octaves)
    psi, phi = original_start(octaves, v_H, rng, grid, n_octaves)
    rate = _RATE
    for _ in range(2):
        psi, phi = relaxed(octaves, psi, phi, grid)
        if not (np.all(np.isfinite(psi)) and np.all(np.isfinite(phi))) or stopped():
            break
        octaves, rate = adapted(octaves, psi, phi, rate), 0.95 * rate
    energy = original_energy(octaves, psi, phi, grid)
    return OriginalTrial(checked(psi, phi, energy), octaves, psi, phi, energy)


def original_start(
    octaves: Octaves, v_H: float, rng: np.random.Generator, grid: OriginalGrid, n_octaves: int
) -> tuple[Floats, Floats]:
    """Exponentials with a cusp at the origin, and noise at every node.

    The fields that the original takes when its network fails, as it always does.
    """
    filled = v_H * math.sqrt(max(-octaves.mu2 / octaves.lambda_H, 0.0))
    phi = filled + rng.normal(0.0, 0.01, grid.nodes)
    psi = 1.5 * np.exp(-grid.r / 3) + rng.normal(0.0, 0.05, (n_octaves, grid.nodes))
    return psi, phi


def relaxed(
    octaves: Octaves, psi: Floats, phi: Floats, grid: OriginalGrid
) -> tuple[Floats, Floats]:
    """Ninety-nine steps down the force, with the normalisation every ten of them."""
    step = STEP * (0.1 if abs(octaves.mu2) > 10 else 1.0)
    before = original_energy(octaves, psi, phi, grid)
    for number in range(1, STEPS + 1):
        of_psi, of_phi = original_force(octaves, psi, phi, grid)
        psi, phi = psi - step * of_psi, phi - step * of_phi
        psi[:, -1], phi[-1] = 0.0, 0.0
        psi, phi = np.clip(psi, -_CLIP, _CLIP), np.clip(phi, -_CLIP, _CLIP)
        if number % 10 == 0:
            psi = normalised(psi, grid)
            energy = original_energy(octaves, psi, phi, grid)
            if abs(energy - before) < _SETTLED:
                break
            before = energy
    return psi, phi


def normalised(psi: Floats, grid: OriginalGrid) -> Floats:
    """``psi / sqrt(sum psi^2 . 4 pi . sum r^2 . dr)``: the original's product of sums."""
    size = float(np.sum(psi**2)) * 4 * math.pi * float(np.sum(grid.r**2)) * grid.step
    return psi / math.sqrt(size)


def adapted(octaves: Octaves, psi: Floats, phi: Floats, rate: float) -> Octaves:
    """Move m0, g and lam_1 towards what the fields are said to want; g at least to 1."""
    o = octaves
    m0 = float(np.clip(10 * abs(o.mu2) * np.mean(np.abs(phi)), 0.01, 50))
    g = float(np.clip(np.mean(phi**2 * np.sum(psi**2, axis=0)), 1, 100))
    pairs = [np.corrcoef(a, b)[0, 1] for a, b in itertools.pairwise(psi)]
    lam = float(np.clip(2 * np.mean(pairs), 0.3, 1.5)) if pairs else o.lam_1
    slower = 0.1 if abs(g - o.g) / o.g > 1 else 1.0
    lam_1 = o.lam_1 + rate * (lam - o.lam_1)
    return replace(
        o,
        m0=o.m0 + rate * (m0 - o.m0),
        g=float(np.clip(o.g + slower * rate * (g - o.g), 1, 100)),
        lam_1=lam_1,
        lam_2=math.pi * lam_1,
    )


def checked(psi: Floats, phi: Floats, energy: float) -> OriginalEnd:
    """The checks before a spectrum is asked for, in their order."""
    if not (np.all(np.isfinite(psi)) and np.all(np.isfinite(phi))):
        return OriginalEnd.NOT_FINITE
    if np.max(np.abs(psi)) < _LEAST_PSI:
        return OriginalEnd.TRIVIAL
    if not math.isfinite(energy) or energy > 0:
        return OriginalEnd.UNSTABLE
    low, high = _PHI_RANGE
    return (
        OriginalEnd.ACCEPTED
        if low <= np.mean(np.abs(phi)) <= high
        else (OriginalEnd.PHI_OUT_OF_BOUNDS)
    )
