"""How a run ended: one process that worked on a campaign."""

from __future__ import annotations

import enum
from typing import Self


class Ending(enum.StrEnum):
    """How a run ended; the value is the word that the ledger and ``summary.json`` keep."""

    RUNNING = "running", "running"
    """It has not; never written down."""
    FINISHED = "finished", "finished"
    """It saw every study to its end."""
    HOPELESS = "hopeless", "stopped as hopeless"
    """The preflight stopped it before its first trial."""
    INTERRUPTED = "interrupted", "interrupted"
    """Somebody, or a limit, stopped it."""
    BROKEN = "broken", "error"
    """An exception ended it."""
    LOST = "lost", "lost: the process was killed"
    """Others found it dead."""

    said: str

    def __new__(cls, word: str, said: str) -> Self:
        """A word with what the reader sees in its place."""
        made = str.__new__(cls, word)
        made._value_ = word
        made.said = said
        return made

    @property
    def status(self) -> int:
        """Exit status of a command that ends so: 3 where there is work left."""
        return {Ending.FINISHED: 0, Ending.HOPELESS: 5}.get(self, 3)

    def in_words(self, why: str = "") -> str:
        """What the reader sees, e.g. ``interrupted: stopped by Ctrl-C``."""
        return f"{self.said}: {why}" if why else self.said
