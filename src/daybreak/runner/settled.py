"""Stop a study early, when no trial that is left can change its verdict.

More trials can only lower the best chi2 and raise its p value. A bar above chi2 that is met stays
met, a bar below it that is missed stays missed; any other criterion is open until the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from daybreak.criteria import Criterion, Verdict
from daybreak.diagnosis.study import CriterionOutcome
from daybreak.diagnosis.study import Study as StudyReading
from daybreak.ledger.store import Ledger
from daybreak.plan import Study
from daybreak.verdict import read_study

_FALLING = ("chi2", "reduced_chi2")
_RISING = ("p_value",)
_SHARE = 20.0
"""A look costs at most this fraction of the time since the last one.

Looking then takes 5 % of the night at most, however long the record has become.
"""


class Settled(Exception):  # noqa: N818 - no error: the study has its verdict
    """The verdict of a study stands although its method is not through; says which and why."""


def settled(ledger: Ledger, study: Study) -> Callable[[], None]:
    """A check to make between trials: it raises `Settled` when the verdict stands."""
    next_look = 0.0

    def check() -> None:
        nonlocal next_look
        begun = time.monotonic()
        if begun < next_look:
            return
        reading = read_study(ledger.read_study(study.name))
        verdict = standing(study.accept, reading)
        if verdict is not None:
            msg = (
                f"stopped early after {reading.metrics.trials} trials, as asked: no trial that "
                f"was left could have changed the verdict {verdict}."
            )
            raise Settled(msg)
        next_look = time.monotonic() + _SHARE * (time.monotonic() - begun)

    return check


def standing(criteria: Sequence[Criterion], reading: StudyReading) -> Verdict | None:
    """The verdict that the rest of the method cannot change; None while it can."""
    hard = [
        pair for pair in zip(criteria, reading.outcomes, strict=True) if pair[0].level == "hard"
    ]
    soft = [
        pair for pair in zip(criteria, reading.outcomes, strict=True) if pair[0].level == "soft"
    ]
    if any(_stays(criterion, one, "missed") for criterion, one in hard):
        return "FAIL"
    counted = [*hard, *soft]
    if counted and all(_stays(criterion, one, "met") for criterion, one in counted):
        return "PASS"
    return None


def _stays(criterion: Criterion, one: CriterionOutcome, outcome: str) -> bool:
    """Whether a criterion came out so and stays so as the best fit improves."""
    upper = criterion.at_most is not None or criterion.below is not None
    lower = criterion.at_least is not None or criterion.above is not None
    if one.outcome != outcome or upper == lower:
        return False
    if criterion.quantity in _FALLING:
        return upper if outcome == "met" else lower
    if criterion.quantity in _RISING:
        return lower if outcome == "met" else upper
    return False
