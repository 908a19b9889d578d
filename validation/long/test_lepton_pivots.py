"""The pivots against the corner of the box, by integrals of their own.

Source: the list of ways out of the original study's plan of 2025-12-25 (two leptons, v1 functional
with the plus sign, w = 0.02, sigma = 1e-4 relative): other densities, the Euclidean norm, a bulk
term, one circulation, other ranges of beta, other w, S fixed at 10.  None was ever run.  Each has
its lowest chi2 where the electron is as light and the muon as heavy as the box allows, and there

    chi2 = 1e8 [2 - (a_e + a_mu)^2 / (a_e^2 + a_mu^2)],   a_l = E_l / m_l,

with S free; the energies come from adaptive quadrature here, not from the library.
"""

import itertools
import math

import pytest
from scipy.integrate import quad

import daybreak as dk
from daybreak.models.vortex.campaigns.pivots import CHANGED, pivots

M_E, M_MU = 0.511, 105.7
NEEDED = 179.464
CORES = {
    "": (lambda x: (1 - x * x) ** 2, lambda x: -4 * x * (1 - x * x)),
    "gaussian": (lambda x: math.exp(-2 * x * x), lambda x: -4 * x * math.exp(-2 * x * x)),
    "lorentzian": (lambda x: (1 + 4 * x * x) ** -2, lambda x: -16 * x * (1 + 4 * x * x) ** -3),
    "step": (lambda _: 1.0, lambda _: 0.0),
}
# name: E_mu / E_e at the corner, to be found by preflight and fits alike
RATIOS = {
    "baseline": 0.8450,
    "gaussian density": 0.7392,
    "lorentzian density": 1.4790,
    "step density": 0.6134,
    "euclidean norm": 0.5906,
    "w 0.015": 0.8315,
    "w 0.025": 0.8586,
}


def integral(function, *edges):
    """Adaptive quadrature, split at the edges."""
    return sum(
        quad(function, a, b, epsabs=0, epsrel=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(edges)
    )


def terms(radius, speed, amplitude, beta, width=0.02, core=""):
    """E_circ, E_stab and E_grad of one vortex behind the baseline's wall."""
    outer = radius + width
    wall = 1.5 * outer
    h, h_slope = CORES[core]

    def fall(r):
        y = min(max((r - radius) / width, 0.0), 1.0)
        return 1 - 6 * y**5 + 15 * y**4 - 10 * y**3

    def fall_slope(r):
        y = min(max((r - radius) / width, 0.0), 1.0)
        return -30 * y**2 * (1 - y) ** 2 / width

    def slope(r):
        return h_slope(r / outer) / outer * fall(r) + h(r / outer) * fall_slope(r)

    def inside(r):
        x = r / outer
        density = 1 - amplitude * h(x) * fall(r)
        return density * (2 / 3 * (3 * (1 - x * x)) ** 2 + 4 / 3 * (3 * x * x) ** 2) * r * r

    def outside(r):
        d = (outer / r) ** 3
        g = math.exp(-((max(r / wall - 1, 0.0) / 0.5) ** 6))
        return (2 / 3 * (1 - d) ** 2 + 4 / 3 * (1 + d / 2) ** 2) * (r * g) ** 2

    last = wall * (1 + 0.5 * 18 ** (1 / 6))
    edges = 0.01, radius, outer
    circ = integral(inside, *edges) + integral(outside, outer, wall, last)
    stab = integral(lambda r: (h(r / outer) * fall(r) * r) ** 2, *edges)
    grad = integral(lambda r: (slope(r) * r) ** 2, *edges)
    lam = 0.03 * beta * 0.88**2 / 11
    volume = 4 * math.pi * amplitude**2
    return math.pi * speed**2 * circ, beta * volume * stab, lam * volume * grad


def corner(beta=3.0, norm=1.0, speeds=(0.01, 0.20), w=0.02, **share):
    """Energies of the lightest electron and the heaviest muon in the box."""
    core = next(iter(share), "")
    both = (
        terms(0.5, speeds[0], 0.7, beta, w, core),
        terms(0.3, speeds[1], 1.0, beta, w, core),
    )
    return [sum(e**norm for e in energies) ** (1 / norm) for energies in both]


def chi2(electron, muon):
    """The lowest chi2 with S free (module formula)."""
    a, b = electron / M_E, muon / M_MU
    return 1e8 * (2 - (a + b) ** 2 / (a * a + b * b))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The baseline and the six pivots that are settings of its problem."""
    campaign = pivots()
    plain = [s for s in campaign.all_studies() if s.name in RATIOS]
    short = dk.Campaign(
        "pivots",
        plain,
        decisions=campaign.decisions,
        rule="any",
        seed=42,
        claims=campaign.claims,
        anyway=True,
    )
    return dk.run(short, tmp_path_factory.mktemp("pivots"), budget=600.0)


@pytest.mark.parametrize("name", RATIOS)
def test_lowest_chi2_is_that_of_the_corner(results, name):
    """Chi2, the energies and their ratio are those of the box's corner, by other integrals."""
    electron, muon = corner(**CHANGED.get(name, {}))
    best = results[name].best

    assert muon / electron == pytest.approx(RATIOS[name], abs=5e-5)
    assert best.derived["E_total_e"] == pytest.approx(electron, rel=1e-9)
    assert best.derived["E_total_mu"] == pytest.approx(muon, rel=1e-9)
    assert best.chi2 == pytest.approx(chi2(electron, muon), rel=1e-9)
    assert results[name].profile.minimum == 3.0
    assert len(best.at_bounds) == 6


def test_preflight_knows_the_ratio_and_the_bounds(results):
    """Before any fit: the same ratios, a stop in each pivot, and the muon's radius in the way."""
    found = {one.study: one for one in results.summary.examinations}
    for name, ratio in RATIOS.items():
        (row,) = [r for r in found[name].reachability if r.criterion == "P1 chi2"]
        (reach,) = row.reaches

        assert row.conclusive
        assert not row.met
        assert reach.highest == pytest.approx(ratio, rel=1e-3)
        assert reach.needed_lower == pytest.approx(NEEDED, rel=1e-5)
        assert ("R_c_mu", "upper") in {(e.parameter, e.side) for e in row.escapes}


def test_no_pivot_passes_and_nothing_is_claimed(results):
    """All fail, the table says that none can succeed, and no claim about beta is supported."""
    assert results.verdict == "FAIL"
    assert results.decision.name == "none"
    assert results.decision.follow_ups == []
    assert {claim.strength for claim in results.summary.claims} == {"not identifiable"}
    assert not any(claim.supported for claim in results.summary.claims)


@pytest.mark.parametrize("name", ["bulk term", "one circulation", "S 10"])
def test_the_other_pivots_are_out_of_reach_too(name):
    """Preflight stops them; a bulk term is best at zero, S = 10 leaves the muon below 1 MeV."""
    study = next(s for s in pivots().all_studies() if s.name == name)
    found = dk.preflight(dk.Campaign("one", [study]), budget=300).studies[0]
    (row,) = [r for r in found.reachability if r.criterion == "P1 chi2"]
    light, heavy = corner()
    slow, fast = corner(speeds=(1.52 * 0.10 / 0.52, 1.52 * 0.10 / 0.32))
    expected = {
        "bulk term": heavy / light,
        "one circulation": fast / slow,
        "S 10": 10 * corner(beta=3.2)[1],
    }[name]
    (reach,) = [r for r in row.reaches if not r.reachable and r.quantity != "m_e"]

    assert found.findings[0].code.word == "out_of_reach"
    assert found.findings[0].severity == "stop"
    assert reach.highest == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("beta", [2.8, 3.2, 3.4])
def test_another_range_of_beta_changes_the_third_digit(beta):
    """The ratio at the corner falls slowly with beta, from 0.867 at 2.8 to 0.809 at 3.4."""
    light, heavy = corner(beta=beta)

    assert heavy / light == pytest.approx({2.8: 0.8669, 3.2: 0.8259, 3.4: 0.8089}[beta], abs=5e-5)
    assert chi2(light, heavy) > 98e6
