"""Closed walks between the points of a lattice below a level and those above.

Source: Lorensen and Cline (1987), Computer Graphics 21, 163 (marching squares).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from daybreak.problem.contours.frame import XY


def rings(
    xs: Sequence[float], ys: Sequence[float], below: Callable[[XY], bool]
) -> list[list[tuple[XY, XY | None]]]:
    """Closed walks along the pairs (point below, neighbour above) of a lattice.

    Beyond the border everything is above, which gives pairs without a second place.  The region
    below stays on the left; where two diagonal corners of a square are below they are kept apart.
    """
    nx, ny = len(xs), len(ys)
    inside = np.zeros((nx + 2, ny + 2), dtype=bool)
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            inside[i + 1, j + 1] = below((x, y))
    after: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    turns = ((1, 0), (0, 1), (-1, 0), (0, -1))  # east, north, west, south
    for i, j in np.argwhere(inside).tolist():
        for k, (dx, dy) in enumerate(turns):
            if not inside[i + dx, j + dy]:
                ex, ey = turns[(k + 1) % 4]
                if not inside[i + ex, j + ey]:
                    after[i, j, k] = (i, j, (k + 1) % 4)
                elif not inside[i + ex + dx, j + ey + dy]:
                    after[i, j, k] = (i + ex, j + ey, k)
                else:
                    after[i, j, k] = (i + ex + dx, j + ey + dy, (k + 3) % 4)
    found: list[list[tuple[XY, XY | None]]] = []
    left = dict.fromkeys(after)
    while left:
        first = next(iter(left))
        ring: list[tuple[XY, XY | None]] = []
        here = first
        while here in left:
            del left[here]
            i, j, k = here
            ni, nj = i + turns[k][0], j + turns[k][1]
            there = (xs[ni - 1], ys[nj - 1]) if 1 <= ni <= nx and 1 <= nj <= ny else None
            ring.append(((xs[i - 1], ys[j - 1]), there))
            here = after[here]
        found.append(ring)
    return found
