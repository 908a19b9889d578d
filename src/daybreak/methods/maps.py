"""Over two parameters: a relaxed lattice, contours at the joint levels, both marginal profiles.

Joint levels: lowest chi2 + 2.279 (68 %) and + 5.991 (95 %), quantiles of chi2 with two degrees of
freedom, ``-2 log(1 - probability)``.  Source: Wilks (1938), Ann. Math. Stat. 9, 60.
"""

from __future__ import annotations

from collections.abc import Sequence

from daybreak.methods.relaxation import Ground, Point, Relaxation, Step, chi2_of
from daybreak.methods.repeats import listen
from daybreak.problem.contours.frame import XY, Frame
from daybreak.problem.contours.tracing import Wanted, trace
from daybreak.problem.origins import Origin, Why

_BASINS = 4
"""How many distinct ends are tried at every lattice point; half of `MAX_BASINS`.

A choice: a lattice has hundreds of points, whose neighbours hand basins on.
"""
_MINIMA = 32
"""How many minima over all parameters are surrounded by a contour of their own.

A choice: a map with more regions than that cannot be read.
"""
_MOST_ROUNDS = 400
"""Rounds of wanted places, for all lines together.

A choice that is never meant to be met: `tracing` ends by limits of its own.
"""


def lattice(xs: Sequence[float], ys: Sequence[float]) -> dict[Point, list[Point]]:
    """Points of a lattice and the neighbours of each: left, right, below, above."""
    near: dict[Point, list[Point]] = {}
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            left, right = xs[max(i - 1, 0)], xs[min(i + 1, len(xs) - 1)]
            below, above = ys[max(j - 1, 0)], ys[min(j + 1, len(ys) - 1)]
            near[x, y] = [(left, y), (right, y), (x, below), (x, above)]
    return near


class Map:
    """One map in the making."""

    def __init__(
        self, ground: Ground, of: tuple[str, str], xs: Sequence[float], ys: Sequence[float]
    ) -> None:
        space = ground.problem.space
        self.ground = ground
        self.frame = Frame((space[of[0]], space[of[1]]), xs, ys)
        near = lattice(xs, ys)
        self.relaxation = Relaxation(ground, of, near, near)
        self.minima: list[Point] = []
        """Where minima over all parameters lie, inside the lattice."""
        self.asked: set[Point] = set()
        """Places between lattice points that a contour needed; known even where no fit ended."""

    def relax(self) -> Step:
        """Own starts, basins and neighbours, until no point improves."""
        relaxation = self.relaxation
        points = sorted(relaxation.grid)
        yield from relaxation.own_starts(points)
        yield from listen(relaxation.ground)
        if not (relaxation.best or self.ground.ends):
            return
        yield from relaxation.all_basins(points, _BASINS)
        yield from relaxation.settle()

    def _seek(self) -> Step:
        """Fit the places of minima over all parameters that are new; lattices may miss them."""
        relaxation, of = self.relaxation, self.relaxation.of
        highest = self.ground.lowest + max(self.ground.levels_2d.values())
        ends = [e for e in self.ground.basins() if chi2_of(e) <= highest][:_MINIMA]
        # A thin region shows in the marginal profiles, whose best ends lie along it.
        for one in self.ground.relaxations:
            if len(one.of) == 1 and one.of[0] in of:
                ends += [
                    one.best[p]
                    for p in sorted(one.grid & set(one.best))
                    if chi2_of(one.best[p]) <= highest
                ]
        places = [(end.parameters[of[0]], end.parameters[of[1]]) for end in ends]
        inside = [p for p in places if all(0.0 <= f <= 1.0 for f in self.frame.at(p))]
        new = [p for p in dict.fromkeys(inside) if p not in {*relaxation.grid, *self.minima}]
        self.minima += new
        yield from relaxation.all_basins(new, _BASINS)

    def contours(self) -> Step:
        """Ask for what the contours at both levels need, until they need nothing more."""
        relaxation, frame = self.relaxation, self.frame
        if not relaxation.best:
            return
        yield from self._seek()
        for _ in range(_MOST_ROUNDS):
            wanted = self._wanted()
            if not wanted:
                return
            points = {frame.at(point): point for point in relaxation.best}
            tasks = [
                task
                for one in wanted
                for task in relaxation.between(
                    frame.point(one.at), *(points[at] for at in one.near if at in points)
                )
            ]
            self.asked |= {task.point for task in tasks}
            relaxation.take(tasks, (yield tasks))

    def _wanted(self) -> list[Wanted]:
        known: dict[XY, float] = dict.fromkeys(
            (self.frame.at(point) for point in {*self.relaxation.grid, *self.asked}), float("inf")
        )
        known |= {self.frame.at(p): chi2_of(e) for p, e in self.relaxation.best.items()}
        minima = [self.frame.at(p) for p in self.minima if p in self.relaxation.best]
        found: dict[XY, Wanted] = {}
        for level in self.ground.levels_2d.values():
            contour = trace(known, self.frame.lattice, minima, self.ground.lowest, level)
            found |= {one.at: one for one in contour.wanted if one.at not in known}
        return list(found.values())

    def columns(self, axis: int) -> dict[float, Point]:
        """The lowest lattice point of every value of one of the two parameters."""
        found: dict[float, Point] = {}
        for point in sorted(self.relaxation.grid):
            end = self.relaxation.best.get(point)
            if end is None:
                continue
            before = found.get(point[axis])
            if before is None or chi2_of(end) < chi2_of(self.relaxation.best[before]):
                found[point[axis]] = point
        return found

    def marginal(self, axis: int) -> tuple[Relaxation, Step]:
        """The profile along one axis, begun at the lowest lattice points and from own starts."""
        name = self.relaxation.of[axis]
        relaxation = Relaxation(self.ground, (name,))
        return relaxation, self._from_columns(relaxation, axis)

    def _from_columns(self, relaxation: Relaxation, axis: int) -> Step:
        from daybreak.methods.intervals import line

        values = self.frame.xs if axis == 0 else self.frame.ys
        points, near = line(values)
        relaxation.lay(points, near)
        tasks = [
            task
            for value, point in self.columns(axis).items()
            for task in relaxation.fits(
                (value,), [(Origin(Why.MAP), relaxation.start(self.relaxation.best[point]))]
            )
        ]
        relaxation.take(tasks, (yield tasks))
        yield from relaxation.own_starts(points)
        yield from relaxation.settle()
