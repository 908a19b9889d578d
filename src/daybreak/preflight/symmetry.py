"""Continuous transformations of the parameters that move no residual.

Along a scaling ``p_j -> c^(e_j) p_j`` every residual r keeps its value when

    sum_j e_j  dr_i / d(log p_j) = 0    for all i and everywhere in the box,

and along a shift ``p_j -> p_j + s_j c`` when ``sum_j s_j dr_i/dp_j = 0``. Both are linear in the
unknowns, so the group is the common null space of the slopes at many places: at random ones, where
each parameter moves most along the lines of the survey, and at the best fit. A null vector that
changes from place to place, as it does where the data are too few, is none of both.
Slopes only propose; the finite transformation decides, at places of every sort (`_Trial.moved`).

Source: Olver, Applications of Lie Groups to Differential Equations (1993), section 2.2, for the
infinitesimal criterion; Sedoglavic, J. Symb. Comput. 33, 735 (2002) for its use in finding
parameters that no datum can tell apart.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from daybreak.findings import Symmetry, Unmade
from daybreak.preflight.directions import (
    DENOMINATORS,
    Direction,
    Kind,
    by_kind,
    directions,
    independent,
    null_directions,
    per_step,
)
from daybreak.preflight.lines import Line, lines
from daybreak.preflight.nearly import nearly
from daybreak.preflight.optimum import optimum
from daybreak.preflight.probe import NotMade, Probe
from daybreak.preflight.survey import ask, in_blocks, sizes_of, survey
from daybreak.problem.arrays import Array

EXACT = 1e-9
"""Largest change of a residual under an exact symmetry, as a share of max(1, |residual|).

Far above what a model accumulates in rounding, and far below the approximate ones.
"""
ROUNDING = 1e-12
"""Allowance on top for rounding, as a share of |datum| / sigma.

Some five thousand units of 2.2e-16: what a model of many operations makes of it.
"""
CANDIDATE = 1e-4
"""Singular value, per row of unit length, below which a direction may be exact.

A choice, for slopes by differences, known to 1e-7 at best, as well; the transformation decides.
"""
FLOOR = 1e-3
"""Shorter rows, as a share of max(1, |residual|), are not stretched: they are mostly rounding."""
TRIED = 6
"""Random places at which a finite transformation is tried, beside the telling ones.

A choice: a transformation that is none fails at nearly every place where its parameters act.
"""
LINES = 2
"""Lines along each parameter whose liveliest point is a place of both sorts of evidence."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Residuals and their derivatives at N places of the box, rows made comparable."""

    u: Array
    """Unit coordinates, shape (N, n)."""
    values: Array
    """Parameters in their units, shape (N, n)."""
    rows: Array
    """d(residuals)/du, each row at most of unit length, shape (N, m, n)."""
    telling: np.ndarray
    """Which places were chosen because something moves there or the data are met, shape (N,)."""

    def some(self, at: np.ndarray) -> Slopes:
        """Those at some of the places."""
        return Slopes(self.u[at], self.values[at], self.rows[at], self.telling[at])

    def told_by(self, data: np.ndarray) -> Slopes:
        """Those of some of the data."""
        return replace(self, rows=self.rows[:, data])


_SLOPES: weakref.WeakKeyDictionary[Probe, Slopes] = weakref.WeakKeyDictionary()


def slopes(probe: Probe, places: int = 32) -> Slopes:
    """Slopes at random places a little inside the box and at telling ones; made once a study.

    Random places that are not finite give way to finite ones of the survey, and at least 4 n rows
    are taken where the data are few. A parameter that acts in steps has no slopes: its column
    holds differences over whole steps.

    Raises
    ------
    NotMade
        When hardly a place with finite slopes is known.
    """
    if probe not in _SLOPES:
        _SLOPES[probe] = _slopes(probe, places)
    return _SLOPES[probe]


def _slopes(probe: Probe, places: int) -> Slopes:
    n, m = len(probe.free), len(probe.problem.data)
    count = max(places, -(-4 * n // m))
    anywhere = 0.02 + 0.96 * probe.sample(count, "symmetry")
    anywhere = anywhere[np.isfinite(ask(probe, anywhere)).all(axis=1)]
    known = survey(probe).best
    others = known[:: max(1, len(known) // count)][: count - len(anywhere)]
    telling = _telling(probe)
    u = np.concatenate([anywhere, others, telling])
    values = probe.values(u)
    size = np.maximum(1.0, np.abs(probe.residuals_at(values)))
    if not len(u):
        raise NotMade
    rows = in_blocks(probe, probe.jacobian, u)
    for column in range(n):
        own = [line for line in lines(probe) if line.column == column and line.change.any()]
        if own and all(line.stepwise for line in own):
            rows[:, :, column] = _over_steps(probe, u, own)
    finite = np.isfinite(size).all(axis=1)
    good = np.asarray(np.isfinite(rows).all(axis=(1, 2)) & finite)
    if good.sum() * m < 2 * n:
        raise NotMade(Unmade.NONFINITE if finite.sum() * m < 2 * n else Unmade.SLOPELESS)
    length = np.maximum(np.linalg.norm(rows, axis=-1), FLOOR * size)
    chosen = np.arange(len(u)) >= len(u) - len(telling)
    return Slopes(u, values, rows / length[..., None], chosen).some(good)


def _telling(probe: Probe) -> Array:
    """The best fit, and for each parameter where it moves the residuals most, shape (N, n)."""
    found = [*optimum(probe)]
    for column in range(len(probe.free)):
        own = [line for line in lines(probe) if line.column == column and line.change.any()]
        own.sort(key=lambda line: -line.liveliest[0])
        found += [line.places[line.liveliest[1]] for line in own[:LINES]]
    return np.array(found).reshape(-1, len(probe.free))


def _over_steps(probe: Probe, u: Array, own: Sequence[Line]) -> Array:
    """Differences of the residuals over whole steps of one parameter, whose lines these are.

    Shape (N, n) -> (N, m).
    """
    column, step = own[0].column, max(line.rest for line in own)
    up, down = u.copy(), u.copy()
    up[:, column] = np.minimum(u[:, column] + step, 1.0)
    down[:, column] = np.maximum(u[:, column] - step, 0.0)
    return (ask(probe, up) - ask(probe, down)) / (up - down)[:, [column]]


def find_symmetries(probe: Probe) -> list[Symmetry]:
    """Scalings and shifts that leave every residual unchanged, or nearly so at the best fit.

    Combined transformations (``a -> c a, b -> b - log c``) and discrete ones (two labels
    exchanged) are not looked for; the local rank in `identifiability` sees the former.

    Raises
    ------
    OutOfTime
        When the budget is spent.
    NotMade
        When the model has too few numbers.
    """
    found = slopes(probe)
    return [*_of_kind(probe, found, "scaling"), *_of_kind(probe, found, "shift")]


def _of_kind(probe: Probe, found: Slopes, kind: Kind) -> list[Symmetry]:
    """Exact symmetries of one kind, then approximate ones."""
    names = probe.free
    units = np.ones(len(names)) if kind == "scaling" else probe.box.upper - probe.box.lower
    tried = np.flatnonzero(~found.telling)[:TRIED]
    trial = Trial.at(probe, kind, found.values[[*tried, *np.flatnonzero(found.telling)]])
    # Differences across a jump are no slopes, and telling places may lie beside one: what all
    # places propose and what the random ones do are both tried.
    exact: list[tuple[Direction, float]] = []
    for some in (found, found.some(~found.telling)):
        vectors, sizes = null_directions(by_kind(probe, kind, some.values, some.rows))
        passed = _exact(trial, vectors[: np.sum(sizes < CANDIDATE)], units)
        exact = max(exact, passed, key=len)
    symmetries = [_symmetry(kind, names, d, size, exact=True) for d, size in exact]
    for direction, size in nearly(probe, kind, [d for d, _ in exact]):
        symmetries.append(_symmetry(kind, names, direction, size, exact=False))
    # A shift of one parameter alone says what its scaling says: it moves nothing.
    return [s for s in symmetries if kind == "scaling" or len(s.exponents) > 1]


def _exact(trial: Trial, vectors: Array, units: Array) -> list[tuple[Direction, float]]:
    """Largest group spanned by the first vectors that stands the finite transformation.

    The slopes of a model that is differenced are known to 1e-7 at best, those of one broken at
    1e-6 look alike: hence several sizes of the group, each tried for what it is, and of each the
    directions that stand it alone.
    """
    found: list[Direction] = []
    for count in range(len(vectors), 0, -1):
        for denominator in DENOMINATORS:
            basis = directions(vectors[:count], units, denominator)
            alone = [d for d in basis if trial.moved([d])[0]]
            if len(alone) > len(found) and independent(alone) and trial.moved(alone)[0]:
                found = alone
        if len(found) >= count - 1:
            break
    return [(direction, trial.moved([direction])[1]) for direction in found]


@dataclass(frozen=True, eq=False)
class Trial:
    """Places at which finite transformations are tried, with the residuals there."""

    probe: Probe
    kind: Kind
    values: Array
    residuals: Array

    @classmethod
    def at(cls, probe: Probe, kind: Kind, values: Array) -> Trial:
        """The places `values`, in the units of the parameters, shape (N, n)."""
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
        steps = _steps(len(basis)) @ per_step(self.probe, self.kind, basis)
        places = np.concatenate([self._transformed(step) for step in steps])
        after = self.probe.residuals_at(places).reshape(len(steps), *before.shape)
        change = np.abs(after - self.residuals)
        usable = np.isfinite(change).all(axis=-1)
        if usable.mean() < 0.25:  # the rest have left what the model can compute
            return False, np.inf
        exact = bool((change <= allowed)[usable].all())
        return exact, float((change / typical)[usable].max())

    def _transformed(self, step: Array) -> Array:
        return self.values * np.exp(step) if self.kind == "scaling" else self.values + step


def _steps(count: int) -> Array:
    """Steps along `count` directions: each alone by 1 and -1, then all at random."""
    alone = np.concatenate([np.eye(count), -np.eye(count)])
    if count == 1:
        return alone
    together = np.random.default_rng(0).uniform(-1.0, 1.0, size=(4, count))
    return np.concatenate([alone, together])


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
        least = f"{size:.1g} sigma at the best fit"
        sentence = f"{change} changes no residual by more than {least}"
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
