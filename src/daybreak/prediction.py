r"""What a fitted model says where it was not fitted, how surely, and whether new data agree.

With the best fit x of all fitted numbers (parameters in the unit box, scale factors and offsets),
residuals r(x) of the fitted data and predictions f(x) elsewhere,

    C = (R^T R)^-1,  R = dr/dx;      V = F C F^T,  F = df/dx;      band = f -+ sqrt(level V_ii)

with the 95 % level of one parameter.  New data d with covariance S and the same Gaussian noise
are compared as chi2 = (f - d)^T (S + V)^-1 (f - d), one degree of freedom for each.  Parameters
at a bound are held there.  The bands are those of a model that is linear over them; where they
are wide, profile the quantity itself (`Derived`).
Source: Bates and Watts (1988), Nonlinear Regression Analysis, section 2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.diagnosis.study import Model
from daybreak.diagnosis.study import Study as Reading
from daybreak.errors import PlanError, known
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.plan import Study
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.levels import square_95
from daybreak.problem.parameters import AT_BOUND
from daybreak.problem.precision import double_precision

Array = NDArray[np.float64]
_STEP = 1e-5
"""Of the differences, in the unit box and in shares of a scale factor.

Near eps^(1/3) = 6e-6, at which rounding and bend of a central difference balance (Press et al.,
Numerical Recipes, 3rd ed., section 5.7).
"""


class Predicted(Model):
    """One predicted number with its 95 % band, in `unit`."""

    name: str
    unit: str
    value: float
    lower: float
    upper: float


class Prediction(Model):
    """Predictions, and how data that took no part in the fit agree with them."""

    study: str
    predictions: list[Predicted]
    chi2: float | None
    """Of the problem's own data; null where none were asked about."""
    degrees_of_freedom: int
    p_value: float | None
    sentence: str

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


def predict(
    study: Study,
    found: Reading,
    settings: Mapping[str, Setting] | None = None,
    *,
    problem: FitProblem | None = None,
) -> Prediction:
    """Predict with the best fit of a study (formulas in the module).

    Parameters
    ----------
    study : Study
        What was fitted.
    found : a study of `Results`
        What came of it.
    settings : mapping, optional
        Settings to predict at, where they differ from the study's.
    problem : FitProblem, optional
        With the same parameters, scale factors and offsets, but other predictions: held-back
        data, whose agreement is then told, or places between the data.

    Raises
    ------
    PlanError
        When there is no fit, the problems do not share their parameters, or the data do not fix
        them.
    """
    if found.best is None:
        msg = f"study {study.name!r} has no fit to predict with."
        raise PlanError(msg)
    target = study.fit if problem is None else problem
    _check_same(study.fit, target)
    with double_precision():
        x = _Numbers.of(study.fit, found.best.parameters, found.best.scale_factors)
        fitted = _At(study.fit, study.all_settings)
        R = x.slopes(fitted.residuals)
        rank = int(np.linalg.matrix_rank(R))
        if rank < R.shape[1]:
            msg = (
                f"the data of study {study.name!r} fix {rank} of its {R.shape[1]} fitted numbers "
                "only, so its predictions have no band; see its preflight for which."
            )
            raise PlanError(msg)
        own = study.all_settings if problem is None else target.settings
        there = _At(target, target.resolve({**own, **(settings or {})}))
        f, F = there.predictions(x.values), x.slopes(there.predictions)
    V = F @ np.linalg.solve(R.T @ R, F.T)
    half = np.sqrt(square_95(study.fit.describe()) * np.maximum(np.diag(V), 0.0))
    data = target.measured
    told = [
        Predicted(name=n, unit=d.unit, value=float(v), lower=float(v - h), upper=float(v + h))
        for n, d, v, h in zip(data.names, data.data, f, half, strict=True)
    ]
    return _told(study.name, told, None if problem is None else _agreement(target, f, V))


@dataclass(frozen=True)
class _Numbers:
    """Every fitted number at the best fit, and which of them may move."""

    problem: FitProblem
    free: tuple[str, ...]
    factors: tuple[str, ...]
    values: Array
    """In the unit box, then scale factors and offsets."""
    moving: Sequence[int]

    @classmethod
    def of(
        cls, problem: FitProblem, parameters: Mapping[str, float], factors: Mapping[str, float]
    ) -> _Numbers:
        free = problem.space.free(())
        u = np.asarray(problem.space.subspace(free).to_unit({n: parameters[n] for n in free}))
        inside = [i for i, one in enumerate(u) if AT_BOUND < one < 1.0 - AT_BOUND]
        values = np.concatenate([u, np.array(list(factors.values()), dtype=np.float64)])
        moving = [*inside, *range(len(u), len(values))]
        return cls(problem, free, tuple(factors), values, moving)

    def slopes(self, function: Callable[[Array], Array]) -> Array:
        """Derivatives by central differences, shape (n, moving)."""
        columns: list[Array] = []
        for i in self.moving:
            step = np.zeros(len(self.values))
            step[i] = _STEP if i < len(self.free) else _STEP * max(abs(self.values[i]), 1e-3)
            if i < len(self.free):
                step[i] = min(_STEP, self.values[i], 1.0 - self.values[i])
            columns.append(
                (function(self.values + step) - function(self.values - step)) / (2.0 * step[i])
            )
        return np.stack(columns, axis=1)


class _At:
    """A problem at certain settings, as functions of all fitted numbers."""

    def __init__(self, problem: FitProblem, settings: Mapping[str, Setting]) -> None:
        self.problem = problem
        fixed = problem.space.fixed
        self.evaluator, self.cells = cells_of(problem, [fixed], settings)
        self.count = len(problem.space.free(()))

    def _scaled(self, x: Array) -> Array:
        """All predictions, pulls included, after scale factors and offsets."""
        raw: Any = self.evaluator.raw(x[None, : self.count], self.cells)[0]
        found: Array = np.array(raw, dtype=np.float64)
        names = [f.name for f in (*self.problem.scale_factors, *self.problem.offsets)]
        factors = dict(zip(names, x[self.count :].tolist(), strict=True))
        for group in self.problem.groups:
            members = list(group.members)
            if group.scale is not None:
                found[members] *= factors[group.scale.name]
            if group.offset is not None:
                found[list(group.shifted)] += factors[group.offset.name]
        return found

    def residuals(self, x: Array) -> Array:
        """Residuals at frozen sizes of noise, shape (n_observations,)."""
        data = self.problem.data
        if not hasattr(self, "_sizes"):
            first = data.residuals(self._scaled(x), data.values, data.sigmas, np)
            self._sizes: Array = data.sizes_of(np.asarray(first, dtype=np.float64))
        found = data.residuals(self._scaled(x), data.values, data.sigmas, np, list(self._sizes))
        return np.asarray(found, dtype=np.float64)[: len(data)]

    def predictions(self, x: Array) -> Array:
        """What is compared with measured data, shape (n_measured,)."""
        return self._scaled(x)[: len(self.problem.measured)]


def _check_same(one: FitProblem, other: FitProblem) -> None:
    """Both have the same fitted numbers in the same order."""

    def numbers(problem: FitProblem) -> list[str]:
        factors = (*problem.scale_factors, *problem.offsets)
        return [*problem.space.free(()), *(f.name for f in factors)]

    boxes = [[p.describe() for p in problem.space.parameters] for problem in (one, other)]
    if numbers(one) != numbers(other) or boxes[0] != boxes[1]:
        msg = (
            "a problem to predict with must have the parameters, scale factors and offsets of "
            f"the one that was fitted, {known(numbers(one))}, in the same boxes, but has "
            f"{known(numbers(other))}."
        )
        raise PlanError(msg)


def _agreement(problem: FitProblem, f: Array, V: Array) -> tuple[float, int]:
    """Chi2 of data that took no part in the fit, and how many they are."""
    data = problem.measured
    if not data.gaussian:
        msg = "held-back data are compared with bands for Gaussian noise of known size only."
        raise PlanError(msg)
    S = np.diag(data.sigmas**2) if data.covariance is None else data.covariance
    z = f - data.values
    return float(z @ np.linalg.solve(S + V, z)), len(data)


def _told(name: str, told: list[Predicted], agreement: tuple[float, int] | None) -> Prediction:
    from scipy.special import gammaincc

    if agreement is None:
        said = f"{len(told)} predictions of {name} with 95 % bands."
        return Prediction(
            study=name,
            predictions=told,
            chi2=None,
            degrees_of_freedom=0,
            p_value=None,
            sentence=said,
        )
    chi2, count = agreement
    p = float(gammaincc(count / 2.0, chi2 / 2.0))
    # 1 %, as for a fit in tension (`daybreak.diagnosis.checks.WORST_P`).
    how = "agree with" if p >= 0.01 else "contradict"
    return Prediction(
        study=name,
        predictions=told,
        chi2=chi2,
        degrees_of_freedom=count,
        p_value=p,
        sentence=f"{count} data that took no part in the fit {how} {name}: chi2 = {chi2:.4g}, "
        f"p = {p:.2g}.",
    )
