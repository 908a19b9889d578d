"""What is taken from a night: pictures, tables of pandas and ArviZ, a notebook's view, a paper."""

import csv
import inspect
import io
import math
import re
import sys

import numpy as np
import pytest
import typer.testing

import daybreak as dk
from daybreak import figures
from daybreak.cli import app
from daybreak.errors import DaybreakError
from daybreak.report import latex
from tests.report import recorded
from tests.report.nights import HOSTILE
from tests.report.test_html import Page
from tests.runner.toy import campaign, line_problem

CURVE = dk.Curve("gain", [0.0, 1.0], {"gain": [1.0, 2.0]})


def evaluate(c, trial):
    """A bowl over x for two kinds, with a course and a picture."""
    loss = (c.x - 1.0) ** 2 + (c.kind == "b")
    for step in range(3):
        trial.report(step, loss + 1 / (step + 1))
    trial.attach(CURVE)
    trial.record(size=c.x)
    return {"loss": loss, "cost": -c.x}


def searched(objectives):
    """Twelve trials of it."""
    space = [dk.Parameter("x", -2, 2), dk.Choice("kind", ["a", "b"]), dk.Integer("point", 1, 3)]
    return dk.SearchProblem(
        space,
        evaluate,
        objectives,
        deterministic=True,
        baselines=[dk.Baseline("constant", {"loss": 0.5})] if len(objectives) == 1 else [],
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A map, and two searches."""
    loss, cost = dk.Objective("loss"), dk.Objective("cost")
    method = dk.Search(sampler="random", trials=40)
    accept = [dk.Criterion("chi2", below=40)]
    studies = [
        dk.Study("both", line_problem(), dk.Profile("a", "b", points=(7, 7), starts=2), accept),
        dk.Study("starts", line_problem(), dk.MultiStart(4), accept),
        dk.Study("one goal", searched([loss]), method),
        dk.Study("two goals", searched([loss, cost]), method),
    ]
    place = tmp_path_factory.mktemp("night")
    return dk.run(campaign(studies), place, progress=io.StringIO())


DRAWN = {
    "profile": "both",
    "chi2_map": "both",
    "residuals": "both",
    "waterfall": "starts",
    "front": "two goals",
    "history": "one goal",
    "baselines": "one goal",
    "course": "one goal",
    "importance": "one goal",
    "parallel": "one goal",
}
NIGHT = {"key", "reach", "symmetry", "leads"}
OTHER = {"model_uncertainty", "artifact"}


class TestFigures:
    """Each picture of the report is a function."""

    def test_all_of_them(self):
        """No function is left out of these tests."""
        public = {n for n, f in inspect.getmembers(figures, inspect.isfunction) if n[0] != "_"}
        assert public - {"known"} == {*DRAWN, *NIGHT, *OTHER}

    @pytest.mark.parametrize("name", DRAWN)
    def test_of_a_study(self, results, name):
        """A matplotlib figure, with what it shows in words."""
        figure = getattr(figures, name)(results[DRAWN[name]])
        assert type(figure).__name__ == "Figure"
        assert re.search(r"\d", figure.get_label())

    def test_the_other_parameter(self, results):
        """Of several profiles and maps each can be asked for, in either order."""
        assert "along b" in figures.profile(results["both"], "b").get_label()
        one, two = (figures.chi2_map(results["both"], n) for n in (("a", "b"), ("b", "a")))
        assert one.get_label() == two.get_label()

    def test_attached(self, results):
        """What the winner attached."""
        assert "gain" in figures.artifact(results["one goal"], "gain").get_label()

    def test_of_the_night(self, results):
        """The picture of the first screen, and the lead over baselines."""
        assert figures.key(results.summary).get_label()

    @pytest.mark.parametrize(
        ("draw", "said"),
        [
            (lambda r: figures.profile(r["both"], "c"), "no profile of c; it has 'a', 'b'."),
            (lambda r: figures.front(r["both"]), "'both' is no search"),
            (lambda r: figures.front(r["one goal"]), "a front has two objectives"),
            (lambda r: figures.baselines(r["two goals"]), "not one objective with baselines"),
            (lambda r: figures.chi2_map(r["both"], ["a", "c"]), "these maps: 'a and b'"),
            (lambda r: figures.artifact(r["one goal"], "loss"), "carry, 'gain'"),
            (lambda r: figures.model_uncertainty(r["both"]), "no model uncertainty"),
            (lambda r: figures.residuals(r["one goal"]), "no best fit"),
            (lambda r: figures.reach(r.summary), "compared no range"),
            (lambda r: figures.symmetry(r.summary), "found no symmetry"),
            (lambda r: figures.leads(r.summary), "no two searches"),
        ],
    )
    def test_nothing_to_draw(self, results, draw, said):
        """Is said with the reason."""
        with pytest.raises(DaybreakError, match=re.escape(said)):
            draw(results)


class TestFrames:
    """Tables and trees."""

    def test_pandas(self, results):
        """One row for each trial, the whole configuration in it."""
        rows = results.to_pandas("one goal")
        loss = (rows["x"] - 1) ** 2 + (rows["parameter.kind"] == "b")
        assert len(results.to_pandas()) > len(rows) >= 40
        np.testing.assert_allclose(rows["metric.loss"], loss)
        np.testing.assert_allclose(rows["recorded.size"], rows["x"])

    def test_pandas_of_no_study(self, results):
        """A name that is none is refused with those that are."""
        with pytest.raises(DaybreakError, match="there are 'both'"):
            results.to_pandas("none")

    def test_arviz_takes_it(self, results):
        """ArviZ reads the trials as a group with chains and draws, and none is a posterior."""
        arviz = pytest.importorskip("arviz_base")
        tree = results.to_arviz("one goal")
        assert set(tree.children) == {"trials"}
        drawn = arviz.extract(tree, group="trials")
        np.testing.assert_allclose(drawn["cost"], -drawn["x"])
        assert set(np.unique(drawn["point"])) == {1, 2, 3}

    def test_arviz_of_a_map(self, results):
        """Profiles and maps carry their coordinates; chi2 is that of the line at the place."""
        tree = results.to_arviz("both")
        assert set(tree.children) == {
            "trials",
            "profile_a",
            "profile_b",
            "map_a_b",
            "observed_data",
            "best_fit",
        }
        place = tree["map_a_b"].dataset.isel(a=2, b=5)
        x, y = np.linspace(0, 1, 12), tree["observed_data"]["value"]
        pulls = (float(place["a"]) * x + float(place["b"]) - y) / 0.05
        assert float(place["chi2"]) == pytest.approx(float((pulls**2).sum()), rel=1e-9)

    @pytest.mark.parametrize(("module", "ask"), [("pandas", "to_pandas"), ("xarray", "to_arviz")])
    def test_not_installed(self, results, monkeypatch, module, ask):
        """Without the library the sentence says what to install."""
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(DaybreakError, match=rf"needs {module}; install daybreak\[notebook\]"):
            getattr(results, ask)("both")


def test_notebook(results):
    """A notebook shows verdict, picture, studies and the way to the report, well formed."""
    page = Page(results._repr_html_())
    assert (page.faults, page.open) == ([], [])
    for said in (results.verdict, "one goal", "report.html"):
        assert said in page.text
    assert "svg" in dict(page.tags)


class TestPaper:
    """Tables to be included, pictures with their numbers."""

    @pytest.fixture(scope="class")
    @staticmethod
    def folder(results, tmp_path_factory):
        """What the command writes."""
        to = tmp_path_factory.mktemp("paper")
        words = ["export", "paper", str(results.directory), "--to", str(to)]
        done = typer.testing.CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        assert {*map(str, to.rglob("*.*"))} == {*done.output.splitlines()}
        return to

    def test_files(self, folder):
        """Every picture stands beside its numbers."""
        names = {path.name for path in (folder / "figures").iterdir()}
        pictures = {name.removesuffix(".pdf") for name in names if name.endswith(".pdf")}
        assert names == {f"{p}{end}" for p in pictures for end in (".pdf", ".csv")}
        assert {"both-profile-a", "both-map-a-b", "two-goals-front", "one-goal-course"} <= pictures
        for picture in pictures:
            assert (folder / "figures" / f"{picture}.pdf").read_bytes().startswith(b"%PDF")

    def test_numbers(self, folder, results):
        """The numbers are those of the study, to the last bit."""
        with (folder / "figures" / "both-profile-a.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        points = results["both"].profile_of("a").points
        assert [float(row["chi2"]) for row in rows] == [point.chi2 for point in points]

    def test_same_again(self, folder, results, tmp_path):
        """The same results give the same files."""
        from daybreak.paper import write_paper

        for path in write_paper(results.summary, tmp_path):
            assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()

    def test_line_is_rounded(self, folder):
        """The slope of the line with its textbook uncertainty, rounded to it."""
        [row] = [
            line
            for line in (folder / "parameters.tex").read_text().splitlines()
            if line.startswith("both & a &")
        ]
        x = np.linspace(0, 1, 12)
        error = 1.959964 * 0.05 / math.sqrt(np.sum((x - x.mean()) ** 2))
        found = re.search(r"\$([\d.]+) \\pm ([\d.]+)\$", row)
        assert float(found[2]) == pytest.approx(error, abs=0.006)
        assert found[2] == f"{error:.2f}"


@pytest.mark.parametrize(
    ("value", "lower", "upper", "said"),
    [
        (0.24697, 0.20618, 0.29539, r"$0.25^{+0.05}_{-0.04}$"),
        (1.0, 0.987, 1.013, r"$1.000 \pm 0.013$"),
        (123456.0, 122000.0, 127000.0, r"$123500^{+3500}_{-1500}$"),
        (3.0, 3.0, 3.0, "$3$"),
        (0.0934805021964766, 0.0934805021964750, 0.0934805021964782, "$0.09348$"),
        (9.9e7, 9.9e7, 9.9e7, r"$9.9 \times 10^{7}$"),
    ],
)
def test_rounding(value, lower, upper, said):
    """A value keeps the digits that its uncertainty is worth."""
    assert latex.with_errors(value, lower, upper) == said


def balanced(text):
    """Whether every brace that commands is closed, and every row has its cells."""
    bare = re.sub(r"\\[{}\\]", "", text)
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    cells = {len(re.findall(r"(?<!\\)&", row)) for row in rows}
    return bare.count("{") == bare.count("}") and len(cells) <= 1


def test_latex_is_harmless():
    """Names cannot command, whatever they hold."""
    decay, name = recorded.summary("decay"), HOSTILE + r"\input{x} 50% a_b & $c^2$ ~"
    study = decay.studies[0].model_copy(update={"name": name})
    summary = decay.model_copy(update={"studies": [study]})
    for text in (latex.parameters(summary), latex.criteria(summary)):
        assert balanced(text)
        assert r"\input" not in text
        assert not re.search(r"(?<!\\)[%#_]", re.sub(r"\$[^$]*\$", "", text))


def test_latex_of_open_ends():
    """An end that the data did not set is told, not dressed as an uncertainty."""
    text = latex.parameters(recorded.summary("lepton"))
    assert balanced(text)
    assert "bound" in text or "edge of the scan" in text or "flat" in text
