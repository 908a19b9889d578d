"""What every store of a ledger keeps to: durable before counted, one claim at a time, no loss."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerBusyError
from daybreak.ledger import schema
from daybreak.ledger.claims import Round, Span, now
from daybreak.ledger.endings import Ending
from daybreak.ledger.liveness import Onlooker, Process
from daybreak.ledger.runs import begin
from daybreak.ledger.snapshot import snapshot
from daybreak.ledger.states import AttemptState, EventKind, TrialState
from daybreak.ledger.store import Ledger
from daybreak.problem.kinds import FIT
from daybreak.problem.outcomes import Identity, Outcome, Task, canonical
from daybreak.problem.stop_reasons import StopReason

KEYS = ("one", "two", "three")
GOOD = Outcome({"a": 1.0}, 2.0, StopReason.GRADIENT)
BETTER = Outcome({"a": 1.0}, 1.0, StopReason.GRADIENT)
BAD = Outcome({"a": 1.0}, None, StopReason.CRASHED, message="ended by SIGSEGV")
RICH = Outcome(
    {"σ": 0.1 + 0.2, "größe": -0.0, "模型": "a 'quoted' \"word\"\n\\ and more %s :x"},
    5e-324,
    StopReason.EXACT,
    [1.0 - 2.0**-53],
    message="≤ 1.797e308 → ∞?",
    details={"nothing": None, "true": True, "long": list(range(300)), "large": 2**53 + 1},
)
"""Signs of any script, and numbers that a sloppy decimal would change."""
_SPAN = Span(now(), now(), 0.1, 0.0, 0.0)


class StoreContract(ABC):
    """The laws of a store."""

    @abstractmethod
    def make(self, place: Path) -> Ledger:
        """An empty ledger that belongs to a directory, open for writing."""

    def another(self, ledger: Ledger) -> Ledger:
        """The same ledger, opened for writing as by another process."""
        return Ledger(ledger.place, write=True, server=ledger.server)

    def reader(self, ledger: Ledger) -> Ledger:
        """The same ledger, opened for reading."""
        return Ledger(ledger.place)

    @contextmanager
    def night(self, place: Path) -> Generator[Ledger]:
        """A ledger with one study and three trials, and a run that has begun."""
        with closing(self.make(place)) as ledger:
            ledger.begin_run({})
            if ledger.heart is not None:
                ledger.heart.close()  # beats only when it is told to
            study: dict[str, Any] = {"name": "s", "fingerprint": "f", "criteria": []}
            study |= {"problem": {}, "body": {}, "facts": {}, "carried": []}
            ledger.write_studies([study], follows=None)
            tasks = [(Task(FIT, {"a": float(i)}), key) for i, key in enumerate(KEYS)]
            new = [Identity(key, "{}", FIT, "p", "s") for key in KEYS]
            ledger.write_rounds("s", [Round(0, tasks, new)])
            yield ledger

    @contextmanager
    def two(self, place: Path) -> Generator[tuple[Ledger, Ledger]]:
        """The same, and a second run on it, as one on another host."""
        with self.night(place) as ledger, closing(self.another(ledger)) as other:
            values = {**vars(Process("elsewhere", 1, 0.0)), "started": now(), "seen": now()}
            values |= {"owner": "another", "beat": 0, "provenance": "{}"}
            begun = schema.runs.insert().values(values).returning(schema.runs.c.id)
            other.run = ledger.store.write(lambda c: c.execute(begun).scalar_one())
            yield ledger, other

    # -- durable before counted ----------------------------------------------------------------

    def test_what_is_recorded_is_there_for_everybody(self, tmp_path: Path) -> None:
        """When recording returns, another connection finds the result."""
        with self.night(tmp_path) as ledger:
            ledger.record(ledger.claim(["one"]), [("one", GOOD)], _SPAN)
            with closing(self.reader(ledger)) as reader:
                found = reader.finished(KEYS)

                assert {key: outcome.chi2 for key, outcome in found.items()} == {"one": GOOD.chi2}

    def test_a_round_and_its_results_are_one_transaction(self, tmp_path: Path) -> None:
        """Results of a round are there together with it, each as one attempt that is done."""
        with self.night(tmp_path) as ledger:
            new = [Identity("four", "{}", FIT, "p", "s")]
            asked = [Round(1, [(Task(FIT, {"a": 4.0}), "four")], new)]
            ledger.write_made("s", asked, {"four": GOOD}, _SPAN)

            assert _states(ledger)["four"] == (TrialState.DONE, 1)
            assert _attempts(ledger, "four") == ["done"]

    def test_what_breaks_off_leaves_nothing(self, tmp_path: Path) -> None:
        """A transaction in which something raises leaves every row as it was."""
        with self.night(tmp_path) as ledger:
            before, told = _everything(ledger), "the power failed"

            def break_off(c: sa.Connection) -> None:
                c.execute(schema.trials.update().values(state=TrialState.DONE))
                c.execute(schema.members.delete())
                raise InterruptedError(told)

            with suppress(InterruptedError):
                ledger.store.write(break_off)
            assert _everything(ledger) == before

    def test_what_is_no_number_is_refused(self, tmp_path: Path) -> None:
        """An outcome that is no JSON is refused, and no other of its transaction is kept."""
        with self.night(tmp_path) as ledger:
            tokens = ledger.claim(["one", "two"])
            before = _everything(ledger)
            wild = Outcome({"a": float("nan")}, 1.0, StopReason.GRADIENT)
            try:
                ledger.record(tokens, [("one", GOOD), ("two", wild)], _SPAN)
            except ValueError:
                assert _everything(ledger) == before
                return
            msg = "a parameter that is no number was kept"
            raise AssertionError(msg)

    def test_outcomes_come_back_to_the_last_bit(self, tmp_path: Path) -> None:
        """Any script, any sign and any finite number come back as they were."""
        with self.night(tmp_path) as ledger:
            ledger.record(ledger.claim(["one"]), [("one", RICH)], _SPAN)
            ledger.note(EventKind.CHANGE, RICH.message)
            with closing(self.reader(ledger)) as reader:
                back = reader.finished(["one"])["one"]

                assert canonical(back.dump()) == canonical(RICH.dump())
                assert json.loads(canonical(back.dump())) == RICH.dump()
                assert [row["text"] for row in _rows(reader, schema.events)] == [RICH.message]

    def test_recorded_results_count_and_stay(self, tmp_path: Path) -> None:
        """A result is there once it is recorded; recording it again changes nothing."""
        with self.night(tmp_path) as ledger:
            tokens = ledger.claim(["one"])
            for outcome in (GOOD, BETTER):
                ledger.record(tokens, [("one", outcome)], _SPAN)

            assert ledger.finished(["one"])["one"].chi2 == GOOD.chi2
            assert _states(ledger)["one"] == (TrialState.DONE, 1)
            assert _attempts(ledger, "one") == ["done"]

    # -- claims --------------------------------------------------------------------------------

    def test_a_trial_is_claimed_once(self, tmp_path: Path) -> None:
        """What one run has claimed another does not get; what is free it gets."""
        with self.two(tmp_path) as (ledger, other):
            assert ledger.claim(["one", "two"]) == {"one": 1, "two": 1}
            assert other.claim(KEYS) == {"three": 1}
            assert ledger.claim(["three"]) == {}

    def test_claims_at_once_share_the_trials(self, tmp_path: Path) -> None:
        """Of two that claim the same trials at the same time each trial is one's alone."""
        with self.two(tmp_path) as both:
            start, taken = threading.Barrier(2), dict[int, dict[str, int]]()

            def claim(number: int) -> None:
                start.wait()
                taken[number] = both[number].claim(KEYS)

            threads = [threading.Thread(target=claim, args=(i,)) for i in (0, 1)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            left = both[0].waiting(KEYS)  # what the other looked at may have been passed over

            assert sorted([*taken[0], *taken[1], *left]) == sorted(KEYS)
            assert {both[i].run for i in (0, 1) if taken[i]} == _holders(both[0])

    def test_a_late_result_is_another_attempt(self, tmp_path: Path) -> None:
        """A result under an old token is kept as late, and the newest claim's result counts."""
        with self.two(tmp_path) as (ledger, other):
            old = ledger.claim(["one"])
            ledger.release(old, AttemptState.LOST)
            new = other.claim(["one"])
            ledger.record(old, [("one", GOOD)], _SPAN)
            assert ledger.finished(["one"]) == {}
            other.record(new, [("one", BETTER)], _SPAN)

            assert ledger.finished(["one"])["one"].chi2 == BETTER.chi2
            assert _attempts(ledger, "one") == ["late", "done"]
            (late,) = [
                r for r in _rows(ledger, schema.attempts) if r["state"] == AttemptState.LATE
            ]
            assert Outcome.load(json.loads(late["outcome"])).chi2 == GOOD.chi2

    def test_a_late_result_nobody_waits_for_counts(self, tmp_path: Path) -> None:
        """When nobody has claimed the trial since, a late result is as good as any."""
        with self.night(tmp_path) as ledger:
            tokens = ledger.claim(["one"])
            ledger.release(tokens, AttemptState.LOST)
            ledger.record(tokens, [("one", GOOD)], _SPAN)

            assert ledger.finished(["one"])["one"].chi2 == GOOD.chi2

    def test_a_failure_to_be_retried_is_free_again(self, tmp_path: Path) -> None:
        """A failed trial that is to be tried again keeps its failure as an attempt, and waits."""
        with self.night(tmp_path) as ledger:
            ledger.record(ledger.claim(["one"]), [("one", BAD)], _SPAN, again=["one"])

            assert _states(ledger)["one"] == (TrialState.WAITING, 1)
            assert ledger.tries(["one"]) == {"one": [BAD.reason]}
            assert ledger.claim(["one"]) == {"one": 2}

    def test_failed_trials_are_reopened_when_asked(self, tmp_path: Path) -> None:
        """Failed trials are final until somebody asks for them again."""
        with self.night(tmp_path) as ledger:
            ledger.record(ledger.claim(["one"]), [("one", BAD)], _SPAN)
            assert ledger.claim(["one"]) == {}
            ledger.write_rounds("s", [Round(0, [(Task(FIT, {}), "one")], [])], reopened=["one"])

            assert ledger.claim(["one"]) == {"one": 2}

    # -- who lives -----------------------------------------------------------------------------

    def test_the_dead_are_buried_in_one_transaction(self, tmp_path: Path) -> None:
        """What a dead run had in hand is lost as an attempt and free as a trial."""
        with self.two(tmp_path) as (ledger, other):
            ledger.claim(["one", "two"])
            mine = schema.runs.update().where(schema.runs.c.id == ledger.run)
            gone = mine.values(pid=Process.this().pid, born=-1.0)  # this number was another
            ledger.store.write(lambda c: c.execute(gone))
            assert other.bury_dead() == 2
            assert other.claim(["one"]) == {"one": 2}

            assert _attempts(ledger, "one") == ["lost", "running"]
            endings = {row["id"]: row["ending"] for row in _rows(ledger, schema.runs)}
            assert endings[ledger.run] == Ending.LOST

    def test_silence_is_measured_by_the_onlooker_alone(self, tmp_path: Path) -> None:
        """A run elsewhere is dead after a lease without a beat, whatever its clock says."""
        with self.two(tmp_path) as (ledger, other):
            theirs = schema.runs.update().where(schema.runs.c.id == other.run)
            ahead = theirs.values(seen="2199-01-01T00:00:00+00:00")  # their clock is far ahead
            ledger.store.write(lambda c: c.execute(ahead))
            patient, hasty = Onlooker(lease=3600.0), Onlooker(lease=-1.0)

            assert ledger.store.read(lambda c: patient.dead(c, ledger.run)) == []
            assert ledger.store.read(lambda c: hasty.dead(c, ledger.run)) == [other.run]

    def test_a_run_thought_dead_comes_back(self, tmp_path: Path) -> None:
        """A run that was declared dead says so when it beats again, and is alive again."""
        with self.night(tmp_path) as ledger:
            assert ledger.heart is not None
            lost = schema.runs.update().values(ending=Ending.LOST)
            ledger.store.write(lambda c: c.execute(lost))

            assert ledger.store.write(ledger.heart.beat)
            assert [row["ending"] for row in _rows(ledger, schema.runs)] == [None]

    def test_a_request_to_stop_is_heard(self, tmp_path: Path) -> None:
        """What `daybreak stop` writes is known after the next beat."""
        with self.night(tmp_path) as ledger:
            assert ledger.heart is not None
            assert ledger.ask_to_stop("stopped by hand") == 1
            ledger.store.write(ledger.heart.beat)

            assert ledger.heart.stop == "stopped by hand"

    def test_another_version_of_the_plan_is_refused(self, tmp_path: Path) -> None:
        """Two runs of different plans do not work on one ledger at once."""
        with self.two(tmp_path) as (ledger, other):
            before = _everything(ledger)
            try:
                other.store.write(lambda c: begin(c, "another plan", {}, {}))
            except LedgerBusyError as refusal:
                assert str(refusal)  # noqa: PT017 - without pytest.raises
                assert _everything(ledger) == before
                return
            msg = "a run of another plan was let in"
            raise AssertionError(msg)

    # -- reading -------------------------------------------------------------------------------

    def test_a_reader_sees_one_moment(self, tmp_path: Path) -> None:
        """Within one reading nothing changes, though others write meanwhile."""
        with self.night(tmp_path) as ledger, closing(self.reader(ledger)) as reader:
            tokens = ledger.claim(["one"])
            done = sa.select(schema.trials.c.key).where(schema.trials.c.state == TrialState.DONE)

            def look(c: sa.Connection) -> tuple[Sequence[str], Sequence[str]]:
                before = c.execute(done).scalars().all()
                ledger.record(tokens, [("one", GOOD)], _SPAN)
                return before, c.execute(done).scalars().all()

            assert reader.store.read(look) == ([], [])
            assert reader.store.read(lambda c: c.execute(done).scalars().all()) == ["one"]

    def test_a_reader_writes_nothing(self, tmp_path: Path) -> None:
        """Whatever is asked of a reader, every row stays as it was."""
        with self.night(tmp_path) as ledger:
            ledger.record(ledger.claim(["one"]), [("one", GOOD)], _SPAN)
            before = _everything(ledger)
            with closing(self.reader(ledger)) as reader:
                reader.planned()
                reader.keys()
                reader.finished(KEYS)
                reader.tries(KEYS)
                reader.waiting(KEYS)
                reader.lines(None, 0, 10)
                reader.trial("one")

            assert _everything(ledger) == before

    def test_a_snapshot_holds_what_is_committed(self, tmp_path: Path) -> None:
        """A snapshot of a living ledger is one file with every row."""
        with self.night(tmp_path / "night") as ledger:
            ledger.record(ledger.claim(["one"]), [("one", GOOD)], _SPAN)
            path = snapshot(ledger.store, tmp_path / "packed.daybreak")
            with closing(Ledger(path)) as packed:
                assert _everything(packed) == _everything(ledger)
        assert [file.name for file in tmp_path.glob("packed*")] == ["packed.daybreak"]


def _rows(ledger: Ledger, table: sa.Table) -> list[dict[str, Any]]:
    """All rows of a table."""
    everything = sa.select(table)
    return ledger.store.read(lambda c: [dict(row) for row in c.execute(everything).mappings()])


def _everything(ledger: Ledger) -> dict[str, list[str]]:
    """Every row of every table, in one order."""
    tables = schema.metadata.sorted_tables
    return {table.name: sorted(repr(row) for row in _rows(ledger, table)) for table in tables}


def _states(ledger: Ledger) -> dict[str, tuple[str, int]]:
    """State and token of every trial."""
    return {row["key"]: (row["state"], row["token"]) for row in _rows(ledger, schema.trials)}


def _attempts(ledger: Ledger, key: str) -> list[str]:
    """States of a trial's attempts in their order."""
    mine = [row for row in _rows(ledger, schema.attempts) if row["trial"] == key]
    return [row["state"] for row in sorted(mine, key=lambda row: row["token"])]


def _holders(ledger: Ledger) -> set[int]:
    """Runs that have trials in hand."""
    return {r["run"] for r in _rows(ledger, schema.trials) if r["state"] == TrialState.RUNNING}
