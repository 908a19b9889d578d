"""A search problem: a space of configurations, and what each of them is worth."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from daybreak.errors import ProblemError, known
from daybreak.problem.choices import Choice, Integer, Value
from daybreak.problem.configuration import Configuration, Searched, SearchSpace
from daybreak.problem.kinds import Question
from daybreak.problem.knobs import Knob, check_knobs_name_settings
from daybreak.problem.objectives import Baseline, Constraint, Objective
from daybreak.problem.outcomes import digest
from daybreak.problem.parameters import Parameter, check_name
from daybreak.problem.resources import Resources, check_resources
from daybreak.problem.settings import Setting, Settings, plain_settings, resolve_settings
from daybreak.problem.trial import Trial

Metrics = Mapping[str, Any]
Evaluate = Callable[[Configuration, Trial], Metrics]


@dataclass(frozen=True, eq=False)
class SearchProblem:
    """What is asked of a search.

    Parameters
    ----------
    parameters : sequence of Parameter, Integer, Choice
        What is searched, or held fixed.
    evaluate : callable (configuration, trial) -> mapping metric -> number
        Reads ``configuration.name``; returns at least the objectives. What it raises, and a
        metric that is not finite, is the failure of one trial and never of the night.
    objectives : Objective, or sequence of Objective
        Which metrics to make small or large.
    baselines : sequence of Baseline
        Known answers and null tests that stand beside every result.
    constraints : sequence of Constraint
        Rules that a configuration must obey, and bars that metrics must clear.
    knobs : sequence of Knob
        Settings that are numerical and should not matter; the winner is evaluated again with
        each of them refined.
    settings : mapping name -> number, str or bool
        Defaults of what studies may vary, read as ``trial.settings.name``.
    rehearsal : callable (configuration, trial) -> mapping metric -> number, optional
        A cheap stand-in for `evaluate` with the same objectives (fewer steps, a smaller grid):
        the preflight asks it whether every parameter does anything.
    deterministic : bool
        Whether `evaluate` gives the same numbers for any seed; a winner then needs no
        confirmation.
    precision : {"double", "single"}
        What JAX computes in inside `evaluate`: float64, or float32 as it does by itself.
    units : mapping name -> str
        Units of metrics, recorded values and settings.
    name : str
        Tells apart problems that have the same objectives but evaluate differently; part of
        every trial's identity, as the bounds are not: a widened space keeps its trials.
    resources : Resources
        Limits, threads and retries of every trial; not part of its identity.

    Raises
    ------
    ProblemError
        When names clash, nothing is searched, or a baseline lies outside the space.
    """

    asks: ClassVar[Question] = Question.SEARCH

    parameters: Sequence[Searched]
    evaluate: Evaluate
    objectives: Objective | Sequence[Objective]
    baselines: Sequence[Baseline] = ()
    constraints: Sequence[Constraint] = ()
    knobs: Sequence[Knob] = ()
    settings: Settings = field(default_factory=dict[str, Setting])
    rehearsal: Evaluate | None = None
    deterministic: bool = False
    precision: Literal["double", "single"] = "double"
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = ""
    resources: Resources = field(default_factory=Resources)

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        objectives: Any = self.objectives
        if isinstance(objectives, Objective):
            objectives = (objectives,)
            object.__setattr__(self, "objectives", objectives)
        for what, items, kinds in (
            ("parameters", self.parameters, (Parameter, Integer, Choice)),
            ("objectives", objectives, (Objective,)),
            ("baselines", self.baselines, (Baseline,)),
            ("constraints", self.constraints, (Constraint,)),
        ):
            _check_items(what, items, kinds)
        if not objectives:
            msg = "a SearchProblem needs at least one dk.Objective, but got none."
            raise ProblemError(msg)
        if not self.space.free:
            msg = "a SearchProblem needs at least one parameter that is not fixed, but got none."
            raise ProblemError(msg)
        if self.precision not in ("double", "single"):
            msg = f"precision must be 'double' or 'single', but got {self.precision!r}."
            raise ProblemError(msg)
        for name in self.settings:
            check_name("setting", name)
        object.__setattr__(self, "settings", plain_settings(self.settings))
        check_knobs_name_settings(self.knobs, self.settings)
        check_resources(self.resources)
        for baseline in self.baselines:
            if baseline.configuration is not None:
                self.check(baseline.configuration, f"baseline {baseline.name!r}")

    @functools.cached_property
    def space(self) -> SearchSpace:
        """The space of all configurations."""
        return SearchSpace(tuple(self.parameters))

    @functools.cached_property
    def goals(self) -> tuple[Objective, ...]:
        """The objectives, in order."""
        given: Any = self.objectives
        return tuple(given)

    @property
    def functions(self) -> list[Callable[..., Any]]:
        """The user's own code."""
        asked = [self.evaluate, self.rehearsal, *(c.holds for c in self.constraints)]
        return [f for f in (*asked, *(b.evaluate for b in self.baselines)) if f is not None]

    def backend(self, settings: Settings) -> Literal["numpy"]:
        """Trials are made one by one, whatever they compute with."""
        return "numpy"

    def losses(self, metrics: Mapping[str, float]) -> tuple[float, ...]:
        """The objectives as numbers that are smaller when better."""
        return tuple(goal.sign * metrics[goal.name] for goal in self.goals)

    def obeys(self, configuration: Mapping[str, Value]) -> bool:
        """Whether a configuration obeys every rule.

        Raises
        ------
        ProblemError
            When a rule raises.
        """
        return self._broken(configuration) is None

    def check(self, given: Mapping[str, Any], what: str) -> dict[str, Value]:
        """A configuration that may be evaluated, in order and of plain values.

        Raises
        ------
        ProblemError
            When it lies outside the space or breaks a rule; `what` says whose it is.
        """
        try:
            found = self.space.check(given)
        except ProblemError as error:
            msg = f"{what}: {error}"
            raise ProblemError(msg) from error
        broken = self._broken(found)
        if broken is not None:
            msg = f"{what}: the configuration {found!r} breaks the constraint {broken!r}."
            raise ProblemError(msg)
        return found

    def _broken(self, configuration: Mapping[str, Value]) -> str | None:
        """The first rule that a configuration breaks."""
        for rule in self.constraints:
            try:
                if rule.holds is not None and not rule.holds(Configuration(configuration)):
                    return rule.name
            except Exception as error:
                msg = (
                    f"constraint {rule.name!r} raised {type(error).__name__}: {error} for "
                    f"{dict(configuration)!r}; a rule returns true or false for every "
                    "configuration of the space."
                )
                raise ProblemError(msg) from error
        return None

    def resolve(self, settings: Settings) -> dict[str, Setting]:
        """Give the problem's settings with some replaced."""
        return resolve_settings(self.settings, settings)

    def split_settings(self, settings: Settings) -> tuple[dict[str, float], dict[str, Setting]]:
        """No setting is traced: `evaluate` is not compiled."""
        return {}, dict(settings)

    def derived_names(self, settings: Settings) -> list[str]:
        """None: what `evaluate` records is known only once it has run."""
        return []

    def identity(self) -> dict[str, Any]:
        """What determines an outcome beside configuration and seed, code aside."""
        return {
            "kind": self.asks.value,
            "name": self.name,
            "precision": self.precision,
            "objectives": [goal.name for goal in self.goals],
        }

    @property
    def fingerprint(self) -> str:
        """Hash of everything declared about it, the space included, which no trial depends on."""
        return digest(self.describe())

    def describe(self) -> dict[str, Any]:
        """The whole declaration, code aside, as plain data for the ledger."""
        return {
            "kind": self.asks.value,
            "name": self.name,
            "precision": self.precision,
            "deterministic": self.deterministic,
            "parameters": self.space.describe(),
            "objectives": [goal.describe() for goal in self.goals],
            "baselines": [baseline.describe() for baseline in self.baselines],
            "constraints": [constraint.describe() for constraint in self.constraints],
            "units": dict(self.units),
            "knobs": [
                {"name": k.name, "refined": k.refined, "unit": k.unit, "order": k.order}
                for k in self.knobs
            ],
        }


def _check_items(what: str, items: Any, kinds: tuple[type, ...]) -> None:
    names = " or ".join(f"dk.{kind.__name__}" for kind in kinds)
    if isinstance(items, (str, Mapping)) or not isinstance(items, Iterable):
        msg = f"`{what}` must be a list of {names}, but got {items!r}."
        raise ProblemError(msg)
    given: Iterable[Any] = items
    other = [item for item in given if not isinstance(item, kinds)]
    if other:
        msg = f"`{what}` must be a list of {names}, but it holds {other[0]!r}."
        raise ProblemError(msg)
    labels = [item.name for item in given]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    # One metric may have several bars.
    if twice and what != "constraints":
        msg = f"names of {what} must be unique, but these repeat: {known(twice)}."
        raise ProblemError(msg)
