"""Ledgers of older Daybreaks: carried forward with a backup, never backward."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daybreak.criteria import Criterion
from daybreak.errors import LedgerError
from daybreak.ledger import schema as t
from daybreak.ledger.endings import Ending
from daybreak.ledger.engine import Store, copied_to_memory
from daybreak.ledger.snapshot import snapshot


def make_tables(store: Store, place: Path) -> None:
    """Make the tables that are missing; carry an older ledger forward, after a backup.

    Raises
    ------
    LedgerError
        When a newer Daybreak wrote it, or one too old to be carried forward.
    """
    found = store.read(lambda c: check_version(c, place))
    if found is not None and found < t.VERSION:
        snapshot(store, place / f"ledger.schema-{found}.db")
        store.write(lambda c: _migrate(c, found))
    elif found is None:
        store.write(_make)


def readable(store: Store, place: Path) -> Store:
    """The store itself, or a copy of an older one carried forward in memory.

    Raises
    ------
    LedgerError
        As `make_tables`.
    """
    found = store.read(lambda c: check_version(c, place))
    if found is None or found == t.VERSION:
        return store
    store.close()
    copy = copied_to_memory(Path(store.where))
    copy.write(lambda c: _migrate(c, found))
    return copy


def check_version(c: sa.Connection, place: Path) -> int | None:
    """The ledger's schema; None where there are no tables yet.

    Raises
    ------
    LedgerError
        When it is newer than this Daybreak, or too old.
    """
    if not sa.inspect(c).has_table(t.about.name):
        return None
    text = c.execute(sa.select(t.about.c.value).where(t.about.c.key == "schema")).scalar()
    if text is None:
        return None
    found = int(text)
    if found == t.VERSION or found in _STEPS:
        return found
    move = (
        "update Daybreak to open it"
        if found > t.VERSION
        else "open it with the Daybreak that wrote it, or begin anew with `daybreak run "
        "--fresh`, which archives it"
    )
    msg = (
        f"the ledger in {place} has schema {found}, but this Daybreak knows schema "
        f"{t.VERSION}; {move} (nothing was changed)."
    )
    raise LedgerError(msg)


def _make(c: sa.Connection) -> None:
    if c.dialect.name == "postgresql":  # two runs may begin at once
        c.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(current_schema()))")
    t.metadata.create_all(c)
    if c.execute(sa.select(t.about)).first() is None:
        c.execute(t.about.insert().values(key="schema", value=str(t.VERSION)))


def _migrate(c: sa.Connection, found: int) -> None:
    while found < t.VERSION:
        _STEPS[found](c)
        found += 1
        c.execute(t.about.update().where(t.about.c.key == "schema").values(value=str(found)))


def _to_4(c: sa.Connection) -> None:
    """Things carry their own facts."""
    for step in _TO_4:
        step(c)


def _endings_are_words(c: sa.Connection) -> None:
    """How a run ended was one sentence."""
    c.exec_driver_sql("ALTER TABLE runs ADD COLUMN why TEXT")
    for ending in Ending:
        whole = t.runs.c.ending == ending.said
        c.execute(t.runs.update().where(whole).values(ending=ending, why=""))
    rest = t.runs.c.ending.is_not(None) & t.runs.c.why.is_(None)
    by_word = {ending.said: ending for ending in Ending}
    for row in c.execute(sa.select(t.runs.c.id, t.runs.c.ending).where(rest)).all():
        said, _, why = row.ending.partition(": ")
        values = {"ending": by_word[said], "why": why}
        c.execute(t.runs.update().where(t.runs.c.id == row.id).values(values))


def _preflights_know_their_facts(c: sa.Connection) -> None:
    """Of criteria there was only the title, of sentences only the text."""
    rows = c.execute(sa.select(t.preflights.c.id, t.preflights.c.body)).all()
    for row in rows:
        body = json.loads(row.body)
        for one in body["studies"]:
            asked = _criteria_before(c, one["study"], one["reachability"])
            for reach, (number, level) in zip(one["reachability"], asked, strict=True):
                reach |= {"number": number, "level": level}
                for part in reach["reaches"]:
                    above, _, below = part["quantity"].partition(" / ")
                    part["ratio"] = [above, below] if below else None
            names = [other["study"] for other in body["studies"]]
            one["checks"] = [
                {**check, **_marks(check["sentence"], names)} for check in one["checks"]
            ]
        mine = t.preflights.c.id == row.id
        c.execute(t.preflights.update().where(mine).values(body=json.dumps(body)))


def _criteria_before(
    c: sa.Connection, study: str, reaches: Sequence[Mapping[str, Any]]
) -> list[tuple[int, str]]:
    """Number and level of criteria by their titles, those of one title in order."""
    written = (
        sa.select(t.criteria.c.body)
        .join(t.studies, t.studies.c.id == t.criteria.c.study)
        .where(t.studies.c.name == study)
        .order_by(t.criteria.c.id.desc())
        .limit(1)
    )
    criteria = [Criterion.restore(one) for one in json.loads(c.execute(written).scalar() or "[]")]
    found: list[tuple[int, str]] = []
    for reach in reaches:
        numbers = [i for i, one in enumerate(criteria) if one.title == reach["criterion"]]
        free = [i for i in numbers if i not in [number for number, _ in found]] or numbers
        # Criteria that were changed since then answer to no number.
        found.append((free[0], criteria[free[0]].level) if free else (len(criteria), "note"))
    return found


def _marks(sentence: str, names: Sequence[str]) -> dict[str, Any]:
    """What a sentence of the preflight did not tell but in its words."""
    lead = _CLAUSE.search(sentence)
    return {
        "studies": [name for name in names if f"'{name}'" in sentence],
        "lead": lead.start() if lead else 0,
        "numbers": [found.span() for found in _NUMBER.finditer(sentence)],
    }


_CLAUSE = re.compile(r"[:;.] ")
_NUMBER = re.compile(r"(?<![\w.^-])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\w)")
"""A number that stands alone: not the 2 of ``k2``, ``c^2`` or ``config-2``."""
_TO_4: tuple[Callable[[sa.Connection], None], ...] = (
    _endings_are_words,
    _preflights_know_their_facts,
)
_STEPS: dict[int, Callable[[sa.Connection], None]] = {3: _to_4}
"""What carries a ledger of one schema to the next."""
