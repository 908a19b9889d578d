"""Rehearsals: simulated nights are real ones, and their intervals hold the truth."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

import daybreak as dk
from daybreak.cli import app
from daybreak.rehearsed import Rate
from daybreak.simulated import shifts_of, simulated

TRACE = Path(__file__).parents[1] / "examples" / "trace.csv"
TRUTH = {"a1": 4.0, "k1": 1.4, "a2": 2.5, "k2": 0.25, "offset": 0.6}
"""What the trace of the example was made from."""


STEEP = {"slope": 2.0, "bend": 0.5}


def two_rates(points=9):
    """The example, written with `jax.numpy` and with fewer starts; the offset is eliminated."""
    time, signal, sigma = np.loadtxt(TRACE, delimiter=",", unpack=True)
    problem = dk.FitProblem(
        [
            dk.Parameter("a1", 0, 10, unit="counts"),
            dk.Parameter("k1", 0.5, 20, scale="log", unit="1/s"),
            dk.Parameter("a2", 0, 10, unit="counts"),
            dk.Parameter("k2", 0.01, 0.5, scale="log", unit="1/s"),
        ],
        lambda p, _: p.a1 * jnp.exp(-p.k1 * time) + p.a2 * jnp.exp(-p.k2 * time),
        dk.observations(signal, sigma, unit="counts"),
        offsets=[dk.Offset("offset", unit="counts")],
    )
    accept = [
        dk.Criterion("p_value", at_least=0.01),
        dk.Criterion("identified", of="k2", level="soft"),
    ]
    method = dk.Profile("k2", points=points, starts=4)
    return dk.Campaign("two-rates", [dk.Study("profile k2", problem, method, accept)])


def line(slope=2.0, **campaign):
    """A slope, a curvature and a scale factor; cheap."""
    x = np.linspace(0.0, 1.0, 8)
    problem = dk.FitProblem(
        [dk.Parameter("slope", 0, 10), dk.Parameter("bend", -5, 5)],
        lambda p, _: 1.0 + p.slope * x + p.bend * x * x,
        dk.observations(1.0 + slope * x, 0.03),
        scale_factors=[dk.ScaleFactor("S")],
    )
    study = dk.Study(
        "line",
        problem,
        dk.Profile("slope", points=7, starts=2),
        [dk.Criterion("p_value", at_least=0.05), dk.Criterion("slope", above=1.0)],
    )
    return dk.Campaign("line", [study], **campaign)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize(
    "factors",
    [
        {},
        {"scale_factors": [dk.ScaleFactor("S", over=["u", "v"], upper=1.7)]},
        {"scale_factors": [dk.ScaleFactor("S")], "offsets": [dk.Offset("b", lower=-1)]},
    ],
    ids=["plain", "scale", "both"],
)
def test_moved_data_are_exact(xp, factors):
    """Moving the data by settings gives the residuals of a problem that has the moved data."""

    def problem(values):
        data = zip("uvwx", values, strict=True)
        return dk.FitProblem(
            [dk.Parameter("k", 0, 2)],
            lambda p, s: {n: xp.exp(-p.k * (i + 1)) + s.c for i, n in enumerate("uvwx")},
            {n: dk.Observation(v, 0.1 + 0.1 * i) for i, (n, v) in enumerate(data)},
            settings={"c": 0.5},
            **factors,
        )

    old, shift = np.array([1.0, 0.8, 0.9, 0.4]), np.array([0.2, -0.1, 0.05, 0.3])
    moving, real = simulated(problem(old)), problem(old + shift)
    settings = {"c": 0.5, **dict(zip(shifts_of(real), shift, strict=True))}
    sigmas = real.data.sigmas
    with jax.enable_x64(True):
        wrap = jax.jit if xp is jnp else lambda f: f
        found, parts = wrap(lambda s: moving.evaluate([0.7], s, xp, sigmas))(settings)
        expected, others = real.evaluate([0.7], {"c": 0.5}, xp, sigmas)

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert list(parts["factors"]) == list(others["factors"])
    for name, value in others["factors"].items():
        assert float(parts["factors"][name]) == pytest.approx(float(value), abs=1e-12)


def test_coverage_of_two_rates(tmp_path):
    """The 95 % sets of k2 hold the truth in 95 % of nights, and are as wide as the real one."""
    campaign = two_rates()
    found = dk.rehearse(campaign, TRUTH, nights=24, seed=1)
    interval = found.under_truth.studies[0].interval
    (real,) = dk.run(campaign, tmp_path / "run")["profile k2"].profile.intervals

    assert interval.coverage.nights == 24
    assert interval.coverage.count >= 20  # 19 or fewer of 24: 1 in 200 at 95 %
    assert interval.median == pytest.approx(real.upper - real.lower, rel=0.3)
    assert interval.low < interval.median < interval.high
    assert found.under_truth.passed.share > 0.8
    assert sum(found.under_truth.verdicts.values()) == 24


def test_scale_factor_of_the_truth():
    """Data are multiplied by the scale factor of the truth, which a fit then gives back."""
    campaign = line(decisions=[dk.Decision("stop", "Stop.")])
    found = dk.rehearse(campaign, {**STEEP, "S": 3.0}, nights=6, null={"slope": 0.3})

    assert found.under_truth.passed.share > 0.5
    assert found.under_null.passed.count == 0
    assert found.under_null.truth == {**STEEP, "slope": 0.3, "S": 3.0}
    assert found.under_truth.decisions == {"stop": 6}
    assert found.under_truth.studies[0].interval.median < 0.5


def test_same_seed_same_nights():
    """A rehearsal is a function of its seed."""
    one, again, other = (
        dk.rehearse(line(), {**STEEP, "S": 3.0}, nights=2, seed=seed).under_truth
        for seed in (5, 5, 6)
    )

    assert one == again
    assert one != other


def test_follow_ups_are_not_rehearsed():
    """A row that would start studies on the real data is counted, and starts nothing."""

    def follow_up(_studies):
        pytest.fail("a follow-up was asked for")

    campaign = line(decisions=[dk.Decision("more", "Go on.", follow_up=follow_up)])

    assert dk.rehearse(campaign, STEEP, nights=1).under_truth.decisions == {"more": 1}


@pytest.mark.parametrize(
    ("truth", "told"),
    [
        ({}, "lacks 'slope', 'bend'"),
        ({**STEEP, "k": 1.0}, "may give only 'slope', 'bend', 'S'"),
        ({**STEEP, "bend": float("nan")}, "finite"),
    ],
)
def test_bad_truths(truth, told):
    """A truth that does not say what the data are is refused with the names there are."""
    with pytest.raises(dk.PlanError, match=told):
        dk.rehearse(line(), truth, nights=1)


def test_rate():
    """A rate carries its Wilson interval, which never leaves [0, 1] nor shrinks to nothing."""
    assert Rate.of(0, 0) is None
    assert Rate.of(24, 24).low == pytest.approx(24 / 25)
    half = Rate.of(5, 10)
    assert (half.low, half.high) == pytest.approx((0.5 - 0.1507557, 0.5 + 0.1507557))


def test_command_writes_nothing(tmp_path, monkeypatch):
    """The command prints the table or JSON, and leaves the directory as it was."""
    (tmp_path / "mine.py").write_text(
        "import daybreak as dk\n"
        "problem = dk.FitProblem([dk.Parameter('a', 0, 4)], lambda p, s: [p.a, 2 * p.a],\n"
        "    dk.observations([1.0, 2.0], 0.1))\n"
        "study = dk.Study('a', problem, dk.Profile('a', points=5, starts=1))\n"
        "campaign = dk.Campaign('mine', [study])\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ask = ["rehearse", "mine.py", "--truth", "a=1.5", "--nights", "2"]
    before = sorted(p for p in tmp_path.rglob("*") if "__pycache__" not in p.parts)
    text, data = CliRunner().invoke(app, ask), CliRunner().invoke(app, [*ask, "--json"])
    wrong = CliRunner().invoke(app, ["rehearse", "mine.py", "--truth", "a=x"])

    assert "a = 1.5" in text.stdout
    assert "2 nights rehearsed" in text.stdout
    assert json.loads(data.stdout)["under_truth"]["studies"][0]["interval"]["truth"] == 1.5
    assert wrong.exit_code == 2
    assert sorted(p for p in tmp_path.rglob("*") if "__pycache__" not in p.parts) == before


def test_intervals_are_rehearsed():
    """A study of ends alone has its nights and the coverage of its intervals as well."""
    campaign = line()
    (study,) = campaign.studies
    ends = dk.Study("ends", study.problem, dk.Intervals("slope", starts=2), study.accept)
    told = dk.rehearse(
        dk.Campaign("ends", [ends]), {**STEEP, "S": 1.0}, nights=40, simulations=60
    ).under_truth.studies[0]

    assert told.interval.identified.count >= 38
    assert 0.8 < told.interval.coverage.share <= 1.0
    assert [one.parameter for one in told.calibrations] == ["slope"]
