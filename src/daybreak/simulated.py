"""Problems whose data can be drawn anew without a new compilation.

Observed values are constants of a compiled function; as traced settings, one an observation, they
cost no compilation, and a thousand data sets share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import PlanError
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.plan import Study
from daybreak.problem.fit import FitProblem, Settings

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Simulated(FitProblem):
    """A problem whose observed values are moved by traced settings, one an observation.

    A subclass, because a shift of the predictions cannot stand for one of the data where a scale
    factor acts on them: elimination itself has to see the moved values.
    """

    def observed(self, settings: Settings, xp: Any) -> Any:
        """The moved data, shape (n_observations,)."""
        shifts = xp.stack([xp.asarray(settings[name]) for name in shifts_of(self)])
        return self.data.values + shifts

    def _arguments(self, values: Sequence[Any], settings: Settings) -> tuple[Any, Any]:
        """What `predict` and `derive` are given: they know nothing of the shifts."""
        mine = set(shifts_of(self))
        own = {name: value for name, value in settings.items() if name not in mine}
        return super()._arguments(values, own)


def shifts_of(problem: FitProblem) -> list[str]:
    """Names of the settings that move the observed values."""
    return [f"simulated_shift_{i}" for i in range(len(problem.data))]


def simulated(problem: FitProblem) -> FitProblem:
    """The problem with settings that move its data; zeros leave them where they are."""
    declared: dict[str, Any] = {f.name: getattr(problem, f.name) for f in fields(problem)}
    declared["settings"] = {**problem.settings, **dict.fromkeys(shifts_of(problem), 0.0)}
    return _Simulated(**declared)


def moved(problem: FitProblem, values: Array) -> dict[str, float]:
    """Settings that put these data, shape (n_observations,), in place of the problem's own."""
    return dict(zip(shifts_of(problem), (values - problem.data.values).tolist(), strict=True))


def expected(study: Study, truth: Mapping[str, float]) -> Array:
    """What the observations would be without noise, shape (n_observations,).

    Raises
    ------
    PlanError
        When the model predicts nothing finite there.
    """
    problem = study.fit
    stated = {name: truth[name] for name in problem.space.names if name in truth}
    values = {**problem.space.fixed, **stated}
    evaluator, cells = cells_of(problem, [values], study.all_settings)
    means = evaluator.raw(np.full((1, len(problem.space.free(()))), 0.5), cells)[0].copy()
    for group in problem.groups:
        members = list(group.members)
        if group.scale is not None:
            means[members] *= truth.get(group.scale.name, 1.0)
        if group.offset is not None:
            means[members] += truth.get(group.offset.name, 0.0)
    if not np.isfinite(means).all():
        msg = f"study {study.name!r} predicts nothing finite at the truth {values}; move it."
        raise PlanError(msg)
    return means
