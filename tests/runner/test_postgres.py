"""A campaign whose ledger is in PostgreSQL: shared, killed, and its server restarted."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
import sqlalchemy as sa

import daybreak as dk
from daybreak.errors import LedgerError
from daybreak.ledger import runs, schema
from daybreak.ledger.endings import Ending
from daybreak.ledger.place import remembered
from daybreak.ledger.store import Ledger
from tests.runner.toy import campaign, line_problem
from tests.waiting import HANG, wait_until

FILE = """
import os
import time
from pathlib import Path
import numpy as np
import daybreak as dk

X = np.linspace(0.0, 1.0, 12)


def predict(p, settings):
    time.sleep({nap})
    if {both} and "daybreak.runner.worker" in open("/proc/self/cmdline").read():
        Path(f"at work {{os.getpid()}}").touch()
        while len(list(Path().glob("at work *"))) < 2:
            time.sleep(0.01)
    return p.a * X + p.b


problem = dk.FitProblem(
    [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], predict,
    dk.observations(1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X), 0.05),
    resources=dk.Resources(isolate=True),
)
study = dk.Study("s", problem, dk.MultiStart(starts=24), [dk.Criterion("chi2", below=100)])
campaign = dk.Campaign("{name}", [study])
"""


def start(file, directory, url):
    """`daybreak run` as a process of its own."""
    command = [
        sys.executable,
        "-m",
        "daybreak.cli",
        "run",
        str(file),
        "--dir",
        str(directory),
        "--store",
        url,
        "--workers",
        "1",
        "--budget",
        "2",
    ]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=file.parent
    )


def done(directory):
    """How many trials have outcomes; none before there is a ledger."""
    try:
        with closing(Ledger(directory)) as ledger:
            there = schema.trials.c.outcome.is_not(None)
            count = sa.select(sa.func.count()).select_from(schema.trials).where(there)
            return ledger.store.read(lambda c: c.execute(count).scalar())
    except LedgerError:
        return 0


def wait_for(directory, trials):
    """Wait until so many trials are durable."""
    wait_until(lambda: done(directory) >= trials)


def tally(directory):
    """How many trials there are, how many are done, how many were made twice."""
    with closing(Ledger(directory)) as ledger:
        trials = ledger.store.read(lambda c: c.execute(sa.select(schema.trials)).all())
        tries = ledger.store.read(lambda c: c.execute(sa.select(schema.attempts)).all())
    made = [t.trial for t in tries if t.state in ("done", "failed", "late")]
    owners = {t.run for t in tries if t.state == "done"}
    return len(trials), sum(t.state == "done" for t in trials), len(made) - len(set(made)), owners


def test_the_same_numbers_as_in_a_file(postgres, tmp_path):
    """A campaign gives the same numbers on a server as in a file, and is found again."""
    study = dk.Study("s", line_problem(), dk.Profile("a", points=5, starts=3))
    one = dk.Campaign(f"same-{os.getpid()}", [study])
    here = dk.run(one, tmp_path / "file")
    there = dk.run(one, tmp_path / "server", store=postgres.url)

    assert there["s"].profile == here["s"].profile
    assert dk.open(tmp_path / "server").summary == there.summary
    assert not (tmp_path / "server" / "ledger.db").exists()
    dk.run(one, tmp_path / "server", fresh=True)
    assert dk.open(tmp_path / "server")["s"].profile == here["s"].profile


def test_the_password_is_not_written_down(postgres, tmp_path):
    """`store.json` says where the ledger is, without the password."""
    url = postgres.url.replace("daybreak@", "daybreak:secret@")
    study = dk.Study("s", line_problem(), dk.MultiStart(starts=1))
    dk.run(dk.Campaign(f"secret-{os.getpid()}", [study]), tmp_path, store=url)

    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"secret@" not in path.read_bytes(), path
    assert json.loads((tmp_path / "store.json").read_text())["schema"].startswith("daybreak_")


def test_two_processes_share_a_campaign(postgres, tmp_path):
    """Two processes make every trial once between them, each a part, and both see the end.

    Neither goes on with its first trial before the other has one in hand.
    """
    file = tmp_path / "shared.py"
    file.write_text(FILE.format(nap=0.002, both=True, name=f"shared-{os.getpid()}"))
    both = [start(file, tmp_path / name, postgres.url) for name in ("one", "two")]
    told = [process.communicate(timeout=HANG)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], told
    trials, finished, twice, owners = tally(tmp_path / "one")
    assert (finished, twice) == (trials, 0)
    assert len(owners) == 2
    verdicts = [dk.open(tmp_path / name).verdict for name in ("one", "two")]
    assert verdicts == ["PASS", "PASS"]


@pytest.mark.parametrize("fate", ["looks on", "killed", "late beat"])
def test_the_first_to_finish_speaks_for_all(postgres, tmp_path, fate):
    """One has finished; that another still looks at what is there, or was killed, changes nothing.

    What the other begins leaves a study that has ended as it is.
    """
    study = dk.Study("s", line_problem(), dk.MultiStart(starts=2))
    dk.run(dk.Campaign(f"first-{os.getpid()}-{fate[-1]}", [study]), tmp_path, store=postgres.url)
    with closing(Ledger(tmp_path, write=True, server=remembered(tmp_path))) as ledger:
        known = sa.select(schema.runs.c.plan, schema.runs.c.provenance)
        plan, made_of = ledger.store.read(lambda c: c.execute(known).one())
        ledger.begin_run(json.loads(made_of), plan)
        ledger.begin_study("s")
        heart, run = ledger.heart, ledger.run
        heart.close()  # beats only when it is told to
        if fate == "killed":
            ledger.store.write(lambda c: runs.bury(c, [run]))
        if fate == "late beat":
            ledger.end_run(Ending.FINISHED)
            ledger.store.write(heart.beat)
        found = dk.open(tmp_path).summary

    assert (found.finished, found.verdict) == (True, "UNDECIDED")
    assert found.timing.ended
    assert (
        found.timing.runs[-1].state
        == {
            "looks on": Ending.RUNNING,
            "killed": Ending.LOST,
            "late beat": Ending.FINISHED,
        }[fate]
    )


def test_one_of_two_is_killed(postgres, tmp_path):
    """When one of two is killed, the other takes over what it had in hand and finishes."""
    file = tmp_path / "killed.py"
    file.write_text(FILE.format(nap=0.005, both=False, name=f"killed-{os.getpid()}"))
    one, two = (start(file, tmp_path / name, postgres.url) for name in ("one", "two"))
    wait_for(tmp_path / "one", 3)
    one.send_signal(signal.SIGKILL)
    one.communicate()
    told, _ = two.communicate(timeout=HANG)

    assert two.returncode == 0, told
    trials, finished, twice, _ = tally(tmp_path / "two")
    assert (finished, twice) == (trials, 0)


def test_the_server_is_restarted_in_mid_run(postgres, tmp_path):
    """A server that goes away and comes back costs nothing but the time."""
    file = tmp_path / "restart.py"
    file.write_text(FILE.format(nap=0.005, both=False, name=f"restart-{os.getpid()}"))
    process = start(file, tmp_path / "run", postgres.url)
    wait_for(tmp_path / "run", 3)
    postgres.stop()
    time.sleep(1.0)
    postgres.start()
    told, _ = process.communicate(timeout=HANG)

    assert process.returncode == 0, told
    trials, finished, twice, _ = tally(tmp_path / "run")
    assert (finished, twice) == (trials, 0)


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql", "sqlite:///x.db"])
def test_only_postgresql_is_taken(url, tmp_path):
    """Any other address is refused with an example of a right one."""
    with pytest.raises(LedgerError, match="postgresql://user@host/name"):
        dk.run(campaign([dk.Study("s", line_problem(), dk.MultiStart())]), tmp_path, store=url)
