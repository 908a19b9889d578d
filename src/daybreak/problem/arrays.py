"""What NumPy and `jax.numpy` do not spell alike; JAX is loaded only where arrays are its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def constant(value: Any, xp: Any) -> Any:
    """The same number, whose derivative is zero."""
    if xp is np:
        return value
    import jax

    return jax.lax.stop_gradient(value)


def log_normal_cdf(z: Any, xp: Any) -> Any:
    """Log of the normal distribution function at z."""
    if xp is np:
        from scipy.special import log_ndtr

        return log_ndtr(z)
    from jax.scipy import special

    return special.log_ndtr(z)
