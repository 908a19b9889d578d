"""Claims: one token at a time, late results kept, the dead buried; the same on both stores."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import sqlalchemy as sa

import daybreak as dk
from daybreak.errors import LedgerError
from daybreak.ledger import schema
from daybreak.ledger.endings import Ending
from daybreak.ledger.liveness import Process
from daybreak.ledger.place import FILE
from daybreak.ledger.snapshot import snapshot
from daybreak.ledger.states import EventKind
from daybreak.ledger.store import Ledger
from tests.runner.toy import campaign, line_problem


def rows(ledger, table):
    """All rows of a table, as mappings."""
    return ledger.store.read(lambda c: [dict(r) for r in c.execute(sa.select(table)).mappings()])


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


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update trials set role = 'walk'", "a trial of study 's'.*by .*MultiStart"),
        ("update members set why = 'walk'", "a trial of study 's'.*by .*MultiStart"),
        (
            """update problems set body = replace(body, '"kind":"fit"', '"kind":"walk"')""",
            "study 's'.*by .*MultiStart",
        ),
        ("update studies set state = 'walk'", "study 's'"),
        ("update runs set ending = 'walk'", "how a run ended"),
        ("update trials set outcome = replace(outcome, 'GRADIENT', 'walk')", "a trial ended"),
    ],
)
def test_what_nobody_can_read_is_refused_aloud(tmp_path, change, told):
    """A word that nobody here knows is refused, saying of what it is, and who wrote it."""
    dk.run(campaign([dk.Study("s", line_problem(), dk.MultiStart(starts=1))]), tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute(change)
        other.commit()

    with pytest.raises(LedgerError, match="which this Daybreak cannot read") as caught:
        dk.open(tmp_path)

    assert "'walk'" in str(caught.value)
    assert re.search(told, str(caught.value))


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
