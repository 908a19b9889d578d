"""The 20 indicators, by TA-Lib where it defines them: each value of day t from days up to t.

The weekly ones are the exception when asked for: ``weekly="leaking"`` attaches the value of a
whole week to its Monday, so that Tuesday knows Friday's close; ``weekly="original"`` does so as
the original study did, whose weeks vanish when their Monday is a holiday.  Both are there to be
measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

import daybreak as dk

from .extras import require
from .numeric import Days, Doubles
from .prices import Prices

Weekly = Literal["closed", "leaking", "original"]

INDICATORS = (
    "dema_9",
    "dema_10",
    "sma_12",
    "dema_20",
    "dema_25",
    "sma_50",
    "dema_90",
    "sma_100",
    "sma_200",
    "rsi_daily",
    "rsi_weekly",
    "stochrsi_daily",
    "stochrsi_weekly",
    "macd_line",
    "obv",
    "adosc",
    "atr_14",
    "adx_14",
    "bb_percent_b",
    "vwap_20",
)


def indicators(prices: Prices, weekly: Weekly = "closed") -> dict[str, Doubles]:
    """Every indicator on every day, NaN while it warms up.

    Parameters
    ----------
    prices : Prices
        Daily bars, n of them.
    weekly : {"closed", "leaking", "original"}
        Whether a weekly indicator speaks of the last week that is over, or, as a demonstration,
        of the week in progress up to its Friday; `original` leaks only in weeks whose Monday is
        a trading day.

    Returns
    -------
    dict name -> array, shape (n,)
        In the order of `INDICATORS`: moving averages and MACD in the currency, RSI, StochRSI and
        ADX from 0 to 100, OBV and ADOSC in shares, ATR in the currency, %B dimensionless.

    Notes
    -----
    DEMA_n = 2 EMA_n(C) - EMA_n(EMA_n(C)); RSI, ATR and ADX are Wilder's with 14 days; StochRSI is
    the fast %K over 5 days; MACD = EMA_12(C) - EMA_26(C); ADOSC = EMA_3 - EMA_10 of the
    accumulation line; %B = (C - lower) / (upper - lower) with bands 2 population standard
    deviations about the mean of 20 days; VWAP = sum_20(C V) / sum_20(V).
    """
    talib = require("talib")

    close, high, low = prices.close, prices.high, prices.low
    volume = np.nan_to_num(prices.volume)
    found = {f"dema_{n}": talib.DEMA(close, n) for n in (9, 10, 20, 25, 90)}
    found |= {f"sma_{n}": talib.SMA(close, n) for n in (12, 50, 100, 200)}
    found["rsi_daily"] = talib.RSI(close, 14)
    found["stochrsi_daily"] = _stochastic(close)
    found["rsi_weekly"] = _weekly(prices, lambda c: talib.RSI(c, 14), weekly)
    found["stochrsi_weekly"] = _weekly(prices, _stochastic, weekly)
    found["macd_line"] = talib.MACD(close, 12, 26, 9)[0]
    found["obv"] = talib.OBV(close, volume)
    found["adosc"] = talib.ADOSC(high, low, close, volume, 3, 10)
    found["atr_14"] = talib.ATR(high, low, close, 14)
    found["adx_14"] = talib.ADX(high, low, close, 14)
    upper, _, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    found["bb_percent_b"] = _ratio(close - lower, upper - lower)
    found["vwap_20"] = _ratio(talib.SUM(close * volume, 20), talib.SUM(volume, 20))
    return {name: found[name] for name in INDICATORS}


def realised_volatility(close: Doubles, days: int = 20) -> Doubles:
    """Standard deviation of the last log returns, per day, shape (n,); NaN while it warms up."""
    talib = require("talib")

    returns = np.concatenate([[np.nan], np.diff(np.log(close))])
    spread = np.full(len(close), np.nan)
    if len(close) > days:
        spread[1:] = talib.STDDEV(returns[1:], days)
    return spread


def week_of(dates: Days) -> Days:
    """The Monday that a day's week begins with, shape (n,)."""
    since_monday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7  # day 0: a Thursday
    return dates - since_monday.astype("timedelta64[D]")


def _stochastic(close: Doubles) -> Doubles:
    talib = require("talib")

    return talib.STOCHRSI(close, 14, 5, 3)[0]


def _weekly(prices: Prices, of: Callable[[Doubles], Doubles], weekly: Weekly) -> Doubles:
    """An indicator of weekly closes on daily dates."""
    if weekly not in ("closed", "leaking", "original"):
        msg = f"weekly must be 'closed', 'leaking' or 'original', but got {weekly!r}."
        raise dk.ProblemError(msg)
    mondays = week_of(prices.dates)
    last = np.flatnonzero(np.append(mondays[1:] != mondays[:-1], True))
    values = of(np.ascontiguousarray(prices.close[last]))
    week = np.searchsorted(mondays[last], mondays)  # of each day
    if weekly == "closed":
        week = week - 1
    elif weekly == "original":
        # A week whose Monday is a holiday is no row of the daily table: its value never appears.
        shown = np.isin(mondays[last], prices.dates)
        week = np.maximum.accumulate(np.where(shown, np.arange(len(last)), -1))[week]
    return np.where(week >= 0, values[week], np.nan)


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    """A quotient that is missing where its denominator is zero."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
