"""Numbers as the radial fields take them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""A NumPy array of float64: grids, weights, fields."""

Potential: TypeAlias = Any
"""A callable ``V(fields, r, *arguments)`` in JAX: one point in space, (n,) and a scalar -> scalar."""
