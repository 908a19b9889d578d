"""What the reader sees of a search: sentences, tables, pictures."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import daybreak as dk
from daybreak.report import searches
from daybreak.report.artifact_figure import artifact_figure, artifact_table, files
from daybreak.report.canvas import svg
from daybreak.report.parallel_figure import parallel_figure
from daybreak.report.search_figures import front_figure, history_figure, importance_figure
from tests.search.problems import Bowl, bowl, study, two_goals

LIMIT = 120_000
BASELINES = [
    dk.Baseline("old <way>", metrics={"loss": 3.0, "size": 2.0}),
    dk.Baseline("nothing", evaluate=lambda t: {"loss": t.rng.normal(20, 3, 50)}, null=True),
]


@pytest.fixture(scope="module")
def single():
    """A noisy search with one objective."""
    problem = bowl(Bowl(0.05), deterministic=False, baselines=BASELINES)
    return study(problem, dk.Search("tpe", trials=60), dk.Criterion("loss", at_most=1.0))


@pytest.fixture(scope="module")
def double():
    """The same with two objectives."""
    problem = two_goals(evaluate=Bowl(0.05), deterministic=False, baselines=BASELINES)
    return study(problem, dk.Search("nsga2", trials=80, population=16))


def texts(figure):
    """Everything written in a picture, which is small and well-formed."""
    drawing = svg(figure)
    root = ET.fromstring(drawing)  # noqa: S314 - our own
    assert len(drawing) < LIMIT
    assert root.get("role") == "img"
    return " ".join("".join(root.itertext()).split())


def test_the_front_stands_beside_its_baselines(double):
    """The front, every trial, the compromise and the baselines are in one picture."""
    told = texts(front_figure(double.search))

    for part in (
        "loss, less is better",
        "size, more is better",
        "front",
        "trial",
        "compromise, confirmed",
        "baseline old <way>",
        "null test nothing",
    ):
        assert part in told


def test_one_objective_has_no_front(single):
    """With one objective there is a history, with the confirmed value and the baselines."""
    assert front_figure(single.search) is None
    told = texts(history_figure(single.search))

    for part in ("loss, less is better", "best so far", "confirmed, with its uncertainty"):
        assert part in told


def test_the_history_never_gets_worse(single, double):
    """Best value and dominated volume are monotonous over the trials."""
    best = [value for _, value in single.search.hypervolume]
    volume = [value for _, value in double.search.hypervolume]

    assert best == sorted(best, reverse=True)
    assert volume == sorted(volume)
    assert min(t.metrics["loss"] for t in single.search.trials) == best[-1]


def test_importance_is_of_what_matters(double):
    """Of the bowl x decides the loss and y the size; the picture has every parameter."""
    shares = {(one.objective, one.parameter): one for one in double.search.importance}

    assert shares["loss", "x"].share > 0.5
    assert shares["loss", "x"].clear
    assert shares["size", "y"].share > 0.5
    assert not shares["size", "optimizer"].clear
    told = texts(importance_figure(double.search))
    assert all(name in told for name in ("x", "y", "optimizer", "momentum", "loss", "size"))


def test_parallel_coordinates(single, double):
    """Every parameter has an axis with its ends or its options."""
    for found, what in ((single, "best 6"), (double, "front")):
        told = texts(parallel_figure(found.search))
        parts = ("optimizer", "momentum", "sgd", "adam", "winner", "other trials", what)
        assert all(part in told for part in parts)


def test_nothing_to_draw():
    """A search in which nothing was measured has no pictures, and a sentence that says so."""

    def fails(*_):
        raise ArithmeticError

    found = study(
        two_goals(evaluate=fails), dk.Search("random", trials=5), dk.Criterion("loss", at_most=1.0)
    )
    search = found.search

    drawings = (front_figure, history_figure, importance_figure, parallel_figure)
    assert [draw(search) for draw in drawings] == [None] * 4
    assert list(searches.sentences(found)) == ["5 trials by random: 5 failed."]
    assert "no trial was measured" in found.outcomes[0].sentence


def test_sentences(single, double):
    """What is said of a search names the winner, its confirmation, bias and baselines."""
    one, two = ("\n".join(searches.sentences(found)) for found in (single, double))

    assert "60 trials by tpe: 60 completed." in one
    assert "(mean of 3 fresh seeds) at x = " in one
    assert "selection bias of loss: " in one
    assert "baseline old <way>: loss 3, size 2; " in two
    assert "null test nothing: loss " in one
    assert "compromise on the front (trial " in two
    assert "importance: loss hangs on x " in two


def test_the_page_shows_everything(tmp_path):
    """HTML and Markdown hold pictures, tables and attachments of the winner, names escaped."""

    def evaluate(c, trial):
        trial.attach(dk.Curve("field & <x>", [0, 1, 2], {"psi": [c.x, 1, 2]}, x_unit="m"))
        trial.attach(dk.Table("levels", {"n": [1, 2], "energy": [0.5, None]}, {"energy": "eV"}))
        trial.record(note="kept as it is", depth=3)
        return {"loss": c.x**2}

    problem = bowl(evaluate)
    campaign = dk.Campaign("page", [dk.Study("s", problem, dk.Search("random", trials=40))])
    found = dk.run(campaign, tmp_path / "night")
    html = found.report.read_text()
    markdown = (tmp_path / "night" / "report.md").read_text()

    assert "field &amp; &lt;x&gt;" in html
    assert html.count("<figure>") >= 4
    for page in (html, markdown):
        for part in (
            "Best configuration",
            "kept as it is",
            "energy (eV)",
            "Importance",
            "Every trial of the search",
        ):
            assert part in page
    assert str(found).count("Searches:") == 1


@pytest.mark.parametrize("y_scale", ["linear", "log"])
def test_a_curve_with_gaps(y_scale):
    """A curve with values that are not finite is drawn with gaps, on either scale."""
    values = np.array([1.0, np.nan, 10.0, np.inf, 100.0])
    curve = dk.Curve("growth", range(5), {"a": values, "b": values[::-1]}, y_scale=y_scale)
    told = texts(artifact_figure(json.loads(json.dumps(curve.dump()))))

    assert all(part in told for part in ("a", "b", "x", "y"))


def test_a_matrix_and_what_is_no_picture():
    """A small matrix shows its numbers; tables and files are no pictures."""
    matrix = dk.Matrix("confusion", [[5, None], [7, 41.5]], rows=["up", "down"], unit="days")
    told = texts(artifact_figure(matrix.dump()))
    table = dk.Table("t", {"a": [1, None]}, {"a": "s"}).dump()
    attached = {"kind": "file", "name": "w", "path": "w", "bytes": 3, "sha256": "abc"}

    assert all(part in told for part in ("41.5", "up", "down", "row", "numbers in days"))
    assert artifact_figure(table) is artifact_figure(attached) is None
    assert artifact_table(table).rows == (("1",), ("",))
    assert files([attached, table]).rows == (("w", "3", "abc"),)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: dk.Curve("c", [1, 2], {"a": [1]}), "2 positions, but 1 values of 'a'"),
        (lambda: dk.Matrix("m", [1, 2]), "array of 2 dimensions"),
        (lambda: dk.Matrix("m", [[1, 2]], columns=["a"]), "2 columns, but 1 names"),
        (lambda: dk.Table("t", {"a": [1], "b": []}), "of one length"),
    ],
)
def test_bad_attachments_are_refused(make, told):
    """An attachment whose parts do not fit is refused with the numbers."""
    with pytest.raises(dk.ProblemError, match=told):
        make().dump()
