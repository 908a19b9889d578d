"""Whole searches as files: no trial is kept otherwise than another, and nobody's file is lost."""

from __future__ import annotations

import csv
import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

import daybreak as dk
from daybreak import records, sharing
from daybreak.diagnosis.search_summary import StudySummary
from daybreak.diagnosis.trial_record import RecordedTrial, lost_fields
from daybreak.errors import DaybreakError, LedgerError
from daybreak.ledger.store import Ledger
from daybreak.report import folder
from tests.json_schema import faults

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
SPACE = [
    dk.Integer("x", -9, 9),
    dk.Parameter("rate", 1e-3, 1.0, scale="log"),
    dk.Choice("kind", ["a", "b", None, True]),
    dk.Parameter("momentum", 0.0, 1.0, when=("kind", "a")),
    dk.Parameter("held", 0.0, 9.0, fixed=2.0),
]
FORMATS = {"record": RecordedTrial, "search": StudySummary}


def schema(name):
    """A published format."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


class Worth:
    """A search's evaluation that records, reports and attaches, and fails where it is told to."""

    def __init__(self, failing=(), silent=()):
        self.failing = failing
        self.silent = silent
        """Values of x at which nothing is recorded."""

    def __call__(self, c, trial):
        """Loss and size."""
        if c.x not in self.silent:
            trial.record(architecture={"layers": [c.x] * 3, "kind": c.kind}, rate_used=c.rate)
        for step in range(1, 4):
            trial.report(step, abs(c.x) + 1.0 / step)
        trial.attach(dk.Curve("course", [1, 2], {"x": [c.x, c.rate]}, x_unit="s"))
        (trial.directory / "weights.bin").write_bytes(str(c.x).encode())
        trial.attach(trial.directory / "weights.bin")
        if c.x in self.failing:
            msg = f"no way at {c.x}"
            raise ValueError(msg)
        return {"loss": c.x**2 + 0.1 * c.rate + c.get("momentum", 0.0), "size": float(c.x)}


def night(place, *studies, **more):
    """Run searches into `place`; pictures take longer than they do, so none is drawn."""
    with mock.patch("daybreak.report.html.render", return_value=""):
        dk.run(dk.Campaign("camp", studies), place, progress=io.StringIO(), **more)
    return place


def bowl(method, evaluate=None, name="bowl", called="", **replaced):
    """A search over every kind of parameter."""
    told = {"objectives": dk.Objective("loss"), "deterministic": True, **replaced}
    problem = dk.SearchProblem(SPACE, evaluate or Worth(), name=called, **told)
    return dk.Study(name, problem, method)


def read(path):
    """A JSON file."""
    return json.loads(path.read_text())


def command(*words, cwd=None):
    """`daybreak` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "daybreak.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


FORCED = [
    {"x": 0, "rate": 0.5, "kind": "b"},
    {"x": 3, "rate": 0.1, "kind": "a", "momentum": 0.5},
    {"x": -2, "rate": 0.01, "kind": None},
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A search that has ended, with a failure, pruned trials, a baseline and confirmations."""
    method = dk.Search(
        "random", trials=30, forced=FORCED, pruner="median", confirm=1, duplicates="replicate"
    )
    study = bowl(
        method,
        Worth(failing=(3,)),
        knobs=[dk.Knob("grid", refined=8)],
        settings={"grid": 4},
        baselines=[dk.Baseline("forced too", configuration=FORCED[0])],
    )
    return night(tmp_path_factory.mktemp("ended") / "run", study)


@pytest.fixture
def run(ended, tmp_path):
    """A copy of it."""
    return shutil.copytree(ended, tmp_path / "run")


# -- the law ---------------------------------------------------------------------------------


@st.composite
def configurations(draw):
    """A configuration of the space."""
    kind = draw(st.sampled_from(["a", "b", None, True]))
    momentum = {"momentum": draw(st.sampled_from([0.0, 0.25]))} if kind == "a" else {}
    x, rate = draw(st.integers(-9, 9)), draw(st.sampled_from([1e-3, 0.1, 1.0]))
    return {"x": x, "rate": rate, "kind": kind, **momentum}


@st.composite
def searches(draw):
    """Three searches of one night."""
    return [draw(search(f"search {number}")) for number in range(3)]


@st.composite
def search(draw, name):
    """A search with any sampler, forced configurations, failures, pruner and bar."""
    single = draw(st.booleans())
    goals = [dk.Objective("loss"), dk.Objective("size", "maximise")]
    forced = draw(st.lists(configurations(), max_size=3, unique_by=str))
    baselines = [dk.Baseline("known", configuration=one) for one in forced[:1]]
    samplers = ["tpe", "random", "sobol"] if single else ["nsga2", "tpe", "random"]
    method = dk.Search(
        draw(st.sampled_from(samplers)),
        trials=draw(st.integers(1, 9)),
        forced=forced,
        pruner=draw(st.sampled_from([None, "median", "halving"])) if single else None,
        duplicates=draw(st.sampled_from(["skip", "reuse", "replicate"])),
        population=4,
        confirmations=2,
        startup=2,
    )
    return bowl(
        method,
        Worth(failing=draw(st.sets(st.integers(-9, 9), max_size=8))),
        name=name,
        called=name,
        objectives=goals[0] if single else goals,
        baselines=draw(st.sampled_from([[], baselines])),
        constraints=draw(st.sampled_from([[], [dk.Constraint("size", at_most=4)]])),
        deterministic=draw(st.booleans()),
    )


@settings(max_examples=10, deadline=None)
@given(searches())
def test_forced_and_sampled_trials_are_recorded_alike(studies):
    """Every trial of any search has the same fields, in every file, and the best loses none."""
    with tempfile.TemporaryDirectory() as kept:
        place = night(Path(kept) / "run", *studies)
        with closing(Ledger(place)) as ledger:
            members = {study.name: study.trials for study in ledger.read().searches}
        for study, written in zip(studies, records.write_records(place), strict=True):
            found = [read(path) for path in sorted((written.folder / "trials").iterdir())]
            assert len(found) == len(members[study.name]) == written.trials
            assert {one["how"] for one in found} >= set(["forced"] * bool(study.method.forced))
            assert written.missing == {}
            check_trials(found)
            check_others(written.folder, found)


def check_trials(found):
    """Every record is whole: the same fields, the whole configuration, all that was recorded."""
    assert len({tuple(one) for one in found}) == 1
    assert not [told for one in found for told in faults(one, schema("record"))]
    for one in found:
        c = one["configuration"]
        assert list(c) == [n for n in ("x", "rate", "kind", "momentum", "held") if n in c]
        assert ("momentum" in c, c["held"]) == (c["kind"] == "a", 2.0)
        assert one["recorded"] == {
            "architecture": {"layers": [c["x"]] * 3, "kind": c["kind"]},
            "rate_used": c["rate"],
        }
        assert one["reports"]
        if one["state"] in ("completed", "infeasible"):
            assert [part["name"] for part in one["attached"]] == ["course", "weights.bin"]
            assert one["objectives"].items() <= one["metrics"].items()
        else:
            assert set(one["objectives"].values()) == {None}
        assert RecordedTrial.model_validate(one).model_dump(mode="json", by_alias=True) == one


def check_others(place, found):
    """The list, the table, the summary and the best say of every trial what its record says."""
    table = list(csv.DictReader(io.StringIO((place / "trials.csv").read_text())))
    summary = read(place / "study_summary.json")
    keyed = {one["key"]: one for one in found}
    assert sorted(read(place / "all_trials.json"), key=str) == sorted(found, key=str)
    assert sorted(row["trial"] for row in table) == sorted(one["key"] for one in found)
    for row in table:
        one = keyed[row["trial"]]
        assert float(row["rate"]) == one["configuration"]["rate"]
        assert row["recorded.architecture"] == str(
            dict(sorted(one["recorded"]["architecture"].items()))
        )
    assert not faults(summary, schema("search"))
    assert summary["missing"] == {}
    assert (place / "best.json").exists() == (summary["best"] is not None)
    if summary["best"] is not None:
        exported = read(place / "best.json")
        (mine,) = [one for one in found if one == summary["best"]]
        assert mine["how"] in ("forced", "sampled")
        assert exported["key"] == mine["key"]
        assert exported["configuration"]["configuration"] == mine["configuration"]
        assert exported["outcome"]["details"]["recorded"] == mine["recorded"]
        assert exported["outcome"]["metrics"] == mine["metrics"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_formats_are_published(name):
    """The JSON Schemas in docs/ are those of the files."""
    own = FORMATS[name].model_json_schema(by_alias=True, mode="serialization")

    assert schema(name) == own
    assert set(own["required"]) == set(own["properties"])


# -- what is in the files ---------------------------------------------------------------------


def test_every_trial_has_a_file(run):
    """Forced, sampled, pruned and failed trials in the order made; the others by what they are."""
    (written,) = records.write_records(run)
    names = sorted(path.name for path in (written.folder / "trials").iterdir())
    forced, failed = (
        read(written.folder / "trials" / f"trial_{number:04d}.json") for number in (0, 1)
    )

    assert written.folder == run / "records" / "bowl"
    assert names == [
        *(f"{other}_0000.json" for other in ("baseline",)),
        *(f"confirm_{number:04d}.json" for number in range(3)),
        "refine_0000.json",
        *(f"trial_{number:04d}.json" for number in range(30)),
    ]
    assert (forced["how"], forced["reused"], forced["seconds"] > 0) == ("forced", True, True)
    assert forced["started"] <= forced["ended"]
    assert (failed["state"], failed["reason"]) == ("failed", "RAISED")
    assert failed["message"] == "ValueError: no way at 3"
    assert "no way at 3" in failed["traceback"]
    refined = read(written.folder / "trials" / "refine_0000.json")
    assert (refined["of"], refined["settings"], refined["options"]) == (
        "grid",
        {"grid": 8},
        {"knob": "grid", "to": 8},
    )


def test_all_trials_are_sorted(run):
    """Completed trials come first, best first, then pruned and failed ones, then the others."""
    (written,) = records.write_records(run)
    found = read(written.folder / "all_trials.json")
    order = [one["state"] if one["how"] in ("forced", "sampled") else "other" for one in found]
    losses = [one["objectives"]["loss"] for one in found[: order.count("completed")]]

    assert sorted(order, key=["completed", "pruned", "failed", "other"].index) == order
    assert {"completed", "pruned", "failed", "other"} == set(order)
    assert losses == sorted(losses)


def test_the_summary_is_that_of_the_trials(run):
    """Counts, distribution, groups and correlations are those of the records."""
    (written,) = records.write_records(run)
    summary = read(written.folder / "study_summary.json")
    own = [
        one
        for one in read(written.folder / "all_trials.json")
        if one["how"] in ("forced", "sampled")
    ]
    done = [one for one in own if one["state"] == "completed" and not one["reused"]]
    losses = [one["objectives"]["loss"] for one in done]
    counts, (spread,) = summary["counts"], summary["distributions"]

    assert (counts["made"], counts["forced"], counts["confirm"]) == (30, 3, 3)
    assert counts["completed"] + counts["pruned"] + counts["failed"] == 30
    assert sum(len(one["trials"]) for one in summary["failures"]) == counts["failed"] > 0
    assert spread["n"] == len(losses)
    assert spread["std"] == pytest.approx(statistics.stdev(losses))
    assert spread["median"] == pytest.approx(statistics.median(losses))
    assert [spread["lower_quartile"], spread["upper_quartile"]] == pytest.approx(
        statistics.quantiles(losses, n=4, method="inclusive")[::2]
    )
    assert {(g["parameter"], str(g["value"])) for g in summary["groups"]} == {
        ("kind", name) for name in ("a", "b", "None", "True")
    }
    for group in summary["groups"]:
        mine = [
            one["objectives"]["loss"]
            for one in done
            if one["configuration"]["kind"] is group["value"]
            or one["configuration"]["kind"] == group["value"]
        ]
        assert (group["n"], group["min"]) == (len(mine), min(mine, default=None))
        assert group["mean"] == (pytest.approx(np.mean(mine)) if mine else None)
    assert [one["parameter"] for one in summary["correlations"]] == ["x", "rate", "momentum"]
    for one in summary["correlations"][:2]:
        places = [trial["configuration"][one["parameter"]] for trial in done]
        assert one["rho"] == pytest.approx(spearmanr(places, losses).statistic)
    assert [one["number"] for one in summary["top"]] == [
        one["number"] for one in own if one["state"] == "completed"
    ][:20]


def test_the_page_tells_the_same(run):
    """The Markdown names the best trial with its configuration, records and files."""
    (written,) = records.write_records(run)
    page = (written.folder / "study_summary.md").read_text()

    assert "30 trials, 3 of them forced: " in page
    assert "Every completed trial recorded the same fields." in page
    best = read(written.folder / "study_summary.json")["best"]
    assert f"| trial | {best['number']} | {best['how']} |" in page
    assert "| architecture | {" in page
    assert "| held | 2 | configuration |" in page
    assert "| weights.bin | " in page
    assert "ValueError: no way at 3" in page


def test_several_objectives_have_a_front(tmp_path):
    """With several objectives there are the front, and a distribution of each."""
    goals = [dk.Objective("loss"), dk.Objective("size", "maximise", unit="m")]
    study = bowl(dk.Search("random", trials=25), name="Front & back", objectives=goals)
    place = night(tmp_path / "run", study)
    (written,) = records.write_records(place)
    summary = read(written.folder / "study_summary.json")
    page = (written.folder / "study_summary.md").read_text()
    order = [one["number"] for one in read(written.folder / "all_trials.json")]
    front = [one["number"] for one in summary["front"]]

    assert written.folder.parent == place / "records"
    assert [one["objective"] for one in summary["distributions"]] == ["loss", "size"]
    assert front == dk.open(place)["Front & back"].search.front
    assert len(front) > 1
    assert set(order[: len(front)]) == set(front)
    assert sorted(order) == list(range(25))
    assert "## Front: trials that no other one dominates" in page
    assert "size (m)" in page


def test_a_search_without_a_result(tmp_path):
    """Where every trial failed there is a summary that says so, and no best."""
    study = bowl(dk.Search("random", trials=3), Worth(failing=range(-9, 10)))
    place = night(tmp_path / "run", study)
    (written,) = records.write_records(place)

    assert not (written.folder / "best.json").exists()
    assert read(written.folder / "study_summary.json")["best"] is None
    assert "none has completed" in (written.folder / "study_summary.md").read_text()


# -- what is missing --------------------------------------------------------------------------


def test_a_best_that_recorded_less_is_refused(tmp_path):
    """A best trial without what others recorded is an error, and nothing is written."""
    forced = [{"x": 0, "rate": 1e-3, "kind": "b"}]
    study = bowl(dk.Search("random", trials=8, forced=forced), Worth(silent=(0,)))
    place = night(tmp_path / "run", study)
    with pytest.raises(LedgerError, match=r"trial 0 \(forced\), did not record 'architecture'"):
        records.write_records(place)
    assert not (place / "records").exists()

    (written,) = records.write_records(place, anyway=True)
    summary = read(written.folder / "study_summary.json")
    assert summary["missing"] == written.missing
    assert 0 in summary["missing"]["architecture"]
    assert "missing from others: architecture" in (written.folder / "study_summary.md").read_text()


@pytest.mark.parametrize(
    ("silent", "lost"),
    [
        ([("forced", 0)], True),  # all others have it
        ([("forced", 0), ("forced", 1)], True),  # all sampled ones have it
        ([("forced", 0), ("sampled", 2)], False),  # a remark on some of either kind
        ([("forced", 1), ("sampled", 2)], False),  # the best has it
        ([("forced", 0), ("forced", 1), ("sampled", 2), ("sampled", 3)], False),  # nobody has it
    ],
)
def test_a_remark_on_some_trials_is_not_lost(run, silent, lost):
    """A field is lost to the best when all others have it, or all that were made otherwise."""
    with closing(Ledger(run)) as ledger:
        record, made = ledger.read_searches()
    one = records._Search.of(run, record, record.searches[0], made).summary.best
    ways = [("forced", 0), ("forced", 1), ("sampled", 2), ("sampled", 3)]
    trials = [
        one.model_copy(
            update={
                "how": how,
                "number": number,
                "recorded": {} if (how, number) in silent else {"architecture": number},
            }
        )
        for how, number in ways
    ]

    assert lost_fields(trials[0], trials) == (["architecture"] if lost else [])


def test_what_another_trial_lacks_is_told(tmp_path):
    """Fields that a trial which is not the best did not record are named with its number."""
    forced = [{"x": 0, "rate": 1e-3, "kind": "b"}, {"x": 5, "rate": 1e-3, "kind": "b"}]
    study = bowl(dk.Search("random", trials=2, forced=forced), Worth(silent=(5,)))
    place = night(tmp_path / "run", study)
    (written,) = records.write_records(place)

    assert written.missing == {"architecture": [1], "rate_used": [1]}
    assert written.remarks[0] == (
        "1 completed trial did not record 'architecture', which others did; study_summary.md "
        "says which."
    )


def test_a_best_that_differs_from_its_record_is_refused(run):
    """Should an export ever hold less than the record, it is not written."""
    with closing(Ledger(run)) as ledger:
        record, made = ledger.read_searches()
    whole = records._Search.of(run, record, record.searches[0], made)
    outcome = whole.best.outcome
    poor = {**outcome, "details": {**outcome["details"], "recorded": {}}}
    lost = replace(whole, best=whole.best.model_copy(update={"outcome": poor}))

    records._check(whole, anyway=False)
    with pytest.raises(LedgerError, match="its record has"):
        records._check(lost, anyway=True)


# -- the folder -------------------------------------------------------------------------------


def tree(place):
    """All files with their content and time."""
    return {
        path.relative_to(place).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in place.rglob("*")
        if path.is_file()
    }


def test_a_living_search_is_brought_up_to_date(tmp_path):
    """Written in the middle of a night and after it, the files are those of the end alone."""
    study = bowl(dk.Search("random", trials=12, forced=FORCED))
    night(tmp_path / "run", study, max_trials=5)
    (half,) = records.write_records(tmp_path / "run")
    before = tree(half.folder)
    assert read(half.folder / "study_summary.json")["counts"]["made"] == half.trials < 12

    night(tmp_path / "run", study)
    (whole,) = records.write_records(tmp_path / "run")
    (fresh,) = records.write_records(tmp_path / "run", to=tmp_path / "elsewhere")
    after = tree(whole.folder)
    assert {n: body for n, (body, _) in after.items()} == {
        name: body for name, (body, _) in tree(fresh.folder).items()
    }
    assert before["trials/trial_0000.json"] == after["trials/trial_0000.json"]


def test_writing_again_changes_nothing(run):
    """The same command twice leaves every file untouched, and the ledger is only read."""
    (written,) = records.write_records(run)
    before = tree(written.folder)
    records.write_records(run)

    assert tree(written.folder) == before


def test_another_file_is_never_replaced(run):
    """A file that was not written by the command, or was changed since, stops it."""
    place = run / "records" / "bowl"
    place.mkdir(parents=True)
    (place / "best.json").write_text("mine")
    with pytest.raises(DaybreakError, match=r"holds 'best\.json' that this command did not write"):
        records.write_records(run)
    assert [path.name for path in place.iterdir()] == ["best.json"]

    (place / "best.json").unlink()
    (place / "notes.txt").write_text("mine")
    records.write_records(run)
    (place / "trials.csv").write_text("changed")
    with pytest.raises(DaybreakError, match=r"trials\.csv"):
        records.write_records(run)
    assert (place / "notes.txt").read_text() == "mine"


def test_another_nights_records_are_never_replaced(run, tmp_path):
    """A folder with the records of another night is refused by name, even of the same study."""
    records.write_records(run, to=tmp_path / "all")
    other = night(tmp_path / "other", bowl(dk.Search("random", trials=2)))
    with pytest.raises(DaybreakError, match="holds the records of study 'bowl' of 'camp', begun"):
        records.write_records(other, to=tmp_path / "all")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema": "daybreak.written/1"}',
        """
    {"schema": "daybreak.written/1", "owner": "", "files": {"../x": []}}""",
    ],
)
def test_a_strange_list_is_refused(run, text):
    """A list of written files that cannot be one, or leaves the folder, is refused."""
    place = run / "records" / "bowl"
    place.mkdir(parents=True)
    (place / folder.LIST).write_text(text)
    with pytest.raises(DaybreakError, match="cannot be read as such"):
        records.write_records(run)


def test_a_kill_in_between_is_mended(tmp_path, monkeypatch):
    """When the disk fails after any file, the next call ends as if nothing had happened."""
    old, new = {"a": "1", "b": "2", "gone": "3"}, {"a": "1", "b": "20", "c/d": "30", "e": "40"}
    write, left = folder.write_whole, [0]

    def failing(path, text):
        if not left[0]:
            msg = "the disk is full"
            raise OSError(msg)
        left[0] -= 1
        return write(path, text)

    monkeypatch.setattr(folder, "write_whole", failing)
    for count in range(6):
        place = tmp_path / str(count)
        left[0] = 9
        folder.replace(place, "me", old)
        left[0] = count
        if count < 5:
            with pytest.raises(OSError, match="the disk is full"):
                folder.replace(place, "me", new)
        left[0] = 9
        folder.replace(place, "me", new)
        assert {n: body for n, (body, _) in tree(place).items() if n != folder.LIST} == {
            name: text.encode() for name, text in new.items()
        }


# -- the command ------------------------------------------------------------------------------


def test_the_command(run, tmp_path):
    """`export records` says where everything is; of a packed run it lies beside the pack."""
    done = command("export", "records", "run", "--study", "bowl", cwd=tmp_path)
    unknown = command("export", "records", "run", "--study", "bwol", cwd=tmp_path)
    best = command("export", "best", "run", "--study", "bowl", cwd=tmp_path)
    sharing.pack(run, tmp_path / "night.daybreak")
    (packed,) = records.write_records(tmp_path / "night.daybreak")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "bowl: 35 trials written to run/records/bowl\n"
    assert unknown.returncode == 2
    assert "no search is called 'bwol'; there are 'bowl'" in unknown.stderr
    assert packed.folder == tmp_path / "night" / "records" / "bowl"
    theirs, ours = json.loads(best.stdout), read(run / "records" / "bowl" / "best.json")
    assert theirs == ours


def test_a_run_without_a_search(tmp_path):
    """A run of fits is told what writes its trials."""
    line = dk.FitProblem([dk.Parameter("a", 0, 2)], lambda p, _: [p.a], dk.observations([1], 0.1))
    dk.run(dk.Campaign("line", [dk.Study("line", line, dk.MultiStart(2))]), tmp_path / "run")
    with pytest.raises(LedgerError, match="daybreak export trials"):
        records.write_records(tmp_path / "run")
