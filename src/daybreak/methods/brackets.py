"""Brackets of crossings, round after round: which are worth narrowing, and which to halve."""

from __future__ import annotations

import math
from collections.abc import Sequence

from daybreak.problem.ends import Crossing

_MORE = 4
"""Crossings beside those of the first round that a profile without noise may turn out to have.

A choice: two pieces narrower than the grid.  Where there are more, only so many are followed.
"""
_QUARTER = 0.25
"""A bracket that is left wider than this share of the last one is halved next.

Where the chord leads to the crossing a 28th is left (`daybreak.methods.intervals`).
"""
_STEP = 0.9
"""A halved bracket that keeps this share of its rise holds a jump, and is halved again.

Of a smooth profile about a half is left, of a square root at its foot 0.7.
"""


class Brackets:
    """The crossings of a level on one profile.

    Parameters
    ----------
    noise : float
        By how much chi2 at one place differs.
    """

    def __init__(self, noise: float) -> None:
        self.noise = noise
        self.last: Sequence[Crossing] = ()
        self.now: Sequence[Crossing] = ()
        self.halved: set[Crossing] = set()
        self.most: int | None = None

    def worth(self, found: Sequence[Crossing]) -> set[Crossing]:
        """Those of a new round whose sides can be told apart: the widest, if there are many."""
        self.last, self.now = self.now, found
        if self.most is None:
            self.most = len(found) + _MORE
        told = [one for one in found if one.f_outside - one.f_inside > self.noise]
        return set(sorted(told, key=lambda one: -one.width)[: self.most])

    def halves(self, crossing: Crossing) -> tuple[float, ...]:
        """The middle of a bracket that the chord did not narrow; empty where the chord will do.

        Beside a wall there is no chord, and what fails there is not tried again.
        """
        if not math.isfinite(crossing.f_outside):
            return ()
        parent = next((one for one in self.last if _holds(one, crossing)), None)
        if parent is None or crossing.width <= _QUARTER * parent.width:
            return ()
        rise, before = (one.f_outside - one.f_inside for one in (crossing, parent))
        if parent in self.halved and rise <= _STEP * before:
            return ()
        self.halved.add(crossing)
        return (0.5 * (crossing.inside + crossing.outside),)


def _holds(one: Crossing, other: Crossing) -> bool:
    low, high = sorted((one.inside, one.outside))
    return low <= min(other.inside, other.outside) and max(other.inside, other.outside) <= high
