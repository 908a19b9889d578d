"""Stationary states of a radial problem by Newton's method with a banded factorisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .numeric import Floats
from .radial_problem import Expansion, RadialProblem
from .solution import Solution
from .stops import Stop

FAR = 1e6
"""Fields beyond this have run away."""
_ROUNDING = 4.0
"""A residual within so many units of its rounding cannot be lowered."""
_NUDGE = 0.1
"""Largest change of a field when a saddle is left along its lowest mode."""


@dataclass(frozen=True, eq=False)
class Place:
    """Fields on the way, with everything a step from them needs."""

    problem: RadialProblem
    fields: Floats

    @cached_property
    def expansion(self) -> Expansion:
        """Energy, gradient and second derivative."""
        return self.problem.expand(self.fields)

    @property
    def energy(self) -> float:
        """E."""
        return self.expansion.energy

    @cached_property
    def residual(self) -> float:
        """``sqrt(sum G^2 / w)``."""
        return self.problem.residual(self.expansion.gradient)

    @property
    def finite(self) -> bool:
        """Whether energy and force are numbers."""
        return math.isfinite(self.energy) and math.isfinite(self.residual)

    def attainable(self, tolerance: float) -> float:
        """The tolerance, or what rounding makes of it."""
        return max(tolerance, _ROUNDING * self.expansion.residual_noise)

    def settled(self, tolerance: float) -> bool:
        """Whether the residual is as small as asked for."""
        return self.residual <= self.attainable(tolerance)

    def moved(self, step: Floats) -> Place:
        """The place one `step`, shape (N, n), away."""
        fields = self.fields.copy()
        fields[:-1] += step.reshape(fields[:-1].shape)
        return Place(self.problem, fields)

    def descent(self, shift: float) -> Floats | None:
        """``-(H + shift W)^{-1} G``, or None where that matrix is not positive definite."""
        from scipy import linalg

        factor = self.expansion.bands.cholesky(shift)
        if factor is None:
            return None
        right = -self.expansion.gradient.ravel()
        step: Floats = linalg.cho_solve_banded((factor, True), right, check_finite=False)
        return step

    def end(self, stop: Stop, iterations: int, tolerance: float) -> Solution:
        """This place as the end of a search."""
        reached = self.attainable(tolerance) if self.finite else tolerance
        return Solution(self.problem, self.fields, stop, iterations, reached)


def minimise(
    problem: RadialProblem, start: Any, tolerance: float = 1e-9, iterations: int = 300
) -> Solution:
    """Descend to a minimum by Newton's method with a shift.

    Each step solves ``(H + m W) step = -G`` by a banded Cholesky factor.  The shift m is zero
    where H is positive definite and the quadratic model is good; elsewhere it grows until the
    energy falls (Levenberg 1944, Marquardt 1963).  A saddle on the way is left along its lowest
    mode, so that an end called converged is a minimum among spherical fields.

    Parameters
    ----------
    problem : RadialProblem
    start : profiles
        As `RadialProblem.fields` takes them.
    tolerance : float
        Of the residual ``sqrt(sum G^2 / w)``; never asked below what rounding allows.
    iterations : int
        Most factorisations.
    """
    here, shift = Place(problem, problem.fields(start)), 0.0
    if not here.finite:
        return here.end(Stop.NON_FINITE, 0, tolerance)
    for done in range(iterations):
        if here.settled(tolerance):
            if here.expansion.bands.count_below() == 0:
                return here.end(Stop.CONVERGED, done, tolerance)
            here = _leave(here)
        unit = 1e-3 * here.expansion.bands.size_of_curvature
        step = here.descent(shift)
        there = None if step is None else here.moved(step)
        if step is None or there is None or not _better(here, there, step):
            if shift > 1e12 * unit:
                return here.end(Stop.STALLED, done, tolerance)
            shift = max(4 * shift, unit)
            continue
        if np.max(np.abs(there.fields)) > FAR:
            return there.end(Stop.RUNAWAY, done, tolerance)
        shift = shift / 4 if shift > unit else 0.0
        here = there
    return here.end(Stop.EXHAUSTED, iterations, tolerance)


def _better(here: Place, there: Place, step: Floats) -> bool:
    """Whether a step is worth taking: by the energy, or by the residual where E is blurred."""
    if not there.finite:
        return False
    expected = -float(step @ here.expansion.gradient.ravel()) / 2
    if expected < 100 * here.expansion.energy_noise:
        return there.residual < here.residual
    return here.energy - there.energy > 0.05 * expected


def _leave(here: Place) -> Place:
    """A place beside a saddle, along its lowest mode."""
    mode = here.expansion.bands.lowest(1)[1][0]
    return here.moved(_NUDGE * mode / mode.flat[np.argmax(np.abs(mode))])


def stationary(
    problem: RadialProblem, start: Any, tolerance: float = 1e-9, iterations: int = 60
) -> Solution:
    """Find the stationary state of any signature near `start` by damped Newton steps.

    Each step solves ``H step = -G`` by a banded LU factor with pivoting and is halved until the
    residual falls.  Look at `Solution.negative_modes` for what was found.

    Parameters
    ----------
    problem : RadialProblem
    start : profiles
        As `RadialProblem.fields` takes them.
    tolerance : float
        Of the residual ``sqrt(sum G^2 / w)``; never asked below what rounding allows.
    iterations : int
        Most factorisations.
    """
    here = Place(problem, problem.fields(start))
    if not here.finite:
        return here.end(Stop.NON_FINITE, 0, tolerance)
    for done in range(iterations):
        if here.settled(tolerance):
            return here.end(Stop.CONVERGED, done, tolerance)
        step = here.expansion.bands.solve(-here.expansion.gradient.ravel())
        tried = (here.moved(step * 0.5**halving) for halving in range(12))
        there = next((one for one in tried if one.finite and one.residual < here.residual), None)
        if there is None:
            return here.end(Stop.STALLED, done, tolerance)
        here = there
    return here.end(Stop.EXHAUSTED, iterations, tolerance)
