"""The forty-two ratios that the original study compares a spectrum with, and where they are from.

Ratios of measured masses, and of lengths from the Planck length to the observable universe.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from .numeric import Floats

MASSES = (
    0.0022,
    0.0047,
    0.095,
    1.27,
    4.18,
    173.21,
    0.000511,
    0.10566,
    1.77686,
    80.379,
    91.1876,
    125.1,
)
"""Six quarks; electron, muon, tau; W, Z, Higgs; GeV, as the original study has them."""

LENGTHS = (
    1.616e-35,
    1e-18,
    1e-15,
    2.426e-12,
    5.292e-11,
    1e-10,
    5e-7,
    1.0,
    1.274e7,
    1.496e11,
    9.461e15,
    9.461e20,
    8.8e26,
)
"""Planck length ... the Earth, an astronomical unit, a light year ... ; m."""

SMALLEST, LARGEST = 1.1, 500.0
"""Ratios between these count, both excluded."""

TARGETS = (
    1.112,
    1.134,
    1.372,
    1.385,
    1.399,
    1.556,
    1.89,
    1.899,
    2.136,
    2.155,
    2.352,
    3.291,
    4.305,
    9.198,
    12.02,
    13.368,
    16.817,
    18.704,
    19.229,
    20.213,
    21.814,
    21.815,
    22.481,
    29.928,
    39.561,
    41.22,
    41.438,
    43.182,
    44.0,
    45.237,
    48.027,
    51.32,
    63.291,
    70.405,
    71.801,
    97.481,
    98.504,
    136.386,
    185.91,
    206.771,
    270.213,
    378.055,
)
"""All of them, to three decimals, ascending."""

_ELECTROWEAK = (1.1345, 1.3719, 1.5564)


def ratios_of(values: Sequence[float]) -> list[float]:
    """Ratios larger over smaller between the two limits, to three decimals, each once."""
    pairs = itertools.combinations(sorted(set(values)), 2)
    found = {round(high / low, 3) for low, high in pairs if SMALLEST < high / low < LARGEST}
    return sorted(found)


def weights() -> Floats:
    """How much each target counts, shape (42,).

    3 within 10 % of a ratio of W, Z and Higgs, else 5 above ten, else 1.
    """
    near = [any(abs(t - e) / e < 0.1 for e in _ELECTROWEAK) for t in TARGETS]
    return np.array(
        [3.0 if n else 5.0 if t > 10 else 1.0 for t, n in zip(TARGETS, near, strict=True)]
    )
