"""The campaign about the leak: what it finds, and that it runs as anybody's package would."""

from __future__ import annotations

import numpy as np
import pytest

from daybreak import catalogue
from daybreak.models.forecasting.leak_search import evaluate_leak, leak_problem, question
from tests.models.stranger import said_as_a_stranger

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import daybreak as dk
from strange_forecasting.campaigns import demo_leak
results = dk.run(demo_leak(horizons=[3]), {directory!r})
assert not [name for name in sys.modules if name.startswith("daybreak.models")]
for study in results.summary.studies:
    print(study.name, study.verdict, study.metrics.failed_trials)
print(results.verdict, results.decision.name)
"""


def test_leak_runs_as_a_strangers_package(tmp_path):
    """The folder, copied under another name, runs on the public API; what wins saw the future."""
    said = said_as_a_stranger("forecasting", SCRIPT, tmp_path)

    assert said[-2:] == ["leak horizon=3 FAIL 0", "FAIL saw-the-future"]


def test_leak_can_be_run_by_name():
    """The campaign is offered by name, with three horizons."""
    found = catalogue.load("forecasting-demo-leak")

    assert [study.settings["horizon"] for study in found.all_studies()] == [1, 3, 5]


class Asked:
    """A trial as `evaluate` sees it."""

    def __init__(self, horizon, series="sp500"):
        """Of one horizon."""
        self.settings = type("S", (), {"series": series, "horizon": horizon, "label": "close"})
        self.recorded, self.attached = {}, []

    def record(self, **values):
        """Keep them."""
        self.recorded |= values

    def attach(self, what):
        """Keep it."""
        self.attached.append(what)


@pytest.mark.parametrize("weekly", ["closed", "leaking"])
def test_trials_say_what_saw_the_future(weekly):
    """A trial names the columns that leak, and gains by the leak more than by chance."""
    trial = Asked(3)
    found = evaluate_leak({"weekly": weekly, "model": "logistic"}, trial)

    leaks = weekly == "leaking"
    assert trial.recorded["saw_the_future"] == ["rsi_weekly", "stochrsi_weekly"] * leaks
    assert (found["gain_low"] > 0) == leaks
    assert (found["test_gain"] > 0) == leaks
    assert found["seen_future"] == 2 * leaks


def test_the_leak_is_strongest_on_monday():
    """Alone, the leaking variable knows most when most of its week is still to come."""
    trial = Asked(5)
    evaluate_leak({"weekly": "leaking", "model": "logistic"}, trial)
    areas = trial.attached[0].columns["AUC"]

    assert areas == sorted(areas, reverse=True)
    assert areas[0] > 0.8
    assert areas[-1] < 0.5


def test_the_problem_asks_honestly_by_default():
    """The data set of a trial is the clean one unless a leak is asked for."""
    settings = Asked(1).settings
    assert question(settings) is question(settings, "closed")
    differs = question(settings, "leaking").train.today != question(settings).train.today
    assert np.flatnonzero(differs.any(axis=0)).size == 2
    assert leak_problem().baselines[0].name == "constant"
