"""What the original study makes large: three numbers taken from a list of masses.

They hardly depend on the model that the masses come from; `nulls` shows it, and no score is given
without that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .numeric import Floats
from .targets import LARGEST, SMALLEST, TARGETS, weights

LEAST_RATIO = 1.01
"""Of two masses that count as different."""
NEAR = 0.05
"""A ratio within 5 % of a target hits it."""
_POINTS = 400
_AT_ONCE = 4096
"""Ratios whose kernels are in memory together."""
_ZERO = 1e-6


@dataclass(frozen=True)
class Scores:
    """Scores of a spectrum; all dimensionless, all to be made large.

    Parameters
    ----------
    fractal_score : float
        `correlation` + `bonus`; at most 1 + 166 / 42.
    hierarchy : float
        Largest mass over smallest.
    regularity : float
        ``exp(-s / m)`` of the steps ``ln(M_{i+1} / M_i)``, m their mean and s their deviation: 1
        for a geometric ladder.
    correlation : float
        Of the densities of log10 ratios, those of the spectrum and those of the targets.
    bonus : float
        Weights of the targets that are hit, over 42.
    """

    fractal_score: float
    hierarchy: float
    regularity: float
    correlation: float = 0.0
    bonus: float = 0.0

    @property
    def enhanced_score(self) -> float:
        """The score, doubled where the hierarchy exceeds 10: stored by the original, not used."""
        return self.fractal_score * (1 + (self.hierarchy > 10))


def scores(masses: Floats, *, legacy: bool = False) -> Scores:
    """Score a spectrum.

    Parameters
    ----------
    masses : array, shape (n,)
        In any unit and order.
    legacy : bool
        Whether to take the steps of 1 / M as the original does: they are negative, which it
        reads as no step at all, and the regularity of everything is 0.
    """
    distinct = np.unique(np.asarray(masses, float))
    distinct = distinct[distinct > _ZERO]
    found = ratios(distinct, LEAST_RATIO)
    if found.size == 0:
        return Scores(0.0, 1.0, 0.0)
    correlation, bonus = _correlation(found), _bonus(found)
    return Scores(
        correlation + bonus,
        float(distinct[-1] / distinct[0]),
        regularity(1 / distinct if legacy else distinct),
        correlation,
        bonus,
    )


def ratios(masses: Floats, above: float) -> Floats:
    """All ratios ``M_j / M_i``, j > i, of ascending masses that exceed `above`; ascending."""
    lower, upper = np.triu_indices(masses.size, 1)
    found = np.sort(masses[upper] / masses[lower])
    return found[found > above]


def regularity(ladder: Floats) -> float:
    """``exp(-s / m)`` of the logarithms of its steps; 0 for fewer than two steps, or falling."""
    steps = np.diff(np.log(ladder))
    mean = float(np.mean(steps)) if steps.size else 0.0
    if steps.size < 2 or mean < _ZERO:
        return 0.0
    return math.exp(-float(np.std(steps)) / mean)


def hits(found: Floats) -> np.ndarray:
    """Which targets a ratio comes within 5 % of, shape (42,)."""
    targets = np.array(TARGETS)
    right = np.searchsorted(found, targets)
    below, above = found[np.maximum(right - 1, 0)], found[np.minimum(right, found.size - 1)]
    nearest = np.minimum(np.abs(below - targets), np.abs(above - targets))
    return nearest / targets < NEAR


def _bonus(found: Floats) -> float:
    return float(np.sum(weights()[hits(found)])) / len(TARGETS)


def _correlation(found: Floats) -> float:
    """Pearson's, of the two densities on 400 points; 0 where one is not defined."""
    density = _density(np.log10(found))
    if density is None:
        return 0.0
    # Ratios far below 1.1 leave densities whose squares underflow: no correlation is defined.
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.corrcoef(density, _reference())[0, 1])
    return value if math.isfinite(value) else 0.0


def _density(logarithms: Floats) -> Floats | None:
    """Density of logarithms; None for fewer than two different values."""
    if logarithms.size < 2 or np.ptp(logarithms) < 1e-12:
        return None
    return _kernels(logarithms)


def _kernels(logarithms: Floats) -> Floats:
    """Gaussian kernels on 400 points, their width by Scott's rule: ``n^(-1/5)`` deviations."""
    points = np.linspace(math.log10(SMALLEST), math.log10(LARGEST), _POINTS)
    width = logarithms.size ** (-0.2) * float(np.std(logarithms, ddof=1))
    density = np.zeros(_POINTS)
    for start in range(0, logarithms.size, _AT_ONCE):
        part = logarithms[start : start + _AT_ONCE]
        density += np.sum(np.exp(-(((points[:, None] - part) / width) ** 2) / 2), axis=1)
    return density / (logarithms.size * width * math.sqrt(2 * math.pi))


@lru_cache(maxsize=1)
def _reference() -> Floats:
    return _kernels(np.log10(TARGETS))


def earlier_score(masses: Floats) -> tuple[float, float]:
    """Score and hierarchy of the version before, 38.5, for comparison: ``0.7 corr + 0.3 bonus``.

    Its hierarchy is a decimal logarithm.  -1 for fewer than five masses, -0.5 for fewer than five
    different ones or three ratios.
    """
    if np.size(masses) < 5:
        return -1.0, 0.0
    distinct = np.unique(np.asarray(masses, float))
    distinct = distinct[distinct > _ZERO]
    found = ratios(distinct, SMALLEST) if distinct.size >= 5 else np.empty(0)
    found = found[found < LARGEST]
    if found.size < 3:
        return -0.5, 0.0
    density = _density(np.log10(found))
    correlation = -1.0 if density is None else float(np.corrcoef(density, _reference())[0, 1])
    weight = np.where(np.arange(len(TARGETS)) < len(TARGETS) - 3, 2.0, 3.0)
    bonus = float(np.sum(weight[hits(found)]) / np.sum(weight))
    score = min(max(0.7 * correlation + 0.3 * bonus, -1.0), 1.0)
    return score, math.log10(distinct[-1] / distinct[0])
