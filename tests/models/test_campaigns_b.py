"""The campaigns of localised vortices: what they declare, and laws their problems obey."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import daybreak as dk
from daybreak.methods.solve import solve
from daybreak.models.vortex.campaigns.localisation import SEEDS, localisation
from daybreak.models.vortex.campaigns.localisation_sensitivity import localisation_sensitivity
from daybreak.models.vortex.campaigns.localisation_wide import WIDE_BOXES, localisation_wide
from daybreak.models.vortex.campaigns.tau import tau
from daybreak.models.vortex.campaigns.three import three
from daybreak.models.vortex.campaigns.two import two
from daybreak.models.vortex.curved_leptons import MASSES, curved_problem
from daybreak.models.vortex.localised_leptons import BOXES, inertia_problem, lepton_problem
from daybreak.models.vortex.published_b import PUBLISHED_B, per_weight, variation
from daybreak.problem.kinds import EVALUATE, FIT
from daybreak.problem.outcomes import Task

CAMPAIGNS = {
    "lepton-localisation-sensitivity": localisation_sensitivity,
    "lepton-localisation-wide": localisation_wide,
    "lepton-two": two,
    "lepton-tau": tau,
    "lepton-three": three,
}
PLACE = {
    "beta": 3.1,
    "R_c_e": 0.6,
    "U_e": 0.05,
    "A_e": 0.8,
    "R_c_mu": 0.12,
    "U_mu": 0.15,
    "A_mu": 0.9,
    "R_c_tau": 0.1,
    "U_tau": 0.2,
    "A_tau": 0.7,
}
BENT = {
    "beta": 2.5,
    "R_c_e": 0.48,
    "U_e": 0.0018,
    "R_c_mu": 2.9,
    "U_mu": 0.063,
    "R_c_tau": 2.26,
    "U_tau": 1.2,
}
WEIGHT = 1e-4


def evaluate(problem, places, **settings):
    """Chi2 and everything recorded at some places, which may lie outside the box."""
    tasks = [Task(EVALUATE, place) for place in places]
    return solve(problem, problem.resolve(settings), tasks)


@pytest.fixture(scope="module")
def triple():
    """The T3b problem of three leptons."""
    return curved_problem()


# Declarations.


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_has_its_name_and_a_last_row(name):
    """Each is called as it is run, describes itself, and its decision table has a last row."""
    campaign = CAMPAIGNS[name]()

    assert campaign.name == name
    assert campaign.description
    assert not campaign.decisions[-1].conditions


def test_the_wide_box_moves_two_bounds():
    """Only the upper bounds of R_c_mu and R_c_tau differ from the night that was hopeless."""
    moved = {
        (lepton, i, side)
        for lepton, box in BOXES.items()
        for i, bounds in enumerate(box)
        for side in (0, 1)
        if WIDE_BOXES[lepton][i][side] != bounds[side]
    }

    assert moved == {("mu", 0, 1), ("tau", 0, 1)}


def test_both_nights_ask_the_same():
    """Criteria, configurations, claims and decision table of the two nights agree."""
    narrow, wide = localisation(), localisation_wide()

    assert [s.all_settings for s in narrow.all_studies()] == [
        s.all_settings for s in wide.all_studies()
    ]
    for one, other in zip(narrow.all_studies(), wide.all_studies(), strict=True):
        assert [c.describe() for c in one.accept] == [c.describe() for c in other.accept]
    assert [row.describe() for row in narrow.decisions] == [
        row.describe() for row in wide.decisions
    ]
    assert narrow.claims == wide.claims


@pytest.mark.parametrize(
    ("row", "first"), [("breakthrough", "config-2 fine"), ("confirm", "config-2 seed 42")]
)
def test_follow_ups_of_the_night(row, first):
    """Both rows with follow-ups ask for the best configuration from five seeds, then the tau."""
    settings = {"k": 2.0, "dv": 0.5, "p": 6.0, "scheme": "exact"}
    best = SimpleNamespace(chi2=1.0, parameters={"beta": 3.01}, settings=settings)
    studies = [
        SimpleNamespace(
            name=f"config-{i}",
            counted=True,
            verdict="PASS",
            settings=settings,
            best=best if i == 2 else None,
        )
        for i in (1, 2)
    ]
    decisions = {one.name: one for one in localisation().decisions}
    names = [study.name for study in decisions[row].follow_up(studies)]

    assert names[0] == first
    assert names[-1] == "config-2 with tau"
    assert [n for n in names if "seed" in n] == [f"config-2 seed {seed}" for seed in SEEDS]


def test_variants_are_two_problems():
    """The old sign has a name of its own; the corrected one is the problem of the night."""
    old, new = lepton_problem(variant="v0"), lepton_problem()

    assert old.name
    assert not new.name
    assert old.identity() != new.identity()
    assert new.settings == {"k": 1.5, "dv": 0.5, "p": 6.0, "scheme": "exact"}


def test_beta_may_be_held():
    """One number instead of a range holds beta."""
    assert lepton_problem(beta=3.05).space.fixed == {"beta": 3.05}
    assert lepton_problem(beta=(2.8, 3.0)).space["beta"].lower == 2.8


def test_published_figures_name_studies_that_exist():
    """Each figure belongs to a study that its campaign plans."""
    planned = {
        name: {study.name for study in make().all_studies()} for name, make in CAMPAIGNS.items()
    }

    assert {one.campaign for one in PUBLISHED_B} == set(planned) - {"lepton-localisation-wide"}
    assert all(one.study in planned[one.campaign] for one in PUBLISHED_B)
    assert all(one.why.endswith(".") for one in PUBLISHED_B)


def test_readers_of_published_figures():
    """A variation is 100 std / mean over the points; a weight rescales the lowest chi2."""
    points = [SimpleNamespace(scale_factors={"S": s}, chi2=s) for s in (1.0, 3.0)]
    study = SimpleNamespace(
        profile=SimpleNamespace(points=points), best=None, settings={"lam_curv": 1e-7}
    )
    nothing = SimpleNamespace(profile=None, best=None, settings={})

    assert variation("S")(study) == pytest.approx(50.0)
    assert variation("S")(nothing) is None
    assert per_weight(1e-8)(study) == pytest.approx(0.1)
    assert all(one.read(nothing) is None for one in PUBLISHED_B if one.study == "Run 2 corrected")


# Laws.


def test_scales_of_leptons_are_mass_over_energy():
    """``S_e / S_mu`` is ``(m_e / E_e) / (m_mu / E_mu)``, and ``S_tau / S_mu`` likewise."""
    problem = lepton_problem(("e", "mu", "tau"))
    (found,) = evaluate(problem, [PLACE])
    parts = found.details["derived"]
    scale = {
        lepton: problem.data.values[i] / parts[f"E_total_{lepton}"]
        for i, lepton in enumerate(("e", "mu", "tau"))
    }

    assert parts["S_e_over_S_mu"] == pytest.approx(scale["e"] / scale["mu"], rel=1e-12)
    assert parts["S_tau_over_S_mu"] == pytest.approx(scale["tau"] / scale["mu"], rel=1e-12)
    ratio = parts["E_total_tau"] / parts["E_total_mu"]
    assert parts["E_tau_over_E_mu"] == pytest.approx(ratio, rel=1e-12)


def test_old_sign_makes_the_electron_negative():
    """With the minus sign E_e is negative, and ratios of scales with it count as zero."""
    place = {name: v for name, v in PLACE.items() if not name.endswith("tau")}
    (found,) = evaluate(lepton_problem(variant="v0"), [place])
    parts = found.details["derived"]

    stab, rest = parts["E_stab_e"], parts["E_circ_e"] + parts["E_grad_e"]
    assert parts["E_total_e"] == pytest.approx(rest - stab, rel=1e-12)
    assert parts["E_total_e"] < 0.0
    assert parts["S_e_over_S_mu"] == 0.0


@pytest.mark.parametrize(("variant", "meaning"), [("v0", "F_core"), ("v1", "F_wall")])
def test_inner_share_has_each_variants_own_meaning(variant, meaning):
    """F_inner is the share within the vortex in v0 and within the wall in v1."""
    one, other = evaluate(inertia_problem(variant), [{"A": 0.75}, {"A": 0.9}], k=1.5)
    parts = one.details["derived"]

    assert parts["F_inner"] == parts[meaning]
    assert parts["F_core"] < parts["F_wall"]
    assert parts == other.details["derived"], "nothing asked of the pair depends on A"


def test_change_of_inertia_is_in_proportion_to_the_amplitude():
    """I is linear in A, so that 0.99 gives 29 times the change that 0.71 gives."""
    places = [{"A": 0.70}, {"A": 0.71}, {"A": 0.99}]
    ratios = [found.details["predictions"][0] for found in evaluate(inertia_problem("v0"), places)]

    assert ratios[0] == 1.0
    assert (1.0 - ratios[2]) / (1.0 - ratios[1]) == pytest.approx(29.0, rel=1e-9)


@pytest.mark.parametrize("scheme", ["exact", "original"])
def test_speeds_hide_beta_from_masses_proxies_and_penalty(scheme):
    """``U -> c U, beta -> c^2 beta`` moves no prediction; S goes as ``c^-2``, C_g as ``c^-1``."""
    c = 1.2
    moved = {name: c * value if name[0] == "U" else value for name, value in BENT.items()}
    moved["beta"] = c * c * BENT["beta"]
    here, there = evaluate(curved_problem(scheme=scheme), [BENT, moved], lam_curv=WEIGHT)

    assert there.details["predictions"] == pytest.approx(here.details["predictions"], rel=1e-12)
    factors, others = here.details["factors"], there.details["factors"]
    assert others["S"] == pytest.approx(factors["S"] / c**2, rel=1e-12)
    assert others["C_g"] == pytest.approx(factors["C_g"] / c, rel=1e-12)


def test_proxies_carry_the_scale_of_the_masses(triple):
    """Each proxy is ``C_g 0.2 R U m_e / (S E)`` with the S that the masses have."""
    (found,) = evaluate(triple, [BENT])
    factors, parts = found.details["factors"], found.details["derived"]
    predicted = dict(zip(triple.data.names, found.details["predictions"], strict=True))

    for lepton in ("e", "mu", "tau"):
        moment = 0.2 * (BENT[f"R_c_{lepton}"] + 0.020) * BENT[f"U_{lepton}"]
        mass = factors["S"] * parts[f"E_total_{lepton}"]
        assert predicted[f"m_{lepton}"] == pytest.approx(mass, rel=1e-12)
        proxy = factors["C_g"] * moment * MASSES["e"] / mass
        assert predicted[f"g_{lepton}"] == pytest.approx(proxy, rel=1e-12)


def test_penalty_is_its_weight_times_the_curvature(triple):
    """Chi2 grows by ``lam_curv K``, and a weight of 0 leaves chi2 as it is without a penalty."""
    (with_it,), (without,) = (evaluate(triple, [BENT], lam_curv=w) for w in (WEIGHT, 0.0))
    bend = without.details["derived"]["K"]

    assert without.details["residuals"][-1] == 0.0
    assert with_it.details["residuals"][-1] ** 2 == pytest.approx(WEIGHT * bend, rel=1e-12)
    assert with_it.chi2 - without.chi2 == pytest.approx(WEIGHT * bend, rel=1e-6)


def test_a_weight_of_zero_does_not_stop_a_fit(triple):
    """The residual that is always zero has a slope of zero: fits get through it to chi2 = 0."""
    start = triple.space.subspace([n for n in BENT if n != "beta"]).to_unit(
        {name: value for name, value in BENT.items() if name != "beta"}
    )
    task = Task(FIT, {"beta": 2.5}, start=tuple(np.asarray(start).tolist()))
    (end,) = solve(triple, triple.resolve({}), [task])

    assert end.reason.converged
    assert end.chi2 < 1e-12


def test_every_problem_says_how_far_its_g_is_trusted():
    """With two leptons both proxies have 1e-3, with three the tau's has 1e-2."""
    sigma = {
        n: [round(d.total, 12) for d in curved_problem(n).data.data if d.group == "g proxy"]
        for n in (("e", "mu"), ("e", "mu", "tau"))
    }

    assert sigma == {("e", "mu"): [1e-3, 1e-3], ("e", "mu", "tau"): [1e-3, 1e-3, 1e-2]}
    assert isinstance(curved_problem(), dk.FitProblem)
