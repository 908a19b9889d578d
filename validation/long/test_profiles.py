"""Profiles against certain answers: mirrored minima, a flat one once called sharp, and noise.

The flat one is the cross-lepton fit of the original study, published as "sharp minimum at beta =
3.14"; the noise is that of its differential evolution in the boundary-layer fit.
"""

import numpy as np
import pytest

import daybreak as dk
from daybreak.models.vortex import boundary_layer_problem, cross_lepton_problem
from daybreak.testing import mirrored_problems

PUBLISHED = {
    3.00: 1.649543e7,
    3.05: 1.649075e7,
    3.10: 1.648606e7,
    3.15: 1.648138e7,
    3.20: 1.647670e7,
}
"""Exact minima of the boundary-layer fit at w = 0.015 in the original scheme."""


@pytest.mark.parametrize("known", mirrored_problems("numpy"), ids=lambda known: known.name)
def test_mirrored_minima(known, tmp_path):
    """Every point is the conditional global minimum to 1e-4, and every interval is there."""
    method = dk.Profile(known.interest, points=41, starts=20)
    campaign = dk.Campaign("mirrored", [dk.Study("s", known.problem, method)])
    study = dk.run(campaign, tmp_path)["s"]

    for point in study.profile.points:
        assert point.chi2 == pytest.approx(known.conditional(point.value), abs=1e-4)
    found = np.array([(piece.lower, piece.upper) for piece in study.profile.intervals])
    true = np.array(known.intervals)
    assert found.shape == true.shape
    assert np.all(np.abs(found - true) < 1e-6 * np.diff(true, axis=1))
    for end in study.ends:
        assert (end.kind == "global") == (end.chi2 == pytest.approx(known.chi2, abs=1e-6))


@pytest.fixture(scope="module", params=["exact", "original"])
def cross_lepton(request, tmp_path_factory):
    """The profile of beta over the whole range, with the claim of a sharp minimum."""
    problem = cross_lepton_problem(request.param)
    study = dk.Study("beta", problem, dk.Profile("beta", points=21))
    claim = dk.Claim("beta", 3.14, label="the published minimum")
    campaign = dk.Campaign("cross-lepton", [study], claims=[claim])
    return request.param, dk.run(campaign, tmp_path_factory.mktemp("cross"))


def test_the_sharp_minimum_is_flat(cross_lepton):
    """At every beta on [2.5, 3.5] chi2 is below 1e-8, so beta = 3.14 cannot be claimed."""
    _, results = cross_lepton
    profile = results["beta"].profile

    assert [profile.points[0].value, profile.points[-1].value] == [2.5, 3.5]
    assert all(point.chi2 < 1e-8 for point in profile.points)
    assert profile.code.word == "not_constrained"
    (claim,) = results.summary.claims
    assert claim.strength == "not identifiable"
    assert not claim.supported


def test_the_original_scheme_is_called_rough(cross_lepton):
    """The grid of the original study jumps where R crosses a node; that of the exact one not."""
    scheme, results = cross_lepton
    found = [check for check in results.summary.preflight if check.code.word == "rough_objective"]
    rough = {check.parameter for check in found}

    assert rough == ({"R_e", "R_mu", "R_tau"} if scheme == "original" else set())


def test_evolution_noise_exceeds_the_effect(tmp_path):
    """Fifty generations without a polish differ by seed more than chi2 varies with beta."""
    fit = dk.Evolution(seeds=(42, 1, 2), generations=50, polish=False)
    method = dk.Profile("beta", points=list(PUBLISHED), fit=fit, relax=False)
    study = dk.Study("beta", boundary_layer_problem("original"), method)
    profile = dk.run(dk.Campaign("noise", [study]), tmp_path)["beta"].profile
    effect = PUBLISHED[3.00] - PUBLISHED[3.20]

    assert profile.code.word == "flat_within_noise"
    assert profile.noise > 100 * effect


def test_relaxed_profile_finds_the_effect(tmp_path):
    """The same profile by least squares has the published minima to all their digits."""
    method = dk.Profile("beta", points=list(PUBLISHED), starts=16)
    study = dk.Study("beta", boundary_layer_problem("original"), method)
    profile = dk.run(dk.Campaign("effect", [study]), tmp_path)["beta"].profile

    for point in profile.points:
        assert float(f"{point.chi2:.6e}") == PUBLISHED[point.value]
    assert profile.code.word == "edge_minimum"
    assert profile.minimum == 3.20
