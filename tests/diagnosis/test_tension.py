"""Tension: chi2 by group, against its ceiling, under scaled model uncertainties, and noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_distribution

import daybreak as dk
from daybreak.diagnosis.tension import constant_chi2, p_value
from daybreak.problem.ends import MODEL_SCALES
from daybreak.report import evidence, wording
from tests.studies import study

X = np.arange(6.0)


def test_p_value():
    """The p value is the upper tail of the chi2 distribution, for any number above 1."""
    for chi2, dof in ((3.0, 1), (12.5, 7.3), (80.0, 60), (0.0, 4)):
        assert p_value(chi2, dof) == pytest.approx(chi2_distribution.sf(chi2, dof))
    assert p_value(3.0, 0) is None
    assert p_value(3.0, 0.4) is None


def test_ceiling_is_a_fitted_constant():
    """The ceiling is the chi2 that fitting a constant to every group gives."""
    values = [1.0, 1.3, 0.9, 5.0, 5.5, 7.0]
    sigmas = [0.1, 0.2, 0.1, 0.3, 0.1, 0.2]
    data = dk.observations(values, sigmas, model=0.05, groups=list("aaabbb")).describe()
    expected = 0.0
    for rows in (slice(0, 3), slice(3, 6)):
        v, s = np.array(values[rows]), np.hypot(sigmas[rows], 0.05)
        fitted = dk.FitProblem(
            [dk.Parameter("c", -9, 9)], lambda p, _: np.full(3, p.c), dk.observations(v, s)
        )
        expected += study(fitted, dk.MultiStart(2)).best.chi2

    assert constant_chi2(data) == pytest.approx(expected, rel=1e-9)
    assert constant_chi2(data[:1]) is None
    assert constant_chi2([data[0], data[3]]) is None


def test_units_are_groups_of_their_own():
    """Observations of different units share no constant, even without a group's name."""
    data = {
        "a": dk.Observation(1.0, 0.1, unit="m"),
        "b": dk.Observation(2.0, 0.1, unit="m"),
        "c": dk.Observation(70.0, 0.1, unit="kg"),
    }
    described = dk.observations(data).describe()

    assert constant_chi2(described) == pytest.approx(2 * (0.5 / 0.1) ** 2)


def test_model_that_explains_nothing_is_told():
    """A model no better than a constant is named, one that follows the data is not."""

    def fitted(predict):
        one = dk.FitProblem(
            [dk.Parameter("a", -9, 9)],
            predict,
            dk.observations([0.0, 1.1, 1.9, 3.2, 3.9, 5.1], 0.1),
        )
        return study(one, dk.MultiStart(3))

    good, bad = fitted(lambda p, s: p.a * X), fitted(lambda p, s: np.full(6, p.a))

    assert good.tension.share < 0.01
    assert bad.tension.share == pytest.approx(1.0)
    assert not [c for c in good.findings if "than a constant" in c.sentence]
    assert [c.code.word for c in bad.findings if "than a constant" in c.sentence] == ["tension"]


def test_a_good_fit_that_a_constant_matches_is_no_tension():
    """A good fit hardly better than a constant is a note: the data hardly need the model."""
    noise = np.array([0.4, -0.9, 0.7, 0.2, -0.6, 0.3])
    one = dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: p.a + p.b * X,
        dk.observations(5.0 + noise, 1.0),
    )
    found = study(one, dk.MultiStart(3))
    told = {c.code.word: c for c in found.findings}

    assert found.metrics.p_value > 0.5
    assert found.tension.share > 0.9
    assert "tension" not in told
    assert told["constant_suffices"].severity == "note"
    assert "hardly need the model" in told["constant_suffices"].sentence


def groups(second, **parameter):
    """Two groups that measure the same line, the second one off by a number of sigma."""
    data = dk.observations(
        [*(1.0 + 2.0 * X), *(1.0 + 2.0 * X + second * np.array([1, -1, 1, -1, 1, -1]))],
        1.0,
        groups=["one"] * 6 + ["two"] * 6,
    )
    return dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9, **parameter)],
        lambda p, s: np.tile(p.a + p.b * X, 2),
        data,
    )


def test_groups_have_their_own_p_values():
    """Each group has its chi2, effective degrees of freedom and p value by two moments.

    Two numbers are fitted to two equal groups of six, so M = I - P / 2 on each, P a projection of
    rank two: tr M = 5, tr M^2 = 4.5.
    """
    found = study(groups(3.0), dk.MultiStart(3)).tension
    one, two = found.groups

    assert [g.observations for g in (one, two)] == [6, 6]
    assert one.degrees_of_freedom == pytest.approx(25 / 4.5, abs=1e-6)
    assert two.degrees_of_freedom == pytest.approx(25 / 4.5, abs=1e-6)
    assert one.chi2 + two.chi2 == pytest.approx(study(groups(3.0), dk.MultiStart(3)).best.chi2)
    for group in (one, two):
        assert group.p_value == pytest.approx(
            chi2_distribution.sf(group.chi2 * 5 / 4.5, 25 / 4.5), rel=1e-6
        )
    assert two.p_value < 1e-4
    assert one.p_value > 0.1


def test_group_in_tension_is_named():
    """A group that the model does not describe is named; without groups none is."""
    told = [
        c.sentence
        for c in study(groups(3.0), dk.MultiStart(3)).findings
        if c.code.word == "tension"
    ]
    quiet = study(groups(1.0), dk.MultiStart(3))

    assert any("the group 'two' is in tension" in text for text in told)
    assert not any("the group 'one'" in text for text in told)
    assert not [c for c in quiet.findings if c.code.word == "tension" and "group" in c.sentence]
    alone = dk.FitProblem(
        [dk.Parameter("a", -9, 9)], lambda p, s: np.full(3, p.a), dk.observations([1, 2, 3.0], 1.0)
    )
    assert study(alone, dk.MultiStart(3)).tension.groups == []


def test_observations_without_a_group_are_called_so():
    """A group without a name is not told as an empty text."""
    values = [*(1.0 + 2.0 * X), *(1.0 + 2.0 * X + 3.0 * np.array([1, -1, 1, -1, 1, -1]))]
    problem = dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: np.tile(p.a + p.b * X, 2),
        dk.observations(values, 1.0, groups=["one"] * 6 + [""] * 6),
    )
    found = study(problem, dk.MultiStart(3))

    assert any(
        c.sentence.startswith("the observations without a group are") for c in found.findings
    )
    assert "observations without a group: chi2" in evidence.groups_in_words(found)
    assert evidence.tension(found).rows[1][0] == "no group"


def test_a_size_that_the_fit_sets_tells_nothing_of_its_group():
    """Chi2 of noise of unknown size is the number of data, so no group of such is told."""
    data = dk.observations(
        np.tile(1.0 + 2.0 * X + 0.1 * np.cos(9.0 * X), 2),
        noise=dk.Gaussian(scale="unknown"),
        groups=["one"] * 6 + ["two"] * 6,
    )
    problem = dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: np.tile(p.a + p.b * X, 2),
        data,
    )
    assert study(problem, dk.MultiStart(3)).tension.groups == []


def test_why_there_is_no_p_value():
    """Values at a limit test nothing, and what is fitted is counted all the same."""
    limited = dk.FitProblem(
        [dk.Parameter("a", 0, 3), dk.Parameter("b", 0, 3)],
        lambda p, s: p.a + p.b * X,
        dk.observations(np.full(6, 60.0), 0.1, noise=dk.Censored(lower=60.0)),
    )
    found = study(limited, dk.MultiStart(3), dk.Criterion("p_value", at_least=0.01))

    assert found.metrics.no_p_value.startswith("none of 6 observations can test the model")
    assert found.metrics.no_p_value.endswith("and 2 numbers are fitted")
    assert found.metrics.no_p_value in found.outcomes[0].sentence
    assert wording.p_value(found.metrics) == f"not defined: {found.metrics.no_p_value}"


def conflict(model):
    """Two groups that want a = 1 and a = 2; only the second one has a model uncertainty."""
    data = dk.observations(
        [1.0] * 4 + [2.0] * 4,
        0.1,
        model=[0.0] * 4 + [model] * 4,
        groups=["one"] * 4 + ["two"] * 4,
    )
    return dk.FitProblem(
        [dk.Parameter("a", 0, 5), dk.Parameter("b", -1, 1)],
        lambda p, s: np.array([p.a] * 7 + [p.a + p.b]),
        data,
    )


def weighted(scale, model):
    """The best a of `conflict`: b takes one of the second group away."""
    w = np.array([1 / 0.1**2] * 4 + [1 / (0.1**2 + (scale * model) ** 2)] * 3)
    return float(w @ ([1.0] * 4 + [2.0] * 3) / w.sum())


def test_scaled_fits_are_best_fits():
    """Every scaled fit is the best fit with that model uncertainty, and says where it moved."""
    found = study(conflict(0.3), dk.MultiStart(4))

    assert [s.scale for s in found.model_scales] == list(MODEL_SCALES)
    for fitted in found.model_scales:
        assert fitted.parameters["a"] == pytest.approx(weighted(fitted.scale, 0.3), abs=1e-6)
        moved = weighted(fitted.scale, 0.3) - weighted(1.0, 0.3)
        assert fitted.shifts["a"] == pytest.approx(moved, abs=1e-6)
    assert [s.chi2 for s in found.model_scales] == sorted(
        (s.chi2 for s in found.model_scales), reverse=True
    )


def test_minimum_that_moves_with_the_model_uncertainty_is_told():
    """Where groups conflict and one has a model uncertainty, its size decides: this is told."""
    found = study(conflict(0.3), dk.Profile("a", starts=4))
    told = [c for c in found.findings if c.code.word == "moves_with_model_uncertainty"]
    [interval] = found.profile.intervals

    assert [c.parameter for c in told] == ["a"]
    assert not interval.lower <= weighted(0.1, 0.3) <= interval.upper
    assert "at 0.1 times" in told[0].sentence


def test_minimum_that_stays_is_not_told():
    """Without a conflict the minimum stays; without model uncertainty no fit is scaled."""
    agree = dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: p.a + p.b * X,
        dk.observations(1.0 + 2.0 * X + 0.05 * np.sin(9 * X), 0.1, model=[0.2] * 3 + [0.0] * 3),
    )
    found = study(agree, dk.Profile("a", starts=4))

    assert len(found.model_scales) == len(MODEL_SCALES)
    assert not [c for c in found.findings if c.code.word == "moves_with_model_uncertainty"]
    assert study(groups(1.0), dk.MultiStart(3)).model_scales == []


def rough(p, settings):
    """A bowl in y and z under deep ripples, with next to nothing of x in it."""
    ripple = sum(math.cos(40.0 * k * v) for k, v in ((1, p.y), (2, p.z)))
    return np.array([1.0 + 0.02 * p.x, 2.0 * p.y, 2.0 * p.z, 3.0 * ripple])


def test_flat_within_noise():
    """A profile that varies less than the seeds of the method differ is flat within noise."""
    problem = dk.FitProblem(
        [dk.Parameter(n, -2, 2) for n in "xyz"], rough, dk.observations([0.0, 0.3, 0.3, 9.0], 1.0)
    )
    few = dk.Evolution(seeds=(0, 1, 2), generations=3, population=4, polish=False)
    found = study(problem, dk.Profile("x", points=7, fit=few, relax=False)).profile
    many = dk.Evolution(seeds=(0, 1, 2), generations=300)
    clear = dk.FitProblem(
        [dk.Parameter("x", -2, 2), dk.Parameter("y", -2, 2)],
        lambda p, s: np.array([p.x, p.y]),
        dk.observations([0.2, 0.3], 0.2),
    )
    other = study(clear, dk.Profile("x", points=7, fit=many, relax=False)).profile

    assert found.code.word == "flat_within_noise"
    assert found.noise > max(p.chi2 for p in found.points) - min(p.chi2 for p in found.points)
    assert other.noise < 1e-6
    assert other.code.word == "identified"


def test_variation_before_and_after():
    """A profile's variation is told as one-way profiles tell it, before and after relaxing."""

    def himmelblau(p, settings):
        return np.array([p.x**2 + p.y - 11.0, p.x + p.y**2 - 7.0, 1.0])

    problem = dk.FitProblem(
        [dk.Parameter("x", -6, 6), dk.Parameter("y", -6, 6)],
        himmelblau,
        dk.observations([0.0, 0.0, 0.0], 1.0),
    )
    found = study(problem, dk.Profile("x", points=25, starts=12, each=1)).profile
    chi2 = [point.chi2 for point in found.points]
    own = [point.own for point in found.points]

    for said, values in ((found.after, chi2), (found.before, own)):
        assert said.range == pytest.approx(max(values) - min(values))
        assert said.percent == pytest.approx(100 * (max(values) - min(values)) / min(values))
        assert said.local_minima == sum(
            b < min(a, c) for a, b, c in zip(values, values[1:], values[2:], strict=False)
        )
    assert found.before.range >= found.after.range
