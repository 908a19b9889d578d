"""Predictions: textbook bands where the model is linear, and data that were held back."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import daybreak as dk

X = np.linspace(0.0, 1.0, 16)
NOISE = np.random.default_rng(4).normal(0.0, 0.1, 16)


def line(x=X, y=None, sigma=0.1, noise=None, xp=jnp, **more):
    """A line through data at x."""
    y = 1.0 + 2.0 * x + NOISE[: len(x)] if y is None else y
    return dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: p.a + p.b * (xp.asarray(x) + s.shift),
        dk.observations(y, sigma, noise=noise),
        settings={"shift": 0.0},
        **more,
    )


def fitted(problem, place):
    """A study and what came of it."""
    study = dk.Study("line", problem, dk.MultiStart(starts=3))
    return study, dk.run(dk.Campaign("c", [study]), place)["line"]


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_bands_of_a_line(tmp_path, xp):
    """At settings never fitted, the band is that of linear algebra."""
    found = dk.predict(*fitted(line(xp=xp), tmp_path), {"shift": 2.0})
    A = np.stack([np.ones(16), X], axis=1)
    C = np.linalg.inv(A.T @ A) * 0.01
    best = np.linalg.lstsq(A, 1.0 + 2.0 * X + NOISE, rcond=None)[0]
    there = np.stack([np.ones(16), X + 2.0], axis=1)
    half = 1.959964 * np.sqrt(np.einsum("ij,jk,ik->i", there, C, there))

    np.testing.assert_allclose([one.value for one in found.predictions], there @ best, rtol=1e-6)
    np.testing.assert_allclose(
        [one.upper - one.value for one in found.predictions], half, rtol=1e-5
    )
    assert found.p_value is None


def test_unknown_size_widens_the_band(tmp_path):
    """With sigma estimated the band is Student's."""
    problem = line(sigma=None, noise=dk.Gaussian(scale="unknown"))
    found = dk.predict(*fitted(problem, tmp_path))
    line_ = stats.linregress(X, 1.0 + 2.0 * X + NOISE)
    half = stats.t.ppf(0.975, 14) * line_.intercept_stderr

    first = found.predictions[0]
    assert first.upper - first.value == pytest.approx(half, rel=1e-5)


def test_held_back_data(tmp_path):
    """Every second datum held back agrees; moved by three sigma it does not."""
    y = 1.0 + 2.0 * X + NOISE
    study, found = fitted(line(X[::2], y[::2]), tmp_path)
    good = dk.predict(study, found, problem=line(X[1::2], y[1::2]))
    bad = dk.predict(study, found, problem=line(X[1::2], y[1::2] + 0.3))

    assert good.degrees_of_freedom == 8
    assert good.p_value > 0.01
    assert "agree with line" in str(good)
    assert bad.p_value < 1e-3
    assert "contradict line" in str(bad)


def test_p_values_of_held_back_data_are_uniform(tmp_path):
    """Without the fit's own uncertainty chi2 would be too large; 200 held-back sets say so."""
    rng = np.random.default_rng(0)
    p = []
    for i in range(200):
        y = 1.0 + 2.0 * X + rng.normal(0.0, 0.1, 16)
        a = np.stack([np.ones(5), X[:5]], axis=1)
        best = np.linalg.lstsq(a, y[:5], rcond=None)[0]
        if i == 0:
            study, found = fitted(line(X[:5], y[:5]), tmp_path)
        values = dict(zip(("a", "b"), best.tolist(), strict=True))
        one = found.model_copy(
            update={"best": found.best.model_copy(update={"parameters": values})}
        )
        p.append(dk.predict(study, one, problem=line(X[5:], y[5:])).p_value)

    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_scale_factors_keep_their_value(tmp_path):
    """Predictions elsewhere use the factor that was fitted, and share its uncertainty."""

    def problem(x, y):
        return dk.FitProblem(
            [dk.Parameter("k", 0, 5)],
            lambda p, _: jnp.exp(-p.k * jnp.asarray(x)),
            dk.observations(y, 0.05),
            scale_factors=[dk.ScaleFactor("A")],
        )

    y = 3.0 * np.exp(-1.3 * X) + 0.5 * NOISE
    study, found = fitted(problem(X, y), tmp_path)
    told = dk.predict(study, found, problem=problem([0.0, 2.0], [3.0, 3.0 * np.exp(-2.6)]))
    first, last = told.predictions

    assert first.value == pytest.approx(found.best.scale_factors["A"], rel=1e-6)
    assert first.lower < 3.0 < first.upper
    assert last.lower < 3.0 * np.exp(-2.6) < last.upper
    assert told.p_value > 0.05


def test_bad_input_is_told(tmp_path):
    """Other parameters, or data that fix too little."""
    study, found = fitted(line(), tmp_path / "a")
    other = dk.FitProblem([dk.Parameter("c", 0, 1)], lambda p, _: [p.c], dk.observations([1], 1.0))
    with pytest.raises(dk.PlanError, match=re.escape("must have the parameters")):
        dk.predict(study, found, problem=other)
    loose = dk.FitProblem(
        [dk.Parameter("a", 0, 5), dk.Parameter("b", 0, 5)],
        lambda p, _: (p.a + p.b) * np.ones(3),
        dk.observations(np.full(3, 4.0), 1.0),
    )
    with pytest.raises(dk.PlanError, match="fix 1 of its 2 fitted numbers only"):
        dk.predict(*fitted(loose, tmp_path / "b"))
