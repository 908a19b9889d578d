"""A Dask cluster of this machine: the same numbers, killed workers, limits, sentences."""

import os
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import distributed
import psutil
import pytest
import sqlalchemy as sa

import daybreak as dk
from daybreak.errors import PlanError, WorkerError
from daybreak.ledger import schema
from daybreak.ledger.store import Ledger
from daybreak.runner import dask
from daybreak.runner.dask import DaskExecutor
from daybreak.runner.work import Unit
from tests.runner.dangerous import problem
from tests.runner.test_postgres import FILE, done
from tests.runner.test_workers import GOOD, STEEP
from tests.runner.toy import line_problem
from tests.waiting import HANG, wait_until


def held_in(folder):
    """A straight line whose every evaluation takes a moment; on a cluster, as long as it is held.

    Held are those who find a file called ``hold`` in the folder; each leaves its number there.
    """

    def predict(p, settings):
        from tests.runner.toy import X

        time.sleep(0.005)
        on_a_cluster = "spawn_main" in Path("/proc/self/cmdline").read_text()
        while on_a_cluster and (folder / "hold").exists():
            (folder / f"{os.getpid()} at work").touch()
            time.sleep(0.01)
        return p.a * X + p.b

    return predict


def cluster_workers():
    """Processes of the Dask workers of this process."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has gone meanwhile
            found += [child] if "spawn_main" in " ".join(child.cmdline()) else []
    return found


def test_the_same_numbers_as_in_one_process(tmp_path):
    """Two workers of a cluster give the numbers that this process gives."""
    study = dk.Study("s", line_problem(), dk.Profile("a", points=3, starts=2))
    campaign = dk.Campaign("dask", [study])
    here = dk.run(campaign, tmp_path / "here")
    there = dk.run(campaign, tmp_path / "there", dask="local:2")

    assert there["s"].profile == here["s"].profile


def test_a_night_completes_though_workers_are_killed_all_the_time(tmp_path):
    """Three workers are killed in their first trials, more later; each trial is made, once."""
    night, folder = tmp_path / "night", tmp_path / "held"
    folder.mkdir()
    (folder / "hold").touch()
    boxes = [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)]
    one = dk.FitProblem(boxes, held_in(folder), line_problem().data)
    campaign = dk.Campaign("killed", [dk.Study("s", one, dk.MultiStart(starts=10))])
    over = threading.Event()
    killed = []

    def at_work():
        there = [w for w in cluster_workers() if (folder / f"{w.pid} at work").exists()]
        return [worker for worker in there if worker.pid not in killed]

    def kill():
        while not over.wait(0.1):
            held = len(killed) < 3
            if not held:
                (folder / "hold").unlink(missing_ok=True)
            # Later paced by the trials, not by the clock: a slow machine makes few in a second.
            if held or done(night) > 3 * (len(killed) - 3):
                for worker in (at_work() if held else cluster_workers())[:1]:
                    killed.append(worker.pid)
                    worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        result = dk.run(campaign, night, dask="local:2", budget=0.0)
    finally:
        over.set()
        killer.join()

    assert len(killed) >= 3
    metrics = result["s"].metrics
    assert (metrics.failed_trials, metrics.fits, metrics.hits) == (0, 10, 10)


def test_workers_that_are_gone_are_started_anew(monkeypatch):
    """A cluster of this machine whose workers have all gone for good gets others."""
    monkeypatch.setattr(dask, "_PATIENCE", 2.0)
    monkeypatch.setattr(distributed.Client, "wait_for_workers", lambda *_, **__: None)
    with closing(DaskExecutor("local:1")) as executor:
        wait_until(executor._threads)
        executor._cluster.scale(0)
        wait_until(lambda: not executor._threads())
        one = problem("line")
        executor.submit(Unit(0, one, one.resolve({}), (GOOD,), one.resources))
        results = wait_until(lambda: executor.completed(1.0))

    assert results[0].outcomes[0].chi2 is not None


def test_limits_hold_on_a_cluster(tmp_path):
    """A trial that hangs on a cluster is a failed trial with a name."""
    with closing(DaskExecutor("local:1")) as executor:
        one = problem("hang", time_limit=5.0)
        executor.submit(Unit(0, one, one.resolve({}), (GOOD, STEEP), one.resources))
        results = wait_until(lambda: executor.completed(1.0))

    assert [outcome.reason.name for outcome in results[0].outcomes] == ["EXACT", "TIME_LIMIT"]


def test_bad_addresses_are_sentences(monkeypatch):
    """An address that cannot be read, or where nobody answers, says what to do."""
    monkeypatch.setattr(dask, "_ANSWER", 1.0)
    with pytest.raises(PlanError, match="tcp://host:8786"):
        DaskExecutor("four")
    with pytest.raises(PlanError, match=r"dask-jobqueue knows no 'cray'; it knows .*slurm"):
        DaskExecutor("cray:4")
    with pytest.raises(WorkerError, match=r"cannot be used .*; see that it runs"):
        DaskExecutor("tcp://127.0.0.1:9")


SBATCH = """\
#!/bin/sh
# Enough of SLURM to try a configuration: the job is kept, and runs here.
cp "$1" "$1.kept"
setsid sh "$1.kept" > /dev/null 2>&1 &
echo "Submitted batch job $!"
"""
JOBS = """
jobqueue:
  slurm: {cores: 1, processes: 1, memory: 2GiB, walltime: "01:00:00", queue: night}
"""


def test_a_batch_system_carries_a_night(tmp_path):
    """`--dask slurm:2` submits two jobs as dask-jobqueue is configured, and they make the trials.

    In a process of its own, because Dask reads its configuration once.
    """
    for name, text in (("sbatch", SBATCH), ("scancel", '#!/bin/sh\nkill -- "-$1"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "jobqueue.yaml").write_text(JOBS)
    file = tmp_path / "shared.py"
    file.write_text(FILE.format(nap=0.0, both=False, name="batch"))
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "daybreak.cli", "run", str(file), "--dask", "slurm:2"],
        cwd=tmp_path,
        env=os.environ | environment | {"DASK_CONFIG": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    with closing(Ledger(tmp_path / "runs" / "batch")) as ledger:
        query = sa.select(schema.attempts.c.place).distinct()
        places = ledger.store.read(lambda c: list(c.execute(query).scalars()))
    assert places
    assert all("Dask worker" in place for place in places)


def test_a_long_queue_is_told_once_and_waited_for(monkeypatch):
    """While no job has begun it is said, once; when one does, it makes what waited."""
    monkeypatch.setattr(dask, "_ALONE", 0.2)
    said = []
    one = line_problem()
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        executor = DaskExecutor(cluster.scheduler_address, said.append)
        executor.submit(Unit(0, one, one.resolve({}), (GOOD,), one.resources))
        assert [executor.completed(0.3) for _ in range(4)] == [[]] * 4
        cluster.scale(1)
        results = []
        while not results:
            results = executor.completed(1.0)
        executor.close()

    assert len(said) == 1
    assert "no worker of the Dask cluster" in said[0]
    assert results[0].outcomes[0].chi2 is not None
