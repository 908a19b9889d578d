"""The scaling law: found where there is one, and nowhere else."""

import io

import numpy as np
import pytest

import daybreak as dk
from daybreak.models.forecasting.power_law import line
from daybreak.models.forecasting.scaling import (
    bootstrap,
    exponent,
    fit,
    held_out,
    scaling_problem,
    told,
)

SIZES = np.repeat([3e3, 3e4, 3e5], 2) * np.tile([0.9, 1.1], 3)
CENTRE = np.exp(np.mean(np.log(SIZES)))
RNG = np.random.default_rng(1)


def law(floor, a, alpha):
    """Losses of a law, shape (6,)."""
    return floor + a * (SIZES / CENTRE) ** -alpha


@pytest.mark.parametrize("alpha", [-0.4, -0.1, 0.076, 0.3])
def test_an_exact_law(alpha):
    """Floor, factor and exponent of an exact law, to the spacing of the scan."""
    found = fit(SIZES, law(0.3, 0.1, alpha))

    assert found[2] == pytest.approx(alpha, abs=0.0026)
    assert found[1] == pytest.approx(0.1, rel=0.1)


def test_no_dependence_has_no_exponent():
    """A constant is not a power."""
    assert np.isnan(exponent(SIZES, np.full(6, 0.4)))


def test_the_profile_finds_the_exponent(tmp_path):
    """Daybreak's own profile has the true exponent inside its interval, and 0 outside."""
    losses = law(0.3, 0.1, 0.3) + 0.001 * RNG.normal(size=6)
    problem = scaling_problem(SIZES, losses, np.full(6, 0.001))
    study = dk.Study("law", problem, dk.Profile("alpha", points=25, starts=8))
    found = dk.run(dk.Campaign("law", [study]), tmp_path, progress=io.StringIO())
    (part,) = found["law"].profile.intervals

    assert part.lower < 0.3 < part.upper
    assert part.lower > 0


def days(alpha, noise, shared):
    """Losses of every day, shape (6, 3 seeds, 400 days): a law, seeds, and days alike for all."""
    level = law(0.3, 0.1, alpha)[:, None, None]
    mood = shared * np.repeat(RNG.normal(size=20), 20)
    return level + noise * RNG.normal(size=(6, 3, 1)) + mood


def test_a_law_is_detected():
    """The interval of a clear law holds its exponent and not 0, whatever all share day by day."""
    found, positive = bootstrap(SIZES, days(0.3, 0.0005, 0.2), draws=200)

    assert found.low < 0.3 < found.high
    assert positive > 0.99
    assert told(found, positive).startswith("The loss falls with size: alpha = 0.")


def test_noise_is_no_law():
    """Networks that differ by their seeds alone give an interval that holds 0."""
    losses = 0.4 + 0.01 * RNG.normal(size=(6, 5, 1)) + 0.05 * RNG.normal(size=(6, 5, 300))
    found, positive = bootstrap(SIZES, losses, draws=200)

    assert told(found, positive).startswith("No detectable scaling: alpha = ")


def test_held_out_networks():
    """A law foretells the network left out better than a constant; of noise it does not."""
    errors = np.full(6, 0.002)

    assert held_out(SIZES, law(0.3, 0.1, 0.3), errors) > 10
    assert held_out(SIZES, 0.4 + 0.002 * RNG.normal(size=6), errors) < 3


def test_refusals():
    """Too few points, and losses that have no logarithm."""
    with pytest.raises(dk.ProblemError, match="at least three positive"):
        line([1e3, 1e4], [0.4, 0.3])
    with pytest.raises(dk.ProblemError, match="at least three positive"):
        line([1e3, 1e4, 1e5], [0.4, 0.3, -0.1])
    with pytest.raises(dk.ProblemError, match="three distinct sizes"):
        scaling_problem([1e3, 1e3, 1e4], [0.4, 0.4, 0.3], [0.1, 0.1, 0.1])
