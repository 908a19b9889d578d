"""`daybreak init`: a study file from a table of numbers, right or not at all."""

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer.testing
from scipy.optimize import least_squares

from daybreak.cli import app
from daybreak.errors import DaybreakError
from daybreak.starter.table import read, scatter
from daybreak.starter.write import Choices, study_file
from tests.test_public import SOURCE

TRACE = Path(__file__).parents[1] / "examples" / "trace.csv"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty directory with the trace in it."""
    (tmp_path / "trace.csv").write_bytes(TRACE.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words, answers=None):
    """Exit status and everything said."""
    done = typer.testing.CliRunner().invoke(app, list(words), input=answers)
    return done.exit_code, done.output + str(done.exception or "")


def written(text, directory, model="line", **choices):
    """The study file for a table of these lines."""
    path = directory / "table.csv"
    path.write_text(text)
    return study_file(read(path), Choices(model=model, **choices), directory / "study.py")


def executed(text, directory):
    """The names that a study file defines."""
    (directory / "study.py").write_text(text)
    return runpy.run_path(str(directory / "study.py"))


def table(x, y, separator=",", heading="", sigma=None):
    """Lines of two or three columns."""
    columns = [x, y, *([] if sigma is None else [np.full(len(x), sigma)])]
    rows = [separator.join(f"{v:.6g}" for v in row) for row in zip(*columns, strict=True)]
    return "\n".join([*([heading] if heading else []), *rows]) + "\n"


X = np.linspace(1.0, 10.0, 30)


class TestCommand:
    """What a user sees."""

    def test_flags(self, here):
        """With both flags nothing is asked, and the next command is said."""
        code, said = call("init", "trace.csv", "--measured", "signal", "--model", "two-decays")
        assert (code, "Next: daybreak plan trace_study.py" in said) == (0, True)
        assert sorted(p.name for p in here.iterdir()) == ["trace.csv", "trace_study.py"]

    def test_questions(self, here):
        """Without flags there are two questions, each with an answer ready."""
        code, said = call("init", "trace.csv", answers="\ndecay\n")
        assert (code, said.count("?")) == (0, 2)
        assert "signal" in said
        text = (here / "trace_study.py").read_text()
        assert "dk.observations(signal, sigma" in text
        assert "np.exp(-p.rate * (time - X_MIN))" in text

    def test_nobody_answers(self, here):
        """Where nobody answers, as in a script, the flag is named and nothing is written."""
        code, said = call("init", "trace.csv", answers="")
        assert code != 0
        assert "give --measured" in said
        assert [p.name for p in here.iterdir()] == ["trace.csv"]

    def test_nothing_is_overwritten(self, here):
        """A file that is there stays as it is."""
        (here / "trace_study.py").write_text("mine")
        code, said = call("init", "trace.csv", "--measured", "signal", "--model", "line")
        assert code != 0
        assert "is there already; nothing was changed" in said
        assert (here / "trace_study.py").read_text() == "mine"

    def test_somewhere_else(self, here):
        """The data are found from wherever the study file lies."""
        (here / "night").mkdir()
        words = ["init", "trace.csv", "--measured", "signal", "--model", "line"]
        assert call(*words, "--output", "night/one.py")[0] == 0
        names = executed((here / "night" / "one.py").read_text(), here / "night")
        assert len(names["signal"]) == 60


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_separators(tmp_path, separator):
    """However columns are separated, the file that is written reads the same numbers."""
    heading = separator.join(["time", "counts", "error"])
    names = executed(written(table(X, 3 * X, separator, heading, 0.2), tmp_path), tmp_path)
    np.testing.assert_allclose(names["time"], X, rtol=1e-5)
    np.testing.assert_allclose(names["counts"], 3 * X, rtol=1e-5)
    np.testing.assert_allclose(names["error"], 0.2)


def test_no_heading(tmp_path):
    """Columns without names are numbered, and variables have names that Python takes."""
    names = executed(written(table(X, X**2), tmp_path), tmp_path)
    np.testing.assert_allclose(names["column_1"], X, rtol=1e-5)
    np.testing.assert_allclose(names["column_2"], X**2, rtol=1e-5)


def test_odd_names(tmp_path):
    """A heading that is no name in Python, or is taken, gives x and y."""
    names = executed(written(table(X, X, heading="class,np"), tmp_path), tmp_path)
    np.testing.assert_allclose(names["x"], X, rtol=1e-5)
    np.testing.assert_allclose(names["y"], X, rtol=1e-5)


def test_hostile_names(tmp_path):
    """A heading cannot write code or break out of a text."""
    heading = 'a""" \\ (s"),b\\"; import os #'
    executed(written(table(X, X, heading=heading), tmp_path), tmp_path)


def test_estimated_scatter_is_told(tmp_path):
    """Where the file says nothing of uncertainties, they are estimated, and it says so."""
    rng = np.random.default_rng(3)
    text = written(table(X, X + rng.normal(0, 0.1, 30)), tmp_path)
    assert "ESTIMATED" in text
    assert executed(text, tmp_path)["sigma"][0] == pytest.approx(0.1, rel=0.4)


@pytest.mark.parametrize("curve", [np.zeros_like, lambda x: 3 * x, lambda x: 0.05 * x**2])
def test_scatter(curve):
    """The estimate is that of the noise, whatever smooth curve it sits on, and a jump passes."""
    rng = np.random.default_rng(5)
    x = np.linspace(0, 10, 4000)
    y = curve(x) + 5.0 * (x > 5) + rng.normal(0, 0.3, x.size)
    mixed = rng.permutation(x.size)
    assert scatter(x[mixed], y[mixed]) == pytest.approx(0.3, rel=0.05)


TRUTHS = {
    "line": lambda x: 2 - 0.3 * x,
    "decay": lambda x: 4 * np.exp(-0.5 * x) + 1,
    "two-decays": lambda x: 4 * np.exp(-3 * x) + 2 * np.exp(-0.2 * x) + 1,
    "peak": lambda x: 5 * np.exp(-0.5 * ((x - 4) / 0.7) ** 2) + 1,
    "power": lambda x: 3 * x**-1.5,
}


@pytest.mark.parametrize("model", TRUTHS)
def test_the_box_holds_the_truth(tmp_path, model):
    """The best fit within the box that is written is as good as the truth."""
    rng = np.random.default_rng(7)
    x = np.linspace(0.2, 12, 60)
    y = TRUTHS[model](x) + rng.normal(0, 0.01, 60)
    heading = "time (s),signal (mV),sigma (mV)"
    text = written(table(x, y, heading=heading, sigma=0.01), tmp_path, model=model)
    names = executed(text, tmp_path)
    boxes = names["problem"].parameters
    logs = np.array([p.scale == "log" for p in boxes])
    lower, upper = np.array([[p.lower, p.upper] for p in boxes]).T
    lower[logs], upper[logs] = np.log(lower[logs]), np.log(upper[logs])

    def residuals(u):
        values = np.where(logs, np.exp(np.where(logs, u, 0)), u)
        p = SimpleNamespace(**{box.name: v for box, v in zip(boxes, values, strict=True)})
        return (y - names["predict"](p, {})) / 0.01

    starts = rng.uniform(lower, upper, (8, len(lower)))
    best = min(2 * least_squares(residuals, s, bounds=(lower, upper)).cost for s in starts)
    assert best <= np.sum((y - TRUTHS[model](x)) ** 2) / 0.01**2 + 1


@pytest.mark.parametrize(
    ("text", "choices", "said"),
    [
        ("a,b\nx,y\n", {}, "no line of two or more numbers"),
        ("a,b\n1,2\n2,3\n", {}, "has 2 rows of numbers; 3 are the least"),
        ("a,b\n1,2\n2,nan\n3,4\n", {}, "line 3: 2 finite numbers are expected"),
        ("a,b\n1,2\n2,3,4\n3,4\n", {}, "line 3: 2 finite numbers are expected"),
        ("a,b\n1,2\n1,3\n1,4\n", {}, "column 'a' has one value only"),
        ("a,b\n1,2\n2,3\n3,4\n", {}, "neighbours do not scatter; give --sigma"),
        ("a,b\n1,2\n2,3\n3,5\n", {"sigma": "-1"}, "--sigma takes a column or a number above 0"),
        ("a,b\n1,2\n2,3\n3,5\n", {"sigma": "c"}, "--sigma: "),
        ("a,b\n1,2\n2,3\n3,5\n", {"measured": "c"}, "has no column 'c'; it has 'a', 'b'."),
        ("a,b,err\n1,2,1\n2,3,0\n3,5,1\n", {}, "uncertainties are above 0, but 'err' has 0"),
        ("a,b\n-1,2\n2,3\n3,5\n", {"model": "power"}, "a power law needs x > 0 and y > 0"),
        ("a,b\n1,2\n2,3\n3,5\n", {"model": "cubic"}, "--model takes 'line', 'decay'"),
    ],
)
def test_refusals(tmp_path, text, choices, said):
    """What cannot become a study is refused with the rule, the values and the next move."""
    with pytest.raises(DaybreakError) as refused:
        written(text, tmp_path, **choices)
    assert said in str(refused.value).replace("\n", " ")


def test_no_file(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(DaybreakError, match=r"cannot read .*none.csv \(No such file"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize("model", TRUTHS)
def test_it_is_tidy(tmp_path, model):
    """What is written passes ruff with its own defaults, so that a user's editor leaves it be."""
    data = read(TRACE)
    if model == "power":
        rows = [row for row in TRACE.read_text().splitlines() if not row.startswith("0,")]
        (tmp_path / "trace.csv").write_text("\n".join(rows))
        data = read(tmp_path / "trace.csv")
    path = tmp_path / "study.py"
    path.write_text(study_file(data, Choices(measured="signal", model=model), path))
    for words in (["format", "--check"], ["check", "--extend-select", "I,W"]):
        command = [sys.executable, "-m", "ruff", *words, "--isolated", path]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_the_template_is_shipped():
    """The template lies in the package."""
    assert (SOURCE / "starter" / "templates" / "study.py.jinja").is_file()
