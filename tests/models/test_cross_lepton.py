"""The two fits of three leptons: what they declare, and laws their predictions obey."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.methods.solve import solve
from daybreak.models.vortex import boundary_layer_problem, cross_lepton_problem
from daybreak.models.vortex.layered_leptons import BOXES
from daybreak.models.vortex.leptons import target, vortex_parameters
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.outcomes import Task
from daybreak.problem.precision import double_precision

CROSS = {
    "beta": 3.1,
    "R_e": 0.8537,
    "U_e": 0.03,
    "A_e": 0.92,
    "R_mu": 0.1417,
    "U_mu": 0.31,
    "A_mu": 0.7,
    "R_tau": 0.4211,
    "U_tau": 1.29,
    "A_tau": 1.0,
}
LAYERED = {
    "beta": 3.1,
    "R_c_e": 0.8537,
    "U_e": 0.021,
    "A_e": 0.92,
    "R_c_mu": 0.2417,
    "U_mu": 0.1,
    "A_mu": 0.8,
    "R_c_tau": 0.4211,
    "U_tau": 0.14,
    "A_tau": 0.9,
}


@pytest.fixture(scope="module")
def cross():
    """The cross-lepton problem, C_mu eliminated."""
    return cross_lepton_problem()


@pytest.fixture(scope="module")
def layered():
    """The boundary-layer problem by scheme."""
    return {scheme: boundary_layer_problem(scheme) for scheme in ("exact", "original")}


def evaluate(problem, places, **settings):
    """Chi2 and everything recorded at some places, which may lie outside the box."""
    tasks = [Task(EVALUATE, place) for place in places]
    return solve(problem, problem.resolve(settings), tasks)


def prediction(problem, outcome, name):
    """One scaled prediction."""
    return outcome.details["predictions"][problem.data.names.index(name)]


# Declarations.


def test_every_lepton_has_the_bounds_and_starts_of_the_study(cross):
    """Beta comes first, then R, U and A of each lepton with its bounds and its guess."""
    rows = {p.name: (p.lower, p.upper, p.guess) for p in cross.parameters}

    assert list(rows) == list(CROSS)
    assert rows["beta"] == (2.5, 3.5, None)
    assert rows["R_e"] == (0.1, 1.0, 0.44)
    assert rows["U_mu"] == (0.001, 3.0, 0.31)
    assert rows["A_tau"] == (0.1, 1.0, 0.92)


def test_a_free_constant_brings_its_bounds_and_the_starts_of_the_profile():
    """With C_mu free it is a parameter, no scale factor, and starts are the profile's own."""
    problem = cross_lepton_problem(free_C=True)
    constant = problem.space["C_mu"]

    assert (constant.lower, constant.upper, constant.guess) == (100.0, 1500.0, 250.0)
    assert not problem.scale_factors
    assert [problem.space[name].guess for name in ("R_e", "U_e", "R_mu")] == [0.88, 0.036, 0.13]


def test_masses_and_g_factors_are_groups(cross, layered):
    """A mass and a g factor are of different kinds; the boundary layer fits masses alone."""
    groups = dict(zip(cross.data.names, (datum.group for datum in cross.data.data), strict=True))

    assert groups == {
        "m_e": "mass",
        "m_mu": "mass",
        "m_tau": "mass",
        "g_e": "g factor",
        "g_mu": "g factor",
    }
    assert {datum.group for datum in layered["exact"].data.data} == {"mass"}


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
def test_a_tolerance_is_all_of_the_uncertainty(factor):
    """The total uncertainty is the tolerance to the last digit, at any scale of it."""
    datum = target(2.0023, 2e-8, "", "g factor")

    assert math.hypot(datum.sigma, factor * datum.model) == factor * 2e-8
    assert datum.total == 2e-8


def test_width_is_a_parameter_or_shapes_the_grid(layered):
    """W is fitted in the exact scheme; in the original one it is a static setting."""
    exact, original = layered["exact"], layered["original"]

    assert exact.space.names == ("beta", "w", *list(LAYERED)[1:])
    assert original.space.names == tuple(LAYERED)
    assert original.split_settings(original.settings) == ({"eta": 0.03}, {"w": 0.015})
    assert exact.identity() != original.identity()


def test_ranges_and_boxes_may_be_others():
    """The ranges of beta and w and any lepton's box can be given."""
    wider = {**BOXES, "tau": ((0.3, 0.8), (0.02, 0.21), (0.7, 1.0))}
    problem = boundary_layer_problem(beta=(2.95, 3.25), width=(0.005, 0.05), boxes=wider)

    assert [problem.space[n].upper for n in ("beta", "w", "U_tau")] == [3.25, 0.05, 0.21]


def test_parameters_are_named_by_letter_and_lepton():
    """Without starts nothing is guessed; the radius has the letter given."""
    box = ((0.1, 1.0), (0.01, 0.1), (0.7, 1.0))

    assert vortex_parameters({"e": box}, "R") == [
        dk.Parameter("R_e", 0.1, 1.0),
        dk.Parameter("U_e", 0.01, 0.1),
        dk.Parameter("A_e", 0.7, 1.0),
    ]


# Laws.


def test_constant_of_the_g_factors_is_least_squares(cross):
    """``C_mu = (g_e x_e + g_mu x_mu) / (x_e^2 + x_mu^2)`` with ``x = 0.2 R U``, tau left out."""
    (found,) = evaluate(cross, [CROSS])
    x_e, x_mu = 0.2 * 0.8537 * 0.03, 0.2 * 0.1417 * 0.31
    constant = (2.00231930436256 * x_e + 2.0023318418 * x_mu) / (x_e**2 + x_mu**2)

    assert found.details["factors"]["C_mu"] == pytest.approx(constant, rel=1e-13)
    assert prediction(cross, found, "g_mu") == pytest.approx(constant * x_mu, rel=1e-13)


def test_a_free_constant_at_its_best_is_the_eliminated_one(cross):
    """Fitting C_mu or eliminating it is the same fit: chi2 agrees at the best C_mu."""
    (eliminated,) = evaluate(cross, [CROSS])
    best = eliminated.details["factors"]["C_mu"]
    problem = cross_lepton_problem(free_C=True)
    at, beside = evaluate(problem, [{**CROSS, "C_mu": c} for c in (best, 1.001 * best)])

    assert at.chi2 == pytest.approx(eliminated.chi2, rel=1e-12)
    assert beside.chi2 > at.chi2


def test_masses_are_kinetic_less_stabilisation(cross):
    """Each predicted mass is ``E_circ - E_stab`` of its lepton in units of the electron's."""
    (found,) = evaluate(cross, [CROSS])
    parts = found.details["derived"]

    for lepton in ("e", "mu", "tau"):
        mass = parts[f"E_circ_{lepton}"] - parts[f"E_stab_{lepton}"]
        assert prediction(cross, found, f"m_{lepton}") == pytest.approx(mass, rel=1e-14)


def test_loose_tolerances_divide_chi2(cross):
    """With both tolerances ten times as wide chi2 is a hundredth."""
    tight, loose = (
        evaluate(problem, [CROSS])[0].chi2
        for problem in (cross, cross_lepton_problem("exact", 1e-5, 2e-7))
    )

    assert loose == pytest.approx(tight / 100, rel=1e-12)


def test_beta_and_depth_are_one_number_in_the_stabilisation(cross):
    """The near symmetry of the base fit: E_stab knows ``beta A^2`` alone, E_circ hardly A."""
    factor = 0.9
    moved = {
        name: value * factor if name.startswith("A_") else value for name, value in CROSS.items()
    }
    moved["beta"] = CROSS["beta"] / factor**2
    here, there = (found.details["derived"] for found in evaluate(cross, [CROSS, moved]))

    for lepton in ("e", "mu", "tau"):
        name = f"E_stab_{lepton}"
        assert there[name] == pytest.approx(here[name], rel=1e-13)
        ratio = there[f"E_circ_{lepton}"] / here[f"E_circ_{lepton}"]
        assert 0 < abs(ratio - 1) < 1e-3


@pytest.mark.parametrize("scheme", ["exact", "original"])
def test_speeds_hide_beta_from_the_boundary_layer(layered, scheme):
    """With S free, ``beta -> c^2 beta, U -> c U`` moves no prediction; S goes as ``c^-2``."""
    place = LAYERED if scheme == "original" else {**LAYERED, "w": 0.017}
    moved = {n: 1.1 * v if n.startswith("U_") else v for n, v in place.items()}
    moved["beta"] = 1.21 * place["beta"]
    here, there = (found.details for found in evaluate(layered[scheme], [place, moved]))

    assert there["predictions"] == pytest.approx(here["predictions"], rel=1e-13)
    assert there["factors"]["S"] == pytest.approx(here["factors"]["S"] / 1.21, rel=1e-13)


def test_gradient_term_goes_with_its_share(layered):
    """E_grad is proportional to eta, and nothing is left of it at 0."""
    place = {**LAYERED, "w": 0.017}
    full, half, none = (
        evaluate(layered["exact"], [place], eta=eta)[0].details["derived"]
        for eta in (0.03, 0.015, 0.0)
    )

    assert full["E_grad_mu"] == pytest.approx(2 * half["E_grad_mu"], rel=1e-13)
    assert none["E_grad_mu"] == 0.0
    assert none["E_total_mu"] == pytest.approx(none["E_circ_mu"] - none["E_stab_mu"], rel=1e-14)


def test_energies_have_a_slope_in_the_width(layered):
    """By w, a parameter, the predictions have the derivative that differences measure."""
    problem = layered["exact"]
    names, settings = problem.space.names, problem.resolve({})
    place = {**LAYERED, "w": 0.017}
    with double_precision():

        @jax.jit
        def energies(w):
            values = [w if name == "w" else place[name] for name in names]
            return problem.raw(values, settings, jnp)

        slope = jax.jacfwd(energies)(0.017)
        step = 1e-5
        measured = (energies(0.017 + step) - energies(0.017 - step)) / (2 * step)

    assert np.all(np.asarray(slope) != 0.0)
    np.testing.assert_allclose(slope, measured, rtol=1e-6)


def test_width_of_the_original_scheme_is_that_of_the_exact_one(layered):
    """W alike, E_stab differs by the grid's error: 2 % at most, where w makes over 3 %."""
    stab: dict[float, np.ndarray] = {}
    names = [f"E_stab_{lepton}" for lepton in ("e", "mu", "tau")]
    for width in (0.012, 0.022):
        (coarse,) = evaluate(layered["original"], [LAYERED], w=width)
        (exact,) = evaluate(layered["exact"], [{**LAYERED, "w": width}])
        stab[width] = np.array([exact.details["derived"][name] for name in names])
        measured = [coarse.details["derived"][name] for name in names]
        np.testing.assert_allclose(measured, stab[width], rtol=0.02)

    assert np.all(stab[0.022] > 1.03 * stab[0.012])
