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
    assert found.profile.code == "identified"
    counts = ("n_observations", "n_free", "degrees_of_freedom")
    for name in counts:
        assert getattr(found.metrics, name) == getattr(other.metrics, name)
    assert found.metrics.p_value == pytest.approx(other.metrics.p_value, abs=1e-6)
    assert "definition of area" not in found.best.predictions


def test_judged_and_claimed(tmp_path):
    """A criterion and a claim speak of it as of a parameter."""
    found = read(
        decay(area()), "area", tmp_path,
        accept=[dk.Criterion("identified", of="area"), dk.Criterion("area", at_least=2.0)],
        claims=[dk.Claim("area", 4.0 / 1.5)],
    )  # fmt: skip

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
