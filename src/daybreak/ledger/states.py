"""Words of the ledger: states of studies, trials and attempts, and kinds of events."""

from __future__ import annotations

import enum
from typing import TypeVar

from daybreak.errors import LedgerError, known

Words = TypeVar("Words", bound=enum.Enum)


def read_word(words: type[Words], word: str, of: str, by: str = "another version") -> Words:
    """The member of an enumeration that a record has by its word.

    Raises
    ------
    LedgerError
        When nobody here can read it, with the words that are known and with who wrote it.
    """
    try:
        return words(word)
    except ValueError:
        msg = (
            f"the ledger says {word!r} of {of}, which this Daybreak cannot read: it knows "
            f"{known(one.value for one in words)}. It was written by {by}; read it with the "
            "version that wrote it (nothing was changed)."
        )
        raise LedgerError(msg) from None


class StudyState(enum.StrEnum):
    """Where a study stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    """Its method, or a criterion that could not change any more, came to an end."""
    FAILED = "failed"
    """An error ended it."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will be asked for."""
        return self in ENDED


ENDED = (StudyState.FINISHED, StudyState.FAILED)


class TrialState(enum.StrEnum):
    """Where a trial stands."""

    WAITING = "waiting"
    """Free: nobody works on it."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class AttemptState(enum.StrEnum):
    """Where one try at a trial stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LATE = "late"
    """Its result came when another attempt had taken its place, and does not count."""
    LOST = "lost"
    """Its process, or the worker in it, went away."""
    ABANDONED = "abandoned"
    """Its run gave it back unmade."""


class EventKind(enum.StrEnum):
    """What the ledger remembers beside results."""

    CHANGE = "change"
    """Of the plan, since it was written down last."""
    DECISION = "decision"
    TRACEBACK = "traceback"
    """Of an error that ended a study."""
