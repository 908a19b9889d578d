"""What will run tonight and what is known of it, as data: the evening page.

It is made from the plan as the ledger keeps it, so that it says before the night what the report
answers in the morning.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ConfigDict, Field

from daybreak.criteria import Criterion, Level
from daybreak.decision import condition_in_words
from daybreak.diagnosis.bounds import parameters_of
from daybreak.diagnosis.study import Model
from daybreak.findings import Preflight, StudyPreflight
from daybreak.problem.kinds import Question
from daybreak.problem.method_facts import MethodFacts
from daybreak.report import numbers

SCHEMA = "daybreak.tonight/1"


class State(enum.StrEnum):
    """What the preflight leaves to do before the night."""

    HOPELESS = "HOPELESS"
    READ_FIRST = "READ FIRST"
    READY = "READY"


Value = float | int | str | bool | None


class PlannedCriterion(Model):
    """A bar, fixed before the first trial."""

    criterion: str
    quantity: str
    bar: str
    """E.g. ``< 1e+06``; ``yes`` for a question without a number."""
    level: Level


class PlannedParameter(Model):
    """A parameter and where it may lie."""

    name: str
    range: str
    """E.g. ``3 to 3.2``, ``one of a, b``, ``fixed at 2``."""
    scale: str
    unit: str
    role: str
    """``profiled``, ``fitted``, ``searched`` or ``fixed``."""


class PlannedStudy(Model):
    """One study before its first trial."""

    name: str
    counted: bool
    method: str
    """In words."""
    settings: dict[str, Value]
    units: dict[str, str]
    """Of settings."""
    asked: str
    """What is asked: how many data, or which objectives."""
    trials: int
    """Roughly how many it will take."""
    parameters: list[PlannedParameter]
    criteria: list[PlannedCriterion]


class PlannedRow(Model):
    """One row of the decision table."""

    name: str
    when: str
    then: str
    follow_up: bool
    """Whether it starts further studies."""


class PlannedClaim(Model):
    """A value that a profiled parameter will be compared with."""

    parameter: str
    reference: float
    uncertainty: float
    label: str


class Expected(Model):
    """How long the night takes, as far as that is foretold; in seconds, and as times of day."""

    seconds: float
    low: float
    high: float
    """80 % interval."""
    finish: str
    """ISO 8601, in local time, as the next two."""
    earliest: str
    latest: str


class Place(Model):
    """Where the results will be, and the words that start, stop and show the night."""

    directory: str
    run: str
    """The command that starts it and goes on with it."""
    argument: str
    """What other commands call the directory."""
    host: str


class Tonight(Model):
    """A whole campaign before its first trial."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["daybreak.tonight/1"] = Field(alias="schema")
    campaign: str
    description: str
    written: str
    """ISO 8601, in local time."""
    state: State
    rule: Literal["all", "any"]
    seed: int
    anyway: bool
    """Whether it runs although nothing can be met, as it says itself."""
    studies: list[PlannedStudy]
    decisions: list[PlannedRow]
    claims: list[PlannedClaim]
    expected: Expected | None
    """Null where no study could be foretold."""
    not_foretold: list[str]
    """Studies whose length is not known."""
    preflight: Preflight
    place: Place
    daybreak: str
    """Version."""

    @property
    def examinations(self) -> list[StudyPreflight]:
        """What the preflight found, study by study."""
        return self.preflight.studies

    @property
    def trials(self) -> int:
        """Roughly how many trials all studies will take."""
        return sum(study.trials for study in self.studies)


class Plan(Model):
    """One study as the ledger keeps it, and how many trials its method expects."""

    name: str
    problem: dict[str, Any]
    body: dict[str, Any]
    criteria: list[dict[str, Any]]
    facts: MethodFacts
    """What its method says of itself."""
    trials: int


def tonight(
    body: Mapping[str, Any],
    plans: Sequence[Plan],
    found: Preflight,
    place: Place,
    *,
    written: datetime,
    anyway: bool,
    version: str,
) -> Tonight:
    """Gather what a reader wants before the night.

    Parameters
    ----------
    body : mapping
        The campaign as the ledger keeps it.
    plans : sequence of Plan
        Its studies.
    found : Preflight
    place : Place
    written : datetime
        With a time zone, in which times of day are told.
    anyway : bool
        Whether the campaign runs although it is out of reach.
    version : str
    """
    known = {one.study for one in found.studies if one.forecast is not None}
    return Tonight(
        schema=SCHEMA,
        campaign=body["name"],
        description=body["description"],
        written=written.isoformat(timespec="seconds"),
        state=_state(found),
        rule=body["rule"],
        seed=body["seed"],
        anyway=anyway,
        studies=[_study(plan) for plan in plans],
        decisions=[
            PlannedRow(
                name=row["name"],
                when=condition_in_words(row["when"]),
                then=row["then"],
                follow_up=row["follow_up"],
            )
            for row in body["decisions"]
        ],
        claims=[
            PlannedClaim(**{name: row[name] for name in PlannedClaim.model_fields})
            for row in body["claims"]
        ],
        expected=_expected(found, written),
        not_foretold=[plan.name for plan in plans if plan.name not in known],
        preflight=found,
        place=place,
        daybreak=version,
    )


def _state(found: Preflight) -> State:
    if found.hopeless:
        return State.HOPELESS
    severe = any(f.severity != "note" for one in found.studies for f in one.findings)
    return State.READ_FIRST if severe else State.READY


def _expected(found: Preflight, written: datetime) -> Expected | None:
    made = [one.forecast for one in found.studies if one.forecast is not None]
    if not made:
        return None
    seconds = sum(one.seconds for one in made)
    low, high = sum(one.seconds_low for one in made), sum(one.seconds_high for one in made)
    finish, earliest, latest = (
        (written + timedelta(seconds=one)).isoformat(timespec="seconds")
        for one in (seconds, low, high)
    )
    return Expected(
        seconds=seconds, low=low, high=high, finish=finish, earliest=earliest, latest=latest
    )


def _study(plan: Plan) -> PlannedStudy:
    problem, body = plan.problem, plan.body
    searched = problem["kind"] == Question.SEARCH
    return PlannedStudy(
        name=plan.name,
        counted=body["counted"],
        method=plan.facts.in_words,
        settings=body["settings"],
        units=problem["units"],
        asked=_objectives(problem) if searched else _data(problem),
        trials=plan.trials,
        parameters=_searched(problem) if searched else _fitted(plan),
        criteria=[
            PlannedCriterion(
                criterion=one.title, quantity=_quantity(one), bar=one.bar, level=one.level
            )
            for one in map(Criterion.restore, plan.criteria)
        ],
    )


def _quantity(one: Criterion) -> str:
    return f"{one.quantity} of {', '.join(one.names)}" if one.names else one.quantity


def _data(problem: Mapping[str, Any]) -> str:
    text = f"fit to {numbers.count(len(problem['observations']), 'observation')}"
    factors = [factor["name"] for factor in (*problem["scale_factors"], *problem["offsets"])]
    return f"{text}, {', '.join(factors)} eliminated" if factors else text


def _objectives(problem: Mapping[str, Any]) -> str:
    goals = [f"{goal['direction']} {goal['name']}" for goal in problem["objectives"]]
    kinds = [("baseline", False), ("null test", True)]
    beside = [
        numbers.count(count, word)
        for word, null in kinds
        if (count := sum(one["null"] == null for one in problem["baselines"]))
    ]
    return " and ".join(goals) + (f", beside {' and '.join(beside)}" if beside else "")


def _fitted(plan: Plan) -> list[PlannedParameter]:
    return [
        PlannedParameter(
            name=p.name,
            unit=p.unit,
            scale=p.scale,
            range=_range(p.lower, p.upper)
            if p.fixed is None
            else f"fixed at {numbers.number(p.fixed)}",
            role="fixed"
            if p.fixed is not None
            else "profiled"
            if p.name in plan.facts.interest
            else "fitted",
        )
        for p in parameters_of(plan.problem)
    ]


def _searched(problem: Mapping[str, Any]) -> list[PlannedParameter]:
    return [
        PlannedParameter(
            name=one["name"],
            unit=one["unit"],
            range=_options(one),
            scale=one.get("scale", ""),
            role="searched" if one["fixed"] is None else "fixed",
        )
        for one in problem["parameters"]
    ]


def _options(one: Mapping[str, Any]) -> str:
    if one["fixed"] is not None:
        return f"fixed at {numbers.plain(one['fixed'])}"
    if "options" in one:
        return f"one of {', '.join(map(_plain, one['options']))}"
    return _range(one["lower"], one["upper"])


def _plain(option: Value) -> str:
    return "none" if option is None else numbers.plain(option)


def _range(lower: float, upper: float) -> str:
    return f"{numbers.number(lower)} to {numbers.number(upper)}"
