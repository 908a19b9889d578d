"""A profile as it was found: the lowest chi2 at every value tried, and its 95 % set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from daybreak.diagnosis.study import EndReason, Interval, Variation
from daybreak.problem.ends import LEVEL_95, crossings, same_chi2
from daybreak.problem.parameters import Parameter

_OUTER = 0.25
"""Share of the scan next to a bound on which a profile may be found flat.

A choice: as much as tells a plateau from the top of a bend.
"""
_FLAT = 0.01
"""A profile that varies there by less than this share of the level is flat.

At such a slope it would rise by the level in 25 times the range of the scan.
"""
_LEVELLED = 0.1
"""... provided that it varies by less than this share of what it does on the whole scan.

Without this a scan so narrow that chi2 hardly varies would be called flat.
"""
_ZERO = 1e-12
"""A chi2 below this is no yardstick for a variation in per cent."""


@dataclass(frozen=True)
class Curve:
    """The lowest chi2 at every value tried, sorted by value, at least one of them finite."""

    values: list[float]
    chi2: list[float]
    """Infinite where every fit failed."""
    reference: float
    """The lowest chi2 found anywhere in the study."""
    parameter: Parameter
    level: float = LEVEL_95
    """How far chi2 may rise at 95 %."""
    ends_only: bool = False
    """Whether only the ends were sought: an open one away from a bound was not found."""

    @property
    def lowest(self) -> float:
        """The value where the curve is lowest."""
        return self.values[min(range(len(self.chi2)), key=self.chi2.__getitem__)]

    @property
    def range(self) -> float:
        """How much chi2 varies."""
        found = [chi2 for chi2 in self.chi2 if math.isfinite(chi2)]
        return max(found) - min(found)

    @property
    def at_edge(self) -> bool:
        """Whether an end of the scan is lower than everything inside it."""
        inside = min(self.chi2[1:-1], default=math.inf)
        edge = min(self.chi2[0], self.chi2[-1])
        return edge < inside and not same_chi2(edge, inside)

    @property
    def at_limit(self) -> bool:
        """Whether the curve is lowest at a physical limit."""
        return self.lowest in self.parameter.limits

    def left_out(self, at_limit: float) -> list[float]:
        """Physical limits that the set does not hold, where `at_limit` is a rise that is enough.

        What rises by more than the level is outside in any case.
        """
        ends = {self.values[0]: self.chi2[0], self.values[-1]: self.chi2[-1]}
        return [
            value
            for value, chi2 in ends.items()
            if value in self.parameter.limits and at_limit < chi2 - self.reference <= self.level
        ]

    def intervals(self) -> list[Interval]:
        """The connected pieces of the set where chi2 <= reference + level."""
        level = self.reference + self.level
        # Between two crossings the set is either all in or all out; an end without one is open.
        ends: list[tuple[float, EndReason]] = []
        for c in crossings(self.values, self.chi2, level):
            walled = not math.isfinite(c.f_outside)
            ends.append((c.inside, EndReason.NO_FIT) if walled else (c.root, EndReason.DATA))
        if self.chi2[0] <= level:
            ends.insert(0, (self.values[0], self._open(self.values[0], self.parameter.lower)))
        if self.chi2[-1] <= level:
            ends.append((self.values[-1], self._open(self.values[-1], self.parameter.upper)))
        return [
            Interval(
                lower=low,
                upper=high,
                lower_closed=low_reason is EndReason.DATA,
                upper_closed=high_reason is EndReason.DATA,
                lower_reason=low_reason,
                upper_reason=high_reason,
            )
            for (low, low_reason), (high, high_reason) in zip(ends[::2], ends[1::2], strict=True)
        ]

    def _open(self, value: float, bound: float) -> EndReason:
        """Why the set does not end at `value`, an end of the scan.

        Beyond an end of the scan inside the box nothing was looked at, whatever its slope.
        """
        if value != bound:
            return EndReason.UNFINISHED if self.ends_only else EndReason.SCAN_EDGE
        place = self.parameter.unit_from
        first, last = place(self.values[0]), place(self.values[-1])
        near = [
            c
            for v, c in zip(self.values, self.chi2, strict=True)
            if abs(place(v) - place(value)) <= _OUTER * (last - first) and math.isfinite(c)
        ]
        rise = max(near) - min(near)
        level = rise <= _LEVELLED * self.range or same_chi2(self.range, 0.0)
        if len(near) > 2 and rise < _FLAT * self.level and level:
            return EndReason.FLAT
        limited = value in self.parameter.limits
        return EndReason.PHYSICAL_LIMIT if limited else EndReason.BOUND


def variation(chi2: Sequence[float | None]) -> Variation | None:
    """How much chi2 varies along a grid; None without two points."""
    found = [c for c in chi2 if c is not None]
    if len(found) < 2:
        return None
    low, high = min(found), max(found)
    triples = zip(found, found[1:], found[2:], strict=False)
    minima = sum(b < min(a, c) and not (same_chi2(a, b) or same_chi2(b, c)) for a, b, c in triples)
    percent = 100.0 * (high - low) / low if low > _ZERO else None
    return Variation(percent=percent, range=high - low, local_minima=minima)
