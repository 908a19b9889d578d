"""Kill nights at random moments and at every commit, and take their disk, clock and server away.

    python -m validation.chaos                   # 1,000 kills on SQLite, 200 on PostgreSQL
    python -m validation.chaos --kills 50 --postgres 0

Nights are forked from one process that has loaded Daybreak, so that a kill costs half a second.
Every trial that a night has acknowledged (its `record` has returned) is noted on a pipe. At the
end of each night the ledger must hold every acknowledged outcome, each planned trial once, and
the numbers of an undisturbed night, bit for bit.
"""

from __future__ import annotations

import argparse
import fcntl
import functools
import io
import itertools
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

import daybreak as dk
from daybreak.errors import DaybreakError
from daybreak.ledger import claims
from daybreak.ledger import schema as t
from daybreak.ledger.integrity import problems
from daybreak.ledger.store import Ledger
from daybreak.night import _Log
from daybreak.problem.origins import Why
from daybreak.report.build import build
from daybreak.runner import night, pace
from daybreak.runner.limits import Limits
from tests.postgres import Server, server

X = np.linspace(0.0, 1.0, 12)


def line(p: Any, settings: Any) -> Any:
    """A straight line, shape (12,)."""
    return p.a * X + p.b + settings.shift


def distance(configuration: Any, trial: Any) -> dict[str, float]:
    """How far a configuration is from the data, with a digit of chance from its seed."""
    trial.record(digit=trial.seed % 10)
    return {"distance": (configuration["a"] - 1.3) ** 2 + (configuration["b"] - 0.4) ** 2}


FORCED = ({"a": -5.0, "b": 5.0}, {"a": 5.0, "b": -5.0}, {"a": 1.25, "b": 0.5})


def search() -> dk.Study:
    """A search with configurations that must be among its trials."""
    problem = dk.SearchProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], distance, [dk.Objective("distance")]
    )
    return dk.Study("search", problem, dk.Search(sampler="tpe", trials=40, forced=FORCED))


def campaign(name: str, *, short: bool) -> dk.Campaign:
    """Two studies of a line and a search, or the quick one of them, with a decision."""
    data = dk.observations(1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X), 0.05)
    problem = dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)], line, data, settings={"shift": 0.0}
    )
    accept = [dk.Criterion("chi2", below=100)]
    studies = [
        dk.Study("profile", problem, dk.Profile("a", points=3, starts=2), accept),
        search(),
        dk.Study("shifted", problem, dk.MultiStart(starts=3), accept, settings={"shift": 1.0}),
    ]
    rows = [
        dk.Decision("good", "go on", when=dk.Condition(verdict="PASS")),
        dk.Decision("otherwise", "stop"),
    ]
    return dk.Campaign(name, studies[2:] if short else studies, decisions=rows)


@dataclass
class Where:
    """A directory and the store of its night."""

    directory: Path
    store: str | None = None
    name: str = "chaos"
    short: bool = False

    def run(self, **options: Any) -> None:
        """Start or resume the night here, in units of a few trials; without its report."""
        pace._UNIT_SECONDS = {"jax": 0.002, "numpy": 0.002}
        listener = _Log(self.directory, io.StringIO(), notify=None, anyway=False)
        made = campaign(self.name, short=self.short)
        night.run_night(made, self.directory, listener, store=self.store, **options)

    def outcomes(self) -> dict[str, str]:
        """Every trial's outcome, as the text the ledger holds."""
        with closing(Ledger(self.directory)) as ledger:
            there = sa.select(t.trials.c.key, t.trials.c.outcome).where(
                t.trials.c.outcome.is_not(None)
            )
            return ledger.store.read(lambda c: {k: str(o) for k, o in c.execute(there)})

    def repeated(self) -> int:
        """How many trials came to an end more than once."""
        ended = t.attempts.c.state.in_(("done", "failed", "late"))
        count = sa.select(t.attempts.c.trial).where(ended).group_by(t.attempts.c.trial)
        with closing(Ledger(self.directory)) as ledger:
            twice = count.having(sa.func.count() > 1)
            return len(ledger.store.read(lambda c: c.execute(twice).all()))

    def forced(self) -> int:
        """How many of the forced configurations have been evaluated."""
        joined = t.members.join(t.trials, t.trials.c.key == t.members.c.trial)
        there = (t.members.c.why == Why.FORCED.value) & (t.trials.c.state == "done")
        query = (
            sa.select(sa.func.count(t.trials.c.key.distinct())).select_from(joined).where(there)
        )
        with closing(Ledger(self.directory)) as ledger:
            return ledger.store.read(lambda c: c.execute(query).scalar()) or 0

    def unsound(self) -> list[str]:
        """What the integrity check says."""
        with closing(Ledger(self.directory)) as ledger:
            return problems(ledger.store)

    def judged(self) -> object:
        """What the summary says, times aside."""
        with closing(Ledger(self.directory)) as ledger:
            summary = json.loads(build(ledger.read()).model_dump_json(by_alias=True))
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
    forgotten: int = 0
    """Forced configurations that were not evaluated."""
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
        return not (self.lost or self.forgotten or self.repeated or self.different or self.unsound)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.kills} kills, {self.nights} nights finished, {self.acknowledged} acknowledged "
            f"results: {self.lost} lost, {self.forgotten} forced ones forgotten, "
            f"{self.repeated} repeated, {self.different} nights with different numbers, "
            f"{len(self.unsound)} contradictions in ledgers"
        )


def forked(work: Callable[[], object]) -> tuple[int, int]:
    """Do `work` in a child; returns its number and a pipe with the keys it has acknowledged."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)  # a whole night, which is read at its end
    child = os.fork()
    if not child:
        _acknowledging(work, writer)
    os.close(writer)
    return child, reader


def _acknowledging(work: Callable[[], object], writer: int) -> NoReturn:
    status = 1
    try:
        kept, kept_together = Ledger.record, Ledger.write_made

        def acknowledge(made: Iterable[tuple[str, Any]]) -> None:
            for key, outcome in made:
                os.write(writer, f"{key} {claims.canonical(outcome.dump())}\n".encode())

        def record(self: Ledger, tokens: Any, made: Any, *rest: Any, **more: Any) -> None:
            kept(self, tokens, made, *rest, **more)
            acknowledge(made)

        def write_made(self: Ledger, study: Any, rounds: Any, made: Any, *rest: Any) -> None:
            kept_together(self, study, rounds, made, *rest)
            acknowledge(made.items())

        Ledger.record = record  # type: ignore[method-assign]
        Ledger.write_made = write_made  # type: ignore[method-assign]
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - a child that dies of itself says why
        traceback.print_exc()
    finally:
        os._exit(status)


def acknowledged(reader: int) -> dict[str, str]:
    """What a child has acknowledged, whole lines only."""
    with os.fdopen(reader, "rb") as pipe:
        lines = pipe.read().split(b"\n")[:-1]
    return dict(text.decode().split(" ", 1) for text in lines)


def reference(folder: Path, *, short: bool = False) -> tuple[dict[str, str], object, float]:
    """An undisturbed night: outcomes, judgement, and how long it took."""
    where = Where(folder / "reference", short=short)
    begun = time.monotonic()
    child, reader = forked(where.run)
    acknowledged(reader)
    os.waitpid(child, 0)
    return where.outcomes(), where.judged(), time.monotonic() - begun


class Torturer:
    """Kills nights, one after the other, and checks each that ends."""

    def __init__(
        self, folder: Path, seed: int, store: str | None = None, *, short: bool = False
    ) -> None:
        self.folder, self.store = folder, store
        self.short = short
        self.sides = 2 if store else 1
        """How many processes work on one night at the same time."""
        self.moments = random.Random(seed)  # noqa: S311 - moments, not secrets
        self.outcomes, self.judgement, self.length = reference(folder, short=short)
        self.tally = Tally()
        self.told: dict[str, str] = {}
        self.where = self._fresh()

    def _fresh(self) -> Where:
        self.told = {}
        name = f"chaos-{os.getpid()}-{self.tally.nights}" if self.store else "chaos"
        return Where(self.folder / str(self.tally.nights), self.store, name, self.short)

    def round(
        self, work: Callable[[], object], *after: float, acknowledged_first: bool = False
    ) -> bool:
        """Start processes on the night and kill each after its time; whether one finished it.

        Without a time there is one process, and nobody kills it from outside. Time is counted
        from the start, or from when the process has acknowledged something.
        """
        finished = False
        children = dict(forked(work) for _ in after or (None,))
        wait = dict(zip(children, after, strict=False))
        begun = dict.fromkeys(children, np.inf if acknowledged_first else time.monotonic())
        alive = set(children)
        while alive:
            for child in sorted(alive):
                ended, status = os.waitpid(child, os.WNOHANG if after else 0)
                if ended:
                    alive.remove(child)
                    finished |= os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
                    self.tally.kills += os.WIFSIGNALED(status)
                elif begun[child] == np.inf and select.select([children[child]], [], [], 0)[0]:
                    begun[child] = time.monotonic()
                elif time.monotonic() > begun[child] + wait.get(child, np.inf):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.002 if after else 0.0)
        for reader in children.values():
            self.told |= acknowledged(reader)
        if finished:
            self.check()
        return finished

    def check(self) -> None:
        """A night has ended: compare it, and begin another."""
        tally, where = self.tally, self.where
        found = where.outcomes()
        tally.nights += 1
        tally.acknowledged += len(self.told)
        tally.lost += sum(found.get(key) != text for key, text in self.told.items())
        if not where.short:
            tally.forgotten += len(FORCED) - where.forced()
        tally.repeated += where.repeated()
        tally.different += found != self.outcomes or where.judged() != self.judgement
        tally.unsound += where.unsound()
        shutil.rmtree(where.directory)
        self.where = self._fresh()

    def at_random(self, kills: int) -> Tally:
        """So many kills at random moments; the last night is finished."""
        while self.tally.kills < kills:
            working = self.moments.random() < 0.6  # a killed night is half preparation
            longest = (0.4 if working else 0.8) * self.length
            moments = [self.moments.uniform(0.0, longest) for _ in range(self.sides)]
            self.round(self.where.run, *moments, acknowledged_first=working)
        self.round(self.where.run)
        return self.tally

    def at_commits(self, first: int = 1, step: int = 1) -> Tally:
        """One kill before and one after every `step`-th commit of a night from the first."""
        for number in itertools.count(first, step):
            for before in (True, False):
                work = functools.partial(at_commit, number, self.where.run, signal.SIGKILL)
                if self.round(functools.partial(work, before=before)):
                    break  # the night has fewer commits than that
                self.round(self.where.run)
            else:
                continue
            break
        return self.tally


def at_commit(
    number: int, work: Callable[[], object], signalled: signal.Signals, *, before: bool
) -> None:
    """Do `work` and send oneself a signal right before or right after a commit."""
    commit = DefaultDialect.do_commit
    count = 0

    def do_commit(self: Any, connection: Any) -> None:
        nonlocal count
        count += 1
        if count == number and before:
            os.kill(os.getpid(), signalled)
        commit(self, connection)
        if count == number and not before:
            os.kill(os.getpid(), signalled)

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
    """A disk of 400 kB: what is said, and what is said when there is room again.

    Who may not mount one has a limit on the size of files instead.
    """
    folder.mkdir()
    run = Where(folder / "run").run
    mounted = _mount(folder, "-t", "tmpfs", "-o", "size=400k", "tmpfs")

    def cramped() -> None:
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        run()

    try:
        said = told_by(cramped)
        if mounted:
            _mount(folder, "-o", "remount,size=64m")
        return said, told_by(run)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)  # noqa: S607


def _mount(folder: Path, *words: str) -> bool:
    with suppress(FileNotFoundError):
        made = subprocess.run(["mount", *words, folder], check=False, stderr=subprocess.DEVNULL)  # noqa: S607
        return made.returncode == 0
    return False


def read_only(folder: Path) -> tuple[str, str]:
    """A directory that may not be written: what is said, and what is said when it may again."""
    where = Where(folder)
    where.run(limits=Limits(max_trials=20))
    folder.chmod(0o555)

    def forbidden() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)  # nothing is forbidden to root
        where.run()

    said = told_by(forbidden)
    folder.chmod(0o755)
    return said, told_by(where.run)


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


def clock_set_back(folder: Path) -> str:
    """Half a night, the clock set back by an hour, the other half; what goes wrong."""
    where = Where(folder)
    where.run(limits=Limits(max_trials=30))

    def earlier() -> None:
        for module in (claims, sys.modules["daybreak.ledger.runs"], night):
            if hasattr(module, "now"):
                module.now = lambda: "2020-01-01T00:00:00.000+00:00"
        real = time.time
        time.time = lambda: real() - 3600.0
        where.run()

    said = told_by(earlier)
    twice = where.repeated()
    wrong = [said, f"{twice} trials repeated" if twice else "", *where.unsound()]
    return "; ".join(filter(None, wrong))


def ended_well(where: Where, told: int, child: int, expected: dict[str, str]) -> str:
    """Wait for a night's last process; what is wrong with how it ended, empty when nothing is."""
    said = acknowledged(told)
    _, status = os.waitpid(child, 0)
    found = where.outcomes()
    lost = sum(found.get(key) != text for key, text in said.items())
    other = sum(found.get(key) != expected.get(key) for key in found.keys() | expected.keys())
    wrong = {
        f"wait status {status}": status != 0,
        "nothing was acknowledged": not said,
        f"{lost} of {len(said)} acknowledged results lost": lost > 0,
        f"{other} of {len(expected)} results are other ones": other > 0,
    }
    return "; ".join([what for what, is_so in wrong.items() if is_so] + where.unsound())


def suspended(folder: Path, store: str | None = None) -> str:
    """A night asleep in mid-transaction for longer than its lease; what goes wrong.

    On a server another process takes over meanwhile, and the sleeper finds it done.
    """
    name = f"suspended-{os.getpid()}"
    asleep, other = (Where(folder / which, store, name) for which in ("asleep", "other"))
    night = functools.partial(asleep.run, lease=1.0)
    child, told = forked(functools.partial(at_commit, 60, night, signal.SIGSTOP, before=True))
    os.waitpid(child, os.WUNTRACED)
    said = ""
    if store:
        said = told_by(functools.partial(other.run, lease=1.0))
    else:
        time.sleep(3.0)
    os.kill(child, signal.SIGCONT)
    return said or ended_well(asleep, told, child, reference(folder)[0])


def restarted(folder: Path, server: Server) -> str:
    """A server that goes away for two seconds in the middle of a night; what goes wrong."""
    where = Where(folder / "restarted", server.url, f"restarted-{os.getpid()}")
    child, told = forked(functools.partial(at_commit, 60, where.run, signal.SIGSTOP, before=True))
    os.waitpid(child, os.WUNTRACED)
    server.stop()
    os.kill(child, signal.SIGCONT)
    time.sleep(2.0)
    server.start()
    return ended_well(where, told, child, reference(folder)[0])


# -- the whole -------------------------------------------------------------------------------


def torture(kills: int, seed: int = 0, store: str | None = None) -> Tally:
    """Kill nights at random moments."""
    with tempfile.TemporaryDirectory() as folder:
        return Torturer(Path(folder), seed, store).at_random(kills)


def commits(first: int, step: int, *, short: bool) -> Tally:
    """Kill nights at commits."""
    with tempfile.TemporaryDirectory() as folder:
        return Torturer(Path(folder), 0, short=short).at_commits(first, step)


def together(*works: Callable[[], Tally]) -> Tally:
    """Do some at the same time, each in a child, and count them together."""
    pipes: list[int] = []
    for work in works:
        reader, writer = os.pipe()
        if not os.fork():
            os.write(writer, json.dumps(vars(work())).encode())
            os._exit(0)
        os.close(writer)
        pipes.append(reader)
    total = Tally()
    for reader in pipes:
        with os.fdopen(reader, "rb") as pipe:
            total.add(Tally(**json.loads(pipe.read())))
        os.wait()
    return total


def misfortunes(server: Server | None) -> dict[str, str]:
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
            found[what] = said.replace(name, "") or "continued"
            found[f"{what}, afterwards"] = then or "continued"
        went_on = {
            "clock set back an hour": clock_set_back(folder / "clock"),
            "asleep for longer than the lease": suspended(folder / "asleep"),
        }
        if server:
            url = server.url
            went_on["asleep, while another takes over"] = suspended(folder / "shared", url)
            went_on["server restarted"] = restarted(folder / "server", server)
    return found | {
        what: f"FAILED: {wrong}" if wrong else "continued" for what, wrong in went_on.items()
    }


def main() -> None:
    """Read the command line, torture, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--postgres", type=int, default=200)
    parser.add_argument("--every", type=int, default=1, help="kill at every so manyth commit")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun, seed = time.monotonic(), options.seed
    tallies: list[Tally] = []

    def both(what: str, *works: Callable[[], Tally]) -> None:
        tallies.append(together(*works))
        print(f"{what}: {tallies[-1]} ({time.monotonic() - begun:.0f} s)", flush=True)

    half = options.kills // 2
    both("SQLite, random moments", lambda: torture(half, seed), lambda: torture(half, seed + 1))
    for every, short in ((options.every, True), (5 * options.every, False)):
        both(
            f"SQLite, {'short' if short else 'long'} night, at one commit in {every}",
            lambda every=every, short=short: commits(1, 2 * every, short=short),
            lambda every=every, short=short: commits(1 + every, 2 * every, short=short),
        )
    with server() if options.postgres else nullcontext() as made:
        if made:
            half, url = options.postgres // 2, made.url
            both(
                "PostgreSQL, two processes to a night, random moments",
                lambda: torture(half, seed, url),
                lambda: torture(half, seed + 1, url),
            )
        said = misfortunes(made)
    for what, text in said.items():
        print(f"{what}: {text}")
    print(f"{time.monotonic() - begun:.0f} s in all")
    bad = any("UNEXPECTED" in text or text.startswith("FAILED") for text in said.values())
    sys.exit(bad or not all(tally.clean for tally in tallies))


if __name__ == "__main__":
    main()
