"""Models that refuse a study's settings, which a trace never shows them as numbers."""

from __future__ import annotations

import io

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk

X = np.linspace(0.1, 2.0, 8)


def guarded(xp, **more):
    """A decay that refuses an order below one where it is told a number."""

    def predict(p, settings):
        if isinstance(settings.order, (int, float)) and settings.order < 1:
            msg = f"order >= 1 must hold, but got {settings.order}"
            raise ValueError(msg)
        if isinstance(p.rate, (int, float)) and p.rate > more.get("fastest", 9.0):
            msg = "too fast"
            raise ValueError(msg)
        return p.height * xp.exp(-((p.rate * X) ** settings.order))

    return dk.FitProblem(
        [dk.Parameter("height", 0.1, 3), dk.Parameter("rate", 0.1, 5)],
        predict,
        dk.observations(1.2 * np.exp(-0.8 * X), 0.1),
        settings={"order": more.get("order", 2.0)},
    )


def campaign(problem, *orders):
    """A study for every order."""
    studies = [
        dk.Study(f"order {order}", problem, dk.MultiStart(starts=2), settings={"order": order})
        for order in orders
    ]
    return dk.Campaign("orders", studies)


def found(plan):
    """What is said of refusals, by study."""
    told = dk.preflight(plan, 10.0)
    return told, {
        one.study: [
            (f.severity, f.sentence) for f in one.findings if f.code.word == "model_refuses"
        ]
        for one in told.studies
    }


@pytest.mark.parametrize("xp", [jnp, np])
@pytest.mark.parametrize("orders", [(2.0, 0.5), (0.5, 2.0)])
def test_settings_that_a_model_refuses(xp, orders):
    """The guard of a model is asked with plain numbers, in any order of the studies."""
    told, refused = found(campaign(guarded(xp), *orders))
    ((severity, sentence),) = refused["order 0.5"]

    assert severity == "stop"
    assert "ValueError: order >= 1 must hold, but got 0.5" in sentence
    assert "order = 0.5" in sentence
    assert refused["order 2.0"] == []
    assert not told.hopeless


def test_settings_of_the_problem():
    """Settings of the problem itself are asked as those of a study are."""
    problem = guarded(jnp, order=0.5)
    plan = dk.Campaign("own", [dk.Study("order 0.5", problem, dk.MultiStart(starts=2))])
    told, refused = found(plan)

    assert refused["order 0.5"][0][0] == "stop"
    assert told.hopeless
    assert told.sentence == "The model refuses the settings of every counted study."


def test_a_guess_that_a_model_refuses():
    """A traced model that refuses the middle of the box alone is a warning, with the place."""
    _, refused = found(campaign(guarded(jnp, fastest=2.0), 2.0))
    ((severity, sentence),) = refused["order 2.0"]

    assert severity == "warning"
    assert "too fast" in sentence
    assert "rate = 2.55" in sentence


@pytest.mark.parametrize("xp", [jnp, np])
@pytest.mark.parametrize("orders", [(2.0, 0.5), (0.5, 2.0)])
def test_the_night_makes_no_fit_of_them(tmp_path, xp, orders):
    """A study whose settings are refused fails with the model's words; the others go on."""
    plan = campaign(guarded(xp), *orders)
    results = dk.run(plan, tmp_path, progress=io.StringIO(), budget=10.0)
    refused, fine = results["order 0.5"], results["order 2.0"]

    assert (refused.state, refused.verdict, refused.metrics.trials) == ("failed", "UNDECIDED", 0)
    assert "order >= 1 must hold" in refused.error
    assert fine.best is not None


def test_anyway_runs_them_all_the_same(tmp_path):
    """Whoever asks for it gets the fits of a traced model that its guard would have refused."""
    plan = campaign(guarded(jnp), 2.0, 0.5)
    results = dk.run(plan, tmp_path, progress=io.StringIO(), budget=10.0, anyway=True)

    assert results["order 0.5"].best is not None
