"""From schema 3, which told in words what schema 4 keeps as values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from daybreak.criteria import Criterion
from daybreak.findings import Unmade
from daybreak.findings.records import SYMMETRIES
from daybreak.ledger import schema as t
from daybreak.ledger.endings import Ending
from daybreak.problem import kinds
from daybreak.problem.kinds import Kind, Question
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Why
from daybreak.problem.outcomes import canonical, digest


def to_4(c: sa.Connection) -> None:
    """Things carry their own facts."""
    for step in _STEPS:
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
    """Of criteria there was only the title, of sentences only the text.

    Findings were called checks.
    """
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
            one["findings"] = [
                {**check, **_marks(check["sentence"], names)} for check in one.pop("checks")
            ]
            one["not_checked"] = [
                made for written in one["not_checked"] for made in _left_out(written)
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


def _left_out(written: str) -> Iterator[dict[str, str]]:
    """A check that was not made, with its reason; symmetries were a part of another."""
    check, _, undeclared = written.partition(": no `rehearsal`")
    yield {"check": check, "why": Unmade.UNREHEARSED if undeclared else Unmade.BUDGET}
    if check == "which parameters can be identified":
        yield {"check": SYMMETRIES, "why": Unmade.BUDGET}


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


def _problems_say_what_they_ask(c: sa.Connection) -> None:
    """A fit said nothing of its kind."""
    for row in c.execute(sa.select(t.problems)).all():
        body = {"kind": Question.FIT.value, **json.loads(row.body)}
        mine = t.problems.c.fingerprint == row.fingerprint
        c.execute(t.problems.update().where(mine).values(body=canonical(body)))


def _methods_speak_for_themselves(c: sa.Connection) -> None:
    """What readers want to know of a method was read off its options; its words come back ...

    ... with the next run, which writes its studies down anew.
    """
    c.exec_driver_sql("ALTER TABLE studies ADD COLUMN facts TEXT")
    joined = sa.select(t.studies.c.id, t.studies.c.body, t.problems.c.body.label("problem"))
    for row in c.execute(joined.join(t.problems)).all():
        facts = _facts(json.loads(row.body)["method"], json.loads(row.problem))
        mine = t.studies.c.id == row.id
        c.execute(t.studies.update().where(mine).values(facts=canonical(facts.dump())))


def _facts(method: Mapping[str, Any], problem: Mapping[str, Any]) -> MethodFacts:
    names = tuple(method.get("parameters", ()))
    rooms = problem.get("rooms", ())
    free = tuple(
        row["name"]
        for row in problem["parameters"]
        if row["fixed"] is None and row["name"] not in rooms
    )
    return MethodFacts(
        in_words=method["method"],
        by="a Daybreak whose ledgers had schema 3",
        interest=free if names == ("all",) else names,
        jointly=len(names) == 2 and method["method"] == "profile",
        ends_only=method["method"] == "intervals",
        relaxed=method.get("relax", True),
        sampler=method.get("sampler", ""),
        engine=method.get("engine", ""),
        trials=method.get("trials"),
        repeats=method.get("duplicates") != "skip",
    )


_KINDS = {one.word: one for one in vars(kinds).values() if isinstance(one, Kind)}


def _trials_know_their_kind(c: sa.Connection) -> None:
    """Kind, problem and settings of a trial were searched for in the text of all it was."""
    for column in ("kind", "role", "problem", "settings"):
        c.exec_driver_sql(f"ALTER TABLE trials ADD COLUMN {column} VARCHAR NOT NULL DEFAULT ''")
    rows: list[dict[str, str]] = []
    for key, text in c.execute(sa.select(t.trials.c.key, t.trials.c.configuration)):
        asked = json.loads(text)
        kind = _KINDS[asked["kind"]]
        settings = digest(asked["settings"])
        values = {"word": kind.word, "role": kind.role.value, "of": asked["problem"]}
        rows.append({"k": key, **values, "used": settings})
    names = ("kind", "word"), ("role", "role"), ("problem", "of"), ("settings", "used")
    change = t.trials.update().where(t.trials.c.key == sa.bindparam("k"))
    if rows:
        c.execute(change.values({name: sa.bindparam(value) for name, value in names}), rows)
    for index in t.trials.indexes:
        index.create(c, checkfirst=True)


def _origins_are_values(c: sa.Connection) -> None:
    """Why a trial was asked for was one text."""
    c.exec_driver_sql("ALTER TABLE members ADD COLUMN why VARCHAR NOT NULL DEFAULT ''")
    c.exec_driver_sql("ALTER TABLE members ADD COLUMN which TEXT")
    origins = c.exec_driver_sql("SELECT DISTINCT origin FROM members").scalars().all()
    change = sa.text("UPDATE members SET why = :why, which = :which WHERE origin = :origin")
    for origin in origins:
        word, _, which = origin.partition(" ")
        why = Why.LOWER if word == "below" and which else Why(word)
        named = why in (Why.REFINE, Why.BASELINE)
        kept = None if not which else json.dumps(which) if named else which
        c.execute(change, {"why": why.value, "which": kept, "origin": origin})
    for column in ("kind", "origin"):
        c.exec_driver_sql(f"ALTER TABLE members DROP COLUMN {column}")


_STEPS: tuple[Callable[[sa.Connection], None], ...] = (
    _endings_are_words,
    _preflights_know_their_facts,
    _problems_say_what_they_ask,
    _methods_speak_for_themselves,
    _trials_know_their_kind,
    _origins_are_values,
)
