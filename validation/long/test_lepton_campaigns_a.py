"""Campaigns of single leptons, cross-lepton and boundary layer against certain answers.

Source: exact minima of the original study's own energies, to the printed digits, and the
pathologies measured in them.  Nothing here is told to the core: preflight and diagnosis find it.
"""

import math

import numpy as np
import pytest

import daybreak as dk
from daybreak.models.vortex import published_a
from daybreak.models.vortex.campaigns.boundary_layer import boundary_layer
from daybreak.models.vortex.campaigns.cross import cross
from daybreak.models.vortex.campaigns.sensitivity import BETA_EFFECT, sensitivity
from daybreak.models.vortex.campaigns.single import single
from daybreak.models.vortex.published import beside

# w: chi2 and S at beta 3.000, 3.075 and 3.150
SANITY_GRID = {
    0.01: ((1.651131e7, 24.2573), (1.650468e7, 24.2607), (1.649805e7, 24.2640)),
    0.01 * math.sqrt(2): ((1.649813e7, 24.2639), (1.649118e7, 24.2674), (1.648422e7, 24.2709)),
    0.02: ((1.647901e7, 24.2736), (1.647158e7, 24.2774), (1.646414e7, 24.2812)),
}
MINIMA = {3.00: 1.649543e7, 3.05: 1.649075e7, 3.10: 1.648606e7, 3.15: 1.648138e7, 3.20: 1.647670e7}
WITHOUT_GRADIENT = {3.00: 1.641126e7, 3.20: 1.638690e7}
NODES = ("0.1109", "0.2118", "0.3127")


def preflight_of(results, study, code):
    """Preflight findings of one code about one study."""
    return [f for f in results.summary.preflight if f.study == study and f.code.word == code]


def printed(value, digits=7):
    """A number to the digits it was printed with."""
    return float(f"{value:.{digits - 1}e}")


# Single leptons.


@pytest.fixture(scope="module")
def singles(tmp_path_factory):
    """The campaign of single leptons."""
    return dk.run(single(), tmp_path_factory.mktemp("single"), budget=600.0)


def test_every_start_meets_the_mass_in_its_own_way(singles):
    """All 50 starts meet the electron's mass, on a surface: chi2 is flat in two directions."""
    study = singles["e"]

    assert len(study.starts) >= 50
    assert all(start.converged and start.chi2 < 1e-12 for start in study.starts)
    assert study.ends[0].zero == 2
    assert preflight_of(singles, "e", "not_identifiable_locally")


@pytest.mark.parametrize("name", ["e", "mu", "tau", "grid 50x10", "grid 400x80"])
def test_any_mass_is_met_on_any_grid(singles, name):
    """Each lepton's mass is met, and the electron's on the coarsest and on the finest grid."""
    assert singles[name].best.chi2 < 1e-12
    assert singles[name].verdict == "PASS"


def test_the_shape_of_the_electron_is_not_told(singles):
    """R and A may be anything their bounds allow; U is confined by those bounds alone."""
    study = singles["shape of e"]
    claims = {
        claim.parameter: claim for claim in singles.summary.claims if claim.study == study.name
    }

    for name in ("R", "A"):
        assert study.profile_of(name).code.word == "not_constrained"
        assert claims[name].strength == "not identifiable"
    (piece,) = study.profile_of("U").intervals
    # U^2 = (1 + E_stab) / 2094, E_stab from 0 to that of the largest and deepest vortex
    assert piece.lower == pytest.approx(math.sqrt(1.0 / 2094.4), rel=2e-3)
    assert 0.0445 < piece.upper < 0.05
    assert singles.decision.name == "a-surface"


def test_grid_of_the_single_fits_is_not_resolved(singles):
    """A finer grid moves the mass by hundreds of its tolerance, and it jumps at the nodes."""
    knobs = preflight_of(singles, "e", "unresolved_knob")
    (rough,) = preflight_of(singles, "e", "rough_objective")

    assert {word for f in knobs for word in ("nodes", "angles") if word in f.sentence} == {
        "nodes",
        "angles",
    }
    assert rough.parameter == "R"
    assert all(node in rough.sentence for node in NODES)


def test_mass_and_proxy_leave_beta_free(singles):
    """With the g proxy beside the mass chi2 still vanishes at all eleven beta."""
    profile = singles["mass and g proxy"].profile

    assert len(profile.points) == 11
    assert all(point.chi2 < 1e-12 for point in profile.points)
    assert profile.code.word == "not_constrained"


# Cross-lepton.


@pytest.fixture(scope="module")
def crossed(tmp_path_factory):
    """The cross-lepton campaign."""
    return dk.run(cross(), tmp_path_factory.mktemp("cross"), budget=600.0)


@pytest.mark.parametrize("name", ["tight", "loose"])
def test_both_sharp_profiles_are_flat(crossed, name):
    """At every beta chi2 is below 1e-8, so that neither published minimum can be claimed."""
    profile = crossed[name].profile
    claims = [c for c in crossed.summary.claims if c.study == name and c.parameter == "beta"]

    assert all(point.chi2 < 1e-8 for point in profile.points)
    assert profile.code.word == "not_constrained"
    assert {claim.strength for claim in claims} == {"not identifiable"}
    assert {claim.reference for claim in claims} == {3.14, 3.18, 3.058}
    assert crossed.decision.name == "free-direction"


@pytest.mark.parametrize("name", ["multi-start", "tight", "loose"])
def test_grid_jumps_of_the_cross_lepton_fit(crossed, name):
    """Each radius is found to cross the nodes of the grid in steps."""
    rough = preflight_of(crossed, name, "rough_objective")

    assert {finding.parameter for finding in rough} == {"R_e", "R_mu", "R_tau"}
    assert all(node in finding.sentence for finding in rough for node in NODES)


def test_the_constant_is_confined_by_the_box(crossed):
    """C_mu lies in [230, 318.6] at beta 3.1, and other bounds end the set; 948 is far outside.

    ``g = 0.2 C R U`` with R_mu >= 0.1 gives the upper end, R_e <= 1 and A_e <= 1 the lower one.
    """
    study = crossed["constant of the g proxy"]
    (piece,) = study.profile.intervals
    speed_mu = math.sqrt(206.7682826 / 2094.4)
    speed_e = math.sqrt((1.0 + 32 * math.pi / 105 * 3.1) / (2094.4 + math.pi * 1.15))

    assert piece.upper == pytest.approx(2.00233 / (0.2 * 0.1 * speed_mu), rel=1e-3)
    assert piece.lower == pytest.approx(2.00232 / (0.2 * speed_e), rel=1e-3)
    low, high = study.profile.points[0], study.profile.points[-1]
    assert {"R_e", "A_e"} <= {at.parameter for at in low.at_bounds}
    assert "R_mu" in {at.parameter for at in high.at_bounds}
    assert not piece.lower <= 948 <= piece.upper


def test_kinetic_energy_is_that_of_the_box(crossed):
    """Twice the box has eight times the energy, which the preflight says without being told."""
    for name in ("constant of the g proxy", "synthetic radii"):
        (finding,) = preflight_of(crossed, name, "unresolved_knob")

        assert "factor of 8 = 2^3.0 when r_max goes from 10 to 20" in finding.sentence


def test_radii_would_not_tell_beta(crossed):
    """Radii known to 1 % leave beta unconstrained: with A free they know ``beta A^2`` alone."""
    study = crossed["synthetic radii"]

    assert study.profile.code.word == "not_constrained"
    claims = [c for c in crossed.summary.claims if c.study == study.name]
    assert claims
    assert not any(claim.supported for claim in claims)


# Boundary layer.


@pytest.fixture(scope="module")
def layered(tmp_path_factory):
    """Gate 1 of the boundary layer."""
    return dk.run(boundary_layer(), tmp_path_factory.mktemp("layer"), budget=600.0)


@pytest.mark.parametrize("mass_map", ["global S", "electron match"])
@pytest.mark.parametrize("width", SANITY_GRID)
def test_sanity_grid(layered, mass_map, width):
    """With either map of the masses the nine minima are the tabulated ones, to every digit."""
    points = layered[f"{mass_map}, w {width:.6g}"].profile.points

    for point, (chi2, scale) in zip(points, SANITY_GRID[width], strict=True):
        assert printed(point.chi2) == chi2
        found = point.scale_factors["S"] if mass_map == "global S" else point.derived["S"]
        if mass_map == "global S":
            assert printed(found, 6) == scale


def test_minima_along_beta(layered):
    """At w = 0.015 the minima are the tabulated ones, lower still without the gradient term."""
    for name, table in (("w 0.015", MINIMA), ("w 0.015 without gradient", WITHOUT_GRADIENT)):
        found = {round(p.value, 9): p.chi2 for p in layered[name].profile.points}

        assert {beta: printed(found[beta]) for beta in table} == table
        assert layered[name].profile.code.word == "edge_minimum"


def test_the_gate_stops_and_says_why(layered):
    """The masses' ratio is out of reach, the bound of U_tau is named, and nothing follows."""
    assert layered.verdict == "FAIL"
    assert layered.decision.name == "stop"
    assert layered.decision.follow_ups == []
    for study in [s for s in layered.studies if s.counted]:
        (finding,) = preflight_of(layered, study.name, "out_of_reach")

        assert finding.severity == "stop"
        assert "m_tau / m_mu >= 16.8" in finding.sentence
        assert "U_tau's upper bound from 0.15 to 0.204" in finding.sentence


def test_beta_is_a_symmetry(layered):
    """In every study of the grid beta is known to no datum, so nothing is claimed about it."""
    names = {study.name for study in layered.studies if study.profile is not None}
    claims = [claim for claim in layered.summary.claims if claim.study in names]

    for name in names:
        (finding,) = preflight_of(layered, name, "not_identifiable_symmetry")
        assert "beta -> c^2 beta" in finding.sentence
    assert len(claims) == 3 * len(names)
    assert {claim.strength for claim in claims} == {"not identifiable"}


def test_beyond_its_bound_the_tau_meets_all_masses(layered):
    """With U_tau allowed up to 0.21 the exact scheme has a solution: chi2 <= 1e-12."""
    study = layered["U_tau up to 0.21"]

    assert study.best.chi2 <= 1e-12
    assert study.best.parameters["U_tau"] > 0.15
    assert study.verdict == "PASS"


# Sensitivity.


@pytest.fixture(scope="module")
def sensed(tmp_path_factory):
    """The sensitivity campaign."""
    return dk.run(sensitivity(), tmp_path_factory.mktemp("sensitivity"), budget=600.0)


def test_the_seeds_differ_by_more_than_beta_matters(sensed):
    """A scan of beta by evolution is flat within noise; by least squares it falls by 1.9e4."""
    noisy, fitted = (sensed[f"beta by {way}"].profile for way in ("evolution", "least squares"))

    assert noisy.code.word == "flat_within_noise"
    assert noisy.noise > BETA_EFFECT
    assert fitted.after.range == pytest.approx(BETA_EFFECT, rel=0.05)
    assert np.all(np.diff([point.chi2 for point in fitted.points]) < 0)


def test_budgets(sensed):
    """More generations end lower, and the usual 200 are off by more than the effect of beta."""
    ends = [sensed[f"budget {budget}"].best.chi2 for budget in (50, 100, 200, 500)]

    assert np.all(np.diff(ends) < 0)
    assert ends[2] - ends[3] > BETA_EFFECT
    assert sensed.decision.name == "noise"


def test_the_width_prefers_the_edge(sensed):
    """By least squares chi2 falls with w to the end of the scan, not to 0.022."""
    profile = sensed["w by least squares"].profile

    assert profile.minimum == 0.025
    assert np.all(np.diff([point.chi2 for point in profile.points]) < 0)


def test_the_width_is_free_to_first_order_alone(sensed):
    """Radii follow w to first order; half a range of it moves masses known to 1e-4 by sigmas."""
    examined = {one.study: one for one in sensed.summary.examinations}["w by least squares"]

    assert examined.identifiability["w"] == "locally not identifiable"
    assert not [one for one in examined.symmetries if "w" in one.exponents]


def test_the_grid_is_not_resolved(sensed):
    """Angles, fine and coarse step move residuals; they were announced and never varied."""
    found = preflight_of(sensed, "grid", "unresolved_knob")

    for knob in ("angles", "fine", "coarse"):
        assert any(knob in finding.sentence for finding in found)


def test_every_published_figure_has_ours_beside_it(singles, crossed, layered, sensed):
    """Each figure of the three sections is read from its study."""
    results = {one.summary.campaign: one for one in (singles, crossed, layered, sensed)}
    rows = beside(published_a.FIGURES, results)

    assert len(rows) == len(published_a.FIGURES)
    assert [row for row in rows if row.ours == "not there"] == []
