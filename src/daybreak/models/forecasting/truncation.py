"""Does a feature of today change when the future is cut off?  One that does has seen it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .features import FEATURES, Inputs, features
from .indicators import Weekly
from .prices import Prices

_ROUNDING = 1e-9
"""Relative; recursive averages of the same days agree to the last digit or nearly so."""


def lookahead(
    prices: Prices, days: Iterable[int], inputs: Inputs = "stationary", weekly: Weekly = "closed"
) -> dict[str, float]:
    """Share of days on which each column differs once later days are gone.

    Parameters
    ----------
    prices : Prices
        The whole series.
    days : iterable of int
        Rows t: features at t of all data are compared with those of rows 0 to t alone.
    inputs, weekly
        See `features`.

    Returns
    -------
    dict column -> float
        0 for every column that can be trusted.
    """
    whole = features(prices, inputs, weekly)
    chosen = list(days)
    differs = np.zeros((len(chosen), len(FEATURES)), bool)
    for place, day in enumerate(chosen):
        then = features(prices.until(day + 1), inputs, weekly)[day]
        differs[place] = ~np.isclose(then, whole[day], _ROUNDING, _ROUNDING, equal_nan=True)
    return dict(zip(FEATURES, differs.mean(axis=0).tolist(), strict=True))
