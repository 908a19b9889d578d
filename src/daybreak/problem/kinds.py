"""What is asked, what kinds of trials there are, and what each is to the reader of the records."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Question(enum.StrEnum):
    """What a problem asks; the value is the word that the ledger keeps."""

    FIT = "fit"
    """Which parameters describe data."""
    SEARCH = "search"
    """Which configuration is best."""


class Role(enum.Enum):
    """What a trial is to the reader of a study; the value is the word that the ledger keeps."""

    END = "end"
    """Where a fit ended: a candidate for the best fit, a point of a profile."""
    EVALUATION = "evaluation"
    """What the model says at one place, or of one configuration."""
    CHECK = "check"
    """What questions an end, or stands beside a search; never a result itself."""
    CONCLUSION = "conclusion"
    """An end that was read off evaluations, without any of its own."""

    @property
    def is_end(self) -> bool:
        """Whether the outcome is the end of a fit."""
        return self in (Role.END, Role.CONCLUSION)


@dataclass(frozen=True)
class Kind:
    """How trials are carried out, and what they are to the reader; its word is its identity.

    Parameters
    ----------
    word : str
        Names it in the ledger; part of a trial's identity.
    role : Role
    alone : bool
        Whether each is kept by itself, since it is watched or takes long.
    """

    word: str
    role: Role = field(compare=False)
    alone: bool = field(default=False, compare=False)


FIT = Kind("fit", Role.END)
"""A local fit; of which solver, its options say."""
EVOLVE = Kind("evolve", Role.END, alone=True)
"""One run of differential evolution."""
EVALUATE = Kind("evaluate", Role.EVALUATION)
"""A record of everything at one place."""
CONCLUDE = Kind("conclude", Role.CONCLUSION)
"""The end of a fit that a method read off evaluations."""
SCALED = Kind("scaled", Role.CHECK)
"""A fit with scaled model uncertainties."""
LOOSENED = Kind("loosened", Role.CHECK)
"""A fit with bounds moved or without priors, which questions the end of an interval."""
POLISH = Kind("polish", Role.CHECK)
"""A fit by another method from an end, with the Hessian there."""
REFINE = Kind("refine", Role.CHECK)
"""An end under a refined knob."""
SEARCH = Kind("search", Role.EVALUATION, alone=True)
"""The evaluation of a configuration."""
BASELINE = Kind("baseline", Role.CHECK, alone=True)
"""The evaluation of a baseline that is no configuration."""
