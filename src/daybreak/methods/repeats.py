"""Whether the lowest end has the same chi2 when it is evaluated again, and how much it differs.

Where it differs, refinement would go on for ever: every fit finds a lower value of the noise, and
every crossing of a level several more.  So it stops at the noise that is measured here.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from daybreak.methods.relaxation import Ground, Step, chi2_of
from daybreak.problem.ends import same_chi2
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.outcomes import Outcome, Task

_REPEATS = 8
"""Evaluations of one place whose range is the noise.

A choice: the range of eight draws of a normal distribution is 2.8 standard deviations on average.
"""


def listen(ground: Ground) -> Step:
    """Measure the noise of a profile's or map's chi2 once."""
    if ground.noise is None:
        found = [*ground.ends, *(end for one in ground.relaxations for end in one.best.values())]
        ground.noise = yield from repeated(found)


def repeated(ends: Sequence[Outcome]) -> Generator[list[Task], list[Outcome], float | None]:
    """By how much chi2 differs at the lowest end; None where no fit ended.

    Of a model that repeats itself one evaluation is enough: it records the best end in full, which
    is asked for in any case.
    """
    end = min(ends, key=chi2_of, default=None)
    if end is None or end.chi2 is None:
        return None
    (again,) = yield [Task(EVALUATE, dict(end.parameters))]
    if again.chi2 is None or same_chi2(again.chi2, end.chi2):
        return 0.0
    more = yield [
        Task(EVALUATE, dict(end.parameters), options={"repeat": i}) for i in range(1, _REPEATS)
    ]
    chi2 = [one.chi2 for one in (end, again, *more) if one.chi2 is not None]
    return max(chi2) - min(chi2)
