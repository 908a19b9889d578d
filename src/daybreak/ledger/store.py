"""The ledger of one campaign: durable before counted, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daybreak.errors import LedgerError
from daybreak.findings import Preflight
from daybreak.ledger import claims, runs, written
from daybreak.ledger import schema as t
from daybreak.ledger.browse import TrialDetail, TrialLine, read_lines, read_trial
from daybreak.ledger.claims import Artifact, Round, Span, now
from daybreak.ledger.endings import Ending
from daybreak.ledger.engine import Store, open_sqlite
from daybreak.ledger.liveness import LEASE, Heart, Onlooker
from daybreak.ledger.lock import held_by
from daybreak.ledger.made import Made, read_made
from daybreak.ledger.migration import make_tables, readable
from daybreak.ledger.place import FILE, LOCK, Server, find
from daybreak.ledger.pulse import Pulse, expect, read_pulse
from daybreak.ledger.reading import (
    read_begun,
    read_campaign,
    read_plan,
    read_preflight,
    read_study,
)
from daybreak.ledger.records import BegunRecord, CampaignRecord, PlannedRecord, StudyRecord
from daybreak.ledger.states import ENDED, AttemptState, EventKind, StudyState, TrialState
from daybreak.problem.kinds import Role
from daybreak.problem.outcomes import Outcome, canonical, digest
from daybreak.problem.stop_reasons import StopReason


class Ledger:
    """The records of one campaign.

    Parameters
    ----------
    place : Path
        The directory it belongs to, or a packed file.
    write : bool
        Open for writing; on SQLite the caller holds the lock of the directory.
    server : Server, optional
        Where it is kept, if not in the directory.
    lease : float
        Seconds of silence after which a run on another host is taken for dead.

    Raises
    ------
    LedgerError
        When there is no ledger, or a newer Daybreak wrote it.
    """

    def __init__(
        self,
        place: Path,
        *,
        write: bool = False,
        server: Server | None = None,
        lease: float = LEASE,
    ) -> None:
        self.place, self.server = place, server
        self.store = _open(place, server) if write else find(place)
        self.run: int | None = None
        self.heart: Heart | None = None
        self._onlooker = Onlooker(lease)
        try:
            if write:
                make_tables(self.store, place)
            else:
                self.store = readable(self.store, place)
        except BaseException:
            self.store.close()
            raise

    @property
    def where(self) -> str:
        """Where the records are, as the user knows it."""
        return self.store.where if self.store.shared else f"{self.place}/"

    def close(self) -> None:
        """Let the database go."""
        if self.heart is not None:
            self.heart.close()
        self.store.close()

    # -- runs ----------------------------------------------------------------------------------

    def begin_run(
        self,
        provenance: Mapping[str, Any],
        plan: str = "",
        texts: Mapping[str, str] = {},
        returned: Callable[[], None] = lambda: None,
    ) -> None:
        """Note that this process works on the campaign now; runs that died are closed."""
        self.bury_dead()
        self.run = self.store.write(lambda c: runs.begin(c, plan, provenance, texts))
        self.heart = Heart(self.store, self.run, returned)

    def end_run(self, ending: Ending, why: str = "") -> None:
        """Note how the run ended, and why where the ending does not say it."""
        if self.heart is not None:
            self.heart.close()
            self.heart = None
        run = self._mine()
        self.store.write(lambda c: runs.end(c, run, ending, why))

    def bury_dead(self) -> int:
        """Close runs that died; returns how many trials are free again.

        Whoever holds the lock of a directory knows that all others are gone. On a server a run
        is dead when its process is, or when it has been silent for a lease.
        """

        def work(c: sa.Connection) -> int:
            if self.store.shared:
                dead = self._onlooker.dead(c, self.run)
            else:
                others = sa.select(t.runs.c.id).where(t.runs.c.ending.is_(None))
                dead = [run for run in c.execute(others).scalars() if run != self.run]
            return runs.bury(c, dead)

        return self.store.write(work)

    def living(self) -> list[str]:
        """Who is working on the campaign now, as far as can be known without waiting."""
        if not self.store.shared:
            holder = held_by(self.place / LOCK) if self.place.is_dir() else None
            return [holder] if holder else []
        return self.store.read(lambda c: runs.living(c, LEASE))

    def ask_to_stop(self, why: str) -> int:
        """Ask every living run to stop; returns how many were asked."""
        return self.store.write(lambda c: runs.ask_to_stop(c, why))

    def processes_here(self) -> list[int]:
        """Processes of this host that work on the campaign."""
        return self.store.read(runs.processes_here)

    def _mine(self) -> int:
        if self.run is None:
            msg = "the ledger is open, but no run has begun; call begin_run first."
            raise LedgerError(msg)
        return self.run

    def begun(self) -> BegunRecord | None:
        """What was begun here last; None in a ledger without a campaign."""
        return self.store.read(read_begun)

    # -- the plan ------------------------------------------------------------------------------

    def planned(self) -> dict[str, PlannedRecord]:
        """The studies of the plan as it was last written down, by name."""
        return self.store.read(read_plan)

    def write_campaign(self, body: Mapping[str, Any]) -> None:
        """Write the campaign down if it differs from what was written last."""
        self.store.write(lambda c: written.write_campaign(c, body))

    def write_studies(self, planned: Sequence[Mapping[str, Any]], *, follows: str | None) -> None:
        """Write studies and their criteria down before any of their trials."""
        self.store.write(lambda c: written.write_studies(c, planned, follows=follows))

    def expect(self, trials: int) -> None:
        """Write down how many trials the plan will take, as far as can be said."""
        self.store.write(lambda c: expect(c, trials))

    def pulse(self) -> Pulse:
        """How far the campaign is, counted only."""
        return self.store.read(read_pulse)

    def lines(self, study: str | None, offset: int, limit: int) -> tuple[int, list[TrialLine]]:
        """How many trials a study has (None: all of them), and some of them, newest first."""
        return self.store.read(lambda c: read_lines(c, study, offset, limit))

    def trial(self, key: str) -> TrialDetail:
        """One trial with all that is known of it; LedgerError where there is none."""
        return self.store.read(lambda c: read_trial(c, key))

    def batch(self, study: str, measure: Callable[[], int]) -> int:
        """Trials per batch of a study: measured once, then kept, so that resuming repeats it."""
        return int(self._once(study, t.studies.c.batch, lambda: int(measure())))

    def places(self, study: str, known: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
        """Good places known before a study's first trial: written once, then kept."""
        made = canonical([dict(place) for place in known])
        return json.loads(self._once(study, t.studies.c.places, lambda: made))

    def carried(self, study: str) -> list[dict[str, float]]:
        """Starts taken over from an earlier version of the study's problem."""
        asked = sa.select(t.studies.c.carried).where(t.studies.c.name == study)
        return json.loads(self.store.read(lambda c: c.execute(asked).scalar()) or "[]")

    def _once(self, study: str, column: sa.Column[Any], make: Callable[[], Any]) -> Any:
        """The value of a column; made and kept where there is none."""
        mine = t.studies.c.name == study
        asked = sa.select(column).where(mine)
        found = self.store.read(lambda c: c.execute(asked).scalar())
        if found is not None:
            return found
        made = make()

        def work(c: sa.Connection) -> Any:
            empty = mine & column.is_(None)
            c.execute(t.studies.update().where(empty).values({column.name: made}))
            return c.execute(asked).scalar()

        return self.store.write(work)

    def preflight(self, plan: str) -> Preflight | None:
        """The preflight of this very plan (a hash of all it rests on), if it was made."""
        mine = sa.select(t.preflights.c.body).where(t.preflights.c.plan == plan)
        newest = mine.order_by(t.preflights.c.id.desc()).limit(1)
        text = self.store.read(lambda c: c.execute(newest).scalar())
        return None if text is None else Preflight.model_validate_json(text)

    def write_preflight(self, plan: str, found: Preflight) -> None:
        """Keep what is known before the night."""
        values = {"written": now(), "plan": plan, "body": found.model_dump_json()}
        self.store.write(lambda c: c.execute(t.preflights.insert().values(values)))

    # -- trials --------------------------------------------------------------------------------

    def has_trials(self) -> bool:
        """Whether anything has been computed."""
        one = sa.select(t.trials.c.key).where(t.trials.c.outcome.is_not(None)).limit(1)
        return self.store.read(lambda c: c.execute(one).first()) is not None

    def finished(self, keys: Iterable[str], *, retry_failed: bool = False) -> dict[str, Outcome]:
        """Outcomes that are already there, by trial key."""
        wanted = list(keys)
        if not wanted:
            return {}
        return self.store.read(lambda c: claims.outcomes(c, wanted, retry_failed=retry_failed))

    def keys(self) -> set[str]:
        """Keys of all trials that were ever asked for."""
        return set(self.store.read(lambda c: c.execute(sa.select(t.trials.c.key)).scalars().all()))

    def write_rounds(
        self, study: str, rounds: Sequence[Round], reopened: Sequence[str] = ()
    ) -> None:
        """Write down what rounds ask for; failed trials among `reopened` are free again."""

        def work(c: sa.Connection) -> None:
            claims.reopen(c, reopened)
            claims.write_rounds(c, study, rounds)

        self.store.write(work)

    def write_made(
        self, study: str, rounds: Sequence[Round], made: Mapping[str, Outcome], span: Span
    ) -> None:
        """Make rounds and the results they asked for durable in one transaction."""
        run = self._mine()

        def work(c: sa.Connection) -> None:
            claims.write_rounds(c, study, rounds)
            tokens = claims.claim(c, run, list(made))
            claims.record(c, tokens, list(made.items()), span)

        self.store.write(work)

    def has_lost_runs(self) -> bool:
        """Whether a process that worked on the campaign was killed."""
        lost = sa.select(t.runs.c.id).where(t.runs.c.ending == Ending.LOST).limit(1)
        return self.store.read(lambda c: c.execute(lost).first()) is not None

    def end_rounds(self, study: str, count: int) -> None:
        """Forget memberships beyond the last round of the present plan."""
        mine = sa.select(t.studies.c.id).where(t.studies.c.name == study).scalar_subquery()
        beyond = (t.members.c.study == mine) & (t.members.c.round >= count)
        self.store.write(lambda c: c.execute(t.members.delete().where(beyond)))

    def claim(self, keys: Sequence[str]) -> dict[str, int]:
        """Take trials that are free; returns their tokens by key."""
        run = self._mine()
        return self.store.write(lambda c: claims.claim(c, run, keys))

    def record(
        self,
        tokens: Mapping[str, int],
        made: Sequence[tuple[str, Outcome]],
        span: Span,
        again: Iterable[str] = (),
        artifacts: Sequence[Artifact] = (),
    ) -> None:
        """Make results durable; see `daybreak.ledger.claims.record`."""
        self.store.write(lambda c: claims.record(c, tokens, made, span, again, artifacts))

    def release(
        self, tokens: Mapping[str, int], state: AttemptState = AttemptState.ABANDONED
    ) -> None:
        """Give trials back unmade."""
        self.store.write(lambda c: claims.release(c, tokens, state))

    def waiting(self, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that nobody holds."""
        return self.store.read(lambda c: claims.waiting(c, keys))

    def usual_seconds(self, study: str) -> float | None:
        """What a trial of a study took so far, on average; None before the first."""
        return self.store.read(lambda c: claims.usual_seconds(c, study))

    def tries(self, keys: Sequence[str]) -> dict[str, list[claims.Ended]]:
        """How earlier attempts at trials ended, by key."""
        return self.store.read(lambda c: claims.tries(c, keys))

    # -- states and findings -------------------------------------------------------------------

    def begin_study(self, study: str) -> None:
        """Note that work on a study begins, unless it has ended: then it may all be there."""
        over = t.studies.c.state.in_(ENDED)
        mine = t.studies.update().where((t.studies.c.name == study) & ~over)
        self.store.write(lambda c: c.execute(mine.values(state=StudyState.RUNNING)))

    def set_state(
        self, study: str, state: StudyState, error: str | None = None, note: str | None = None
    ) -> None:
        """Note where a study stands."""
        ended = now() if state.ended else None
        mine = t.studies.update().where(t.studies.c.name == study)
        values = {"state": state, "error": error, "note": note, "ended": ended}
        self.store.write(lambda c: c.execute(mine.values(values)))

    def write_findings(self, study: str, sha: str, verdict: str, body: Any) -> None:
        """Keep a verdict if it is not the one kept last."""
        text = canonical(body)

        def work(c: sa.Connection) -> None:
            mine = c.execute(sa.select(t.studies.c.id).where(t.studies.c.name == study)).scalar()
            newest = (
                sa.select(t.findings.c.body)
                .where(t.findings.c.study == mine)
                .order_by(t.findings.c.id.desc())
                .limit(1)
            )
            if c.execute(newest).scalar() != text:
                values = {"study": mine, "written": now(), "criteria": sha, "verdict": verdict}
                c.execute(t.findings.insert().values({**values, "body": text}))

        self.store.write(work)

    def note(self, kind: EventKind, text: str) -> None:
        """Remember something, unless it was the last thing of its kind to be remembered."""

        def work(c: sa.Connection) -> None:
            last = sa.select(t.events.c.text).where(t.events.c.kind == kind)
            if c.execute(last.order_by(t.events.c.id.desc()).limit(1)).scalar() != text:
                c.execute(t.events.insert().values(written=now(), kind=kind, text=text))

        self.store.write(work)

    # -- the morning ---------------------------------------------------------------------------

    def stored_evaluation(self, problem: str, settings: Mapping[str, Any]) -> Outcome | None:
        """A stored trial of a problem (its hash): one that recorded its predictions, or a fit."""
        evaluated = t.trials.c.role == Role.EVALUATION.value
        asked = (
            sa.select(t.trials.c.outcome)
            .where(_is_about(problem, settings) & (t.trials.c.state == TrialState.DONE))
            .where(evaluated | (t.trials.c.role == Role.END.value))
            .order_by(evaluated.desc())
            .limit(1)
        )
        text = self.store.read(lambda c: c.execute(asked).scalar())
        return None if text is None else Outcome.load(json.loads(text))

    def quickest(
        self, problem: str, settings: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Outcome, float] | None:
        """The stored evaluation of a search that took the least time, and its seconds."""
        asked = (
            sa.select(t.trials.c.configuration, t.trials.c.outcome, t.attempts.c.seconds)
            .join(t.attempts, t.attempts.c.trial == t.trials.c.key)
            .where(
                (t.trials.c.state == TrialState.DONE) & (t.attempts.c.state == AttemptState.DONE)
            )
            .where(_is_about(problem, settings) & (t.trials.c.role == Role.EVALUATION.value))
            .where(t.attempts.c.reason == StopReason.MEASURED.name)  # no pruned one
            .order_by(t.attempts.c.seconds, t.trials.c.key)
            .limit(1)
        )
        row = self.store.read(lambda c: c.execute(asked).first())
        if row is None:
            return None
        outcome = Outcome.load(json.loads(row.outcome))
        return json.loads(row.configuration), outcome, float(row.seconds)

    def read(self) -> CampaignRecord:
        """Everything in the ledger, in one consistent view."""
        return self.store.read(lambda c: read_campaign(c, self.place))

    def read_searches(self) -> tuple[CampaignRecord, dict[str, Made]]:
        """The same, and how the trials of its searches were made, by key; in one view."""

        def look(c: sa.Connection) -> tuple[CampaignRecord, dict[str, Made]]:
            record = read_campaign(c, self.place)
            return record, read_made(c, [study.name for study in record.searches])

        return self.store.read(look)

    def read_study(self, name: str) -> StudyRecord:
        """One study."""
        mine = sa.select(t.studies).where(t.studies.c.name == name)
        return self.store.read(lambda c: read_study(c, c.execute(mine).one(), read_preflight(c)))


def _is_about(problem: str, settings: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Trials of one problem, by its hash, with some settings."""
    return (t.trials.c.problem == problem) & (t.trials.c.settings == digest(dict(settings)))


def _open(place: Path, server: Server | None) -> Store:
    return open_sqlite(place / FILE, write=True) if server is None else server.open(write=True)
