"""Campaigns of single leptons, the cross-lepton and the boundary-layer fit: what they declare."""

from __future__ import annotations

import dataclasses
import math

import jax
import numpy as np
import pytest

import daybreak as dk
from daybreak.decision import decide
from daybreak.methods.solve import solve
from daybreak.models import vortex as vx
from daybreak.models.vortex import published_a
from daybreak.models.vortex.campaigns.boundary_layer import WIDER_TAU, boundary_layer, gate
from daybreak.models.vortex.campaigns.cross import cross
from daybreak.models.vortex.campaigns.sensitivity import SEEDS, sensitivity
from daybreak.models.vortex.campaigns.single import single
from daybreak.models.vortex.cross_lepton import RMS_OF_RADIUS, SYNTHETIC_RADII
from daybreak.models.vortex.grid_table import tabulate
from daybreak.models.vortex.layered_leptons import BOXES
from daybreak.models.vortex.original_grid import smart_grid, uniform_grid
from daybreak.models.vortex.published import Published, as_markdown, beside
from daybreak.models.vortex.single_lepton import single_lepton_problem
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.outcomes import Task
from daybreak.problem.precision import double_precision

CAMPAIGNS = {
    "lepton-single": single,
    "lepton-cross": cross,
    "lepton-boundary-layer": boundary_layer,
    "lepton-sensitivity": sensitivity,
}
THREE = vx.Vortex(
    np.array([0.5, 0.2, 0.4]), np.array([0.02, 0.05, 0.1]), np.array([0.9, 0.8, 0.7])
)
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


def evaluate(problem, place, **settings):
    """Chi2 and everything recorded at one place."""
    return solve(problem, problem.resolve(settings), [Task(EVALUATE, place)])[0]


# Structure.


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_campaign_says_what_counts_and_what_follows(name):
    """Every campaign has its name, counted studies with criteria, decisions, and claims."""
    campaign = CAMPAIGNS[name]()
    counted = [study for study in campaign.all_studies() if study.counted]

    assert campaign.name == name
    assert counted
    assert all(study.accept for study in counted)
    assert len(campaign.decisions) >= 2
    assert campaign.claims
    assert campaign.description


def test_the_sanity_grid_is_three_by_three_with_both_maps():
    """Three beta at three w, for the best S and for the electron's; only the first counts."""
    studies = {study.name: study for study in boundary_layer().all_studies()}
    grid = {name: study for name, study in studies.items() if ", w " in name}

    assert {study.settings["w"] for study in grid.values()} == {0.01, 0.01 * math.sqrt(2), 0.02}
    assert {study.method.points[0] for study in grid.values()} == {(3.0, 3.075, 3.15)}
    assert [name for name in grid if grid[name].counted] == list(grid)[:3]
    assert len({id(study.problem) for study in grid.values()}) == 2


def test_the_wider_box_moves_one_bound():
    """The box in which the masses can be met differs in the upper bound of U_tau alone."""
    assert {k: v for k, v in WIDER_TAU.items() if k != "tau"} == {
        k: v for k, v in BOXES.items() if k != "tau"
    }
    assert WIDER_TAU["tau"][1] == (BOXES["tau"][1][0], 0.21)


def test_scans_of_the_cross_lepton_fit_are_those_published():
    """41 values on [2.85, 3.25] with tight tolerances, 31 on [2.95, 3.25] with loose ones."""
    studies = {study.name: study for study in cross().all_studies()}
    tight, loose = studies["tight"], studies["loose"]

    assert np.allclose(tight.method.points[0], np.linspace(2.85, 3.25, 41), rtol=0, atol=1e-12)
    assert np.allclose(loose.method.points[0], np.linspace(2.95, 3.25, 31), rtol=0, atol=1e-12)
    assert tight.problem.data.data[0].model == 1e-6
    assert [datum.model for datum in loose.problem.data.data[-2:]] == [1e-7, 1e-7]
    assert "C_mu" in loose.problem.space.names
    assert studies["multi-start"].method.starts == 10


def test_budgets_and_seeds_are_declared():
    """The budgets are 50, 100, 200 and 500 generations, from every seed, without a polish."""
    methods = [s.method for s in sensitivity().all_studies() if s.name.startswith("budget")]

    assert [method.generations for method in methods] == [50, 100, 200, 500]
    assert all(method.seeds == SEEDS and not method.polish for method in methods)


# The gate.


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Made-up studies by what came out: chi2, S and beta at the best fit."""

    def problem(chi2, scale, beta):
        return dk.FitProblem(
            [dk.Parameter("beta", 3.0, 3.3)],
            lambda p, settings: {"beta": p.beta, "scaled": 1.0, "missed": 0.0},
            {
                "beta": dk.Observation(beta, 1e-3),
                "scaled": dk.Observation(scale, 1.0),
                "missed": dk.Observation(math.sqrt(chi2), 1.0),
            },
            scale_factors=[dk.ScaleFactor("S", over=["scaled"])],
        )

    cases = [case for case, _ in BRANCHES]
    studies = [dk.Study(str(case), problem(*case), dk.MultiStart(starts=2)) for case in cases]
    results = dk.run(dk.Campaign("made-up", studies), tmp_path_factory.mktemp("made-up"))
    return dict(zip(cases, results.studies, strict=True))


BRANCHES = [
    ((4.0, 5.0, 3.10), "scan"),
    ((9.999, 1.001, 3.071), "scan"),
    ((0.5, 9.999, 3.129), "scan"),
    ((4.0, 5.0, 3.20), "debug"),
    ((4.0, 24.0, 3.18), "debug"),
    ((4.0, 24.0, 3.10), "stop"),
    ((4.0, 0.9, 3.10), "stop"),
    ((4.0, 5.0, 3.15), "stop"),
    ((4.0, 5.0, 3.069), "stop"),
    ((4.0, 5.0, 3.24), "stop"),
    ((10.01, 5.0, 3.10), "stop"),
    ((1.65e7, 24.27, 3.20), "stop"),
]


@pytest.mark.parametrize(("case", "row"), BRANCHES)
def test_gate(outcomes, case, row):
    """What follows is fixed by chi2, S and beta: the scan, the debugging studies, or a stop."""
    table = [decision.describe() for decision in gate()]
    number, _ = decide(table, [outcomes[case]])

    assert outcomes[case].best.chi2 == pytest.approx(case[0])
    assert gate()[number].name == row


def test_one_good_width_is_enough_for_the_scan(outcomes):
    """One study that meets all conditions opens the gate; two that meet half of them do not."""
    good, scaled, placed = (
        outcomes[c] for c in [(4.0, 5.0, 3.10), (4.0, 5.0, 3.15), (4.0, 24.0, 3.10)]
    )
    table = [decision.describe() for decision in gate()]

    assert gate()[decide(table, [good, scaled, placed])[0]].name == "scan"
    assert gate()[decide(table, [scaled, placed])[0]].name == "stop"


def test_the_scan_is_nine_by_six():
    """The scan is a map of 9 values of beta by 6 of w, with both marginal profiles."""
    row = next(row for row in gate() if row.name == "scan")
    (study,) = row.follow_up([])

    assert study.method.is_map
    assert study.method.parameters == ("beta", "w")
    beta, width = study.method.points
    assert (len(beta), beta[0], beta[-1]) == (9, 3.0, 3.2)
    assert (len(width), width[0], width[-1]) == (6, 0.010, 0.025)


def test_the_debugging_studies_drop_the_gradient_term():
    """Both follow beta; the second is the lambda = 0 baseline."""
    row = next(row for row in gate() if row.name == "debug")
    ratios, baseline = row.follow_up([])

    assert ratios.method.parameters == baseline.method.parameters == ("beta",)
    assert (ratios.all_settings["eta"], baseline.all_settings["eta"]) == (0.03, 0.0)
    assert ratios.problem is baseline.problem


# Grids as settings.


@pytest.mark.parametrize("width", [0.01, 0.02])
def test_a_padded_grid_is_the_grid(width):
    """Picked from a table with longer ones, a grid gives the energies it gives by itself."""
    table = tabulate(
        smart_grid, [(0.01, 20, 25, 0.02), (0.02, 20, 25, 0.02), (0.02, 20, 50, 0.01)]
    )
    layer = vx.boundary_layer(width)
    with double_precision():
        alone = layer.with_scheme(vx.original_boundary_layer(width))
        picked = layer.with_scheme(vx.original_boundary_layer(table.pick(width, 20, 25, 0.02)))
        pairs = zip(
            jax.tree.leaves(alone.energies(THREE, 3.1, 0.01)),
            jax.tree.leaves(picked.energies(THREE, 3.1, 0.01)),
            strict=True,
        )
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=1e-14)


def test_a_grid_that_was_not_made_has_no_energies():
    """A key that is not in the table gives NaN, not the nearest grid."""
    table = tabulate(uniform_grid, [(50, 10), (100, 20)])
    with double_precision():
        functional = vx.base().with_scheme(vx.original_base(table.pick(100, 10)))

        assert np.isnan(functional.energies(THREE, 3.1).E_total).all()


def test_a_traced_width_is_the_static_one():
    """With w among several values the fit problem predicts what the one with w alone does."""
    several = vx.boundary_layer_problem("original", widths=(0.01, 0.02))
    one, other = (
        evaluate(several, LAYERED, w=0.02),
        evaluate(vx.boundary_layer_problem("original"), LAYERED, w=0.02),
    )

    assert several.static == ()
    assert one.chi2 == pytest.approx(other.chi2, rel=1e-13)


def test_the_electron_match_meets_the_electron():
    """With ``S = m_e / E_e`` the electron's mass is exact, the others go with the energies."""
    problem = vx.boundary_layer_problem("original", mass_map="electron", beta=3.1)
    found = evaluate(problem, {k: v for k, v in LAYERED.items() if k != "beta"}).details
    energies = found["derived"]

    assert found["predictions"][0] == pytest.approx(0.511, rel=1e-14)
    ratio = energies["E_total_tau"] / energies["E_total_e"]
    assert found["predictions"][2] / 0.511 == pytest.approx(ratio, rel=1e-13)
    assert not problem.scale_factors
    assert problem.space.fixed == {"beta": 3.1}


# Single leptons and radii.


def test_a_single_lepton_is_the_published_fit():
    """R, U and A as published have the electron's mass to 1e-9, and E_stab to its digits."""
    published = {"R": 0.43871872866876405, "U": 0.024041132510003192, "A": 0.9113675648099089}
    found = evaluate(single_lepton_problem(), published).details

    assert found["predictions"] == pytest.approx([1.0], abs=1e-9)
    assert found["derived"]["E_stab"] == pytest.approx(0.20891137418149408, rel=1e-9)


def test_rms_radius_of_a_parabolic_deficit():
    """The deficit ``1 - x^2`` has a root-mean-square radius of ``R sqrt(3/7)``."""
    x = np.linspace(0.0, 1.0, 200001)
    weight = (1 - x**2) * x**2

    assert math.sqrt(np.sum(weight * x**2) / np.sum(weight)) == pytest.approx(RMS_OF_RADIUS)


def test_synthetic_radii_are_a_third_kind_of_data():
    """The radii are observed to 1 % in a group that says they are synthetic."""
    problem = vx.cross_lepton_problem(rms_radii=SYNTHETIC_RADII)
    data = dict(zip(problem.data.names, problem.data.data, strict=True))

    assert [name for name in data if name.startswith("r_")] == ["r_e", "r_mu", "r_tau"]
    assert all(data[n].group == "synthetic radius" for n in ("r_e", "r_mu", "r_tau"))
    assert data["r_e"].total == pytest.approx(0.01 * data["r_e"].value)


# Published figures.


def test_published_figures_are_of_these_studies():
    """Each published figure names a study of its campaign, and no two say the same thing."""
    studies = {name: {s.name for s in make().all_studies()} for name, make in CAMPAIGNS.items()}

    for figure in published_a.FIGURES:
        assert figure.study in studies[figure.campaign], figure
    keys = [(f.campaign, f.study, f.quantity) for f in published_a.FIGURES]
    assert len(set(keys)) == len(keys)
    assert {figure.campaign for figure in published_a.FIGURES} == set(CAMPAIGNS)


def test_a_figure_beside_ours(outcomes):
    """A figure is shown beside the one read from its study; other campaigns are left out."""
    study = outcomes[4.0, 5.0, 3.10]
    figure = Published(
        "made-up", "s", "beta", 3.14, lambda s: s.best.parameters["beta"], "it differs."
    )
    (row,) = beside(
        [figure, dataclasses.replace(figure, campaign="elsewhere")], {"made-up": {"s": study}}
    )

    assert (row.published, row.ours) == ("3.14", "3.1")
    assert as_markdown([row]).splitlines()[2] == (
        "| made-up | s | beta | 3.14 | 3.1 | it differs. |"
    )
