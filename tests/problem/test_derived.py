"""Derived quantities: profiled as the parameters of a problem that is written with them."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk

TIME = np.linspace(0.0, 3.0, 20)
SIGNAL = 4.0 * np.exp(-1.5 * TIME) + np.random.default_rng(2).normal(0.0, 0.1, 20)


def decay(*more, xp=np, data=None):
    """A decay with its area, which is a function of both parameters."""
    boxes = [dk.Parameter("a", 0, 20), dk.Parameter("k", 0.1, 10, scale="log"), *more]
    data = dk.observations(SIGNAL, 0.1) if data is None else data
    return dk.FitProblem(boxes, lambda p, _: p.a * xp.exp(-p.k * xp.asarray(TIME)), data)


def area(lower=0.1, upper=20, **more):
    """The integral of the decay."""
    return dk.Derived("area", lower, upper, of=lambda p, _: p.a / p.k, **more)


def read(problem, name, place, claims=(), **more):
    """The profile of one name."""
    study = dk.Study("s", problem, dk.Profile(name, points=9, starts=3), **more)
    return dk.run(dk.Campaign("c", [study], claims=claims), place)["s"]


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_as_a_problem_written_with_it(tmp_path, xp, scale):
    """The same interval, within 1e-4 of its width, and the same counts of numbers and data."""
    found = read(decay(area(scale=scale), xp=xp), "area", tmp_path / "tied")
    written = dk.FitProblem(
        [dk.Parameter("area", 0.1, 20, scale=scale), dk.Parameter("k", 0.1, 10, scale="log")],
        lambda p, _: p.area * p.k * xp.exp(-p.k * xp.asarray(TIME)),
        dk.observations(SIGNAL, 0.1),
    )
    other = read(written, "area", tmp_path / "written")
    (one,), (two,) = found.profile.intervals, other.profile.intervals
    width = two.upper - two.lower

    assert found.best.chi2 == pytest.approx(other.best.chi2, abs=1e-6)
    assert abs(one.lower - two.lower) < 1e-4 * width
    assert abs(one.upper - two.upper) < 1e-4 * width
    assert found.profile.code.word == "identified"
    counts = ("n_observations", "n_free", "degrees_of_freedom")
    for name in counts:
        assert getattr(found.metrics, name) == getattr(other.metrics, name)
    assert found.metrics.p_value == pytest.approx(other.metrics.p_value, abs=1e-6)
    assert "definition of area" not in found.best.predictions


def test_judged_and_claimed(tmp_path):
    """A criterion and a claim speak of it as of a parameter."""
    found = read(
        decay(area()),
        "area",
        tmp_path,
        accept=[dk.Criterion("identified", of="area"), dk.Criterion("area", at_least=2.0)],
        claims=[dk.Claim("area", 4.0 / 1.5)],
    )

    assert found.verdict == "PASS"
    assert "area = 2.66" in (tmp_path / "report.md").read_text()


def test_rehearsed_and_compared():
    """The truth need not state it, and it adds no fitted number to a likelihood ratio."""
    study = dk.Study("s", decay(area(), xp=jnp), dk.Profile("area", points=5, starts=2))
    told = dk.rehearse(dk.Campaign("c", [study]), {"a": 4.0, "k": 1.5}, nights=1, simulations=200)
    (one,) = told.under_truth.studies[0].calibrations
    flat = dk.FitProblem(
        [dk.Parameter("a", 0, 20)], lambda p, _: p.a * jnp.ones(20), dk.observations(SIGNAL, 0.1)
    )
    ratio = dk.likelihood_ratio(dk.Study("flat", flat, dk.MultiStart()), study, simulations=20)

    assert told.under_truth.truth["area"] == pytest.approx(4.0 / 1.5)
    assert one.coverage.share == pytest.approx(0.95, abs=0.05)
    assert ratio.added == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: dk.Derived("q", 0, 1), "needs its definition, e.g. of=lambda p, settings"),
        (lambda: area(fixed=2.0), "takes neither `fixed`, `prior` nor `when`"),
        (lambda: area(prior=dk.Normal(1, 1)), "what is known of it is one more observation"),
        (
            lambda: decay(dk.Derived("q", 0, 1, of=lambda p, _: p.nothing)).backend({}),
            "`of` of q raised AttributeError",
        ),
    ],
)
def test_bad_input_is_told(make, said):
    """A sentence with the rule and the next move."""
    with pytest.raises(dk.DaybreakError, match=re.escape(said)):
        make()


def test_an_inequality_is_a_derived_quantity_with_a_bound(tmp_path):
    """Data that ask for more than a + b <= 1: minimum and profile on the edge."""
    data = dk.observations([1.2, 0.6], [0.1, 0.2])
    total = dk.Derived("total", -2, 1, of=lambda p, _: p.a + p.b, physical=(None, 1))
    boxes = [dk.Parameter("a", -2, 3), dk.Parameter("b", -2, 3), total]
    problem = dk.FitProblem(boxes, lambda p, _: np.array([p.a, p.b]), data)
    found = read(problem, "a", tmp_path)
    # The excess of 0.8 is shared as the variances are, 1 : 4, and costs 0.8^2 / (0.01 + 0.04).
    edge = 0.8**2 / 0.05

    assert found.best.chi2 == pytest.approx(edge, rel=1e-6)
    assert found.best.parameters["a"] == pytest.approx(1.2 - 0.16, abs=1e-6)
    assert found.best.parameters["a"] + found.best.parameters["b"] <= 1.0 + 1e-6
    assert found.best.at_bounds == []
    (interval,) = found.profile.intervals
    # Along the edge b = 1 - a: a parabola of curvature 1/0.01 + 1/0.04.
    half = np.sqrt(3.841458821 / 125.0)
    np.testing.assert_allclose(
        [interval.lower, interval.upper], [1.04 - half, 1.04 + half], atol=2e-4
    )


def test_an_order_leaves_one_of_mirrored_minima(tmp_path):
    """Two decays are the same when exchanged; with k1 <= k2 there is one minimum."""
    data = dk.observations(3.0 * np.exp(-0.5 * TIME) + 4.0 * np.exp(-3.0 * TIME), 0.02)
    boxes = [
        dk.Parameter("a1", 0, 9),
        dk.Parameter("k1", 0.1, 9, scale="log"),
        dk.Parameter("a2", 0, 9),
        dk.Parameter("k2", 0.1, 9, scale="log"),
    ]
    order = dk.Derived("ratio", 1, 90, of=lambda p, _: p.k2 / p.k1, scale="log")

    def best(*more):
        problem = dk.FitProblem(
            [*boxes, *more],
            lambda p, _: p.a1 * jnp.exp(-p.k1 * TIME) + p.a2 * jnp.exp(-p.k2 * TIME),
            data,
        )
        study = dk.Study("s", problem, dk.MultiStart(starts=24))
        found = dk.run(dk.Campaign("c", [study]), tmp_path / str(len(more)))["s"]
        lowest = [end for end in found.ends if end.chi2 < 1e-3]
        return {round(end.parameters["k1"], 1) for end in lowest}

    assert best() == {0.5, 3.0}
    assert best(order) == {0.5}
