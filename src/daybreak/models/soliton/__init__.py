"""Static radial fields: stationary states of any potential, and a search for solitons.

`RadialProblem` takes any number of fields and any local potential.  The rest repeats and judges a
study of twelve coupled fields, once with its own formulas, errors included, and once with ones
that can be trusted.
"""

from __future__ import annotations

from .bounce import bounce
from .landscape import Landscape, Minimum, landscape
from .mesh import Mesh
from .newton import minimise, stationary
from .octaves import VALIDATION, Octaves, octave_problem
from .radial_problem import RadialProblem
from .solution import Solution
from .stops import Stop

__all__ = [
    "VALIDATION",
    "Landscape",
    "Mesh",
    "Minimum",
    "Octaves",
    "RadialProblem",
    "Solution",
    "Stop",
    "bounce",
    "landscape",
    "minimise",
    "octave_problem",
    "stationary",
]
