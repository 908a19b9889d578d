"""Claims: one token at a time, late results kept, the dead buried; the same on both stores."""

import itertools
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import sqlalchemy as sa

import daybreak as dk
from daybreak.errors import LedgerBusyError, LedgerError
from daybreak.ledger import schema
from daybreak.ledger.claims import Round, Span, now
from daybreak.ledger.endings import Ending
from daybreak.ledger.liveness import Onlooker, Process
from daybreak.ledger.place import FILE, Server
from daybreak.ledger.snapshot import snapshot
from daybreak.ledger.states import AttemptState, EventKind
from daybreak.ledger.store import Ledger
from daybreak.problem.kinds import FIT
from daybreak.problem.outcomes import Identity, Outcome, Task
from daybreak.problem.stop_reasons import StopReason
from tests.runner.toy import campaign, line_problem

NAMES = itertools.count()
GOOD = Outcome({"a": 1.0}, 2.0, StopReason.GRADIENT)
BETTER = Outcome({"a": 1.0}, 1.0, StopReason.GRADIENT)
BAD = Outcome({"a": 1.0}, None, StopReason.CRASHED, message="ended by SIGSEGV")
SPAN = Span(now(), now(), 0.1, 0.0, 0.0)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, tmp_path):
    """An empty ledger with one study and three trials, and a run that has begun."""
    server = None
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres")
        server = Server.of(postgres.url, f"claims-{os.getpid()}-{next(NAMES)}")
    with closing(Ledger(tmp_path, write=True, server=server)) as made:
        made.begin_run({})
        study = {
            "name": "s",
            "fingerprint": "f",
            "problem": {},
            "body": {},
            "facts": {},
            "criteria": [],
            "carried": [],
        }
        made.write_studies([study], follows=None)
        keys = ["one", "two", "three"]
        tasks = [(Task(FIT, {"a": float(i)}), key) for i, key in enumerate(keys)]
        made.write_rounds(
            "s", [Round(0, tasks, [Identity(key, "{}", FIT, "p", "s") for key in keys])]
        )
        yield made


def rows(ledger, table):
    """All rows of a table, as mappings."""
    return ledger.store.read(lambda c: [dict(r) for r in c.execute(sa.select(table)).mappings()])


def states(ledger):
    """State and token of every trial."""
    return {r["key"]: (r["state"], r["token"]) for r in rows(ledger, schema.trials)}


def attempts(ledger, key):
    """States of a trial's attempts in their order."""
    mine = [r for r in rows(ledger, schema.attempts) if r["trial"] == key]
    return [r["state"] for r in sorted(mine, key=lambda r: r["token"])]


def another(ledger):
    """A second run on the same ledger, as another process would begin it."""
    other = Ledger(ledger.place, write=True, server=ledger.server)
    other.run = ledger.store.write(
        lambda c: c.execute(
            schema.runs.insert()
            .values(
                started=now(),
                owner="another",
                host="elsewhere",
                pid=1,
                born=0.0,
                beat=0,
                seen=now(),
                provenance="{}",
            )
            .returning(schema.runs.c.id)
        ).scalar_one()
    )
    return other


def test_a_trial_is_claimed_once(ledger):
    """What one run has claimed another does not get; what is free it gets."""
    with closing(another(ledger)) as other:
        assert ledger.claim(["one", "two"]) == {"one": 1, "two": 1}
        assert other.claim(["one", "two", "three"]) == {"three": 1}
        assert ledger.claim(["three"]) == {}


def test_recorded_results_count_and_stay(ledger):
    """A result is there once it is recorded; recording it again changes nothing."""
    tokens = ledger.claim(["one"])
    for outcome in (GOOD, BETTER):
        ledger.record(tokens, [("one", outcome)], SPAN)

    assert ledger.finished(["one"])["one"].chi2 == 2.0
    assert states(ledger)["one"] == ("done", 1)
    assert attempts(ledger, "one") == ["done"]


def test_a_late_result_is_another_attempt(ledger):
    """A result under an old token is kept as late, and the newest claim's result counts."""
    old = ledger.claim(["one"])
    ledger.release(old, AttemptState.LOST)
    with closing(another(ledger)) as other:
        new = other.claim(["one"])
        ledger.record(old, [("one", GOOD)], SPAN)
        assert ledger.finished(["one"]) == {}
        other.record(new, [("one", BETTER)], SPAN)

    assert ledger.finished(["one"])["one"].chi2 == 1.0
    assert attempts(ledger, "one") == ["late", "done"]
    (late,) = [r for r in rows(ledger, schema.attempts) if r["state"] == "late"]
    assert '"chi2":2.0' in late["outcome"]


def test_a_late_result_nobody_waits_for_counts(ledger):
    """When nobody has claimed the trial since, a late result is as good as any."""
    tokens = ledger.claim(["one"])
    ledger.release(tokens, AttemptState.LOST)
    ledger.record(tokens, [("one", GOOD)], SPAN)

    assert ledger.finished(["one"])["one"].chi2 == 2.0


def test_a_failure_to_be_retried_is_free_again(ledger):
    """A failed trial that is to be tried again keeps its failure as an attempt, and waits."""
    tokens = ledger.claim(["one"])
    ledger.record(tokens, [("one", BAD)], SPAN, again=["one"])

    assert states(ledger)["one"] == ("waiting", 1)
    assert ledger.tries(["one"]) == {"one": [StopReason.CRASHED]}
    assert ledger.claim(["one"]) == {"one": 2}


def test_failed_trials_are_reopened_when_asked(ledger):
    """Failed trials are final until somebody asks for them again."""
    ledger.record(ledger.claim(["one"]), [("one", BAD)], SPAN)
    assert ledger.claim(["one"]) == {}
    ledger.write_rounds("s", [Round(0, [(Task(FIT, {}), "one")], [])], reopened=["one"])

    assert ledger.claim(["one"]) == {"one": 2}


def test_the_dead_are_buried_in_one_transaction(ledger):
    """What a dead run had in hand is lost as an attempt and free as a trial."""
    ledger.claim(["one", "two"])
    run = ledger.run
    with closing(another(ledger)) as other:
        ledger.store.write(
            lambda c: c.execute(
                schema.runs.update()
                .where(schema.runs.c.id == run)
                .values(pid=Process.this().pid, born=-1.0)  # this number was another process
            )
        )
        assert other.bury_dead() == 2
        assert other.claim(["one"]) == {"one": 2}

    assert attempts(ledger, "one") == ["lost", "running"]
    endings = {r["id"]: r["ending"] for r in rows(ledger, schema.runs)}
    assert endings[run] == Ending.LOST


def test_silence_is_measured_by_the_onlooker_alone(ledger):
    """A run elsewhere is dead after a lease without a beat, whatever its clock says."""
    with closing(another(ledger)) as other:
        # Seen in the far future, as by a host whose clock runs hours ahead.
        ledger.store.write(
            lambda c: c.execute(
                schema.runs.update()
                .where(schema.runs.c.id == other.run)
                .values(seen="2199-01-01T00:00:00+00:00")
            )
        )
        patient, hasty = Onlooker(lease=3600.0), Onlooker(lease=-1.0)
        assert ledger.store.read(lambda c: patient.dead(c, ledger.run)) == []
        assert ledger.store.read(lambda c: hasty.dead(c, ledger.run)) == [other.run]


def test_a_run_thought_dead_comes_back(ledger):
    """A run that was declared dead says so when it beats again, and is alive again."""
    heart = ledger.heart
    heart.close()  # beats only when it is told to
    ledger.store.write(lambda c: c.execute(schema.runs.update().values(ending=Ending.LOST)))
    assert ledger.store.write(heart._beat)
    assert [r["ending"] for r in rows(ledger, schema.runs)] == [None]


def test_a_request_to_stop_is_heard(ledger):
    """What `daybreak stop` writes is known after the next beat."""
    assert ledger.ask_to_stop("stopped by hand") == 1
    ledger.store.write(ledger.heart._beat)
    assert ledger.heart.stop == "stopped by hand"


def test_another_version_of_the_plan_is_refused(ledger):
    """Two runs of different plans do not work on one ledger at once."""
    with closing(Ledger(ledger.place, write=True, server=ledger.server)) as other:
        other.bury_dead = lambda: 0
        with pytest.raises(LedgerBusyError, match=r"another version.*daybreak stop"):
            other.begin_run({}, plan="other")


def test_snapshot_holds_what_is_committed(ledger, tmp_path):
    """A snapshot of a living ledger is one file with every committed row."""
    ledger.record(ledger.claim(["one"]), [("one", GOOD)], SPAN)
    path = snapshot(ledger.store, tmp_path / "packed.daybreak")

    with closing(sqlite3.connect(path)) as packed:
        assert packed.execute("select state from trials where key = 'one'").fetchall() == [
            ("done",)
        ]
        assert packed.execute("pragma journal_mode").fetchone() == ("delete",)
    assert not list(tmp_path.glob("packed*-wal"))


def test_plain_copy_of_a_living_ledger_loses_rows(tmp_path):
    """Why a snapshot is needed: the file alone lacks what is still in its log."""
    with closing(Ledger(tmp_path, write=True)) as living:
        living.begin_run({})
        living.note(EventKind.CHANGE, "remember me")
        copy = tmp_path / "copy.db"
        copy.write_bytes((tmp_path / FILE).read_bytes())
        with closing(sqlite3.connect(copy)) as copied:
            tables = copied.execute("select name from sqlite_master").fetchall()
            there = ("events",) in tables and copied.execute("select * from events").fetchall()
        assert not there
        whole = snapshot(living.store, tmp_path / "whole.db")
    with closing(sqlite3.connect(whole)) as copied:
        assert copied.execute("select text from events").fetchall() == [("remember me",)]


# -- older ledgers ---------------------------------------------------------------------------

BACKWARD = """
UPDATE runs SET ending = CASE ending
    WHEN 'hopeless' THEN 'stopped as hopeless'
    WHEN 'lost' THEN 'lost: the process was killed'
    WHEN 'broken' THEN 'error: ' || why
    WHEN 'interrupted' THEN 'interrupted: ' || why
    ELSE ending END;
ALTER TABLE runs DROP COLUMN why;
UPDATE preflights SET body = replace(replace(body, '"number":0,', ''), '"level":"hard",', '');
UPDATE preflights SET body = replace(body, '"findings":', '"checks":');
UPDATE problems SET body = replace(body, '"kind":"fit",', '');
ALTER TABLE studies DROP COLUMN facts;
ALTER TABLE members ADD COLUMN kind VARCHAR NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN origin VARCHAR NOT NULL DEFAULT '';
UPDATE members SET
    kind = (SELECT kind FROM trials WHERE key = trial),
    origin = CASE why WHEN 'from below' THEN 'below' ELSE why END
        || coalesce(' ' || trim(which, '"'), '');
ALTER TABLE members DROP COLUMN why; ALTER TABLE members DROP COLUMN which;
DROP INDEX trials_by_problem;
ALTER TABLE trials DROP COLUMN kind; ALTER TABLE trials DROP COLUMN role;
ALTER TABLE trials DROP COLUMN problem; ALTER TABLE trials DROP COLUMN settings;
UPDATE about SET value = '3' WHERE key = 'schema';
"""
"""Turns a ledger of schema 4 into one as schema 3 had it."""


def test_schema_3_is_carried_forward_with_a_backup(tmp_path):
    """A ledger of schema 3 reads as before, is migrated when written, and leaves a copy."""
    criteria = [dk.Criterion("chi2", below=1e6)]
    one = campaign([dk.Study("s", line_problem(), dk.MultiStart(starts=4), accept=criteria)])
    dk.run(one, tmp_path, max_trials=2)
    first = dk.run(one, tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.executescript(BACKWARD)
        endings = old.execute("select ending from runs order by id").fetchall()

    assert [ending.partition(":")[0] for (ending,) in endings] == ["interrupted", "finished"]
    # The words of a method come back with the next run.
    found = dk.open(tmp_path).summary
    found.studies[0].__dict__["method"] = first["s"].method
    assert found == first.summary
    with closing(sqlite3.connect(tmp_path / FILE)) as read:
        assert read.execute("select value from about").fetchone() == ("3",)

    again = dk.run(one, tmp_path)

    assert again["s"].best == first["s"].best
    with closing(sqlite3.connect(tmp_path / FILE)) as new:
        assert new.execute("select value from about").fetchone() == ("4",)
        words = new.execute("select ending, why from runs order by id").fetchall()
    assert [word for word, _ in words] == [Ending.INTERRUPTED, Ending.FINISHED, Ending.FINISHED]
    assert words[0][1].endswith("--max-trials allows 2")
    with closing(sqlite3.connect(tmp_path / "ledger.schema-3.db")) as backup:
        assert backup.execute("select ending from runs order by id").fetchall() == endings


@pytest.mark.parametrize(
    ("said", "ending", "why"),
    [
        ("finished", Ending.FINISHED, ""),
        ("stopped as hopeless", Ending.HOPELESS, ""),
        ("lost: the process was killed", Ending.LOST, ""),
        ("interrupted: stopped by Ctrl-C", Ending.INTERRUPTED, "stopped by Ctrl-C"),
        ("error: LedgerError: disk: full", Ending.BROKEN, "LedgerError: disk: full"),
    ],
)
def test_sentences_of_schema_3_are_words(tmp_path, said, ending, why):
    """Every sentence by which schema 3 told how a run ended is a word, and says the same."""
    with closing(Ledger(tmp_path, write=True)) as made:
        made.begin_run({})
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.executescript(BACKWARD)
        old.execute("update runs set ending = ?", (said,))
        old.commit()
    with closing(Ledger(tmp_path, write=True)) as found:
        [run] = rows(found, schema.runs)

    assert (run["ending"], run["why"]) == (ending, why)
    assert Ending(run["ending"]).in_words(run["why"]) == said


def test_schema_1_is_refused(tmp_path):
    """A ledger too old to be carried forward is refused and left alone."""
    dk.run(campaign([dk.Study("s", line_problem(), dk.MultiStart(starts=1))]), tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.execute("update about set value = '1'")
        old.commit()
    with pytest.raises(LedgerError, match=r"has schema 1.*begin anew"):
        dk.open(tmp_path)


def test_only_this_process_counts_as_this_process():
    """A process is gone when its number belongs to nobody or to another; elsewhere who knows."""
    me = Process.this()
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert not me.gone
    assert Process(me.host, me.pid, me.born + 1.0).gone
    assert Process(me.host, int(child.stdout), 0.0).gone
    assert not Process("elsewhere", int(child.stdout), 0.0).gone
