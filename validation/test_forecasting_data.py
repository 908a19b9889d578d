"""Base rates and split sizes of the forecasting study, as published and as computed elsewhere.

`forecasting_reference.json` says what its figures are.  The sizes of the original's splits were
published for 8,073 and 8,100 days of an exchange-traded fund, of which only the number of days in
each region matters.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from daybreak.models.forecasting import prices, targets
from daybreak.models.forecasting.legacy_splits import contiguous, scattered, simple
from daybreak.models.forecasting.targets import base_rate, entropy

REFERENCE = json.loads(Path(__file__).with_name("forecasting_reference.json").read_text())
RATES = [(s, k) for s, found in REFERENCE["base_rates"].items() for k in found]


@pytest.mark.parametrize(("series", "name"), RATES)
def test_base_rates(series, name):
    """Days, positives, rate and entropy of all sixteen labels agree to four decimals."""
    wanted = REFERENCE["base_rates"][series][name]
    label, horizon = name.split("_h")
    found = targets(prices(series), int(horizon), label)

    assert (np.isfinite(found).sum(), np.nansum(found)) == (wanted["days"], wanted["positives"])
    assert base_rate(found) == pytest.approx(wanted["rate"], abs=0.5e-4)
    assert entropy(base_rate(found)) == pytest.approx(wanted["entropy"], abs=0.5e-4)


def test_rate_drifts():
    """The rate of the S&P 500, close, one day, falls from decade to decade as published."""
    p = prices("sp500")
    found, year = targets(p), p.dates.astype("datetime64[Y]").astype(int) + 1970

    for first, last, wanted in (
        (1999, 2008, 0.1547),
        (2009, 2018, 0.1272),
        (2015, 2016, 0.1332),
        (2017, 2018, 0.0719),
    ):
        inside = np.flatnonzero((year >= first) & (year <= last))[:-1]  # its label, too
        rate = base_rate(found[inside])
        assert rate == pytest.approx(wanted, abs=0.5e-4)


@pytest.mark.parametrize(
    ("horizon", "sizes"), [(1, (4075, 19, 19)), (3, (4182, 19, 19)), (5, (4312, 18, 18))]
)
def test_scattered_sizes(horizon, sizes):
    """The split of all twelve published studies: 8,073 days, and 19 of them validation."""
    assert scattered(8073, 60, horizon).sizes == sizes
    assert contiguous(8073, 60, horizon).sizes[1:] == sizes[1:]
    at_most = [scattered(rows, 60, 1).validation.tolist() for rows in (8052, 8112)]
    assert at_most[0] == at_most[1], "as many chunks, the same validation"


@pytest.mark.parametrize(("horizon", "held"), [(1, 11), (3, 11), (5, 11)])
def test_scattered_sizes_of_the_bundled_indices(horizon, held):
    """Of 4,832 usable days, the scattered split would validate on eleven."""
    assert scattered(4832, 60, horizon).sizes[1:] == (held, held)


@pytest.mark.parametrize(
    ("horizon", "sizes"), [(1, (7257, 422, 181)), (3, (7255, 420, 179)), (5, (7253, 418, 177))]
)
def test_simple_sizes(horizon, sizes):
    """The later split by dates: 7,337 days before 2023, 502 before 2025, 261 after."""
    days = np.concatenate(
        [
            np.datetime64("2022-12-30") - np.arange(7337)[::-1],
            np.datetime64("2023-01-03") + np.arange(502),
            np.datetime64("2025-01-02") + np.arange(261),
        ]
    )
    assert simple(days, 80, horizon).sizes == sizes
