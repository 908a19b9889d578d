"""The recorded nights: of today's schema, and of no machine."""

from __future__ import annotations

import re
from contextlib import closing

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.place import FILE
from daybreak.ledger.store import Ledger
from tests.report import recorded
from tests.report.record import anonymous, dumped


def test_recording_again_changes_nothing(name):
    """What is kept is what recording keeps, with nothing left to take out."""
    with recorded.restored(name) as place:
        kept = dumped(place / FILE)

        assert anonymous(place / FILE) == kept


def test_schema(name):
    """The nights are of today's schema; if not, they have to be recorded anew."""
    assert f"VALUES('schema','{t.VERSION}')" in recorded.sql(name)


def test_no_machine_is_named(name):
    """No path and no host but a made-up one stands in a kept ledger."""
    with recorded.restored(name) as place, closing(Ledger(place)) as ledger:
        hosts = ledger.store.read(lambda c: set(c.execute(sa.select(t.runs.c.host)).scalars()))

    assert hosts == {"workstation"}
    assert not re.search(r"/(home|root|tmp|var|usr|work|Users)/", recorded.sql(name))


def test_every_outcome_is_there():
    """The nights end in every verdict, are stopped before and during, and were killed once."""
    nights = [recorded.summary(name) for name in recorded.NAMES]

    assert {night.verdict for night in nights} == {"PASS", "SOFT_PASS", "FAIL", "UNDECIDED"}
    assert {night.finished for night in nights} == {True, False}
    assert {len(night.timing.runs) for night in nights} == {1, 2}
    assert any(study.search for night in nights for study in night.studies)
    assert any("was killed" in text for night in nights for text in night.surprises)
