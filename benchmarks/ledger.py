"""What the ledger costs: a trial's claim and result, growth, a restart, a long history."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from measure import Headline

from daybreak.ledger.claims import Round, Span, now
from daybreak.ledger.store import Ledger
from daybreak.problem.ends import StopReason
from daybreak.problem.kinds import FIT
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Identity, Outcome, Task, canonical, digest

CAMPAIGN = """
import jax.numpy as jnp
import numpy as np
import daybreak as dk

X = np.linspace(0.0, 1.0, 12)
problem = dk.FitProblem(
    [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], lambda p, s: p.a * jnp.asarray(X) + p.b,
    dk.observations(1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X), 0.05),
)
campaign = dk.Campaign("long", [dk.Study("s", problem, dk.MultiStart(starts=STARTS))])
"""


def trials(count: int) -> list[tuple[Task, Identity]]:
    """Tasks as a fit makes them, with what determines their outcomes."""
    found: list[tuple[Task, Identity]] = []
    for i in range(count):
        task = Task(
            FIT, {}, (i / count, 0.5), {"max_iterations": 300}, origin=Origin(Why.START, i)
        )
        text = canonical({"problem": "p" * 64, "settings": {"shift": 0.0}, **task.identity()})
        key = digest(json.loads(text))
        found.append((task, Identity(key, text, FIT, "p" * 64, "s" * 64)))
    return found


def cost(count: int) -> float:
    """CPU seconds for each of `count` trials that are claimed and recorded one at a time."""
    outcome = Outcome({"a": 1.0, "b": 2.0}, 3.0, StopReason.GRADIENT, [0.5, 0.5], 7)
    rows = trials(count)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Ledger(Path(folder), write=True)) as ledger,
    ):
        ledger.begin_run({})
        study = {
            "name": "s",
            "fingerprint": "f",
            "problem": {},
            "body": {},
            "facts": {},
            "criteria": [],
            "carried": [],
        }
        ledger.write_studies([study], follows=None)
        begun = time.process_time()
        pairs = [(task, one.key) for task, one in rows]
        ledger.write_rounds("s", [Round(0, pairs, [one for _, one in rows])])
        for _, one in rows:
            tokens = ledger.claim([one.key])
            ledger.record(tokens, [(one.key, outcome)], Span(now(), now(), 1.0, 0.0, 0.0))
        return (time.process_time() - begun) / count


def history(starts: int) -> dict[str, float]:
    """Wall seconds of commands on a finished campaign of so many trials."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "long.py"
        file.write_text(CAMPAIGN.replace("STARTS", str(starts)))
        _command(folder, "run", "long.py")
        found = {
            what: _command(folder, *words)
            for what, words in (
                ("status", ("status",)),
                ("watch", ("watch", "--once")),
                ("report", ("report",)),
                ("again", ("run", "long.py")),
            )
        }
        file.write_text(CAMPAIGN.replace("STARTS", str(starts + 1)))
        begun = now()
        _command(folder, "run", "long.py")
        found["first new trial"] = _first_trial(folder / "runs" / "long", begun)
        return found


def _command(folder: Path, *words: str) -> float:
    begun = time.perf_counter()
    command = [sys.executable, "-m", "daybreak.cli", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


def _first_trial(place: Path, begun: str) -> float:
    """Seconds from the start of a command to the claim of its first trial."""
    import sqlite3
    from datetime import datetime

    with closing(sqlite3.connect(place / "ledger.db")) as ledger:
        query = "select min(started) from attempts where started > ?"
        (first,) = ledger.execute(query, (begun,)).fetchone()
    return (datetime.fromisoformat(first) - datetime.fromisoformat(begun)).total_seconds()


def headlines() -> list[Headline]:
    """The figures that are kept."""
    few, many = cost(1000), cost(10_000)
    short, long = history(1000), history(100_000)
    return [
        Headline("ledger, CPU a trial", 1e3 * few, " ms", 2.0),
        Headline("10,000 trials / 1,000", many / few, "", 1.2),
        Headline("restart to first trial", short["first new trial"], " s", 3.0),
        *(
            Headline(f"100,000 trials, {what}", long[what], " s")
            for what in ("status", "watch", "report", "again", "first new trial")
        ),
    ]


if __name__ == "__main__":
    for headline in headlines():
        print(headline.name, headline)
