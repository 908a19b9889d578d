"""A Dask cluster of this machine: the same numbers, killed workers, limits, sentences."""

import itertools
import threading
import time

import psutil
import pytest

import daybreak as dk
from daybreak.errors import PlanError, WorkerError
from daybreak.runner import dask
from daybreak.runner.dask import DaskExecutor
from daybreak.runner.work import Unit
from tests.runner.dangerous import problem
from tests.runner.test_workers import GOOD, STEEP
from tests.runner.toy import line_problem


def slow(p, settings):
    """Straight line whose every evaluation takes a moment, shape (12,)."""
    from tests.runner.toy import X

    time.sleep(0.01)
    return p.a * X + p.b


def cluster_workers():
    """Processes of the Dask workers of this process."""
    return [
        child for child in psutil.Process().children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    ]  # fmt: skip


def test_the_same_numbers_as_in_one_process(tmp_path):
    """Two workers of a cluster give the numbers that this process gives."""
    study = dk.Study("s", line_problem(), dk.Profile("a", points=3, starts=2))
    campaign = dk.Campaign("dask", [study])
    here = dk.run(campaign, tmp_path / "here")
    there = dk.run(campaign, tmp_path / "there", dask="local:2")

    assert there["s"].profile == here["s"].profile


def test_a_night_completes_though_workers_are_killed_all_the_time(tmp_path):
    """A worker is killed every 1.5 s; every trial is made, once."""
    one = dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], slow, line_problem().data
    )
    campaign = dk.Campaign("killed", [dk.Study("s", one, dk.MultiStart(starts=16))])
    over = threading.Event()
    killed = []

    def kill():
        for turn in itertools.count():
            if over.wait(1.5):
                return
            for worker in cluster_workers()[turn % 2 :: 2][:1]:
                killed.append(worker.pid)
                worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        result = dk.run(campaign, tmp_path, dask="local:2")
    finally:
        over.set()
        killer.join()

    assert len(killed) >= 3
    metrics = result["s"].metrics
    assert (metrics.failed_trials, metrics.fits, metrics.hits) == (0, 16, 16)


def test_limits_hold_on_a_cluster(tmp_path):
    """A trial that crashes or hangs on a cluster is a failed trial with a name."""
    executor = DaskExecutor("local:1")
    try:
        found = {}
        for how in ("segfault", "hang"):
            one = problem(how, time_limit=1.0)
            executor.submit(Unit(0, one, one.resolve({}), (GOOD, STEEP), one.resources))
            results = []
            while not results:
                results = executor.completed(1.0)
            found[how] = [outcome.reason.name for outcome in results[0].outcomes]
    finally:
        executor.close()

    assert found["segfault"] == ["EXACT", "CRASHED"]
    assert found["hang"] == ["EXACT", "TIME_LIMIT"]


def test_bad_addresses_are_sentences(monkeypatch):
    """An address that cannot be read, or where nobody answers, says what to do."""
    monkeypatch.setattr(dask, "_ANSWER", 1.0)
    with pytest.raises(PlanError, match="tcp://host:8786"):
        DaskExecutor("four")
    with pytest.raises(PlanError, match=r"dask-jobqueue knows no 'cray'; it knows .*slurm"):
        DaskExecutor("cray:4")
    with pytest.raises(WorkerError, match=r"cannot be used .*; see that it runs"):
        DaskExecutor("tcp://127.0.0.1:9")
