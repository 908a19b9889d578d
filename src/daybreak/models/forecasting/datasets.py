"""A data set: one series, one label, four regions, and a fingerprint of all that decides it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

import daybreak as dk

from .features import FEATURES, LEVELS, WARM_UP, Inputs, features
from .indicators import Weekly
from .numeric import Days, Floats, Integers
from .prices import BUNDLED, Prices, prices
from .splits import Split, named_split, regions
from .targets import THETA, Label, targets

Normalise = Literal["train", "window", "none"]
_SOFTEST = 1e-5
"""Added to a window's standard deviation, so that a flat one divides by something."""


@dataclass(frozen=True, eq=False)
class Samples:
    """One region: sample i sees rows ``last[i] - context + 1`` to ``last[i]`` of the features.

    Parameters
    ----------
    features : array of float32, shape (rows, F)
        Shared by all regions; normalised with training rows only.
    last : array of int64, shape (n,)
        Decision rows.
    labels : array of float32, shape (n,)
        0 or 1.
    dates : array of datetime64[D], shape (n,)
        Decision days.
    context : int
        Rows that a sample looks back on.
    relative : tuple of int
        Columns that `windows` normalises within each window.
    """

    features: Floats
    last: Integers
    labels: Floats
    dates: Days
    context: int
    relative: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.last)

    @property
    def today(self) -> Floats:
        """Features of the decision days alone, shape (n, F)."""
        return self.features[self.last]

    def windows(self, which: Any = slice(None)) -> Floats:
        """What a network is shown, shape (n, context, F), float32; a copy."""
        rows = self.last[which][:, None] + np.arange(1 - self.context, 1)
        shown = self.features[rows]
        if self.relative:
            part = shown[..., self.relative]
            spread = part.std(axis=1, ddof=1, keepdims=True) + _SOFTEST
            shown[..., self.relative] = (part - part.mean(axis=1, keepdims=True)) / spread
        return shown


@dataclass(frozen=True, eq=False)
class Dataset:
    """All of one question: its columns, its label, its regions.

    Parameters
    ----------
    columns : tuple of str
        Names of the F features.
    horizon, label, theta : int, str, float
        See `targets`; part of the identity.
    train, validation_a, validation_b, test : Samples
        In order of time: learn, choose, report, judge.
    fingerprint : str
        SHA-256 of everything that determines the numbers.
    prices : Prices
        Where it all came from.
    split : Split
        The borders.
    """

    columns: tuple[str, ...]
    horizon: int
    label: str
    theta: float
    train: Samples
    validation_a: Samples
    validation_b: Samples
    test: Samples
    fingerprint: str
    prices: Prices
    split: Split

    @property
    def sizes(self) -> dict[str, int]:
        """Number of samples of each region."""
        return {name: len(part) for name, part in self.regions.items()}

    @property
    def regions(self) -> dict[str, Samples]:
        """The four regions by name, in order of time."""
        return {
            "train": self.train,
            "validation_a": self.validation_a,
            "validation_b": self.validation_b,
            "test": self.test,
        }

    @property
    def rate(self) -> float:
        """Share of ones in training: what a constant forecast says."""
        return float(self.train.labels.mean())

    def check_columns(self, count: int) -> None:
        """Refuse a model made for another number of features, rather than adapt it.

        Raises
        ------
        daybreak.ProblemError
            When `count` is not the number of columns.
        """
        if count != len(self.columns):
            msg = (
                f"the data set has {len(self.columns)} features and the model {count}; both must "
                f"agree: {', '.join(self.columns)}."
            )
            raise dk.ProblemError(msg)


def dataset(
    series: str | Path = "sp500",
    *,
    horizon: int = 1,
    label: Label = "close",
    context: int = 60,
    theta: float = THETA,
    inputs: Inputs = "stationary",
    weekly: Weekly = "closed",
    split: str | Split | None = None,
    normalise: Normalise = "train",
) -> Dataset:
    """The data set of one question; asked twice, the same object.

    Parameters
    ----------
    series : str or path
        See `prices`.
    horizon, label, theta
        See `targets`.
    context : int
        Rows that a sample looks back on, T.
    inputs, weekly
        See `features`; ``"raw"`` and ``"leaking"`` are demonstrations.
    split : str, Split or None
        A name out of `SPLITS`, borders, or by default `fold-4` of a bundled index and 70, 10, 10
        and 10 per cent of a file's days.
    normalise : {"train", "window", "none"}
        Subtract mean and divide by standard deviation of the rows that training sees; besides
        that, do the same within each window for every column but ATR, whose level tells calm
        from storm; or, as a demonstration, nothing.

    Raises
    ------
    daybreak.ProblemError
        When prices, horizon, context or a region cannot mean anything; the sentence says why.
    """
    place = str(series)
    mark = "" if place in BUNDLED else _digest(Path(series))
    return _dataset(place, mark, horizon, label, context, theta, inputs, weekly, split, normalise)


def _digest(path: Path) -> str:
    """Of a file's content, so that a changed one is read again."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


@lru_cache(maxsize=32)
def _dataset(
    series: str,
    _mark: str,
    horizon: int,
    label: Label,
    context: int,
    theta: float,
    inputs: Inputs,
    weekly: Weekly,
    split: str | Split | None,
    normalise: Normalise,
) -> Dataset:
    if context < 1 or normalise not in ("train", "window", "none"):
        msg = (
            "context >= 1 and normalise 'train', 'window' or 'none' must hold, but got "
            f"{context=}, {normalise=}."
        )
        raise dk.ProblemError(msg)
    found = prices(series)
    labels = targets(found, horizon, label, theta)
    table = features(found, inputs, weekly)
    rows = np.flatnonzero(np.isfinite(table).all(axis=1))
    _check_rows(rows, table, context, series)
    borders = named_split(split, found.dates, bundled=series in BUNDLED)
    places = regions(found.dates, labels, rows, horizon, context, borders)
    shown = normalised(table[rows], places["train"], context, normalise)
    shown.flags.writeable = False
    relative = tuple(
        place
        for place, name in enumerate(FEATURES)
        if normalise == "window" and name not in LEVELS
    )
    parts = {
        name: Samples(
            shown,
            last,
            labels[rows[last]].astype(np.float32),
            found.dates[rows[last]],
            context,
            relative,
        )
        for name, last in places.items()
    }
    mark = _fingerprint(parts, horizon, label, theta, relative)
    return Dataset(
        FEATURES, horizon, label, theta, **parts, fingerprint=mark, prices=found, split=borders
    )


def _check_rows(rows: Integers, table: Floats, context: int, series: str) -> None:
    """Refuse a series of which some column is hardly ever known."""
    if len(rows) > context:
        return
    missing = (~np.isfinite(table)).sum(axis=0)
    worst = [name for name, count in zip(FEATURES, missing, strict=True) if count == missing.max()]
    msg = (
        f"series {series!r} has {len(rows)} of {len(table)} days on which every feature is known, "
        f"and {context} rows of context need more; missing most often: {', '.join(worst)}. The "
        f"longest mean takes {WARM_UP} days, and volumes must not be zero."
    )
    raise dk.ProblemError(msg)


def normalised(table: Floats, train: Integers, context: int, how: Normalise) -> Floats:
    """Features as float32, scaled by the rows that training windows see and no others."""
    if how == "none":
        return table.astype(np.float32)
    seen = table[train[0] - context + 1 : train[-1] + 1]
    spread = seen.std(axis=0)
    return ((table - seen.mean(axis=0)) / np.where(spread > 0, spread, 1.0)).astype(np.float32)


def _fingerprint(
    parts: dict[str, Samples], horizon: int, label: str, theta: float, relative: tuple[int, ...]
) -> str:
    """SHA-256 over the arrays and over what they mean."""
    first = next(iter(parts.values()))
    said = {
        "columns": FEATURES,
        "horizon": horizon,
        "label": label,
        "theta": theta,
        "context": first.context,
        "relative": relative,
        "rows": first.features.shape,
        "sizes": {name: len(part) for name, part in parts.items()},
    }
    whole = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    whole.update(first.features.tobytes())
    for part in parts.values():
        for values in (part.last, part.labels, part.dates.astype(np.int64)):
            whole.update(np.ascontiguousarray(values).tobytes())
    return whole.hexdigest()
