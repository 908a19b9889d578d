"""Carry a study out, round after round, each trial durable before it counts.

Its method is replayed from the beginning; trials that the ledger already holds are answered from
there, so a killed night goes on where its last committed unit ended, with the same units.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from daybreak.errors import DaybreakError, LedgerError, PlanError, ProblemError
from daybreak.ledger.claims import Round
from daybreak.ledger.states import AttemptState, EventKind, StudyState
from daybreak.ledger.store import Ledger
from daybreak.methods.solve import check_contract
from daybreak.plan import Study
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.problem.search import SearchProblem
from daybreak.runner.carry import Carrier
from daybreak.runner.crew import Crew
from daybreak.runner.identity import compare, identify, plain_settings
from daybreak.runner.limits import Watch
from daybreak.runner.listener import AbstractListener, Progress
from daybreak.runner.pace import Pace
from daybreak.runner.settled import Settled, settled

_DANGEROUS = 3
"""A trial lost with so many processes is carried out in one of its own.

A choice: three processes that went down with it are no accident of theirs.
"""


def check_study(study: Study) -> None:
    """Refuse a study whose problem breaks its contract, or that asks for what is not derived."""
    try:
        check_contract(study.problem, study.all_settings)
        study.check_derived(study.problem.derived_names(study.all_settings))
    except (ProblemError, PlanError) as error:
        msg = f"study {study.name!r}: {error}"
        raise type(error)(msg) from error


class Rounds:
    """The studies of one run, carried out one after the other.

    Parameters
    ----------
    ledger : Ledger
    listener : AbstractListener
    watch : Watch
    crew : Crew
    seed : int
        Of studies that have none of their own.
    retry_failed : bool
        Try failed trials again.
    """

    def __init__(
        self,
        ledger: Ledger,
        listener: AbstractListener,
        watch: Watch,
        crew: Crew,
        *,
        seed: int,
        retry_failed: bool,
    ) -> None:
        self.ledger = ledger
        self.listener = listener
        self.watch = watch
        self.crew = crew
        self.seed = seed
        self.retry_failed = retry_failed
        self.done = 0
        self.expected = 0
        self.place: tuple[int, int] = (0, 0)
        self.compared: set[str] = set()
        self.pace = Pace()
        self.places: dict[str, list[dict[str, float]]] = {}
        """Good places known before a study's first trial, by study."""
        self.refused: dict[str, str] = {}
        """Studies whose settings the model refuses, by name, with its words."""
        self.since = 0.0
        """Seconds of this run that were over when its trials began."""
        self.outcomes: dict[str, Outcome] = {}
        """Trials known to be finished, by key."""
        self.earlier: set[str] = set()
        """Trials of earlier runs; of a ledger in a file, which nobody else writes, all others."""

    def run(self, study: Study) -> None:
        """Carry a study out; it ends as finished or failed, and never ends the night."""
        self.ledger.begin_study(study.name)
        try:
            self._ask(study)
            self.compare(study)
            batch = self.ledger.batch(study.name, lambda: self.pace.batch(study))
            self._rounds(study, batch)
        except LedgerError:
            raise
        except Settled as early:
            self.ledger.set_state(study.name, StudyState.FINISHED, note=str(early))
        except Exception as error:  # noqa: BLE001 - a failed study never ends the night
            known = isinstance(error, DaybreakError)
            text = str(error) if known else f"{type(error).__name__}: {error}"
            self.ledger.set_state(study.name, StudyState.FAILED, text)
            self.ledger.note(EventKind.TRACEBACK, "".join(traceback.format_exception(error)))
        else:
            self.ledger.set_state(study.name, StudyState.FINISHED)

    def _ask(self, study: Study) -> None:
        """Refuse a study that cannot be asked, or whose settings the model refuses."""
        check_study(study)
        if study.name in self.refused:
            raise ProblemError(self.refused[study.name])

    def _rounds(self, study: Study, batch: int) -> None:
        seed = self.seed if study.seed is None else study.seed
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
            usual = 0.0 if unknown else self.pace.seconds(study)
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
        asked = [identify(study.problem, study.all_settings, task) for task in tasks]
        keys = [one.key for one in asked]
        unique = dict(zip(keys, tasks, strict=True))
        order = list(unique)
        unknown = [key for key in order if key not in self.outcomes]
        shared = self.ledger.store.shared
        unknown = [key for key in unknown if shared or key in self.earlier]
        self.outcomes |= self.ledger.finished(unknown, retry_failed=self.retry_failed)
        missing = {key for key in order if key not in self.outcomes}
        self.done += len(order) - len(missing)
        keyed = list(zip(tasks, keys, strict=True))
        one = Round(number, keyed, [each for each in asked if each.key in missing])
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
        if any(endings.count(AttemptState.LOST) >= _DANGEROUS for endings in tries.values()):
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

    def compare(self, study: Study) -> None:
        """Refuse a model that no longer gives the stored numbers; once for each model."""
        mark = canonical([study.fingerprint, plain_settings(study)])
        if mark not in self.compared:
            self.compared.add(mark)
            strange = compare(self.ledger, study)
            if strange:
                self.listener.warned(strange)
