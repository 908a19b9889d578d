"""Claims: fixed words for what a profile supports, and never more."""

from __future__ import annotations

import math

import pytest

import daybreak as dk
from daybreak.diagnosis.claims import STRENGTHS, exclusion, weigh
from daybreak.diagnosis.study import (
    CriterionOutcome,
    Interval,
    Metrics,
    Profile,
    ProfilePoint,
    Study,
)
from daybreak.findings import FindingCode, Scope, Symmetry, Withholds, codes
from daybreak.ledger.states import StudyState
from daybreak.models.vortex.campaigns import localisation
from daybreak.night import run

BEST, WIDTH = 2.0, 0.1
"""Lowest point of the hand-made profile and one sigma of it."""
HALF = 1.959963984540054 * WIDTH
"""Half the width of its 95 % set."""
MOVES_B = Symmetry(
    kind="scaling",
    exponents={"b": "2", "U": "1"},
    exact=True,
    size=1e-15,
    sentence="b -> c^2 b, U -> c U leaves every residual unchanged",
)


TOMORROW = FindingCode(
    "a_code_of_tomorrow",
    Scope.PARAMETER,
    "warning",
    "what a later version finds",
    "it looks closer",
    "ask it",
    frozenset({Withholds.CLAIM}),
)


def profile(code="identified"):
    """A parabola, ``chi2 = 5 + ((b - 2) / 0.1)^2`` on [1.5, 2.5] in steps of 0.1."""
    points = [
        ProfilePoint(
            value=v,
            chi2=5 + ((v - BEST) / WIDTH) ** 2,
            settled=True,
            own=None,
            disagreement_before=None,
            disagreement=None,
            at_bounds=[],
            parameters={},
            scale_factors={},
            derived={},
        )
        for v in (1.5 + 0.1 * i for i in range(11))
    ]
    piece = Interval(
        lower=BEST - HALF,
        upper=BEST + HALF,
        lower_closed=True,
        upper_closed=True,
        lower_reason="data",
        upper_reason="data",
    )
    return Profile(
        parameter="b",
        unit="m",
        minimum=BEST,
        chi2_min=5.0,
        points=points,
        intervals=[piece],
        code=codes.BY_WORD.get(code, TOMORROW),
        sentence=f"b is {code}.",
        before=None,
        after=None,
        noise=None,
        fitted=[(p.value, p.chi2) for p in points],
    )


def study(code="identified", p_value=0.4, missed=""):
    """A finished study with that profile, fit quality and missed criterion."""
    outcomes = (
        [
            CriterionOutcome(
                criterion="P1",
                quantity=missed,
                of=[],
                outcome="missed",
                value=9.0,
                uncertainty=0.0,
                threshold="< 1",
                level="hard",
                sentence="",
            )
        ]
        if missed
        else []
    )
    metrics = Metrics(
        trials=11,
        failed_trials=0,
        fits=11,
        converged_fits=11,
        iterations=11,
        basins=1,
        hits=2,
        n_observations=9,
        n_free=3,
        degrees_of_freedom=6,
        reduced_chi2=5 / 6,
        p_value=p_value,
        aic=11.0,
        bic=11.6,
        seconds=1.0,
    )
    return Study(
        name="one",
        counted=True,
        follows=None,
        state=StudyState.FINISHED,
        settings={},
        method="profile",
        parameters=[],
        verdict="PASS",
        outcomes=outcomes,
        metrics=metrics,
        best=None,
        profiles=[profile(code)],
        maps=[],
        starts=[],
        ends=[],
        missed=None,
        tension=None,
        model_scales=[],
        knobs=[],
        findings=[],
        failures={},
        error=None,
        criteria_history=[],
        units={},
    )


NEAR, FAR = dk.Claim("b", 2.1, label="table 3"), dk.Claim("b", 1.6, label="table 4")
NARROW, WIDE = dk.Claim("b", 2.1, narrower_than=0.5), dk.Claim("b", 2.1, narrower_than=0.1)


@pytest.mark.parametrize(
    ("strength", "found", "claim", "symmetries"),
    [
        ("not identifiable", study(), NEAR, [MOVES_B]),
        ("not identifiable", study(missed="chi2"), NEAR, [MOVES_B]),
        ("no claim", study(missed="chi2"), NEAR, []),
        ("no claim", study(missed="reduced_chi2"), FAR, []),
        ("no claim", study(missed="p_value"), NARROW, []),
        ("no claim", study(p_value=0.009), NEAR, []),
        ("no claim", study("nonfinite_region"), NEAR, []),
        ("no claim", study("a_code_of_tomorrow"), NEAR, []),
        ("not constrained", study("not_constrained"), NEAR, []),
        ("limited by bounds", study("bound_limited"), NEAR, []),
        ("limited by bounds", study("edge_minimum"), FAR, []),
        ("excludes", study(), FAR, []),
        ("excludes", study("several_intervals"), FAR, []),
        ("compatible", study(), NEAR, []),
        ("compatible", study(p_value=None), NEAR, []),
        ("compatible", study(), WIDE, []),
        ("compatible", study(missed="S"), NEAR, []),
        ("constrains", study(), NARROW, []),
    ],
)
def test_strength(strength, found, claim, symmetries):
    """The first strength that applies is taken; only the last three say something of the value."""
    weighed = weigh(found, claim, symmetries)

    assert weighed.strength == strength
    assert weighed.supported == (strength in STRENGTHS[-3:])
    assert weighed.offset == pytest.approx(BEST - claim.reference)
    assert {"excludes": "exclude", "constrains": "constrain"}.get(strength, strength) in (
        weighed.sentence
    )
    assert f"offset {BEST - claim.reference:+.4g} m" in weighed.sentence


@pytest.mark.parametrize(
    ("code", "strength", "supported"),
    [
        ("identified", "identified", True),
        ("several_intervals", "several intervals", True),
        ("not_constrained", "not constrained", False),
        ("edge_minimum", "limited by bounds", False),
        ("flat_within_noise", "no claim", False),
        ("a_code_of_tomorrow", "a code of tomorrow", False),
    ],
)
def test_without_a_reference(code, strength, supported):
    """A parameter without a reference is described by its code, unless the fit is bad."""
    good, bad = weigh(study(code), None), weigh(study(code, p_value=1e-9), None)

    assert (good.strength, good.supported, good.sentence) == (strength, supported, f"b is {code}.")
    assert (bad.strength, bad.supported, bad.offset) == ("no claim", False, None)
    assert "supports no claim" in bad.sentence


@pytest.mark.parametrize("claim", [None, NEAR])
def test_symmetries_that_were_not_looked_for(claim):
    """A claim that would not hold if a symmetry moved the parameter says that none was sought."""
    unasked = "Whether a symmetry moves b was not checked."
    asked, not_asked = weigh(study(), claim, []), weigh(study(), claim, None)

    assert not_asked.strength == asked.strength
    assert not_asked.sentence == f"{asked.sentence} {unasked}"
    assert unasked not in weigh(study(p_value=1e-9), claim, None).sentence


def test_symmetry_of_others():
    """An approximate symmetry, or one that leaves the parameter alone, changes no claim."""
    about = MOVES_B.model_copy(update={"exact": False})
    alone = MOVES_B.model_copy(update={"exponents": {"b": "0", "U": "1"}})

    assert weigh(study(), NEAR, [about, alone]).strength == "compatible"


@pytest.mark.parametrize("reference", [1.6, 1.7321, 1.95, 2.0, 2.2765, 2.5])
def test_sigma_of_a_parabola(reference):
    """On a parabola the number of sigma is the distance in units of the profile's sigma."""
    found = exclusion(profile(), dk.Claim("b", reference))

    assert found.sigma == pytest.approx(abs(reference - BEST) / WIDTH, abs=1e-9)
    assert not found.bounded


@pytest.mark.parametrize("uncertainty", [1e-6, 0.05, 0.3])
def test_sigma_of_an_uncertain_reference(uncertainty):
    """The uncertainty of a reference adds in quadrature to that of the data."""
    found = exclusion(profile(), dk.Claim("b", 1.6, uncertainty=uncertainty))

    assert found.sigma == pytest.approx(0.4 / math.hypot(WIDTH, uncertainty), rel=1e-6)


def test_outside_the_scan():
    """Outside the scan the number of sigma at its end is a lower bound, and is called one."""
    weighed = weigh(study(), dk.Claim("b", 7.0))

    assert exclusion(profile(), weighed.reference).sigma == pytest.approx(5.0)
    assert weighed.strength == "excludes"
    assert "more than 5 sigma" in weighed.sentence


@pytest.mark.parametrize(
    "wrong",
    [
        {"reference": math.nan},
        {"reference": 1.0, "uncertainty": -1.0},
        {"reference": 1.0, "uncertainty": math.inf},
        {"reference": 1.0, "narrower_than": 0.0},
        {"reference": 0.0, "narrower_than": 0.1},
    ],
)
def test_meaningless_claims(wrong):
    """A claim that no profile could answer is refused when it is made."""
    with pytest.raises(dk.PlanError, match="Claim about 'b'"):
        dk.Claim("b", **wrong)


def line(claims):
    """A campaign that profiles the slope of a line."""
    problem = dk.FitProblem(
        [dk.Parameter("slope", 0, 10), dk.Parameter("height", -5, 5)],
        lambda p, _: [p.height, p.height + p.slope, p.height + 2 * p.slope],
        dk.observations([1.0, 3.1, 4.9], 0.1),
    )
    method = dk.Profile("slope", points=5, starts=2)
    return dk.Campaign("line", [dk.Study("line", problem, method)], claims=claims)


def test_claim_without_evidence():
    """A claim about a parameter that no study profiles is refused before the night."""
    with pytest.raises(dk.PlanError, match="no study profiles 'height'"):
        line([dk.Claim("height", 1.0)])


def test_claims_reach_the_report(tmp_path):
    """Declared claims are written down with the campaign and answered in its summary."""
    claims = [dk.Claim("slope", 2.0, label="theory"), dk.Claim("slope", 3.0)]
    found = run(line(claims), tmp_path / "run").summary.claims

    assert [(c.label, c.strength, c.supported) for c in found] == [
        ("theory", "compatible", True),
        ("", "excludes", True),
    ]
    assert [c.offset for c in found] == pytest.approx([-0.05, -1.05], abs=1e-6)


def test_localisation_claims_nothing(tmp_path):
    """The localisation night supports no claim about either beta_ref, and shows both offsets."""
    night = localisation(starts=2)
    short = dk.Campaign(
        night.name, night.studies[:1], rule="any", seed=42, claims=night.claims, anyway=True
    )
    results = run(short, tmp_path / "run")
    claims = results.summary.claims

    assert [claim.reference for claim in claims] == [3.058230856, 3.043233053]
    assert {claim.strength for claim in claims} == {"not identifiable"}
    assert not any(claim.supported for claim in claims)
    best = results.studies[0].profile.minimum
    for claim in claims:
        assert claim.offset == pytest.approx(best - claim.reference)
        assert f"offset {claim.offset:+.4g} ({100 * claim.offset / claim.reference:+.4g} %)" in (
            claim.sentence
        )
