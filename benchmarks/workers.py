"""How much sooner two workers are done than one, with trials of a second, here and on Dask."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from measure import Headline

CAMPAIGN = """
import time
import numpy as np
import daybreak as dk

X = np.linspace(0.0, 1.0, 12)


def predict(p, settings):
    time.sleep(0.04)
    return p.a * X + p.b


problem = dk.FitProblem(
    [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], predict,
    dk.observations(1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X), 0.05),
)
campaign = dk.Campaign("seconds", [dk.Study("s", problem, dk.MultiStart(starts=24))])
"""

START = """
import functools
from daybreak import cli
from daybreak.runner import night

# The preflight of a slow model takes its whole minute, which is not what is measured.
night.preflight = functools.partial(night.preflight, budget=1.0)
if __name__ == "__main__":  # which a worker that is spawned is not
    cli.main()
"""


def trials_took(*words: str) -> float:
    """Wall seconds from the first fit's start to the last one's end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "seconds.py").write_text(CAMPAIGN)
        (folder / "start.py").write_text(START)
        command = [sys.executable, "start.py", "run", "seconds.py", *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        with closing(sqlite3.connect(folder / "runs" / "seconds" / "ledger.db")) as ledger:
            # After the fits there is one polish, which is a single trial.
            fits = ledger.execute(
                "select started, ended from attempts order by started limit 24"
            ).fetchall()
    first, last = min(start for start, _ in fits), max(end for _, end in fits)
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def headlines() -> list[Headline]:
    """The figures that are kept: one worker's time over two workers'."""
    here = trials_took("--workers", "1") / trials_took("--workers", "2")
    dask = trials_took("--dask", "local:1") / trials_took("--dask", "local:2")
    return [
        Headline("2 workers / 1, 1 s trials", 1.0 / here, "", 1 / 1.8),
        Headline("2 Dask workers / 1", 1.0 / dask, "", 1 / 1.8),
    ]


if __name__ == "__main__":
    for headline in headlines():
        print(headline.name, headline)
