"""Run a campaign: study after study, round after round, each trial durable before it counts.

A study's method is replayed from its beginning; trials that the ledger already holds are answered
from there, so a killed night goes on where its last committed unit ended, with the same units.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from daybreak.decision import decide
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.errors import DaybreakError, LedgerError, PlanError, ProblemError
from daybreak.findings import Preflight
from daybreak.ledger.claims import Round
from daybreak.ledger.liveness import LEASE
from daybreak.ledger.lock import Lock
from daybreak.ledger.place import LOCK, Server, archive, prepare, remembered
from daybreak.ledger.store import Ledger
from daybreak.methods.solve import check_contract, compiling, seconds_per_fit
from daybreak.plan import Campaign, Study
from daybreak.preflight.run import BUDGET, preflight
from daybreak.problem.outcomes import Outcome, Task, canonical, digest
from daybreak.problem.precision import double_precision
from daybreak.problem.search import SearchProblem
from daybreak.runner.carry import Carrier
from daybreak.runner.changes import carried_over, explain
from daybreak.runner.crew import Crew, Means
from daybreak.runner.identity import (
    compare,
    configuration,
    key_of,
    plain_settings,
    plan_of,
    questions_of,
    refuse_lookalikes,
)
from daybreak.runner.limits import Interrupted, Limits, Watch, keyboard
from daybreak.runner.listener import AbstractListener, Progress
from daybreak.runner.provenance import provenance, sources
from daybreak.runner.settled import Settled, settled
from daybreak.verdict import read_study

_UNIT_SECONDS = {"jax": 20.0, "numpy": 2.0}
"""What a unit should take by the pilot's estimate; a kill loses no more than units in hand."""
_MOST_TRIALS = 4096
_DANGEROUS = 3
"""A trial lost with so many processes is carried out in one of its own."""

FINISHED = "finished"
HOPELESS = "stopped as hopeless"


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
) -> str:
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
        Seconds that preflight may take.
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
    str
        ``finished``, ``stopped as hopeless``, or ``interrupted: `` and why.

    Raises
    ------
    ProblemError, PlanError
        When a problem breaks its contract, before anything is written.
    LedgerError
        When the directory cannot be used or another process holds it.
    ChangedModelError
        When `predict` no longer gives the stored numbers.
    """
    studies = campaign.all_studies()
    for study in studies:
        _check_contract(study)
    prepare(directory)
    with ExitStack() as open_things:
        server = remembered(directory) if store is None else Server.of(store, campaign.name)
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
        ledger.store.waiting = listener.warned
        night = _Night(
            campaign,
            ledger,
            listener,
            limits=limits or Limits(),
            means=means or Means(),
            retry_failed=retry_failed,
            anyway=anyway,
            budget=budget,
            pressed=open_things.enter_context(keyboard()),
        )
        open_things.callback(night.crew.close)
        return night.run(studies)


def _check_contract(study: Study) -> None:
    try:
        check_contract(study.problem, study.all_settings)
        study.check_derived(study.problem.derived_names(study.all_settings))
    except (ProblemError, PlanError) as error:
        msg = f"study {study.name!r}: {error}"
        raise type(error)(msg) from error


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
        retry_failed: bool,
        anyway: bool,
        budget: float,
        pressed: Callable[[], str],
    ) -> None:
        self.campaign = campaign
        self.ledger = ledger
        self.listener = listener
        self.retry_failed = retry_failed
        self.anyway = anyway or campaign.anyway
        self.budget = budget
        self.pressed = pressed
        """Why the keyboard asked to stop, or empty."""
        self.watch = Watch(limits, self._asked_to_stop)
        self.crew = Crew(means, self.watch.check, listener.warned)
        self.done = 0
        self.expected = 0
        self.place = (0, 0)
        self.compared: set[str] = set()
        self.pace: dict[tuple[object, ...], float] = {}
        """Seconds per fit by problem and static settings."""
        self.places: dict[str, list[dict[str, float]]] = {}
        """Good places known before a study's first trial, by study."""
        self.since = 0.0
        """Seconds of this run that were over when its trials began."""
        self.outcomes: dict[str, Outcome] = {}
        """Trials known to be finished, by key."""
        self.earlier: set[str] = set()
        """Trials of earlier runs; of a ledger in a file, which nobody else writes, all others."""

    def run(self, studies: list[Study]) -> str:
        """All studies, the decision, its follow-ups."""
        with double_precision():
            refuse_lookalikes(studies)
            for study in studies:  # before anything is written
                self._compare(study)
        texts = sources(studies)
        made_of = {**provenance(texts), "origin": self.campaign.origin}
        self.earlier = self.ledger.keys()
        plan = digest([plan_of(studies), self.campaign.describe()])
        self.ledger.begin_run(made_of, plan, texts.bodies, self._returned)
        try:
            with double_precision():
                self._write(studies, follows=None)
                self.listener.began(self.campaign, self.ledger)
                ending = HOPELESS
                # What was begun is carried on: only a night without a trial is stopped.
                self.anyway = self.anyway or self.ledger.has_trials()
                if not self._preflight(studies).hopeless or self.anyway:
                    self._decide(self._run_all(studies))
                    ending = FINISHED
        except (KeyboardInterrupt, Interrupted) as stop:
            why = self._asked_to_stop() or str(stop) or "stopped by Ctrl-C"
            ending = f"interrupted: {why}"
        except BaseException as error:
            with suppress(LedgerError):  # what the ledger itself cannot do is told by `error`
                self.ledger.end_run(f"error: {type(error).__name__}: {error}")
            raise
        self.ledger.end_run(ending)
        self.listener.ended(ending)
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
                self.ledger.note("change", line)
            self.ledger.write_campaign(self.campaign.describe())
        rows = [
            {
                "name": study.name,
                "fingerprint": study.fingerprint,
                "problem": study.problem.describe(),
                "body": study.describe(),
                "criteria": [criterion.describe() for criterion in study.accept],
                "carried": carried_over(self.ledger, known, study),
            }
            for study in studies
        ]
        self.ledger.write_studies(rows, follows=follows)
        self.expected += sum(s.method.expected_trials(s.problem) for s in studies)
        self.ledger.expect(self.expected)

    def _preflight(self, studies: Sequence[Study]) -> Preflight:
        """What can be known before the night; made once for a plan, then read from the ledger."""
        plan = questions_of(studies)
        found, started = self.ledger.preflight(plan), self.ledger.has_trials()
        if found is None or (found.hopeless and not started):
            first = studies[0]
            with compiling(first.problem, first.all_settings, _first_task(first).held):
                found = preflight(self.campaign, self.budget)
            self.ledger.write_preflight(plan, found)
            self.listener.preflighted(found)
        for one in found.studies:
            places = [reach.best for reach in one.reachability if reach.best]
            places = [place for i, place in enumerate(places) if place not in places[:i]]
            kept = self.ledger.places(one.study, places)
            self.places[one.study] = [*kept, *self.ledger.carried(one.study)]
        self._compare_deadline(found)
        return found

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
        self.since = self.watch.seconds
        for number, study in enumerate(studies, start=1):
            self.place = (number, len(studies))
            self._run_study(study)
            reading = read_study(self.ledger.read_study(study.name))
            sha = digest([criterion.describe() for criterion in study.accept])
            body = [outcome.model_dump() for outcome in reading.outcomes]
            self.ledger.write_findings(study.name, sha, reading.verdict, body)
            self.listener.study_ended(reading)
            readings.append(reading)
        return readings

    def _decide(self, readings: Sequence[StudyReading]) -> None:
        table = self.campaign.decisions
        found = decide([row.describe() for row in table], readings)
        if found is None:
            return
        number, reason = found
        row = table[number]
        asked = list(row.follow_up(readings)) if row.follow_up else []
        taken = {reading.name for reading in readings}
        clash = [study.name for study in asked if study.name in taken]
        if clash:
            msg = f"follow-up studies need names of their own, but {clash} are in the plan."
            raise PlanError(msg)
        self.ledger.note("decision", f"{row.name}: {row.then} ({reason})")
        self.listener.decided(row, reason, asked)
        if asked:
            self._write(asked, follows=row.name)
            self._run_all(asked)

    # -- one study -----------------------------------------------------------------------------

    def _run_study(self, study: Study) -> None:
        self.ledger.begin_study(study.name)
        try:
            _check_contract(study)
            self._compare(study)
            batch = self.ledger.batch(study.name, lambda: self._batch_size(study))
            self._rounds(study, batch)
        except LedgerError:
            raise
        except Settled as early:
            self.ledger.set_state(study.name, "finished", note=str(early))
        except Exception as error:  # noqa: BLE001 - a failed study never ends the night
            known = isinstance(error, DaybreakError)
            text = str(error) if known else f"{type(error).__name__}: {error}"
            self.ledger.set_state(study.name, "failed", text)
            self.ledger.note("traceback", "".join(traceback.format_exception(error)))
        else:
            self.ledger.set_state(study.name, "finished")

    def _batch_size(self, study: Study) -> int:
        """How many trials make a unit; one where each is watched or takes long."""
        alone = _first_task(study).kind in ("evolve", "search", "baseline")
        if alone or study.problem.resources.isolated:
            return 1
        aim = _UNIT_SECONDS[study.problem.backend(study.all_settings)]
        return max(1, min(_MOST_TRIALS, int(aim / self._pace(study))))

    def _pace(self, study: Study) -> float:
        """Seconds per fit; studies that differ in numbers only share a pilot."""
        _, static = study.problem.split_settings(study.all_settings)
        mark = (id(study.problem), *static.items())
        if mark not in self.pace:
            held = _first_task(study).held
            seconds = seconds_per_fit(study.problem, study.all_settings, held)
            self.pace[mark] = max(seconds, 1e-9)
        return self.pace[mark]

    def _rounds(self, study: Study, batch: int) -> None:
        seed = self.campaign.seed if study.seed is None else study.seed
        places = self.places.get(study.name, [])
        rounds = study.method.rounds(study.problem, study.all_settings, seed, places)
        carrier = self._carrier(study)
        number, outcomes = 0, None
        try:
            while True:
                try:
                    tasks = next(rounds) if outcomes is None else rounds.send(outcomes)
                except StopIteration:
                    break
                outcomes = self._round(study, carrier, number, tasks, batch)
                number += 1
        finally:
            carrier.together.flush()
        self.ledger.end_rounds(study.name, number)

    def _carrier(self, study: Study) -> Carrier:
        usual = self.ledger.usual_seconds(study.name)
        if usual is None:
            # A search has no pilot: how long its trials take is learnt from the first ones.
            unknown = study.problem.resources.isolated or isinstance(study.problem, SearchProblem)
            usual = 0.0 if unknown else self._pace(study)
        checked = settled(self.ledger, study) if study.stop_early else lambda: None

        checked()  # an earlier run may have seen enough

        def kept(count: int) -> None:
            self._progressed(study, count)
            checked()

        return Carrier(
            self.ledger, study, self.crew.executor(study, usual), self.watch, kept, usual
        )

    def _round(
        self, study: Study, carrier: Carrier, number: int, tasks: list[Task], batch: int
    ) -> list[Outcome]:
        texts = [configuration(study, task) for task in tasks]
        keys = [key_of(text) for text in texts]
        unique = dict(zip(keys, tasks, strict=True))
        order = list(unique)
        unknown = [key for key in order if key not in self.outcomes]
        shared = self.ledger.store.shared
        unknown = [key for key in unknown if shared or key in self.earlier]
        self.outcomes |= self.ledger.finished(unknown, retry_failed=self.retry_failed)
        missing = {key for key in order if key not in self.outcomes}
        self.done += len(order) - len(missing)
        keyed = list(zip(tasks, keys, strict=True))
        written = {k: text for k, text in zip(keys, texts, strict=True) if k in missing}
        one = Round(number, keyed, written)
        if not (shared or self.retry_failed) and (carrier.quick or not missing):
            carrier.carry_out_quickly(one, {key: unique[key] for key in order if key in missing})
            self.outcomes |= carrier.outcomes
            return [self.outcomes[key] for key in keys]
        carrier.together.flush()
        self.ledger.write_rounds(study.name, [one], order if self.retry_failed else ())
        if missing:
            tried = missing if shared else missing & self.earlier
            self._isolate(study, carrier, sorted(tried))
            units = [
                [key for key in order[first : first + batch] if key in missing]
                for first in range(0, len(order), batch)
            ]
            carrier.carry_out(unique, [unit for unit in units if unit])
            self.outcomes |= carrier.outcomes
        return [self.outcomes[key] for key in keys]

    def _isolate(self, study: Study, carrier: Carrier, keys: Sequence[str]) -> None:
        """Give trials that went down with several processes a process of their own."""
        if self.crew.means.dask is not None:
            return  # a cluster's workers see to it
        tries = self.ledger.tries(keys) if keys else {}
        if any(endings.count("lost") >= _DANGEROUS for endings in tries.values()):
            carrier.executor = self.crew.isolated(study)

    def _progressed(self, study: Study, count: int) -> None:
        self.done += count
        self.watch.made += count
        place, of = self.place
        self.listener.progressed(
            Progress(
                study.name,
                place,
                of,
                self.done,
                self.watch.made,
                self.expected,
                self.watch.seconds - self.since,
            )
        )

    def _compare(self, study: Study) -> None:
        mark = canonical([study.fingerprint, plain_settings(study)])
        if mark not in self.compared:
            self.compared.add(mark)
            strange = compare(self.ledger, study)
            if strange:
                self.listener.warned(strange)


def _first_task(study: Study) -> Task:
    """The first trial that the study's method asks for."""
    return next(study.method.rounds(study.problem, study.all_settings, 0))[0]
