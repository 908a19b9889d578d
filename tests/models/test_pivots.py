"""The pivots: laws of the other densities, norms and constraints, and what follows from them."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf

import daybreak as dk
from daybreak.decision import decide
from daybreak.methods.solve import solve
from daybreak.models import vortex as vx
from daybreak.models.vortex.campaigns.localisation import CLAIMS, CONFIGURATIONS
from daybreak.models.vortex.campaigns.pivots import CHANGED, criteria, pivots
from daybreak.models.vortex.localised_leptons import BASELINE, BOXES, lepton_problem
from daybreak.models.vortex.mixed_deficit import MixedDeficit
from daybreak.models.vortex.pivoted_leptons import (
    bulk_energy,
    circulation_range,
    mixed_functional,
    normed,
    pivot_problem,
)
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.outcomes import Task

W = 0.02
SHARES = ("gaussian", "lorentzian", "step")
CORES = {
    "gaussian": (lambda x: math.exp(-2 * x * x), lambda x: -4 * x * math.exp(-2 * x * x)),
    "lorentzian": (lambda x: (1 + 4 * x * x) ** -2, lambda x: -16 * x * (1 + 4 * x * x) ** -3),
    "step": (lambda x: 1.0, lambda x: 0.0),
}
PLACE = {
    "beta": 3.1,
    "R_c_e": 0.6,
    "U_e": 0.05,
    "A_e": 0.8,
    "R_c_mu": 0.12,
    "U_mu": 0.15,
    "A_mu": 0.9,
}


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


def integral(function, *edges):
    """Adaptive quadrature, split at the edges."""
    pieces = itertools.pairwise(edges)
    return sum(quad(function, a, b, epsabs=0, epsrel=1e-13, limit=200)[0] for a, b in pieces)


def deficit(name, radius, width):
    """The deficit and its slope as plain functions of r, written down once more."""
    outer = radius + width
    core, core_slope = CORES[name]

    def fall(r):
        y = min(max((r - radius) / width, 0.0), 1.0)
        return 1 - 6 * y**5 + 15 * y**4 - 10 * y**3

    def fall_slope(r):
        y = (r - radius) / width
        return -30 * y**2 * (1 - y) ** 2 / width if 0 < y < 1 else 0.0

    def value(r):
        return core(r / outer) * fall(r)

    def slope(r):
        return core_slope(r / outer) / outer * fall(r) + core(r / outer) * fall_slope(r)

    return value, slope


# The densities.


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize(("radius", "width"), [(0.5, 0.02), (0.05, 0.025), (1.5, 0.015)])
def test_energies_are_those_of_adaptive_quadrature(name, radius, width):
    """All three terms of a new density agree with adaptive quadrature to 1e-10."""
    speed, amplitude, beta, lam = 0.05, 0.9, 3.1, 0.0065
    k, dv, p = 1.5, 0.5, 6.0
    f, slope = deficit(name, radius, width)
    outer, wall = radius + width, k * (radius + width)

    def inside(r):
        x = r / outer
        square = 2 / 3 * (3 * (1 - x * x)) ** 2 + 4 / 3 * (3 * x * x) ** 2
        return (1 - amplitude * f(r)) * square * r * r

    def outside(r):
        d = (outer / r) ** 3
        g = math.exp(-((max(r / wall - 1, 0.0) / dv) ** p))
        return (2 / 3 * (1 - d) ** 2 + 4 / 3 * (1 + d / 2) ** 2) * r * r * g * g

    last = wall * (1 + dv * 18 ** (1 / p))
    circ = integral(inside, 0.01, radius, outer) + integral(outside, outer, wall, last)
    stab = integral(lambda r: (f(r) * r) ** 2, 0.01, radius, outer)
    grad = integral(lambda r: (slope(r) * r) ** 2, 0.01, radius, outer)
    found = mixed_functional(width, k, dv, p, **{name: 1.0}).energies(
        vx.Vortex(radius, speed, amplitude), beta, lam
    )

    assert float(found.E_circ) == pytest.approx(math.pi * speed**2 * circ, rel=1e-10)
    assert float(found.E_stab) == pytest.approx(
        4 * math.pi * beta * amplitude**2 * stab, rel=1e-10
    )
    assert float(found.E_grad) == pytest.approx(4 * math.pi * lam * amplitude**2 * grad, rel=1e-10)


def test_without_shares_nothing_is_changed():
    """With no share of another density the energies are those of the boundary-layer density."""
    vortex = vx.Vortex(np.array([0.5, 0.1]), np.array([0.05, 0.2]), np.array([0.7, 1.0]))
    one = mixed_functional(W, 1.5, 0.5, 6.0).energies(vortex, 3.1, 0.0065)
    other = vx.localised_v1(W, 1.5, 0.5, 6.0).energies(vortex, 3.1, 0.0065)

    for name in ("E_circ", "E_stab", "E_grad", "E_total", "F_inner"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("gaussian", math.sqrt(math.pi) * erf(2.0) / 32 - math.exp(-4.0) / 8),
        (
            "lorentzian",
            sum(
                c * math.sin(m * math.atan(2.0))
                for m, c in ((2, 1 / 64), (4, -1 / 64), (6, -1 / 192))
            )
            / 8
            + math.atan(2.0) / 128,
        ),
        ("step", 1 / 3),
    ],
)
def test_thin_layer_is_the_closed_form(name, constant):
    """As w -> 0 E_stab is ``4 pi beta A^2 R^3`` times the elementary integral of x^2 h^2."""
    values = []
    for width in (1e-5, 1e-6):
        functional = mixed_functional(width, **{name: 1.0})
        functional = functional.with_scheme(vx.Exact(r_min=0.0, core_nodes=24))
        values.append(float(functional.energies(vx.Vortex(0.5, 0.1, 1.0), 1.0).E_stab))
    # What the layer takes away is in proportion to w, up to w^2.
    limit = values[1] + (values[1] - values[0]) / 9

    assert limit == pytest.approx(4 * math.pi * constant * 0.5**3, rel=1e-9)


@pytest.mark.parametrize("radius", [0.05, 0.5])
@pytest.mark.parametrize("width", [0.001, 0.02, 0.1])
def test_gradient_energy_of_a_step_is_the_closed_form(radius, width):
    """A step has ``E_grad = lambda A^2 4 pi / w (10/7 R_c R + 30/77 w^2)``: it grows as 1/w."""
    found = mixed_functional(width, step=1.0).energies(vx.Vortex(radius, 0.1, 0.8), 1.0, 0.01)
    law = 10 / 7 * radius * (radius + width) + 30 / 77 * width**2

    assert float(found.E_grad) == pytest.approx(0.01 * 0.64 * 4 * math.pi / width * law, rel=1e-12)


def test_densities_are_between_vacuum_and_the_depth_and_fall_outwards():
    """Every mixture falls from 1 at the centre to 0 at R, and is 0 beyond."""
    r = jnp.linspace(0.0, 0.6, 4001)
    for shares in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.2, 0.3, 0.4)):
        f = np.asarray(MixedDeficit(W, *shares).shape(r, 0.5))

        assert f[0] == pytest.approx(1.0, abs=1e-15)
        assert np.all(np.diff(f) <= 1e-15)
        assert np.all(f[np.asarray(r) > 0.52] == 0.0)


def test_shares_mix_linearly():
    """The deficit is linear in the shares, so E_circ is too, and E_stab is quadratic."""
    vortex = vx.Vortex(0.4, 0.1, 0.9)

    def terms(share):
        found = mixed_functional(W, gaussian=share).energies(vortex, 3.0, 0.0065)
        return np.array([found.E_circ, found.E_stab, found.E_grad])

    at = [terms(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    second = [np.diff([v[i] for v in at], 2) for i in range(3)]

    assert np.allclose(second[0], 0.0, atol=1e-14)
    assert np.allclose(second[1], second[1][0], rtol=1e-9)
    assert np.all(second[1] > 0.0)
    assert np.allclose(second[2], second[2][0], rtol=1e-9)


# Norm, bulk term, circulation.


def test_the_norm_is_the_sum_then_the_euclidean_one():
    """The exponent 1 gives the sum, 2 the root of the squares; it falls towards the largest."""
    found = vx.localised_v1(W).energies(vx.Vortex(0.5, 0.05, 0.8), 3.1, 0.0065)
    terms = np.array([found.E_circ, found.E_stab, found.E_grad])
    values = [float(normed(found, q)) for q in (1.0, 2.0, 4.0, 40.0)]

    assert values[0] == pytest.approx(terms.sum(), rel=1e-14)
    assert values[1] == pytest.approx(np.linalg.norm(terms), rel=1e-14)
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(terms.max(), rel=1e-6)


def test_the_bulk_term_is_density_times_volume():
    """Kappa is an energy density, so the term is kappa times the volume of the ball."""
    ball = integral(lambda r: 4 * math.pi * r * r, 0.0, 0.7)

    assert float(bulk_energy(0.3, 0.7)) == pytest.approx(0.3 * ball, rel=1e-14)
    assert float(bulk_energy(0.0, 0.7)) == 0.0


def test_the_circulation_has_the_range_of_the_boxes():
    """Gamma spans every ``U R`` of the two boxes, from the small slow vortex to the large fast."""
    low, high = circulation_range({name: BOXES[name] for name in ("e", "mu")})

    assert low == pytest.approx(0.07 * 0.05)
    assert high == pytest.approx(1.52 * 0.10)


def evaluate(problem, places, **settings):
    """Outcomes at some places, which may lie outside the box."""
    tasks = [Task(EVALUATE, place) for place in places]
    return solve(problem, problem.resolve(settings), tasks)


@pytest.fixture(scope="module")
def plain():
    """The problem that the settings change."""
    return pivot_problem()


def test_unchanged_it_is_the_localisation_problem(plain):
    """With the settings of the baseline both problems predict the same."""
    (one,), (other,) = evaluate(plain, [PLACE]), evaluate(lepton_problem(), [PLACE])

    assert one.chi2 == pytest.approx(other.chi2, rel=1e-12)
    for name in ("E_total_e", "E_total_mu", "F_inner", "E_mu_over_E_e"):
        assert one.details["derived"][name] == pytest.approx(
            other.details["derived"][name], rel=1e-12
        )


@pytest.mark.parametrize("changed", CHANGED, ids=str)
def test_no_density_norm_or_width_breaks_the_symmetry(plain, changed):
    """``U -> c U, beta -> c^2 beta`` moves no residual of any pivot that is a setting."""
    moved = {**PLACE, "beta": 4 * 3.1, "U_e": 0.1, "U_mu": 0.3}
    one, other = evaluate(plain, [PLACE, moved], **CHANGED[changed])

    assert other.chi2 == pytest.approx(one.chi2, rel=1e-12)


def test_neither_do_a_bulk_term_and_one_circulation():
    """Kappa takes part as ``c^2 kappa``, Gamma as ``c Gamma``, and the speeds follow from it."""
    bulk = {**PLACE, "kappa": 0.2}
    moved = {**bulk, "beta": 4 * 3.1, "U_e": 0.1, "U_mu": 0.3, "kappa": 0.8}
    one, other = evaluate(pivot_problem(bulk=True), [bulk, moved])
    assert other.chi2 == pytest.approx(one.chi2, rel=1e-12)

    own = {name: value for name, value in PLACE.items() if not name.startswith("U_")}
    places = [{**own, "Gamma": 0.02}, {**own, "beta": 4 * 3.1, "Gamma": 0.04}]
    one, other = evaluate(pivot_problem(one_circulation=True), places)
    assert other.chi2 == pytest.approx(one.chi2, rel=1e-12)
    assert one.details["derived"]["U_e"] * 0.62 == pytest.approx(0.02, rel=1e-12)
    assert one.details["derived"]["U_mu"] * 0.14 == pytest.approx(0.02, rel=1e-12)


def test_a_given_scale_breaks_it(plain):
    """With S held the masses are those of S = 10, and the symmetry is gone."""
    held = pivot_problem(scale=10.0)
    moved = {**PLACE, "beta": 4 * 3.1, "U_e": 0.1, "U_mu": 0.3}
    one, other = evaluate(held, [PLACE, moved])
    (free,) = evaluate(plain, [PLACE])

    assert not held.scale_factors
    assert one.details["derived"]["S"] == 10.0
    assert one.details["derived"]["E_total_e"] == pytest.approx(
        free.details["derived"]["E_total_e"], rel=1e-12
    )
    assert abs(other.chi2 / one.chi2 - 1) > 0.1


# The campaign.


def test_every_pivot_is_counted_and_judged_alike():
    """Eleven pivots beside an uncounted baseline, all with P1-P4, over their own range of beta."""
    campaign = pivots()
    studies = campaign.all_studies()
    titles = [criterion.title for criterion in studies[0].accept]

    assert campaign.name == "lepton-pivots"
    assert campaign.claims == CLAIMS
    assert [study.counted for study in studies] == [False] + [True] * 11
    assert all([c.title for c in study.accept] == titles for study in studies)
    scans = {
        s.name: (s.problem.space["beta"].lower, s.problem.space["beta"].upper) for s in studies
    }
    assert scans.pop("beta 2.8-3.0") == (2.8, 3.0)
    assert scans.pop("beta 3.2-3.4") == (3.2, 3.4)
    assert set(scans.values()) == {(3.0, 3.2)}


def test_criteria_take_what_each_lepton_has():
    """P3 counts the bounds of a lepton's own parameters, of which one circulation leaves two."""
    rows = {c.label: c for c in criteria(pivot_problem(one_circulation=True))}

    assert list(rows["P3 e"].names) == ["R_c_e", "A_e"]
    assert list(rows["P3 mu"].names) == ["R_c_mu", "A_mu"]


def outcome(name, chi2, ratio, verdict):
    """A finished study as far as the decision table looks at it."""
    best = SimpleNamespace(
        chi2=chi2, parameters={}, scale_factors={}, derived={"E_mu_over_E_e": ratio}
    )
    return SimpleNamespace(
        name=name,
        counted=True,
        follows=None,
        verdict=verdict,
        best=best,
        search=None,
        has_result=True,
    )


@pytest.mark.parametrize(
    ("last", "row", "named"),
    [
        ((2e5, 190.0, "SOFT_PASS"), "reached", "step density"),
        ((9.0e7, 20.0, "FAIL"), "near", "step density"),
        ((9.9e7, 1.5, "FAIL"), "none", "gaussian density, step density"),
        ((9.9e7, 1.5, "UNDECIDED"), "undecided", "no other row"),
    ],
)
def test_the_table_says_which_pivots_can_succeed(last, row, named):
    """One that is reached, one within a factor of ten, none at all, or no answer."""
    table = [decision.describe() for decision in pivots().decisions]
    studies = [outcome("gaussian density", 9.93e7, 0.74, "FAIL"), outcome("step density", *last)]
    number, reason = decide(table, studies)

    assert table[number]["name"] == row
    assert named in reason


def test_a_pivot_that_can_succeed_gets_the_whole_night():
    """The best pivot is asked for in all six configurations, with what makes it a pivot."""
    reached, *_ = pivots().decisions
    ended = [outcome("w 0.015", 5e5, 190.0, "PASS"), outcome("step density", 10.0, 206.0, "PASS")]
    night = reached.follow_up(ended)

    assert [study.name for study in night] == [f"step density config-{i}" for i in range(1, 7)]
    for study, configuration in zip(night, CONFIGURATIONS, strict=True):
        assert study.all_settings == {
            **study.problem.settings,
            **BASELINE,
            **configuration,
            "step": 1.0,
        }


def test_a_wider_box_lets_a_pivot_through():
    """With R_c_mu up to 1.7 the preflight finds the squared Lorentzian within reach."""
    wide = {**BOXES, "mu": ((0.05, 1.7), *BOXES["mu"][1:])}
    study = next(s for s in pivots(wide).all_studies() if s.name == "lorentzian density")
    found = dk.preflight(dk.Campaign("wide", [study]), budget=120)

    assert not found.hopeless
