"""Which days a model learns from, is chosen by, and is judged on: four regions in order of time.

A day belongs to a region only if the whole span of its label does, so the last `horizon` days
before each border are left out (purged).  The context of a day may reach back over a border:
those days are past, whoever looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import daybreak as dk

from .numeric import Days, Floats, Integers

REGIONS = ("train", "validation_a", "validation_b", "test")


@dataclass(frozen=True)
class Split:
    """Borders of the four regions; each begins at its date and ends before the next one.

    Parameters
    ----------
    train, validation_a, validation_b, test, end : str
        Days such as ``"2013-01-01"``, never decreasing; equal ones make a region empty.

    Raises
    ------
    daybreak.ProblemError
        When a date is none, or the borders are out of order.
    """

    train: str
    validation_a: str
    validation_b: str
    test: str
    end: str = "9999-01-01"

    def __post_init__(self) -> None:
        """Refuse borders that run backwards."""
        if (np.diff(self.borders).astype(int) < 0).any():
            msg = (
                "train <= validation_a <= validation_b <= test <= end must hold for a split, but "
                f"got {', '.join(map(str, self.borders))}."
            )
            raise dk.ProblemError(msg)

    @property
    def borders(self) -> Days:
        """All five days, shape (5,)."""
        given = (self.train, self.validation_a, self.validation_b, self.test, self.end)
        try:
            return np.array(given, "datetime64[D]")
        except ValueError as error:
            msg = f"borders of a split must be days such as '2013-01-01', but got {given}."
            raise dk.ProblemError(msg) from error


def _fold(year: int) -> Split:
    """Learn from all years before `year`; two years each to choose, to report and to judge."""
    return Split("1900-01-01", *(f"{year + more}-01-01" for more in (0, 2, 4, 6)))


SPLITS: Mapping[str, Split] = {
    "fold-1": _fold(2007),
    "fold-2": _fold(2009),
    "fold-3": _fold(2011),
    "fold-4": _fold(2013),
    "reference": Split("2000-01-12", "2015-01-01", "2017-01-01", "2017-01-01", "2019-01-01"),
}
"""Walk-forward folds of the bundled indices, and the split that published baselines refer to.

`fold-4` is the default: it learns from the most years, and its test years are those of
`reference`, which has no second validation region.
"""
FOLDS = tuple(name for name in SPLITS if name.startswith("fold"))
"""Names of the walk-forward folds, in order of time."""


def proportional(dates: Days, shares: tuple[float, float, float] = (0.7, 0.1, 0.1)) -> Split:
    """Borders at shares of the days of any series: train, validation A, validation B; test rests.

    Raises
    ------
    daybreak.ProblemError
        When the shares are negative or leave nothing for the test.
    """
    if min(shares) < 0 or sum(shares) >= 1:
        msg = f"shares must be positive and add up to less than 1, but got {shares}."
        raise dk.ProblemError(msg)
    first = np.round(np.cumsum((0.0, *shares)) * len(dates)).astype(int)
    return Split(*(str(dates[row]) for row in first))


def named_split(split: str | Split | None, dates: Days, *, bundled: bool) -> Split:
    """The split meant: itself, a named one, or by default `fold-4` or a proportional one.

    Raises
    ------
    daybreak.ProblemError
        When there is none of that name.
    """
    if isinstance(split, Split):
        return split
    if split is None:
        return SPLITS["fold-4"] if bundled else proportional(dates)
    if split not in SPLITS:
        msg = f"split must be a Split or one of {', '.join(SPLITS)}, but got {split!r}."
        raise dk.ProblemError(msg)
    return SPLITS[split]


def regions(
    dates: Days, labels: Floats, rows: Integers, horizon: int, context: int, split: Split
) -> dict[str, Integers]:
    """Decision days of each region, as positions in `rows`.

    Parameters
    ----------
    dates, labels : array, shape (n,)
        Of all days; labels are NaN where unknown.
    rows : array of int, shape (m,)
        Days on which every feature is known, ascending.
    horizon, context : int
        Days that a label looks ahead, and rows that a sample looks back on.
    split : Split
        The borders.

    Returns
    -------
    dict region -> array of int
        Positions i with ``i >= context - 1``, the day and the end of its label in the region.

    Raises
    ------
    daybreak.ProblemError
        When a region that has a span holds no day.
    """
    positions = np.arange(context - 1, len(rows))
    positions = positions[~np.isnan(labels[rows[positions]])]
    days, ends = dates[rows[positions]], dates[rows[positions] + horizon]
    found: dict[str, Integers] = {}
    for name, begin, end in zip(REGIONS, split.borders[:-1], split.borders[1:], strict=True):
        found[name] = positions[(days >= begin) & (ends < end)]
        if begin < end and not len(found[name]):
            msg = (
                f"the region {name} from {begin} to {end} holds no day with a label and "
                f"{context} days of context; the data run from {dates[0]} to {dates[-1]}: move "
                "its borders, or shorten context or horizon."
            )
            raise dk.ProblemError(msg)
    return found
