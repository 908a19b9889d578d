"""Lines through the box along one parameter: where a parameter acts, however small the stretch.

A parameter may act in a corner of the box alone, and the data may be met there, so lines go
through the best places known, the guess, and corners of the box; each has points that share no
divisor with any period, comes geometrically close to both bounds, and is looked at more closely
where the residuals move.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.methods.method import seed_of
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import ask, ends, guess, rounding_of, squares, survey
from daybreak.problem.arrays import Array

COARSE = 31
"""Points inside a line, at ``k (sqrt 5 - 1) / 2`` modulo 1: no period falls in with them."""
FINE = 257
"""Points of a line that a search for the answer looks along: a feature of 0.4 % has one in it."""
CLOSE = 2.0 ** -np.arange(6.0, 21.0, 2.0)
"""Distances from both bounds that are looked at, each a quarter of the one before."""
ROUNDS = 5
"""How often the stretches that move most are halved; a choice: 1/31 is a thousandth then."""
HALVED = 2
"""Stretches that are halved in a round."""
CORNER = 1 / 512
"""Distance of a corner from the bounds, where a model often has no number."""
MOST = 64
"""Lines of a survey where there are many parameters, each of some 60 evaluations."""
LOWEST = 2
"""Ends of fits that lines go through; a choice: the best, and the next if there is another."""
ROWS = 2_000_000
"""Residuals held at once; 16 MB."""


@dataclass(frozen=True, eq=False)
class Line:
    """What the residuals do along one parameter, the others held."""

    base: Array
    """The place whose coordinate `column` is replaced, shape (n,)."""
    column: int
    t: Array
    """Its coordinates in ascending order, shape (K,)."""
    chi2: Array
    """Shape (K,); infinite where the model is not finite."""
    change: Array
    """Largest change of a residual between neighbours, as a share of max(1, its size).

    Shape (K - 1,); zero where nothing moves beyond rounding, and where a model is not finite.
    """

    @property
    def places(self) -> Array:
        """Its points, shape (K, n)."""
        u = np.tile(self.base, (len(self.t), 1))
        u[:, self.column] = self.t
        return u

    @property
    def liveliest(self) -> tuple[float, int]:
        """The point on both sides of which the residuals move most, after by how much.

        Where they move on one side at most, as beside every jump, a point beside the greatest.
        """
        inner = np.minimum(self.change[:-1], self.change[1:])
        if inner.max(initial=0.0) > 0.0:
            return float(inner.max()), 1 + int(inner.argmax())
        return 0.0, int(self.change.argmax())

    @property
    def stepwise(self) -> bool:
        """Whether the residuals move in jumps alone: beside the steepest stretch nothing moves."""
        k = int((self.change / np.diff(self.t)).argmax())
        beside = np.concatenate([self.change[max(0, k - 1) : k], self.change[k + 1 : k + 2]])
        return bool(self.change[k] > 0.0) and not beside.any()

    @property
    def rest(self) -> float:
        """Length of the longest stretch on which nothing moves, with the step that ends it.

        What moves in steps of unequal length moves when it is put further by this much.
        """
        still, longest = 0.0, 0.0
        for width, moves in zip(np.diff(self.t).tolist(), self.change > 0.0, strict=True):
            longest = max(longest, still + width)
            still = 0.0 if moves else still + width
        return longest

    def acting(self) -> Iterator[tuple[int, int]]:
        """First and last point of every stretch along which the residuals move."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.change > 0.0, [0]])))
        yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


_LINES: weakref.WeakKeyDictionary[Probe, list[Line]] = weakref.WeakKeyDictionary()


def lines(probe: Probe) -> list[Line]:
    """The lines of a survey, made when they are first asked for, and all that were added since.

    The best fits known go on growing better, and lines through them are made when they are known.
    """
    if probe not in _LINES:
        _LINES[probe] = along(probe, _bases(probe))
    known = _LINES[probe]
    for _, end in ends(probe)[:LOWEST]:
        if all(np.abs(line.base - end).max() > 1e-6 for line in known):
            known += along(probe, end[None])
    return known


def add_lines(probe: Probe, base: Array) -> list[Line]:
    """Fine lines through one more place; they belong to the survey from then on."""
    found = along(probe, base[None], fine=True)
    lines(probe).extend(found)
    return found


def _bases(probe: Probe) -> Array:
    """Places that the lines go through, the most telling first."""
    n, best = len(probe.free), survey(probe).best
    if n == 1:  # they would all be one line
        return np.full((1, 1), 0.5)
    places = [*best[:1], guess(probe), *_corners(probe), *best[1 : len(best) // 2 : 24][:2]]
    return np.array(places[: max(4, MOST // n)])


def _corners(probe: Probe) -> list[Array]:
    """Corners such that lines through them walk every edge of a box of up to four dimensions.

    Of more dimensions eight: two opposite ones, and six at random with their signs balanced.
    """
    n = len(probe.free)
    if n <= 4:
        every = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
        signs = every[every.prod(axis=1) > 0]
    else:
        rng = np.random.default_rng(seed_of(probe.seed, "corners"))
        some = rng.choice([-1.0, 1.0], size=(3, n))
        signs = np.concatenate([np.ones((1, n)), -np.ones((1, n)), some, -some])
    return list(np.where(signs > 0, 1.0 - CORNER, CORNER))


def along(probe: Probe, bases: Array, *, fine: bool = False) -> list[Line]:
    """Lines through some places along every parameter.

    Each takes `COARSE` or `FINE` evaluations, two for every distance of `CLOSE`, two for the
    bounds, and `HALVED` for each of `ROUNDS`.
    """
    t = _coordinates(fine=fine)
    n, m = bases.shape[1], probe.problem.data.count
    asked = [(base, column) for base in bases for column in range(n)]
    size = max(1, ROWS // (m * (len(t) + HALVED * ROUNDS)))
    return [
        line
        for first in range(0, len(asked), size)
        for line in _some(probe, asked[first : first + size], t)
    ]


def _coordinates(*, fine: bool) -> Array:
    golden = np.arange(1.0, COARSE + 1) * (np.sqrt(5.0) - 1.0) / 2.0 % 1.0
    inner = np.linspace(0.0, 1.0, FINE) if fine else golden
    return np.unique(np.concatenate([[0.0, 1.0], inner, CLOSE, 1.0 - CLOSE]))


def _some(probe: Probe, asked: Sequence[tuple[Array, int]], start: Array) -> list[Line]:
    """A few lines together, so that their evaluations share compiled calls."""
    count = len(asked)
    bases = np.array([base for base, _ in asked])
    columns = np.array([column for _, column in asked])
    rows = np.arange(count)[:, None]

    def at(t: Array) -> Array:
        u = np.repeat(bases[:, None, :], t.shape[1], axis=1)
        np.put_along_axis(u, columns[:, None, None], t[:, :, None], axis=2)
        return ask(probe, u.reshape(-1, u.shape[2])).reshape(*t.shape, -1)

    t = np.tile(start, (count, 1))
    residuals = at(t)
    for _ in range(ROUNDS):
        # A stretch as narrow as 1e-6 tells no more; the edge of where a model is finite is one
        # that moves by a share of one.
        change, edge = _change(probe, residuals)
        wish = np.where(np.diff(t, axis=1) > 1e-6, np.where(edge, 1.0, change), -1.0)
        chosen = np.argsort(-wish, axis=1, kind="stable")[:, :HALVED]
        new = (t[rows, chosen] + t[rows, chosen + 1]) / 2
        t, residuals = np.hstack([t, new]), np.concatenate([residuals, at(new)], axis=1)
        order = np.argsort(t, axis=1, kind="stable")
        t, residuals = t[rows, order], residuals[rows, order]
    change, _ = _change(probe, residuals)
    return [
        Line(base, column, *parts)
        for (base, column), *parts in zip(
            asked, t, [squares(one) for one in residuals], change, strict=True
        )
    ]


def _change(probe: Probe, residuals: Array) -> tuple[Array, np.ndarray]:
    """`Line.change`, shape (L, K, m) -> (L, K - 1), and which stretches have one finite end."""
    with np.errstate(all="ignore"):
        step = np.abs(np.diff(residuals, axis=1))
        size = np.maximum(1.0, np.abs(residuals))
        share = step / np.maximum(size[:, 1:], size[:, :-1])
        # What one prediction rounds differently; 64 are what a model makes of it.
        rounding = rounding_of(probe, residuals)
        moves = step > 64 * np.maximum(rounding[:, 1:], rounding[:, :-1])
    finite = np.asarray(np.isfinite(residuals).all(axis=2))
    both = finite[:, 1:] & finite[:, :-1]
    change = np.where(moves & both[:, :, None], share, 0.0).max(axis=2)
    return change, finite[:, 1:] != finite[:, :-1]
