"""Whether the lowest end has the same chi2 when it is evaluated again, and how much it differs.

Where it differs, refinement would go on for ever: every fit finds a lower value of the noise, and
every crossing of a level several more.  So it stops at the noise that is measured here.
"""

from __future__ import annotations

from daybreak.methods.relaxation import Ground, Step, chi2_of
from daybreak.problem.ends import same_chi2
from daybreak.problem.kinds import EVALUATE
from daybreak.problem.outcomes import Task

_REPEATS = 8
"""Evaluations of one place whose range is the noise.

A choice: the range of eight draws of a normal distribution is 2.8 standard deviations on average.
"""


def listen(ground: Ground) -> Step:
    """Measure the noise of chi2 once; of a model that repeats itself one evaluation is enough.

    That evaluation records the best end in full, which is asked for in any case.
    """
    found = [*ground.ends, *(end for one in ground.relaxations for end in one.best.values())]
    if ground.noise is not None or not any(end.chi2 is not None for end in found):
        return
    end = min(found, key=chi2_of)
    (again,) = yield [Task(EVALUATE, dict(end.parameters))]
    if again.chi2 is None or same_chi2(again.chi2, chi2_of(end)):
        ground.noise = 0.0
        return
    more = yield [
        Task(EVALUATE, dict(end.parameters), options={"repeat": i}) for i in range(1, _REPEATS)
    ]
    chi2 = [one.chi2 for one in (end, again, *more) if one.chi2 is not None]
    ground.noise = max(chi2) - min(chi2)
