"""Likelihood ratios: Wilks's p value where it holds, the bootstrap's where it does not."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import daybreak as dk

X = np.linspace(0.0, 1.0, 24)
NOISE = np.random.default_rng(8).normal(0.0, 0.1, 24)


def study(name, predict, boxes, data=None, **more):
    """A study of the line's data."""
    data = dk.observations(1.0 + 2.0 * X + NOISE, 0.1) if data is None else data
    problem = dk.FitProblem([dk.Parameter(*box) for box in boxes], predict, data, **more)
    return dk.Study(name, problem, dk.MultiStart(starts=2))


def straight(**more):
    """A line."""
    return study(
        "line", lambda p, _: p.a + p.b * jnp.asarray(X), [("a", -9, 9), ("b", -9, 9)], **more
    )


def curved(**more):
    """A parabola, which holds every line."""
    boxes = [("a", -9, 9), ("b", -9, 9), ("c", -9, 9)]
    return study("parabola", lambda p, _: p.a + p.b * X + p.c * jnp.asarray(X**2), boxes, **more)


def test_regular_models_agree_with_wilks():
    """A parabola beside a line: T is that of linear algebra, and both p values agree."""
    found = dk.likelihood_ratio(straight(), curved(), simulations=300)
    y = 1.0 + 2.0 * X + NOISE
    lowest = [np.linalg.lstsq(np.vander(X, k), y, rcond=None)[1][0] / 0.01 for k in (2, 3)]

    assert pytest.approx(lowest[0] - lowest[1], rel=1e-6) == found.T
    assert found.wilks == pytest.approx(stats.chi2.sf(found.T, 1), rel=1e-6)
    assert found.p_value == pytest.approx(found.wilks, abs=4 * (0.25 / 300) ** 0.5)
    assert found.added == 1
    assert found.code.word == "healthy"
    assert found.simulations == 300


def test_a_bump_of_unknown_place_needs_the_bootstrap():
    """Height and place are two numbers, but under the null the best of many places is taken."""
    data = dk.observations(np.random.default_rng(5).normal(0.0, 1.0, 24), 1.0)

    def bump(p, _):
        return p.base + p.height * jnp.exp(-0.5 * ((jnp.asarray(X) - p.place) / 0.04) ** 2)

    null = study("flat", lambda p, _: p.base * jnp.ones(24), [("base", -5, 5)], data)
    boxes = [("base", -5, 5), ("height", -9, 9), ("place", 0, 1)]
    found = dk.likelihood_ratio(null, study("bump", bump, boxes, data), simulations=200, tried=3)

    assert found.added == 2
    assert found.p_value > found.wilks
    assert found.code.word == "wilks_fails"
    assert found.corrected == pytest.approx(1.0 - (1.0 - found.p_value) ** 3)
    assert "cannot be relied on" in str(found)


def test_priors_and_counts_take_part():
    """A background known from elsewhere is drawn anew; the alternative's own prior stays."""
    counts = dk.observations(np.random.default_rng(0).poisson(4.0, 24), noise=dk.Poisson())
    flat = dk.Parameter("b", 0.1, 20, prior=dk.Normal(4.0, 0.5))
    slope = dk.Parameter("s", -3, 3, prior=dk.Normal(0.0, 2.0))
    null = dk.FitProblem([flat], lambda p, _: p.b * jnp.ones(24), counts)
    rich = dk.FitProblem([flat, slope], lambda p, _: p.b * jnp.exp(p.s * jnp.asarray(X)), counts)
    studies = [dk.Study(n, one, dk.MultiStart()) for n, one in (("flat", null), ("slope", rich))]
    found = dk.likelihood_ratio(*studies, simulations=200)

    assert found.simulations == 200
    assert 0.0 < found.p_value <= 1.0
    assert found.p_value == pytest.approx(found.wilks, abs=0.15)


def test_the_report_ranks_models_of_the_same_data(tmp_path):
    """Lowest AICc first, with its differences and weights; a model that is refused is no rank."""
    found = dk.run(dk.Campaign("two", [straight(), curved()]), tmp_path)
    aicc = {one.name: one.metrics.aicc for one in found.studies}
    text = (tmp_path / "report.md").read_text()
    page = (tmp_path / "report.html").read_text()
    table = text.split("## Models of the same data")[1].split("##")[0]
    first = min(aicc, key=aicc.get)
    weights = [float(w) for w in re.findall(r"(\d\.\d{3}) \|$", table, re.MULTILINE)]

    assert table.index(first) < table.index(max(aicc, key=aicc.get))
    assert f"{max(aicc.values()) - min(aicc.values()):.2f}" in table
    assert sum(weights) == pytest.approx(1.0, abs=2e-3)
    assert "Models of the same data" in page

    far = dk.observations(1.0 + 2.0 * X + 30.0 * X**4, 0.1)
    dk.run(dk.Campaign("far", [straight(data=far), curved(data=far)]), tmp_path / "far")
    assert "Models of the same data" not in (tmp_path / "far" / "report.md").read_text()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dk.likelihood_ratio(curved(), straight()), "must fit more numbers"),
        (
            lambda: dk.likelihood_ratio(straight(), curved(data=dk.observations(X, 0.1))),
            "the same observations only, but these differ: 'y[0]'",
        ),
        (lambda: dk.likelihood_ratio(straight(), curved(), tried=0), "tried=0"),
    ],
)
def test_bad_input_is_told(call, said):
    """A sentence with the rule and the values."""
    with pytest.raises(dk.PlanError, match=re.escape(said)):
        call()
