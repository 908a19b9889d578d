"""Intervals for expensive models: few evaluations, the same ends, and nothing lost or repeated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import daybreak as dk
from daybreak.diagnosis.claims import weigh
from daybreak.methods.direct_intervals import needed
from daybreak.methods.hamming import agreed, noise_levels
from daybreak.methods.local_model import LocalModel
from daybreak.problem.ends import crossings
from daybreak.problem.kinds import EVALUATE
from daybreak.testing import known_problems
from daybreak.verdict import read_study
from tests.studies import play, record
from tests.studies import study as read

X = np.linspace(0.0, 10.0, 300)
TRUTH = np.array([1.0, 2.0, 0.5, 0.8, 4.0, 0.6, 1.2, 6.0, 0.7, 0.6, 8.0, 0.4])
SIGMA = 0.05
NAMES = [f"{what}{i}" for i in range(4) for what in ("height", "centre", "width")]


def peaks(values, xp=np):
    """Four peaks of three parameters each, shape (300,)."""
    rows = [values[3 * i : 3 * i + 3] for i in range(4)]
    return sum(h * xp.exp(-0.5 * ((X - c) / w) ** 2) for h, c, w in rows)


SIGNAL = peaks(TRUTH) + np.random.default_rng(1).normal(0.0, SIGMA, 300)


def twelve(xp=np, chatter=0.0, seed=0):
    """Twelve parameters, 300 points, one basin, the optimum known; `seed` is of the chatter."""
    boxes = [
        dk.Parameter(name, *((v - 1, v + 1) if name.startswith("centre") else (0.1, 3)), guess=v)
        for name, v in zip(NAMES, TRUTH.tolist(), strict=True)
    ]

    def predict(p, settings):
        values = [getattr(p, name) for name in NAMES]
        if not chatter:
            return peaks(values, xp)
        place = np.frombuffer(np.array(values).tobytes(), dtype=np.uint32)
        return peaks(values) + np.random.default_rng([seed, *place]).normal(0.0, chatter, 300)

    return dk.FitProblem(boxes, predict, dk.observations(SIGNAL, SIGMA))


def decay(lower, upper, data=None, **options):
    """Amplitude and rate of a decay that 30 data hardly resolve."""
    t = np.linspace(0.0, 5.0, 30)
    signal = np.exp(-0.05 * t) + np.random.default_rng(0).normal(0, 0.1, 30)
    boxes = [dk.Parameter("a", 0, 2), dk.Parameter("k", lower, upper, **options)]
    return dk.FitProblem(
        boxes, lambda p, _: p.a * np.exp(-p.k * t), data or dk.observations(signal, 0.1)
    )


def found(problem, *names, **options):
    """The reading of a study of intervals, and how many places were evaluated."""
    method = dk.Intervals(*(names or ("all",)), **options)
    played = play(problem, method)
    tasks = [task for some, _ in played for task in some if task.kind == EVALUATE]
    return read_study(record(problem, method, played)), len({repr(task.held) for task in tasks})


def ends(study):
    """Both ends of the interval of every parameter."""
    return {
        profile.parameter: (profile.intervals[0].lower, profile.intervals[0].upper)
        for profile in study.profiles
    }


def apart(one, other):
    """How far ends are from those of another study, as a share of its interval's width."""
    assert one.keys() == other.keys()
    return {
        name: max(abs(lower - other[name][0]), abs(upper - other[name][1]))
        / (other[name][1] - other[name][0])
        for name, (lower, upper) in one.items()
    }


def check_same(one, other, share):
    """Ends agree to a share of the interval's width."""
    assert {name: by for name, by in apart(one, other).items() if by >= share} == {}


@pytest.fixture(scope="module")
def profiled():
    """Ends of all twelve profiles, from exact derivatives and bracketing on the re-fit."""
    import jax.numpy as jnp

    problem, method = twelve(jnp), dk.Profile("all", starts=1, each=1)
    return ends(read(problem, method))


# -- the bar -------------------------------------------------------------------------------------


def test_twelve_parameters(profiled):
    """All twelve intervals in fewer than 1,300 evaluations, and those of the full profiles."""
    study, evaluations = found(twelve(), starts=1)

    assert evaluations <= 500
    assert {profile.code.word for profile in study.profiles} == {"identified"}
    check_same(ends(study), profiled, 2e-3)


def test_with_chatter(profiled):
    """A model that trembles by 0.005 sigma: all 24 ends to 8 %, in nine of ten such models."""

    def is_right(seed):
        study, evaluations = found(twelve(chatter=0.005 * SIGMA, seed=seed), starts=1)
        return (
            evaluations <= 1300
            and {profile.code.word for profile in study.profiles} == {"identified"}
            and max(apart(ends(study), profiled).values()) < 0.08
        )

    assert sum(is_right(seed) for seed in range(20)) >= 18


@pytest.mark.parametrize("name", ["BoxBOD, start 1", "Misra1a, start 1", "Rat43, start 1"])
def test_certified_problems(name):
    """Curved problems of NIST: the ends are those of the full profiles."""
    plain, traced = (
        next(known for known in known_problems(backend) if known.name == name).problem
        for backend in ("numpy", "jax")
    )
    method = dk.Profile("all", starts=8)
    study, _ = found(plain, starts=8)

    check_same(ends(study), ends(read(traced, method)), 2e-3)


def test_profile_in_a_wide_box():
    """In a wide box the ends of a good and a bad basin are near each other, and are told apart.

    The upper end of Thurber's b4, beside which the box has basins with chi2 of thousands.
    """
    plain, traced = (
        next(k for k in known_problems(backend) if k.name == "Thurber, start 1").problem
        for backend in ("numpy", "jax")
    )
    method = dk.Profile("b4", starts=8)
    study, _ = found(plain, "b4", starts=8)
    full = ends(read(traced, method))

    assert full["b4"][1] == pytest.approx(76.1126, abs=2e-4)
    check_same(ends(study), full, 2e-3)


# -- noise, limits, other noise models ------------------------------------------------------------


def test_bound():
    """An interval that runs into the bound says so, and that the data do not end it."""
    study, _ = found(decay(0.03, 1))
    k = study.profile_of("k")

    assert k.code.word == "bound_limited"
    assert k.intervals[0].lower == 0.03
    assert k.intervals[0].lower_reason == "bound"
    assert k.intervals[0].upper_closed


def test_physical_limit():
    """A limit of physics ends an interval as such."""
    t = np.linspace(0.0, 5.0, 30)
    noise = np.random.default_rng(0).normal(0, 0.1, 30)
    boxes = [dk.Parameter("a", 0, 2), dk.Parameter("k", 0, 1, physical=(0, None))]
    problem = dk.FitProblem(
        boxes, lambda p, _: p.a * np.exp(-p.k * t), dk.observations(np.exp(-0.01 * t) + noise, 0.1)
    )
    study, _ = found(problem)

    assert study.profile_of("k").code.word == "one_sided"


def test_no_number_beyond():
    """Where the model gives no number an interval ends there, and is not said to be closed."""
    whole = decay(-1, 1)

    def predict(p, settings):
        return whole.predict(p, settings) if p.k > 0.03 else np.full(30, np.nan)

    problem = dk.FitProblem(whole.space.parameters, predict, whole.data)
    k = found(problem)[0].profile_of("k")

    assert k.intervals[0].lower == pytest.approx(0.03, abs=2e-3)
    assert k.intervals[0].lower_reason == "no fit"


@pytest.mark.parametrize("noise", ["unknown", "counts"])
def test_other_noise(noise):
    """Thresholds and residuals follow the noise model, as in a profile."""
    t = np.linspace(0.0, 5.0, 30)
    rng = np.random.default_rng(0)
    if noise == "unknown":
        shape = dk.Gaussian(scale="unknown")
        data = dk.observations(np.exp(-0.05 * t) + rng.normal(0, 0.1, 30), 0.02, noise=shape)
        boxes = [dk.Parameter("a", 0, 2), dk.Parameter("k", 0, 1)]
    else:
        data = dk.observations(rng.poisson(20 * np.exp(-0.5 * t)), noise=dk.Poisson())
        boxes = [dk.Parameter("a", 1, 100), dk.Parameter("k", 0, 3)]
    problem = dk.FitProblem(boxes, lambda p, _: p.a * np.exp(-p.k * t), data)
    method = dk.Profile("all", starts=4)

    check_same(ends(found(problem)[0]), ends(read(problem, method)), 2e-3)


def test_derived():
    """The interval of a derived quantity is found like that of a parameter."""
    whole = decay(0, 1)
    half_life = dk.Derived("half_life", 1, 200, of=lambda p, _: np.log(2) / p.k, unit="s")
    boxes = [*whole.space.parameters, half_life]
    problem = dk.FitProblem(boxes, whole.predict, whole.data)
    study, _ = found(problem, "k", "half_life")
    low, high = ends(study)["k"]

    assert ends(study)["half_life"] == pytest.approx((np.log(2) / high, np.log(2) / low), rel=2e-3)


# -- starts and budget ----------------------------------------------------------------------------


@pytest.mark.parametrize(("different", "starts"), [(1, 7), (2, 12), (3, 17)])
def test_needed(different, starts):
    """Boender and Rinnooy Kan: W (W + 1) / (N (N - 1)) falls below 5 %, and not before."""
    assert needed(different) == starts
    assert different * (different + 1) / (starts * (starts - 1)) < 0.05
    assert different * (different + 1) / ((starts - 1) * (starts - 2)) >= 0.05


def test_starts_stop():
    """Where all starts end in one basin seven are made, and agree."""
    study, _ = found(decay(0, 1), starts=32)

    assert study.best.hits == 7


@pytest.mark.parametrize(
    ("budget", "code"), [(5, "unfinished"), (40, "unfinished"), (400, "identified")]
)
def test_budget(budget, code):
    """A budget is kept to; what was not found for want of it is named, the order being kept."""
    study, evaluations = found(twelve(), budget=budget, starts=1)
    codes = [profile.code.word for profile in study.profiles]

    assert evaluations <= budget
    assert codes[-1] == "unfinished"
    assert codes[0] == code
    assert "larger budget" in study.profiles[-1].sentence
    claimed = weigh(study, dk.Claim(study.profiles[-1].parameter, 1.0), profile=study.profiles[-1])
    assert "before the search stopped" in claimed.sentence


def test_a_larger_budget_goes_on(tmp_path):
    """What was evaluated under a small budget is not evaluated again under a larger one."""
    asked = []
    whole = decay(0, 1)

    def predict(p, settings):
        asked.append((float(p.a), float(p.k)))
        return whole.predict(p, settings)

    problem = dk.FitProblem(whole.space.parameters, predict, whole.data)

    def night(budget):
        study = dk.Study("decay", problem, dk.Intervals("all", budget=budget))
        return dk.run(dk.Campaign("decay", [study]), tmp_path / "night", budget=0.0)["decay"]

    first = night(90)
    before = len(asked)
    second = night(None)
    places = len(set(asked))
    asked.clear()
    fresh = dk.run(
        dk.Campaign("decay", [dk.Study("decay", problem, dk.Intervals("all"))]),
        tmp_path / "other",
        budget=0.0,
    )["decay"]

    assert [profile.code.word for profile in first.profiles] != ["identified", "identified"]
    assert [profile.code.word for profile in second.profiles] == ["identified", "identified"]
    assert ends(second) == ends(fresh)
    assert before < places <= len(set(asked)) + 10  # the pilots ask a few places of their own


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((), {}, "each once"),
        (("a", "a"), {}, "each once"),
        ((3,), {}, "by the names"),
        (("a",), {"budget": 0}, "`budget >= 1`"),
        (("a",), {"starts": 0}, "`starts >= 1`"),
        (("a",), {"tolerance": 1.0}, "a rise of chi2"),
    ],
)
def test_bad_options(arguments, options, said):
    """Options out of their range are refused with the rule."""
    with pytest.raises(dk.PlanError, match=said):
        dk.Intervals(*arguments, **options)


def test_unknown_parameter():
    """A name that the problem does not have is answered with those that it has."""
    with pytest.raises(dk.PlanError, match="no interval of 'b': the free parameters are"):
        dk.Study("decay", decay(0, 1), dk.Intervals("b"))


# -- laws -----------------------------------------------------------------------------------------


@pytest.fixture
def model():
    """A local model in four parameters."""
    rng = np.random.default_rng(0)
    none, slopes = np.zeros(0), np.zeros((0, 4))
    return LocalModel(np.full(4, 0.5), rng.normal(size=9), rng.normal(size=(9, 4)), none, slopes)


def test_secant(model):
    """After a lesson the model says what was seen there, and nothing else across the step."""
    rng = np.random.default_rng(1)
    u, r = rng.uniform(size=4), rng.normal(size=9)
    taught = model.taught(u, r, np.zeros(0))
    step = u - model.u
    across = rng.normal(size=4)
    weights = step * model.lengths**2
    across -= weights * (across @ weights) / (weights @ weights)

    np.testing.assert_allclose(taught.r + taught.J @ step, r, rtol=1e-12)
    np.testing.assert_allclose(taught.J @ across, model.J @ across, rtol=1e-9)


def test_crossing(model):
    """Of a linear model the ends are those of its covariance."""
    wide = dataclasses.replace(model, J=model.J * 100.0)
    best = wide.lowest()
    sigma = np.sqrt(np.linalg.inv(wide.J.T @ wide.J)[2, 2])
    level = wide.chi2_at(best) + 4.0

    for wall, sign in ((0.0, -1), (1.0, 1)):
        assert wide.crossing(2, wall, level)[2] == pytest.approx(best[2] + sign * 2 * sigma)


def test_crossing_at_the_wall(model):
    """Where the level is not reached before it, the wall is the answer."""
    assert model.crossing(2, 0.55, 1e6)[2] == 0.55


def test_noise_is_measured():
    """Scatter is told from a smooth change, and its size is right to a quarter."""
    rng = np.random.default_rng(0)
    line = np.linspace(0, 1, 7)[:, None] * rng.normal(size=(1, 300))

    def noise(samples):
        return float(agreed(np.linalg.norm(noise_levels(samples, (3, 4, 5)), axis=1)))

    assert noise(line) < 1e-12
    assert noise(line + rng.normal(0, 0.01, (7, 300))) == pytest.approx(
        0.01 * np.sqrt(300), rel=0.25
    )


def test_level_between_marks():
    """The two points beside an end straddle the level closely, so that its chord is the end."""
    method = dk.Intervals("k")
    problem = decay(0, 1)
    study = read(problem, method)
    profile = study.profile_of("k")
    values, chi2 = zip(*profile.fitted, strict=True)
    found = crossings(values, chi2, profile.chi2_min + profile.level)

    assert len(found) == 2
    assert all(max(-c.f_inside, c.f_outside) < 0.1 * profile.level for c in found)


def test_inequality():
    """A derived quantity with a bound is an inequality, and ends what it would cross."""
    whole = decay(0, 1)
    most = dk.Derived("both", 0, 1.02, of=lambda p, _: p.a + p.k)
    problem = dk.FitProblem([*whole.space.parameters, most], whole.predict, whole.data)
    method = dk.Profile("k", starts=4)

    check_same(ends(found(problem, "k")[0]), ends(read(problem, method)), 5e-3)


def test_groups_are_compared():
    """Two groups that want different slopes are in tension, as after a polish."""
    x = np.linspace(0.0, 1.0, 20)
    rng = np.random.default_rng(0)
    values = np.concatenate([2.0 * x, 2.6 * x]) + rng.normal(0, 0.05, 40)
    data = dk.observations(values, 0.05, groups=["left"] * 20 + ["right"] * 20)
    boxes = [dk.Parameter("slope", 0, 5), dk.Parameter("bend", -3, 3)]
    problem = dk.FitProblem(
        boxes,
        lambda p, _: np.tile(p.slope * x + p.bend * x * x, 2),
        data,
        offsets=[dk.Offset("base")],
    )
    one, other = found(problem, starts=3)[0], read(problem, dk.MultiStart(starts=3))

    assert one.metrics.degrees_of_freedom == other.metrics.degrees_of_freedom
    assert len(one.tension.groups) == 2
    for mine, theirs in zip(one.tension.groups, other.tension.groups, strict=True):
        assert mine.p_value == pytest.approx(theirs.p_value, rel=0.02)
