"""What is to be forecast: whether the price reaches a threshold within the next days."""

from __future__ import annotations

from typing import Literal

import numpy as np

import daybreak as dk

from .numeric import Floats
from .prices import Prices

Label = Literal["close", "high"]
HORIZONS = (1, 3, 5)
THETA = 0.01


def targets(
    prices: Prices, horizon: int = 1, label: Label = "close", theta: float = THETA
) -> Floats:
    """Labels of all days, NaN on the last `horizon` ones.

    y_t = 1 if max(P_{t+1}, ..., P_{t+h}) >= C_t (1 + theta), else 0, with P the close or the high.

    Parameters
    ----------
    prices : Prices
        Daily bars, n of them.
    horizon : int
        h, in trading days.
    label : {"close", "high"}
        P. The reference is today's close either way; highs are reached half as often again.
    theta : float
        The rise that counts, dimensionless; 0 asks for the direction alone.

    Returns
    -------
    array, shape (n,)
        0, 1, or NaN.

    Raises
    ------
    daybreak.ProblemError
        When the horizon does not fit the data, or the label or theta means nothing.
    """
    prices.check_horizon(horizon)
    if label not in ("close", "high"):
        msg = f"label must be 'close' or 'high', but got {label!r}."
        raise dk.ProblemError(msg)
    if not 0 <= theta < 1:
        msg = f"0 <= theta < 1 must hold, but got {theta=}; one per cent is 0.01."
        raise dk.ProblemError(msg)
    reached = prices.close if label == "close" else prices.high
    ahead = np.lib.stride_tricks.sliding_window_view(reached[1:], horizon).max(axis=1)
    found = np.full(len(prices), np.nan)
    found[: len(prices) - horizon] = ahead >= prices.close[: len(prices) - horizon] * (1 + theta)
    return found


def base_rate(labels: Floats) -> float:
    """Share of ones among the days that have a label."""
    return float(np.nanmean(labels))


def entropy(rate: float) -> float:
    """Cross-entropy of the constant forecast `rate` where it is true, in nats.

    H(q) = -q ln q - (1 - q) ln(1 - q), and 0 at both ends.
    """
    return float(sum(-p * np.log(p) for p in (rate, 1 - rate) if p > 0))
