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

_DOUBLINGS, _HALVINGS, _STEPS = 24, 60, 400


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
        As `RadialProblem.fields` takes them.  By default a Gaussian a tenth of the box wide, in
        the direction in which the potential is lowest or falls without limit.
    tolerance : float
        Of the residual.

    Returns
    -------
    Solution
        With ``negative_modes == 1`` where a bounce was found, else with `Stop.NO_BARRIER`.
    """
    profile = problem.fields(shape if shape is not None else _gaussian(problem))
    low, high = _bracket(problem, profile)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        grows, quietest = _follow(problem, middle * profile)
        if quietest is not None:
            found = stationary(problem, quietest.fields, tolerance)
            if found.converged and not found.trivial and found.negative_modes == 1:
                return found
        low, high = (low, middle) if grows else (middle, high)
    return Place(problem, high * profile).end(Stop.NO_BARRIER, _HALVINGS, tolerance)


def _gaussian(problem: RadialProblem) -> Floats:
    """A Gaussian in the direction that is worth going."""
    found = landscape(problem)
    deep = found.runaway if found.runaway is not None else found.lowest.fields
    width = problem.radius / 10
    profile: Floats = np.exp(-(problem.mesh.nodes[:, None] ** 2) / (2 * width**2)) * deep
    return profile


def _bracket(problem: RadialProblem, profile: Floats) -> tuple[float, float]:
    """An amplitude that decays and a larger one that grows, as far as there are such."""
    if _follow(problem, profile)[0]:
        lower = (0.5**k for k in range(1, _DOUBLINGS))
        low = next((a for a in lower if not _follow(problem, a * profile)[0]), 0.0)
        return low, 2 * low if low else 1.0
    higher = (2.0**k for k in range(1, _DOUBLINGS))
    high = next((a for a in higher if _follow(problem, a * profile)[0]), 1.0)
    return high / 2, high


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
