"""What a method says of itself, for everything that reads its records without knowing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class MethodFacts:
    """Facts about a method in a study, kept in the ledger with it."""

    in_words: str
    """What it does, e.g. ``profile of k, 41 points, 4 starts each``."""
    by: str
    """Who reads and carries out its trials, e.g. ``daybreak.methods.profile.Profile``."""
    interest: tuple[str, ...] = ()
    """Parameters whose profile it makes."""
    jointly: bool = False
    """Whether they are profiled together, as a map."""
    ends_only: bool = False
    """Whether it seeks the ends of the 95 % sets alone, and nothing between them."""
    relaxed: bool = True
    """Whether the points of a profile learn from each other."""
    sampler: str = ""
    """What was asked to propose configurations, ..."""
    engine: str = ""
    """... and what does."""
    trials: int | None = None
    """Most configurations that are evaluated."""
    repeats: bool = True
    """Whether a configuration may be evaluated twice."""

    def dump(self) -> dict[str, Any]:
        """Plain data for the ledger."""
        return {**asdict(self), "interest": list(self.interest)}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> MethodFacts:
        """What `dump` wrote down; what it did not know has its default."""
        known = {field.name for field in fields(cls)}
        kept: dict[str, Any] = {name: value for name, value in data.items() if name in known}
        kept["interest"] = tuple(kept.get("interest", ()))
        return cls(**kept)
