"""Claims: which run works on which trial, and which result counts.

A trial is waiting, running, done or failed. Claiming it takes the next token; a result counts
when its token is still the newest. A result that comes later than that (its run was thought dead)
is kept as one more attempt, so nothing that was computed is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from daybreak.ledger import schema as t
from daybreak.ledger.engine import insert_missing
from daybreak.ledger.states import AttemptState, StudyState, TrialState
from daybreak.problem.origins import Origin
from daybreak.problem.outcomes import Identity, Outcome, Task, canonical
from daybreak.problem.stop_reasons import StopReason

_MANY = 500
"""Keys in one SQL statement: SQLite before 3.32 takes 999 variables."""


def now() -> str:
    """This moment in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Span:
    """When some trials ran, how long each took, and what the machine was doing."""

    started: str
    ended: str
    seconds: float
    """Of each trial."""
    load: float
    memory_mib: float
    place: str = ""
    """The process that made them."""


@dataclass(frozen=True)
class Artifact:
    """Something a trial attached."""

    trial: str
    name: str
    kind: str
    """What `body` is: ``text``, or the name of a picture's data such as ``Curve``."""
    body: str


@dataclass(frozen=True)
class Round:
    """What a method asks for at once."""

    number: int
    tasks: Sequence[tuple[Task, str]]
    """With their keys, in order."""
    new: Sequence[Identity]
    """Of those that may not be there yet."""


def write_rounds(c: sa.Connection, study: str, rounds: Sequence[Round]) -> None:
    """Write down what rounds ask for, in order, and the trials that are not there yet.

    A study of which something is missing is running, whatever was said of it before; one that
    another process has ended meanwhile stays so, because nothing is missing then.
    """
    # The row of the study also keeps two processes from writing the same round at once.
    mine, state = c.execute(_STUDY, {"name": study}).one()
    rows = [
        {
            "study": mine,
            "round": one.number,
            "position": place,
            "trial": key,
            "why": task.origin.why.value,
            "which": _text(task.origin),
            "grid": task.grid,
            "point": json.dumps(dict(zip(task.of, task.point, strict=True))),
        }
        for one in rounds
        for place, (task, key) in enumerate(one.tasks)
    ]
    here = {"study": mine, "numbers": [one.number for one in rounds]}
    found = [tuple(row) for row in c.execute(_MEMBERS, here)]
    if found != [(row["round"], row["trial"], row["why"], row["which"]) for row in rows]:
        if found:
            c.execute(t.members.delete().where(_HERE), here)
        if rows:
            c.execute(t.members.insert(), rows)
    new = {one.key: _fresh(one) for each in rounds for one in each.new}
    insert_missing(c, t.trials, list(new.values()))
    if state != StudyState.RUNNING and _unfinished(c, list(new)):
        running = {"state": StudyState.RUNNING, "error": None, "note": None, "ended": None}
        c.execute(t.studies.update().where(t.studies.c.id == mine).values(running))


def _text(origin: Origin) -> str | None:
    """Which of its kind a reason is, as the ledger keeps it."""
    return None if origin.which is None else json.dumps(origin.which)


def _fresh(one: Identity) -> dict[str, Any]:
    """The row of a trial that nobody has begun."""
    return {
        "key": one.key,
        "configuration": one.text,
        "kind": one.kind.word,
        "role": one.kind.role.value,
        "problem": one.problem,
        "settings": one.settings,
        "state": TrialState.WAITING,
        "token": 0,
    }


def _unfinished(c: sa.Connection, keys: Sequence[str]) -> bool:
    """Whether any of some trials has not ended."""
    open_ = t.trials.c.state.in_((TrialState.WAITING, TrialState.RUNNING))
    asked = (
        sa.select(t.trials.c.key).where(t.trials.c.key.in_(some) & open_).limit(1)
        for some in _parts(keys)
    )
    return any(c.execute(one).first() for one in asked)


_STUDY = (
    sa.select(t.studies.c.id, t.studies.c.state)
    .where(t.studies.c.name == sa.bindparam("name"))
    .with_for_update()
)
_HERE = (t.members.c.study == sa.bindparam("study")) & t.members.c.round.in_(
    sa.bindparam("numbers", expanding=True)
)
_MEMBERS = (
    sa.select(t.members.c.round, t.members.c.trial, t.members.c.why, t.members.c.which)
    .where(_HERE)
    .order_by(t.members.c.round, t.members.c.position)
)


def reopen(c: sa.Connection, keys: Sequence[str]) -> None:
    """Let failed trials be claimed again."""
    for some in _parts(keys):
        failed = t.trials.c.key.in_(some) & (t.trials.c.state == TrialState.FAILED)
        c.execute(t.trials.update().where(failed).values(state=TrialState.WAITING))


def claim(c: sa.Connection, run: int, keys: Sequence[str]) -> dict[str, int]:
    """Take trials that are free; returns their tokens by key.

    A trial that `run` holds already counts as free: it asks only for what it has not in hand.
    """
    tokens: dict[str, int] = {}
    for some in _parts(keys):
        for key, token in c.execute(_FREE, {"keys": some, "run": run}):
            tokens[key] = int(token) + 1
    if tokens:
        c.execute(_TAKE, [{"k": key, "n": n, "mine": run} for key, n in tokens.items()])
        started, going = now(), AttemptState.RUNNING
        c.execute(
            t.attempts.insert(),
            [
                {"trial": key, "token": token, "run": run, "started": started, "state": going}
                for key, token in tokens.items()
            ],
        )
    return tokens


_SOME = t.trials.c.key.in_(sa.bindparam("keys", expanding=True))
_FREE = (
    sa.select(t.trials.c.key, t.trials.c.token)
    .where(
        _SOME
        & (
            (t.trials.c.state == TrialState.WAITING)
            | ((t.trials.c.state == TrialState.RUNNING) & (t.trials.c.run == sa.bindparam("run")))
        )
    )
    .with_for_update(skip_locked=True)
)
_TAKE = (
    t.trials.update()
    .where(t.trials.c.key == sa.bindparam("k"))
    .values(state=TrialState.RUNNING, run=sa.bindparam("mine"), token=sa.bindparam("n"))
)


def record(
    c: sa.Connection,
    tokens: Mapping[str, int],
    made: Sequence[tuple[str, Outcome]],
    span: Span,
    again: Iterable[str] = (),
    artifacts: Sequence[Artifact] = (),
) -> None:
    """Keep results.

    Parameters
    ----------
    tokens : mapping key -> token
        Under which the trials were claimed.
    made : sequence of (key, outcome)
    again : keys
        Failed trials that are to be tried once more.
    """
    retried, current = set(again), _current(c, [key for key, _ in made])
    trials: list[dict[str, Any]] = []
    tries: list[dict[str, Any]] = []
    for key, outcome in made:
        token, (state, newest, ended) = tokens[key], current[key]
        if state in (TrialState.DONE, TrialState.FAILED) and newest == token and ended:
            continue  # carried out twice, because the answer to the first time was lost
        free = state == TrialState.WAITING
        counts = free or (newest == token and state == TrialState.RUNNING)
        text = canonical(outcome.dump())
        if counts:
            kept = key not in retried
            ended_as = TrialState.FAILED if outcome.failed else TrialState.DONE
            trials.append(
                {
                    "k": key,
                    "s": ended_as if kept else TrialState.WAITING,
                    "o": text if kept else None,
                }
            )
        tries.append(
            {
                "k": key,
                "n": token,
                "started": span.started,
                "ended": span.ended,
                "seconds": span.seconds,
                "load": span.load,
                "memory": span.memory_mib,
                "state": _attempt_state(outcome, counts=counts),
                "reason": outcome.reason.name,
                "message": outcome.message,
                "place": span.place,
                "outcome": text if not counts or key in retried else None,
            }
        )
    if trials:
        c.execute(_SET_TRIAL, trials)
    if tries:
        c.execute(_SET_ATTEMPT, tries)
    if artifacts:
        rows = [{**vars(one), "token": tokens[one.trial]} for one in artifacts]
        c.execute(t.artifacts.insert(), rows)


def _attempt_state(outcome: Outcome, *, counts: bool) -> AttemptState:
    if not counts:
        return AttemptState.LATE
    return AttemptState.FAILED if outcome.failed else AttemptState.DONE


_SET_TRIAL = (
    t.trials.update()
    .where(t.trials.c.key == sa.bindparam("k"))
    .values(state=sa.bindparam("s"), outcome=sa.bindparam("o"))
)
_SET_ATTEMPT = (
    t.attempts.update()
    .where((t.attempts.c.trial == sa.bindparam("k")) & (t.attempts.c.token == sa.bindparam("n")))
    .values(
        started=sa.bindparam("started"),
        ended=sa.bindparam("ended"),
        seconds=sa.bindparam("seconds"),
        load=sa.bindparam("load"),
        memory_mib=sa.bindparam("memory"),
        state=sa.bindparam("state"),
        reason=sa.bindparam("reason"),
        message=sa.bindparam("message"),
        place=sa.bindparam("place"),
        outcome=sa.bindparam("outcome"),
    )
)


def _current(c: sa.Connection, keys: Sequence[str]) -> dict[str, tuple[str, int, bool]]:
    """State, newest token and whether there is an outcome, by key; locked until the end."""
    found: dict[str, tuple[str, int, bool]] = {}
    for some in _parts(sorted(keys)):
        found |= {
            key: (state, int(token), bool(there))
            for key, state, token, there in c.execute(_STATES, {"keys": some})
        }
    return found


_STATES = (
    sa.select(t.trials.c.key, t.trials.c.state, t.trials.c.token, t.trials.c.outcome.is_not(None))
    .where(_SOME)
    .order_by(t.trials.c.key)
    .with_for_update()
)


def release(c: sa.Connection, tokens: Mapping[str, int], state: AttemptState) -> None:
    """Give trials back unmade; `state` of their attempts says why: abandoned or lost."""
    rows = [{"k": key, "n": token} for key, token in tokens.items()]
    if not rows:
        return
    mine = (t.trials.c.key == sa.bindparam("k")) & (t.trials.c.token == sa.bindparam("n"))
    running = mine & (t.trials.c.state == TrialState.RUNNING)
    c.execute(t.trials.update().where(running).values(state=TrialState.WAITING), rows)
    attempt = (t.attempts.c.trial == sa.bindparam("k")) & (t.attempts.c.token == sa.bindparam("n"))
    going = attempt & (t.attempts.c.state == AttemptState.RUNNING)
    c.execute(t.attempts.update().where(going).values(state=state, ended=now()), rows)


def reclaim(c: sa.Connection, dead: Sequence[int]) -> int:
    """Close everything that dead runs had in hand; returns how many trials are free again."""
    theirs = t.trials.c.run.in_(dead) & (t.trials.c.state == TrialState.RUNNING)
    freed = c.execute(t.trials.update().where(theirs).values(state=TrialState.WAITING)).rowcount
    open_ones = t.attempts.c.run.in_(dead) & (t.attempts.c.state == AttemptState.RUNNING)
    c.execute(t.attempts.update().where(open_ones).values(state=AttemptState.LOST, ended=now()))
    return freed


def outcomes(c: sa.Connection, keys: Iterable[str], *, retry_failed: bool) -> dict[str, Outcome]:
    """Outcomes that are there, by key."""
    found: dict[str, Outcome] = {}
    there = t.trials.c.outcome.is_not(None)
    if retry_failed:
        there &= t.trials.c.state == TrialState.DONE
    columns = sa.select(t.trials.c.key, t.trials.c.outcome)
    for some in _parts(list(dict.fromkeys(keys))):
        for key, text in c.execute(columns.where(t.trials.c.key.in_(some) & there)):
            found[key] = Outcome.load(json.loads(text))
    return found


def waiting(c: sa.Connection, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that nobody holds."""
    found: set[str] = set()
    for some in _parts(keys):
        free = t.trials.c.key.in_(some) & (t.trials.c.state == TrialState.WAITING)
        found |= set(c.execute(sa.select(t.trials.c.key).where(free)).scalars())
    return [key for key in keys if key in found]


Ended = StopReason | Literal[AttemptState.LOST]
"""How an attempt ended that gave no result: why the trial failed, or that it was lost."""


def tries(c: sa.Connection, keys: Sequence[str]) -> dict[str, list[Ended]]:
    """How earlier attempts at trials ended without a result, by key."""
    found: dict[str, list[Ended]] = {}
    a = t.attempts.c
    failed = a.state == AttemptState.FAILED
    for some in _parts(keys):
        ended = sa.select(a.trial, a.state, a.reason).where(
            a.trial.in_(some) & ((a.state == AttemptState.LOST) | (failed & a.reason.is_not(None)))
        )
        for key, state, reason in c.execute(ended.order_by(a.trial, a.token)):
            lost = state == AttemptState.LOST
            found.setdefault(key, []).append(AttemptState.LOST if lost else StopReason[reason])
    return found


def usual_seconds(c: sa.Connection, study: str) -> float | None:
    """Mean length of a study's trials; None before the first."""
    mine = (
        sa.select(t.members.c.trial)
        .join(t.studies, t.studies.c.id == t.members.c.study)
        .where(t.studies.c.name == study)
    )
    spent = sa.select(sa.func.avg(t.attempts.c.seconds)).where(t.attempts.c.trial.in_(mine))
    return c.execute(spent).scalar()


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[first : first + _MANY] for first in range(0, len(keys), _MANY))
