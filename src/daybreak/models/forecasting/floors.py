"""What the least clever forecast loses on few days, and what that says of a published loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import daybreak as dk

from .legacy_splits import scattered
from .power_law import LOSSES
from .prices import Prices
from .targets import HORIZONS, entropy, targets

ROWS, CONTEXT = 8073, 60
"""Rows of the published data set, from 1993-11-11 to 2025-12-08, and of its windows."""
_BEFORE = 1298
"""Of these rows, those before 1999-01-04, with which the bundled indices begin."""


def lowest_loss(n: int, least: int, most: int) -> float:
    """What a constant forecast loses at least on n days with `least` to `most` positive ones.

    min over k of H(k / n), in nats; H is largest in the middle, so one of the ends has it.

    Raises
    ------
    daybreak.ProblemError
        When the counts do not fit.
    """
    if not 0 <= least <= most <= n or n < 1:
        msg = f"0 <= least <= most <= n and n >= 1 must hold, but got ({n=}, {least=}, {most=})."
        raise dk.ProblemError(msg)
    return min(entropy(least / n), entropy(most / n))


@dataclass(frozen=True)
class Published:
    """The validation days of one published study, as far as they can be looked up.

    Parameters
    ----------
    horizon : int
        Days ahead that were asked for.
    n, known : int
        Validation days, and those that lie in the bundled years with all of their label.
    positives, asked : int
        Of the known days, those positive one day ahead, and at the horizon asked for.
    losses : tuple of float
        The lowest and the highest of its four published losses.
    """

    horizon: int
    n: int
    known: int
    positives: int
    asked: int
    losses: tuple[float, float]

    @property
    def floor(self) -> float:
        """Lowest loss of a constant, were the labels those asked for; unknown days are free."""
        return lowest_loss(self.n, self.asked, self.asked + self.n - self.known)


def published_days(prices: Prices, horizon: int) -> Published:
    """Rebuild the validation days of a published study and look their labels up.

    The days follow from the number of rows and the seed of the shuffle; the calendar says where
    the bundled years begin among them.

    Parameters
    ----------
    prices : Prices
        Of ``"sp500"``: the index stands for the fund, dividends aside.
    horizon : int
        1, 3 or 5.
    """
    split = scattered(ROWS, CONTEXT, horizon)
    days = split.validation + CONTEXT - 1 - _BEFORE
    days = days[(days >= 0) & (days < len(prices) - horizon)]
    table = np.array(list(LOSSES.values()))[:, HORIZONS.index(horizon)]
    return Published(
        horizon,
        split.sizes[1],
        len(days),
        positives=int(targets(prices, 1)[days].sum()),
        asked=int(targets(prices, horizon)[days].sum()),
        losses=(float(table.min()), float(table.max())),
    )
