"""Carry a round out: claim its trials, hand them to an executor, keep what comes back.

Several processes may carry the same round out on one ledger: each claims what is free, and takes
from the ledger what the others have made.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from daybreak.errors import LedgerError
from daybreak.ledger.claims import Artifact, Ended, Round, Span, now
from daybreak.ledger.states import AttemptState
from daybreak.ledger.store import Ledger
from daybreak.plan import Study
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.resources import Resources
from daybreak.problem.search import SearchProblem
from daybreak.problem.stop_reasons import StopReason
from daybreak.runner.executors import AbstractExecutor, InProcess
from daybreak.runner.limits import Interrupted, Watch
from daybreak.runner.recorder import Claimed, Recorder
from daybreak.runner.rooms import clear
from daybreak.runner.together import Together
from daybreak.runner.work import Result, Unit, failed

_POLL = 0.5
"""Seconds for which results are waited for before limits are looked at again.

A choice: a deadline or Ctrl-C is noticed as soon; looking costs next to nothing.
"""
_OTHERS = 1.0
"""Seconds between looks at what other processes have made.

A choice: each look is a query of a server that others wait for.
"""
_SUSPECT = 2
"""After so many workers lost under it, a trial is made in a process beside its worker.

One loss may be the machine's; a second is the trial's more likely than not.
"""
_LOST = 20
"""After so many, it is taken to be what kills them.

A choice, generous: clusters take workers away for reasons of their own.
"""
_QUICK, _TIMED = 0.02, 10
"""Seconds below which a trial is quick, and trials that must have been timed before it is.

A transaction takes some milliseconds: above 20 ms it is not worth losing trials for.
"""


class Carrier:
    """Carries rounds of one study out.

    Parameters
    ----------
    ledger : Ledger
    study : Study
    executor : AbstractExecutor
    watch : Watch
        Asked between units; may end the run.
    kept : callable
        Told how many trials have just become durable.
    seconds : float
        What a trial is expected to take, until some have been made.
    """

    def __init__(
        self,
        ledger: Ledger,
        study: Study,
        executor: AbstractExecutor,
        watch: Watch,
        kept: Callable[[int], None],
        seconds: float,
    ) -> None:
        self.ledger, self.study, self.executor, self.watch = ledger, study, executor, watch
        self.kept = kept
        self.home = ledger.place.resolve()
        self.spent, self.timed = seconds, 0
        """Seconds per trial, and how many were timed."""
        self.outcomes: dict[str, Outcome] = {}
        self._tasks: Mapping[str, Task] = {}
        self._units: deque[list[str]] = deque()
        self._in_hand: dict[int, Claimed] = {}
        self._elsewhere: list[str] = []
        self._looked = 0.0
        self._tries: dict[str, Counter[Ended]] = {}
        self._numbers = itertools.count()
        self.together = Together(ledger, study.name, self._settle)
        """Rounds that wait for a common transaction."""
        self._careful = ledger.has_lost_runs()

    def carry_out(self, tasks: Mapping[str, Task], units: Iterable[list[str]]) -> None:
        """Make every trial of `units`, lists of keys; `outcomes` has them afterwards."""
        self.together.flush()
        self.outcomes = {}
        self._tasks = tasks
        self._units = deque(units)
        try:
            while self._units or self._in_hand or self._elsewhere:
                self.watch.check()
                refusal = self._submit()
                self._wait(refusal)
                self._look_elsewhere()
        except BaseException:
            self.executor.cancel()
            with suppress(LedgerError):  # what cannot be given back is reclaimed later
                for one in self._in_hand.values():
                    self.ledger.release(one.tokens)
            self._in_hand.clear()
            raise

    @property
    def quick(self) -> bool:
        """Whether trials cost less than the transactions around them.

        Where a process has been killed each is claimed before it begins, so that one that takes
        its process with it is found out.
        """
        return (
            isinstance(self.executor, InProcess)
            and self.timed >= _TIMED
            and self.spent < _QUICK
            and not self.study.problem.resources.retries
            and not self.ledger.store.shared
            and not self._careful
        )

    def carry_out_quickly(self, one: Round, tasks: Mapping[str, Task]) -> None:
        """Make the trials of a round that are missing; it becomes durable with others."""
        self.outcomes = {}
        if tasks:
            self.watch.check()
            count = len(tasks) + len(self.together.made)
            refusal = self.watch.refusal(count, self.spent * len(tasks))
            if refusal:
                raise Interrupted(refusal)
            self.executor.submit(self._unit(list(tasks.values())))
        results = self.executor.completed(0.0) if tasks else []
        for result in results:
            self.outcomes |= zip(tasks, result.outcomes, strict=True)
            self._time(result.seconds, len(tasks))
        self.together.add(one, self.outcomes, results)

    def _unit(
        self,
        tasks: Sequence[Task],
        resources: Resources | None = None,
        hook: Recorder | None = None,
    ) -> Unit:
        study = self.study
        return Unit(
            next(self._numbers),
            study.problem,
            study.all_settings,
            tuple(tasks),
            resources or study.problem.resources,
            hook,
            self.home,
        )

    def _settle(self, made: Mapping[str, Outcome]) -> None:
        """Results are durable: leave their directories, and count them."""
        if isinstance(self.study.problem, SearchProblem):
            for key, outcome in made.items():
                clear(self.home, key, outcome)
        self.kept(len(made))

    def _wait(self, refusal: str) -> None:
        """Wait for results; with nothing in hand and no time for more, the run ends."""
        if self._in_hand:
            for result in self.executor.completed(_POLL):
                self._keep(result)
        elif refusal:
            raise Interrupted(refusal)
        elif self._elsewhere:
            time.sleep(_POLL)

    def _submit(self) -> str:
        """Hand out units as long as there is room and time; returns why one must not begin."""
        while self._units and len(self._in_hand) < self.executor.capacity:
            under_way = sum(len(one.tokens) for one in self._in_hand.values())
            count = len(self._units[0])
            refusal = self.watch.refusal(under_way + count, self.spent * count)
            if refusal:
                return refusal
            keys = self._units.popleft()
            tokens = self.ledger.claim(keys)
            self._elsewhere += [key for key in keys if key not in tokens]
            if tokens:
                self._hand_over({key: tokens[key] for key in keys if key in tokens})
        return ""

    def _hand_over(self, tokens: Mapping[str, int]) -> None:
        self._tries |= {key: Counter() for key, token in tokens.items() if token == 1}
        mine = Claimed(tokens, now(), {key: self._retried(key) for key in tokens})
        server = self.ledger.server
        hook = Recorder(server, str(self.ledger.place), mine) if server else None
        resources = self.study.problem.resources
        if any(self._earlier(key)[AttemptState.LOST] >= _SUSPECT for key in tokens):
            resources = dataclasses.replace(resources, isolate=True)
        unit = self._unit([self._tasks[key] for key in tokens], resources, hook)
        self._in_hand[unit.number] = mine
        self.executor.submit(unit)

    def _keep(self, result: Result) -> None:
        """Make a result durable, then count it."""
        mine = self._in_hand[result.number]
        if result.lost:
            self._give_back(mine)
            del self._in_hand[result.number]
            return
        made, again = mine.made(result.outcomes), mine.again(result.outcomes)
        span = mine.span(result.seconds, result.memory_mib, result.where)
        printed = list(_printed(result, next(iter(mine.tokens))))
        self.ledger.record(mine.tokens, made, span, again, printed)
        del self._in_hand[result.number]
        final = {key: outcome for key, outcome in made if key not in again}
        for key, outcome in made:
            if key in again:
                self._earlier(key)[outcome.reason] += 1
                self._units.append([key])
        self.outcomes |= final
        self._time(result.seconds, len(made))
        self._settle(final)

    def _time(self, seconds: float, trials: int) -> None:
        """What a trial takes is the mean of what was seen, the newest counting most."""
        # A mean of everything at first; later the last three calls or so decide.
        weight = max(0.3, trials / (self.timed + trials))
        self.spent += weight * (seconds / trials - self.spent)
        self.timed += trials

    def _give_back(self, lost: Claimed) -> None:
        """Trials whose worker went away are free again, unless they are what kills workers."""
        self.ledger.release(lost.tokens, AttemptState.LOST)
        for key in lost.tokens:
            self._earlier(key)[AttemptState.LOST] += 1
            if self._tries[key][AttemptState.LOST] < _LOST:
                self._units.append([key])
                continue
            token = self.ledger.claim([key])
            outcome = failed(
                self.study.problem,
                self._tasks[key],
                StopReason.CRASHED,
                f"{_LOST} workers went away while they were on it",
            )
            moment = now()
            self.ledger.record(token, [(key, outcome)], Span(moment, moment, 0.0, 0.0, 0.0))
            self.outcomes[key] = outcome
            self.kept(1)

    def _retried(self, key: str) -> frozenset[StopReason]:
        """Reasons of failure after which a trial is tried once more."""
        resources = self.study.problem.resources
        if not resources.retries:
            return frozenset()
        tries = self._earlier(key)
        return frozenset(r for r in StopReason if tries[r] < resources.retries_after(r))

    def _earlier(self, key: str) -> Counter[Ended]:
        if key not in self._tries:
            self._tries[key] = Counter(self.ledger.tries([key]).get(key, []))
        return self._tries[key]

    def _look_elsewhere(self) -> None:
        """Take what other processes have made, and what they have left."""
        if not self._elsewhere or time.monotonic() - self._looked < _OTHERS:
            return
        self._looked = time.monotonic()
        found = self.ledger.finished(self._elsewhere)
        self.outcomes |= found
        self.kept(0)
        left = [key for key in self._elsewhere if key not in found]
        self.ledger.bury_dead()
        free = self.ledger.waiting(left)
        self._elsewhere = [key for key in left if key not in set(free)]
        self._units.extend([key] for key in free)


def _printed(result: Result, key: str) -> Iterable[Artifact]:
    """What the unit's process printed, as artifacts of its first trial."""
    for name, text in (("stdout", result.output), ("stderr", result.errors)):
        if text:
            yield Artifact(key, name, "text", text)
