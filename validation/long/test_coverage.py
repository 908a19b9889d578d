"""Intervals hold what they say: 95 % of a thousand simulated data sets, for every noise model.

And what the wrong noise costs, against closed forms: with z = 1.96 and a ratio q of the assumed to
the real standard error, a nominal 95 % interval covers erf(q z / sqrt(2)).
"""

import math

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.calibration import ratios
from daybreak.problem.ends import LEVEL_95
from daybreak.problem.precision import double_precision
from validation.coverage import settings_of, standard, weighed

Z = 1.959964
N = 1000


@pytest.mark.parametrize("name", standard())
def test_coverage_is_nominal(name):
    """Both parameters, within 2 % of 95 %."""
    problem, truth = standard()[name]
    studies = [dk.Study(one, problem, dk.Profile(one, points=5, starts=2)) for one in ("a", "b")]
    found = dk.rehearse(dk.Campaign("c", studies), truth, nights=1, simulations=N)

    for study in found.under_truth.studies:
        (one,) = study.calibrations
        print(name, one.sentence)
        assert one.coverage.nights >= 0.99 * N
        assert abs(one.coverage.share - 0.95) < 0.02, one.sentence
        assert one.code.word == "healthy"


def covered(problem, draws, truth):
    """Share of data sets whose 95 % interval of the constant holds the truth."""
    with double_precision():
        data = settings_of(draws)
        found = ratios(problem, problem.settings, "a", {"a": truth}, data, LEVEL_95, seed=0)
    return found.held / len(found.known)


def test_roots_of_counts_never_hold():
    """sqrt(N) on counts near 5 pulls the mean down by about one count: 400 of them never hold."""
    draws = np.random.default_rng(0).poisson(5.0, (N, 400)).astype(float)
    share = covered(weighed(400, lambda _, d: jnp.sqrt(jnp.maximum(d, 1.0))), draws, 5.0)

    assert share == 0.0


def test_an_ignored_normalisation():
    """A shared 1 % beside 100 data of 1.17 %: 18 %."""
    rng = np.random.default_rng(0)
    own, shared = 0.0117 * 5.0, 0.01
    draws = 5.0 * (1.0 + shared * rng.normal(size=(N, 1))) + own * rng.normal(size=(N, 100))
    share = covered(weighed(100, lambda *_: own), draws, 5.0)
    error = own / 10.0
    q = error / math.hypot(error, 5.0 * shared)

    assert math.erf(q * Z / math.sqrt(2)) == pytest.approx(0.18, abs=0.005)
    assert share == pytest.approx(math.erf(q * Z / math.sqrt(2)), abs=0.04)


def test_sigma_assumed_half():
    """Half the true size: 67 %."""
    draws = 5.0 + 0.4 * np.random.default_rng(0).normal(size=(N, 20))
    share = covered(weighed(20, lambda *_: 0.2), draws, 5.0)

    assert share == pytest.approx(math.erf(0.5 * Z / math.sqrt(2)), abs=0.045)


def test_wilks_fails_where_a_place_is_unknown():
    """A bump of unknown place and no height: the best of many places is no chi2 with one degree.

    Davies (1977), Biometrika 64, 247: the place means nothing where the height is zero.
    """
    x = np.linspace(0.0, 1.0, 40)
    problem = dk.FitProblem(
        [dk.Parameter("height", -5, 5), dk.Parameter("place", 0, 1)],
        lambda p, _: p.height * jnp.exp(-0.5 * ((jnp.asarray(x) - p.place) / 0.05) ** 2),
        dk.observations(np.zeros(40), 1.0),
    )
    study = dk.Study("s", problem, dk.Profile("height", points=5, starts=2))
    truth = {"height": 0.0, "place": 0.5}
    found = dk.rehearse(dk.Campaign("c", [study]), truth, nights=1, simulations=N)

    (one,) = found.under_truth.studies[0].calibrations
    print(one.sentence)
    assert one.code.word == "wilks_fails"
    assert one.coverage.share < 0.9
    assert one.needed > LEVEL_95
    assert "the set is too short" in one.sentence
