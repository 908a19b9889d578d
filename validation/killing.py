"""Kill a campaign at random moments, again and again, and compare with an undisturbed run.

    python validation/killing.py lepton-localisation --kills 100
    python validation/killing.py examples/two_rates.py --kills 100

Every run is sent SIGKILL after a random time; the same command then goes on. When a campaign
ends before the kills are used up, a new directory begins. At each end the numbers must be those
of the undisturbed run, bit for bit, and no trial may have been made twice.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


def start(campaign: str, directory: Path) -> subprocess.Popen[bytes]:
    """Start or resume the campaign in a process of its own."""
    command = [sys.executable, "-m", "daybreak.cli", "run", campaign, "--dir", str(directory)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def numbers(directory: Path) -> dict[str, str]:
    """Every trial's outcome, as the text the ledger holds."""
    with sqlite3.connect(directory / "ledger.db") as ledger:
        return dict(ledger.execute("SELECT key, outcome FROM trials WHERE outcome IS NOT NULL"))


def repeated(directory: Path) -> int:
    """How many trials were made more than once."""
    query = """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM attempts WHERE seconds IS NOT NULL GROUP BY trial HAVING COUNT(*) > 1
        )
    """
    with sqlite3.connect(directory / "ledger.db") as ledger:
        return int(ledger.execute(query).fetchone()[0])


def judged(directory: Path) -> object:
    """What the summary says, times aside."""
    summary = json.loads((directory / "summary.json").read_text())
    for study in summary["studies"]:
        study["metrics"].pop("seconds")
        study.pop("criteria_history")
    kept = ("verdict", "decision", "claims", "studies")
    return {key: summary[key] for key in kept}


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    with_trials: int = 0
    """Kills that found trials in the ledger of an unfinished campaign."""
    campaigns: int = 0
    different: int = 0
    repeated: int = 0

    @property
    def clean(self) -> bool:
        """Whether campaigns were finished, with the same numbers, and nothing was made twice."""
        return bool(self.campaigns) and not (self.different or self.repeated)


def torture(campaign: str, kills: int, seed: int = 0) -> Tally:
    """Kill `campaign` `kills` times and compare every finished one."""
    moments = random.Random(seed)  # noqa: S311 - moments, not secrets
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reference"
        # Twice, because the first run may compile; the second says how long a run takes.
        for place in (Path(folder) / "first", reference):
            begun = time.monotonic()
            if start(campaign, place).wait() != 0:
                msg = f"{campaign} does not run undisturbed."
                raise RuntimeError(msg)
            length = time.monotonic() - begun
        place = Path(folder) / "0"
        while tally.kills < kills:
            process = start(campaign, place)
            try:
                process.wait(timeout=moments.uniform(0.2, 1.1) * length)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                tally.kills += 1
                tally.with_trials += (place / "ledger.db").exists() and _count(place) > 0
                continue
            _compare(tally, reference, place)
            place = Path(folder) / str(tally.campaigns)
        if start(campaign, place).wait() == 0:
            _compare(tally, reference, place)
    return tally


def _count(directory: Path) -> int:
    try:
        return len(numbers(directory))
    except sqlite3.OperationalError:  # killed before the tables were made
        return 0


def _compare(tally: Tally, reference: Path, place: Path) -> None:
    tally.campaigns += 1
    same = numbers(place) == numbers(reference) and judged(place) == judged(reference)
    tally.different += not same
    tally.repeated += repeated(place)


def main() -> None:
    """Read the command line, torture, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("campaign")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally = torture(options.campaign, options.kills, options.seed)
    print(
        f"{options.campaign}: {tally.kills} kills ({tally.with_trials} with trials in the "
        f"ledger), "
        f"{tally.campaigns} campaigns finished, {tally.different} with different numbers, "
        f"{tally.repeated} trials repeated"
    )
    sys.exit(not tally.clean)


if __name__ == "__main__":
    main()
