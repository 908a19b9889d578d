"""What a search is judged by: objectives, constraints, and the baselines beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from daybreak.errors import ProblemError

Direction = Literal["minimise", "maximise"]


@dataclass(frozen=True)
class Objective:
    """A metric that the search makes small or large.

    Parameters
    ----------
    name : str
        The metric's name in what `evaluate` returns.
    direction : {"minimise", "maximise"}
        Which way is better.
    unit : str
        Shown on axes and in tables; empty means dimensionless.
    reference : float, optional
        The worst value worth having, in `unit`: where the volume that a front dominates begins.
        By default the worst value of all completed trials.

    Raises
    ------
    ProblemError
        When the direction or the reference cannot mean anything.
    """

    name: str
    direction: Direction = "minimise"
    unit: str = ""
    reference: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything."""
        if not self.name.strip():
            msg = "an objective needs the name of a metric, but got an empty one."
            raise ProblemError(msg)
        if self.direction not in ("minimise", "maximise"):
            msg = (
                f"direction of objective {self.name!r} must be 'minimise' or 'maximise', but got "
                f"{self.direction!r}."
            )
            raise ProblemError(msg)
        if self.reference is not None and not math.isfinite(self.reference):
            msg = f"reference of {self.name!r} must be a finite number; leave it out otherwise."
            raise ProblemError(msg)

    @property
    def sign(self) -> float:
        """+1 when smaller is better, -1 when larger is: ``loss = sign * value``."""
        return 1.0 if self.direction == "minimise" else -1.0

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        return {
            "name": self.name,
            "direction": self.direction,
            "unit": self.unit,
            "reference": None if self.reference is None else float(self.reference),
        }


@dataclass(frozen=True, eq=False)
class Constraint:
    """What a configuration, or a metric of it, must satisfy to count.

    Either a rule about the configuration, asked before anything is evaluated, or a bar on a
    metric, asked afterwards; a trial that misses a bar is recorded and can be neither best nor
    on the front.

    Parameters
    ----------
    name : str
        The metric's name, or what the rule is called.
    at_least, at_most : float, optional
        The bar, inclusive.
    holds : callable (configuration) -> bool, optional
        The rule; it takes no `at_least` or `at_most`.

    Raises
    ------
    ProblemError
        When there is neither a bar nor a rule, or both.
    """

    name: str
    at_least: float | None = None
    at_most: float | None = None
    holds: Callable[[Any], bool] | None = None

    def __post_init__(self) -> None:
        """A rule or a bar, and one that something can meet."""
        bars = [bar for bar in (self.at_least, self.at_most) if bar is not None]
        if (self.holds is None) != bool(bars):
            msg = (
                f"constraint {self.name!r} needs either a rule, holds=..., or a bar, at_least=... "
                f"or at_most=..., but got ({self.at_least=}, {self.at_most=}, {self.holds=})."
            )
            raise ProblemError(msg)
        if not all(map(math.isfinite, bars)) or (len(bars) == 2 and bars[0] > bars[1]):
            msg = (
                f"finite `at_least <= at_most` must hold for constraint {self.name!r}, but got "
                f"({self.at_least=}, {self.at_most=})."
            )
            raise ProblemError(msg)

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger; a rule is only named."""
        low, high = (None if b is None else float(b) for b in (self.at_least, self.at_most))
        return {"name": self.name, "at_least": low, "at_most": high}


def violation(constraint: Mapping[str, Any], metrics: Mapping[str, float]) -> float:
    """By how much a described constraint is missed; 0 when it is met, infinite without a value."""
    low, high = constraint["at_least"], constraint["at_most"]
    if low is None and high is None:
        return 0.0  # a rule: what broke it was never evaluated
    value = metrics.get(constraint["name"])
    if value is None:
        return math.inf
    below = 0.0 if low is None else low - value
    above = 0.0 if high is None else value - high
    return max(0.0, below, above)


@dataclass(frozen=True, eq=False)
class Baseline:
    """What the result of a search has to beat: a known answer, or one without the effect sought.

    Exactly one of `metrics`, `configuration` and `evaluate` says how it comes about.

    Parameters
    ----------
    name : str
        What it is called in the report.
    metrics : mapping name -> number, optional
        Known values of the objectives, or some of them.
    configuration : mapping name -> value, optional
        A point of the space, evaluated as any other.
    evaluate : callable (trial) -> mapping name -> number or list of numbers, optional
        Another way to get the metrics; several numbers are draws of their distribution.
    null : bool
        Whether it is a null test: what comes out where there is nothing to find (shuffled
        labels, random spectra). A result is outside a null only beyond 95 % of its draws.
    repeats : int
        How often it is evaluated, each time with its own seed.

    Raises
    ------
    ProblemError
        When it does not say how it comes about, or says it twice.
    """

    name: str
    metrics: Mapping[str, float] | None = None
    configuration: Mapping[str, Any] | None = None
    evaluate: Callable[[Any], Mapping[str, Any]] | None = None
    null: bool = False
    repeats: int = 1

    def __post_init__(self) -> None:
        """One way to come about, and at least one time."""
        ways = (self.metrics, self.configuration, self.evaluate)
        if sum(way is not None for way in ways) != 1:
            msg = (
                f"baseline {self.name!r} needs exactly one of `metrics`, `configuration` and "
                f"`evaluate`, but got {sum(way is not None for way in ways)} of them."
            )
            raise ProblemError(msg)
        if self.repeats < 1:
            msg = f"`repeats >= 1` must hold for baseline {self.name!r}, but got {self.repeats}."
            raise ProblemError(msg)
        wild = [n for n, v in (self.metrics or {}).items() if not math.isfinite(v)]
        if wild:
            msg = f"metrics of baseline {self.name!r} must be finite, but {wild[0]!r} is not."
            raise ProblemError(msg)

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger; code is only named."""
        metrics = self.metrics
        return {
            "name": self.name,
            "null": self.null,
            "metrics": None if metrics is None else {k: float(v) for k, v in metrics.items()},
        }
