"""What spectra without any physics score: the yardstick that no score may be shown without.

Many masses have so many ratios that every target within their span is hit; few masses score what
chance gives.  Either way the score says how wide a spectrum is, and not where it is from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .numeric import Floats
from .octaves import RADIUS, Octaves
from .original import OriginalGrid
from .original_spectrum import COUNT, original_masses, vacuum_eigenvalues
from .scores import Scores, scores

DRAWS = 200
_OUTSIDE = 0.025
"""Share of the null distribution beyond each of its ends."""

MIDDLE = Octaves(m0=0.55, g=0.125, lam_1=0.065, lam_2=0.0275, g_Y=0.275, mu2=-1.25)
"""The middle of the box that the original study searches."""
MIDDLE_PHI = 0.85
"""What that study fills space with there: v_H sqrt(-mu2 / lambda_H)."""


@dataclass(frozen=True, eq=False)
class Null:
    """Scores of random spectra, as many masses and as wide as one that is judged.

    Parameters
    ----------
    fractal_scores, regularities : array, shape (draws,)
        Ascending.
    """

    fractal_scores: Floats
    regularities: Floats

    def contains(self, found: Scores) -> bool:
        """Whether both scores lie between the 2.5th and 97.5th percentile of chance."""
        return self.has_score(found) and _within(found.regularity, self.regularities)

    def has_score(self, found: Scores) -> bool:
        """Whether the fractal score alone does."""
        return _within(found.fractal_score, self.fractal_scores)

    @property
    def median(self) -> float:
        """Of the fractal score."""
        return float(np.median(self.fractal_scores))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % of chance, for the fractal score."""
        low, high = np.quantile(self.fractal_scores, [_OUTSIDE, 1 - _OUTSIDE])
        return float(low), float(high)


def _within(value: float, null: Floats) -> bool:
    """Up to rounding: a null may be a single value."""
    low, high = np.quantile(null, [_OUTSIDE, 1 - _OUTSIDE])
    return bool(low - 1e-9 <= value <= high + 1e-9)


def random_masses(count: int, span: float, rng: np.random.Generator) -> Floats:
    """Masses even in the logarithm that span the whole of [1, span], ascending, shape (count,)."""
    inner = np.sort(rng.uniform(0.0, np.log(span), max(count - 2, 0)))
    return np.exp(np.concatenate([[0.0], inner, [np.log(span)]]))[:count]


def null(masses: Floats, draws: int = DRAWS, seed: int = 0) -> Null:
    """Score random spectra of as many masses over the same span.

    Parameters
    ----------
    masses : array, shape (n,)
        The spectrum that is judged; positive.
    draws, seed : int
        How many spectra, and of which random numbers.
    """
    span = float(np.max(masses) / np.min(masses)) if np.size(masses) else 1.0
    # A span to three digits makes one null serve all spectra that it cannot tell apart.
    return _null(int(np.size(masses)), float(f"{span:.3g}"), draws, seed)


@lru_cache(maxsize=256)
def _null(count: int, span: float, draws: int, seed: int) -> Null:
    rng = np.random.default_rng(seed)
    found = [scores(random_masses(count, span, rng)) for _ in range(draws)]
    return Null(
        np.sort([one.fractal_score for one in found]), np.sort([one.regularity for one in found])
    )


@dataclass(frozen=True)
class NullTest:
    """One row of the table of nulls: what a spectrum is, and its scores."""

    name: str
    found: Scores


def vacuum_null(name: str, radius: float = RADIUS, count: int = COUNT) -> NullTest:
    """The original's spectrum where no octave is there at all, of a box and a number of modes."""
    grid = OriginalGrid(last=radius)
    values = vacuum_eigenvalues(MIDDLE, MIDDLE_PHI, grid, count=count)
    return NullTest(name, scores(original_masses(values)))


def random_null(span: float, count: int = COUNT, seed: int = 0) -> NullTest:
    """Masses at random, even in the logarithm over [1, span]."""
    masses = np.exp(np.random.default_rng(seed).uniform(0.0, np.log(span), count))
    return NullTest(f"{count} random masses in [1, {span:g}]", scores(masses))


def null_tests() -> list[NullTest]:
    """The whole table: the empty vacuum in several boxes, and random numbers."""
    return [
        vacuum_null("empty vacuum, R = 25, 300 modes"),
        vacuum_null("empty vacuum, R = 50, 300 modes", radius=50.0),
        vacuum_null("empty vacuum, R = 12.5, 300 modes", radius=12.5),
        vacuum_null("empty vacuum, R = 25, 100 modes", count=100),
        vacuum_null("empty vacuum, R = 25, 600 modes", count=600),
        *(random_null(span) for span in (3.0, 10.0, 100.0, 500.0)),
    ]
