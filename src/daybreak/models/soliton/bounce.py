"""The bounce: the saddle between a field that decays and one that grows without end.

A false vacuum decays over it (Coleman 1977), and a static field of this kind is never stable:
shrinking and swelling both lower its energy (Derrick 1964).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .landscape import landscape
from .newton import FAR, Place, stationary
from .numeric import Floats
from .radial_problem import RadialProblem
from .solution import Solution
from .stops import Stop

_DOUBLINGS, _HALVINGS, _STEPS = 8, 40, 400
_WIDTHS = (0.1, 0.2, 0.4)
"""Of the starts, as shares of the box."""


def bounce(problem: RadialProblem, shape: Any = None, tolerance: float = 1e-9) -> Solution:
    """Find the saddle over which the state ``f = 0`` decays.

    Of the starts ``a * shape``, small ones followed downhill die away and large ones grow.
    Halving the interval between them leads to the ridge, along which fields run to a pass; from
    the quietest place on the way Newton's method finds the pass itself.

    Parameters
    ----------
    problem : RadialProblem
        ``f = 0`` is a minimum of its potential, and not the lowest.
    shape : profiles, optional
        As `RadialProblem.fields` takes them.  By default Gaussians of several widths, in the
        direction in which the potential is lowest or falls without limit.
    tolerance : float
        Of the residual.

    Returns
    -------
    Solution
        With ``negative_modes == 1`` where a bounce was found, else with `Stop.NO_BARRIER`.
    """
    shapes = _gaussians(problem) if shape is None else [problem.fields(shape)]
    brackets = ((one, _bracket(problem, one)) for one in shapes)
    found = (_halve(problem, one, *ends, tolerance) for one, ends in brackets if ends)
    none = Place(problem, shapes[0]).end(Stop.NO_BARRIER, 0, tolerance)
    return next((state for state in found if state is not None), none)


def _gaussians(problem: RadialProblem) -> list[Floats]:
    """Gaussians of three widths in the direction that is worth going."""
    found = landscape(problem)
    deep = found.runaway if found.runaway is not None else found.lowest.fields
    r = problem.mesh.nodes[:, None] / problem.radius
    return [problem.fields(np.exp(-((r / width) ** 2) / 2) * deep) for width in _WIDTHS]


def _bracket(problem: RadialProblem, profile: Floats) -> tuple[float, float] | None:
    """An amplitude that decays and one twice as large that grows, if there are such."""
    low, high = 1.0, 1.0
    for _ in range(_DOUBLINGS):
        if _follow(problem, high * profile)[0]:
            break
        low, high = high, 2 * high
    else:
        return None
    while low > 2.0**-_DOUBLINGS and _follow(problem, low * profile)[0]:
        low, high = low / 2, low
    return low, high


def _halve(
    problem: RadialProblem, profile: Floats, low: float, high: float, tolerance: float
) -> Solution | None:
    """Halve an interval of amplitudes until Newton's method finds the pass."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        grows, quietest = _follow(problem, middle * profile)
        if quietest is not None:
            found = stationary(problem, quietest.fields, tolerance)
            if found.converged and not found.trivial and found.negative_modes == 1:
                return found
        low, high = (low, middle) if grows else (middle, high)
    return None


def _follow(problem: RadialProblem, fields: Floats) -> tuple[bool, Place | None]:
    """Whether fields followed downhill grow, and the place where the force was least.

    They grow once their energy is below that of ``f = 0``, and decay once they are where the
    energy is convex.  The steps are those of a flow in time, solved implicitly, so short that
    they do not leap over a ridge.
    """
    rest = Place(problem, np.zeros_like(fields)).energy
    here, quietest = Place(problem, fields), None
    for _ in range(_STEPS):
        if here.energy < rest or not here.finite or np.max(np.abs(here.fields)) > FAR:
            return True, quietest
        bands = here.expansion.bands
        if bands.cholesky() is not None:
            return False, quietest
        if quietest is None or here.residual < quietest.residual:
            quietest = here
        step = here.descent(2 * abs(bands.floor()))
        if step is None:
            return False, quietest
        here = here.moved(step)
    return False, quietest
