"""Several grids of the original study behind one compiled model.

A grid is made of numbers that shape arrays (w, steps, angles), so that every choice of them would
be a model of its own, compiled anew.  Here the grids are padded to one length and stacked, and
those numbers pick a row: they stay ordinary, traced settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import jax.numpy as jnp
import numpy as np

from .numeric import Floats, Numeric
from .original_grid import RadialGrid


@dataclass(frozen=True, eq=False)
class GridTable:
    """Grids by what they are made of.

    Parameters
    ----------
    keys : array, shape (n_grids, n_numbers)
        What each grid is made of.
    stacked : RadialGrid
        Every array with a leading axis over the grids.
    """

    keys: Floats
    stacked: RadialGrid

    def pick(self, *key: Numeric) -> RadialGrid:
        """Return the grid made of `key`, scalars that may be traced.

        No grid is made on the way: for a key that is not in the table all radii are NaN.
        """
        wanted = jnp.stack([jnp.asarray(number, float) for number in key])
        same = jnp.all(jnp.abs(self.keys - wanted) <= 1e-12 * jnp.abs(self.keys), axis=1)
        # A product with zeros and a one: cheaper than a gather when many are picked at once.
        chosen = jnp.where(same, 1.0, 0.0)
        arrays: dict[str, Any] = {
            one.name: jnp.tensordot(chosen, getattr(self.stacked, one.name), 1)
            for one in fields(RadialGrid)
        }
        arrays["radius"] = jnp.where(jnp.any(same), arrays["radius"], jnp.nan)
        return RadialGrid(**arrays)


def tabulate(make: Callable[..., RadialGrid], keys: Sequence[Sequence[float]]) -> GridTable:
    """Return ``make(*key)`` for every key, padded to one length by nodes of no weight."""
    grids = [make(*key) for key in keys]
    length = max(grid.size for grid in grids)
    stacked = {
        one.name: _stacked([getattr(g, one.name) for g in grids], one.name, length)
        for one in fields(RadialGrid)
    }
    return GridTable(np.array(keys, dtype=np.float64), RadialGrid(**stacked))


def _stacked(parts: Sequence[Any], name: str, length: int) -> Any:
    """One array of every grid, padded at its end."""
    arrays = [np.asarray(part, dtype=np.float64) for part in parts]
    if arrays[0].ndim == 0:
        return np.stack(arrays)
    # Weights end in zeros; radii and sums over the angles repeat their last value, so that
    # nothing a padded node computes is NaN, which a weight of zero would not hide.
    mode: Any = "edge" if name in ("radius", "cos_squared", "sin_squared") else "constant"
    return np.stack(
        [
            np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, length - a.shape[-1])], mode=mode)
            for a in arrays
        ]
    )
