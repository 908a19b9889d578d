"""What a trial is and how it came out: plain data that the ledger keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from daybreak.problem.stop_reasons import StopReason

Kind = Literal[
    "fit", "evolve", "evaluate", "conclude", "scaled", "polish", "refine", "search", "baseline"
]
"""Local fit, evolution, a record of everything at one place, and the end of a fit that a method
read off such records; and the checks of an end: a fit with scaled model uncertainties, a polish by
another method with its Hessian, a refined knob.  Of a search: the evaluation of a configuration,
and of a baseline that is none."""


def canonical(data: Any) -> str:
    """Write plain data in one way only, so that equal data have equal text."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(data: Any) -> str:
    """Hash plain data (SHA-256, hexadecimal)."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Task:
    """One trial to be made.

    `origin`, `of`, `point` and `grid` say why it is asked for; everything else determines its
    outcome.
    """

    kind: Kind
    held: Mapping[str, float]
    """Parameters that do not move, by name, in their units."""
    start: tuple[float, ...] | None = None
    """Unit coordinates of the free parameters where it begins."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The solver's options."""
    seed: int | None = None
    origin: str = ""
    """``start 3``, ``basin 0``, ``left``, ``right``, ``polish``, ``evaluate``."""
    of: tuple[str, ...] = ()
    """Parameters of interest of the profile or map this trial belongs to, if any."""
    point: tuple[float, ...] = ()
    """Their values."""
    grid: bool = True
    """Whether `point` belongs to the grid, not to a search for a root, minimum or contour."""
    configuration: Mapping[str, Any] | None = None
    """What a search evaluates, by name."""

    def identity(self) -> dict[str, Any]:
        """What determines the outcome, beside problem and settings."""
        if self.configuration is not None or self.kind == "baseline":
            return {
                "kind": self.kind,
                "configuration": dict(self.configuration or {}),
                "options": dict(self.options),
                "seed": self.seed,
            }
        return {
            "kind": self.kind,
            "held": {k: float(v) for k, v in self.held.items()},
            "start": None if self.start is None else list(self.start),
            "options": dict(self.options),
            "seed": self.seed,
        }


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a trial came out."""

    parameters: dict[str, Any]
    """All parameters at the end, by name, in their units; of a search the configuration."""
    chi2: float | None
    """None when the trial failed, and in a search."""
    reason: StopReason
    u: list[float] = field(default_factory=list[float])
    """Unit coordinates of the free parameters at the end."""
    iterations: int = 0
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    """For an evaluation: residuals, predictions, factors, derived quantities; for a search: seed,
    intermediate values, recorded values, artifacts."""
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    """What a search measured, by name; all finite."""

    @property
    def failed(self) -> bool:
        """Whether there is nothing to use."""
        return self.reason.failed

    def dump(self) -> dict[str, Any]:
        """The outcome as plain data."""
        metrics = {"metrics": self.metrics} if self.metrics else {}
        return {
            **metrics,
            "parameters": self.parameters,
            "chi2": self.chi2,
            "reason": self.reason.name,
            "u": self.u,
            "iterations": self.iterations,
            "message": self.message,
            "details": self.details,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Outcome:
        """The outcome that `dump` wrote down."""
        fields: dict[str, Any] = dict(data)
        fields["reason"] = StopReason[fields["reason"]]
        return cls(**fields)
