"""Run a campaign: its preflight, its studies, the decision on them and what follows from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from daybreak.criteria import Decision
from daybreak.decision import decide
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.errors import LedgerError, PlanError, PredictionError, known
from daybreak.findings import Preflight, codes
from daybreak.ledger.endings import Ending
from daybreak.ledger.liveness import LEASE
from daybreak.ledger.lock import Lock
from daybreak.ledger.place import LOCK, Server, archive, prepare, remembered
from daybreak.ledger.states import EventKind
from daybreak.ledger.store import Ledger
from daybreak.methods.solve import check_contract, compiling
from daybreak.plan import Campaign, Study
from daybreak.preflight.run import BUDGET, preflight, together
from daybreak.preflight.supplies import missing
from daybreak.problem.outcomes import digest
from daybreak.problem.precision import double_precision
from daybreak.runner.changes import carried_over, explain
from daybreak.runner.crew import Crew, Means
from daybreak.runner.identity import (
    plan_of,
    questions_of,
    refuse_lookalikes,
)
from daybreak.runner.limits import Interrupted, Limits, Watch, keyboard
from daybreak.runner.listener import AbstractListener
from daybreak.runner.pace import first_task
from daybreak.runner.provenance import provenance, sources
from daybreak.runner.rounds import Rounds, check_study
from daybreak.runner.takeover import refuse_takeover
from daybreak.verdict import read_study

_NEVER = (codes.MODEL_REFUSES, codes.MISSING_RESOURCE)
"""Stops with which no trial of a study could be made."""


def run_night(
    campaign: Campaign,
    directory: Path,
    listener: AbstractListener,
    *,
    fresh: bool = False,
    retry_failed: bool = False,
    anyway: bool = False,
    budget: float = BUDGET,
    limits: Limits | None = None,
    means: Means | None = None,
    store: str | None = None,
    lease: float = LEASE,
) -> Ending:
    """Start or resume a campaign in `directory`.

    Parameters
    ----------
    campaign : Campaign
    directory : Path
        Made if missing; must be empty or an earlier run's.
    listener : AbstractListener
    fresh : bool
        Archive what is there and begin anew.
    retry_failed : bool
        Try failed trials again.
    anyway : bool
        Run although preflight finds the night out of reach.
    budget : float
        Seconds that preflight may take, as `daybreak.preflight.clock` counts them.
    limits : Limits, optional
        When to stop before the end.
    means : Means, optional
        Who carries the trials out.
    store : str, optional
        Address of a PostgreSQL database for the ledger, which several processes may then share.
    lease : float
        Seconds of silence after which a run on another host is taken for dead.

    Returns
    -------
    Ending
        How it ended: finished, hopeless, or interrupted.

    Raises
    ------
    ProblemError, PlanError
        When a problem breaks its contract, before anything is written.
    LedgerError
        When the directory cannot be used or another process holds it.
    ChangedModelError
        When `predict` no longer gives the stored numbers.
    """
    studies, means = campaign.all_studies(), means or Means()
    lacking = means.dask is None and any(map(missing, studies))
    if not lacking or anyway or campaign.anyway:
        for study in studies:
            _check(study)
    prepare(directory)
    with ExitStack() as open_things:
        server = remembered(directory) if store is None else Server.of(store, campaign.name)
        ledger = _opened(directory, server, open_things, fresh=fresh, lease=lease)
        ledger.store.waiting = listener.warned
        night = _Night(
            campaign,
            ledger,
            listener,
            limits=limits or Limits(),
            means=means,
            lacking=lacking,
            retry_failed=retry_failed,
            anyway=anyway,
            budget=budget,
            pressed=open_things.enter_context(keyboard()),
        )
        open_things.callback(night.crew.close)
        return night.run(studies)


def _check(study: Study) -> None:
    """Refuse a study that cannot be asked; one that fails by its settings alone is left to end so.

    The preflight says that the model refuses those, and other studies may go on.
    """
    try:
        check_study(study)
    except PredictionError:
        own = study.problem.settings
        if study.all_settings == own:
            raise
        check_contract(study.problem, own)


def _opened(
    directory: Path, server: Server | None, open_things: ExitStack, *, fresh: bool, lease: float
) -> Ledger:
    """The ledger of a directory or a server, which this process may write."""
    if server is None:
        open_things.enter_context(Lock(directory / LOCK))
    if fresh:
        archive(directory)
        if server is not None:
            server.archive()
    if server is not None:
        server.remember(directory)
    ledger = Ledger(directory, write=True, server=server, lease=lease)
    open_things.callback(ledger.close)
    return ledger


class _Night:
    """One run of a campaign."""

    def __init__(
        self,
        campaign: Campaign,
        ledger: Ledger,
        listener: AbstractListener,
        *,
        limits: Limits,
        means: Means,
        lacking: bool,
        retry_failed: bool,
        anyway: bool,
        budget: float,
        pressed: Callable[[], str],
    ) -> None:
        self.campaign = campaign
        self.ledger = ledger
        self.listener = listener
        self.anyway = anyway or campaign.anyway
        self.lacking = lacking
        """Whether the plan needs what this machine, which makes the trials, does not have."""
        self.budget = budget
        self.examined: list[Study] = []
        """Studies of which a preflight was made, follow-ups included."""
        self.found: Preflight
        """What is known of them."""
        self.pressed = pressed
        """Why the keyboard asked to stop, or empty."""
        self.watch = Watch(limits, self._asked_to_stop)
        self.crew = Crew(means, self.watch.check, listener.warned)
        self.rounds = Rounds(
            ledger,
            listener,
            self.watch,
            self.crew,
            seed=campaign.seed,
            retry_failed=retry_failed,
        )

    def run(self, studies: list[Study]) -> Ending:
        """All studies, the decision, its follow-ups."""
        plan = digest([plan_of(studies), self.campaign.describe()])
        refuse_takeover(self.ledger, self.campaign, plan)
        with double_precision():
            if not self.lacking or self.anyway:
                refuse_lookalikes(studies)
                for study in studies:  # before anything is written
                    self.rounds.compare(study)
        texts = sources(studies)
        made_of = {**provenance(texts), "origin": self.campaign.origin}
        self.rounds.earlier = self.ledger.keys()
        self.ledger.begin_run(made_of, plan, texts.bodies, self._returned)
        try:
            with double_precision():
                self._write(studies, follows=None)
                self.listener.began(self.campaign, self.ledger)
                ending, why = Ending.HOPELESS, ""
                found = self._preflight(studies)
                # What was begun is carried on: a night with trials is stopped for want of means.
                begun = self.ledger.has_trials() and not found.lacking
                if not found.hopeless or self.anyway or begun:
                    self._decide(self._run_all(studies))
                    ending = Ending.FINISHED
        except (KeyboardInterrupt, Interrupted) as stop:
            why = self._asked_to_stop() or str(stop) or "stopped by Ctrl-C"
            ending = Ending.INTERRUPTED
        except BaseException as error:
            with suppress(LedgerError):  # what the ledger itself cannot do is told by `error`
                self.ledger.end_run(Ending.BROKEN, f"{type(error).__name__}: {error}")
            raise
        self.ledger.end_run(ending, why)
        self.listener.ended(ending.in_words(why))
        return ending

    def _asked_to_stop(self) -> str:
        return (self.ledger.heart.stop if self.ledger.heart else "") or self.pressed()

    def _returned(self) -> None:
        self.listener.warned(
            "this process was silent for so long that others took it for dead and may have taken "
            "over its trials; it goes on, and what it had in hand is kept as another attempt."
        )

    def _write(self, studies: Sequence[Study], follows: str | None) -> None:
        known = self.ledger.planned()
        if follows is None:
            for line in explain(known, studies):
                self.listener.warned(line)
                self.ledger.note(EventKind.CHANGE, line)
            self.ledger.write_campaign(self.campaign.describe())
        rows = [
            {
                "name": study.name,
                "fingerprint": study.fingerprint,
                "problem": study.problem.describe(),
                "body": study.describe(),
                "facts": study.method.facts(study.problem).dump(),
                "criteria": [criterion.describe() for criterion in study.accept],
                "carried": carried_over(self.ledger, known, study),
            }
            for study in studies
        ]
        self.ledger.write_studies(rows, follows=follows)
        self.rounds.expected += sum(s.method.expected_trials(s.problem) for s in studies)
        self.ledger.expect(self.rounds.expected)

    def _preflight(self, studies: Sequence[Study]) -> Preflight:
        """What can be known before the night; made once for a plan, then read from the ledger."""
        plan = questions_of(studies)
        found, started = self.ledger.preflight(plan), self.ledger.has_trials()
        lacked = found is not None and bool(found.lacking)
        if found is None or lacked or self.lacking or (found.hopeless and not started):
            found = self._examined(studies, lacking=self.lacking)
            self.ledger.write_preflight(plan, found)
            self.listener.preflighted(found)
        self._take(found)
        self.examined, self.found = [*studies], found
        return found

    def _preflight_more(self, asked: Sequence[Study]) -> None:
        """The same of follow-up studies, kept with what was known before; stops are refused."""
        self.examined += asked
        plan, names = questions_of(self.examined), [study.name for study in asked]
        kept = self.ledger.preflight(plan)
        more = None if kept is None else kept.only(names)
        if more is None or more.lacking:
            self.watch.check()
            lacking = self.crew.means.dask is None and any(map(missing, asked))
            more = self._examined(asked, lacking=lacking)
            self.listener.warned(f"preflight of {known(names)}: {more.sentence}")
        self.found = together(self.found, more)
        if kept is None or kept.studies != self.found.studies:
            self.ledger.write_preflight(plan, self.found)
        self._take(more, {study.name for study in asked if study.counted})

    def _take(self, found: Preflight, hopeless: Container[str] = ()) -> None:
        """Begin where the preflight found good places; refuse what can come to nothing.

        A study that the model refuses, or that lacks something here, and among `hopeless`
        those with any stop.
        """
        for one in found.studies:
            places = [reach.best for reach in one.reachability if reach.best]
            places = [place for i, place in enumerate(places) if place not in places[:i]]
            kept = self.ledger.places(one.study, places)
            self.rounds.places[one.study] = [*kept, *self.ledger.carried(one.study)]
            stops = [f for f in one.findings if f.is_stop]
            refused = [f for f in stops if one.study in hopeless or f.code in _NEVER]
            if refused and not self.anyway:
                self.rounds.refused[one.study] = refused[0].sentence
        self._compare_deadline(found)

    def _examined(self, studies: Sequence[Study], *, lacking: bool) -> Preflight:
        """The preflight, while what the first study needs compiled is compiled beside it."""
        elsewhere, first = self.crew.means.dask is not None, studies[0]
        if lacking:
            return preflight(self.campaign, self.budget, studies=studies)
        task = first_task(first)
        held = task.held if task is not None else {}
        with compiling(first.problem, first.all_settings, held):
            return preflight(self.campaign, self.budget, elsewhere=elsewhere, studies=studies)

    def _compare_deadline(self, found: Preflight) -> None:
        """Say what fits before the deadline, when not everything does."""
        left, until = self.watch.left, self.watch.limits.until
        lengths = [one.forecast.seconds if one.forecast else 0.0 for one in found.studies]
        fitting = sum(total <= left for total in itertools.accumulate(lengths))
        if fitting < len(lengths):
            by = f"by {until:%H:%M}" if until else "by then"
            self.listener.warned(
                f"the deadline leaves {left:.0f} s, but {sum(lengths):.0f} s are forecast: about "
                f"{fitting} of {len(lengths)} studies will be done {by}; the "
                "same command goes on later."
            )

    def _run_all(self, studies: Sequence[Study]) -> list[StudyReading]:
        readings: list[StudyReading] = []
        self.rounds.since = self.watch.seconds
        for number, study in enumerate(studies, start=1):
            self.rounds.place = (number, len(studies))
            self.rounds.run(study)
            reading = read_study(self.ledger.read_study(study.name))
            sha = digest([criterion.describe() for criterion in study.accept])
            body = [outcome.model_dump() for outcome in reading.outcomes]
            self.ledger.write_findings(study.name, sha, reading.verdict, body)
            self.listener.study_ended(reading)
            readings.append(reading)
        return readings

    def _decide(self, readings: Sequence[StudyReading]) -> None:
        """Read the decision table, and again whenever follow-up studies have ended.

        Every row starts its follow-ups once (`daybreak.decision.readings`).
        """
        table = [row.describe() for row in self.campaign.decisions]
        there, started = list(readings), set[str]()
        while (taken := decide(table, there, again=bool(started))) is not None:
            if taken.row is None:
                self.ledger.note(EventKind.DECISION, f"no decision: {taken.reason}")
                self.listener.warned(f"no decision: {taken.reason}")
                return
            row = self.campaign.decisions[taken.row]
            asked = self._follow_ups(row, there) if row.name not in started else []
            started.add(row.name)
            self.ledger.note(EventKind.DECISION, f"{row.name}: {row.then} ({taken.reason})")
            self.listener.decided(row, taken.reason, asked)
            if not asked:
                return
            self._write(asked, follows=row.name)
            self._preflight_more(asked)
            there += self._run_all(asked)

    def _follow_ups(self, row: Decision, readings: Sequence[StudyReading]) -> list[Study]:
        """The studies that a row asks for."""
        asked = list(row.follow_up(readings)) if row.follow_up else []
        taken = {reading.name for reading in readings}
        clash = [study.name for study in asked if study.name in taken]
        if clash:
            msg = f"follow-up studies need names of their own, but {clash} are in the plan."
            raise PlanError(msg)
        return asked
