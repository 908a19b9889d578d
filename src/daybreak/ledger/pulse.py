"""How far a campaign is: counted in the ledger, without reading what its trials found.

A look at 100,000 trials takes a fraction of a second, and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.ledger import schema as t
from daybreak.ledger.endings import Ending
from daybreak.ledger.states import AttemptState, StudyState, TrialState, read_word
from daybreak.problem.kinds import Role
from daybreak.problem.stop_reasons import StopReason

RECENT = 200
"""Newest results that the present rate is taken from."""
HELD = 50
"""Trials in hand that are listed."""


@dataclass(frozen=True)
class Best:
    """The best value of a study so far."""

    name: str
    """``chi2``, or the first objective of a search."""
    value: float
    unit: str
    trial: str


@dataclass(frozen=True)
class StudyPulse:
    """How far one study is."""

    name: str
    follows: str | None
    state: StudyState
    error: str | None
    verdict: str | None
    """As judged last; None before."""
    ended: str | None
    """When it ended last; None before."""
    asked: int
    """Trials that were asked for so far."""
    done: int
    failed: int
    running: int
    best: Best | None


@dataclass(frozen=True)
class Held:
    """A trial that a run has in hand."""

    trial: str
    study: str
    since: str
    place: str | None


@dataclass(frozen=True)
class RunPulse:
    """One process that works, or worked, on the campaign."""

    number: int
    owner: str
    host: str
    pid: int
    born: float
    started: str
    ended: str | None
    ending: Ending | None
    """None as long as it has not ended."""
    seen: str
    """Its last beat."""
    beat: int
    made: int
    """Results it has written."""
    holds: tuple[Held, ...] = ()
    why: str = ""
    """Why it ended, where the ending does not say it."""


@dataclass(frozen=True)
class Pulse:
    """How far a campaign is."""

    campaign: str
    description: str
    outlook: str
    """The sentence of its preflight; empty before."""
    foretold: tuple[float, float] | None
    """80 % interval of the length that preflight foretold, in seconds."""
    expected: int | None
    """Trials of the plan, as estimated when the run began; None before."""
    studies: tuple[StudyPulse, ...]
    runs: tuple[RunPulse, ...]
    failures: Mapping[str, int]
    """Failed trials by reason."""
    recent: tuple[str, ...] = field(default=())
    """When the newest results were written, oldest first; of the newest run."""


def expect(c: sa.Connection, trials: int) -> None:
    """Write down how many trials the plan will take, as far as can be said."""
    mine = t.about.c.key == "expected"
    if not c.execute(t.about.update().where(mine).values(value=str(trials))).rowcount:
        c.execute(t.about.insert().values(key="expected", value=str(trials)))


def read_pulse(c: sa.Connection) -> Pulse:
    """Count.

    Raises
    ------
    LedgerError
        When no campaign has been written down yet.
    """
    newest = sa.select(t.campaigns.c.body).order_by(t.campaigns.c.id.desc()).limit(1)
    there = sa.inspect(c).has_table(t.campaigns.name)
    text = c.execute(newest).scalar() if there else None
    if text is None:
        msg = "the ledger is empty: its run has only just begun; look again in a moment."
        raise LedgerError(msg)
    body = json.loads(text)
    runs = _runs(c)
    outlook, foretold = _foretold(c)
    expected = c.execute(sa.select(t.about.c.value).where(t.about.c.key == "expected")).scalar()
    return Pulse(
        body["name"],
        body["description"],
        outlook,
        foretold,
        None if expected is None else int(expected),
        _studies(c),
        runs,
        _failures(c),
        _recent(c, runs[-1].number) if runs else (),
    )


def _foretold(c: sa.Connection) -> tuple[str, tuple[float, float] | None]:
    latest = sa.select(t.preflights.c.body).order_by(t.preflights.c.id.desc()).limit(1)
    text = c.execute(latest).scalar()
    if text is None:
        return "", None
    found = json.loads(text)
    lengths = [one["forecast"] for one in found["studies"]]
    if not lengths or not all(lengths):
        return found["sentence"], None
    low = sum(one["seconds_low"] for one in lengths)
    return found["sentence"], (low, sum(one["seconds_high"] for one in lengths))


def _studies(c: sa.Connection) -> tuple[StudyPulse, ...]:
    planned = sa.select(t.studies, t.problems.c.body.label("problem")).join(t.problems)
    rows = c.execute(planned.where(t.studies.c.planned).order_by(t.studies.c.position)).all()
    asked = sa.select(t.members.c.study, t.members.c.trial).distinct().subquery()
    counted = (
        sa.select(asked.c.study, t.trials.c.state, sa.func.count())
        .join(t.trials, t.trials.c.key == asked.c.trial)
        .group_by(asked.c.study, t.trials.c.state)
    )
    counts: dict[int, dict[str, int]] = {}
    for study, state, count in c.execute(counted):
        counts.setdefault(study, {})[state] = count
    return tuple(_study(c, row, counts.get(row.id, {})) for row in rows)


def _study(c: sa.Connection, row: Any, count: Mapping[str, int]) -> StudyPulse:
    judged = sa.select(t.findings.c.verdict).where(t.findings.c.study == row.id)
    verdict = c.execute(judged.order_by(t.findings.c.id.desc()).limit(1)).scalar()
    return StudyPulse(
        row.name,
        row.follows,
        read_word(StudyState, row.state, f"study {row.name!r}"),
        row.error,
        verdict,
        row.ended,
        sum(count.values()),
        count.get(TrialState.DONE, 0),
        count.get(TrialState.FAILED, 0),
        count.get(TrialState.RUNNING, 0),
        _best(c, row.id, json.loads(row.problem)),
    )


def _best(c: sa.Connection, study: int, problem: Mapping[str, Any]) -> Best | None:
    """The lowest chi2 of any trial, or the best value of a configuration that was asked for."""
    # SQLite reads JSON from text as it is, and would take a cast for one to a number.
    read_as = sa.cast if c.dialect.name == "postgresql" else sa.type_coerce
    outcome = read_as(t.trials.c.outcome, sa.JSON)
    goals = problem.get("objectives")
    if goals is None:
        name, unit, highest = "chi2", "", False
        value, roles = outcome["chi2"].as_float(), [r.value for r in Role if r.is_end]
    else:
        name, unit = goals[0]["name"], goals[0]["unit"]
        highest = goals[0]["direction"] == "maximise"
        value, roles = outcome[("metrics", name)].as_float(), [Role.EVALUATION.value]
    mine = (
        sa.select(value.label("value"), t.trials.c.key)
        .join(t.members, t.members.c.trial == t.trials.c.key)
        .where((t.members.c.study == study) & t.trials.c.role.in_(roles))
        .where((t.trials.c.state == TrialState.DONE) & value.is_not(None))
        .order_by(value.desc() if highest else value)
        .limit(1)
    )
    found = c.execute(mine).first()
    return None if found is None else Best(name, float(found.value), unit, found.key)


def _runs(c: sa.Connection) -> tuple[RunPulse, ...]:
    made = (
        sa.select(t.attempts.c.run, sa.func.count())
        .where(t.attempts.c.ended.is_not(None))
        .group_by(t.attempts.c.run)
    )
    counts: dict[int, int] = {run: count for run, count in c.execute(made)}  # noqa: C416
    held = (
        sa.select(
            t.attempts.c.run,
            t.attempts.c.trial,
            t.attempts.c.started,
            t.attempts.c.place,
            sa.select(sa.func.min(t.studies.c.name))
            .join(t.members, t.members.c.study == t.studies.c.id)
            .where(t.members.c.trial == t.attempts.c.trial)
            .scalar_subquery()
            .label("study"),
        )
        .where(t.attempts.c.state == AttemptState.RUNNING)
        .order_by(t.attempts.c.started)
        .limit(HELD)
    )
    holds: dict[int, list[Held]] = {}
    for one in c.execute(held):
        holds.setdefault(one.run, []).append(
            Held(one.trial, one.study or "", one.started, one.place)
        )
    return tuple(
        RunPulse(
            r.id,
            r.owner,
            r.host,
            r.pid,
            r.born,
            r.started,
            r.ended,
            None if r.ending is None else read_word(Ending, r.ending, "how a run ended"),
            r.seen,
            r.beat,
            counts.get(r.id, 0),
            tuple(holds.get(r.id, ())) if r.ending is None else (),
            r.why or "",
        )
        for r in c.execute(sa.select(t.runs).order_by(t.runs.c.id))
    )


def _failures(c: sa.Connection) -> dict[str, int]:
    """Failed trials by the reason of their newest attempt."""
    a = t.attempts.c
    failed = (
        sa.select(a.reason, sa.func.count())
        .join(t.trials, (t.trials.c.key == a.trial) & (t.trials.c.token == a.token))
        .where(t.trials.c.state == TrialState.FAILED)
        .group_by(a.reason)
    )
    sentences = {one.name: one.sentence for one in StopReason}
    return {
        sentences.get(reason, reason or "failed"): count for reason, count in c.execute(failed)
    }


def _recent(c: sa.Connection, run: int) -> tuple[str, ...]:
    ended = t.attempts.c.ended
    mine = sa.select(ended).where((t.attempts.c.run == run) & ended.is_not(None))
    return tuple(reversed(c.execute(mine.order_by(ended.desc()).limit(RECENT)).scalars().all()))
