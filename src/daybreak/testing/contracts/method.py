"""What every method keeps to: a pure plan, whose trials say what they are."""

from __future__ import annotations

import contextlib
import json
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

import numpy as np
import sqlalchemy as sa

from daybreak.criteria import VERDICTS, Criterion
from daybreak.errors import PlanError, ProblemError
from daybreak.ledger import schema
from daybreak.ledger.states import StudyState
from daybreak.ledger.store import Ledger
from daybreak.methods.method import AbstractMethod, Problem
from daybreak.methods.solve import solve
from daybreak.night import run
from daybreak.plan import Campaign, Study
from daybreak.problem.fit import FitProblem
from daybreak.problem.kinds import Kind, Question, Role
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.origins import Origin
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.problem.precision import double_precision
from daybreak.problem.stop_reasons import StopReason
from daybreak.runner.work import failed
from daybreak.testing.contracts.asked import bowl, decay

Stored = dict[str, Outcome]
"""Outcomes by the identity of their trial, as canonical text."""
Round = tuple[list[Task], list[Outcome]]
Answers = Callable[[Problem, Mapping[str, Any], Sequence[Task]], list[Outcome]]

_PLAYED: WeakKeyDictionary[type[MethodContract], tuple[list[Round], Stored]] = WeakKeyDictionary()
_SEED = 3
_MOST = 10_000
"""Rounds after which a method is taken to have no end; a choice, far above any of ours."""


class MethodContract(ABC):
    """The laws of a method."""

    @abstractmethod
    def make(self) -> AbstractMethod[Any]:
        """The method, with options that make it short; an equal one every time."""

    def problem(self) -> Problem:
        """What it is asked: a decay of ``amplitude`` and ``rate``, or a search for an ``x``."""
        return decay() if self.make().treats is Question.FIT else bowl()

    def refused(self) -> Sequence[AbstractMethod[Any]]:
        """Methods of this kind that the problem must refuse, e.g. one that names no parameter."""
        return ()

    def play(self, stored: Stored, answers: Answers = solve) -> list[Round]:
        """Carry it out in memory; what is `stored` is not made again, what is made is stored."""
        method, problem = self.make(), self.problem()
        settings = problem.resolve({})
        rounds = method.rounds(problem, settings, _SEED)
        played: list[Round] = []
        outcomes: list[Outcome] | None = None
        while len(played) < _MOST:
            try:
                tasks = next(rounds) if outcomes is None else rounds.send(outcomes)
            except StopIteration:
                return played
            keys = [canonical(task.identity()) for task in tasks]
            new = {k: t for k, t in zip(keys, tasks, strict=True) if k not in stored}
            with double_precision():
                made = answers(problem, settings, list(new.values()))
            stored |= zip(new, map(_as_kept, made), strict=True)
            outcomes = [stored[key] for key in keys]
            played.append((tasks, outcomes))
        msg = f"the method still asks after {_MOST} rounds"
        raise AssertionError(msg)

    def played(self) -> tuple[list[Round], Stored]:
        """The whole of it and its outcomes, made once for all laws that look at it."""
        if type(self) not in _PLAYED:
            stored: Stored = {}
            _PLAYED[type(self)] = self.play(stored), stored
        return _PLAYED[type(self)]

    # -- a pure function of what it is sent ----------------------------------------------------

    def test_replayed_it_asks_for_the_same(self) -> None:
        """Played again over stored outcomes it asks for the same trials, for the same reasons."""
        first, stored = self.played()

        assert _asked(self.play(dict(stored), _nothing_new)) == _asked(first)

    def test_stopped_anywhere_it_goes_on(self) -> None:
        """Stopped after its first trial, half-way or before its last, it ends as if never so."""
        whole, stored = self.played()
        for count in sorted({1, len(stored) // 2, len(stored) - 1}):
            again = self.play(dict(islice(stored.items(), count)))

            assert _asked(again) == _asked(whole)
            assert _answered(again) == _answered(whole)

    def test_nothing_else_is_read_or_moved(self, tmp_path: Path) -> None:
        """Another clock, directory or state of global random numbers changes nothing it asks for.

        It draws no global random number and leaves no file.
        """
        first, stored = self.played()
        clocks = ("time.time", "time.monotonic", "time.perf_counter")
        for seed in (1, 2):
            _scatter(seed)
            untouched = _drawn()
            _scatter(seed)
            with contextlib.ExitStack() as elsewhere:
                elsewhere.enter_context(contextlib.chdir(tmp_path))
                for clock in clocks:
                    elsewhere.enter_context(mock.patch(clock, return_value=1e9 * seed))
                again = self.play(dict(stored), _nothing_new)

            assert _asked(again) == _asked(first)
            assert _drawn() == untouched
        assert not list(tmp_path.iterdir())

    # -- what it says of itself ----------------------------------------------------------------

    def test_its_description_is_plain_data(self) -> None:
        """Its options are JSON, name the method, and are those of an equal method."""
        described = self.make().describe()

        assert described["method"]
        assert canonical(json.loads(canonical(described))) == canonical(described)
        assert canonical(self.make().describe()) == canonical(described)

    def test_it_words_itself(self) -> None:
        """Its words and facts are there, and come back from the ledger as they were."""
        method, problem = self.make(), self.problem()
        facts = method.facts(problem)

        assert method.in_words()
        assert facts.in_words
        assert facts.by
        assert MethodFacts.load(json.loads(canonical(facts.dump()))) == facts

    def test_it_foretells_some_trials(self) -> None:
        """The number of trials that it expects is whole and positive."""
        expected = self.make().expected_trials(self.problem())

        assert expected == int(expected) >= 1

    def test_it_takes_its_problem_and_refuses_others(self) -> None:
        """Its own problem passes its check; what cannot be treated is a sentence beforehand."""
        self.make().check(self.problem())
        for method in self.refused():
            try:
                method.check(self.problem())
            except (PlanError, ProblemError) as refusal:
                assert str(refusal)  # noqa: PT017 - without pytest.raises
                continue
            msg = f"{method} was not refused"
            raise AssertionError(msg)

    # -- its trials ----------------------------------------------------------------------------

    def test_every_trial_says_what_it_is(self) -> None:
        """Every trial has a kind with a role, an origin, and an identity that can be kept."""
        for task in self._tasks():
            assert isinstance(task.kind, Kind)
            assert isinstance(task.kind.role, Role)
            assert isinstance(task.origin, Origin)
            assert str(task.origin)
            assert len(task.of) == len(task.point)
            assert json.loads(canonical(task.identity()))["kind"] == task.kind.word

    def test_every_trial_lies_in_the_space(self) -> None:
        """What is held is there, a start is inside the unit box of the rest, or it is allowed."""
        problem = self.problem()
        for task in self._tasks():
            if not isinstance(problem, FitProblem):
                assert not task.configuration or problem.check(task.configuration, "it")
                continue
            assert set(task.held) <= set(problem.space.names)
            if task.start is not None:
                assert len(task.start) == len(problem.space.free(tuple(task.held)))
                assert all(0.0 <= u <= 1.0 for u in task.start)

    def test_one_identity_is_one_trial(self) -> None:
        """Trials of one identity are carried out alike, and others have another identity."""
        content: dict[str, str] = {}
        for task in self._tasks():
            how = None if task.solver is None else task.solver.options()
            what = [task.kind.word, task.held, task.start, task.options, task.seed, how]
            told = canonical([*what, task.configuration])

            assert content.setdefault(canonical(task.identity()), told) == told
        assert len(set(content.values())) == len(content)

    def test_what_carries_a_trial_out_is_in_its_options(self) -> None:
        """The options of a trial's solver are among its own, so that a record can repeat it."""
        for task in self._tasks():
            if task.solver is not None:
                assert dict(task.options) | task.solver.options() == dict(task.options)

    def test_every_end_is_a_place_with_a_chi2_or_a_failure(self) -> None:
        """An end lies in the box and has a finite chi2, or has failed and has none."""
        problem = self.problem()
        for tasks, outcomes in self.played()[0]:
            for task, outcome in zip(tasks, outcomes, strict=True):
                if not (isinstance(problem, FitProblem) and task.kind.role.is_end):
                    continue
                assert outcome.failed == (outcome.chi2 is None)
                assert outcome.chi2 is None or math.isfinite(outcome.chi2)
                assert all(0.0 <= u <= 1.0 for u in outcome.u)
                assert set(outcome.parameters) == set(problem.space.names)

    # -- whatever happens ----------------------------------------------------------------------

    def test_it_ends_though_everything_fails(self) -> None:
        """If every trial raises, it comes to an end and raises nothing."""
        self.play({}, _all_raise)

    def test_it_ends_though_much_fails(self) -> None:
        """If every other trial raises, it comes to an end and raises nothing."""
        count = 0

        def answers(
            problem: Problem, settings: Mapping[str, Any], tasks: Sequence[Task]
        ) -> list[Outcome]:
            nonlocal count
            made = solve(problem, settings, tasks)
            for i, task in enumerate(tasks):
                count += 1
                made[i] = _raised(problem, task) if count % 2 else made[i]
            return made

        self.play({}, answers)

    def test_a_night_ends_with_a_verdict_and_is_not_repeated(self, tmp_path: Path) -> None:
        """A study with it runs to a verdict about a number; run again, it makes no trial."""
        problem = self.problem()
        quantity = "chi2" if isinstance(problem, FitProblem) else problem.goals[0].name
        study = Study("contract", problem, self.make(), [Criterion(quantity, below=1e9)])
        night, attempts = tmp_path / "night", list[int]()
        with (tmp_path / "said").open("w") as screen:
            for _ in range(2):
                found = run(Campaign("contract", [study]), night, budget=0.0, progress=screen)
                attempts.append(_attempts(night))

                assert found["contract"].state == StudyState.FINISHED
                assert found.verdict in VERDICTS
                assert found["contract"].outcomes[0].value is not None
                assert found.report.is_file()
        assert attempts[0] == attempts[1] > 0

    def _tasks(self) -> list[Task]:
        return [task for tasks, _ in self.played()[0] for task in tasks]


def _as_kept(outcome: Outcome) -> Outcome:
    """An outcome as the ledger gives it back."""
    return Outcome.load(json.loads(canonical(outcome.dump())))


def _asked(played: Sequence[Round]) -> list[list[str]]:
    """What each round asked for, and why."""
    return [
        [
            canonical([task.identity(), str(task.origin), task.of, task.point, task.grid])
            for task in tasks
        ]
        for tasks, _ in played
    ]


def _answered(played: Sequence[Round]) -> list[list[str]]:
    return [[canonical(outcome.dump()) for outcome in outcomes] for _, outcomes in played]


def _nothing_new(_: Problem, __: Mapping[str, Any], tasks: Sequence[Task]) -> list[Outcome]:
    assert not tasks, f"asked for what it did not ask for before: {tasks}"
    return []


def _raised(problem: Problem, task: Task) -> Outcome:
    return failed(problem, task, StopReason.RAISED, "ValueError: as agreed")


def _all_raise(problem: Problem, _: Mapping[str, Any], tasks: Sequence[Task]) -> list[Outcome]:
    return [_raised(problem, task) for task in tasks]


def _scatter(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global state is what is tested


def _drawn() -> tuple[float, float]:
    return random.random(), float(np.random.random())  # noqa: NPY002, S311 - as above


def _attempts(night: Path) -> int:
    """How many attempts at trials were made."""
    count = sa.select(sa.func.count()).select_from(schema.attempts)
    with contextlib.closing(Ledger(night)) as ledger:
        return ledger.store.read(lambda c: c.execute(count).scalar_one())
