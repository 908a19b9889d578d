"""The published horizons: validation days rebuilt, their labels counted, floors of their losses.

`forecasting_reference.json` says what its figures are.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from daybreak.models.forecasting import prices
from daybreak.models.forecasting.detectable import auc_error, constant_error
from daybreak.models.forecasting.floors import lowest_loss, published_days
from daybreak.models.forecasting.horizon_search import WANTED
from daybreak.models.forecasting.power_law import LOSSES

REFERENCE = json.loads(Path(__file__).with_name("forecasting_reference.json").read_text())
WANTED_HERE = REFERENCE["horizon"]
HORIZONS = [int(horizon) for horizon in WANTED_HERE["published"]]


@pytest.mark.parametrize("horizon", HORIZONS)
def test_published_days(horizon):
    """Days, known days, positives of both labels, and the floor, as independently counted."""
    wanted = WANTED_HERE["published"][str(horizon)]
    found = published_days(prices("sp500"), horizon)

    assert [found.n, found.known] == [wanted["n"], wanted["known"]]
    assert [found.positives, found.asked] == [wanted["positives"], wanted["asked"]]
    assert [found.asked, found.asked + found.n - found.known] == wanted["range"]
    assert found.floor == pytest.approx(wanted["floor"], abs=0.0005)
    assert lowest_loss(found.n, *wanted["range"]) == found.floor


@pytest.mark.parametrize("horizon", [3, 5])
def test_published_losses_are_those_of_one_day(horizon):
    """Every published loss lies far under the floor of the label asked for.

    Those of one day reach from one positive day to three.
    """
    found = published_days(prices("sp500"), horizon)

    assert found.losses[1] < found.floor - 0.1
    assert lowest_loss(found.n, 1, 1) < found.losses[0]
    assert found.losses[1] < lowest_loss(found.n, 3, 3)


def test_gap_of_sizes():
    """Smallest and largest networks differ by 0.065 nats in the mean: what the demo asks for."""
    means = np.array(list(LOSSES.values())).mean(axis=1)

    assert means[-1] - means[0] == pytest.approx(WANTED_HERE["gap_of_sizes"], abs=0.0005)
    assert WANTED_HERE["gap_of_sizes"] == WANTED


def test_nineteen_days_show_no_such_gap():
    """One loss on nineteen days is uncertain by twice the gap, a difference of two by thrice."""
    one = constant_error(0.1385, 19)

    assert one == pytest.approx(WANTED_HERE["constant_error"], abs=0.0005)
    assert np.sqrt(2) * one == pytest.approx(WANTED_HERE["cross_horizon_error"], abs=0.01)


def test_areas_need_seventy_times_the_data():
    """Unpaired, a difference of 0.012 between two areas is two errors with 70 times the days."""
    one = auc_error(0.706, 76, 346)
    difference = np.sqrt(2) * one

    assert one == pytest.approx(WANTED_HERE["auc_error"], abs=0.001)
    assert difference == pytest.approx(WANTED_HERE["auc_difference_error"], abs=0.002)
    assert (2 * difference / 0.012) ** 2 == pytest.approx(WANTED_HERE["times_the_data"], abs=4)
