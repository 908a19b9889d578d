"""Numbers as the vortex energies take them: plain, array or traced."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""A NumPy array of float64: constants, grids and weights."""

Numeric: TypeAlias = jax.Array | Floats | float
"""A scalar or an array, concrete or traced by JAX."""


def power(base: jax.Array, exponent: Numeric) -> jax.Array:
    """Return ``base ** exponent``; a plain integral exponent becomes multiplications.

    Multiplying is several times faster than ``pow`` and has finite derivatives at zero.

    Parameters
    ----------
    base : jax.Array
        Positive where `exponent` is traced or not integral.
    exponent : Numeric
        Broadcasts against `base`.
    """
    if isinstance(exponent, (int, float)):
        if float(exponent).is_integer():
            return base ** int(exponent)
        return base**exponent
    return jnp.power(base, exponent)


def over_nodes(value: Numeric) -> jax.Array:
    """Give `value`, shape (...), the trailing axes (panels, nodes): shape (..., 1, 1)."""
    return jnp.asarray(value)[..., None, None]


@lru_cache(maxsize=64)
def gauss_rule(n_nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on (0, 1), each of shape (n_nodes,).

    Exact for polynomials of degree ``2 n_nodes - 1``; no node lies on an end of the interval.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    nodes, weights = (nodes + 1.0) / 2.0, weights / 2.0
    nodes.setflags(write=False)
    weights.setflags(write=False)
    return nodes, weights


def integrate_panels(values: jax.Array) -> jax.Array:
    """Sum weighted values of shape (..., panels, nodes) to shape (...)."""
    return jnp.sum(values, axis=(-2, -1))
