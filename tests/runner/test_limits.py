"""What ends a run: deadlines, budgets, requests; and studies whose verdict stands."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

import daybreak as dk
from daybreak.ledger.liveness import HEARTS
from daybreak.ledger.store import Ledger
from daybreak.runner.limits import Interrupted, Limits, Watch
from tests.runner.test_postgres import wait_for
from tests.runner.toy import Line, campaign, line_problem
from tests.waiting import HANG, wait_until


class _Swallowed:
    """Tidying up, Python reports an exception and goes on: Ctrl-C in it is lost."""

    def __del__(self):
        """As Ctrl-C in the middle of it."""
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_is_remembered_where_it_is_swallowed(tmp_path):
    """Ctrl-C that Python drops while it tidies up ends the run all the same, at its next look."""
    asked = []

    def predict(p, settings):
        asked.append(p)
        if len(asked) == 100:
            _Swallowed()
        return [p.a, 2.0 * p.a]

    boxes = [dk.Parameter("a", -5, 5)]
    problem = dk.FitProblem(boxes, predict, dk.observations([1.0, 2.1], 0.1))
    study = dk.Study("line", problem, dk.MultiStart(starts=64))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    results = dk.run(dk.Campaign("line", [study]), tmp_path / "night", budget=0.0)
    after = signal.signal(signal.SIGINT, before)

    assert results.summary.timing.runs[-1].ending == "interrupted: stopped by Ctrl-C"
    assert len(asked) < 110
    assert after is signal.default_int_handler


def test_a_trial_that_cannot_finish_is_not_begun():
    """Before a deadline there is room for what takes less than is left, and for nothing longer."""
    watch = Watch(Limits(until=datetime.now(UTC) + timedelta(seconds=100)))

    assert watch.refusal(1, 50.0) == ""
    assert "next trials would take about 200 s" in watch.refusal(1, 200.0)
    watch.check()


def test_budgets_are_counted():
    """Trials and hours of this run are counted, and a limit that is reached ends it."""
    watch = Watch(Limits(max_trials=10))
    watch.made = 8
    assert watch.refusal(2, 0.0) == ""
    assert "--max-trials allows 10" in watch.refusal(3, 0.0)
    hours = Watch(Limits(max_hours=1e-9))
    with pytest.raises(Interrupted, match="--max-hours 1e-09 was reached"):
        hours.check()


@pytest.mark.parametrize("bad", [{"max_trials": 0}, {"max_hours": -1.0}])
def test_limits_that_allow_nothing_are_refused(bad):
    """A limit must be positive."""
    with pytest.raises(dk.PlanError, match="> 0` must hold"):
        Limits(**bad)


def test_max_trials_over_several_runs(tmp_path):
    """Runs of a few trials each come to the numbers of one run."""

    def study():
        problem = line_problem(resources=dk.Resources(isolate=True))
        return campaign([dk.Study("s", problem, dk.MultiStart(starts=5))])

    endings = []
    for _ in range(8):
        results = dk.run(study(), tmp_path / "parts", max_trials=4, workers=1)
        endings.append(results.summary.timing.runs[-1].ending)
        if endings[-1] == "finished":
            break
    whole = dk.run(
        campaign([dk.Study("s", line_problem(), dk.MultiStart(starts=5))]), tmp_path / "whole"
    )

    assert endings[-1] == "finished"
    assert all("--max-trials allows 4" in ending for ending in endings[:-1])
    assert len(endings) > 2
    assert results["s"].best == whole["s"].best


REQUEST = "stopped by somebody's request"


class _Held(Line):
    """A line whose run is held among its trials until it has heard of a request to stop."""

    def __init__(self, directory):
        super().__init__()
        self.evening, self.night, self.held = directory / "evening.html", 0, threading.Event()

    def __call__(self, p, settings):
        self.night += self.evening.exists()
        if self.night == 100:
            self.held.set()
            wait_until(lambda: any(heart.stop == REQUEST for heart in HEARTS))
        return super().__call__(p, settings)


def test_a_request_to_stop_ends_the_run(tmp_path):
    """Asked by `daybreak stop`, a run ends cleanly and says why."""
    line = _Held(tmp_path)
    one = campaign([dk.Study("s", line_problem(line), dk.Profile("a", points=41))])

    def ask():
        line.held.wait(HANG)
        with closing(Ledger(tmp_path, write=True)) as ledger:
            ledger.ask_to_stop(REQUEST)

    thread = threading.Thread(target=ask)
    thread.start()
    results = dk.run(one, tmp_path)
    thread.join()

    assert results.summary.timing.runs[-1].ending == f"interrupted: {REQUEST}"


FILE = """
import time
from pathlib import Path
import daybreak as dk

HERE = Path(__file__).parent

def predict(p, settings):
    if "daybreak.runner.worker" in open("/proc/self/cmdline").read():
        (HERE / "in hand").touch()
        time.sleep(3600)
    return [p.a, p.a]

problem = dk.FitProblem([dk.Parameter("a", 0, 5)], predict, dk.observations([1.0, 1.1], 0.1),
                        resources=dk.Resources(isolate=True))
campaign = dk.Campaign("preempted", [dk.Study("s", problem, dk.MultiStart(starts=2))])
"""


def test_sigterm_does_not_wait_for_a_trial(tmp_path):
    """Preempted in the middle of a trial of an hour, a run ends, and the ledger says why."""
    (tmp_path / "study.py").write_text(FILE)
    command = [sys.executable, "-m", "daybreak.cli", "run", "study.py", "--dir", "run"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_until((tmp_path / "in hand").exists, process)
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=HANG)

    assert process.returncode == 3, told
    ending = dk.open(tmp_path / "run").summary.timing.runs[-1].ending
    assert ending == "interrupted: stopped by SIGTERM"


STUCK = """
import ctypes, os
import daybreak as dk

held = ctypes.create_string_buffer(64)
lock = ctypes.CDLL(None).pthread_mutex_lock

def predict(p, settings):
    if os.path.exists("stuck"):
        lock(held)
        open("in hand", "w").close()
        lock(held)  # never returns, whatever signal comes
    return [p.a, p.a]

problem = dk.FitProblem([dk.Parameter("a", 0, 5)], predict, dk.observations([1.0, 1.1], 0.1))
campaign = dk.Campaign("stuck", [dk.Study("s", problem, dk.MultiStart(starts=10_000))])
"""


def test_sigterm_ends_a_run_whose_model_does_not_let_go(tmp_path):
    """A call that never returns to Python cannot keep a preempted run, and the ledger says why."""
    (tmp_path / "study.py").write_text(STUCK)
    command = [sys.executable, "-m", "daybreak.cli", "run", "study.py", "--dir", "run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    wait_for(tmp_path / "run", 1)
    (tmp_path / "stuck").touch()
    wait_until((tmp_path / "in hand").exists, process)
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=HANG) == 3
    ending = dk.open(tmp_path / "run").summary.timing.runs[-1].ending
    assert ending == "interrupted: stopped by SIGTERM in the middle of a trial"


def test_a_detached_run_is_watched_and_stopped(tmp_path):
    """`run --detach` comes back at once, `status` sees the run, and `stop` ends it, cleanly."""
    (tmp_path / "study.py").write_text(FILE)

    def command(*words):
        done = subprocess.run(
            [sys.executable, "-m", "daybreak.cli", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "daybreak stop runs/preempted" in command("run", "study.py", "--detach")
    wait_until((tmp_path / "in hand").exists)
    assert "running (process" in command("status")
    assert command("stop") == "stopped; nothing is lost, and `daybreak run` goes on.\n"
    assert "stopped by `daybreak stop`" in command("status")
    assert (
        "stopped by `daybreak stop`" in (tmp_path / "runs" / "preempted" / "night.out").read_text()
    )


# -- studies whose verdict stands ------------------------------------------------------------


@pytest.fixture(autouse=True)
def _every_look(monkeypatch):
    """Whether a verdict stands is asked after every trial, however long a look takes."""
    monkeypatch.setattr("daybreak.runner.settled._SHARE", 0.0)


def stopped(tmp_path, *criteria):
    """A profile of a line, in worker processes, that may stop early."""
    problem = line_problem(resources=dk.Resources(isolate=True))
    study = dk.Study("s", problem, dk.MultiStart(starts=40), criteria, stop_early=True)
    return dk.run(campaign([study]), tmp_path, workers=1)["s"]


def test_a_pass_that_stands_ends_the_study(tmp_path):
    """A bar above chi2 that is met stays met, so the rest of the starts is not made."""
    found = stopped(tmp_path, dk.Criterion("chi2", below=100))

    assert found.verdict == "PASS"
    assert found.metrics.trials < 40
    assert (
        "no trial that was left could have changed the verdict PASS" in found.findings[-1].sentence
    )
    again = stopped(tmp_path, dk.Criterion("chi2", below=100))
    assert again.metrics.trials == found.metrics.trials


def test_a_verdict_that_may_change_does_not(tmp_path):
    """A criterion that more trials may turn keeps the study going to its end."""
    found = stopped(tmp_path, dk.Criterion("chi2", below=100), dk.Criterion("a", above=1.0))

    assert found.verdict == "PASS"
    assert found.metrics.trials > 40
