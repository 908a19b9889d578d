"""Approximate symmetries: what the data cannot tell apart where they are met.

At the best fit each candidate is transformed by c = 2 and c = 1/2, with its largest exponent 1, so
that no parameter moves by more than the factor c; a shift moves by half a range what it moves
farthest. It is named when no residual then moves by more than `TOLERATED`, at any of the best fits
that are as good, whatever it does elsewhere, and when none of its parameters could be left out:
one that moves nothing alone is weakly constrained, as its profile says, and shares nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from daybreak.preflight.directions import (
    Direction,
    Kind,
    by_kind,
    directions,
    independent,
    null_directions,
    per_step,
)
from daybreak.preflight.optimum import optimum
from daybreak.preflight.probe import Probe
from daybreak.problem.arrays import Array

TOLERATED = 0.1
"""Largest change of a residual that the data do not feel, in units of sigma.

As of a knob (`knob_check`): 0.5 % of the uncertainty of a datum when added in quadrature.
"""
WORTH_TRYING = 1.0
"""Largest change to first order, in units of sigma, of what is tried: the finite one decides."""
DENOMINATOR = 3
"""Largest denominator of an exponent: with enough digits anything is nearly flat."""


def nearly(probe: Probe, kind: Kind, exact: Sequence[Direction]) -> list[tuple[Direction, float]]:
    """Directions of at least two parameters beyond the exact ones, and what they move in sigma."""
    group, found = list(exact), list[tuple[Direction, float]]()
    best = optimum(probe)
    if not len(best):
        return []
    every = probe.values(best)
    for values, slopes in zip(
        every, by_kind(probe, kind, every, probe.jacobian(best)), strict=True
    ):
        for direction in _candidates(probe, kind, slopes, len(exact)):
            if independent([*group, direction]):
                size = _felt(probe, kind, values, direction)
                if size <= TOLERATED:  # by chance at one of several best fits, perhaps
                    size = max(_moves(probe, kind, each, direction) for each in every)
                if size <= TOLERATED:
                    group.append(direction)
                    found.append((direction, size))
    return found


def _candidates(probe: Probe, kind: Kind, slopes: Array, exact: int) -> Iterator[Direction]:
    """Plain directions of at least two parameters that move little to first order.

    `slopes` are those at the best fit, by what the kind moves; shape (m, n).
    """
    if not np.isfinite(slopes).all():
        return
    width = probe.box.upper - probe.box.lower
    units = np.ones(len(width)) if kind == "scaling" else width
    vectors, _ = null_directions(slopes[None])
    for count in range(exact + 1, len(vectors)):
        for direction in directions(vectors[:count], units, DENOMINATOR):
            if sum(x != 0 for x in direction) > 1:
                one = _by_the_largest(direction) if kind == "scaling" else direction
                step = per_step(probe, kind, [one])[0] / units
                if np.abs(slopes @ step).max() <= WORTH_TRYING:
                    yield one


def _by_the_largest(direction: Direction) -> Direction:
    """Exponents of which the largest is 1."""
    largest = max(abs(x) for x in direction)
    return tuple(x / largest for x in direction)


def _felt(probe: Probe, kind: Kind, values: Array, direction: Direction) -> float:
    """Largest change of a residual in sigma; infinite where the direction needs no name."""
    step = per_step(probe, kind, [direction])[0]
    moved = np.flatnonzero(step)
    without = [np.where(np.arange(len(step)) == j, 0.0, step) for j in moved]
    whole, *parts = (_largest(probe, kind, values, one) for one in (step, *without))
    return whole if min(parts) > TOLERATED else np.inf


def _moves(probe: Probe, kind: Kind, values: Array, direction: Direction) -> float:
    return _largest(probe, kind, values, per_step(probe, kind, [direction])[0])


def _largest(probe: Probe, kind: Kind, values: Array, step: Array) -> float:
    """Largest change of a residual by a step and its opposite.

    Where the model has no number the step ends at the box; infinite where it has none there.
    """
    places = _transformed(kind, values, np.stack([step, -step]))
    clipped = np.stack([_within(probe, kind, values, one) for one in (step, -step)])
    before, *after = probe.residuals_at(np.concatenate([values[None], places, clipped]))
    largest = 0.0
    for out, inside in zip(after[:2], after[2:], strict=True):
        moved = out if np.isfinite(out).all() else inside
        change = np.abs(moved - before).max()
        largest = max(largest, float(change) if np.isfinite(change) else np.inf)
    return largest


def _transformed(kind: Kind, values: Array, step: Array) -> Array:
    return values * np.exp(step) if kind == "scaling" else values + step


def _within(probe: Probe, kind: Kind, values: Array, step: Array) -> Array:
    """The same as far as the box allows."""
    box = probe.box
    with np.errstate(all="ignore"):
        room = np.where(step > 0, box.upper - values, values - box.lower)
        if kind == "scaling":
            bound = np.where(step * values > 0, box.upper, box.lower)
            room = np.abs(np.log(bound / values))
        share = np.where(step != 0, room / np.abs(step), np.inf)
    share = np.where(np.isfinite(share), share, 1.0)
    return _transformed(kind, values, min(1.0, float(share.min())) * step)
