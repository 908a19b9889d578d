"""Numbers as the forecasts take them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
"""A NumPy array of float64, or of float32 where a network takes it."""

Doubles: TypeAlias = NDArray[np.float64]
"""A NumPy array of float64, which TA-Lib insists on: prices, indicators."""

Integers: TypeAlias = NDArray[np.int64]
"""Row numbers."""

Days: TypeAlias = NDArray[np.datetime64]
"""Calendar days, ``datetime64[D]``."""
