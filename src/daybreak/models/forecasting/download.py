"""Daily prices of today, from Yahoo Finance where there is a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import daybreak as dk

from .extras import require
from .prices import COLUMNS, prices_from_table

TICKERS = ("SPY", "DIA", "QQQ", "^DJI", "^IXIC", "^VIX")
"""The original study's; it forecasts the first."""
_WAITS = (1.0, 2.0, 4.0)
"""Seconds before each further try."""
_JITTER = 0.5
"""Each wait is longer by a random share of itself up to this, lest many clients come at once."""

Fetch = Callable[[str], Any]


def download(
    folder: Path,
    tickers: Sequence[str] = TICKERS,
    *,
    fetch: Fetch | None = None,
    wait: Callable[[float], None] = time.sleep,
    seed: int | None = None,
) -> list[Path]:
    """Fetch, check and keep the whole history of each ticker, and register it.

    Parameters
    ----------
    folder : path
        Gets one Parquet file per ticker, without its caret, and ``manifest.json``.
    tickers : sequence of str
        By Yahoo's names.
    fetch : callable (ticker) -> pandas table, optional
        Another source; by default `yfinance`, adjusted for splits and dividends.
    wait : callable (seconds), optional
        How to pause between tries: 1, 2 and 4 s, each longer by up to a half.
    seed : int, optional
        Of the random part of the pauses.

    Returns
    -------
    list of paths
        In the order of the tickers.

    Raises
    ------
    daybreak.ProblemError
        When a ticker fails four times, or what comes cannot be used.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for ticker in tickers:
        name = ticker.removeprefix("^")
        table = _table(_fetched(ticker, fetch or _yahoo, wait, rng), name)
        path = folder / f"{name}.parquet"
        table.to_parquet(path, index=False)
        dk.Manifest(folder / "manifest.json").register(path, f"{name}.OHLCV.daily")
        written.append(path)
    return written


def _yahoo(ticker: str) -> Any:
    yfinance = require("yfinance", "download")
    return yfinance.Ticker(ticker).history(period="max", interval="1d", auto_adjust=True)


def _fetched(
    ticker: str, fetch: Fetch, wait: Callable[[float], None], rng: np.random.Generator
) -> Any:
    """One try and three more; an empty answer is a failure, too."""
    said = "nothing"
    for pause in (*_WAITS, None):
        try:
            table = fetch(ticker)
        except dk.DaybreakError:
            raise
        except Exception as error:  # noqa: BLE001 - a network fails in every way there is
            said = f"{type(error).__name__}: {error}"
        else:
            if table is not None and len(table):
                return table
            said = "an empty answer"
        if pause is not None:
            wait(pause * (1 + rng.uniform(0, _JITTER)))
    msg = (
        f"ticker {ticker!r} failed {len(_WAITS) + 1} times, at last with {said}; look at the "
        "network, or fetch the file otherwise and read it with prices('file.csv')."
    )
    raise dk.ProblemError(msg)


def _table(raw: Any, name: str) -> Any:
    """Exactly Date and the five columns, checked; days without a time zone."""
    pd = require("pandas")

    found = prices_from_table(raw, name)
    return pd.DataFrame(
        {
            "Date": found.dates.astype("datetime64[s]"),
            **{column: getattr(found, column.lower()) for column in COLUMNS},
        }
    )
