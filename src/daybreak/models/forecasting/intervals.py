"""How sure a score is, when neighbouring days are alike: moving blocks of days.

Drawing days one by one would count a volatile fortnight as ten independent observations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import daybreak as dk

from .numeric import Floats, Integers
from .skill import auc, losses

LEAST_BLOCK = 20
DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A value with its standard error and its 95 % interval, in the unit of the value."""

    value: float
    error: float
    low: float
    high: float

    @property
    def has_zero(self) -> bool:
        """Whether no effect is among what the data allow."""
        return self.low <= 0 <= self.high

    def __str__(self) -> str:
        """As ``0.706 [0.641, 0.771]``."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def blocks(n: int, horizon: int = 1, draws: int = DRAWS, seed: int = 0) -> Integers:
    """Resampled days: whole blocks of max(horizon, 20) consecutive ones, with replacement.

    Parameters
    ----------
    n : int
        Days of the region.
    horizon : int
        Days that neighbouring labels share, plus one.
    draws, seed : int
        How many resamples, of which random numbers.

    Returns
    -------
    array of int, shape (draws, n)

    Raises
    ------
    daybreak.ProblemError
        When the region has fewer than two blocks: then it says nothing about its own spread.

    Notes
    -----
    Künsch, Ann. Statist. 17, 1217 (1989).
    """
    length = max(horizon, LEAST_BLOCK)
    if n < 2 * length:
        msg = (
            f"an interval needs at least two blocks of {length} days, but got {n} days; enlarge "
            "the region."
        )
        raise dk.ProblemError(msg)
    count = -(-n // length)
    begins = np.random.default_rng(seed).integers(0, n - length + 1, (draws, count, 1))
    return (begins + np.arange(length)).reshape(draws, -1)[:, :n]


def interval(of: Callable[[Integers], float], drawn: Integers) -> Interval:
    """A statistic of days, and its spread over resampled ones.

    Parameters
    ----------
    of : callable (array of day numbers) -> float
        NaN where it does not exist; such draws are left out.
    drawn : array of int, shape (draws, n)
        From `blocks`.
    """
    found = np.array([of(days) for days in drawn])
    return _summary(of(np.arange(drawn.shape[1])), found[np.isfinite(found)])


def entropy_interval(labels: Floats, probabilities: Floats, horizon: int = 1) -> Interval:
    """Cross-entropy of a forecast, in nats."""
    return _mean_interval(losses(labels, probabilities), horizon)


def entropy_difference(
    labels: Floats, first: Floats, second: Floats, horizon: int = 1
) -> Interval:
    """Cross-entropy of the first forecast less that of the second, paired by day, in nats."""
    return _mean_interval(losses(labels, first) - losses(labels, second), horizon)


def auc_interval(labels: Floats, scores: Floats, horizon: int = 1) -> Interval:
    """Area under the receiver's curve."""
    drawn = blocks(len(labels), horizon)
    return interval(lambda days: auc(labels[days], scores[days]), drawn)


def auc_difference(labels: Floats, first: Floats, second: Floats, horizon: int = 1) -> Interval:
    """Area of the first forecast less that of the second, paired by day."""
    return interval(
        lambda days: auc(labels[days], first[days]) - auc(labels[days], second[days]),
        blocks(len(labels), horizon),
    )


def _mean_interval(values: Floats, horizon: int) -> Interval:
    drawn = blocks(len(values), horizon)
    return _summary(float(values.mean()), values[drawn].mean(axis=1))


def _summary(value: float, found: Floats) -> Interval:
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(value), float(found.std(ddof=1)), float(low), float(high))
