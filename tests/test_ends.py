"""Everything that is told of an end says the same: code, criterion, verdict, claim, table."""

from __future__ import annotations

import numpy as np
import pytest

import daybreak as dk

T = np.linspace(0.0, 5.0, 30)
DATA = 2.4 * np.exp(-0.6 * T) + 0.08 * np.random.default_rng(5).standard_normal(30)


def run(problem, method, tmp_path, *claims, accept=()):
    """A night of one study, with its preflight."""
    plan = dk.Campaign("ends", [dk.Study("s", problem, method, accept)], claims=claims)
    return dk.run(plan, tmp_path)


def test_an_exact_symmetry_leaves_nothing_identified(tmp_path):
    """Amplitude and gain enter as a product: whatever ends the scan, no datum fixes either."""
    problem = dk.FitProblem(
        [
            dk.Parameter("amplitude", 0.2, 20, scale="log"),
            dk.Parameter("gain", 1, 3, scale="log"),
            dk.Parameter("rate", 0.05, 5, scale="log"),
        ],
        lambda p, _: p.amplitude * p.gain * np.exp(-p.rate * T),
        dk.observations(DATA, 0.08),
    )
    results = run(
        problem,
        dk.Profile("amplitude", points=list(np.geomspace(0.4, 5, 21))),
        tmp_path,
        dk.Claim("amplitude", 15.0),
        accept=[dk.Criterion("identified", of="amplitude")],
    )
    found, (claim,) = results["s"], results.summary.claims

    assert found.profile.code.word == "bound_limited"
    assert found.profile.intervals[0].upper_of == ["gain"]
    assert "leaves every residual unchanged" in found.profile.sentence
    assert (found.outcomes[0].outcome, results.verdict) == ("missed", "FAIL")
    assert (claim.strength, claim.supported) == ("not identifiable", False)


def test_a_claim_that_only_a_bound_would_bear_out(tmp_path):
    """A value far outside a set that the bounds of a nuisance end is not excluded by the data."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 0.5, 90), dk.Parameter("b", 2, 6)],
        lambda p, _: np.array([p.a * p.b + 1e-3 * p.b]),
        dk.observations([12.0], [0.001]),
    )
    results = run(problem, dk.Profile("a", points=15), tmp_path, dk.Claim("a", 70.0))
    (claim,) = results.summary.claims

    assert (claim.strength, claim.supported) == ("limited by bounds", False)
    assert "bound of b" in (results.directory / "report.md").read_text()


@pytest.mark.parametrize(
    ("value", "strength"), [(1.2, "compatible"), (1.8, "excludes"), (3.0, "excludes")]
)
def test_a_claim_about_a_physical_limit(tmp_path, value, strength):
    """At a limit 2.706 is enough, for the interval and for the claim: 1.8^2 = 3.24 excludes it."""
    problem = dk.FitProblem(
        [dk.Parameter("strength", 0, 25, physical=(0, None))],
        lambda p, _: np.array([p.strength]),
        dk.observations([value], 1.0),
    )
    method = dk.Profile("strength", points=11, starts=3)
    results = run(problem, method, tmp_path, dk.Claim("strength", 0.0, label="no effect"))
    profile, (claim,) = results["s"].profile, results.summary.claims

    assert claim.strength == strength
    assert profile.left_out == ([0.0] if value == 1.8 else [])
    belongs = any(i.lower <= 0.0 <= i.upper for i in profile.intervals) and not profile.left_out
    assert belongs == (strength == "compatible")


def test_a_night_goes_on_where_its_checks_were_killed(tmp_path):
    """The trials that question an end are found again in the ledger, and none is made twice."""
    problem = dk.FitProblem(
        [dk.Parameter("z", -4, 9, prior=dk.Normal(2.0, 0.4)), dk.Parameter("b", 0, 1)],
        lambda p, _: np.array([0.1 * p.z + p.b]),
        dk.observations([1.6], [0.1]),
    )
    first = run(problem, dk.Profile("z", points=9), tmp_path)["s"]
    again = run(problem, dk.Profile("z", points=9), tmp_path)["s"]

    assert again.metrics.trials == first.metrics.trials
    assert again.profile == first.profile


def test_the_rounding_of_a_huge_chi2_makes_no_pieces(tmp_path):
    """Where chi2 is of the order of 1e13 its last digits are seen, and tell no pieces apart."""
    y = 40.0 * np.cos(3.0 * np.arange(34.0))
    problem = dk.FitProblem(
        [dk.Parameter("level", 0, 10), dk.Parameter("rate", 4, 3000, scale="log")],
        lambda p, _: p.level * (1.0 - np.exp(-p.rate * (np.arange(34.0) + 0.5))),
        dk.observations(y + 2.0, 5e-5),
    )
    found = run(problem, dk.Profile("level", points=21, starts=6), tmp_path)["s"].profile

    assert found.chi2_min > 1e12
    assert len(found.intervals) == 1
