"""The campaign about the horizon: what it finds before the night and in the morning."""

from __future__ import annotations

import pytest

import daybreak as dk
from daybreak import catalogue
from daybreak.models.forecasting.campaigns import demo_horizon
from daybreak.models.forecasting.floors import lowest_loss
from daybreak.models.forecasting.horizon_search import evaluate_horizon, scattered_days
from tests.models.stranger import said_as_a_stranger

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import daybreak as dk
from strange_forecasting.campaigns import demo_horizon
results = dk.run(demo_horizon(horizons=[3], reaches=["nothing"]), {directory!r})
assert not [name for name in sys.modules if name.startswith("daybreak.models")]
for study in results.summary.studies:
    print(study.name, study.verdict, study.metrics.failed_trials)
print(results.verdict, results.decision.name)
"""


def test_horizon_runs_as_a_strangers_package(tmp_path):
    """The folder, copied under another name, runs on the public API and says what is wrong."""
    said = said_as_a_stranger("forecasting", SCRIPT, tmp_path)

    assert said[-2:] == [
        "reaches nothing h=3 FAIL 0",
        "FAIL horizon-did-not-reach",
    ]


def test_horizon_can_be_run_by_name():
    """The campaign is offered by name, with three horizons that reach three things."""
    found = catalogue.load("forecasting-demo-horizon")

    assert [study.settings["horizon"] for study in found.all_studies()] == 3 * [1, 3, 5]


@pytest.mark.parametrize("reaches", ["label", "nothing", "split"])
def test_preflight_names_a_horizon_that_reaches_nothing(reaches):
    """Before the night a horizon that reaches nothing is named; one that moves the split is not.

    That a horizon moves the split and not the labels shows in the labels alone.
    """
    found = dk.preflight(demo_horizon(horizons=[1, 3], reaches=[reaches]))
    codes = [[finding.code.word for finding in one.findings] for one in found.studies]

    assert codes == 2 * [["inert_setting"] * (reaches == "nothing")]


class Asked:
    """A trial as `evaluate` sees it."""

    def __init__(self, horizon):
        """Of one horizon."""
        self.settings = type("S", (), {"series": "sp500", "horizon": horizon})
        self.recorded, self.attached = {}, []

    def record(self, **values):
        """Keep them."""
        self.recorded |= values

    def attach(self, what):
        """Keep it."""
        self.attached.append(what)


def found(reaches, horizon):
    """What a trial of the regression measures, and the trial."""
    trial = Asked(horizon)
    return evaluate_horizon(reaches, {"model": "logistic"}, trial), trial


def test_one_loss_for_three_horizons():
    """Where the horizon reaches nothing the loss is that of one day, and skill on it is none."""
    one, _ = found("label", 1)
    for horizon in (3, 5):
        lost, _ = found("nothing", horizon)
        asked, _ = found("label", horizon)

        assert lost["cross_entropy"] == one["cross_entropy"]
        assert lost["below_floor"] > 0.2
        assert lost["asked_skill"] < 0 < asked["asked_skill"]
        assert asked["wrong_labels"] == 0 < lost["wrong_labels"]
        assert lost["asked_cross_entropy"] > asked["cross_entropy"]


@pytest.mark.parametrize(("horizon", "n", "needed"), [(1, 19, 60), (3, 19, 109), (5, 18, 116)])
def test_scattered_days_say_what_they_cannot_show(horizon, n, needed):
    """Trials on as few days as were published record how many it takes, and the floor is there."""
    metrics, trial = found("split", horizon)
    table, published = trial.attached

    assert metrics["n"] == n
    assert metrics["missing_days"] == needed - n
    assert (
        f"too few for any conclusion about the 0.065 nats sought, which need {needed} days"
        in (trial.recorded["detectable"])
    )
    k = int(metrics["asked_positives"])
    assert table.columns["loss"][k] == metrics["floor"] == lowest_loss(n, k, k)
    assert published.columns["horizon"] == [1, 3, 5]


def test_scattered_days_are_not_trained_on():
    """No training window of the scattered split holds a validation day, and labels are known."""
    data = scattered_days("sp500", 3)

    assert not set(data.train.last) & set(data.validation_a.last)
    assert {float(label) for label in data.train.labels} == {0.0, 1.0}
    assert data.prices.dates[-1] > data.train.dates[-1]


@pytest.mark.parametrize("counts", [(0, 0, 0), (5, 3, 2), (5, 1, 6), (5, -1, 2)])
def test_counts_that_do_not_fit_are_refused(counts):
    """Counts that mean nothing are refused with the rule and the values."""
    with pytest.raises(dk.ProblemError, match="0 <= least <= most <= n and n >= 1 must hold"):
        lowest_loss(*counts)


def test_too_few_days_are_another_decision(tmp_path):
    """Honest labels on too few days are told apart from labels that were not asked for."""
    results = dk.run(demo_horizon(horizons=[5], reaches=["label"]), tmp_path)

    assert (results.verdict, results.decision.name) == ("SOFT_PASS", "too-few-days")
