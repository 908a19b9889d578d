"""Daily prices: checked once, and plain arrays from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import daybreak as dk

from .extras import require
from .numeric import Days, Doubles

COLUMNS = ("Open", "High", "Low", "Close", "Volume")
BUNDLED = ("sp500", "nasdaq")
"""Series that `arch` brings along: 5,031 days each, 1999-01-04 to 2018-12-31."""
LONGEST_GAP = 10
"""Calendar days between two rows; longer ones are missing data, not holidays."""


@dataclass(frozen=True, eq=False)
class Prices:
    """One series of daily bars, adjusted for splits and dividends.

    Parameters
    ----------
    name : str
        Appears in every sentence about the series.
    dates : array of datetime64[D], shape (n,)
        Strictly increasing.
    open, high, low, close : array of float64, shape (n,)
        Positive, in one currency.
    volume : array of float64, shape (n,)
        Shares traded; NaN where it is unknown.

    Raises
    ------
    daybreak.ProblemError
        When a column has another length, a date repeats or goes back, more than ten days are
        missing, a price is missing or not positive, or the close never moves.
    """

    name: str
    dates: Days
    open: Doubles
    high: Doubles
    low: Doubles
    close: Doubles
    volume: Doubles

    def __post_init__(self) -> None:
        """Refuse what no indicator can be computed from."""
        for column in COLUMNS:
            if len(getattr(self, column.lower())) != len(self.dates):
                self._refuse(f"{column} and dates must have one length; mend the file")
        if len(self.dates) < 2:
            self._refuse(f"at least two rows are needed, but got {len(self.dates)}")
        self._check_dates()
        for column in COLUMNS[:4]:
            wrong = ~(getattr(self, column.lower()) > 0)
            if wrong.any():
                first = int(np.argmax(wrong))
                self._refuse(
                    f"{column} must be a positive number on every day, but {int(wrong.sum())} "
                    f"are not, the first on {self.dates[first]}; drop or repair those rows"
                )
        if np.ptp(self.close) == 0:
            self._refuse(
                f"Close is {self.close[0]:g} on every day, so there is nothing to forecast; "
                "look for a wrong column or ticker"
            )

    def _check_dates(self) -> None:
        steps = np.diff(self.dates).astype(int)
        for wrong, what in (
            (steps < 0, "dates must increase, but go back to"),
            (steps == 0, "a date must appear once, but repeats:"),
            (steps > LONGEST_GAP, f"at most {LONGEST_GAP} days may lie between rows, but not at"),
        ):
            if wrong.any():
                first = int(np.argmax(wrong))
                self._refuse(
                    f"{what} {self.dates[first + 1]} after {self.dates[first]} "
                    f"({int(wrong.sum())} such rows); sort, deduplicate or complete the file"
                )

    def _refuse(self, sentence: str) -> None:
        msg = f"prices {self.name!r}: {sentence}."
        raise dk.ProblemError(msg)

    def __len__(self) -> int:
        """Number of days."""
        return len(self.dates)

    def until(self, rows: int) -> Prices:
        """The first `rows` days, as somebody saw them on the last of these."""
        kept = {name.lower(): getattr(self, name.lower())[:rows] for name in COLUMNS}
        return Prices(self.name, self.dates[:rows], **kept)

    def check_horizon(self, horizon: int) -> None:
        """Refuse a horizon that leaves no day with a label.

        Raises
        ------
        daybreak.ProblemError
            When it is no whole number from 1 to the number of days less one.
        """
        if not 1 <= horizon < len(self):
            self._refuse(
                f"the horizon must lie between 1 and {len(self) - 1} days, the length of the data "
                f"less one, but got {horizon}; choose a shorter one or longer data"
            )


def prices_from_table(table: Any, name: str) -> Prices:
    """Prices from a pandas table with a column, or an index, of dates.

    Raises
    ------
    daybreak.ProblemError
        When a column is missing, or `Prices` refuses what is there.
    """
    frame = table if "Date" in table.columns else table.rename_axis("Date").reset_index()
    missing = [column for column in ("Date", *COLUMNS) if column not in frame.columns]
    if missing:
        msg = (
            f"prices {name!r}: columns {', '.join(missing)} are missing among "
            f"{', '.join(map(str, frame.columns))}; rename or add them."
        )
        raise dk.ProblemError(msg)
    dates = _days(frame["Date"], name)
    return Prices(name, dates, **_numbers(frame, name))


def _days(column: Any, name: str) -> Days:
    """Calendar days without a time zone."""
    pd = require("pandas")

    try:
        stamps = pd.to_datetime(column)
        if getattr(stamps.dt, "tz", None) is not None:
            stamps = stamps.dt.tz_localize(None)
    except (ValueError, TypeError, AttributeError) as error:
        msg = f"prices {name!r}: Date must hold days such as 2018-12-31 ({error})."
        raise dk.ProblemError(msg) from error
    if stamps.isna().any():
        msg = f"prices {name!r}: Date is missing in {int(stamps.isna().sum())} rows; drop them."
        raise dk.ProblemError(msg)
    return stamps.to_numpy().astype("datetime64[D]")


def _numbers(frame: Any, name: str) -> Mapping[str, Doubles]:
    try:
        return {one.lower(): frame[one].to_numpy(dtype=float) for one in COLUMNS}
    except (ValueError, TypeError) as error:
        msg = f"prices {name!r}: {', '.join(COLUMNS)} must hold numbers ({error})."
        raise dk.ProblemError(msg) from error


def prices(series: str | Path) -> Prices:
    """Prices of a bundled index by name, or of a CSV or Parquet file.

    Parameters
    ----------
    series : str or path
        ``"sp500"`` or ``"nasdaq"`` (Standard & Poor's 500 and Nasdaq Composite, 1999 to 2018,
        from the installed package `arch`), or a file with columns Date, Open, High, Low, Close
        and Volume; others are left out.

    Raises
    ------
    daybreak.ProblemError
        When it is neither, or the file cannot be used; the sentence says why.
    """
    if series in BUNDLED:
        return prices_from_table(_bundled(str(series)), str(series))
    path = Path(series)
    if path.suffix not in (".csv", ".parquet") or not path.is_file():
        msg = (
            f"series must be one of {', '.join(map(repr, BUNDLED))} or an existing .csv or "
            f".parquet file, but got {str(series)!r}."
        )
        raise dk.ProblemError(msg)
    pd = require("pandas")

    try:
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (ValueError, OSError) as error:
        msg = f"prices {path.name!r}: the file cannot be read as {path.suffix[1:]} ({error})."
        raise dk.ProblemError(msg) from error
    return prices_from_table(table, path.stem)


def _bundled(name: str) -> Any:
    """An index out of the installed package, which holds the licence to show it."""
    return require(f"arch.data.{name}").load()
