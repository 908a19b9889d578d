"""The minimum of a positive quadratic in a box, of many lanes at once, by an active set.

Written once for arrays with a leading lane axis, in NumPy or `jax.numpy`.
Source: Nocedal and Wright (2006), Numerical Optimization, 2nd ed., sections 16.5 and 16.7 (active
set, projection).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


def box_minimum(A: Any, g: Any, low: Any, high: Any, xp: Any) -> Any:
    """Minimise ``g.z + z.A z / 2`` over ``low <= z <= high`` from z = 0, A positive; (L, n).

    Each pass takes the Newton step of the free variables, up to the first bound or projected onto
    the box, whichever is lower.  A variable that runs into a bound is held there, and freed when
    the slope turns inwards.  A lane that needs more passes than are allowed has still gone down.
    """
    n = g.shape[1]

    def slope(z: Any) -> Any:
        return g + times(A, z, xp)

    def inwards(z: Any) -> Any:
        return ~((z <= low) & (slope(z) > 0.0)) & ~((z >= high) & (slope(z) < 0.0))

    def going(s: _Search) -> Any:
        # Holding every variable once takes n passes; three more for those that are freed again.
        return (s.passes < n + 3) & ~xp.all(s.settled)

    def one(s: _Search) -> _Search:
        both = s.free[:, :, None] & s.free[:, None, :]
        rhs = xp.where(s.free, -slope(s.z), 0.0)
        d = xp.linalg.solve(xp.where(both, A, np.eye(n)), rhs[:, :, None])[:, :, 0]
        z, hit, stuck = _lower_end(s.z, d, lambda z: xp.sum(z * (g + slope(z)), 1), low, high, xp)
        free = inwards(z) & ~stuck
        done = s.settled | (~hit & xp.all(free == s.free, axis=1))
        keep = s.settled[:, None]
        return _Search(xp.where(keep, s.z, z), xp.where(keep, s.free, free), done, s.passes + 1)

    zero = xp.zeros_like(g)
    begun = _Search(zero, inwards(zero), xp.zeros(len(g), dtype=bool), 0)
    return _repeat(going, one, begun, xp).z


class _Search(NamedTuple):
    """How far every lane's quadratic has been minimised."""

    z: Any
    """Where, (L, n)."""
    free: Any
    """Which variables the next step may move, (L, n)."""
    settled: Any
    """Whether this is the minimum, (L,)."""
    passes: Any


def _lower_end(
    z: Any, d: Any, model: Callable[[Any], Any], low: Any, high: Any, xp: Any
) -> tuple[Any, Any, Any]:
    """The lower of z + d cut at the first bound and z + d projected; if any, and what, is cut."""
    over = (z + d < low) | (z + d > high)
    wall = xp.where(d < 0.0, low, high)
    room = xp.where(over, (wall - z) / xp.where(over, d, 1.0), 1.0)
    share = xp.min(room, axis=1, keepdims=True, initial=1.0)
    cut = xp.where(over & (room <= share), wall, xp.clip(z + share * d, low, high))
    far = xp.clip(z + d, low, high)
    lower = xp.where((model(far) < model(cut))[:, None], far, cut)
    return lower, xp.any(over, axis=1), over & (room <= 0.0)


def _repeat(going: Callable[[Any], Any], one: Callable[[Any], Any], carry: Any, xp: Any) -> Any:
    """Apply `one` while `going`, in either namespace."""
    if xp is not np:
        import jax

        return jax.lax.while_loop(going, one, carry)
    while going(carry):
        carry = one(carry)
    return carry


def times(matrix: Any, vector: Any, xp: Any) -> Any:
    """Matrix times vector in every lane; NumPy's `matmul` gives a lane the same bits in any batch.

    (Its `einsum` sums in an order that depends on how many lanes there are.)
    """
    return xp.matmul(matrix, vector[:, :, None])[:, :, 0]
