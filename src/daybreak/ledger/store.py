"""The store: SQLite in WAL mode, durable before counted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError

from daybreak.errors import LedgerError
from daybreak.findings import Preflight
from daybreak.ledger import schema as t
from daybreak.ledger.lock import owner
from daybreak.ledger.reading import read_study
from daybreak.ledger.records import (
    CampaignRecord,
    EventRecord,
    RunRecord,
    StudyRecord,
)
from daybreak.problem.outcomes import Outcome, Task, canonical, digest

FILE = "ledger.db"
LOCK = "ledger.lock"
ARCHIVE = "archive"
_OURS = {FILE, f"{FILE}-wal", f"{FILE}-shm", LOCK, ARCHIVE}


def now() -> str:
    """This moment in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def prepare(directory: Path) -> None:
    """Make `directory` ready for a ledger.

    Raises
    ------
    LedgerError
        When it cannot be written, or holds something that is not Daybreak's.
    """
    if directory.exists() and not directory.is_dir():
        msg = f"{directory} is a file; choose a directory with --dir."
        raise LedgerError(msg)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".daybreak-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = (
            f"cannot write into {directory} ({error.strerror}); choose another directory with "
            "--dir, or change its permissions."
        )
        raise LedgerError(msg) from error
    if not (directory / FILE).exists():
        others = sorted(p.name for p in directory.iterdir() if p.name not in _OURS)
        if others:
            msg = (
                f"{directory} holds something else ({', '.join(others[:3])}"
                f"{', ...' if len(others) > 3 else ''}) and no ledger; Daybreak writes only into "
                "a directory that is new, empty or its own: choose another one with --dir."
            )
            raise LedgerError(msg)


def archive(directory: Path) -> Path | None:
    """Move everything of an earlier campaign aside; returns where, or None if there is nothing."""
    things = [p for p in directory.iterdir() if p.name not in (LOCK, ARCHIVE)]
    if not things:
        return None
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S-%f")
    target = directory / ARCHIVE / stamp
    target.mkdir(parents=True)
    for thing in things:
        shutil.move(str(thing), str(target / thing.name))
    return target


@dataclass(frozen=True)
class Span:
    """When a batch ran, how long it took, and what the machine was doing."""

    started: str
    ended: str
    seconds: float
    load: float
    memory_mib: float


class Ledger:
    """The records of one campaign.

    Parameters
    ----------
    directory : Path
        Where the ledger lies.
    write : bool
        Open for writing; the caller holds the lock.

    Raises
    ------
    LedgerError
        When there is no ledger, or a newer Daybreak wrote it.
    """

    def __init__(self, directory: Path, *, write: bool = False) -> None:
        path = directory / FILE
        if not write and not path.exists():
            msg = (
                f"there is no ledger in {directory}; `daybreak run NAME_OR_FILE` makes one "
                "(by default in runs/<campaign>/)."
            )
            raise LedgerError(msg)
        self.directory = directory
        self._engine = _engine(path, write=write)
        self._run: int | None = None
        try:
            with self._engine.begin() as c:
                self._check_version(c)
                if write:
                    self._make_tables(c)
        except DatabaseError as error:
            self.close()
            msg = (
                f"{path} cannot be read as a ledger ({error.orig}); nothing was changed.  Restore "
                "it from a copy, or begin anew with `daybreak run --fresh`, which archives it."
            )
            raise LedgerError(msg) from error
        except LedgerError:
            self.close()
            raise

    def _make_tables(self, c: sa.Connection) -> None:
        t.metadata.create_all(c)
        if c.execute(sa.select(t.about)).first() is None:
            c.execute(t.about.insert().values(key="schema", value=str(t.VERSION)))

    def _check_version(self, c: sa.Connection) -> None:
        """Refuse another schema before anything is written."""
        if not sa.inspect(c).has_table(t.about.name):
            return
        found = c.execute(sa.select(t.about.c.value).where(t.about.c.key == "schema")).scalar()
        if found is None or int(found) == t.VERSION:
            return
        move = (
            "update Daybreak to open it" if int(found) > t.VERSION
            else "open it with the Daybreak that wrote it, or begin anew with `daybreak run "
            "--fresh`, which archives it"
        )  # fmt: skip
        msg = (
            f"the ledger in {self.directory} has schema {found}, but this Daybreak knows schema "
            f"{t.VERSION}; {move} (nothing was changed)."
        )
        raise LedgerError(msg)

    def close(self) -> None:
        """Let the file go."""
        self._engine.dispose()

    # -- the night -----------------------------------------------------------------------------

    def begin_run(self, provenance: Mapping[str, Any]) -> None:
        """Note that a process has taken over; runs without an end were lost."""
        with self._engine.begin() as c:
            lost = t.runs.update().where(t.runs.c.ended.is_(None))
            c.execute(lost.values(ended=None, ending="lost: the process was killed"))
            values = {"started": now(), "owner": owner(), "provenance": canonical(provenance)}
            found = c.execute(t.runs.insert().values(values)).inserted_primary_key
            self._run = None if found is None else int(found[0])

    def end_run(self, ending: str) -> None:
        """Note how the run ended."""
        with self._engine.begin() as c:
            mine = t.runs.update().where(t.runs.c.id == self._run)
            c.execute(mine.values(ended=now(), ending=ending))

    def write_campaign(self, body: Mapping[str, Any]) -> None:
        """Write the campaign down if it differs from what was written last."""
        text = canonical(body)
        with self._engine.begin() as c:
            newest = sa.select(t.campaigns.c.body).order_by(t.campaigns.c.id.desc()).limit(1)
            if c.execute(newest).scalar() != text:
                c.execute(t.campaigns.insert().values(written=now(), body=text))

    def write_studies(self, planned: Sequence[Mapping[str, Any]], *, follows: str | None) -> None:
        """Write studies and their criteria down before any of their trials.

        Each mapping has ``name, fingerprint, problem, body, criteria``. Studies of an earlier
        plan that are no longer in it stay in the ledger, but out of the summary.
        """
        with self._engine.begin() as c:
            if follows is None:
                c.execute(t.studies.update().values(planned=False))
            count = c.execute(sa.select(sa.func.count()).select_from(t.studies)).scalar() or 0
            for place, study in enumerate(planned):
                offset = 0 if follows is None else count
                self._write_study(c, study, place + offset, follows)

    def _write_study(
        self, c: sa.Connection, study: Mapping[str, Any], place: int, follows: str | None
    ) -> None:
        mark = study["fingerprint"]
        body = canonical(study["problem"])
        there = t.problems.c.fingerprint == mark
        if c.execute(sa.select(t.problems).where(there)).first() is None:
            c.execute(t.problems.insert().values(fingerprint=mark, body=body))
        else:  # units and guesses may have changed: they determine no outcome
            c.execute(t.problems.update().where(there).values(body=body))
        mine = t.studies.c.name == study["name"]
        values = {
            "position": place, "planned": True, "follows": follows, "fingerprint": mark,
            "body": json.dumps(study["body"], allow_nan=False),  # the settings keep their order
        }  # fmt: skip
        found = c.execute(sa.select(t.studies).where(mine)).first()
        if found is None:
            new = {**values, "name": study["name"], "state": "waiting"}
            c.execute(t.studies.insert().values(new))
        else:
            changed = found.body != values["body"] or found.fingerprint != mark
            if changed:
                values["batch"] = None
            if found.fingerprint != mark:
                values["places"] = None
            state = "waiting" if changed else found.state
            c.execute(t.studies.update().where(mine).values({**values, "state": state}))
        number = c.execute(sa.select(t.studies.c.id).where(mine)).scalar()
        sha = digest(study["criteria"])
        newest = (
            sa.select(t.criteria.c.sha256).where(t.criteria.c.study == number)
            .order_by(t.criteria.c.id.desc()).limit(1)
        )  # fmt: skip
        if c.execute(newest).scalar() != sha:
            body = canonical(study["criteria"])
            c.execute(
                t.criteria.insert().values(study=number, written=now(), sha256=sha, body=body)
            )

    def batch(self, study: str, measure: Any) -> int:
        """Trials per batch of a study: measured once, then kept, so that resuming repeats it."""
        mine = t.studies.c.name == study
        with self._engine.begin() as c:
            found = c.execute(sa.select(t.studies.c.batch).where(mine)).scalar()
        if found is None:
            found = int(measure())
            with self._engine.begin() as c:
                c.execute(t.studies.update().where(mine).values(batch=found))
        return found

    def places(self, study: str, known: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
        """Good places known before a study's first trial: written once, then kept."""
        mine = t.studies.c.name == study
        with self._engine.begin() as c:
            found = c.execute(sa.select(t.studies.c.places).where(mine)).scalar()
            if found is None:
                found = canonical([dict(place) for place in known])
                c.execute(t.studies.update().where(mine).values(places=found))
        return json.loads(found)

    def has_trials(self) -> bool:
        """Whether anything has been computed."""
        with self._engine.begin() as c:
            return c.execute(sa.select(t.trials.c.key).limit(1)).first() is not None

    def set_state(self, study: str, state: str, error: str | None = None) -> None:
        """Note where a study stands."""
        ended = now() if state in ("finished", "failed") else None
        with self._engine.begin() as c:
            mine = t.studies.update().where(t.studies.c.name == study)
            c.execute(mine.values(state=state, error=error, ended=ended))

    def finished(self, keys: Iterable[str], *, retry_failed: bool) -> dict[str, Outcome]:
        """Outcomes that are already there, by trial key."""
        wanted, found = list(dict.fromkeys(keys)), dict[str, Outcome]()
        columns = sa.select(t.trials.c.key, t.trials.c.outcome)
        if retry_failed:
            columns = columns.where(t.trials.c.state == "done")
        with self._engine.begin() as c:
            for first in range(0, len(wanted), 500):
                some = columns.where(t.trials.c.key.in_(wanted[first : first + 500]))
                for key, text in c.execute(some):
                    found[key] = Outcome.load(json.loads(text))
        return found

    def record(
        self,
        study: str,
        number: int,
        tasks: Sequence[tuple[Task, str]],
        made: Sequence[tuple[str, str, Outcome]],
        span: Span,
    ) -> None:
        """Make a batch durable, in one transaction.

        Parameters
        ----------
        study : str
        number : int
            The round.
        tasks : sequence of (task, key)
            All trials of the round, in order.
        made : sequence of (key, configuration, outcome)
            The trials just carried out.
        span : Span
            When the batch ran, how long, and what the machine was doing.
        """
        rows = [
            {
                "key": key, "configuration": text, "state": "failed" if o.failed else "done",
                "outcome": canonical(o.dump()),
            }
            for key, text, o in made
        ]  # fmt: skip
        tries = [
            {
                "trial": key, "run": self._run, "started": span.started, "ended": span.ended,
                "seconds": span.seconds / len(made), "load": span.load,
                "memory_mib": span.memory_mib, "state": "failed" if o.failed else "done",
                "message": o.message,
            }
            for key, _, o in made
        ]  # fmt: skip
        with self._engine.begin() as c:
            self._write_members(c, study, number, tasks)
            if rows:
                again = [row["key"] for row in rows]
                for first in range(0, len(again), 500):
                    some = t.trials.c.key.in_(again[first : first + 500])
                    c.execute(t.trials.delete().where(some))
                c.execute(t.trials.insert(), rows)
                c.execute(t.attempts.insert(), tries)

    def _write_members(
        self, c: sa.Connection, study: str, number: int, tasks: Sequence[tuple[Task, str]]
    ) -> None:
        mine = c.execute(sa.select(t.studies.c.id).where(t.studies.c.name == study)).scalar()
        here = (t.members.c.study == mine) & (t.members.c.round == number)
        rows = [
            {
                "study": mine, "round": number, "position": place, "trial": key,
                "kind": task.kind, "origin": task.origin, "grid": task.grid,
                "point": json.dumps(dict(zip(task.of, task.point, strict=True))),
            }
            for place, (task, key) in enumerate(tasks)
        ]  # fmt: skip
        there = sa.select(t.members.c.trial, t.members.c.origin).where(here)
        found = [tuple(row) for row in c.execute(there.order_by(t.members.c.position))]
        if found != [(row["trial"], row["origin"]) for row in rows]:
            c.execute(t.members.delete().where(here))
            if rows:
                c.execute(t.members.insert(), rows)

    def end_rounds(self, study: str, count: int) -> None:
        """Forget memberships beyond the last round of the present plan."""
        with self._engine.begin() as c:
            mine = c.execute(sa.select(t.studies.c.id).where(t.studies.c.name == study)).scalar()
            beyond = (t.members.c.study == mine) & (t.members.c.round >= count)
            c.execute(t.members.delete().where(beyond))

    def write_findings(self, study: str, sha: str, verdict: str, body: Any) -> None:
        """Keep a verdict if it is not the one kept last."""
        text = canonical(body)
        with self._engine.begin() as c:
            mine = c.execute(sa.select(t.studies.c.id).where(t.studies.c.name == study)).scalar()
            newest = (
                sa.select(t.findings.c.body).where(t.findings.c.study == mine)
                .order_by(t.findings.c.id.desc()).limit(1)
            )  # fmt: skip
            if c.execute(newest).scalar() != text:
                values = {"study": mine, "written": now(), "criteria": sha, "verdict": verdict}
                c.execute(t.findings.insert().values({**values, "body": text}))

    def preflight(self, plan: str) -> Preflight | None:
        """The preflight of this very plan (a hash of all it rests on), if it was made."""
        with self._engine.begin() as c:
            mine = sa.select(t.preflights.c.body).where(t.preflights.c.plan == plan)
            text = c.execute(mine.order_by(t.preflights.c.id.desc()).limit(1)).scalar()
        return None if text is None else Preflight.model_validate_json(text)

    def write_preflight(self, plan: str, found: Preflight) -> None:
        """Keep what is known before the night."""
        with self._engine.begin() as c:
            values = {"written": now(), "plan": plan, "body": found.model_dump_json()}
            c.execute(t.preflights.insert().values(values))

    def note(self, kind: str, text: str) -> None:
        """Remember something."""
        with self._engine.begin() as c:
            c.execute(t.events.insert().values(written=now(), kind=kind, text=text))

    # -- the morning ---------------------------------------------------------------------------

    def stored_evaluation(
        self, fingerprint: str, settings: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Outcome] | None:
        """A stored trial of this problem and these settings that recorded its predictions."""
        with self._engine.begin() as c:
            rows = c.execute(
                sa.select(t.trials.c.configuration, t.trials.c.outcome)
                .where(t.trials.c.state == "done")
                .where(t.trials.c.configuration.contains(f'"problem":"{fingerprint}"'))
                .where(t.trials.c.configuration.contains(f'"settings":{canonical(settings)}'))
                .where(
                    t.trials.c.configuration.contains('"kind":"evaluate"')
                    | t.trials.c.configuration.contains('"kind":"fit"')
                    | t.trials.c.configuration.contains('"kind":"evolve"')
                )
                .order_by(t.trials.c.configuration.contains('"kind":"evaluate"').desc())
                .limit(1)
            )
            for text, outcome in rows:
                return json.loads(text), Outcome.load(json.loads(outcome))
        return None

    def read(self) -> CampaignRecord:
        """Everything in the ledger, in one consistent view."""
        with self._engine.begin() as c:
            newest = sa.select(t.campaigns.c.body).order_by(t.campaigns.c.id.desc()).limit(1)
            there = sa.inspect(c).has_table(t.campaigns.name)
            body = c.execute(newest).scalar() if there else None
            if body is None:
                msg = (
                    f"the ledger in {self.directory} is empty: its run has only just begun, or "
                    "was stopped before its first trial; `daybreak run` goes on."
                )
                raise LedgerError(msg)
            studies = sa.select(t.studies).where(t.studies.c.planned)
            rows = c.execute(studies.order_by(t.studies.c.position)).all()
            runs = c.execute(sa.select(t.runs).order_by(t.runs.c.id)).all()
            latest = sa.select(t.preflights.c.body).order_by(t.preflights.c.id.desc()).limit(1)
            before = c.execute(latest).scalar()
            events = c.execute(sa.select(t.events).order_by(t.events.c.id)).all()
            return CampaignRecord(
                json.loads(body),
                tuple(read_study(c, row) for row in rows),
                tuple(
                    RunRecord(r.started, r.ended, r.ending, r.owner, json.loads(r.provenance))
                    for r in runs
                ),
                None if before is None else Preflight.model_validate_json(before),
                tuple(EventRecord(e.written, e.kind, e.text) for e in events),
            )

    def read_study(self, name: str) -> StudyRecord:
        """One study."""
        with self._engine.begin() as c:
            row = c.execute(sa.select(t.studies).where(t.studies.c.name == name)).one()
            return read_study(c, row)


def _engine(path: Path, *, write: bool) -> sa.Engine:
    # A directory may be called anything, `?` and `#` included, which mean something in a URL.
    if write:
        url = sa.URL.create("sqlite", database=str(path))
    else:
        file = f"file:{quote(str(path.resolve()))}"
        url = sa.URL.create("sqlite", database=file, query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(url)

    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        if write:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        with suppress(Exception):
            cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    event.listen(engine, "connect", configure)
    return engine
