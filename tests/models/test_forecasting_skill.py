"""Scores, intervals, detectable effects, selection: laws first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

import daybreak as dk
from daybreak.models.forecasting import dataset
from daybreak.models.forecasting.baselines import (
    BASELINES,
    baseline,
    baseline_skill,
    search_baselines,
)
from daybreak.models.forecasting.detectable import (
    auc_error,
    constant_error,
    detectable,
)
from daybreak.models.forecasting.intervals import (
    auc_difference,
    auc_interval,
    blocks,
    entropy_difference,
    entropy_interval,
)
from daybreak.models.forecasting.skill import auc, losses, skill
from daybreak.models.forecasting.winners_curse import selection_bias, simulated_curse


def forecast(n=600, seed=0, rate=0.2, signal=1.0):
    """Labels, and the probabilities that they were drawn with."""
    rng = np.random.default_rng(seed)
    logits = np.log(rate / (1 - rate)) + signal * rng.standard_normal(n)
    probabilities = 1 / (1 + np.exp(-logits))
    return (rng.random(n) < probabilities).astype(float), probabilities


def test_scores_agree_with_scikit_learn():
    """Cross-entropy, area and Brier score are those of scikit-learn, ties included."""
    y, p = forecast()
    p = p.round(2).clip(0.01, 0.99)
    found = skill(y, p, 0.2)

    assert found.cross_entropy == pytest.approx(log_loss(y, p), rel=1e-12)
    assert found.auc == pytest.approx(roc_auc_score(y, p), rel=1e-12)
    assert found.brier == pytest.approx(brier_score_loss(y, p), rel=1e-12)
    assert (found.n, found.positives) == (600, y.sum())


def test_the_constant_has_no_skill():
    """The constant at the rate of training has skill 0 and area 1/2, whatever the region."""
    y, _ = forecast()
    found = skill(y, np.full(600, 0.3), 0.3)

    assert found.skill == 0
    assert found.auc == 0.5


@given(some.integers(0, 99), some.floats(0.1, 5))
def test_area_asks_for_ranks_alone(seed, power):
    """A rising function of the scores leaves the area, a falling one mirrors it."""
    y, p = forecast(50, seed, rate=0.4)

    assert auc(y, np.log(p) * power) == pytest.approx(auc(y, p))
    assert auc(y, -p) == pytest.approx(1 - auc(y, p))


def test_one_class_has_no_area():
    """Without both classes the area is missing rather than 1/2."""
    assert np.isnan(auc(np.zeros(5), np.arange(5.0)))


@pytest.mark.parametrize(
    ("y", "p", "sentence"),
    [([0, 1], [0.5], "one shape"), ([], [], "one shape"), ([0, 1], [0.5, 2.0], "in \\[0, 1\\]")],
)
def test_bad_forecasts(y, p, sentence):
    """Shapes that differ and logits in place of probabilities are refused."""
    with pytest.raises(dk.ProblemError, match=sentence):
        skill(np.array(y, float), np.array(p, float), 0.2)


def test_blocks_are_runs_of_days():
    """Resamples are made of whole blocks of 20 days, longer ones for a longer horizon."""
    drawn = blocks(600, draws=5)
    assert drawn.shape == (5, 600)
    assert (np.diff(drawn.reshape(5, 30, 20)) == 1).all()
    assert (np.diff(blocks(600, 30, 5).reshape(5, 20, 30)) == 1).all()
    assert (blocks(600, draws=5) == drawn).all()
    with pytest.raises(dk.ProblemError, match="two blocks of 20 days, but got 39"):
        blocks(39)


def test_intervals_cover():
    """Of regions whose truth is known, about 95 % have it in their interval."""
    truth = np.mean([losses(*forecast(100_000, 10**6))])
    hits = [entropy_interval(*forecast(seed=s)) for s in range(100)]

    assert 88 <= sum(one.low <= truth <= one.high for one in hits) <= 100


def test_runs_of_alike_days_widen_intervals():
    """Days that come in runs of ten have an interval about three times that of single days."""
    y, p = forecast(60)
    runs = entropy_interval(np.repeat(y, 10), np.repeat(p, 10))
    rng = np.random.default_rng(1)
    order = rng.permutation(600)
    single = entropy_interval(np.repeat(y, 10)[order], np.repeat(p, 10)[order])

    assert 2 < runs.error / single.error < 4.5


def test_pairs_are_sharper():
    """Paired by day, two similar forecasts are told apart that separate intervals cannot."""
    y, p = forecast(signal=1.5)
    worse = 0.9 * p + 0.1 * p.mean()
    pair = entropy_difference(y, p, worse)

    assert pair.error < 0.4 * entropy_interval(y, p).error
    assert auc_difference(y, p, p).has_zero
    assert auc_interval(y, p).low > 0.5
    assert not auc_difference(y, p, 1 - p).has_zero


def test_detectable_gain_is_detected():
    """A calibrated forecast with just the detectable gain is found four times in five."""
    n, q = 2000, 0.2
    least = detectable(n, q).skill_entropy
    spread = np.sqrt(2 * least / (q * (1 - q)))
    found = 0
    for seed in range(300):
        y, p = forecast(n, seed + 10**6, q, spread)
        gain = losses(y, np.full(n, p.mean())) - losses(y, p)
        found += gain.mean() > 1.96 * gain.std() / np.sqrt(n)

    assert 0.7 < found / 300 < 0.9


def test_detectable_says_what_is_needed():
    """The days asked for are just enough for the effect sought; a day less is not."""
    wanted = detectable(19, 0.1412, wanted=0.02)

    assert not wanted.enough
    assert wanted.sentence.endswith(
        "too few for any conclusion about the 0.02 nats sought, which need 595 days."
    )
    assert "no AUC at all" in wanted.sentence
    assert detectable(595, 0.1412, wanted=0.02).enough
    assert not detectable(594, 0.1412, wanted=0.02).enough
    assert detectable(595, 0.1412, wanted=0.02).sentence.endswith(
        "enough for the 0.02 nats sought."
    )
    with pytest.raises(dk.ProblemError, match="0 < rate < 1"):
        detectable(100, 0.0)


def test_overlapping_labels_need_more_days():
    """Five days ahead, five times as many days are needed as one day ahead."""
    one, five = detectable(500, 0.3, 1), detectable(500, 0.3, 5)

    assert five.needed == pytest.approx(5 * one.needed, abs=5)
    assert five.skill_entropy == pytest.approx(5 * one.skill_entropy)


def test_errors_by_simulation():
    """Both closed forms of standard errors are those of drawn samples."""
    rng = np.random.default_rng(3)
    y = rng.random((4000, 100)) < 0.1385
    drawn = losses(y.astype(float), np.full(y.shape, 0.1385)).mean(axis=1)
    assert constant_error(0.1385, 100) == pytest.approx(drawn.std(), rel=0.05)
    areas = [auc(np.arange(90) < 30, rng.random(90)) for _ in range(2000)]
    assert auc_error(0.5, 30, 60) == pytest.approx(np.std(areas), rel=0.06)


def test_selection_bias_of_noise():
    """Among equal trials all that the winner seems to gain is selection, whatever the draw."""
    biases, gaps = [], []
    for seed in range(8):
        noise = 0.4 + 0.3 * np.random.default_rng(seed).standard_normal((50, 400))
        biases.append(selection_bias(noise, draws=100))
        gaps.append(0.4 - noise.mean(axis=1).min())

    assert np.mean(gaps) > 0.03
    assert np.mean(biases) == pytest.approx(np.mean(gaps), rel=0.15)


def test_selection_bias_of_a_real_winner():
    """A trial that is better by far loses nothing to selection; one trial has none to lose."""
    daily = 0.4 + 0.3 * np.random.default_rng(0).standard_normal((50, 400))
    daily[7] -= 0.3

    assert abs(selection_bias(daily, draws=100)) < 0.01
    with pytest.raises(dk.ProblemError, match="at least two trials"):
        selection_bias(daily[:1])


def test_larger_regions_curse_less():
    """The seeming gain of the best of fifty falls with the days it was chosen on."""
    small, large = (simulated_curse(n, 0.3, 0.3, draws=100) for n in (19, 422))

    assert small.gap > 3 * large.gap
    assert small.spread > 2 * large.spread


@pytest.fixture(scope="module")
def small():
    """A data set of a fold, three days ahead."""
    return dataset(split="fold-1", horizon=3)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_are_probabilities(small, name):
    """Each gives a probability for every day of every region, the same one when asked again."""
    found = baseline(small, name)

    assert {k: len(p) for k, p in found.probabilities.items()} == small.sizes
    assert all(((p > 0) & (p < 1)).all() for p in found.probabilities.values())
    assert baseline(small, name) is found


def test_baselines_of_a_search(small):
    """A search is given them under its own names for metrics, of the region it looks at."""
    made = search_baselines(
        lambda settings: small,
        "test",
        names=["constant", "ATR/C"],
        metrics={"cross_entropy": "loss", "auc": "area"},
    )
    assert [one.name for one in made] == ["constant", "ATR/C"]

    class Asked:
        settings = None

    wanted = baseline_skill(small, "ATR/C", "test")
    assert made[1].evaluate(Asked) == {"loss": wanted.cross_entropy, "area": wanted.auc}
    with pytest.raises(dk.ProblemError, match="a baseline must be one of 'constant'"):
        baseline(small, "guess")
