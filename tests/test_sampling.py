"""Posteriors: of a linear model in closed form, of two basins, and beside profiles."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk

X = np.linspace(0.0, 1.0, 12)
Y = 1.0 + 2.0 * X + np.random.default_rng(3).normal(0.0, 0.1, 12)


def line(*more, xp=jnp):
    """A line, whose posterior is normal."""
    return dk.FitProblem(
        [dk.Parameter("a", -4, 6), dk.Parameter("b", -3, 7), *more],
        lambda p, _: p.a + p.b * xp.asarray(X),
        dk.observations(Y, 0.1),
    )


def test_a_line_is_normal(tmp_path):
    """Mean and covariance of linear algebra, and the profile's interval; ArviZ can have it."""
    study = dk.Study("line", line(), dk.Profile("b", points=7, starts=2))
    found = dk.run(dk.Campaign("c", [study]), tmp_path)["line"]
    told = dk.sample(study, found, draws=2000, seed=1)
    A = np.stack([np.ones(12), X], axis=1)
    C = 0.01 * np.linalg.inv(A.T @ A)
    best = np.linalg.lstsq(A, Y, rcond=None)[0]

    assert told.code.word == "healthy", told
    for i, one in enumerate(told.parameters):
        error = np.sqrt(C[i, i] / one.effective)
        assert one.mean == pytest.approx(best[i], abs=5 * error)
        assert one.deviation == pytest.approx(np.sqrt(C[i, i]), rel=0.1)
        assert one.r_hat < 1.01
        assert one.effective > 400
    (interval,) = found.profile.intervals
    assert told.parameters[1].profile == (interval.lower, interval.upper)
    assert told.parameters[0].profile is None
    assert dict(told.tree()["posterior"].sizes) == {"chain": 4, "draw": 2000}
    assert "R-hat" in str(told)


def test_chains_begin_in_every_basin():
    """Two mirrored minima: chains stay where they began, and R-hat says so."""
    problem = dk.FitProblem(
        [dk.Parameter("x", -3, 3)], lambda p, _: jnp.stack([p.x**2]), dk.observations([1.0], 0.02)
    )
    told = dk.sample(dk.Study("two", problem, dk.MultiStart()), draws=200, warm_up=200)
    means = told.draws["x"].mean(axis=1)

    assert told.basins == 2
    assert told.code.word == "not_mixed"
    assert min(means) == pytest.approx(-1.0, abs=0.02)
    assert max(means) == pytest.approx(1.0, abs=0.02)
    assert "began in 2 basins" in told.sentence


def test_a_wall_parts_credible_and_profile(tmp_path):
    """A strength measured as -1 +- 1 that cannot be negative: two answers, and they are named."""
    problem = dk.FitProblem(
        [dk.Parameter("s", 0, 20, physical=(0, None))],
        lambda p, _: jnp.stack([p.s]),
        dk.observations([-1.0], 1.0),
    )
    study = dk.Study("wall", problem, dk.Profile("s", points=9))
    told = dk.sample(study, dk.run(dk.Campaign("c", [study]), tmp_path)["wall"], draws=3000)

    assert told.code.word == "intervals_differ"
    assert told.parameters[0].differs
    # The upper 97.5 % quantile of a normal of mean -1 that is cut at zero.
    assert told.parameters[0].upper == pytest.approx(1.655, abs=0.12)


def test_derived_quantities_are_left_out():
    """A stiff tie would stop the sampler; what it ties is sampled."""
    tied = line(dk.Derived("sum", -10, 20, of=lambda p, _: p.a + p.b))
    told = dk.sample(dk.Study("tied", tied, dk.MultiStart()), draws=200, warm_up=300)

    assert [one.parameter for one in told.parameters] == ["a", "b"]


@pytest.mark.parametrize(
    ("problem", "more", "said"),
    [
        (line(xp=np), {}, "must be written in JAX to be sampled"),
        (line(), {"draws": 5}, "`draws >= 100`"),
    ],
)
def test_bad_input_is_told(problem, more, said):
    """A sentence with the rule."""
    with pytest.raises(dk.PlanError, match=re.escape(said)):
        dk.sample(dk.Study("s", problem, dk.MultiStart()), **more)


def test_constraints_are_not_sampled():
    """A posterior would not keep a constraint, so it is refused, with what to write instead."""
    boxes = [dk.Parameter("a", 0, 2), dk.Parameter("b", 0, 2)]
    problem = dk.FitProblem(
        boxes,
        lambda p, _: jnp.stack([p.a, p.b]),
        dk.observations([1.0, 1.5], 0.1),
        constraints=["a < b"],
    )
    with pytest.raises(dk.PlanError, match="constraints, which a sampler does not keep"):
        dk.sample(dk.Study("ordered", problem, dk.MultiStart(2)))
