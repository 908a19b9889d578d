"""Numbers as the radial fields take them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
"""A NumPy array of float64: grids, weights, fields."""

Potential: TypeAlias = Any
"""A callable ``V(fields, r, *arguments)`` in JAX, of one point: (n,) and a scalar -> scalar."""
