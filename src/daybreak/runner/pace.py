"""How long a study's trials take by a pilot, and how many of them make a unit."""

from __future__ import annotations

from contextlib import suppress

from daybreak.methods.solve import seconds_per_fit
from daybreak.plan import Study
from daybreak.problem.outcomes import Task

_UNIT_SECONDS = {"jax": 20.0, "numpy": 2.0}
"""What a unit should take by the pilot's estimate; a kill loses no more than units in hand.

A choice: twenty seconds of a compiled call that shares its cost; two where nothing is shared but
the record.
"""
_MOST_TRIALS = 4096
"""Trials of a unit at most, whatever the pilot says: a choice, some megabytes of a record."""


class Pace:
    """Seconds per fit, found by a pilot once for each problem and its static settings."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[object, ...], float] = {}

    def batch(self, study: Study) -> int:
        """How many trials make a unit; one where each is watched or takes long."""
        first = first_task(study)
        if first is None or first.kind.alone or study.problem.resources.isolated:
            return 1
        aim = _UNIT_SECONDS[study.problem.backend(study.all_settings)]
        return max(1, min(_MOST_TRIALS, int(aim / self.seconds(study))))

    def seconds(self, study: Study) -> float:
        """Seconds per fit; studies that differ in numbers only share a pilot."""
        _, static = study.problem.split_settings(study.all_settings)
        mark = (id(study.problem), *static.items())
        if mark not in self._seconds:
            first = first_task(study)
            seconds = (
                seconds_per_fit(study.problem, study.all_settings, first.held) if first else 0.0
            )
            self._seconds[mark] = max(seconds, 1e-9)
        return self._seconds[mark]


def first_task(study: Study) -> Task | None:
    """The first trial that the study's method asks for.

    None where it asks for none at first, or cannot be asked: the study itself will say why.
    """
    with suppress(Exception):
        tasks = next(study.method.rounds(study.problem, study.all_settings, 0), None) or []
        return next((task for task in tasks if isinstance(task, Task)), None)  # pyright: ignore[reportUnnecessaryIsInstance] - a method of another package
    return None
