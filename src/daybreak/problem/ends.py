"""Ends of local fits: which are one minimum, and where a level is crossed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

LEVEL_95 = 3.841458820694124
"""95 % quantile of the chi2 distribution with one degree of freedom (Wilks 1938)."""


LEVELS_2D = {0.68: 2.27886856637673, 0.95: 5.99146454710798}
"""Quantiles of the chi2 distribution with two degrees of freedom: -2 log(1 - probability)."""

MODEL_SCALES = (0.1, 0.5, 1.0, 2.0, 10.0)
"""Factors on the model uncertainty with which a study's best fit is made again.

A choice: two either way, by which an estimate of a model's error is easily wrong, and ten, where
it is practically nothing or everything.
"""


def same_chi2(one: float, other: float) -> bool:
    """Whether two fits reached the same chi2: within 1e-6, or 1e-9 of its value.

    One millionth of a unit of chi2 moves no interval; 1e-9 is what sums of squares keep.
    """
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other
    return abs(one - other) <= max(1e-6, 1e-9 * max(abs(one), abs(other)))


MISSED = 0.05
"""Largest expected share of starts that lead elsewhere which needs no word.

A choice, the complement of 95 %: with one minimum seen, 7 starts are enough.
"""


def missed_share(starts: int, different: int) -> float:
    """Expected share of starts that lead to a minimum not seen so far: W (W + 1) / (N (N - 1)).

    After N >= 2 starts that ended in W different minima.
    Source: Boender and Rinnooy Kan (1987), Math. Program. 37, 59.
    """
    return min(1.0, different * (different + 1) / (starts * (starts - 1)))


@dataclass(frozen=True)
class Basin:
    """A cluster of ends with one minimum."""

    best: int
    """Index of the lowest end."""
    members: tuple[int, ...]
    """Indices of all ends, lowest first."""

    @property
    def hits(self) -> int:
        """How many starts ended here."""
        return len(self.members)


def basins(chi2: Sequence[float], ends: NDArray[np.float64], reach: float = 1e-5) -> list[Basin]:
    """Cluster ends that have the same chi2 and lie within `reach` in the unit box.

    Parameters
    ----------
    chi2 : sequence of float, length n
        Infinite or NaN for failed fits, which belong nowhere.
    ends : array, shape (n, n_free)
        Unit coordinates.
    reach : float
        Largest distance (maximum norm) within a basin.

    Returns
    -------
    list of Basin, lowest chi2 first.
    """
    order = np.argsort(np.asarray(chi2), kind="stable").tolist()
    found: list[list[int]] = []
    for i in order:
        if not math.isfinite(chi2[i]):
            continue
        for members in found:
            near = ends.shape[1] == 0 or np.abs(ends[i] - ends[members[0]]).max() <= reach
            if near and same_chi2(chi2[i], chi2[members[0]]):
                members.append(i)
                break
        else:
            found.append([i])
    return [Basin(members[0], tuple(members)) for members in found]


class End(Protocol):
    """What every kind of end has."""

    @property
    def chi2(self) -> float | None:
        """None when the fit failed."""
        ...

    @property
    def u(self) -> list[float]:
        """Unit coordinates of the free parameters."""
        ...


AnyEnd = TypeVar("AnyEnd", bound=End)


def units(ends: Sequence[End]) -> NDArray[np.float64]:
    """Unit coordinates of ends, shape (n, n_free)."""
    rows = np.array([end.u for end in ends], dtype=np.float64)
    return rows.reshape(len(ends), len(ends[0].u) if ends else 0)


def distinct(ends: Sequence[AnyEnd]) -> list[AnyEnd]:
    """The lowest end of every basin, lowest first; failed fits belong nowhere."""
    usable = [end for end in ends if end.chi2 is not None]
    found = basins([end.chi2 for end in usable if end.chi2 is not None], units(usable))
    return [usable[basin.best] for basin in found]


@dataclass(frozen=True)
class Crossing:
    """Two neighbouring points of a profile between which it crosses a level."""

    inside: float
    outside: float
    f_inside: float
    f_outside: float
    """Profile minus level at the two points: f_inside <= 0 < f_outside."""

    @property
    def root(self) -> float:
        """Where the chord crosses: ``inside - f_in (outside - inside) / (f_out - f_in)``."""
        share = -self.f_inside / (self.f_outside - self.f_inside)
        return self.inside + share * (self.outside - self.inside)

    @property
    def width(self) -> float:
        """Distance between the two points."""
        return abs(self.outside - self.inside)


def crossings(values: Sequence[float], chi2: Sequence[float], level: float) -> list[Crossing]:
    """Every place where a profile, sorted by value, crosses `level` (in units of chi2)."""
    found: list[Crossing] = []
    f = [c - level for c in chi2]
    for i in range(len(values) - 1):
        if (f[i] <= 0) == (f[i + 1] <= 0):
            continue
        inside, outside = (i, i + 1) if f[i] <= 0 else (i + 1, i)
        found.append(Crossing(values[inside], values[outside], f[inside], f[outside]))
    return found
