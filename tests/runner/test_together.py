"""Quick trials, some rounds of which share a transaction: few writes, and nothing else changes."""

import math
import signal
import subprocess
import sys
from contextlib import closing

import pytest
import sqlalchemy as sa

import daybreak as dk
from daybreak.ledger import schema
from daybreak.ledger.engine import Store
from daybreak.ledger.store import Ledger
from daybreak.runner import together

FILE = """
import os, signal
import daybreak as dk

def evaluate(c, trial):
    if KILLS and 0.3 < c.x < 0.315:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"loss": c.x}

problem = dk.SearchProblem([dk.Parameter("x", 0, 1)], evaluate, dk.Objective("loss"),
                           deterministic=True)
search = dk.Search("sobol", trials=64)
campaign = dk.Campaign("quick", [dk.Study("s", problem, search)])
"""


def quick():
    """A campaign whose trials cost nothing."""
    names: dict = {}
    exec(FILE.replace("KILLS", "False"), names)  # noqa: S102 - ours
    return names["campaign"]


def rows(place, table):
    """All rows of a table."""
    with closing(Ledger(place)) as ledger:
        return ledger.store.read(lambda c: c.execute(sa.select(table)).all())


@pytest.fixture
def writes(monkeypatch):
    """Transactions that were carried out, one entry for each."""
    found = []
    kept = Store.write
    monkeypatch.setattr(Store, "write", lambda self, work: found.append(work) or kept(self, work))
    return found


def test_few_transactions(tmp_path, writes, monkeypatch):
    """Trials that cost nothing are claimed and kept all the same, in few transactions."""
    monkeypatch.setattr(together, "_SECONDS", math.inf)  # however slow the machine is
    dk.run(quick(), tmp_path)

    attempts = rows(tmp_path, schema.attempts)
    assert [(a.token, a.state) for a in attempts] == [(1, "done")] * 64
    assert all(a.seconds is not None and a.place == "in process" for a in attempts)
    assert {t.state for t in rows(tmp_path, schema.trials)} == {"done"}
    assert len(writes) < 64

    before = len(writes)
    dk.run(quick(), tmp_path)
    assert len(rows(tmp_path, schema.attempts)) == 64
    assert len(writes) - before < 30


def test_counted_when_durable(tmp_path):
    """`--max-trials` counts what waits for its transaction; what was made is kept."""
    whole = dk.run(quick(), tmp_path / "whole")
    for most in (25, 25, 14):
        done = dk.run(quick(), tmp_path / "parts", max_trials=most)
    made = [
        sum(a.run == run for a in rows(tmp_path / "parts", schema.attempts)) for run in (1, 2, 3)
    ]

    assert made == [25, 25, 14]
    assert done["s"].search == whole["s"].search


def test_a_trial_that_kills_its_process_is_found(tmp_path):
    """After a kill trials are claimed one by one, so that the one to blame is known and fails."""
    (tmp_path / "quick.py").write_text(FILE.replace("KILLS", "True"))
    command = [sys.executable, "-m", "daybreak.cli", "run", "quick.py", "--dir", "night"]
    ended: list[int] = []
    while (not ended or ended[-1]) and len(ended) < 12:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        ended.append(done.returncode)

    assert ended[0] == -signal.SIGKILL
    assert ended[-1] == 0
    trials = rows(tmp_path / "night", schema.trials)
    reasons = {a.reason for a in rows(tmp_path / "night", schema.attempts) if a.state == "failed"}
    assert reasons == {"CRASHED"}
    assert sum(t.state == "failed" for t in trials) == 1
    assert {t.state for t in trials} == {"done", "failed"}
