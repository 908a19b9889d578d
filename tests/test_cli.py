"""The command line: the examples from start to end, every command, every exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import daybreak as dk
from daybreak import catalogue, cli
from daybreak.commands import shell
from tests.waiting import HANG, wait_until

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = [
    "evening.html",
    "ledger.db",
    "ledger.lock",
    "night.log",
    "report.html",
    "report.md",
    "summary.json",
]
NIGHT = """
import os, sqlite3, time
import numpy as np
import daybreak as dk

TIME = np.arange(4.0)
HELD = os.environ.get("HELD_IN")


def predict(p, settings):
    if HELD and os.path.exists(f"{HELD}/evening.html"):
        time.sleep(0.03)
        while begun():
            time.sleep(0.01)
    return np.add(settings.gain * p.a, p.b * TIME)


def begun():
    with sqlite3.connect(f"file:{HELD}/ledger.db?mode=ro", uri=True) as ledger:
        done = "select count(*) from trials where outcome is not null"
        return ledger.execute(done).fetchone()[0] > 0


problem = dk.FitProblem(
    [dk.Parameter("a", -5, 5, unit="V"), dk.Parameter("b", -5, 5)],
    predict,
    dk.observations([1.0, 2.1, 2.9, 4.2], 0.1),
    settings={"gain": 1.5, "scheme": "exact"},
)


def night(name, *criteria, method=dk.MultiStart(4), **more):
    return dk.Campaign(name, [dk.Study("fit", problem, method, criteria)], **more)


met, missed = dk.Criterion("chi2", below=1e9), dk.Criterion("chi2", below=0)
passes = night("passes", met)
fails = night("fails", missed, anyway=True)
doubts = night("doubts")
half = night("half", met, dk.Criterion("chi2", below=0, level="soft"))
campaign = night("slow", met, method=dk.Profile("b", points=9, starts=4))
"""
"""A campaign file that offers one campaign for each verdict, and one that can be held at its first
durable trial."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory beside a campaign file; what commands set is put back."""
    (tmp_path / "night_file.py").write_text(NIGHT)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path / "work"
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Call a command in this process: words -> (exit status, standard output, standard error)."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["daybreak", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        told = capsys.readouterr()
        return caught.value.code or 0, told.out, told.err

    return call


def daybreak(*words, cwd, **surroundings):
    """Start a command as a user does, with a compilation cache of its own.

    Ctrl-C reaches it although these tests may run in the background, where it is ignored.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "daybreak.cli", *map(str, words)],
            cwd=cwd,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "XDG_CACHE_HOME": str(cwd.parent / "cache"), **surroundings},
        )
    finally:
        signal.signal(signal.SIGINT, before)


def trials(directory):
    """Key, configuration and outcome of every trial in a ledger."""
    with closing(sqlite3.connect(directory / "ledger.db")) as ledger:
        query = "select key, configuration, outcome from trials where outcome is not null"
        return ledger.execute(f"{query} order by key").fetchall()


# -- the examples ----------------------------------------------------------------------------


def test_two_rates(place):
    """The NumPy example passes, in runs/<campaign>/, and touches nothing else."""
    with daybreak("run", EXAMPLES / "two_rates.py", cwd=place) as process:
        told, log = process.communicate()
    assert process.returncode == 0, log
    assert told.startswith("PASS")
    assert "k2 lies in [0.20618, 0.29539] 1/s at 95 %" in told
    assert told.endswith("Report: runs/two-rates/report.html\nAll runs: runs/index.html\n")
    assert [path.name for path in place.iterdir()] == ["runs"]
    made = {path.name for path in (place / "runs").iterdir()}
    assert made == {"two-rates", "index.html"}
    check_files(place / "runs" / "two-rates")


def test_two_rates_with_jax(place):
    """The same study written with JAX finds the same numbers, in the directory it was given."""
    words = ["run", EXAMPLES / "two_rates_jax.py", "--dir", "night 1", "--json"]
    with daybreak(*words, cwd=place) as process:
        told, log = process.communicate()
    assert process.returncode == 0, log
    summary = json.loads(told)
    [interval] = summary["studies"][0]["profiles"][0]["intervals"]
    assert summary["verdict"] == "PASS"
    assert interval["lower"] == pytest.approx(0.20618, abs=2e-5)
    assert interval["upper"] == pytest.approx(0.29539, abs=2e-5)
    assert summary["studies"][0]["best"]["chi2"] == pytest.approx(69.26061, abs=1e-5)
    assert [path.name for path in place.iterdir()] == ["night 1"]
    check_files(place / "night 1")


def check_files(directory):
    """Every file of a run is there, and grep finds the verdict in the log."""
    there = {path.name for path in directory.iterdir() if not path.name.startswith("ledger.db-")}
    assert there == {*FILES, "studies"}
    [study] = (directory / "studies").glob("*.json")
    assert json.loads(study.read_text())["verdict"] == "PASS"
    assert json.loads((directory / "summary.json").read_text())["verdict"] == "PASS"
    assert "PASS" in (directory / "report.md").read_text()
    assert "PASS" in (directory / "report.html").read_text()
    log = (directory / "night.log").read_text()
    [found] = [line for line in log.splitlines() if re.search(r"\bPASS\b", line)]
    assert re.fullmatch(r"2\S+T\S+  PASS +profile k2 .*chi2=69\.2\S* at k2=0\.25\S* 1/s.*", found)


# -- every command ---------------------------------------------------------------------------


def test_a_run_without_a_result(command, place):
    """A run in which no counted study has a result ends with status 1 and says what to do."""
    (place / "broken.py").write_text(
        "import daybreak as dk\n"
        "problem = dk.SearchProblem([dk.Parameter('x', 0, 1)], lambda c, t: {'f': 1 / 0},"
        " dk.Objective('f'))\n"
        "campaign = dk.Campaign('broken', [dk.Study('s', problem, dk.Search('random', trials=2))],"
        " decisions=[dk.Decision('publish', 'Publish it.')])\n"
    )
    status, text, told = command("run", "broken.py")

    assert status == 1
    assert "No decision is taken: no counted study has a result (s)." in text
    assert "Publish it" not in text
    assert "--retry-failed" in told
    found = json.loads(command("verdict", "--json")[1])
    assert (found["verdict"], found["decision"]) == ("UNDECIDED", None)
    assert "no counted study has a result" in found["no_decision"]


@pytest.mark.parametrize(
    ("name", "verdict", "status"),
    [
        ("passes", "PASS", 0),
        ("fails", "FAIL", 1),
        ("doubts", "UNDECIDED", 3),
        ("half", "SOFT_PASS", 4),
    ],
)
def test_exit_statuses(command, name, verdict, status):
    """`run` is 0 whatever the verdict; `verdict` has a status for each, in text as in JSON."""
    assert command("run", f"../night_file.py:{name}")[0] == 0

    found, text, _ = command("verdict", name)
    assert (found, text.split()[0]) == (status, verdict)
    found, text, _ = command("verdict", "--json", f"runs/{name}")
    assert found == status
    expected = {"verdict": verdict, "decision": None, "no_decision": ""}
    assert json.loads(text) == {**expected, "studies": {"fit": verdict}}


def test_json(command, place):
    """Every command that reads prints JSON on request, and says the same in text."""
    status, text, log = command("run", "../night_file.py:passes", "--json")
    assert (status, json.loads(text)["verdict"]) == (0, "PASS")
    assert "passes: 1 stud" in log

    found = json.loads(command("status", "--json")[1])
    assert found["campaign"] == "passes"
    assert (found["finished"], found["running"], found["verdict"]) == (True, [], "PASS")
    assert found["studies"][0]["trials"] == found["progress"]["trials"] > 4
    assert "finished  PASS       fit" in command("status")[1]

    summary = json.loads(command("report", "--json")[1])
    assert summary == json.loads((place / "runs/passes/summary.json").read_text())
    assert "runs/passes/report.html" in command("report")[1]

    rows = json.loads(command("export", "trials", "--json")[1])
    assert len(rows) == found["progress"]["trials"]


def test_campaigns(command, monkeypatch):
    """The list of campaigns says what each is about, and survives one that cannot be loaded."""
    problem = dk.FitProblem([dk.Parameter("a", 0, 1)], lambda p, s: [p.a], dk.observations([1], 1))
    study = dk.Study("fit", problem, dk.MultiStart(1))

    def load(name):
        if name == "broken":
            msg = "its module is missing"
            raise catalogue.CampaignFileError(msg)
        return dk.Campaign(name, [study], description="A good night.")

    monkeypatch.setattr(catalogue, "names", lambda: ["broken", "good"])
    monkeypatch.setattr(catalogue, "load", load)

    assert json.loads(command("campaigns", "--json")[1]) == [
        {"name": "broken", "description": "cannot be loaded: its module is missing"},
        {"name": "good", "description": "A good night."},
    ]
    assert "good\n    A good night.\n" in command("campaigns")[1]


def test_built_in_campaigns():
    """The package offers its campaigns by name."""
    assert "lepton-localisation" in catalogue.names()


def test_export(command, place):
    """The table has every parameter and setting, and one row for every trial."""
    command("run", "../night_file.py")
    _, text_of_all, _ = command("export", "trials", "slow")
    rows = list(csv.DictReader(io.StringIO(text_of_all)))

    assert [row["trial"] for row in rows] == list(dict.fromkeys(row["trial"] for row in rows))
    assert {row["trial"] for row in rows} == {key for key, *_ in trials(place / "runs/slow")}
    for row in rows:
        assert -5 <= float(row["a"]) <= 5
        if row["of"]:
            assert float(row["b"]) == pytest.approx(float(row["point"]))
        assert (row["setting.gain"], row["setting.scheme"]) == ("1.5", "exact")
        assert float(row["chi2"]) >= 0
        assert row["study"] == "fit"
    assert {row["of"] for row in rows} == {"", "b"}

    status, text, told = command("export", "trials", "slow", "-o", "trials.csv")
    assert (status, text) == (0, "")
    assert f"{len(rows)} trials written to trials.csv" in told
    assert (place / "trials.csv").read_text() == text_of_all
    status, _, told = command("export", "trials", "slow", "-o", "missing/trials.csv")
    assert (status, "cannot write missing/trials.csv" in told) == (2, True)


def test_latest_run(command):
    """Without a directory the run written last is meant; with a name, the one in runs/."""
    for name in ("passes", "fails"):
        command("run", f"../night_file.py:{name}")
        time.sleep(0.02)
    assert json.loads(command("status", "--json")[1])["campaign"] == "fails"

    for part in Path("runs/passes").glob("ledger.db"):
        later = time.time() + 100
        os.utime(part, (later, later))
    assert json.loads(command("status", "--json")[1])["campaign"] == "passes"
    assert json.loads(command("status", "fails", "--json")[1])["campaign"] == "fails"


def test_fresh(command, place):
    """`--fresh` begins anew and keeps everything of the earlier run in its archive."""
    directory = place / "runs/passes"
    kept = []
    for count in range(3):
        command("run", "../night_file.py:passes", *(["--fresh"] if count else []))
        kept.append((trials(directory), (directory / "summary.json").read_bytes()))

    archives = sorted((directory / "archive").iterdir())
    assert [(trials(a), (a / "summary.json").read_bytes()) for a in archives] == kept[:2]
    assert all((archive / "studies/fit.json").is_file() for archive in archives)
    assert [row[:2] for row in kept[2][0]] == [row[:2] for row in kept[0][0]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "nowhere.py"], "there is no file nowhere.py"),
        (["run", "lepton"], "there are 'forecasting-"),
        (["run", "../night_file.py:nights"], "it offers 'passes'"),
        (["run", "../night_file.py", "--dir", "../night_file.py"], "is a file"),
        (["run", "../night_file.py", "--until", "7 o'clock"], "07:00"),
        (["run", "../night_file.py", "--forever"], "--forever"),
        (["run"], "NAME_OR_FILE"),
        (["status", "gone"], "there is no ledger in gone"),
        (["verdict", "../night_file.py"], "is a campaign file, and runs are named by"),
        (["dream"], "dream"),
    ],
)
def test_usage_errors(command, place, words, told):
    """What the command line cannot do ends with status 2 and a sentence, no traceback."""
    status, out, err = command(*words)

    assert (status, out) == (2, "")
    assert told in " ".join(err.split())
    assert "Traceback" not in err
    assert not err.startswith("daybreak: ") or err.count("\n") == 1
    assert list(place.iterdir()) == []


# -- interruptions ---------------------------------------------------------------------------


def test_interrupt(place):
    """Ctrl-C exits with 3 and says how to go on; the same command then finds the same numbers."""
    words = ["run", "../night_file.py", "--dir", "to go on"]
    with daybreak(*words, cwd=place, HELD_IN="to go on") as process:
        wait_until(lambda: begun(place / "to go on"), process)
        process.send_signal(signal.SIGINT)
        told, log = process.communicate(timeout=HANG)
    assert process.returncode == 3, log
    assert told.startswith("UNDECIDED")
    assert "To go on: daybreak run ../night_file.py --dir 'to go on'\n" in log
    assert "Traceback" not in log
    kept = trials(place / "to go on")

    campaign = catalogue.load("../night_file.py")
    undisturbed = dk.run(campaign, "undisturbed", progress=io.StringIO())
    resumed = dk.run(campaign, "to go on", progress=io.StringIO())
    whole = trials(place / "undisturbed")
    assert 0 < len(kept) < len(whole)
    assert set(kept) < set(whole)
    assert trials(place / "to go on") == whole
    assert resumed.verdict == undisturbed.verdict == "PASS"
    assert resumed["fit"].profile == undisturbed["fit"].profile
    assert [run.ending.split(":")[0] for run in resumed.summary.timing.runs] == [
        "interrupted",
        "finished",
    ]


def begun(directory):
    """Whether a run has made its first trials durable."""
    try:
        return bool(trials(directory))
    except sqlite3.OperationalError:
        return False


def test_interrupt_before_the_first_trial(command, place, monkeypatch):
    """Ctrl-C while the campaign file is still being read exits with 3 as well."""
    (place.parent / "early.py").write_text("raise KeyboardInterrupt\n")
    status, _, err = command("run", "../early.py")

    assert status == 3
    assert "nothing is lost" in err
    assert "To go on: daybreak run ../early.py\n" in err


def test_deadline(place):
    """A run whose time is up stops in good order, and a later one goes on to the end."""
    campaign = catalogue.load("../night_file.py:passes")
    stopped = dk.run(campaign, until=datetime.now().astimezone(), progress=io.StringIO())
    assert (stopped.verdict, stopped.summary.finished) == ("UNDECIDED", False)
    assert re.fullmatch(
        r"interrupted: .*deadline \d\d:\d\d.*", stopped.summary.timing.runs[0].ending
    )

    later = datetime.now().astimezone() + timedelta(hours=1)
    assert dk.run(campaign, until=later, progress=io.StringIO()).verdict == "PASS"


def test_next_time_of_day():
    """A time of day means the next moment at which the clock shows it."""
    now = datetime.now().astimezone()
    for clock in ("00:00", "07:05", "23:59", f"{now:%H:%M}"):
        target = shell.next_time(clock)
        assert f"{target:%H:%M:%S}" == f"{clock}:00"
        assert now < target <= now + timedelta(days=1, minutes=1)
