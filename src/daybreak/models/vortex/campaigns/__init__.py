"""The studies of the charged leptons as campaigns, each runnable by name."""

from __future__ import annotations

from .boundary_layer import boundary_layer
from .cross import cross
from .localisation import localisation
from .localisation_sensitivity import localisation_sensitivity
from .localisation_wide import localisation_wide
from .pivots import pivots
from .sensitivity import sensitivity
from .single import single
from .tau import tau
from .three import three
from .two import two

__all__ = [
    "boundary_layer",
    "cross",
    "localisation",
    "localisation_sensitivity",
    "localisation_wide",
    "pivots",
    "sensitivity",
    "single",
    "tau",
    "three",
    "two",
]
