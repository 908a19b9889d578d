"""Differential evolution where slopes mislead."""

import numpy as np
import pytest

import daybreak as dk


def staircase(p, settings):
    """A bowl cut into steps: flat almost everywhere, so that no slope points anywhere."""
    return np.array([np.floor(40.0 * p.x) / 40.0 - 0.5, np.floor(40.0 * p.y) / 40.0 + 0.25])


@pytest.fixture
def problem():
    """The staircase on [-1, 1]^2; its lowest step has chi2 = 0."""
    return dk.FitProblem(
        parameters=[dk.Parameter("x", -1, 1), dk.Parameter("y", -1, 1)],
        predict=staircase,
        observations=dk.observations([0.0, 0.0], 0.01),
    )


def test_evolution_descends_a_staircase(tmp_path, problem):
    """Where least squares is stuck on its first step, evolution reaches the lowest one."""
    evolution = dk.Evolution(seeds=(0, 1), generations=60)
    campaign = dk.Campaign(
        "stairs",
        [
            dk.Study("evolution", problem, evolution),
            dk.Study("slopes", problem, dk.MultiStart(starts=4)),
        ],
    )
    results = dk.run(campaign, tmp_path)

    assert results["evolution"].best.chi2 == 0.0
    assert results["slopes"].best.chi2 > 1.0
    assert [start.chi2 for start in results["evolution"].starts] == [0.0, 0.0]


def test_evolution_is_a_function_of_its_seed(tmp_path, problem):
    """The same seed gives the same run, bit for bit; another seed another one."""
    study = dk.Study("s", problem, dk.Evolution(seeds=(5,), generations=3, polish=False))
    one = dk.run(dk.Campaign("stairs", [study]), tmp_path / "one")["s"].best
    two = dk.run(dk.Campaign("stairs", [study]), tmp_path / "two")["s"].best
    other = dk.Study("s", problem, dk.Evolution(seeds=(6,), generations=3, polish=False))
    three = dk.run(dk.Campaign("stairs", [other]), tmp_path / "three")["s"].best

    assert one == two
    assert three.parameters != one.parameters


def test_profile_by_evolution(tmp_path, problem):
    """A profile can be made of evolution runs: every point reaches its conditional minimum."""
    method = dk.Profile("x", points=5, fit=dk.Evolution(seeds=(0, 1), generations=40))
    profile = dk.run(dk.Campaign("stairs", [dk.Study("s", problem, method)]), tmp_path)[
        "s"
    ].profile

    for point in profile.points:
        expected = ((np.floor(40.0 * point.value) / 40.0 - 0.5) / 0.01) ** 2
        assert point.chi2 == pytest.approx(expected, abs=1e-9)


def test_evolution_polishes_in_jax(tmp_path):
    """With a smooth JAX model the polish reaches the exact minimum, bounds met exactly."""
    import jax.numpy as jnp

    problem = dk.FitProblem(
        parameters=[dk.Parameter("x", 0, 1), dk.Parameter("y", 0, 1)],
        predict=lambda p, s: jnp.stack([p.x - 0.3, p.y + 0.2]),
        observations=dk.observations([0.0, 0.0], 1.0),
    )
    study = dk.Study("s", problem, dk.Evolution(seeds=(0,), generations=20))
    best = dk.run(dk.Campaign("smooth", [study]), tmp_path)["s"].best

    assert best.parameters["x"] == pytest.approx(0.3, abs=1e-9)
    assert best.parameters["y"] == 0.0
    assert best.chi2 == pytest.approx(0.04, rel=1e-12)
