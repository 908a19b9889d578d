"""What a model is shown on a day: 25 columns, raw or stationary."""

from __future__ import annotations

from typing import Literal

import numpy as np

import daybreak as dk

from .extras import require
from .indicators import INDICATORS, Weekly, indicators
from .numeric import Doubles
from .prices import COLUMNS, Prices

Inputs = Literal["stationary", "raw"]

FEATURES = (*COLUMNS, *INDICATORS)
"""The 25 columns of the tier called a25, in stored order."""
LEVELS = ("atr_14",)
"""Columns that say how volatile the market is: normalising a window must leave them alone."""
WARM_UP = 199
"""Rows before the mean of 200 days exists."""

_AVERAGES = (*(name for name in INDICATORS if name.startswith(("dema", "sma"))), "vwap_20")
_PERCENT = ("rsi_daily", "rsi_weekly", "stochrsi_daily", "stochrsi_weekly", "adx_14")


def features(prices: Prices, inputs: Inputs = "stationary", weekly: Weekly = "closed") -> Doubles:
    """All columns on all days, NaN where one is missing.

    Parameters
    ----------
    prices : Prices
        Daily bars, n of them.
    inputs : {"stationary", "raw"}
        Dimensionless numbers whose range does not drift with the price, or, as a demonstration,
        prices, volumes and cumulative sums as they are.
    weekly : {"closed", "leaking", "original"}
        See `indicators`.

    Returns
    -------
    array, shape (n, 25)
        Columns as in `FEATURES`; a row depends on days up to its own.

    Notes
    -----
    Stationary means, with C the close: O, H, L, averages and VWAP as x/C - 1; the close as
    ln(C_t / C_{t-1}); volume as ln(V / mean_20 V); MACD and ATR as x/C; OBV as its daily change
    and ADOSC as its value, both over mean_20 V; RSI, StochRSI and ADX over 100; %B as it is.
    """
    raw = {name: getattr(prices, name.lower()) for name in COLUMNS}
    raw |= indicators(prices, weekly)
    if inputs not in ("stationary", "raw"):
        msg = f"inputs must be 'stationary' or 'raw', but got {inputs!r}."
        raise dk.ProblemError(msg)
    chosen = raw if inputs == "raw" else _stationary(raw)
    return np.stack([chosen[name] for name in FEATURES], axis=1)


def _stationary(raw: dict[str, Doubles]) -> dict[str, Doubles]:
    talib = require("talib")

    close, volume = raw["Close"], np.nan_to_num(raw["Volume"])
    usual = talib.SMA(volume, 20)
    found = {name: raw[name] / close - 1 for name in ("Open", "High", "Low", *_AVERAGES)}
    found["Close"] = np.concatenate([[np.nan], np.diff(np.log(close))])
    found["Volume"] = _log(_over(volume, usual))
    found |= {name: raw[name] / close for name in ("macd_line", "atr_14")}
    found["obv"] = _over(np.concatenate([[np.nan], np.diff(raw["obv"])]), usual)
    found["adosc"] = _over(raw["adosc"], usual)
    found |= {name: raw[name] / 100 for name in _PERCENT}
    return found | {"bb_percent_b": raw["bb_percent_b"]}


def _over(above: Doubles, below: Doubles) -> Doubles:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _log(values: Doubles) -> Doubles:
    """A logarithm that is missing where nothing was traded."""
    return np.log(values, out=np.full(len(values), np.nan), where=values > 0)
