"""What 19 or 422 validation days can say: published figures of a reading of the study."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import MovingBlockBootstrap

from daybreak.models.forecasting.detectable import auc_error, constant_error
from daybreak.models.forecasting.intervals import blocks
from daybreak.models.forecasting.targets import entropy
from daybreak.models.forecasting.winners_curse import simulated_curse


@pytest.mark.parametrize(("n", "wanted"), [(19, 0.145), (422, 0.031)])
def test_error_of_a_constant(n, wanted):
    """Standard error of the constant forecast at a rate of 0.1385, in nats."""
    assert constant_error(0.1385, n) == pytest.approx(wanted, abs=0.0005)


@pytest.mark.parametrize(
    ("area", "positives", "negatives", "wanted"),
    [(0.706, 76, 346, 0.035), (0.878, 24, 157, 0.047), (0.61, 190, 230, 0.028)],
)
def test_error_of_an_area(area, positives, negatives, wanted):
    """Hanley and McNeil's standard error of three published areas."""
    assert auc_error(area, positives, negatives) == pytest.approx(wanted, abs=0.001)


@pytest.mark.parametrize(
    ("n", "floors"),
    [
        (19, [0.206, 0.336, 0.436, 0.515, 0.576, 0.624]),
        (18, [0.215, 0.349, 0.451, 0.530, 0.591, 0.637]),
    ],
)
def test_floors_of_small_sets(n, floors):
    """Least loss of a constant on 19 or 18 days, by the number of positives."""
    assert [entropy(k / n) for k in range(1, 7)] == pytest.approx(floors, abs=0.0006)


@pytest.mark.parametrize(
    ("offset", "noise", "small", "large"),
    [(0.3, 0.3, 0.061, 0.014), (0.5, 0.5, 0.100, 0.025), (0.3, 1.0, 0.175, 0.043)],
)
def test_winners_curse(offset, noise, small, large):
    """By how much the best of fifty trials without skill beats their median, on 19 and 422 days.

    The published figures are themselves means of a simulation: of 19 days they scatter by 0.002.
    """
    few = simulated_curse(19, offset, noise, draws=2000)
    many = simulated_curse(422, offset, noise, draws=200)

    assert few.gap == pytest.approx(small, abs=0.005)
    assert many.gap == pytest.approx(large, abs=0.0015)
    assert few.spread == pytest.approx(0.125, abs=0.02)


def test_blocks_beside_arch():
    """Moving blocks give the standard error of a mean that those of `arch` give."""
    steps = np.random.default_rng(0).standard_normal(500)
    days = np.convolve(steps, np.ones(10), "same")  # neighbours are alike
    peer = MovingBlockBootstrap(20, days, seed=1).apply(np.mean, 4000)
    found = days[blocks(500, draws=4000)].mean(axis=1)

    assert found.std() == pytest.approx(peer.std(), rel=0.05)
    assert found.mean() == pytest.approx(peer.mean(), abs=3 * peer.std() / 4000**0.5)
