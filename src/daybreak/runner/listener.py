"""Who wants to know what happens as it happens, and how far the night is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from daybreak.criteria import Decision
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.findings import Preflight
from daybreak.ledger.store import Ledger
from daybreak.plan import Campaign, Study


@dataclass(frozen=True)
class Progress:
    """How far the night is."""

    study: str
    number: int
    studies: int
    done: int
    """Trials available in all, earlier runs included."""
    made: int
    """Trials made by this run."""
    expected: int
    """Estimate of all trials of the plan."""
    seconds: float
    """Since the trials of this run began."""

    @property
    def rate(self) -> float:
        """Trials per second of this run."""
        return self.made / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Estimated seconds to the end; None before anything is known."""
        if self.rate == 0.0:
            return None
        return max(self.expected - self.done, 0) / self.rate


class AbstractListener(ABC):
    """Somebody who wants to know what happens as it happens."""

    @abstractmethod
    def began(self, campaign: Campaign, ledger: Ledger) -> None:
        """The ledger is open and the plan written down."""

    @abstractmethod
    def preflighted(self, found: Preflight) -> None:
        """What is known before the night has been written down."""

    @abstractmethod
    def warned(self, text: str) -> None:
        """Something the user should know now."""

    @abstractmethod
    def progressed(self, progress: Progress) -> None:
        """A batch is durable."""

    @abstractmethod
    def study_ended(self, reading: StudyReading) -> None:
        """A study has its verdict."""

    @abstractmethod
    def decided(self, row: Decision, reason: str, follow_ups: Sequence[Study]) -> None:
        """The decision table has spoken."""

    @abstractmethod
    def ended(self, sentence: str) -> None:
        """The run is over."""
