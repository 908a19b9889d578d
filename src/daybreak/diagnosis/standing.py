"""How a value of a search stands to a bar: one rule for criteria, baselines and null tests.

A bar holds, or does not, where the value is further from it than two standard errors of the mean
over fresh seeds and the shift under refined knobs together.  Nearer to it nothing is decided, nor
where a noisy value was not confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daybreak.criteria import Criterion
from daybreak.diagnosis.search_study import OutcomeWord, SearchKnob, Winner
from daybreak.problem.objectives import Direction

SIGMAS = 2.0
"""Standard errors within which of a bar nothing is decided.

Two, as for 95 % intervals of normal errors.
"""
_CONFIRM = "Confirm the winner with more fresh seeds: confirm=3, or more."
"""What would decide a criterion that is not settled or too near to its bar."""


@dataclass(frozen=True)
class Standing:
    """A value with all that keeps it from being taken at its word."""

    value: float
    uncertainty: float
    """One standard error, and the shift under refined knobs."""
    margin: float
    """How far from a bar it must be."""
    unsettled: str = ""
    """Why it decides nothing at all; empty when it may."""

    def against(self, name: str, criterion: Criterion) -> tuple[OutcomeWord, str]:
        """How it stands to a bar, and the sentence that says so."""
        return criterion.judged(name, self.value, self.margin, self.unsettled, do=_CONFIRM)


def standing(
    winner: Winner | None, name: str, knobs: Sequence[SearchKnob], *, deterministic: bool
) -> Standing | None:
    """How much a winner's value may be relied on; None where it has none.

    Parameters
    ----------
    winner : Winner
    name : str
        A metric, or a recorded number.
    knobs : sequence of SearchKnob
        What refining them changes.
    deterministic : bool
        Whether every seed gives the same value.
    """
    if winner is None or name not in winner.metrics:
        return None
    value = winner.metrics[name]
    moved = sum(abs(knob.changes.get(name, 0.0)) for knob in knobs)
    if not winner.seeds:
        why = "" if deterministic else "it is the luckiest of many trials, and not confirmed"
        return Standing(value, moved, moved, why)
    error = winner.uncertainty.get(name, 0.0)
    why = "only one seed confirmed it" if len(winner.seeds) < 2 else ""
    return Standing(value, error + moved, SIGMAS * error + moved, why)


def better_than(bar: float, goal: str, direction: Direction) -> Criterion:
    """The question whether an objective is better than a bar."""
    if direction == "maximise":
        return Criterion(goal, above=bar)
    return Criterion(goal, below=bar)
