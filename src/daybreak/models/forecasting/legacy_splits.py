"""The original study's three ways to split, exactly as they were: demonstrations of flaws.

The first two keep one sample per chunk for validation, 19 in all of 8,073 days, and the scattered
one trains on days that hold the prices of its validation.  None leaves out labels that cross a
border, for none has any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import daybreak as dk

from .numeric import Days, Integers


@dataclass(frozen=True, eq=False)
class LegacySplit:
    """First rows of the windows of each region; row s stands for rows s to s + context - 1.

    Parameters
    ----------
    train, validation, test : array of int
        Ascending.
    """

    train: Integers
    validation: Integers
    test: Integers

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Samples of the three regions."""
        return len(self.train), len(self.validation), len(self.test)


def scattered(
    rows: int,
    context: int = 60,
    horizon: int = 1,
    *,
    validation: float = 0.15,
    test: float = 0.15,
    seed: int = 42,
    embargo: int = 0,
) -> LegacySplit:
    """Chunks drawn at random: the split of all twelve published studies.

    Chunks of context + horizon rows are numbered and shuffled; the first shares of them are
    validation and test, one sample each, and training is every window that meets none of them.

    Parameters
    ----------
    rows, context, horizon : int
        Days, window, and days that a label looks ahead.
    validation, test : float
        Shares of the chunks.
    seed : int
        Of the shuffle, by PCG64.
    embargo : int
        Rows on both sides of a held chunk that training must not touch either. The original has
        none; 200 keep the longest mean of prices out of it.

    Raises
    ------
    daybreak.ProblemError
        With fewer than five chunks, or shares that add up to one.
    """
    chunk, count = _chunks(rows, context, horizon, validation, test)
    order = np.arange(count)
    np.random.default_rng(seed).shuffle(order)
    n_validation, n_test = _share(validation, count), _share(test, count)
    held = order[:n_validation], order[n_validation : n_validation + n_test]
    return _outside(rows, chunk, np.sort(held[0]), np.sort(held[1]), embargo)


def contiguous(
    rows: int,
    context: int = 60,
    horizon: int = 1,
    *,
    validation: float = 0.15,
    test: float = 0.15,
) -> LegacySplit:
    """The last chunks for the test, those before them for validation; still one sample each.

    Parameters and errors are those of `scattered`.
    """
    chunk, count = _chunks(rows, context, horizon, validation, test)
    last = np.arange(count)[count - _share(test, count) :]
    before = last[0] - np.arange(_share(validation, count), 0, -1)
    return _outside(rows, chunk, before, last)


def simple(
    dates: Days,
    context: int = 80,
    horizon: int = 1,
    *,
    validation: str = "2023-01-01",
    test: str = "2025-01-01",
) -> LegacySplit:
    """Windows that lie in a region as a whole, label and context included.

    Costs context - 1 decision days at the start of each region, which `regions` does not.

    Parameters
    ----------
    dates : array of datetime64[D], shape (n,)
        Of all rows, ascending.
    context, horizon : int
        Window, and days that a label looks ahead.
    validation, test : str
        First days of the later regions.

    Raises
    ------
    daybreak.ProblemError
        When a region is too short for one window.
    """
    borders = [0, *np.searchsorted(dates, np.array([validation, test], "datetime64[D]"))]
    found: list[Integers] = []
    for begin, end in zip(borders, [*borders[1:], len(dates)], strict=True):
        if end - begin < context + horizon:
            msg = (
                f"each region needs context + horizon = {context + horizon} rows, but the one "
                f"that begins at row {begin} has {end - begin}; move the borders."
            )
            raise dk.ProblemError(msg)
        found.append(np.arange(begin, end - context - horizon + 1))
    return LegacySplit(*found)


def _chunks(
    rows: int, context: int, horizon: int, validation: float, test: float
) -> tuple[int, int]:
    """Rows of a chunk, and how many there are."""
    chunk = context + horizon
    if rows < 5 * chunk or min(validation, test) < 0 or validation + test >= 1:
        msg = (
            f"rows >= 5 (context + horizon) = {5 * chunk} and shares of at least 0 that add up to "
            f"less than 1 must hold, but got ({rows=}, {validation=}, {test=})."
        )
        raise dk.ProblemError(msg)
    return chunk, rows // chunk


def _share(share: float, count: int) -> int:
    return max(1, int(share * count))


def _outside(
    rows: int, chunk: int, validation: Integers, test: Integers, embargo: int = 0
) -> LegacySplit:
    """Training is every window, with its label, that meets no chunk held back."""
    taken = np.zeros(rows + 1, np.int64)
    for held in np.concatenate([validation, test]):
        first, last = max(held * chunk - embargo, 0), (held + 1) * chunk + embargo
        taken[first + 1 : last + 1] = 1
    before = np.cumsum(taken)
    starts = np.arange(rows - chunk + 1)
    free = before[starts + chunk] == before[starts]
    return LegacySplit(starts[free], validation * chunk, test * chunk)
