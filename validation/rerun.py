"""Make trials of every built-in campaign again, from their exports and the code alone.

    python -m validation.rerun                     # 100 trials, drawn at random, of each
    python -m validation.rerun lepton-scan --trials 20

Each campaign runs in a process of its own and for at most `--minutes`; its trials are then
exported as JSON, read back, and made again in this process, each alone.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from daybreak import catalogue, sharing
from daybreak.ledger import schema
from daybreak.ledger.store import Ledger

_ENDS = (0, 1, 3, 4, 5)
"""How `daybreak run` ends when nothing is wrong with it: a verdict, a limit, out of reach."""


@dataclass
class Repeated:
    """What became of a campaign's trials."""

    trials: int
    drawn: int
    identical: int
    same: int
    worst: str = ""

    def __str__(self) -> str:
        """One line."""
        tail = f"; {self.worst}" if self.worst else ""
        return (
            f"{self.drawn} of {self.trials} trials made again: {self.identical} bit for bit, "
            f"{self.same} to 1e-9{tail}"
        )


def repeat(name: str, trials: int, minutes: float, seed: int = 0) -> Repeated:
    """Run a campaign and make `trials` of its trials again."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        command = [
            sys.executable,
            "-m",
            "daybreak.cli",
            "run",
            name,
            "--dir",
            str(place),
            "--max-hours",
            f"{minutes / 60:.4f}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in _ENDS:
            raise RuntimeError(done.stdout + done.stderr)
        ended = sa.select(schema.trials.c.key).where(schema.trials.c.outcome.is_not(None))
        with closing(Ledger(place)) as ledger:
            keys = sorted(ledger.store.read(lambda c: list(c.execute(ended).scalars())))
        drawn = random.Random(seed).sample(keys, min(trials, len(keys)))  # noqa: S311
        found = Repeated(len(keys), len(drawn), 0, 0)
        campaign = catalogue.load(name)
        for key in drawn:
            file = Path(folder) / "trial.json"
            file.write_text(sharing.export_trial(place, key=key).model_dump_json(by_alias=True))
            exported = sharing.read_export(file)
            made = sharing.make(campaign, exported)
            compared = sharing.compare(exported, made)
            found.identical += compared.identical
            found.same += compared.same
            if not compared.same:
                found.worst = f"{key[:12]} {compared.sentence}"
        return found


def main() -> None:
    """Read the command line, repeat, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args()
    good = True
    for name in options.names or catalogue.names():
        found = repeat(name, options.trials, options.minutes)
        good &= found.same == found.drawn
        print(f"{name}: {found}", flush=True)
    sys.exit(not good)


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    main()
