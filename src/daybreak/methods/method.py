"""What every method is: a plan that asks for trials, round after round."""

from __future__ import annotations

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from daybreak.errors import PlanError
from daybreak.plugins import below
from daybreak.problem.ends import basins, units
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.kinds import EVALUATE, Question
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.outcomes import Outcome, Task, canonical
from daybreak.problem.search import SearchProblem

Problem = FitProblem | SearchProblem
Asked = TypeVar("Asked", FitProblem, SearchProblem)
"""The kind of problem that a method treats."""

Rounds = Generator[list[Task], list[Outcome], None]
"""Yields the trials of a round and is sent their outcomes, in order."""

Places = Sequence[Mapping[str, Any]]
"""Values of the free parameters by name, in their units; of a search earlier trials."""

EVALUATED_HITS = 4
"""How many of the fits that found the best minimum are evaluated in full.

A choice: whether predictions of the same minimum agree shows in a few.
"""


class AbstractMethod(ABC, Generic[Asked]):
    """The plan that proposes trials.

    A method is a pure function of problem, settings, seed and the outcomes it is sent, so that
    replaying it over stored outcomes continues exactly where a killed night stopped.

    Attributes
    ----------
    treats : Question
        Whether it fits data or searches configurations.
    """

    treats: ClassVar[Question] = Question.FIT

    @abstractmethod
    def rounds(
        self, problem: Asked, settings: Mapping[str, Setting], seed: int, places: Places = ()
    ) -> Rounds:
        """Ask for trials, round after round, until nothing more is worth trying.

        `places` are good ones found before the night, by parameter: starts beside the method's
        own.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The method's options as plain data for the ledger."""

    @abstractmethod
    def expected_trials(self, problem: Asked) -> int:
        """Roughly how many trials the plan will ask for, for progress and forecasts."""

    @abstractmethod
    def in_words(self) -> str:
        """What the method does, e.g. ``profile of k, 41 points, 4 starts each``."""

    def facts(self, problem: Asked) -> MethodFacts:
        """What the readers of its records want to know; kept in the ledger with the study."""
        return MethodFacts(self.in_words(), self.by, self.interest(problem))

    @property
    def by(self) -> str:
        """Who reads and carries out its trials."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    @property
    def by_evaluation(self) -> bool:
        """Whether each trial is one evaluation of the model, for forecasts."""
        return False

    def interest(self, problem: Asked) -> tuple[str, ...]:
        """Parameters whose profile the method makes; none, unless it says so."""
        return ()

    def check(self, problem: Asked) -> None:
        """Refuse a problem this method cannot treat; any will do, unless it says otherwise.

        Raises
        ------
        PlanError, ProblemError
            Naming what does not fit.
        """


def methods_for(question: Question) -> list[str]:
    """Public names of Daybreak's own methods that treat a question, e.g. ``dk.Search``."""
    here = __name__.rpartition(".")[0]
    concrete = (one for one in below(AbstractMethod, here) if not inspect.isabstract(one))
    ours = (one for one in concrete if one.__module__.startswith(here))
    return sorted(f"dk.{one.__name__}" for one in ours if one.treats is question)


def seed_of(seed: int, *what: Any) -> int:
    """A seed that is a function of the campaign's seed and of what it is for."""
    return int.from_bytes(hashlib.sha256(canonical([seed, *what]).encode()).digest()[:8], "big")


def starts_of(
    problem: FitProblem, free: Sequence[str], count: int, seed: int
) -> list[tuple[float, ...]]:
    """Unit coordinates of `count` starts: the guess if one is declared, the rest uniform.

    More starts continue the same sequence.
    """
    box = problem.space.subspace(free)
    u = np.random.default_rng(seed).uniform(size=(count, len(free)))
    guesses = [parameter.guess for parameter in box.parameters]
    if count and any(guess is not None for guess in guesses):
        u[0] = [
            0.5 if guess is None else parameter.unit_from(guess)
            for guess, parameter in zip(guesses, box.parameters, strict=True)
        ]
    if problem.rooms:
        u = np.array([_kept(problem, free, row, [seed, i]) for i, row in enumerate(u)])
        u = u.reshape(count, len(free))
    return [tuple(row) for row in u.tolist()]


_TRIES = 200
"""Places drawn for a start that keeps all constraints, before it is taken as it is.

A region of 1.5 % of the box is then missed by one start in twenty.
"""


def _kept(problem: FitProblem, free: Sequence[str], row: Any, seed: list[int]) -> Any:
    """A start that keeps the constraints: itself, or another uniform place that does.

    The room it leaves is written down beside it.  Constraints about what is held elsewhere are
    left to the fit.
    """
    box, rng = problem.space.subspace(free), np.random.default_rng(seed)
    rooms = {n: room for n, room in problem.rooms.items() if set(room.names()) <= set(free)}
    for _ in range(_TRIES):
        p = SimpleNamespace(**dict(zip(free, np.asarray(box.from_unit(row)), strict=True)))
        left = {name: float(room(p, None)) for name, room in rooms.items()}
        if all(value >= 0.0 for value in left.values()):
            for name, value in left.items():
                if name in free:
                    row[list(free).index(name)] = problem.space[name].unit_from(value)
            break
        row = rng.uniform(size=len(free))
    return row


def evaluations(outcomes: Sequence[Outcome], **interest: Any) -> list[Task]:
    """Trials that record everything at the best end and at the fits that agree with it.

    `interest` is `of`, `point` and `grid` of the profile they belong to, if any.
    """
    usable = [o for o in outcomes if o.chi2 is not None]
    if not usable:
        return []
    found = basins([o.chi2 for o in usable if o.chi2 is not None], units(usable))
    chosen = [usable[i] for i in found[0].members[:EVALUATED_HITS]]
    return [Task(EVALUATE, dict(o.parameters), **interest) for o in chosen]


def check_count(what: str, value: int, at_least: int) -> None:
    """Refuse a number of starts, points or generations that is none, or too small."""
    given: Any = value
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        msg = f"`{what}` must be a whole number, but got {given!r}."
        raise PlanError(msg)
    if value < at_least:
        msg = f"`{what} >= {at_least}` must hold, but got ({what}={value})."
        raise PlanError(msg)
