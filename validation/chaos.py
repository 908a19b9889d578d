"""Kill nights at random moments and at every commit, and take their disk, clock and server away.

    python validation/chaos.py                 # 1,000 kills on SQLite, 200 on PostgreSQL
    python validation/chaos.py --kills 50 --postgres 0

Nights are forked from one process that has loaded Daybreak, so that a kill costs half a second.
Every trial that a night has acknowledged (its `record` has returned) is noted on a pipe. At the
end of each night the ledger must hold every acknowledged outcome, each planned trial once, and
the numbers of an undisturbed night, bit for bit.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

import daybreak as dk
from daybreak.errors import DaybreakError
from daybreak.ledger import claims, schema
from daybreak.ledger.integrity import problems
from daybreak.ledger.store import Ledger
from daybreak.runner import night

X = np.linspace(0.0, 1.0, 12)


def line(p: Any, settings: Any) -> Any:
    """A straight line, shape (12,)."""
    return p.a * X + p.b + settings.shift


def campaign(name: str = "chaos") -> dk.Campaign:
    """Two studies of a line, with criteria and a decision."""
    data = dk.observations(1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X), 0.05)
    problem = dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], line, data, settings={"shift": 0.0}
    )
    accept = [dk.Criterion("chi2", below=100)]
    studies = [
        dk.Study("profile", problem, dk.Profile("a", points=5, starts=3), accept),
        dk.Study("shifted", problem, dk.MultiStart(starts=8), accept, settings={"shift": 1.0}),
    ]
    rows = [dk.Decision("good", "go on", when=dk.Condition(verdict="PASS")),
            dk.Decision("otherwise", "stop")]  # fmt: skip
    return dk.Campaign(name, studies, decisions=rows)


@dataclass
class Where:
    """A directory and the store of its night."""

    directory: Path
    store: str | None = None
    name: str = "chaos"

    def run(self, **options: Any) -> dk.Results:
        """Start or resume the night here, in units of a few trials."""
        night._UNIT_SECONDS = {"jax": 0.002, "numpy": 0.002}
        return dk.run(campaign(self.name), self.directory, store=self.store,
                      progress=io.StringIO(), **options)  # fmt: skip

    def outcomes(self) -> dict[str, str]:
        """Every trial's outcome, as the text the ledger holds."""
        with closing(Ledger(self.directory)) as ledger:
            there = sa.select(schema.trials.c.key, schema.trials.c.outcome).where(
                schema.trials.c.outcome.is_not(None)
            )
            return ledger.store.read(lambda c: {k: str(o) for k, o in c.execute(there)})

    def repeated(self) -> int:
        """How many trials came to an end more than once."""
        ended = schema.attempts.c.state.in_(("done", "failed", "late"))
        count = sa.select(schema.attempts.c.trial).where(ended).group_by(schema.attempts.c.trial)
        with closing(Ledger(self.directory)) as ledger:
            twice = count.having(sa.func.count() > 1)
            return len(ledger.store.read(lambda c: c.execute(twice).all()))

    def unsound(self) -> list[str]:
        """What the integrity check says."""
        with closing(Ledger(self.directory)) as ledger:
            return problems(ledger.store)

    def judged(self) -> object:
        """What the summary says, times aside."""
        summary = json.loads((self.directory / "summary.json").read_text())
        for study in summary["studies"]:
            study["metrics"].pop("seconds")
            study.pop("criteria_history")
        return {key: summary[key] for key in ("verdict", "decision", "claims", "studies")}


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    nights: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Acknowledged outcomes that were not there, or were other than acknowledged."""
    repeated: int = 0
    different: int = 0
    """Nights that ended with other numbers than an undisturbed one."""
    unsound: list[str] = field(default_factory=list[str])

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, made twice or came out differently."""
        return not (self.lost or self.repeated or self.different or self.unsound)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.kills} kills, {self.nights} nights finished, {self.acknowledged} acknowledged "
            f"results: {self.lost} lost, {self.repeated} repeated, {self.different} nights with "
            f"different numbers, {len(self.unsound)} contradictions in ledgers"
        )


def forked(work: Callable[[], object]) -> tuple[int, int]:
    """Do `work` in a child; returns its number and a pipe with the keys it has acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    _child(work, writer)


def _child(work: Callable[[], object], writer: int) -> NoReturn:
    status = 1
    try:
        kept = Ledger.record

        def record(self: Ledger, tokens: Any, made: Any, *rest: Any, **more: Any) -> None:
            kept(self, tokens, made, *rest, **more)
            for key, outcome in made:
                os.write(writer, f"{key} {claims.canonical(outcome.dump())}\n".encode())

        Ledger.record = record  # type: ignore[method-assign]
        work()
        status = 0
    finally:
        os._exit(status)


def acknowledged(reader: int) -> dict[str, str]:
    """What a child has acknowledged, whole lines only."""
    with os.fdopen(reader, "rb") as pipe:
        lines = pipe.read().split(b"\n")[:-1]
    return dict(text.decode().split(" ", 1) for text in lines)


def reference(folder: Path) -> tuple[dict[str, str], object, float]:
    """An undisturbed night: outcomes, judgement, and how long it took."""
    where = Where(folder / "reference")
    begun = time.monotonic()
    child, reader = forked(where.run)
    acknowledged(reader)
    os.waitpid(child, 0)
    return where.outcomes(), where.judged(), time.monotonic() - begun


class Torturer:
    """Kills nights, one after the other, and checks each that ends."""

    def __init__(self, folder: Path, seed: int, store: str | None = None) -> None:
        self.folder, self.store = folder, store
        self.moments = random.Random(seed)  # noqa: S311 - moments, not secrets
        self.outcomes, self.judgement, self.length = reference(folder)
        self.tally = Tally()
        self.told: dict[str, str] = {}
        self.where = self._fresh()

    def _fresh(self) -> Where:
        self.told = {}
        name = f"chaos-{os.getpid()}-{self.tally.nights}" if self.store else "chaos"
        return Where(self.folder / str(self.tally.nights), self.store, name)

    def round(self, work: Callable[[], object], after: float | None) -> bool:
        """One start, killed after some time unless it ends before; whether it ended."""
        child, reader = forked(work)
        if after is not None:
            until = time.monotonic() + after
            while time.monotonic() < until:
                ended, _ = os.waitpid(child, os.WNOHANG)
                if ended:
                    break
                time.sleep(0.002)
            else:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                ended = 0
        else:
            _, status = os.waitpid(child, 0)
            ended = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        self.told |= acknowledged(reader)
        if ended:
            self.check()
        else:
            self.tally.kills += 1
        return bool(ended)

    def check(self) -> None:
        """A night has ended: compare it, and begin another."""
        tally, where = self.tally, self.where
        found = where.outcomes()
        tally.nights += 1
        tally.acknowledged += len(self.told)
        tally.lost += sum(found.get(key) != text for key, text in self.told.items())
        tally.repeated += where.repeated()
        tally.different += found != self.outcomes or where.judged() != self.judgement
        tally.unsound += where.unsound()
        shutil.rmtree(where.directory)
        self.where = self._fresh()

    def at_random(self, kills: int) -> Tally:
        """So many kills at random moments; the last night is finished."""
        while self.tally.kills < kills:
            self.round(self.where.run, self.moments.uniform(0.02, 0.9) * self.length)
        self.round(self.where.run, None)
        return self.tally

    def at_commits(self, step: int = 1) -> Tally:
        """One kill before and one after every commit (or every `step`-th) of a night."""
        number = 1
        while True:
            for before in (True, False):
                work, where = self.where.run, self.where
                if self.round(lambda: _killed_at(number, work, before=before), None):
                    return self.tally  # the night has fewer commits than that
                while where is self.where:
                    self.round(self.where.run, None)
            number += step


def _killed_at(number: int, work: Callable[[], object], *, before: bool) -> None:
    """Do `work` and die right before or right after a commit."""
    commit = DefaultDialect.do_commit
    count = 0

    def do_commit(self: Any, connection: Any) -> None:
        nonlocal count
        count += 1
        if count == number and before:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, connection)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
    work()


# -- other misfortunes -----------------------------------------------------------------------


def told_by(work: Callable[[], object]) -> str:
    """What a child says of an error that is meant; empty when it ends well."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        text = ""
        try:
            work()
        except DaybreakError as error:
            text = f"{error}"
        except BaseException as error:  # noqa: BLE001 - a traceback is what must not happen
            text = f"UNEXPECTED {type(error).__name__}: {error}"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        found = pipe.read().decode()
    os.waitpid(child, 0)
    return found


def full_disk(folder: Path) -> tuple[str, str]:
    """A disk of one MiB: what is said, and what is said when there is room again."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], check=True)  # noqa: S603, S607
    try:
        said = told_by(Where(folder / "run").run)
        subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)  # noqa: S603, S607
        return said, told_by(Where(folder / "run").run)
    finally:
        subprocess.run(["umount", "-l", folder], check=False)  # noqa: S603, S607


def read_only(folder: Path) -> tuple[str, str]:
    """A directory that another user owns: what is said, and what is said to its owner."""
    where = Where(folder)
    where.run(max_trials=20)
    folder.chmod(0o555)

    def as_nobody() -> None:
        os.setuid(65534)
        where.run()

    try:
        return told_by(as_nobody), told_by(where.run)
    finally:
        folder.chmod(0o755)


def damaged(folder: Path, harm: Callable[[Path], None]) -> tuple[str, str]:
    """A ledger that was cut or overwritten: what is said, and what is said with --fresh."""
    where = Where(folder)
    where.run()
    harm(folder / "ledger.db")
    return told_by(where.run), told_by(lambda: where.run(fresh=True))


def truncate(path: Path) -> None:
    """Cut a file in the middle of a page."""
    os.truncate(path, path.stat().st_size // 2 + 100)


def corrupt(path: Path) -> None:
    """Overwrite the middle of a file."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size // 2))


def clock_set_back(folder: Path) -> bool:
    """Half a night, the clock set back by an hour, the other half; whether it ends well."""
    where = Where(folder)
    where.run(max_trials=40)

    def earlier() -> None:
        for module in (claims, sys.modules["daybreak.ledger.runs"], night):
            if hasattr(module, "now"):
                module.now = lambda: "2020-01-01T00:00:00.000+00:00"
        real = time.time
        time.time = lambda: real() - 3600.0
        where.run()

    return told_by(earlier) == "" and not where.unsound() and where.repeated() == 0


# -- the whole -------------------------------------------------------------------------------


def torture(kills: int, seed: int = 0, store: str | None = None) -> Tally:
    """Kill nights at random moments."""
    with tempfile.TemporaryDirectory() as folder:
        return Torturer(Path(folder), seed, store).at_random(kills)


def commits(step: int = 1, store: str | None = None) -> Tally:
    """Kill nights at commits."""
    with tempfile.TemporaryDirectory() as folder:
        return Torturer(Path(folder), 0, store).at_commits(step)


def misfortunes() -> dict[str, str]:
    """Every other misfortune, and what was said; ``continued`` where work went on."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for what, work in (
            ("full disk", lambda: full_disk(folder / "disk")),
            ("read-only directory", lambda: read_only(folder / "owned")),
            ("truncated ledger", lambda: damaged(folder / "cut", truncate)),
            ("corrupted ledger", lambda: damaged(folder / "bad", corrupt)),
        ):
            said, then = work()
            found[what] = said or "continued"
            found[f"{what}, afterwards"] = then or "continued"
        ended = clock_set_back(folder / "clock")
        found["clock set back an hour"] = "continued" if ended else "FAILED"
    return found


def main() -> None:
    """Read the command line, torture, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--postgres", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tallies = {"SQLite, random moments": torture(options.kills, options.seed)}
    print("SQLite, random moments:", tallies["SQLite, random moments"], flush=True)
    tallies["SQLite, every commit"] = commits()
    print("SQLite, every commit:", tallies["SQLite, every commit"], flush=True)
    if options.postgres:
        from tests.postgres import server

        with server() as made:
            tallies["PostgreSQL"] = torture(options.postgres, options.seed, made.url)
        print("PostgreSQL, random moments:", tallies["PostgreSQL"], flush=True)
    said = misfortunes()
    for what, text in said.items():
        print(f"{what}: {text}")
    bad = any("UNEXPECTED" in text or text == "FAILED" for text in said.values())
    sys.exit(bad or not all(tally.clean for tally in tallies.values()))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
