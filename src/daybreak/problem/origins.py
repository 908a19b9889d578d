"""Why a trial is asked for."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import NoneType
from typing import Any

from daybreak.errors import PlanError


class Why(enum.Enum):
    """The reason for a trial; the value is the word that the ledger keeps and the reader sees."""

    START = "start"
    """A start of the method's own."""
    PREFLIGHT = "preflight"
    """A place known before the night."""
    SEED = "seed"
    """A run of a stochastic method."""
    BASIN = "basin"
    """A distinct end found anywhere."""
    LEFT = "left"
    """The end of the neighbour there, as for the other three sides."""
    RIGHT = "right"
    BELOW = "below"
    ABOVE = "above"
    MIDDLE = "middle"
    """The mean of two neighbours' ends."""
    MAP = "map"
    """An end of the map that a profile is the margin of."""
    ITSELF = "itself"
    """An end of all free parameters, at its own value of the parameter of interest."""
    LOWER = "from below"
    """A point of a profile that lies below every fit of all free parameters."""
    INSIDE = "inside"
    """The last place inside an interval, by which its end is put down."""
    OUTSIDE = "outside"
    """The first place outside it."""
    EVALUATE = "evaluate"
    """Everything is recorded."""
    POLISH = "polish"
    """A second method goes on from an end."""
    SIGMA = "sigma"
    """The model uncertainty is multiplied by a factor."""
    REFINE = "refine"
    """A knob is refined."""
    LOOSENED = "loosened"
    """Bounds are moved, or priors left out."""
    FORCED = "forced"
    """The user wants this configuration evaluated."""
    TRIAL = "trial"
    """The sampler proposed this configuration."""
    CONFIRM = "confirm"
    """A winner is evaluated again, with a seed that nothing was chosen by."""
    BASELINE = "baseline"
    """What a search has to beat."""

    @property
    def is_own(self) -> bool:
        """Whether a fit owes its start to no other fit."""
        return self in (Why.START, Why.PREFLIGHT, Why.SEED)

    @property
    def is_side(self) -> bool:
        """Whether a fit begins at a neighbour's end."""
        return self in (Why.LEFT, Why.RIGHT, Why.BELOW, Why.ABOVE)

    @property
    def is_proposal(self) -> bool:
        """Whether it is one of a search's own configurations: forced or sampled."""
        return self in (Why.FORCED, Why.TRIAL)


@dataclass(frozen=True)
class Origin:
    """A reason, and which of its kind."""

    why: Why
    which: int | float | str | None = None
    """A start's number, a seed, a factor on sigma, the name of a knob or a baseline."""

    def __post_init__(self) -> None:
        """Refuse what a record could not give back.

        Raises
        ------
        PlanError
            Where `which` is no number or name, or that of a search's configuration no whole one.
        """
        wanted: Any = int if self.why.is_proposal else (int, float, str, NoneType)
        if not isinstance(self.which, wanted) or isinstance(self.which, bool):
            what = "a whole number" if self.why.is_proposal else "a number, a name or None"
            msg = f"`which` of the origin {self.why.value!r} is {what}, but got {self.which!r}."
            raise PlanError(msg)

    def __str__(self) -> str:
        """E.g. ``start 3``, ``sigma 0.5``, ``refine points``."""
        if self.which is None:
            return self.why.value
        number = isinstance(self.which, float)
        return f"{self.why.value} {self.which:g}" if number else f"{self.why.value} {self.which}"


RECORDED = Origin(Why.EVALUATE)
"""That everything is recorded."""
