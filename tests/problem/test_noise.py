"""Noise models: their squares are deviances, their draws follow them, bad data are refused."""

from __future__ import annotations

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

import daybreak as dk
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.problem.goodness import scaled_p_value
from daybreak.problem.noise.kinds import ours, restore

NOISES = [
    dk.Gaussian(),
    dk.Poisson(),
    dk.Binomial(20),
    dk.StudentT(4.0),
    dk.Censored(lower=3.0),
    dk.Censored(upper=9.0),
]
IDS = [repr(noise) for noise in NOISES]
DATA = np.array([3.0, 4.0, 7.0, 9.0, 5.0])
F = np.array([2.2, 4.0, 9.5, 8.1, 5.0 + 1e-7])
SIGMA = np.array([0.5, 1.0, 2.0, 0.7, 1.0])


def log_likelihood(noise, f, d, sigma):
    """From SciPy's distributions; at a limit the probability to lie beyond it."""
    if isinstance(noise, dk.Poisson):
        return stats.poisson.logpmf(d, f)
    if isinstance(noise, dk.Binomial):
        return stats.binom.logpmf(d, noise.trials, f / noise.trials)
    if isinstance(noise, dk.StudentT):
        return stats.t.logpdf((d - f) / sigma, noise.dof)
    if isinstance(noise, dk.Censored):
        seen = stats.norm.logpdf((d - f) / sigma)
        seen = np.where(d <= noise.lower, stats.norm.logcdf((noise.lower - f) / sigma), seen)
        return np.where(d >= noise.upper, stats.norm.logsf((noise.upper - f) / sigma), seen)
    return stats.norm.logpdf((d - f) / sigma)


def best_there_is(noise, d, sigma):
    """Log likelihood of the best prediction for a datum alone; 0 at a limit, where it is sure."""
    if isinstance(noise, dk.Censored):
        top = stats.norm.logpdf(0.0)
        return np.where((d <= noise.lower) | (d >= noise.upper), 0.0, top)
    return log_likelihood(noise, d, d, sigma)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("noise", NOISES, ids=IDS)
def test_squares_are_the_deviance(noise, xp):
    """r^2 = -2 log L + 2 log L of the best prediction, with the sign of f - d."""
    with jax.enable_x64(True):
        r = np.asarray(noise.residuals(xp.asarray(F), xp.asarray(DATA), xp.asarray(SIGMA), xp))
    expected = 2.0 * best_there_is(noise, DATA, SIGMA) - 2.0 * log_likelihood(
        noise, F, DATA, SIGMA
    )

    np.testing.assert_allclose(r**2, np.maximum(expected, 0.0), rtol=1e-9, atol=5e-12)
    limits = isinstance(noise, dk.Censored) & ((DATA <= 3.0) | (DATA >= 9.0))
    assert (np.sign(r) == np.sign(F - DATA))[~limits].all()


@pytest.mark.parametrize(
    ("noise", "d", "f"),
    [
        (dk.Poisson(), 0.0, 0.7),
        (dk.Poisson(), 0.0, 1e-9),
        (dk.Poisson(), 4.0, 4.0),
        (dk.Poisson(), 1e6, 1e6 + 3.0),
        (dk.Binomial(12), 0.0, 0.3),
        (dk.Binomial(12), 12.0, 11.0),
        (dk.Binomial(12), 6.0, 6.0),
        (dk.Binomial(1), 1.0, 0.4),
        (dk.StudentT(4), 5.0, 5.0),
        (dk.StudentT(1), 5.0, 5e8),
        (dk.Censored(lower=2), 2.0, 1.0),
        (dk.Censored(lower=2), 2.0, 40.0),
        (dk.Censored(upper=8), 8.0, -30.0),
    ],
)
def test_derivatives_where_they_are_hard(noise, d, f):
    """At f = d, without a count and far beyond a limit: finite, and those of the deviance."""
    sigma = jnp.array([1.0])

    def square(x):
        return jnp.sum(noise.residuals(x, jnp.array([d]), sigma, jnp) ** 2)

    with jax.enable_x64(True):
        slope = float(jax.grad(square)(jnp.array([f]))[0])
        step = 1e-6 * max(f, 1e-3)
        around = [float(square(jnp.array([f + s]))) for s in (-step, step)]
    by_difference = (around[1] - around[0]) / (2.0 * step)

    assert math.isfinite(slope)
    assert slope == pytest.approx(by_difference, rel=1e-4, abs=2e-4)


def test_typical_sizes():
    """Root of the count; of a fraction the binomial's, never zero."""
    assert dk.Observation(9.0, noise=dk.Poisson()).size == 3.0
    assert dk.Observation(0.0, noise=dk.Poisson()).size == 1.0
    assert dk.Observation(5.0, noise=dk.Binomial(10)).size == pytest.approx(math.sqrt(2.5))
    assert dk.Observation(0.0, noise=dk.Binomial(10)).size == pytest.approx(math.sqrt(0.475))


@pytest.mark.parametrize(
    "noise", [*NOISES, dk.Gaussian(scale="unknown"), dk.Censored(1.0, 2.0)], ids=repr
)
def test_a_record_restores_the_noise(noise):
    """Described as plain data and read again."""
    assert restore(noise.describe()) == noise
    kinds = {"Gaussian", "Poisson", "Binomial", "StudentT", "Censored", "Likelihood"}
    assert set(ours()) == kinds


@pytest.mark.parametrize("order", [(3, 3.0), (3.0, 3)])
def test_equal_options_come_back_as_they_were_written(order):
    """A record says the same whatever was restored before it: 3 and 3.0 are equal."""
    for dof in order:
        assert repr(restore({"kind": "StudentT", "dof": dof}).dof) == repr(dof)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: dk.observations([1.5], noise=dk.Poisson()), "whole numbers >= 0, but got 1.5"),
        (lambda: dk.observations([-1], noise=dk.Poisson()), "but got -1"),
        (lambda: dk.observations([5], noise=dk.Binomial(4)), "5 successes in 4 trials"),
        (lambda: dk.Binomial(0), "`trials` of binomial noise must be a whole number >= 1"),
        (lambda: dk.StudentT(0.0), "`dof > 0` and finite"),
        (dk.Censored, "one of them be finite"),
        (lambda: dk.Censored(2, 1), "`lower < upper` must hold for censored data"),
        (lambda: dk.observations([0.5], 1.0, noise=dk.Censored(1)), "give the limit itself"),
        (lambda: dk.observations([1], 1.0, noise=dk.Poisson()), "takes neither `sigma` nor"),
        (lambda: dk.observations([1]), "needs the measurement uncertainties"),
        (lambda: dk.observations([1], 1.0, noise="poisson"), "`noise` must be one of"),
        (lambda: dk.observations([1, 2], noise=[dk.Poisson()]), "must match the 2 values"),
        (lambda: dk.Gaussian(scale="?"), "'known' or 'unknown'"),
        (lambda: dk.observations([1, 2], 1.0, covariance=np.eye(2)), "says all about the noise"),
        (lambda: dk.observations([1, 2], covariance=np.eye(3)), "must have shape (2, 2)"),
        (lambda: dk.observations([1, 2], covariance=[[1, 0.2], [0, 1]]), "symmetric"),
        (lambda: dk.observations([1, 2], covariance=np.ones((2, 2))), "positive definite"),
        (lambda: dk.Normal(1.0, 0.0), "`sigma > 0`, but got (mean=1.0, sigma=0.0)"),
        (lambda: dk.LogNormal(-1.0, 0.1), "`median > 0` must hold"),
        (lambda: dk.Parameter("k", 0, 1, prior=1.0), "must be dk.Normal(mean, sigma)"),
        (lambda: dk.ScaleFactor("S", prior=dk.LogNormal(1, 0.1)), "make it a parameter"),
    ],
)
def test_bad_input_is_told(make, said):
    """A sentence with the rule, the values and the next move."""
    with pytest.raises(dk.ProblemError, match=re.escape(said)):
        make()


# -- whole problems ----------------------------------------------------------------------------

X = np.linspace(0.0, 1.0, 12)
Y = 1.0 + 2.0 * X + np.random.default_rng(1).normal(0.0, 0.1, 12)


def straight(data, xp=np, **more):
    """A line through the data."""
    return dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)],
        lambda p, _: p.a + p.b * xp.asarray(X),
        data,
        **more,
    )


def chi2(problem, **values):
    """Sum of squares at a point."""
    evaluator, cells = cells_of(problem, [values], {})
    return float(np.sum(evaluator.residuals(np.full((1, 2), 0.5), cells) ** 2))


def test_an_unknown_size_is_a_likelihood():
    """chi2 is -2 log L with the best common size, up to the constant its docstring states."""
    problem = straight(dk.observations(Y, noise=dk.Gaussian(scale="unknown")))

    def expected(a, b):
        z = a + b * X - Y
        return -2.0 * np.sum(stats.norm.logpdf(z, scale=np.sqrt(np.mean(z**2))))

    here, there = (1.0, 2.0), (0.5, 2.5)
    found = chi2(problem, a=here[0], b=here[1]) - chi2(problem, a=there[0], b=there[1])
    assert found == pytest.approx(expected(*here) - expected(*there), rel=1e-12)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_unknown_size_intervals_are_students(tmp_path, xp):
    """The 95 % interval of a slope with unknown noise is the textbook's t interval."""
    problem = straight(dk.observations(Y, noise=dk.Gaussian(scale="unknown")), xp)
    study = dk.Study("s", problem, dk.Profile("b", points=9, starts=2))
    found = dk.run(dk.Campaign("c", [study]), tmp_path)["s"]
    line = stats.linregress(X, Y)
    half = stats.t.ppf(0.975, 10) * line.stderr

    (interval,) = found.profile.intervals
    np.testing.assert_allclose(
        [interval.lower, interval.upper], [line.slope - half, line.slope + half], rtol=1e-5
    )
    assert found.metrics.p_value is None
    k, n = 3, 12  # the size of the noise is fitted too
    assert found.metrics.aicc == pytest.approx(found.metrics.aic + 2 * k * (k + 1) / (n - k - 1))


def test_a_count_has_its_likelihood_interval(tmp_path):
    """One Poisson count of 3: all rates with 2 (f - 3 - 3 log(f / 3)) <= 3.8415."""
    problem = dk.FitProblem(
        [dk.Parameter("rate", 0.01, 20)],
        lambda p, _: p.rate * np.ones(1),
        dk.observations([3], noise=dk.Poisson()),
    )
    study = dk.Study("s", problem, dk.Profile("rate", points=15))
    (found,) = dk.run(dk.Campaign("c", [study]), tmp_path)["s"].profile.intervals

    def rise(f):
        return 2.0 * (f - 3.0 - 3.0 * math.log(f / 3.0)) - stats.chi2.ppf(0.95, 1)

    ends = [optimize.brentq(rise, 0.1, 3.0), optimize.brentq(rise, 3.0, 20.0)]
    np.testing.assert_allclose([found.lower, found.upper], ends, rtol=1e-5)


def test_covariance_is_the_textbooks_chi2():
    """(f - d)^T C^-1 (f - d)."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(12, 12)) / 12
    square = root @ root.T + 0.01 * np.eye(12)
    problem = straight(dk.observations(Y, covariance=square))
    z = 1.0 + 2.0 * X - Y

    assert chi2(problem, a=1.0, b=2.0) == pytest.approx(z @ np.linalg.solve(square, z), rel=1e-10)


def test_a_shared_normalisation_is_a_covariance_of_the_predictions():
    """Eliminating it gives diag(sigma^2) + delta^2 f f^T with the predictions f."""
    data, delta = dk.observations(Y, 0.1), 0.05
    problem = straight(data, scale_factors=[dk.ScaleFactor("N", prior=dk.Normal(1.0, delta))])
    f = 1.0 + 2.2 * X
    square = 0.01 * np.eye(12) + delta**2 * np.outer(f, f)

    expected = (f - Y) @ np.linalg.solve(square, f - Y)
    assert chi2(problem, a=1.0, b=2.2) == pytest.approx(expected, rel=1e-10)


def test_peelles_puzzle():
    """Two measurements, 8.0 and 8.5 at 2 %, share 10 %: the answer lies between them."""
    data = dk.observations([8.0, 8.5], [0.16, 0.17])
    problem = dk.FitProblem(
        [dk.Parameter("y", 1, 20)],
        lambda p, _: p.y * np.ones(2),
        data,
        scale_factors=[dk.ScaleFactor("N", prior=dk.Normal(1.0, 0.1))],
    )

    def at(y):
        evaluator, cells = cells_of(problem, [{"y": y}], {})
        return float(np.sum(evaluator.residuals(np.full((1, 1), 0.5), cells) ** 2))

    best = optimize.minimize_scalar(at, bounds=(5, 12), method="bounded").x
    assert 8.0 < best < 8.5
    square = np.diag([0.16**2, 0.17**2]) + 0.01 * np.outer([8.0, 8.5], [8.0, 8.5])
    weights = np.linalg.solve(square, np.ones(2))
    assert weights @ [8.0, 8.5] / weights.sum() < 8.0  # what the data's own covariance would give


def test_priors_are_pulls():
    """Added to chi2 as one more observation, named and described; a logarithm for a factor."""
    plain = straight(dk.observations(Y, 0.1))
    problem = dk.FitProblem(
        [
            dk.Parameter("a", -5, 5, prior=dk.Normal(0.8, 0.1)),
            dk.Parameter("b", 0.1, 5, prior=dk.LogNormal(1.0, 0.5)),
        ],
        lambda p, _: p.a + p.b * X,
        dk.observations(Y, 0.1),
    )
    pulls = ((1.0 - 0.8) / 0.1) ** 2 + (math.log(2.0) / 0.5) ** 2

    assert chi2(problem, a=1.0, b=2.0) == pytest.approx(chi2(plain, a=1.0, b=2.0) + pulls)
    names = [datum["name"] for datum in problem.describe()["observations"]]
    assert names[-2:] == ["prior of a", "prior of b"]
    assert problem.describe()["parameters"][0]["prior"]["kind"] == "Normal"


def test_the_criterion_reads_the_p_value_of_the_noise(tmp_path):
    """Of few counts the plain chi2 distribution is wrong; the bar is put to the right one."""
    counts = np.random.default_rng(5).poisson(0.4, 60)
    problem = dk.FitProblem(
        [dk.Parameter("rate", 0.01, 5)],
        lambda p, _: p.rate * np.ones(60),
        dk.observations(counts, noise=dk.Poisson()),
    )
    bar = [dk.Criterion("p_value", at_least=0.01)]
    study = dk.Study("s", problem, dk.MultiStart(starts=2), bar)
    results = dk.run(dk.Campaign("c", [study]), tmp_path)
    (foreseen,) = results.summary.examinations[0].reachability
    found = results["s"]
    plain = stats.chi2.sf(found.best.chi2, 59)

    assert found.outcomes[0].value == found.metrics.p_value
    assert abs(found.metrics.p_value - plain) > 0.05
    assert 0.05 < found.metrics.p_value < 0.99
    assert foreseen.met
    # The bar on chi2 is where the p value would be 0.01, and that is not the plain one.
    assert found.best.chi2 < foreseen.bar
    assert abs(foreseen.bar - stats.chi2.isf(0.01, 59)) > 1.0


def test_counts_that_no_rate_explains_are_out_of_reach():
    """Preflight says so before the night, for counts as for anything else."""
    counts = [0, 9, 0, 12, 1, 11, 0, 10]
    problem = dk.FitProblem(
        [dk.Parameter("rate", 0.1, 50)],
        lambda p, _: p.rate * np.ones(8),
        dk.observations(counts, noise=dk.Poisson()),
    )
    study = dk.Study("s", problem, dk.MultiStart(2), [dk.Criterion("p_value", at_least=0.01)])
    found = dk.preflight(dk.Campaign("c", [study])).studies[0]

    assert not found.reachability[0].met
    assert found.findings[0].code.word == "out_of_reach"
    assert found.findings[0].severity == "stop"


# -- any density ----------------------------------------------------------------------------------

SHAPE = 3.0


def gamma(xp=np, **options):
    """Noise of a gamma distribution, whose width grows with its mean."""
    return dk.Likelihood(
        "gamma", minus_log=lambda f, d, sigma: SHAPE * (xp.log(f) + d / f), **options
    )


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_any_density_has_its_likelihood_interval(tmp_path, xp):
    """Both ends of a profile with gamma noise are those of SciPy's distribution."""
    t = np.linspace(0.0, 4.0, 60)
    data = np.random.default_rng(3).gamma(SHAPE, 5.0 * np.exp(-0.6 * t) / SHAPE)
    problem = dk.FitProblem(
        [dk.Parameter("a", 0.1, 50, scale="log"), dk.Parameter("r", 0.01, 5, scale="log")],
        lambda p, _: p.a * xp.exp(-p.r * t),
        dk.observations(data, 0.5 * data, noise=gamma(xp)),
    )
    study = dk.Study("gamma", problem, dk.Profile("r", starts=3, each=1))
    read = dk.run(dk.Campaign("gamma", [study]), tmp_path / "night", budget=0.0)["gamma"]

    def twice(log_a, r):
        means = np.exp(log_a - r * t)
        return -2.0 * stats.gamma.logpdf(data, SHAPE, scale=means / SHAPE).sum()

    def profile(r):
        inner = {"bounds": (-3.0, 5.0), "method": "bounded", "options": {"xatol": 1e-10}}
        return optimize.minimize_scalar(lambda a: twice(a, r), **inner).fun

    best = optimize.minimize_scalar(profile, bounds=(0.1, 2.0), method="bounded")
    ends = [
        optimize.brentq(lambda r: profile(r) - best.fun - 3.841458820694124, *sorted((best.x, r)))
        for r in (0.2, 1.5)
    ]
    (interval,) = read.profile.intervals

    assert [interval.lower, interval.upper] == pytest.approx(ends, rel=1e-6)
    assert read.metrics.p_value is None
    assert "gamma" in read.metrics.statistic


def test_a_density_is_read_back_by_name():
    """A record keeps the name; what needs the density says that it is missing."""
    back = restore(gamma().describe())

    assert back.title == gamma().title
    with pytest.raises(dk.ProblemError, match="read back from a record"):
        back.residuals(F, DATA, SIGMA, np)


def test_a_density_that_is_least_elsewhere_is_refused():
    """-log L must be least where `best` says; with the right place it is taken."""

    def exponential(f, d, sigma):
        return np.log(f) + (d / f) ** 2

    best = {"best": lambda d, sigma: np.sqrt(2.0) * d}
    with pytest.raises(dk.ProblemError, match="must be least at `best`"):
        dk.observations([2.0], 1.0, noise=dk.Likelihood("odd", exponential))
    assert len(dk.observations([2.0], 1.0, noise=dk.Likelihood("odd", exponential, **best))) == 1


def test_a_density_without_a_way_to_draw():
    """Simulated data need `sample`; without it the message says so, with it they follow it."""
    rng = np.random.default_rng(0)
    drawn = gamma(sample=lambda rng, f, sigma: rng.gamma(SHAPE, f / SHAPE)).draw(rng, F, SIGMA)

    assert drawn.shape == F.shape
    with pytest.raises(dk.ProblemError, match="give it sample="):
        gamma().draw(rng, F, SIGMA)
    with pytest.raises(dk.ProblemError, match="needs its density"):
        dk.observations([2.0], 1.0, noise=dk.Likelihood("none"))


@pytest.mark.parametrize(("noise", "f"), [(dk.Poisson(), 0.0), (dk.Binomial(5), 0.0)])
def test_where_no_count_is_expected_nothing_is_tested(noise, f):
    """The deviance of what cannot come out otherwise has no mean, no scatter and no p value."""
    assert noise.moments(f, 0.0, 1.0) == (0.0, 0.0)
    assert dk.Binomial(5).moments(5.0, 5.0, 1.0) == (0.0, 0.0)
    mean, variance = (8 * part for part in noise.moments(1e-6, 0.0, 1.0))
    assert scaled_p_value(8 * 2e-6, mean, variance) is None
