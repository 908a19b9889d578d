"""Whole nights of a search, by the library and by the command line."""

import csv
import io
import json
import subprocess
import sys

import pytest

import daybreak as dk
from daybreak import catalogue, sharing
from tests.search.problems import bowl

NOISY = '''
"""A noisy search with everything that a trial can leave."""
import daybreak as dk
from daybreak import catalogue, sharing

def evaluate(c, trial):
    for step in (1, 2, 3):
        trial.report(step, (c.x - 1) ** 2 + 1 / step)
    trial.record(slope=2 * (c.x - 1), kind_used=c.kind)
    trial.attach(dk.Curve("shape", [1, 2, 3], {"x": [c.x, 2, 3]}, x_unit="m"))
    (trial.directory / "weights.bin").write_bytes(bytes(range(10)))
    trial.attach(trial.directory / "weights.bin")
    return {"loss": (c.x - 1) ** 2 + 0.01 * trial.rng.normal()}

problem = dk.SearchProblem(
    [dk.Parameter("x", -5, 5), dk.Choice("kind", ["a", "b"])], evaluate, dk.Objective("loss"),
)
search = dk.Search("tpe", trials=14, forced=[{"x": 1.0, "kind": "b"}], confirm=2)
campaign = dk.Campaign("noisy", [dk.Study("bowl", problem, search,
                                          accept=[dk.Criterion("loss", at_most=0.5)])])
'''


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """The noisy search, run by the command line."""
    place = tmp_path_factory.mktemp("search")
    (place / "noisy.py").write_text(NOISY)
    return place, command(place, "run", "noisy.py", "--dir", "night")


def command(place, *words):
    """`daybreak` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "daybreak.cli", *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_night_of_the_command_line(night):
    """`daybreak run` carries a search out, judges it, and reports it in every form."""
    place, done = night
    assert done.returncode == 0, done.stderr
    assert "14 trials by tpe: 14 completed" in done.stdout

    found = dk.open(place / "night")["bowl"]
    assert found.verdict == "PASS"
    assert len(found.search.trials) == 14
    assert found.search.trials[0].how == "forced"
    assert found.search.trials[0].configuration == {"x": 1.0, "kind": "b"}
    assert "trial" in (place / "night" / "report.html").read_text()
    assert command(place, "verdict", "night").returncode == 0


def test_a_second_run_computes_nothing(night):
    """The same command on a finished search makes no trial, and says the same."""
    place, _ = night
    before = dk.open(place / "night").summary.studies[0]
    again = command(place, "run", "noisy.py", "--dir", "night")

    assert again.returncode == 0
    assert dk.open(place / "night").summary.studies[0] == before


def test_the_best_is_exported_with_everything(night):
    """`export best` holds configuration, metrics, records, curves, files and confirmations."""
    place, _ = night
    done = command(place, "export", "best", "night", "-o", "best.json")
    assert done.returncode == 0, done.stderr

    best = json.loads((place / "best.json").read_text())
    outcome = best["outcome"]
    winner = dk.open(place / "night")["bowl"].search.best
    assert best["configuration"]["configuration"] == winner.configuration
    assert outcome["metrics"] == winner.selected
    assert outcome["details"]["recorded"]["kind_used"] == winner.configuration["kind"]
    assert len(outcome["details"]["reports"]) == 3
    assert [part["name"] for part in outcome["details"]["artifacts"]] == ["shape", "weights.bin"]
    assert best["confirmed"]["seeds"] == winner.seeds
    assert best["files"] == {"weights.bin": "AAECAwQFBgcICQ=="}


def test_the_best_reproduces(night):
    """`rerun` evaluates the exported configuration again with its seed, to the last bit."""
    place, _ = night
    command(place, "export", "best", "night", "-o", "best.json")
    again = command(place, "rerun", "best.json")

    assert again.returncode == 0, again.stderr
    assert "loss = " in again.stdout
    assert "bit for bit as exported" in again.stdout


def test_a_changed_evaluate_is_noticed_by_rerun(night):
    """A rerun with another `evaluate` says both numbers and exits with 1."""
    place, _ = night
    command(place, "export", "best", "night", "-o", "best.json")
    (place / "other.py").write_text(NOISY.replace("2 + 0.01", "2 + 0.02"))
    again = command(place, "rerun", "best.json", "other.py")

    assert again.returncode == 1
    assert "was exported" in again.stdout


def test_every_trial_is_exported(night):
    """`export trials` has a row for every trial, its metrics and records, names kept apart."""
    place, _ = night
    rows = list(csv.DictReader(io.StringIO(command(place, "export", "trials", "night").stdout)))

    assert len(rows) == 14 + 2 * 3
    assert {row["origin"].split()[0] for row in rows} == {"forced", "trial", "confirm"}
    assert {row["kind"] for row in rows} == {"search"}
    assert {row["parameter.kind"] for row in rows} == {"a", "b"}
    assert all(float(row["metric.loss"]) < 40 and row["seed"] for row in rows)
    assert all(row["recorded.kind_used"] == row["parameter.kind"] for row in rows)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_an_interrupted_night_is_the_whole_night(tmp_path, sampler):
    """Stopped after any number of trials and run again, a search ends with the same trials."""

    def campaign():
        method = dk.Search(sampler, trials=16, population=5, startup=5)
        return dk.Campaign("whole", [dk.Study("bowl", bowl(), method)])

    whole = dk.run(campaign(), tmp_path / "whole")["bowl"].search
    parts = dk.run(campaign(), tmp_path / "parts", max_trials=3)
    for _ in range(3):
        assert not parts.summary.finished
        parts = dk.run(campaign(), tmp_path / "parts", max_trials=5)

    assert parts.summary.finished
    assert parts["bowl"].search == whole


def test_workers_find_the_same(tmp_path):
    """A search by two worker processes in batches equals the same search in this one."""

    def campaign():
        method = dk.Search("tpe", trials=12, startup=4, batch=4)
        return dk.Campaign("workers", [dk.Study("bowl", bowl(), method)])

    here = dk.run(campaign(), tmp_path / "here")["bowl"].search
    there = dk.run(campaign(), tmp_path / "there", workers=2)["bowl"].search

    assert there == here


def test_two_searches_are_told_apart(tmp_path):
    """`export best` asks which of two searches is meant, and takes the one that is named."""
    problem, method = bowl(), dk.Search("random", trials=2)
    studies = [dk.Study(name, problem, method, seed=i) for i, name in enumerate(("one", "two"))]
    dk.run(dk.Campaign("two", studies), tmp_path / "night")

    unnamed = command(tmp_path, "export", "best", "night")
    named = command(tmp_path, "export", "best", "night", "--study", "two")

    assert unnamed.returncode == 2
    assert "say with --study which search is meant: 'one', 'two'" in unnamed.stderr
    assert json.loads(named.stdout)["study"] == "two"


def test_attached_files_may_hold_times(night):
    """A rerun is bit for bit though a file that was attached has other bytes; numbers count."""
    place, _ = night
    exported = sharing.export_trial(place / "night")
    made = sharing.make(catalogue.load(str(place / "noisy.py")), exported)
    files = [part for part in exported.outcome["details"]["artifacts"] if part["kind"] == "file"]
    assert sharing.compare(exported, made).identical

    files[0]["sha256"] = "0" * 64
    assert sharing.compare(exported, made).identical
    exported.outcome["details"]["recorded"]["slope"] += 1e-12
    assert not sharing.compare(exported, made).identical
