"""What ends a run: deadlines, budgets, requests; and studies whose verdict stands."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

import daybreak as dk
from daybreak.ledger.store import Ledger
from daybreak.runner.limits import Interrupted, Limits, Watch
from tests.runner.test_postgres import wait_for
from tests.runner.toy import Line, campaign, line_problem


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


class _Sleepy(Line):
    """A line that takes its time once the night has begun."""

    def __call__(self, p, settings):
        if self.calls > 2000:
            time.sleep(0.01)
        return super().__call__(p, settings)


def test_a_request_to_stop_ends_the_run(tmp_path):
    """Asked by `daybreak stop`, a run ends cleanly and says why."""
    one = campaign([dk.Study("s", line_problem(_Sleepy()), dk.Profile("a", points=41))])

    def ask():
        for _ in range(200):
            time.sleep(0.1)
            if (tmp_path / "ledger.db").exists():
                break
        time.sleep(1.0)
        ledger = Ledger(tmp_path, write=True)
        ledger.ask_to_stop("stopped by `daybreak stop`")
        ledger.close()

    thread = threading.Thread(target=ask)
    thread.start()
    results = dk.run(one, tmp_path)
    thread.join()

    assert results.summary.timing.runs[-1].ending == "interrupted: stopped by `daybreak stop`"


FILE = """
import time
import daybreak as dk

def predict(p, settings):
    time.sleep(30 if settings.slow and __name__ != "__main__" and NIGHT() else 0)
    return [p.a, p.a]

def NIGHT():
    import os
    return "daybreak.runner.worker" in open(f"/proc/{os.getpid()}/cmdline").read()

problem = dk.FitProblem([dk.Parameter("a", 0, 5)], predict, dk.observations([1.0, 1.1], 0.1),
                        settings={"slow": True}, resources=dk.Resources(isolate=True))
campaign = dk.Campaign("preempted", [dk.Study("s", problem, dk.MultiStart(starts=2))])
"""


def test_sigterm_stops_within_ten_seconds(tmp_path):
    """Preempted in the middle of a long trial, a run ends at once and the ledger says why."""
    (tmp_path / "study.py").write_text(FILE)
    command = [sys.executable, "-m", "daybreak.cli", "run", "study.py", "--dir", "run"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for _ in range(300):
        time.sleep(0.1)
        log = tmp_path / "run" / "night.log"
        if log.exists() and "preflight" in log.read_text():
            break
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=10)

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
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=10) == 3
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
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "daybreak stop runs/preempted" in command("run", "study.py", "--detach")
    wait_for(tmp_path / "runs" / "preempted", 0)
    assert "running (process" in command("status")
    assert command("stop") == "stopped; nothing is lost, and `daybreak run` goes on.\n"
    assert "stopped by `daybreak stop`" in command("status")
    assert (
        "stopped by `daybreak stop`" in (tmp_path / "runs" / "preempted" / "night.out").read_text()
    )


# -- studies whose verdict stands ------------------------------------------------------------


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
