"""Worker processes: every way to die has a name, costs one trial, and leaves nothing behind."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from unittest.mock import Mock

import numpy as np
import psutil
import pytest

import daybreak as dk
from daybreak.errors import WorkerError
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.machine import slots_for, surroundings
from daybreak.problem.outcomes import Task
from daybreak.runner import workers
from daybreak.runner.crew import Means
from daybreak.runner.work import Unit
from daybreak.runner.workers import Workers
from tests.runner.dangerous import problem
from tests.waiting import wait_until

GOOD, STEEP = Task(EVALUATE, {"a": 1.0, "b": 0.0}), Task(EVALUATE, {"a": 3.0, "b": 0.0})


@pytest.fixture
def crew():
    """Makes executors, and closes them."""
    made = []

    def make(one, count=1):
        made.append(Workers(one.resources, count))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


def result_of(executor, one, tasks):
    """The result of one unit."""
    executor.submit(Unit(0, one, one.resolve({}), tuple(tasks), one.resources))
    return wait_until(lambda: executor.completed(0.2))[0]


@pytest.mark.parametrize(
    ("how", "limits", "reason", "message"),
    [
        ("segfault", {}, "CRASHED", "ended by SIGSEGV"),
        ("exit", {}, "CRASHED", "exit status 3"),
        ("leave", {}, "CRASHED", "exit status 4"),
        ("hang", {"time_limit": 0.7}, "TIME_LIMIT", "over 0.7 s"),
        ("hog", {"memory": 0.5}, "OUT_OF_MEMORY", "0.5 GiB are allowed"),
        ("memory error", {}, "OUT_OF_MEMORY", "MemoryError"),
        ("device", {}, "OUT_OF_MEMORY", "RESOURCE_EXHAUSTED"),
        ("raise", {}, "RAISED", "licence server"),
    ],
)
def test_every_end_has_a_name(crew, monkeypatch, how, limits, reason, message):
    """A trial that dies is an outcome with its own reason, and the next one is made.

    By the clock the first takes an hour, the next one no time, however busy the machine.
    """
    took = itertools.chain([3600.0], itertools.repeat(0.0))
    monkeypatch.setattr(workers, "AwakeClock", lambda: Mock(seconds=Mock(return_value=next(took))))
    one = problem(how, **limits)
    executor = crew(one)
    (outcome,) = result_of(executor, one, [STEEP]).outcomes
    (after,) = result_of(executor, one, [GOOD]).outcomes

    assert (outcome.reason.name, outcome.failed) == (reason, True)
    assert message in outcome.message
    assert after.chi2 is not None


def test_what_was_printed_is_kept(crew):
    """Standard output and error of a unit come back with it, and with it alone."""
    one = problem("speak")
    executor = crew(one)
    loud = result_of(executor, one, [STEEP])
    quiet = result_of(executor, one, [GOOD])

    assert (loud.output, loud.errors) == ("slope 5\n", "careful\n")
    assert (quiet.output, quiet.errors) == ("", "")


def test_closures_and_arrays_travel(crew):
    """A prediction made of a closure over data works in a worker."""
    factor = np.linspace(1.0, 2.0, 3)
    one = dk.FitProblem(
        [dk.Parameter("a", 0, 5)],
        lambda p, s: p.a * factor,
        dk.observations(2.0 * factor, 0.1),
        resources=dk.Resources(isolate=True),
    )
    (outcome,) = result_of(crew(one), one, [Task(EVALUATE, {"a": 2.0})]).outcomes

    assert outcome.chi2 == 0.0


def test_what_cannot_travel_is_said(crew):
    """A prediction that holds something of this process alone is refused with the remedy."""
    lock = threading.Lock()
    one = dk.FitProblem(
        [dk.Parameter("a", 0, 5)], lambda p, s: [p.a + lock.locked()], dk.observations([2.0], 0.1)
    )
    with pytest.raises(WorkerError, match=r"cannot be sent.*open it inside the function"):
        result_of(crew(one), one, [Task(EVALUATE, {"a": 2.0})])


def test_cancelled_work_is_gone(crew):
    """Cancelling ends what is in hand at once, and the executor works on."""
    one = problem("hang")
    executor = crew(one)
    executor.submit(Unit(0, one, one.resolve({}), (STEEP,), one.resources))
    executor.completed(0.5)
    executor.cancel()

    assert executor.completed(0.1) == []
    assert result_of(executor, one, [GOOD]).outcomes[0].chi2 is not None


def test_nothing_outlives_a_killed_parent(tmp_path):
    """When the parent is killed, its workers and what they started go as well."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "import daybreak as dk\n"
        "from daybreak.runner.work import Unit\n"
        "from daybreak.runner.workers import Workers\n"
        "from daybreak.problem.outcomes import Task\n"
        "def predict(p, s):\n"
        "    child = subprocess.Popen(['sleep', '600'])\n"
        "    print(child.pid, file=open(FILE, 'w'))\n"
        "    time.sleep(600)\n"
        f"FILE = {str(tmp_path / 'pid')!r}\n"
        "one = dk.FitProblem([dk.Parameter('a', 0, 1)], predict, dk.observations([1.0], 1.0))\n"
        "w = Workers(dk.Resources(), 1)\n"
        "w.submit(Unit(0, one, {}, (Task('evaluate', {'a': 0.5}),), dk.Resources()))\n"
        "w.completed(600)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)])
    file = tmp_path / "pid"
    pid = int(wait_until(lambda: file.exists() and file.read_text().strip(), process))
    process.send_signal(signal.SIGKILL)
    process.wait()

    def gone():
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    wait_until(gone)


def test_slots_follow_what_a_trial_needs(monkeypatch):
    """As many workers as processors, memory and graphics processors allow."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    monkeypatch.setattr("daybreak.problem.machine.cores", lambda: 8)
    monkeypatch.setattr("daybreak.problem.machine.memory_gib", lambda: 10.0)

    assert slots_for(dk.Resources()) == 8
    assert slots_for(dk.Resources(threads=3)) == 2
    assert slots_for(dk.Resources(memory=4.0)) == 2
    assert slots_for(dk.Resources(gpus=2)) == 2
    assert surroundings(dk.Resources(gpus=2), 1)["CUDA_VISIBLE_DEVICES"] == "6,7"
    assert surroundings(dk.Resources(threads=2), 0)["OMP_NUM_THREADS"] == "2"
    with pytest.raises(WorkerError, match="this machine has 10"):
        slots_for(dk.Resources(memory=11.0))
    with pytest.raises(WorkerError, match="5 graphics processors, but 4"):
        slots_for(dk.Resources(gpus=5))


def night(tmp_path, how, **resources):
    """A campaign on a dangerous problem, this process kept out of danger."""
    os.environ["DAYBREAK_TEST_PARENT"] = str(os.getpid())
    study = dk.Study("s", problem(how, **resources), dk.MultiStart(starts=8))
    try:
        return dk.run(dk.Campaign("dangerous", [study]), tmp_path, workers=2, budget=2.0)
    finally:
        del os.environ["DAYBREAK_TEST_PARENT"]


def test_the_night_goes_on(tmp_path):
    """Trials that crash are counted by their reason, and the study ends with the others."""
    found = night(tmp_path, "segfault")["s"]

    assert found.state == "finished"
    assert found.best is not None
    assert 0 < found.metrics.failed_trials < found.metrics.trials
    assert any("its process" in text or "crash" in text.lower() for text in found.failures)


def test_declared_retries_are_made(tmp_path):
    """A trial that crashed is tried as often again as declared, and each try is kept."""
    import sqlite3

    failed = night(tmp_path, "exit", retries={"crashed": 2})["s"].metrics.failed_trials
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        query = "select count(*) from attempts where reason = 'CRASHED' group by trial"
        assert [count for (count,) in ledger.execute(query)] == [3] * failed
    assert failed > 0


@pytest.mark.parametrize("bad", [{"workers": 0}, {"workers": 2, "dask": "local:2"}])
def test_means_that_cannot_be_are_refused(bad):
    """No workers at all, or two ways at once, are refused."""
    with pytest.raises(dk.PlanError):
        Means(**bad)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"time_limit": 0}, "time_limit > 0"),
        ({"memory": -1}, "memory > 0"),
        ({"threads": 0}, "threads >= 1"),
        ({"gpus": -1}, "gpus >= 0"),
        ({"retries": {"bored": 1}}, "'bored'.*'crashed'"),
    ],
)
def test_resources_that_allow_nothing_are_refused(bad, told):
    """A limit that cannot mean anything is refused with the rule."""
    with pytest.raises(dk.ProblemError, match=told):
        dk.Resources(**bad)
