"""What a plan needs of the machine that makes its trials, and does not find there."""

from __future__ import annotations

import io
import sys

import pytest

import daybreak as dk
from daybreak.findings import Unmade, codes
from daybreak.findings.unchecked import in_words
from daybreak.ledger.endings import Ending
from daybreak.preflight.supplies import missing
from daybreak.problem.machine import devices


def search(**needs):
    """A search of one number whose trials need something, and its campaign."""
    problem = dk.SearchProblem(
        [dk.Parameter("x", 0, 1)],
        lambda c, _: {"loss": c.x},
        dk.Objective("loss"),
        deterministic=True,
        rehearsal=lambda c, _: {"loss": c.x},
        resources=dk.Resources(**needs),
    )
    study = dk.Study(
        "s", problem, dk.Search("random", trials=3), [dk.Criterion("loss", at_most=1)]
    )
    return dk.Campaign("needy", [study])


def fit(program="sh", **needs):
    """A line by an external program, and its campaign."""
    words = [program, "-c", "echo 1 2 > output.txt"]
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 5)],
        dk.Program(words),
        dk.observations([1.0, 2.0], 0.1),
        resources=dk.Resources(**needs),
    )
    return dk.Campaign("needy", [dk.Study("s", problem, dk.MultiStart(starts=1))])


def told(campaign):
    """Sentences of what is missing."""
    found = dk.preflight(campaign, 2.0)
    assert found.hopeless == bool(found.lacking)
    return [finding.sentence for finding in found.lacking]


@pytest.fixture(autouse=True)
def _without_devices(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_a_graphics_processor():
    """A processor that trials need and that is not seen stops a search, which is still asked."""
    found = dk.preflight(search(gpus=1), 5.0)
    (one,) = found.studies

    assert found.hopeless
    assert found.sentence == (
        "The plan needs what is not here: a trial needs 1 graphics processor, and none is seen "
        "here."
    )
    assert one.findings[0].code == codes.MISSING_RESOURCE
    assert one.findings[0].is_stop
    assert one.evaluations > 0


def test_one_that_is_there(monkeypatch):
    """Nothing is missing where as many are seen as a trial needs; -1 hides those behind it."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert told(search(gpus=2)) == []
    assert "needs 3 graphics processors, and 2 are seen" in told(search(gpus=3))[0]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,-1,1")
    assert devices() == ("0",)


@pytest.mark.parametrize(
    ("campaign", "words"),
    [
        (lambda: fit("no-such-program"), "the program 'no-such-program' is not on PATH"),
        (lambda: fit("./no/such/program"), "/no/such/program' is not there"),
        (lambda: fit(programs=["no-such-tool"]), "the program 'no-such-tool' is not on PATH"),
        (lambda: search(files=["no-such.csv"]), "no-such.csv' is not there"),
        (lambda: search(packages=["no_such_package.part"]), "'no_such_package.part' is not inst"),
        (lambda: search(memory=1e9), "a trial may use 1e+09 GiB, and this machine has"),
    ],
)
def test_what_else_may_be_missing(campaign, words):
    """A program, a file, a package or memory that is not there is named."""
    (sentence,) = told(campaign())
    assert words in sentence


def test_what_is_there_is_not_named(tmp_path):
    """Programs, files and packages that are there are no finding, and no package is imported."""
    data = tmp_path / "data.csv"
    data.write_text("1\n")
    manifest = dk.Manifest(tmp_path / "manifest.json")
    manifest.register(data, "data")
    there = search(programs=["sh"], files=manifest.files, packages=["this.part"])
    sys.modules.pop("this", None)

    assert told(there) == []
    assert "this" not in sys.modules


@pytest.mark.parametrize("bad", [{"files": "data.csv"}, {"packages": [3]}, {"programs": [""]}])
def test_needs_are_lists_of_names(bad):
    """One text where a list is meant, or no name, is refused."""
    with pytest.raises(dk.ProblemError, match="must be a list"):
        dk.Resources(**bad)


def run(campaign, place, **more):
    """A run that says nothing."""
    return dk.run(campaign, place, progress=io.StringIO(), budget=2.0, **more)


def test_nothing_runs_without_it(tmp_path):
    """A campaign that lacks something computes no trial, says what, and what to do."""
    results = run(search(files=[tmp_path / "there.csv"]), tmp_path / "run")

    assert results.summary.timing.runs[-1].state is Ending.HOPELESS
    assert results.summary.progress.trials == 0
    assert "there.csv" in results.summary.reason
    assert "Provide what is missing, or run it all the same with --anyway" in str(results)
    assert results.decision is None

    (tmp_path / "there.csv").write_text("now")
    again = run(search(files=[tmp_path / "there.csv"]), tmp_path / "run")
    assert again.verdict == "PASS"
    assert again.summary.preflight == []


def test_a_night_that_was_begun_elsewhere_stops_too(tmp_path):
    """What was begun is carried on for any stop but this one; --anyway carries that on as well."""
    data = tmp_path / "data.csv"
    data.write_text("1")
    place, campaign = tmp_path / "run", search(files=[data])
    run(campaign, place, max_trials=1)
    data.unlink()
    results = run(campaign, place)

    assert results.summary.timing.runs[-1].state is Ending.HOPELESS
    assert results.summary.progress.trials == 1
    assert results.summary.reason.startswith("stopped before it went on. The plan needs")
    assert run(campaign, place, anyway=True).summary.progress.trials == 3


def test_one_study_of_several(tmp_path):
    """What one study of the plan lacks stops all of it, as the plan was to be carried out."""
    whole, needy = search().studies[0], search(files=[tmp_path / "no.csv"]).studies[0]
    plan = dk.Campaign("two", [whole, dk.Study("needy", needy.problem, needy.method)])
    found = dk.preflight(plan, 2.0)

    assert found.hopeless
    assert [len(one.findings) for one in found.studies] == [0, 1]
    assert {left.why for left in found.studies[1].not_checked} == {Unmade.LACKING}
    assert in_words(found.studies[1:]) == [
        "Nothing could be checked, because what the plan needs is not here."
    ]


def test_the_built_in_queue_needs_a_processor_and_its_packages():
    """The queue of large networks says what it needs, whoever asks for it."""
    from daybreak.models.forecasting.campaigns import full

    resources = full().all_studies()[0].problem.resources

    assert resources.gpus == 1
    assert {"equinox", "optax", "talib"} <= set(resources.packages)
    assert missing(full().all_studies()[0])[0].code == codes.MISSING_RESOURCE
