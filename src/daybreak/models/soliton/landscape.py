"""Minima of the potential itself: what fields do where they fill space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .newton import FAR
from .numeric import Floats
from .radial_problem import Local, RadialProblem

_STEPS = 200
_SETTLED = 1e-10
"""A start has arrived when its slope is below this, over 1 + |curvature|."""
_NEAREST, _FARTHEST = 1e-2, 1e4
"""Starts lie this far from the origin, even in the logarithm."""
_SAME = 1e-7
"""Minima with values and curvatures as near as this are one, up to a symmetry."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """One minimum of V, and those that a symmetry makes of it."""

    fields: Floats
    """Shape (n,)."""
    value: float
    """V."""
    curvatures: Floats
    """Eigenvalues of d2V/df2, ascending, shape (n,): squared masses of waves about it."""
    hits: int
    """How many starts ended here."""

    @property
    def masses(self) -> Floats:
        """Square roots of the curvatures, shape (n,)."""
        return np.sqrt(np.maximum(self.curvatures, 0.0))


@dataclass(frozen=True, eq=False)
class Landscape:
    """The minima found, lowest first, and whether V falls without limit.

    `runaway` is a direction of field space, shape (n,), or None as far as searched.
    """

    minima: tuple[Minimum, ...]
    runaway: Floats | None

    @property
    def bounded(self) -> bool:
        """Whether no start ran away; if one did, the potential needs a term that stops it."""
        return self.runaway is None

    @property
    def lowest(self) -> Minimum:
        """The global minimum, as far as searched; there is none where V is unbounded."""
        return self.minima[0]


def landscape(problem: RadialProblem, starts: int = 64, seed: int = 0) -> Landscape:
    """Search the potential at the wall's radius for minima, from many starts at once.

    Newton steps with the moduli of the curvatures, ``-sum v (v . V') / |c|``, halved where V would
    rise; they leave saddles and are batched over the starts.

    Parameters
    ----------
    problem : RadialProblem
    starts : int
        How many, in random directions and at distances from 0.01 to 10^4.
    seed : int
        Of the directions.
    """
    fields = _starts(problem.n_fields, starts, seed)
    r = np.full(starts, problem.radius)
    local = problem.local(fields, r)
    for _ in range(_STEPS):
        moving = ~(_arrived(local) | _away(fields))
        if not np.any(moving):
            break
        fields, local = _step(problem, fields, r, local, moving)
    return _gather(fields, local)


def _starts(n: int, starts: int, seed: int) -> Floats:
    directions = np.random.default_rng(seed).standard_normal((starts, n))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * np.geomspace(_NEAREST, _FARTHEST, starts)[:, None]


def _arrived(local: Local) -> np.ndarray:
    scale = 1 + np.max(np.abs(local.curvature), axis=(1, 2))
    return np.max(np.abs(local.slope), axis=1) < _SETTLED * scale


def _away(fields: Floats) -> np.ndarray:
    return np.max(np.abs(fields), axis=1) > FAR


def _step(
    problem: RadialProblem, fields: Floats, r: Floats, local: Local, moving: np.ndarray
) -> tuple[Floats, Local]:
    """One step of every start that moves, each as long as V allows."""
    values, vectors = np.linalg.eigh(local.curvature)
    stiff = np.maximum(np.abs(values), 1e-8 * (1 + np.abs(values[:, -1:])))
    along = np.einsum("sij,si->sj", vectors, local.slope) / stiff
    step = -np.einsum("sij,sj->si", vectors, along)
    share = moving.astype(float)
    noise = 1e-14 * (np.abs(local.value) + np.max(np.abs(fields * local.slope), axis=1))
    new, there = fields, local
    for _ in range(30):
        new = fields + share[:, None] * step
        there = problem.local(new, r)
        worse = moving & ~(there.value <= local.value + noise)
        if not np.any(worse):
            break
        share[worse] /= 2
    return new, there


def _gather(fields: Floats, local: Local) -> Landscape:
    """Sort the ends by value; minima with equal values and curvatures are one."""
    away, arrived = _away(fields), _arrived(local)
    fallen = fields[away]
    runaway = fallen[0] / np.linalg.norm(fallen[0]) if len(fallen) else None
    curvatures = np.linalg.eigvalsh(local.curvature)
    lowest = curvatures[:, 0] > -_SAME * (1 + curvatures[:, -1])
    order = [int(i) for i in np.argsort(local.value) if arrived[i] and lowest[i] and not away[i]]
    groups: list[list[int]] = []
    for i in order:
        found = (g for g in groups if _same(i, g[0], local.value, curvatures))
        group = next(found, None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    minima = tuple(
        Minimum(fields[g[0]], float(local.value[g[0]]), curvatures[g[0]], len(g)) for g in groups
    )
    return Landscape(minima, runaway)


def _same(i: int, j: int, values: Floats, curvatures: Floats) -> bool:
    """Whether two ends are one minimum, or mirror images of one."""
    near = _SAME * (1 + abs(values[j]))
    spread = np.max(np.abs(curvatures[i] - curvatures[j]))
    return abs(values[i] - values[j]) < near and bool(spread < 1e-4 * (1 + curvatures[j, -1]))
