"""Preflight of a whole campaign: what stops a night, what is kept of it, what it costs."""

from __future__ import annotations

import html
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import daybreak as dk
from daybreak import cli
from daybreak.evening import foresee
from daybreak.findings import NotChecked, Preflight, Unmade
from daybreak.findings.unchecked import in_words
from daybreak.preflight.examination import checks
from daybreak.preflight.run import preflight
from daybreak.report import evening_page, outlook, terminal, tonight_text
from daybreak.report.alike import who
from daybreak.runner import night
from tests.clock import Clock

CAMPAIGN = """
import daybreak as dk


def predict(p, settings):
    return {"area": p.a * p.b, "width": p.b}


problem = dk.FitProblem(
    [dk.Parameter("a", 0, 0.5), dk.Parameter("b", 0, 5)],
    predict,
    {"area": dk.Observation(REQUIRED, 0.1, unit="m2"), "width": dk.Observation(3, 1)},
)
study = dk.Study("fit", problem, dk.MultiStart(4), [dk.Criterion("chi2", below=4)])
campaign = dk.Campaign("area", [study])
"""
"""A box that reaches an area of 2.5; ten needs a up to 2, two is well inside."""
REPORT = ("report.html", "report.md", "summary.json")


class Area:
    """The same model, which counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, p, settings):
        """Area and width."""
        self.calls += 1
        return {"area": p.a * p.b + settings.more, "width": p.b}


def area(required=10.0, *, a=0.5, predict=None):
    """A problem that no place of the box fits when ten is required."""
    return dk.FitProblem(
        [dk.Parameter("a", 0, a), dk.Parameter("b", 0, 5)],
        predict or Area(),
        {"area": dk.Observation(required, 0.1, unit="m2"), "width": dk.Observation(3, 1)},
        settings={"more": 0.0},
    )


def study(name="fit", problem=None, *, level="hard", below=4.0, **more):
    """One study with one criterion on chi2."""
    accept = [dk.Criterion("chi2", below=below, level=level)]
    return dk.Study(name, problem or area(), dk.MultiStart(4), accept, **more)


def campaign(*studies, **more):
    """A campaign called area."""
    return dk.Campaign("area", studies or [study()], **more)


def run(one, directory, **more):
    """Run a campaign quietly."""
    return dk.run(one, directory, progress=io.StringIO(), **more)


def ending(results):
    """How the last run ended."""
    return results.summary.timing.runs[-1].ending


def codes(found):
    """Code and severity of every finding."""
    return [
        (finding.code.word, finding.severity) for one in found.studies for finding in one.findings
    ]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory beside two campaign files."""
    (tmp_path / "far.py").write_text(CAMPAIGN.replace("REQUIRED", "10"))
    (tmp_path / "near.py").write_text(CAMPAIGN.replace("REQUIRED", "2"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    return tmp_path / "work"


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Call a command: words -> (exit status, standard output, standard error)."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["daybreak", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        told = capsys.readouterr()
        return caught.value.code or 0, told.out, told.err

    return call


@pytest.fixture
def made(monkeypatch):
    """Every preflight that a run makes."""
    all_of_them = []

    def count(one, budget, **more):
        all_of_them.append(preflight(one, budget, **more))
        return all_of_them[-1]

    monkeypatch.setattr(night, "preflight", count)
    return all_of_them


# -- what stops a night ----------------------------------------------------------------------


def test_hopeless_campaign_stops(tmp_path):
    """A hard criterion that no place of the box meets stops the night before its first trial."""
    results = run(campaign(), tmp_path)

    assert ending(results) == "stopped as hopeless"
    assert results.summary.progress.trials == 0
    assert results.verdict == "UNDECIDED"
    assert results["fit"].state == "waiting"
    assert codes(preflight(campaign())) == [("out_of_reach", "stop")]


@pytest.mark.parametrize("quantity", ["p_value", "reduced_chi2"])
def test_a_bar_that_means_nothing_is_not_out_of_reach(quantity):
    """Without degrees of freedom such a criterion is a matter of too few data, and no stop."""
    bar = {"at_least": 0.01} if quantity == "p_value" else {"at_most": 2.0}
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 5), dk.Parameter("b", -5, 5)],
        lambda p, s: [p.a + p.b, p.a - p.b],
        dk.observations([3.0, 1.0], 0.1),
    )
    study = dk.Study("full", problem, dk.MultiStart(4), [dk.Criterion(quantity, **bar)])
    found = preflight(dk.Campaign("full", [study]))
    (one,) = found.studies

    assert not found.hopeless
    assert [(f.code.word, f.severity) for f in one.findings] == [("too_few_data", "warning")]
    assert "means nothing: no degrees of freedom are left" in one.findings[0].sentence
    assert one.reachability[0].meaningless


def test_hopeless_on_the_command_line(command):
    """A stopped run has status 5, says once what is out of reach, and how to run all the same."""
    for _ in range(2):  # a second time it is read from the ledger
        status, text, log = command("run", "../far.py")
        told = " ".join(text.split())
        assert status == 5
        assert told.count("Not run. Out of reach as far as searched:") == 1
        assert "Moving a's upper bound from 0.5 to 1.999 alone would do." in told
        assert log.endswith("To run all the same: daybreak run ../far.py --anyway\n")

    status, text, log = command("run", "../far.py", "--anyway")
    assert status == 0
    assert text.startswith("FAIL")
    assert "all the same" not in log


def test_anyway(tmp_path):
    """A campaign that declares `anyway`, or is run so, runs, and keeps what was known before."""
    declared = run(campaign(anyway=True), tmp_path / "declared")
    asked = run(campaign(), tmp_path / "asked", anyway=True)

    for results in (declared, asked):
        assert ending(results) == "finished"
        assert results.verdict == "FAIL"
        assert [found.code.word for found in results.summary.preflight] == ["out_of_reach"]


@pytest.mark.parametrize(
    "studies",
    [
        [study(level="soft")],
        [study("base", counted=False), study("fit", area(2.0))],
        [study("far"), study("near", area(2.0))],
        [study("far"), study("near", settings={"more": 8.0})],
    ],
    ids=["soft", "baseline", "one of two", "one of two settings"],
)
def test_what_does_not_stop(tmp_path, studies):
    """Out of reach stops nothing when only soft, not counted, or not of every counted study."""
    results = run(campaign(*studies, rule="any"), tmp_path)

    assert ending(results) == "finished"
    assert "out_of_reach" in [found.code.word for found in results.summary.preflight]


def test_two_criteria_of_one_quantity(tmp_path):
    """A soft bar out of reach does not count as the hard bar on the same quantity."""
    accept = [dk.Criterion("chi2", below=1e9), dk.Criterion("chi2", below=4, level="soft")]
    one = campaign(dk.Study("fit", area(), dk.MultiStart(4), accept))

    assert codes(preflight(one)) == [("out_of_reach", "warning")]
    assert run(one, tmp_path).verdict == "SOFT_PASS"


# -- the command -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "expected"), [("far", 5), ("near", 0)])
def test_preflight_command(command, place, name, expected):
    """It says what is known, names the bound to move, and leaves nothing behind."""
    before = sorted(place.parent.rglob("*.*"))
    status, text, _ = command("preflight", f"../{name}.py")
    again, dump, _ = command("preflight", f"../{name}.py", "--json")

    assert (status, again) == (expected, expected)
    found = Preflight.model_validate_json(dump)
    assert found.hopeless == bool(expected)
    assert text.startswith(found.sentence)
    moves = "Moving a's upper bound from 0.5 to 1.999 alone would do." in " ".join(text.split())
    assert moves == found.hopeless
    after = [path for path in sorted(place.parent.rglob("*.*")) if "__pycache__" not in str(path)]
    assert after == [path for path in before if "__pycache__" not in str(path)]
    assert list(place.iterdir()) == []


# -- made once, kept, shown ------------------------------------------------------------------


def test_made_once(tmp_path, made):
    """A resumed campaign reads its preflight from the ledger, and hardly asks the model again."""
    model = Area()
    one = campaign(study(problem=area(2.0, predict=model)))
    first = run(one, tmp_path)
    calls = model.calls
    second = run(one, tmp_path)

    assert len(made) == 1
    assert model.calls - calls <= 3
    assert second.summary.examinations == first.summary.examinations == made[0].studies


def test_made_again(tmp_path, made):
    """Another bar or another bound is another plan: preflight is made again, and the new shown."""
    bars = [run(campaign(study(below=bar)), tmp_path / "bar") for bar in (4.0, 9.0)]
    assert len(made) == 2
    assert [r.summary.examinations[0].reachability[0].bar for r in bars] == [4.0, 9.0]

    boxes = [run(campaign(study(problem=area(a=a))), tmp_path / "box") for a in (0.5, 3.0)]
    assert len(made) == 4
    assert [ending(results) for results in boxes] == ["stopped as hopeless", "finished"]
    assert boxes[1].summary.preflight == []


def test_shown(tmp_path):
    """The summary and the report carry the sentence, the findings, and a picture of the reach."""
    run(campaign(), tmp_path / "far")
    run(campaign(study(problem=area(2.0))), tmp_path / "near")
    far, near = (json.loads((tmp_path / n / "summary.json").read_text()) for n in ("far", "near"))

    assert far["outlook"].startswith("Out of reach as far as searched")
    [finding] = far["preflight"]
    assert (finding["code"], finding["severity"], finding["study"]) == (
        "out_of_reach",
        "stop",
        "fit",
    )
    [reach, _] = far["examinations"][0]["reachability"][0]["reaches"]
    assert (reach["quantity"], reach["highest"]) == ("area", pytest.approx(2.5))
    assert near["outlook"] == "Nothing found that stands in the way."
    assert near["preflight"] == []
    picture = "What the box can reach, against what the data say"
    shown, not_shown = ((tmp_path / n / "report.html").read_text() for n in ("far", "near"))
    assert picture in shown
    assert finding["sentence"].replace("chi2", "χ²") in html.unescape(shown)
    assert picture not in not_shown


def test_report_makes_no_preflight(tmp_path):
    """`report` rebuilds identical files from the ledger: no preflight, no fit, no JAX."""
    run(campaign(), tmp_path / "night")
    written = {name: (tmp_path / "night" / name).read_bytes() for name in REPORT}
    for name in REPORT:
        (tmp_path / "night" / name).unlink()
    refuse = (
        "import sys\n"
        "sys.modules['jax'] = None\n"
        "import daybreak.preflight.run\nfrom daybreak.runner import night, rounds\n"
        "del daybreak.preflight.run.preflight, night.preflight, rounds.Carrier\n"
        "from daybreak.cli import main\nmain()"
    )
    process = subprocess.run(
        [sys.executable, "-c", refuse, "report", str(tmp_path / "night")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert {name: (tmp_path / "night" / name).read_bytes() for name in REPORT} == written


# -- what it costs ---------------------------------------------------------------------------


def slow(clock, seconds):
    """A model that takes its time."""

    def predict(p, settings):
        clock.now += seconds
        return {"area": p.a * p.b + settings.more, "width": p.b}

    return predict


def test_budget(monkeypatch):
    """A model too slow for the budget ends it at the next sample, with a list of what is open."""
    clock = Clock(monkeypatch)
    found = preflight(campaign(study(problem=area(2.0, predict=slow(clock, 0.2)))), 10.0)
    (one,) = found.studies

    assert clock.now <= 10.0 + 0.4
    assert found.over == 0.0
    assert not found.hopeless
    assert found.sentence == " ".join(
        ["Nothing found that stands in the way, as far as was checked.", *in_words([one])]
    )
    assert one.checked[0] == "whether the model takes the settings of the study"
    assert (
        NotChecked(check="whether chi2 has jumps or kinks", why=Unmade.BUDGET) in one.not_checked
    )
    assert all(left.check in found.sentence for left in one.not_checked)


def test_what_is_worth_most_comes_first(monkeypatch):
    """With several studies a slow one leaves time for the first checks of all others."""
    clock = Clock(monkeypatch)
    first = study("slow", area(2.0, predict=slow(clock, 0.2)))
    others = [
        study(f"quick {i}", area(predict=slow(clock, 1e-4)), settings={"more": float(i)})
        for i in range(2)
    ]
    found = preflight(campaign(first, *others), 60.0)

    reach = "whether the criteria can be met"
    assert NotChecked(check=reach, why=Unmade.BUDGET) in found.studies[0].not_checked
    assert found.studies[0].evaluations > 0
    for one in found.studies[1:]:
        assert one.reachability[0].conclusive
        assert reach in one.checked


def test_reach_and_symmetries_always_get_theirs(monkeypatch):
    """They ask as often as without a budget, which cuts what comes after; the rest is told.

    That a criterion cannot be met is known; which bound to move, as far as the budget allows.
    """
    clock = Clock(monkeypatch)
    enough, little = (
        preflight(campaign(study(problem=area(predict=slow(clock, 0.001)))), budget)
        for budget in (1e6, 1.0)
    )
    (whole,), (cut,) = enough.studies, little.studies
    first = ["whether the criteria can be met", "whether a symmetry moves a parameter"]

    (reach,), (sure,) = cut.reachability, whole.reachability
    assert sure.escapes
    assert reach == sure.model_copy(update={"escapes": None, "sentence": reach.sentence})
    assert sure.sentence.startswith(reach.sentence)
    bounds = NotChecked(check="which bounds would have to move", why=Unmade.BUDGET)
    assert bounds in cut.not_checked
    assert bounds not in whole.not_checked
    assert cut.symmetries == whole.symmetries
    assert [name for name in cut.checked if name in first] == first
    assert {left.why for left in cut.not_checked} == {Unmade.BUDGET}
    assert enough.over == 0.0
    assert little.over > 1.0
    assert "which the budget does not cut, took" in outlook.render(little)
    assert "which the budget does not cut, took" not in outlook.render(enough)


@pytest.mark.parametrize("method", [dk.MultiStart(4), dk.Intervals("all")])
def test_dear_models_keep_to_the_budget(monkeypatch, method):
    """A model of minutes, and one whose evaluations are counted, is asked within it alone."""
    clock = Clock(monkeypatch)
    counted = method.by_evaluation
    problem = area(predict=slow(clock, 0.01 if counted else 120.0))
    one = dk.Study("dear", problem, method, [dk.Criterion("chi2", below=4)])
    found = preflight(campaign(one), 1.0 if counted else 60.0)

    assert clock.now <= (1.02 if counted else 240.0)
    reach = NotChecked(check="whether the criteria can be met", why=Unmade.BUDGET)
    assert reach in found.studies[0].not_checked


def test_what_was_cut_is_said_in_every_output(tmp_path):
    """The ledger, the summary, both reports, the verdict and the plan say it in the same words."""
    one = campaign(study(problem=area(2.0)))
    results = run(one, tmp_path, budget=0.0)
    said = "Nothing could be checked, because the budget was spent"
    outputs = {name: (tmp_path / name).read_text() for name in REPORT}
    found = preflight(one, 0.0)
    tonight = foresee(one, found, tmp_path)
    outputs |= {
        "verdict": terminal.render(results.summary),
        "preflight": outlook.render(found),
        "plan": tonight_text.render(tonight),
        "page": evening_page.render(tonight),
        "plan as data": tonight.model_dump_json(),
    }

    assert found.sentence == f"{said}."
    assert results.summary.outlook == found.sentence
    outputs = {name: " ".join(text.split()) for name, text in outputs.items()}
    assert [name for name, text in outputs.items() if said not in text] == []
    assert [name for name, text in outputs.items() if "Nothing found" in text] == []
    kept = json.loads(outputs["summary.json"])["examinations"][0]
    assert kept["checked"] == []
    assert {row["why"] for row in kept["not_checked"]} == {"the budget was spent"}
    assert len(kept["not_checked"]) == len(checks())


def test_what_was_not_checked_of_whom(monkeypatch):
    """Studies are named beside what was not checked of them, in the order of the checks."""
    clock = Clock(monkeypatch)
    first = study("slow", area(2.0, predict=slow(clock, 0.05)))
    found = preflight(campaign(first, study("quick", area(2.0, predict=slow(clock, 1e-6)))), 5.0)
    (sentence,) = in_words(found.studies, who)

    assert sentence.startswith("Not checked, because the budget was spent: whether ")
    assert "whether the criteria can be met [slow]" in sentence
    assert "whether the criteria can be met" in found.studies[1].checked


def test_without_numbers_nothing_else_is_checked():
    """Of a model that gives no number everything else is listed with that reason."""
    (one,) = preflight(campaign(study(problem=of_ones(_raise)))).studies

    assert {left.why for left in one.not_checked} == {Unmade.NUMBERLESS}
    assert len(one.checked) + len(one.not_checked) == len(checks())


def test_deterministic():
    """Two preflights of one campaign find the same, times aside."""
    timed = {"seconds": True, "studies": {"__all__": {"forecast"}}}
    one = campaign(study(), study("near", area(2.0)), seed=3)
    first, second = (preflight(one).model_dump(exclude=timed) for _ in range(2))

    assert first == second


# -- problems that are none ------------------------------------------------------------------


def of_ones(predict, count=3, names="a"):
    """A problem of `count` ones."""
    parameters = [dk.Parameter(name, 0, 1) for name in names]
    return dk.FitProblem(parameters, predict, dk.observations(np.ones(count), 0.1))


def _raise(p, settings):
    msg = "no licence"
    raise OSError(msg)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (of_ones(lambda p, s: np.full(3, np.nan) * p.a), {("nonfinite_region", "stop")}),
        (of_ones(_raise), {("nonfinite_region", "stop")}),
        (
            of_ones(lambda p, s: np.zeros(3)),
            {
                ("placebo", "warning"),
                ("not_identifiable_symmetry", "warning"),
                ("out_of_reach", "stop"),
            },
        ),
        (
            of_ones(lambda p, s: p.a * np.ones(3), names="ab"),
            {("placebo", "warning"), ("not_identifiable_symmetry", "warning")},
        ),
        (
            of_ones(lambda p, s: np.array([p.x + p.y + p.z]), 1, "xyz"),
            {("too_few_data", "warning"), ("not_identifiable_symmetry", "warning")},
        ),
    ],
    ids=["NaN everywhere", "raises everywhere", "constant", "inert", "few data"],
)
def test_problems_that_are_none(problem, expected):
    """What cannot be fitted is a finding with a sentence, never a traceback."""
    found = preflight(campaign(study(problem=problem)))

    assert set(codes(found)) == expected
    assert all(finding.sentence.endswith(".") for one in found.studies for finding in one.findings)
    if ("nonfinite_region", "stop") in expected:
        assert found.hopeless
        assert found.sentence == "No counted study gives a number to compare with the data."


def test_nothing_to_fit_is_refused():
    """No observation, or no free parameter, is refused with a sentence when it is declared."""
    free, fixed = dk.Parameter("a", 0, 1), dk.Parameter("a", 0, 1, fixed=0.5)

    with pytest.raises(dk.ProblemError, match=r"observation.*\.$"):
        dk.FitProblem([free], lambda p, s: {}, {})
    with pytest.raises(dk.ProblemError, match=r"(fixed|free).*\.$"):
        dk.FitProblem([fixed], lambda p, s: [p.a], dk.observations([1.0], 0.1))


HOLDS_NO_DEVICE = """
import daybreak as dk
problem = dk.SearchProblem(
    [dk.Parameter("x", 0, 1)], lambda c, _: {"loss": c.x}, dk.Objective("loss"),
    rehearsal=lambda c, _: {"loss": c.x}, resources=dk.Resources(gpus=1),
)
dk.preflight(dk.Campaign("c", [dk.Study("s", problem, dk.Search("random", trials=1))]))
import jax
print(jax.config.jax_platforms)
"""


def test_graphics_processors_are_left_to_workers():
    """JAX would take most of a device's memory and keep it from those it was promised to."""
    told = subprocess.run(
        [sys.executable, "-c", HOLDS_NO_DEVICE],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "JAX_PLATFORMS"},
    )
    assert told.stdout.strip() == "cpu"


def test_raising_in_the_middle_of_the_box():
    """A model that raises in a part of the box, its middle included, is not given up for that."""

    def predict(p, settings):
        if p.a > 0.4:
            msg = "it diverged"
            raise RuntimeError(msg)
        return 2.0 * p.a * np.ones(3)

    data = dk.observations([0.5, 0.52, 0.48], 0.1)
    problem = dk.FitProblem([dk.Parameter("a", 0, 1)], predict, data)
    bar = dk.Criterion("chi2", below=3.0)
    asked = dk.Study("partly", problem, dk.MultiStart(starts=4), [bar])
    (found,) = preflight(dk.Campaign("partly", [asked])).studies

    assert not any(finding.severity == "stop" for finding in found.findings)
    assert found.reachability[0].met
