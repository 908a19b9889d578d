"""Reachability: what a box allows, what a criterion needs, and the bound that stops it."""

from __future__ import annotations

import math
import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.models import vortex
from daybreak.models.vortex.campaigns import localisation
from daybreak.preflight import companion, escapes, extremes, needs, reachability
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.reachability import check_reachability

BOXES = {
    "e": ((0.5, 1.5), (0.01, 0.1), (0.7, 1.0)),
    "mu": ((0.05, 0.3), (0.05, 0.2), (0.7, 1.0)),
    "tau": ((0.3, 0.8), (0.02, 0.15), (0.7, 1.0)),
}
"""Bounds of R_c, U and A of the boundary-layer study."""
MASSES = {"e": 0.511, "mu": 105.7, "tau": 1776.8}
SCHEMES = ("exact", "original")


def probe_of(problem, *accept, seed=0, settings=None):
    """A probe of one study with these criteria."""
    study = dk.Study("study", problem, dk.MultiStart(), list(accept), settings or {})
    return Probe(study, seed=seed)


def reach(problem, *accept, **options):
    """The findings about one study."""
    return check_reachability(probe_of(problem, *accept, **options))


def product(value=10.0, *, xp=np, scale="linear", **more):
    """One observation of a b with a in [1, 2] and b in [0.5, 3]: the box reaches 0.5 to 6."""
    return dk.FitProblem(
        [dk.Parameter("a", 1.0, 2.0, scale=scale), dk.Parameter("b", 0.5, 3.0, scale=scale)],
        lambda p, settings: {"y": xp.exp(xp.log(p.a) + xp.log(p.b))},
        {"y": dk.Observation(value, 0.1, unit="m")},
        **more,
    )


@pytest.fixture(scope="module")
def boundary_layer():
    """Three leptons in the original boundary-layer study, beta 3.1 and w 0.015."""
    functional = vortex.boundary_layer(0.015)
    functional = functional.with_scheme(vortex.original_boundary_layer(0.015))
    parameters = [dk.Parameter("beta", 3.0, 3.2, fixed=3.1)]
    for lepton, box in BOXES.items():
        names = [f"{letter}_{lepton}" for letter in ("R_c", "U", "A")]
        parameters += [dk.Parameter(n, *bounds) for n, bounds in zip(names, box, strict=True)]

    def predict(p, settings):
        def column(letter):
            return jnp.stack([getattr(p, f"{letter}_{lepton}") for lepton in BOXES])

        one = vortex.Vortex(column("R_c"), column("U"), column("A"))
        found = functional.energies(one, p.beta, vortex.calibrated_lambda(p.beta)).E_total
        return {f"m_{lepton}": found[i] for i, lepton in enumerate(BOXES)}

    data = {f"m_{k}": dk.Observation(m, 1e-4 * m, unit="MeV") for k, m in MASSES.items()}
    problem = dk.FitProblem(parameters, predict, data, scale_factors=[dk.ScaleFactor("S")])
    return reach(problem, dk.Criterion("chi2", at_most=10.0))[0]


def test_boundary_layer_night_was_hopeless(boundary_layer):
    """E_tau / E_mu reaches 9.06 of the 16.81 it needs, and chi2 no less than 1.6486e7."""
    decisive = next(r for r in boundary_layer.reaches if r.quantity == "m_tau / m_mu")
    assert not boundary_layer.met
    assert boundary_layer.conclusive
    assert boundary_layer.starts >= 64
    assert boundary_layer.smallest_chi2 == pytest.approx(1.648606e7, rel=1e-6)
    assert decisive.highest == pytest.approx(9.06, abs=0.01)
    assert decisive.needed_lower == pytest.approx(16.81, abs=0.01)
    assert "needs m_tau / m_mu >= 16.8" in boundary_layer.sentence
    assert "as far as searched" in boundary_layer.sentence


def test_one_bound_would_have_saved_the_boundary_layer_night(boundary_layer):
    """U_tau's upper bound at 0.2043 or U_mu's lower bound at 0.0368 would each do."""
    needed = {(e.parameter, e.side): e.needed for e in boundary_layer.escapes}
    assert needed["U_tau", "upper"] == pytest.approx(0.20434, abs=6e-5)
    assert needed["U_mu", "lower"] == pytest.approx(0.0368, abs=2e-5)
    assert "U_mu's lower bound from 0.05 to 0.03681, or U_tau's" in boundary_layer.sentence


@pytest.mark.parametrize("scheme", SCHEMES)
def test_localisation_night_was_hopeless(scheme):
    """Every configuration needs a ratio of 179.46, and its box reaches 0.66 to 1.19 at most."""
    studies = localisation(scheme).all_studies()
    chosen = studies if scheme == "exact" else studies[1:2]
    highest = []
    for study in chosen:
        found = check_reachability(Probe(study, seed=42))
        chi2 = next(one for one in found if one.criterion == "P1 chi2")
        assert not chi2.met
        assert chi2.conclusive
        assert chi2.smallest_chi2 > 9.88e7
        assert [r.quantity for r in chi2.reaches] == ["m_mu / m_e"]
        assert chi2.reaches[0].needed_lower == pytest.approx(179.46, abs=0.01)
        assert any(e.parameter == "U_mu" and e.needed is not None for e in chi2.escapes)
        assert next(one for one in found if one.criterion == "P2 scale S").met
        highest.append(chi2.reaches[0].highest)
    assert min(highest) == pytest.approx(0.662, abs=0.004)
    assert max(highest) == pytest.approx(1.186 if scheme == "exact" else 0.662, abs=0.003)


@pytest.mark.parametrize(
    ("xp", "scale"), [(jnp, "log"), (np, "linear"), (np, "log")], ids=["jax", "numpy", "log"]
)
def test_ranges_and_escapes_are_exact(xp, scale):
    """Of y = a b, reaching 0.5 to 6 where 10 +- 0.2 is wanted, each upper bound is known."""
    found = reach(product(xp=xp, scale=scale), dk.Criterion("chi2", below=4.0))[0]
    assert not found.met
    assert found.conclusive
    assert found.smallest_chi2 == pytest.approx(1600.0, rel=1e-9)
    y = found.reaches[0]
    assert (y.lowest, y.highest) == pytest.approx((0.5, 6.0), rel=1e-9)
    assert (y.needed_lower, y.needed_upper) == pytest.approx((9.8, 10.2), rel=1e-12)
    assert not y.reachable
    needed = {(e.parameter, e.side): e.needed for e in found.escapes}
    assert needed == pytest.approx({("a", "upper"): 9.8 / 3, ("b", "upper"): 4.9}, rel=1e-5)
    assert found.sentence == (
        "chi2 < 4 needs y >= 9.8; the box reaches 0.5 to 6 m as far as searched. Moving a's upper "
        "bound from 2 to 3.267, or b's upper bound from 3 to 4.9 alone would do."
    )


def test_a_box_that_holds_the_answer_is_within_reach():
    """A criterion that some place meets is met, and needs no bound moved."""
    found = reach(product(4.0), dk.Criterion("chi2", at_most=1.0))[0]
    assert found.met
    assert not found.conclusive
    assert found.escapes == []
    assert "within reach" in found.sentence


def test_a_lower_bound_moves_down_and_stays_positive():
    """A value below the box asks for lower bounds, on the way to zero and never beyond."""
    found = reach(product(0.1), dk.Criterion("chi2", at_most=0.0025))[0]
    needed = {(e.parameter, e.side): e.needed for e in found.escapes}
    top = 0.105
    assert needed == pytest.approx({("a", "lower"): 2 * top, ("b", "lower"): top}, rel=1e-5)
    far = reach(product(-5.0), dk.Criterion("chi2", at_most=1.0))[0]
    assert {e.needed for e in far.escapes} == {None}
    assert "No single bound" in far.sentence


def test_a_criterion_on_a_prediction_is_compared_with_its_range():
    """A prediction that must be at least 8 needs an upper bound moved; at least 5 needs none."""
    high = dk.Criterion("y", at_least=8.0)
    found = reach(product(), high, dk.Criterion("y", at_least=5.0, label="low"))
    assert [one.criterion for one in found] == ["y", "low"]
    assert [one.met for one in found] == [False, True]
    assert found[0].conclusive
    assert found[0].starts >= 64
    needed = {(e.parameter, e.side): e.needed for e in found[0].escapes}
    assert needed == pytest.approx({("a", "upper"): 8 / 3, ("b", "upper"): 4.0}, rel=1e-5)
    assert found[0].sentence.startswith("y >= 8 is out of reach as far as searched: the box")


def test_criteria_on_parameters_and_scale_factors_are_compared_with_their_ranges():
    """A parameter reaches its bounds; a scale factor what the data make of the predictions."""
    problem = product(12.0, scale_factors=[dk.ScaleFactor("S")])
    accept = [
        dk.Criterion("a", above=2.5),
        dk.Criterion("S", below=2.5),
        dk.Criterion("S", below=1),
    ]
    a, near, far = reach(problem, *accept)
    assert (a.met, near.met, far.met) == (False, True, False)
    assert [(e.parameter, e.side) for e in a.escapes] == [("a", "upper")]
    assert a.escapes[0].needed == pytest.approx(2.5, rel=1e-5)
    assert near.reaches[0].lowest == pytest.approx(2.0, rel=1e-9)
    assert near.reaches[0].highest == pytest.approx(24.0, rel=1e-9)
    assert sorted(e.needed for e in far.escapes) == pytest.approx([4.0, 6.0], rel=1e-5)


def line(count=5):
    """A straight line through `count` points, its slope kept from where the data are."""
    x = np.linspace(0.0, 1.0, count)
    return dk.FitProblem(
        [dk.Parameter("slope", 0.0, 1.0), dk.Parameter("start", -5.0, 5.0)],
        lambda p, settings: p.start + p.slope * x,
        dk.observations(3.0 * x, 0.2),
    )


@pytest.mark.parametrize(
    ("criterion", "bar"),
    [
        (dk.Criterion("reduced_chi2", at_most=2.0), 6.0),
        (dk.Criterion("p_value", at_least=0.05), 7.814727903251179),
    ],
)
def test_every_measure_of_fit_is_a_bar_on_chi2(criterion, bar):
    """Reduced chi2 and p value become bars on chi2, and a slope's bound is moved to meet them."""
    found = reach(line(), criterion)[0]
    assert found.bar == pytest.approx(bar, rel=1e-12)
    assert found.smallest_chi2 == pytest.approx(4.0 * 0.625 / 0.04, rel=1e-9)
    slope = 3.0 - math.sqrt(bar * 0.04 / 0.625)
    assert [(e.parameter, e.side) for e in found.escapes] == [("slope", "upper")]
    assert found.escapes[0].needed == pytest.approx(slope, rel=1e-5)


def test_without_degrees_of_freedom_there_is_no_bar():
    """Two data for two parameters leave a p value without meaning, and the finding says so."""
    found = reach(line(2), dk.Criterion("p_value", at_least=0.05))[0]
    assert found.bar is None
    assert not found.conclusive
    assert "degrees of freedom" in found.sentence


def test_a_scaled_pair_needs_the_ratio_at_which_its_chi2_is_the_bar():
    """The needed ratio of two predictions is where their chi2 alone equals the bar."""
    data = dk.observations([3.0, -8.0], [0.5, 0.2])
    quantity = extremes.Quantity("ratio", "", 1, 0, -8.0 / 3.0)
    for q in needs.needed(data, quantity, 2.5):
        y, weight = np.array([1.0, q]), data.sigmas**-2.0
        s = np.sum(weight * data.values * y) / np.sum(weight * y * y)
        assert np.sum(weight * (s * y - data.values) ** 2) == pytest.approx(2.5, rel=1e-9)


@pytest.mark.parametrize("xp", [jnp, np], ids=["jax", "numpy"])
def test_places_without_a_number_do_not_break_it(xp):
    """A prediction that is NaN in half the box is searched in the other half."""
    problem = dk.FitProblem(
        [dk.Parameter("a", -1.0, 1.0), dk.Parameter("b", 1.0, 2.0)],
        lambda p, settings: {"y": p.b * xp.sqrt(p.a)},
        {"y": dk.Observation(10.0, 0.1)},
    )
    found = reach(problem, dk.Criterion("chi2", below=4.0))[0]
    assert found.smallest_chi2 == pytest.approx(6400.0, rel=1e-9)
    assert found.reaches[0].highest == pytest.approx(2.0, rel=1e-9)
    needed = {(e.parameter, e.side): e.needed for e in found.escapes}
    assert needed["b", "upper"] == pytest.approx(9.8, rel=1e-5)


def test_no_single_prediction_may_stand_in_the_way():
    """Two data that one parameter cannot meet at once: each alone is within reach."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 0.0, 2.0)],
        lambda p, settings: p.a * np.ones(2),
        dk.observations([0.5, 1.5], 0.1),
    )
    found = reach(problem, dk.Criterion("chi2", below=9.0))[0]
    assert found.smallest_chi2 == pytest.approx(50.0)
    assert all(r.reachable for r in found.reaches)
    assert found.sentence == (
        "chi2 < 9 is out of reach as far as searched: the smallest chi2 found is 50, although no "
        "prediction alone stands in the way. No bound stops it: the best places lie inside the "
        "box."
    )


def test_many_observations_are_not_all_looked_at():
    """Of a hundred observations the six furthest from the data are looked at."""
    found = reach(line(100), dk.Criterion("reduced_chi2", at_most=0.1))[0]
    assert len(found.reaches) == needs.MOST


def test_settings_reach_the_model_and_compile_once():
    """Studies of one problem with other settings share one companion problem."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 1.0, 2.0)],
        lambda p, s: {"y": (np.exp if s.kind == "exp" else np.sin)(p.a) * s.k},
        {"y": dk.Observation(1.0, 0.1)},
        settings={"kind": "exp", "k": 2.0},
    )
    criterion = dk.Criterion("y", above=100.0)
    tops = [
        reach(problem, criterion, settings=s)[0].reaches[0].highest
        for s in ({}, {"k": 3.0}, {"kind": "sin"})
    ]
    assert tops == pytest.approx([2 * math.e**2, 3 * math.e**2, 2.0], rel=1e-9)
    one = companion.companion(problem, with_jax=False)
    assert one is companion.companion(problem, with_jax=False)


def test_equal_seeds_give_identical_findings():
    """The findings are a function of the study and the campaign's seed."""
    problem, criterion = product(), dk.Criterion("chi2", below=4.0)
    assert reach(problem, criterion, seed=3) == reach(problem, criterion, seed=3)


def test_what_is_known_when_time_runs_out_is_kept():
    """A budget that ends during the search leaves the smallest chi2 found so far."""
    calls = 0

    def predict(p, settings):
        nonlocal calls
        calls += 1
        return {"y": np.float64(p.a * p.b)}

    problem = dk.FitProblem(
        [dk.Parameter("a", 1.0, 2.0), dk.Parameter("b", 0.5, 3.0)],
        predict,
        {"y": dk.Observation(10.0, 0.1)},
    )
    probe = probe_of(problem, dk.Criterion("chi2", below=4.0))
    begun = calls
    probe.check_time = lambda: _stop_after(calls - begun, 600)
    found = []
    with pytest.raises(OutOfTime):
        check_reachability(probe, found)
    assert [one.met for one in found] == [False]
    assert not found[0].conclusive
    assert found[0].smallest_chi2 >= 1600.0 * (1 - 1e-12)


def _stop_after(calls, most):
    if calls > most:
        raise OutOfTime


def test_the_check_knows_no_application():
    """Nothing in the check is about leptons."""
    for module in (companion, escapes, extremes, needs, reachability):
        text = Path(module.__file__ or "").read_text(encoding="utf-8")
        assert not re.search(r"lepton|vortex|electron|m_mu", text)
