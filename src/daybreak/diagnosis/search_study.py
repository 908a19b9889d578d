"""What a search means, as data: the part of `summary.json` that belongs to a search.

As all models of a study these are validated whenever they are made.
"""

from __future__ import annotations

import enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Plain = float | int | str | bool | None
How = Literal["forced", "trial"]
OutcomeWord = Literal["met", "missed", "undecided"]
"""How a bar came out, of a criterion or of a baseline."""


class Model(BaseModel):
    """Frozen, and refuses fields it does not know and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ConfigurationState(enum.StrEnum):
    """What became of a configuration that was evaluated."""

    COMPLETED = "completed"
    """Measured, and within every constraint."""
    INFEASIBLE = "infeasible"
    """Measured, and it missed a constraint."""
    PRUNED = "pruned"
    FAILED = "failed"


MEASURED = (ConfigurationState.COMPLETED, ConfigurationState.INFEASIBLE)
"""States of configurations whose objectives are known."""


class Goal(Model):
    """An objective as declared."""

    name: str
    direction: Literal["minimise", "maximise"]
    unit: str
    reference: float | None
    """Where the dominated volume begins: declared, or the worst of all completed trials."""


class SearchedInfo(Model):
    """A searched parameter as declared."""

    name: str
    kind: Literal["real", "integer", "choice"]
    unit: str
    scale: str
    """``linear`` or ``log``."""
    lower: float | None
    """Null for a choice, as the upper bound."""
    upper: float | None
    options: list[Plain]
    """Of a choice."""
    fixed: Plain


class SearchTrial(Model):
    """One configuration that was evaluated."""

    number: int
    how: How
    """Forced, or proposed by the sampler."""
    state: ConfigurationState
    configuration: dict[str, Plain]
    metrics: dict[str, float]
    seed: int | None
    message: str
    reports: list[tuple[int, float | None]] = Field(default_factory=list[tuple[int, float | None]])
    """Intermediate values by step."""
    reused: bool
    """Whether an earlier trial had answered it."""


class Confirmation(Model):
    """One more evaluation of a winner, with a seed that nothing was chosen by."""

    seed: int
    metrics: dict[str, float]
    recorded: dict[str, Any]
    """What this evaluation recorded."""


class Winner(Model):
    """A configuration that a verdict may rest on, and all that is needed to evaluate it again."""

    number: int
    """Of the trial that it was selected by."""
    configuration: dict[str, Plain]
    settings: dict[str, Plain]
    seed: int | None
    """Of the trial that it was selected by."""
    selected: dict[str, float]
    """Metrics of that trial."""
    seeds: list[int]
    """Fresh ones; empty without confirmation."""
    metrics: dict[str, float]
    """What counts: means over the fresh seeds, or the selected metrics without confirmation."""
    uncertainty: dict[str, float]
    """Standard errors of the means; missing where there are fewer than two."""
    confirmations: list[Confirmation]
    """One for each of `seeds`."""
    failed: int
    """Confirmations that failed."""
    recorded: dict[str, Any]
    """What the trial recorded."""
    artifacts: list[dict[str, Any]]
    """What the trial attached: curves, matrices and tables as data, files by name."""


class BaselineReading(Model):
    """A baseline or null test beside the result."""

    name: str
    null: bool
    draws: int
    """How many values of each objective there are."""
    values: dict[str, float]
    """Median of each objective."""
    bars: dict[str, float]
    """What a result has to beat: the value, or of a null the better 5 % of its draws."""
    result: dict[str, float]
    """The best value of the search in each objective."""
    outcomes: dict[str, OutcomeWord]
    """Of the best value in each objective: whether it is better than the bar, as a criterion
    would be judged."""
    outcome: OutcomeWord
    """Whether one winner is better in all of its objectives at once."""
    message: str
    """Why there are no values; else empty."""

    @property
    def outside(self) -> dict[str, bool]:
        """Whether the best value of each objective is better for certain."""
        return {name: outcome == "met" for name, outcome in self.outcomes.items()}

    @property
    def beaten(self) -> bool:
        """Whether one winner is better in all of its objectives for certain."""
        return self.outcome == "met"


class Importance(Model):
    """How much of an objective's variation hangs on one parameter."""

    objective: str
    parameter: str
    share: float
    """Share of the variance of the ranks that an additive model loses without the parameter."""
    clear: bool
    """Whether it stands out of what chance would give."""


class SearchKnob(Model):
    """What refining a knob changes at one configuration."""

    knob: str
    value: Plain
    refined: Plain
    number: int | None
    """The trial whose configuration it is."""
    changes: dict[str, float]
    """Change of each metric."""


class SearchReading(Model):
    """Everything found by one search."""

    sampler: str
    """What proposed the configurations."""
    goals: list[Goal]
    space: list[SearchedInfo]
    trials: list[SearchTrial]
    """Forced and proposed ones, in order; at most 5,000."""
    counts: dict[str, int]
    """Trials by state."""
    best: Winner | None
    """With several objectives the point of the front that meets the most criteria, and of those
    the best compromise."""
    confirmed: list[Winner]
    """The best configurations, evaluated again; best first."""
    selection_bias: dict[str, float]
    """Mean of selected minus confirmed value of each objective over the confirmed ones: what
    choosing the luckiest adds."""
    front: list[int]
    """Numbers of the undominated trials; of the best one with a single objective."""
    hypervolume: list[tuple[int, float]]
    """Volume dominated after so many trials; the best value so far with a single objective."""
    baselines: list[BaselineReading]
    importance: list[Importance]
    knobs: list[SearchKnob]
    exhausted: bool
    """Whether every configuration of the space was evaluated."""

    @property
    def measured(self) -> int:
        """How many configurations have values, whether or not they miss a constraint."""
        return sum(self.counts.get(word, 0) for word in MEASURED)

    @property
    def single(self) -> bool:
        """Whether there is one objective."""
        return len(self.goals) == 1
