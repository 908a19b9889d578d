"""Physical limits: no advice to move them, upper limits as such, and the threshold of a limit."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk

X = np.linspace(0.0, 1.0, 10)


def signal(value, upper=5.0, physical=(0, None), xp=np):
    """A strength measured as `value` +- 1, beside a background of its own datum."""
    return dk.FitProblem(
        [dk.Parameter("strength", 0, upper, physical=physical), dk.Parameter("back", -5, 5)],
        lambda p, _: xp.stack([p.strength + p.back, p.back]),
        dk.observations([value, 0.0], [np.sqrt(0.5), np.sqrt(0.5)]),
    )


def read(problem, tmp_path, *accept):
    """The profile of the strength, judged."""
    study = dk.Study("s", problem, dk.Profile("strength", points=11, starts=2), accept)
    return dk.run(dk.Campaign("c", [study]), tmp_path)["s"]


@pytest.mark.parametrize("value", [-0.7, 0.4])
def test_an_upper_limit_is_no_accident_of_the_box(tmp_path, value):
    """Closed form: the set ends where (s - value)^2 is 3.8415 above its lowest for s >= 0."""
    bars = [
        dk.Criterion("n_at_bounds", at_most=0),
        dk.Criterion("edge_distance", of="strength", above=0.1),
    ]
    found = read(signal(value), tmp_path, *bars)
    lowest = min(value, 0.0) ** 2
    (interval,) = found.profile.intervals

    assert found.profile.code.word == "one_sided"
    assert interval.lower == 0.0
    assert interval.lower_reason == "physical limit"
    assert interval.upper == pytest.approx(value + np.sqrt(3.841458821 + lowest), rel=1e-5)
    assert "left out" not in found.profile.sentence
    assert found.best.at_bounds == []
    assert [one.outcome for one in found.outcomes] == ["met", "met"]


def test_the_same_bound_without_physics(tmp_path):
    """Undeclared, it is the end of a box, and said to be."""
    found = read(signal(-0.7, physical=(None, None)), tmp_path)

    assert found.profile.code.word == "edge_minimum"


def test_the_limit_itself_is_left_out_sooner(tmp_path):
    """Zero at 1.8 sigma: within 3.84 of the lowest, but 2.7055 is enough at a limit."""
    found = read(signal(1.8), tmp_path)

    assert found.profile.code.word == "one_sided"
    assert (
        "0 itself is left out: chi2 is 3.24 higher there, and 2.706 is" in found.profile.sentence
    )


def test_coverage_at_the_limit_is_nominal():
    """With a true strength of zero, 2.7055 leaves zero out of 5 % of 1,000 data sets."""
    study = dk.Study("s", signal(0.5, xp=jnp), dk.Profile("strength", points=5, starts=2))
    told = dk.rehearse(
        dk.Campaign("c", [study]), {"strength": 0.0, "back": 0.0}, nights=1, simulations=1000
    )
    (one,) = told.under_truth.studies[0].calibrations

    assert one.level == pytest.approx(2.7055, abs=1e-4)
    assert one.coverage.share == pytest.approx(0.95, abs=0.02)
    assert one.code.word == "healthy"


def test_preflight_moves_no_bound_beyond_physics():
    """Out of reach below: the physical limit is not offered, the other bound is."""

    def problem(physical):
        return dk.FitProblem(
            [dk.Parameter("k", 1, 2, physical=physical), dk.Parameter("b", 0.5, 1)],
            lambda p, _: np.full(4, p.k + p.b),
            dk.observations(np.full(4, 0.9), 0.01),
        )

    def moved(physical):
        bars = [dk.Criterion("chi2", at_most=20.0)]
        study = dk.Study("s", problem(physical), dk.MultiStart(starts=4), bars)
        said = dk.preflight(dk.Campaign("c", [study])).studies[0]
        return {escape.parameter for one in said.reachability for escape in one.escapes}

    assert moved((None, None)) == {"k", "b"}
    assert moved((1, None)) == {"b"}


@pytest.mark.parametrize(
    ("physical", "said"),
    [
        ((0.5, None), "must lie within its physical limits, but got [0, 1]"),
        ((None, 0.5), "must lie within its physical limits"),
        (0.0, "is a pair such as (0, None), but got 0.0"),
    ],
)
def test_bad_input_is_told(physical, said):
    """A sentence with the rule and the values."""
    with pytest.raises(dk.ProblemError, match=re.escape(said)):
        dk.Parameter("k", 0, 1, physical=physical)
