"""Continuous transformations of the parameters that move no residual.

Along a scaling ``p_j -> c^(e_j) p_j`` every residual r keeps its value when

    sum_j e_j  dr_i / d(log p_j) = 0    for all i and everywhere in the box,

and along a shift ``p_j -> p_j + s_j c`` when ``sum_j s_j dr_i/dp_j = 0``. Both are linear in the
unknowns, so the group is the common null space of the slopes at many places. A null vector that
changes from place to place, as it does where the data are too few, is none of both.
Slopes only propose; the finite transformation decides (`_Trial.moved`).

Source: Olver, Applications of Lie Groups to Differential Equations (1993), section 2.2, for the
infinitesimal criterion; Sedoglavic, J. Symb. Comput. 33, 735 (2002) for its use in finding
parameters that no datum can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np

from daybreak.findings import Symmetry
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import sizes_of
from daybreak.problem.arrays import Array

Kind = Literal["scaling", "shift"]
Direction = tuple[Fraction, ...]
"""Exponents, or shifts in the units of the parameters, one per free parameter."""

EXACT = 1e-9
"""Largest change of a residual under an exact symmetry, as a share of max(1, |residual|).

Far above what a model accumulates in rounding, and far below the approximate ones.
"""
ROUNDING = 1e-12
"""Allowance on top for rounding, as a share of |datum| / sigma.

Some five thousand units of 2.2e-16: what a model of many operations makes of it.
"""
NEARLY: dict[Kind, float] = {"scaling": 1e-2, "shift": 1e-3}
"""Largest relative change of a residual that still counts as an approximate symmetry.

In a narrow box any weak direction looks like a shift, so less is allowed there.
"""
CANDIDATE = 1e-4
"""Singular value, per row of unit length, below which a direction may be exact.

A choice, for slopes by differences, known to 1e-7 at best, as well; the transformation decides.
"""
NEAR_CANDIDATE = 1e-2
"""The same for an approximate one.  As large as the change that `NEARLY` allows."""
NEAR_DENOMINATOR = 3
"""Largest denominator of an approximate one: with enough digits anything is nearly flat."""
FLOOR = 1e-3
"""Shorter rows, as a share of max(1, |residual|), are not stretched: they are mostly rounding."""
DENOMINATORS = (12, 1000, 10**9)
"""Largest denominators tried, the plainest first; the last takes the number as it is.

Exponents of physical laws, 1/2, 2/3, 5/12, have denominators up to twelve.
"""
TRIED = 6
"""Places at which a finite transformation is tried.

A choice: a transformation that is none fails at nearly every place.
"""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Residuals and their derivatives at N places of the box, rows made comparable."""

    u: Array
    """Unit coordinates, shape (N, n)."""
    values: Array
    """Parameters in their units, shape (N, n)."""
    rows: Array
    """d(residuals)/du, each row at most of unit length, shape (N, m, n)."""


def slopes(probe: Probe, places: int = 32) -> Slopes:
    """Slopes at random places a little inside the box; those that are not finite are left out.

    More places than asked for are taken where the data are few: at least 4 n rows.
    """
    n, m = len(probe.free), len(probe.problem.data)
    count = max(places, -(-4 * n // m))
    u = 0.02 + 0.96 * probe.sample(count, "symmetry")
    values = probe.values(u)
    size = np.maximum(1.0, np.abs(probe.residuals_at(values)))
    rows = probe.jacobian(u)
    good = np.isfinite(rows).all(axis=(1, 2)) & np.isfinite(size).all(axis=1)
    u, values, rows, size = u[good], values[good], rows[good], size[good]
    length = np.maximum(np.linalg.norm(rows, axis=-1), FLOOR * size)
    return Slopes(u, values, rows / length[..., None])


def find_symmetries(probe: Probe) -> list[Symmetry]:
    """Scalings and shifts that leave every residual unchanged, or nearly so.

    Combined transformations (``a -> c a, b -> b - log c``) and discrete ones (two labels
    exchanged) are not looked for; the local rank in `identifiability` sees the former.

    Raises
    ------
    OutOfTime
        When the budget is spent.
    """
    found = slopes(probe)
    if found.rows.shape[0] * found.rows.shape[1] < 2 * len(probe.free):
        return []
    return [*_of_kind(probe, found, "scaling"), *_of_kind(probe, found, "shift")]


def _of_kind(probe: Probe, found: Slopes, kind: Kind) -> list[Symmetry]:
    """Exact symmetries of one kind, then approximate ones."""
    names = probe.free
    vectors, sizes = _null_directions(probe, found, kind)
    units = np.ones(len(names)) if kind == "scaling" else probe.box.upper - probe.box.lower
    trial = _Trial.at(probe, kind, found.values[:TRIED])
    exact = _exact(trial, vectors[: np.sum(sizes < CANDIDATE)], units)
    symmetries = [_symmetry(kind, names, d, size, exact=True) for d, size in exact]
    group = [d for d, _ in exact]
    for count in range(len(group) + 1, int(np.sum(sizes < NEAR_CANDIDATE)) + 1):
        for direction in _directions(vectors[:count], units, NEAR_DENOMINATOR):
            if not independent([*group, direction]):
                continue
            size = trial.moved([direction])[1]
            if size <= NEARLY[kind]:
                group.append(direction)
                symmetries.append(_symmetry(kind, names, direction, size, exact=False))
    # A shift of one parameter alone says what its scaling says: it moves nothing.
    return [s for s in symmetries if kind == "scaling" or len(s.exponents) > 1]


def _null_directions(probe: Probe, found: Slopes, kind: Kind) -> tuple[Array, Array]:
    """Right singular vectors of the stacked slopes, shape (n, n), least singular value first.

    Slopes are taken by log p for a scaling and by p / range for a shift; singular values are
    divided by sqrt(number of rows).
    """
    box = probe.box
    width = box.upper - box.lower
    stretch = np.log(np.where(box.is_log, box.upper, np.e) / np.where(box.is_log, box.lower, 1.0))
    if kind == "scaling":  # du / d(log p)
        factor = np.where(box.is_log, 1.0 / stretch, found.values / width)
    else:  # du / d(p / range)
        factor = np.where(box.is_log, width / (found.values * stretch), 1.0)
    rows = (found.rows * factor[:, None, :]).reshape(-1, len(width))
    _, sizes, vectors = np.linalg.svd(rows, full_matrices=False)
    return vectors[::-1], sizes[::-1] / np.sqrt(len(rows))


def _exact(trial: _Trial, vectors: Array, units: Array) -> list[tuple[Direction, float]]:
    """Largest group spanned by the first vectors that stands the finite transformation.

    The slopes of a model that is differenced are known to 1e-7 at best, those of one broken at
    1e-6 look alike: hence several sizes of the group, each tried for what it is.
    """
    for count in range(len(vectors), 0, -1):
        for denominator in DENOMINATORS:
            basis = _directions(vectors[:count], units, denominator)
            if independent(basis) and trial.moved(basis)[0]:
                return [(direction, trial.moved([direction])[1]) for direction in basis]
    return []


@dataclass(frozen=True, eq=False)
class _Trial:
    """Places at which finite transformations are tried, with the residuals there."""

    probe: Probe
    kind: Kind
    values: Array
    residuals: Array

    @classmethod
    def at(cls, probe: Probe, kind: Kind, values: Array) -> _Trial:
        return cls(probe, kind, values, probe.residuals_at(values))

    def moved(self, basis: Sequence[Direction]) -> tuple[bool, float]:
        """Whether a group leaves all residuals alone, and the largest relative change.

        Each direction is tried with c = 2 and c = 1/2, the whole group with random c between
        them; a shift moves by half a range. Residuals of about zero are measured by their
        median over the places. Places where the model is not finite do not count, but a
        quarter of them must.
        """
        before = np.abs(self.residuals)
        typical = np.maximum(np.maximum(1.0, before), np.median(before, axis=0))
        allowed = EXACT * np.maximum(1.0, before) + ROUNDING * sizes_of(self.probe)
        steps = _steps(len(basis)) @ self._per_step(basis)
        places = np.concatenate([self._transformed(step) for step in steps])
        after = self.probe.residuals_at(places).reshape(len(steps), *before.shape)
        change = np.abs(after - self.residuals)
        usable = np.isfinite(change).all(axis=-1)
        if usable.mean() < 0.25:  # the rest have left what the model can compute
            return False, np.inf
        exact = bool((change <= allowed)[usable].all())
        return exact, float((change / typical)[usable].max())

    def _per_step(self, basis: Sequence[Direction]) -> Array:
        """What one unit of each direction adds to log p, or to p; shape (d, n)."""
        rows = np.array(basis, dtype=np.float64)
        if self.kind == "scaling":
            return rows * np.log(2.0)
        reach = np.abs(rows) / (self.probe.box.upper - self.probe.box.lower)
        return 0.5 * rows / reach.max(axis=1, keepdims=True)

    def _transformed(self, step: Array) -> Array:
        return self.values * np.exp(step) if self.kind == "scaling" else self.values + step


def _steps(count: int) -> Array:
    """Steps along `count` directions: each alone by 1 and -1, then all at random."""
    alone = np.concatenate([np.eye(count), -np.eye(count)])
    if count == 1:
        return alone
    together = np.random.default_rng(0).uniform(-1.0, 1.0, size=(4, count))
    return np.concatenate([alone, together])


def independent(basis: Sequence[Direction]) -> bool:
    """Whether no direction is made of the others."""
    rows = np.array(basis, dtype=np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    # Rows of unit length made of fractions; what depends on the others is so to rounding.
    return int(np.linalg.matrix_rank(rows, tol=1e-6)) == len(rows)


def _directions(vectors: Array, units: Array, denominator: int) -> list[Direction]:
    """A basis of the span of `vectors` with plain numbers, in the units of the parameters."""
    rows = reduced(vectors)
    # Below the accuracy of slopes by differences an entry is zero.
    rows = np.where(np.abs(rows) < 1e-7 * np.abs(rows).max(axis=1, keepdims=True), 0.0, rows)
    return [_plain(row * units, denominator) for row in rows]


def reduced(vectors: Array) -> Array:
    """Reduced row echelon form; columns too small to divide by are passed over."""
    rows, done = vectors.copy(), 0
    for column in range(rows.shape[1]):
        if done == len(rows):
            break
        pivot = done + int(np.argmax(np.abs(rows[done:, column])))
        if abs(rows[pivot, column]) < 1e-2:  # would make a hundredfold of its errors
            continue
        rows[[done, pivot]] = rows[[pivot, done]]
        rows[done] /= rows[done, column]
        others = np.arange(len(rows)) != done
        rows[others] -= np.outer(rows[others, column], rows[done])
        done += 1
    return rows


def _plain(row: Array, denominator: int) -> Direction:
    """The row as fractions: small whole numbers where they do, else the largest is 1.

    The first that is not zero is positive.
    """
    scaled = row / np.abs(row).max()
    fractions = [Fraction(x).limit_denominator(denominator) for x in scaled.tolist()]
    whole = lcm(*(x.denominator for x in fractions))
    if whole <= 12 and max(abs(x) for x in fractions) == 1:
        fractions = [x * whole for x in fractions]
    first = next(x for x in fractions if x)
    return tuple(-x if first < 0 else x for x in fractions)


def _symmetry(
    kind: Kind, names: Sequence[str], direction: Direction, size: float, *, exact: bool
) -> Symmetry:
    moved = {name: x for name, x in zip(names, direction, strict=True) if x}
    arrow = _scaled if kind == "scaling" else _shifted
    # The constant must not be taken for a parameter.
    letter = next(one for one in ("c", "s", "t", "const") if one not in names)
    change = ", ".join(arrow(name, x, letter) for name, x in moved.items())
    sentence = f"{change} leaves every residual unchanged"
    if not exact:
        sentence = f"{change} changes no residual by more than {size:.1e} of its size"
    return Symmetry(
        kind=kind,
        exponents={name: _text(x) for name, x in moved.items()},
        exact=exact,
        size=size,
        sentence=sentence,
    )


def _text(x: Fraction) -> str:
    """``2``, ``-2/3``, or a decimal number where no small denominator fits."""
    return str(x) if x.denominator <= 1000 else f"{float(x):.12g}"


def _scaled(name: str, x: Fraction, letter: str) -> str:
    power = "" if x == 1 else f"^({_text(x)})" if "/" in _text(x) else f"^{_text(x)}"
    return f"{name} -> {letter}{power} {name}"


def _shifted(name: str, x: Fraction, letter: str) -> str:
    share = letter if abs(x) == 1 else f"{_text(abs(x))} {letter}"
    return f"{name} -> {name} {'+' if x > 0 else '-'} {share}"
