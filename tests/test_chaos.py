"""A small part of `make chaos`: nights killed, robbed of their disk, put to sleep."""

import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import programs
from tests.waiting import HANG

ROOT = Path(__file__).parents[1]
SAID = """\
full disk, afterwards: continued
read-only directory, afterwards: continued
truncated ledger, afterwards: continued
corrupted ledger, afterwards: continued
clock set back an hour: continued
asleep for longer than the lease: continued
"""
SHARED = """\
asleep, while another takes over: continued
server restarted: continued
"""


def test_a_night_survives_kills_and_misfortunes():
    """Kills at random and at commits, a full disk, damage, sleep: nothing acknowledged is lost.

    In a process of its own, because it forks and this one may have threads. On a server where
    there is one.
    """
    there = programs() is not None
    words = ["--kills", "4", "--every", "30", "--postgres", "3" if there else "0"]
    done = subprocess.run(
        [sys.executable, "-m", "validation.chaos", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    expected = SAID + (SHARED if there else "")
    assert [line for line in expected.splitlines() if line not in done.stdout.splitlines()] == []
    assert "Make room, then run the same command again." in done.stdout
