"""What a night shows of its preflight, before it and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daybreak.findings import StudyPreflight


class Examined(Protocol):
    """A night of which the preflight is known: one that is planned, or one that is over."""

    @property
    def examinations(self) -> Sequence[StudyPreflight]:
        """What was found, study by study."""
        ...
