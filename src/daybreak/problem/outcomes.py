"""What a trial is and how it came out: plain data that the ledger keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from daybreak.errors import LedgerError, known
from daybreak.problem.kinds import Kind
from daybreak.problem.origins import RECORDED, Origin
from daybreak.problem.stop_reasons import StopReason


def canonical(data: Any) -> str:
    """Write plain data in one way only, so that equal data have equal text."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(data: Any) -> str:
    """Hash plain data (SHA-256, hexadecimal)."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Task:
    """One trial to be made.

    `origin`, `of`, `point` and `grid` say why it is asked for, `solver` is how a fit is made, as
    `options` say too; everything else determines its outcome.
    """

    kind: Kind
    held: Mapping[str, float]
    """Parameters that do not move, by name, in their units."""
    start: tuple[float, ...] | None = None
    """Unit coordinates of the free parameters where it begins."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The solver's options."""
    seed: int | None = None
    origin: Origin = RECORDED
    of: tuple[str, ...] = ()
    """Parameters of interest of the profile or map this trial belongs to, if any."""
    point: tuple[float, ...] = ()
    """Their values."""
    grid: bool = True
    """Whether `point` belongs to the grid, not to a search for a root, minimum or contour."""
    configuration: Mapping[str, Any] | None = None
    """What a search evaluates, by name; empty for a baseline of its own code."""
    solver: Any = None
    """What carries a fit out (`daybreak.methods.solver.AbstractSolver`)."""

    def identity(self) -> dict[str, Any]:
        """What determines the outcome, beside problem and settings."""
        if self.configuration is not None:
            return {
                "kind": self.kind.word,
                "configuration": dict(self.configuration),
                "options": dict(self.options),
                "seed": self.seed,
            }
        return {
            "kind": self.kind.word,
            "held": {k: float(v) for k, v in self.held.items()},
            "start": None if self.start is None else list(self.start),
            "options": dict(self.options),
            "seed": self.seed,
        }


class Identity(NamedTuple):
    """What determines a trial's outcome, code aside, as the ledger keeps it."""

    key: str
    """Hash of `text`, by which the trial is known."""
    text: str
    """All of it, as canonical text."""
    kind: Kind
    problem: str
    """Hash of the problem."""
    settings: str
    """Hash of the settings."""


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
        try:
            fields["reason"] = StopReason[fields["reason"]]
        except KeyError:
            msg = (
                f"a trial ended for the reason {fields['reason']!r}, which this Daybreak cannot "
                f"read: it knows {known(one.name for one in StopReason)}."
            )
            raise LedgerError(msg) from None
        return cls(**fields)
