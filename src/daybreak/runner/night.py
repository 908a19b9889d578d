"""Run a campaign: study after study, round after round, batch after batch, each one durable.

A study's method is replayed from its beginning; trials that the ledger already holds are answered
from there, so a killed night goes on where its last committed batch ended, with the same batches.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import resource
import time
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from daybreak.decision import decide
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.errors import (
    ChangedModelError,
    DaybreakError,
    LedgerError,
    PlanError,
    ProblemError,
)
from daybreak.findings import Preflight
from daybreak.ledger.lock import Lock
from daybreak.ledger.store import LOCK, Ledger, Span, archive, now, prepare
from daybreak.methods.solve import check_contract, compiling, seconds_per_fit, solve
from daybreak.plan import Campaign, Study
from daybreak.preflight.run import preflight
from daybreak.problem.outcomes import Outcome, Task, canonical, digest
from daybreak.problem.precision import double_precision
from daybreak.problem.search import SearchProblem
from daybreak.runner.listener import AbstractListener, Progress
from daybreak.runner.provenance import provenance
from daybreak.verdict import read_study

_BATCH_SECONDS = 20.0
"""What a batch should take at most by the pilot's estimate; a kill loses no more than a batch."""
_MOST_TRIALS = 4096


class Interrupted(BaseException):
    """Raised between iterations when the run must end; the batch in hand is abandoned."""


FINISHED = "finished"
HOPELESS = "stopped as hopeless"


def run_night(
    campaign: Campaign,
    directory: Path,
    listener: AbstractListener,
    *,
    fresh: bool = False,
    until: datetime | None = None,
    retry_failed: bool = False,
    anyway: bool = False,
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
    until : datetime, optional
        Stop at this moment.
    retry_failed : bool
        Try failed trials again.
    anyway : bool
        Run although preflight finds the night out of reach.

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
    with Lock(directory / LOCK):
        if fresh:
            archive(directory)
        ledger = Ledger(directory, write=True)
        try:
            night = _Night(
                campaign, ledger, listener, until=until, retry_failed=retry_failed, anyway=anyway
            )
            return night.run(studies)
        finally:
            ledger.close()


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
        self, campaign: Campaign, ledger: Ledger, listener: AbstractListener, *,
        until: datetime | None, retry_failed: bool, anyway: bool,
    ) -> None:  # fmt: skip
        self.campaign = campaign
        self.ledger = ledger
        self.listener = listener
        self.until = until
        self.retry_failed = retry_failed
        self.anyway = anyway or campaign.anyway
        self.begun = time.perf_counter()
        self.done = 0
        self.made = 0
        self.expected = 0
        self.place = (0, 0)
        self.compared: set[str] = set()
        self.pace: dict[tuple[object, ...], float] = {}
        """Seconds per fit by problem and static settings."""
        self.places: dict[str, list[dict[str, float]]] = {}
        """Good places that the preflight found, by study."""
        self.outcomes: dict[str, Outcome] = {}
        """Trials known to be finished, by key."""

    def run(self, studies: list[Study]) -> str:
        """All studies, the decision, its follow-ups."""
        with double_precision():
            _refuse_lookalikes(studies)
            for study in studies:  # before anything is written
                self._compare(study)
        self.ledger.begin_run(provenance())
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
            ending = f"interrupted: {str(stop) or 'stopped by Ctrl-C'}"
        except BaseException as error:
            self.ledger.end_run(f"error: {type(error).__name__}: {error}")
            raise
        self.ledger.end_run(ending)
        self.listener.ended(ending)
        return ending

    def _write(self, studies: Sequence[Study], follows: str | None) -> None:
        if follows is None:
            self.ledger.write_campaign(self.campaign.describe())
        rows = [
            {
                "name": study.name, "fingerprint": study.fingerprint,
                "problem": study.problem.describe(), "body": study.describe(),
                "criteria": [criterion.describe() for criterion in study.accept],
            }
            for study in studies
        ]  # fmt: skip
        self.ledger.write_studies(rows, follows=follows)
        self.expected += sum(s.method.expected_trials(s.problem) for s in studies)

    def _preflight(self, studies: Sequence[Study]) -> Preflight:
        """What can be known before the night; made once for a plan, then read from the ledger."""
        plan = digest(
            [
                [study.name, study.fingerprint, study.describe(),
                 [criterion.describe() for criterion in study.accept]]
                for study in studies
            ]
        )  # fmt: skip
        found, started = self.ledger.preflight(plan), self.ledger.has_trials()
        if found is None or (found.hopeless and not started):
            first = studies[0]
            with compiling(first.problem, first.all_settings, _first_task(first).held):
                found = preflight(self.campaign)
            self.ledger.write_preflight(plan, found)
            self.listener.preflighted(found)
        for one in found.studies:
            places = [reach.best for reach in one.reachability if reach.best]
            places = [place for i, place in enumerate(places) if place not in places[:i]]
            self.places[one.study] = self.ledger.places(one.study, places)
        self._compare_deadline(found)
        return found

    def _compare_deadline(self, found: Preflight) -> None:
        """Say what fits before the deadline, when not everything does."""
        if self.until is None:
            return
        left = (self.until - datetime.now(self.until.tzinfo)).total_seconds()
        lengths = [one.forecast.seconds if one.forecast else 0.0 for one in found.studies]
        fitting = sum(total <= left for total in itertools.accumulate(lengths))
        if fitting < len(lengths):
            self.listener.warned(
                f"the deadline leaves {left:.0f} s, but {sum(lengths):.0f} s are forecast: about "
                f"{fitting} of {len(lengths)} studies will be done by {self.until:%H:%M}; the "
                "same command goes on later."
            )

    def _run_all(self, studies: Sequence[Study]) -> list[StudyReading]:
        readings: list[StudyReading] = []
        for number, study in enumerate(studies, start=1):
            self.place = (number, len(studies))
            self._run_study(study)
            record = self.ledger.read_study(study.name)
            reading = read_study(record)
            sha = digest([criterion.describe() for criterion in study.accept])
            body = [finding.model_dump() for finding in reading.findings]
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
        self.ledger.set_state(study.name, "running")
        try:
            _check_contract(study)
            self._compare(study)
            batch = self.ledger.batch(study.name, lambda: self._batch_size(study))
            self._rounds(study, batch)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - a failed study never ends the night
            known = isinstance(error, DaybreakError)
            text = str(error) if known else f"{type(error).__name__}: {error}"
            self.ledger.set_state(study.name, "failed", text)
            self.ledger.note("traceback", "".join(traceback.format_exception(error)))
        else:
            self.ledger.set_state(study.name, "finished")

    def _batch_size(self, study: Study) -> int:
        """How many trials take about 20 s; studies that differ in numbers only share a pilot."""
        first = _first_task(study)
        if first.kind == "evolve":
            return 1
        _, static = study.problem.split_settings(study.all_settings)
        mark = (id(study.problem), *static.items())
        if mark not in self.pace:
            seconds = seconds_per_fit(study.problem, study.all_settings, first.held)
            self.pace[mark] = max(seconds, 1e-9)
        return max(1, min(_MOST_TRIALS, int(_BATCH_SECONDS / self.pace[mark])))

    def _rounds(self, study: Study, batch: int) -> None:
        seed = self.campaign.seed if study.seed is None else study.seed
        places = self.places.get(study.name, [])
        rounds = study.method.rounds(study.problem, study.all_settings, seed, places)
        number, outcomes = 0, None
        while True:
            try:
                tasks = next(rounds) if outcomes is None else rounds.send(outcomes)
            except StopIteration:
                break
            outcomes = self._round(study, number, tasks, batch)
            number += 1
        self.ledger.end_rounds(study.name, number)

    def _round(self, study: Study, number: int, tasks: list[Task], batch: int) -> list[Outcome]:
        texts = [configuration(study, task) for task in tasks]
        keys = [digest_text(text) for text in texts]
        keyed = list(zip(tasks, keys, strict=True))
        unknown = [key for key in keys if key not in self.outcomes]
        self.outcomes |= self.ledger.finished(unknown, retry_failed=self.retry_failed)
        unique = dict(zip(keys, zip(tasks, texts, strict=True), strict=True))
        order = list(unique)
        self.done += len(order)
        fresh = [key for key in order if key not in self.outcomes]
        self.done -= len(fresh)
        for first in range(0, len(order), batch):
            todo = [key for key in order[first : first + batch] if key not in self.outcomes]
            if todo:
                self._batch(study, number, keyed, {key: unique[key] for key in todo})
        if not fresh:
            self.ledger.record(study.name, number, keyed, [], _span(now(), 0.0))
        return [self.outcomes[key] for key in keys]

    def _batch(
        self, study: Study, number: int, keyed: list[tuple[Task, str]],
        todo: dict[str, tuple[Task, str]],
    ) -> None:  # fmt: skip
        self._checkpoint()
        started, clock = now(), time.perf_counter()
        tasks = [task for task, _ in todo.values()]
        found = solve(study.problem, study.all_settings, tasks, self._checkpoint)
        seconds = time.perf_counter() - clock
        made = [(k, text, o) for (k, (_, text)), o in zip(todo.items(), found, strict=True)]
        self.ledger.record(study.name, number, keyed, made, _span(started, seconds))
        self.outcomes |= {key: outcome for key, _, outcome in made}
        self.done += len(made)
        self.made += len(made)
        spent = time.perf_counter() - self.begun
        place, of = self.place
        self.listener.progressed(
            Progress(study.name, place, of, self.done, self.made, self.expected, spent)
        )

    def _checkpoint(self) -> None:
        if self.until is not None and datetime.now(self.until.tzinfo) >= self.until:
            msg = f"the deadline {self.until:%H:%M} was reached"
            raise Interrupted(msg)

    def _compare(self, study: Study) -> None:
        """Re-evaluate a stored trial, to see that this is still the problem the ledger knows."""
        mark = canonical([study.fingerprint, study.all_settings])
        stored = self.ledger.stored_evaluation(study.fingerprint, _plain_settings(study))
        if mark in self.compared or stored is None:
            return
        self.compared.add(mark)
        _, old = stored
        task = Task("evaluate", old.parameters)
        new = solve(study.problem, study.all_settings, [task])[0]
        difference = _difference(study, old, new)
        if difference:
            msg = (
                f"predict no longer gives the numbers the ledger holds: in study {study.name!r} "
                f"at {old.parameters}, {difference}. Nothing was changed. Restore the model to "
                "continue, start anew with --fresh (the old results are archived), or give the "
                "new model a `name=` of its own to keep both."
            )
            raise ChangedModelError(msg)


def _span(started: str, seconds: float) -> Span:
    """When a batch ran, with the load and memory at its end."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Span(started, now(), seconds, os.getloadavg()[0], memory)


def _refuse_lookalikes(studies: Sequence[Study]) -> None:
    """Refuse two problems that are declared alike and predict differently."""
    first: dict[str, Study] = {}
    for study in studies:
        mark = canonical([study.fingerprint, _plain_settings(study)])
        other = first.setdefault(mark, study)
        if other.problem is study.problem:
            continue
        if isinstance(study.problem, SearchProblem) or isinstance(other.problem, SearchProblem):
            _refuse_searches_alike(other, study)
            continue
        if other.fit.predict is study.fit.predict:
            continue
        names = study.problem.space.names
        places = [
            Task("evaluate", dict(zip(names, row, strict=True)))
            for row in study.fit.probes()[1:4].tolist()
        ]
        one, two = (solve(s.problem, s.all_settings, places) for s in (other, study))
        told = (_difference(study, a, b) for a, b in zip(one, two, strict=True))
        difference = next((text for text in told if text), "")
        if difference:
            msg = (
                f"studies {other.name!r} and {study.name!r} have the same parameters and data but "
                f"different models ({difference}): give each FitProblem a `name=` of its own."
            )
            raise PlanError(msg)


def _refuse_searches_alike(one: Study, two: Study) -> None:
    """Refuse two searches that the ledger could not tell apart; evaluating may take hours."""
    first, second = one.problem, two.problem
    alike = isinstance(first, SearchProblem) and isinstance(second, SearchProblem)
    if alike and first.evaluate != second.evaluate:
        msg = (
            f"studies {one.name!r} and {two.name!r} have the same objectives and settings but "
            "different `evaluate`: give each SearchProblem a `name=` of its own."
        )
        raise PlanError(msg)


def _first_task(study: Study) -> Task:
    """The first trial that the study's method asks for."""
    return next(study.method.rounds(study.problem, study.all_settings, 0))[0]


def _plain_settings(study: Study) -> dict[str, object]:
    """Settings as trials record them: numbers as float, unless static."""
    traced, static = study.problem.split_settings(study.all_settings)
    return {**static, **traced}


def configuration(study: Study, task: Task) -> str:
    """Everything that determines a trial's outcome, code aside, as canonical text."""
    where: dict[str, object] = {
        "problem": study.fingerprint,
        "settings": _plain_settings(study),
    }
    if task.kind == "evaluate":  # a quantity that is derived from now on is worth a new look
        where["derived"] = study.problem.derived_names(study.all_settings)
    return canonical({**where, **task.identity()})


def digest_text(text: str) -> str:
    """A trial's key: the hash of its configuration."""
    return hashlib.sha256(text.encode()).hexdigest()


def _difference(study: Study, old: Outcome, new: Outcome) -> str:
    """What changed between two evaluations of one point, in words; empty when nothing did."""
    if new.chi2 is None or old.chi2 is None:
        return "the prediction is not finite any more" if new.chi2 is None else ""
    names = study.fit.data.names
    if old.details:
        rows = [
            *zip(names, old.details["predictions"], new.details["predictions"], strict=True),
            *(
                (name, was, new.details["derived"][name])
                for name, was in old.details["derived"].items()
                if name in new.details["derived"]
            ),
        ]
    else:
        rows = [("chi2", old.chi2, new.chi2)]
    for name, was, is_now in rows:
        if abs(was - is_now) > 1e-9 * max(abs(was), abs(is_now), 1e-300):
            return f"{name!r} was {was!r} and is now {is_now!r}"
    return ""
