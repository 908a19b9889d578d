"""Bad declarations and predictions: each is refused with the rule, the values, the next move."""

from __future__ import annotations

import io
import math
import subprocess
import sys

import numpy as np
import pytest

import daybreak as dk
from daybreak.errors import PredictionError
from tests.waiting import HANG

TIME = np.arange(4.0)
DATA = dk.observations([1.0, 2.1, 2.9, 4.2], 0.1)
BOX = [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)]


def line(p, settings):
    """A straight line, shape (4,); NumPy's, so that nothing is compiled."""
    return np.add(p.a, p.b * TIME)


def problem(**changes):
    """The straight line, with some of its declarations replaced."""
    usual = {"parameters": BOX, "predict": line, "observations": DATA}
    return dk.FitProblem(**{**usual, **changes})


def study(*criteria, method=None, name="fit", settings=None, **changes):
    """A study of the line."""
    way = dk.MultiStart(4) if method is None else method
    return dk.Study(name, problem(**changes), way, criteria, settings=settings or {})


def sweep(over, **changes):
    """A campaign that sweeps the line over a setting."""
    swept = problem(settings={"k": 1.0})
    return dk.Campaign("line", [dk.Sweep("k", swept, dk.MultiStart(4), over, **changes)])


def decided(*rows):
    """A campaign with a decision table."""
    return dk.Campaign("line", [study()], decisions=list(rows))


def scaled(*factors, offsets=()):
    """The line with scale factors and offsets."""
    return problem(scale_factors=factors, offsets=offsets)


PARAMETERS = {
    "bounds reversed": (lambda: dk.Parameter("k", 2, 1), ["`lower < upper`", "'k'", "lower=2"]),
    "bounds equal": (lambda: dk.Parameter("k", 1, 1), ["`lower < upper`", "'k'", "fixed=1"]),
    "bound infinite": (lambda: dk.Parameter("k", 0, math.inf), ["finite", "'k'", "upper=inf"]),
    "bound NaN": (lambda: dk.Parameter("k", math.nan, 1), ["finite", "'k'", "lower=nan"]),
    "bound a text": (lambda: dk.Parameter("k", "0", 1), ["finite numbers", "'k'", "lower='0'"]),
    "log from zero": (
        lambda: dk.Parameter("k", 0, 1, scale="log"),
        ["log scale", "`lower > 0`", "'k'", "lower=0", "linear scale"],
    ),
    "log from below zero": (lambda: dk.Parameter("k", -1, 1, scale="log"), ["`lower > 0`"]),
    "scale unknown": (lambda: dk.Parameter("k", 1, 2, scale="ln"), ["'linear' or 'log'", "'ln'"]),
    "guess outside": (lambda: dk.Parameter("k", 0, 1, guess=2), ["guess of 'k'", "[0, 1]", "2"]),
    "guess NaN": (lambda: dk.Parameter("k", 0, 1, guess=math.nan), ["guess of 'k'", "nan"]),
    "fixed outside": (lambda: dk.Parameter("k", 0, 1, fixed=-1), ["fixed value of 'k'", "-1"]),
    "name with a space": (lambda: dk.Parameter("k 1", 0, 1), ["identifier", "'k 1'"]),
    "name empty": (lambda: dk.Parameter("", 0, 1), ["identifier", "''"]),
    "name a keyword": (lambda: dk.Parameter("lambda", 0, 1), ["keyword", "'lambda'"]),
    "name private": (lambda: dk.Parameter("_k", 0, 1), ["underscore", "'_k'"]),
    "name a number": (lambda: dk.Parameter(3, 0, 1), ["identifier", "3"]),
    "names repeat": (
        lambda: problem(parameters=[dk.Parameter("a", 0, 1)] * 2),
        ["unique", "repeat", "'a'"],
    ),
    "no parameters": (lambda: problem(parameters=[]), ["at least one parameter"]),
    "not parameters": (lambda: problem(parameters=["a"]), ["dk.Parameter", "'a'"]),
    "all fixed": (
        lambda: problem(parameters=[dk.Parameter("a", 0, 1, fixed=0.5)]),
        ["every parameter is fixed", "at least one free"],
    ),
}

OBSERVATIONS = {
    "none": (lambda: dk.observations([], []), ["at least one observation"]),
    "none by name": (lambda: problem(observations={}), ["at least one observation"]),
    "sigma zero": (lambda: dk.observations([1, 2], [1, 0]), ["'y[1]'", "`sigma > 0`", "=0.0"]),
    "sigma negative": (lambda: dk.Observation(1, -2), ["`sigma > 0`", "sigma=-2"]),
    "sigma NaN": (lambda: dk.observations([1], math.nan), ["'y[0]'", "`sigma > 0`", "nan"]),
    "sigma infinite": (lambda: dk.Observation(1, math.inf), ["finite", "sigma=inf"]),
    "sigma missing": (lambda: dk.observations([1, 2]), ["needs the measurement uncertainties"]),
    "model negative": (lambda: dk.Observation(1, 1, model=-1), ["`model >= 0`", "model=-1"]),
    "value NaN": (lambda: dk.observations([1, math.nan], 1), ["'y[1]'", "finite", "leave"]),
    "values a text": (lambda: dk.observations(["x"], 1), ["array of numbers", "'x'"]),
    "shapes differ": (lambda: dk.observations([1, 2], [1, 2, 3]), ["shape", "(2,)", "(3,)"]),
    "values a matrix": (lambda: dk.observations([[1, 2]], 1), ["(n,)", "(1, 2)", "flatten"]),
    "names too few": (lambda: dk.observations([1, 2], 1, names=["m"]), ["2 values", "1"]),
    "names repeat": (lambda: dk.observations([1, 2], 1, names=["m", "m"]), ["repeat", "'m'"]),
    "a bare list": (lambda: problem(observations=[1, 2, 3, 4]), ["dk.observations", "[1, 2"]),
    "bare numbers": (lambda: problem(observations={"m": 3}), ["dk.Observation", "{'m': 3}"]),
}

FACTORS = {
    "over nothing": (lambda: dk.ScaleFactor("S", over=[]), ["'S'", "no observation", "leave"]),
    "over a bare name": (lambda: dk.Offset("B", over="y[0]"), ["'B'", "over=['y[0]']"]),
    "over an unknown": (
        lambda: scaled(dk.ScaleFactor("S", over=["zz"])),
        ["'S'", "'zz'", "'y[0]', 'y[1]'"],
    ),
    "two share": (
        lambda: scaled(dk.ScaleFactor("S", over=["y[1]"]), dk.ScaleFactor("T")),
        ["'S' and 'T'", "'y[1]'", "only one"],
    ),
    "overlap": (
        lambda: scaled(
            dk.ScaleFactor("S", over=["y[0]", "y[1]"]),
            offsets=[dk.Offset("B", over=["y[1]", "y[2]"])],
        ),
        ["a scale factor and an offset", "'y[1]'"],
    ),
    "both over one": (
        lambda: scaled(
            dk.ScaleFactor("S", over=["y[0]"]), offsets=[dk.Offset("B", over=["y[0]"])]
        ),
        ["'S'", "'B'", "'y[0]' alone", "leave one out"],
    ),
    "range reversed": (lambda: dk.ScaleFactor("S", lower=2, upper=1), ["'S'", "lower=2"]),
    "name of a parameter": (lambda: scaled(dk.ScaleFactor("a")), ["share names", "'a'"]),
}

PLANS = {
    "profile of an unknown": (lambda: study(method=dk.Profile("zz")), ["'zz'", "'a', 'b'"]),
    "points unsorted": (lambda: dk.Profile("a", points=[1, 3, 2]), ["increasing", "[1.0, 3.0"]),
    "points too few": (lambda: dk.Profile("a", points=[1, 2]), ["at least three", "[1.0, 2.0]"]),
    "two points": (lambda: dk.Profile("a", points=2), ["`points >= 3`", "points=2"]),
    "points outside": (
        lambda: study(method=dk.Profile("a", points=[1, 2, 30])),
        ["[-5, 5]", "'a'", "[30.0]"],
    ),
    "setting unknown": (lambda: study(settings={"q": 1}), ["'q'", "settings are none"]),
    "setting not a number": (lambda: problem(settings={"k": math.nan}), ["'k'", "finite", "nan"]),
    "setting a list": (lambda: problem(settings={"k": [1, 2]}), ["'k'", "[1, 2]", "`predict`"]),
    "setting with a bad name": (lambda: problem(settings={"k 1": 1}), ["identifier", "'k 1'"]),
    "static unknown": (lambda: problem(static=["n"]), ["'n'", "settings are none"]),
    "study names repeat": (
        lambda: dk.Campaign("line", [study(), study()]),
        ["unique", "repeat", "'fit'", "rename"],
    ),
    "sweep names repeat": (
        lambda: sweep([{"k": 1.0}, {"k": 1.0000001}]),
        ["unique", "'k k=1'", "`names`"],
    ),
    "sweep over nothing": (lambda: sweep([]), ["sweep 'k'", "no settings"]),
    "sweep over one value": (lambda: sweep({"k": 3.0}), ["sweep 'k'", "'k'", "[3.0]"]),
    "sweep over a text": (lambda: sweep({"k": "exact"}), ["list of values", "['exact']"]),
    "sweep of an unknown": (lambda: sweep({"q": [1.0]}), ["'q'", "'k'"]),
    "sweep names too many": (lambda: sweep({"k": [1.0]}, names=["x", "y"]), ["1 settings", "2"]),
    "study without a name": (lambda: study(name=" "), ["name"]),
    "campaign without studies": (lambda: dk.Campaign("line", []), ["'line'", "no studies"]),
    "campaign named a path": (lambda: dk.Campaign("a/b", [study()]), ["directory", "'a/b'"]),
    "campaign named ..": (lambda: dk.Campaign("..", [study()]), ["directory", "'..'"]),
    "rule unknown": (
        lambda: dk.Campaign("line", [study()], rule="most"),
        ["'all' or 'any'", "'most'"],
    ),
}

CRITERIA = {
    "quantity unknown": (lambda: study(dk.Criterion("chi3", below=1)), ["'chi3'", "'chi2'"]),
    "of unknown": (
        lambda: study(dk.Criterion("n_at_bounds", of="zz", at_most=0)),
        ["'zz'", "'a', 'b'"],
    ),
    "of what has none": (lambda: dk.Criterion("chi2", of="a", below=1), ["'chi2'", "`of=`"]),
    "no of": (lambda: dk.Criterion("identified"), ["'identified'", "`of=`"]),
    "no bar": (lambda: dk.Criterion("chi2"), ["'chi2'", "no bar", "`at_least`"]),
    "bar NaN": (lambda: dk.Criterion("chi2", below=math.nan), ["'chi2'", "finite", "nan"]),
    "bar infinite": (lambda: dk.Criterion("chi2", below=math.inf), ["'chi2'", "finite", "inf"]),
    "bars exclude all": (lambda: dk.Criterion("chi2", above=1, below=1), ["> 1 and < 1"]),
    "level unknown": (lambda: dk.Criterion("chi2", below=1, level="x"), ["'hard'", "'x'"]),
    "identified without a profile": (
        lambda: study(dk.Criterion("identified", of="a")),
        ["profile of 'a'", "multistart"],
    ),
    "identified by another profile": (
        lambda: study(dk.Criterion("identified", of="a"), method=dk.Profile("b")),
        ["profile of 'a'", "profile of 'b'", "dk.Profile('a')"],
    ),
    "table without otherwise": (
        lambda: decided(dk.Decision("go", "Go.", when=dk.Condition(verdict="PASS"))),
        ["last row", "otherwise"],
    ),
    "otherwise too early": (
        lambda: decided(dk.Decision("go", "Go."), dk.Decision("stop", "Stop.")),
        ["last row"],
    ),
    "condition on nothing": (dk.Condition, ["exactly one"]),
    "condition on an unknown verdict": (lambda: dk.Condition(verdict="OK"), ["'PASS'", "'OK'"]),
    "condition without a value": (lambda: dk.Condition(quantity="chi2"), ["`below` or `above`"]),
    "condition that never holds": (
        lambda: dk.Condition(verdict="FAIL", at_most=0),
        ["at_least=1", "at_most=0"],
    ),
    "condition on an unknown quantity": (
        lambda: decided(
            dk.Decision("go", "Go.", when=dk.Condition(quantity="zz", below=1)),
            dk.Decision("stop", "Stop."),
        ),
        ["'go'", "'zz'", "'a', 'b'"],
    ),
}


def cases(table):
    """The rows of a table as parameters of a test."""
    return [pytest.param(make, words, id=name) for name, (make, words) in table.items()]


@pytest.mark.parametrize(("make", "words"), cases(PARAMETERS))
def test_parameters(make, words):
    """A parameter that cannot mean anything is refused with the rule and the values."""
    with pytest.raises(dk.ProblemError) as caught:
        make()
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(("make", "words"), cases(OBSERVATIONS))
def test_observations(make, words):
    """Data that cannot weigh a residual are refused, and the datum is named."""
    with pytest.raises(dk.ProblemError) as caught:
        make()
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(("make", "words"), cases(FACTORS))
def test_scale_factors(make, words):
    """A scale factor or offset that nothing can determine is refused, and both sides named."""
    with pytest.raises(dk.ProblemError) as caught:
        make()
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(("make", "words"), cases(PLANS))
def test_plans(make, words):
    """A plan that cannot be carried out is refused, and what is known is listed."""
    with pytest.raises((dk.PlanError, dk.ProblemError)) as caught:
        make()
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(("make", "words"), cases(CRITERIA))
def test_criteria(make, words):
    """A criterion or decision that could never be judged is refused before the night."""
    with pytest.raises(dk.PlanError) as caught:
        make()
    assert [word for word in words if word not in str(caught.value)] == []


NAMED = {"m": dk.Observation(1.0, 0.1), "n": dk.Observation(2.0, 0.1)}


def raising(p, settings):
    """Look up what is not there."""
    return {}["mass"]


NUMPY = {
    "too short": (DATA, lambda p, s: np.zeros(3), ["shape (4,)", "shape (3,)"]),
    "a column": (DATA, lambda p, s: np.zeros((4, 1)), ["shape (4,)", "shape (4, 1)"]),
    "one number": (DATA, lambda p, s: p.a, ["shape (4,)", "shape ()"]),
    "a mapping": (DATA, lambda p, s: {"m": p.a}, ["shape (4,)", "a mapping"]),
    "an array": (NAMED, lambda p, s: np.zeros(2), ["a mapping with 'm', 'n'", "shape (2,)"]),
    "a name missing": (NAMED, lambda p, s: {"m": p.a}, ["no value for 'n'", "returned 'm'"]),
    "a name wrong": (
        NAMED,
        lambda p, s: {"m": p.a, "n": p.a, "o": p.b},
        ["'o'", "observations are 'm', 'n'"],
    ),
    "a number with a shape": (
        NAMED,
        lambda p, s: {"m": p.a, "n": np.ones(1)},
        ["one number for 'n'", "(1,)"],
    ),
    "complex": (DATA, lambda p, s: line(p, s) * 1j, ["complex128", "real part or modulus"]),
    "float32": (DATA, lambda p, s: line(p, s).astype("f4"), ["float32", "7 digits", "float64"]),
    "bool": (DATA, lambda p, s: line(p, s) > 0, ["bool", "float64"]),
    "nothing": (DATA, lambda p, s: None, ["shape (4,)"]),
    "raising": (DATA, raising, ["raised KeyError: 'mass'", "'a': 0.0, 'b': 0.0"]),
    "unknown setting": (DATA, lambda p, s: line(p, s) * s.gain, ["AttributeError", "'gain'"]),
    "unknown parameter": (DATA, lambda p, s: line(p, s) * p.c, ["AttributeError", "'c'"]),
}


def refusal(tmp_path, **changes):
    """The error that running the line, changed, ends with."""
    campaign = dk.Campaign("line", [study(**changes)])
    with pytest.raises(PredictionError) as caught:
        dk.run(campaign, tmp_path / "run", progress=io.StringIO())
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "predict", "words"), [pytest.param(*row, id=name) for name, row in NUMPY.items()]
)
def test_predictions(tmp_path, data, predict, words):
    """A broken prediction is refused with what it returned, before anything is written."""
    told = refusal(tmp_path, observations=data, predict=predict)

    assert [word for word in [*words, "study 'fit'"] if word not in told] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("derive", "words"),
    [
        pytest.param(lambda p, s: 1 / (p.a - p.a), ["derive raised ZeroDiv"], id="raising"),
        pytest.param(
            lambda p, s: 3.0, ["mapping name -> number", "a single number"], id="no mapping"
        ),
        pytest.param(lambda p, s: {"x": np.ones(2)}, ["one real number for 'x'"], id="an array"),
        pytest.param(lambda p, s: {"x": 1j}, ["one real number for 'x'", "complex"], id="complex"),
    ],
)
def test_derived_quantities(tmp_path, derive, words):
    """A broken `derive` is refused with what it returned, before anything is written."""
    told = refusal(tmp_path, derive=derive)

    assert [word for word in words if word not in told] == []
    assert list(tmp_path.iterdir()) == []


def test_criterion_on_a_quantity_that_is_not_derived(tmp_path):
    """A criterion on a name that `derive` does not give is refused before anything is written."""
    wrong = study(dk.Criterion("slop", above=0), derive=lambda p, s: {"slope": p.b})

    with pytest.raises(dk.PlanError, match="study 'fit': no quantity is called 'slop'") as caught:
        dk.run(dk.Campaign("line", [wrong]), tmp_path / "run", progress=io.StringIO())

    assert "'slope'" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_prediction_that_is_never_finite(tmp_path):
    """A prediction that is NaN everywhere fails its study, which says for which observations."""
    campaign = dk.Campaign(
        "line",
        [
            study(predict=lambda p, s: np.array([p.a, np.nan, 1.0, np.inf]), name="broken"),
            study(dk.Criterion("chi2", below=1e9), name="sound"),
        ],
    )
    results = dk.run(campaign, tmp_path / "run", progress=io.StringIO())

    told = results["broken"].error
    words = ["NaN or infinity", "'y[1]', 'y[3]'", "64 places", "'a': 0.0", "move the bounds"]
    assert [word for word in words if word not in told] == []
    assert results["broken"].verdict == "UNDECIDED"
    assert results["sound"].verdict == "PASS"


def test_prediction_that_is_finite_in_a_corner(tmp_path):
    """A model that is finite in a twentieth of its box, where the data are, is fitted."""

    def rising(p, settings):
        return np.where(p.a > -4.5, np.nan, p.a + p.b * TIME)

    there = study(
        method=dk.MultiStart(64), predict=rising, observations=dk.observations(-4.75 + TIME, 0.1)
    )
    results = dk.run(dk.Campaign("corner", [there]), tmp_path / "run", progress=io.StringIO())

    assert results["fit"].error is None
    assert results["fit"].best.parameters["a"] == pytest.approx(-4.75, abs=1e-4)


LATE = """
import sys
import numpy as np
import daybreak as dk

TIME = np.linspace(0.0, 3.0, 12)


def predict(p, settings):
    import jax.numpy as jnp

    return p.a * jnp.exp(-TIME)


assert "jax" not in sys.modules
problem = dk.FitProblem(
    [dk.Parameter("a", 0, 5)], predict, dk.observations(2.0 * np.exp(-TIME), 1e-9)
)
study = dk.Study("s", problem, dk.MultiStart(2))
found = dk.run(dk.Campaign("late", [study]), sys.argv[1], progress=open("/dev/null", "w"))
print(found["s"].error, round(found["s"].best.parameters["a"], 12))
"""


def test_jax_that_predict_imports_first(tmp_path):
    """A `predict` that is the first to import JAX computes in double precision."""
    program = tmp_path / "late.py"
    program.write_text(LATE)
    told = subprocess.run(
        [sys.executable, program, tmp_path / "run"],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=True,
    )

    assert told.stdout.split() == ["None", "2.0"]


def test_jax_predictions(tmp_path):
    """With JAX a broken prediction is refused in the same words, before anything is written."""
    jnp = pytest.importorskip("jax.numpy")
    constant = jnp.arange(4.0)  # made outside Daybreak, so JAX rounds it to float32
    broken = {
        "float32": (lambda p, s: constant, ["float32", "float64", "jnp constant"]),
        "cast": (lambda p, s: (p.a * TIME).astype("float32"), ["float32", "float64"]),
        "complex": (lambda p, s: p.a * TIME + 1j, ["complex128", "real part or modulus"]),
        "shape": (lambda p, s: jnp.zeros(3) * p.a, ["shape (4,)", "shape (3,)"]),
        "raising": (lambda p, s: jnp.dot(TIME * p.a, jnp.ones(3)), ["raised TypeError"]),
        "branch": (lambda p, s: jnp.sin(p.a * TIME if p.a > 0 else TIME), ["jnp.where"]),
    }
    for name, (predict, words) in broken.items():
        told = refusal(tmp_path, predict=predict)
        assert [word for word in words if word not in told] == [], name
    assert list(tmp_path.iterdir()) == []


def test_list_of_numbers_is_an_array(tmp_path):
    """A prediction may be a list of numbers, whether JAX is loaded or not."""
    pytest.importorskip("jax")
    fit = study(predict=lambda p, s: [p.a + p.b * t for t in TIME])
    results = dk.run(dk.Campaign("line", [fit]), tmp_path / "run", progress=io.StringIO())

    assert results["fit"].best.parameters["b"] == pytest.approx(1.04, abs=1e-6)


def test_numpy_numbers_are_welcome(tmp_path):
    """Settings, bounds and bars may be NumPy's numbers, whatever their type."""
    box = [dk.Parameter("a", np.int64(-5), np.float32(5)), dk.Parameter("b", -5, 5)]
    swept = problem(parameters=box, settings={"k": np.float32(1), "n": np.int64(2)}, static=["n"])
    bar = dk.Criterion("chi2", below=np.float32(1e9))
    sweep_ = dk.Sweep("k", swept, dk.MultiStart(2), {"n": np.arange(1, 3)}, accept=[bar])
    results = dk.run(dk.Campaign("line", [sweep_]), tmp_path / "run", progress=io.StringIO())

    assert [s.name for s in results.studies] == ["k n=1", "k n=2"]
    assert results.verdict == "PASS"
