"""A trial's own directory: what it keeps over kills, and what is left of it afterwards."""

import json
import signal
import subprocess
import sys

import pytest

import daybreak as dk
from daybreak.ledger.store import Ledger
from daybreak.problem.trial import Trial
from daybreak.runner.rooms import room
from tests.search.problems import bowl

SLOW = '''
"""A search whose second trial is killed half-way, once."""
import os, signal
import daybreak as dk

def evaluate(c, trial):
    done = int(trial.restore() or b"0")
    for step in range(done, 4):
        trial.report(step, c.x)
        trial.checkpoint(str(step + 1).encode())
        if step == 1 and c.x > 0.5 and not os.path.exists("killed"):
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    trial.record(began_at=done)
    return {"loss": c.x}

problem = dk.SearchProblem([dk.Parameter("x", 0, 1)], evaluate, dk.Objective("loss"),
                           deterministic=True, resources=dk.Resources(isolate=ISOLATE, retries=1))
search = dk.Search("random", trials=3, forced=[{"x": 0.25}, {"x": 0.75}])
campaign = dk.Campaign("slow", [dk.Study("slow", problem, search)])
'''


def run(place):
    """`daybreak run` as a process of its own; gives its exit status."""
    command = [sys.executable, "-m", "daybreak.cli", "run", "slow.py", "--dir", "night"]
    return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode


@pytest.mark.parametrize("isolate", [False, True])
def test_a_killed_trial_goes_on_from_its_checkpoint(tmp_path, isolate):
    """After SIGKILL of the run, or of its worker, a trial finds what it had kept."""
    (tmp_path / "slow.py").write_text(SLOW.replace("ISOLATE", str(isolate)))

    first = run(tmp_path)
    assert (first == 0) if isolate else (first == -signal.SIGKILL)
    assert run(tmp_path) == 0

    trials = dk.open(tmp_path / "night")["slow"].search.trials
    record = Ledger(tmp_path / "night").read().studies[0].trials
    began = {t.outcome.parameters["x"]: t.outcome.details["recorded"]["began_at"] for t in record}
    assert [trial.state for trial in trials] == ["completed"] * 3
    assert began[0.75] == 2
    assert began[0.25] == 0
    assert list((tmp_path / "night" / "trials").iterdir()) == []


def attaching(c, trial):
    """A text file attached, and one that is not."""
    (trial.directory / "kept.txt").write_text(f"{c.x}")
    (trial.directory / "scratch.bin").write_bytes(bytes(100))
    (trial.directory / "deep").mkdir()
    trial.attach(trial.directory / "kept.txt")
    return {"loss": c.x}


def test_attached_files_stay(tmp_path):
    """Of an ended trial's directory the attached files are left, with their hashes recorded."""
    problem = bowl(attaching)
    search = dk.Search("random", trials=2)
    dk.run(dk.Campaign("files", [dk.Study("files", problem, search)]), tmp_path / "night")

    with_files = list((tmp_path / "night" / "trials").rglob("*"))

    assert sorted(path.name for path in with_files if path.is_file()) == ["kept.txt"] * 2
    assert sum(path.is_dir() for path in with_files) == 2


def test_a_failed_trial_keeps_its_directory(tmp_path):
    """What a failed trial left stays for the next try, and `retry_failed` finds it."""
    seen = []

    def evaluate(_, trial):
        seen.append(trial.restore())
        trial.checkpoint(b"half-way")
        if len(seen) == 1:
            msg = "no luck"
            raise RuntimeError(msg)
        return {"loss": 0.0}

    campaign = dk.Campaign(
        "tries", [dk.Study("tries", bowl(evaluate), dk.Search("random", trials=1))]
    )
    dk.run(campaign, tmp_path / "night")
    found = dk.run(campaign, tmp_path / "night", retry_failed=True)

    assert seen == [None, b"half-way"]
    assert found["tries"].search.counts == {"completed": 1}


def test_a_host_without_the_run_uses_its_own_place(tmp_path):
    """Where the run is not seen, a trial has a place that depends on the run and the trial."""
    one, same = (room(tmp_path / "elsewhere", "0" * 64) for _ in range(2))
    other = room(tmp_path / "another", "0" * 64)

    assert one == same != other
    assert not one.is_relative_to(tmp_path)


def test_a_checkpoint_is_whole_or_absent(tmp_path):
    """A checkpoint replaces the earlier one in one step and leaves no scrap."""
    trial = Trial(0, tmp_path, None)
    assert trial.restore() is None

    trial.checkpoint(b"one")
    trial.checkpoint(json.dumps({"step": 2}).encode(), name="state")

    assert trial.restore() == b"one"
    assert trial.restore("state") == b'{"step": 2}'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", "state"]
