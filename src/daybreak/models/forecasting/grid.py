"""Grids of architectures, what of them fits a budget, and the extremes that are tried first.

A grid is every combination of width, depth, heads and feed-forward ratio whose heads divide its
width, in that order of loops.  A budget B keeps those of

    floor((1 - t) B) <= P <= floor((1 + t) B)

learnt numbers P, in ascending order of P, and in the grid's order where they are equal.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import daybreak as dk

from .architecture import Architecture

Entries = tuple[Architecture, ...]


@dataclass(frozen=True)
class Grid:
    """Every architecture that is considered.

    Parameters
    ----------
    widths, depths, heads, ratios : sequence of int
        d, L, A, and f / d.
    budgets : mapping name -> int
        Learnt numbers that are aimed at.
    tolerance : float
        Share of a budget that P may differ by, t.
    window : mapping
        Features, context, patch and stride of every entry; see `Architecture`.
    """

    widths: Sequence[int]
    depths: Sequence[int]
    heads: Sequence[int]
    ratios: Sequence[int]
    budgets: Mapping[str, int]
    tolerance: float = 0.25
    window: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def entries(self) -> Entries:
        """All of it, in order."""
        loops = itertools.product(self.widths, self.depths, self.heads, self.ratios)
        return tuple(
            Architecture(d, layers, heads, ratio * d, **self.window)
            for d, layers, heads, ratio in loops
            if not d % heads
        )

    def within(self, budget: str) -> Entries:
        """What fits a budget, smallest first.

        Raises
        ------
        daybreak.ProblemError
            When there is no such budget, or nothing fits it.
        """
        if budget not in self.budgets:
            msg = f"the grid has budgets {', '.join(self.budgets)}, but got {budget!r}."
            raise dk.ProblemError(msg)
        aim = self.budgets[budget]
        low, high = (math.floor((1 + sign * self.tolerance) * aim) for sign in (-1, 1))
        fitting = [one for one in self.entries if low <= one.parameters <= high]
        if not fitting:
            msg = (
                f"no architecture of the grid has {low:,} to {high:,} parameters; widen the grid "
                f"or the tolerance of {self.tolerance:.0%}."
            )
            raise dk.ProblemError(msg)
        return tuple(sorted(fitting, key=lambda one: one.parameters))

    def shapes(self, budget: str) -> Entries:
        """The same without regard to heads: the first entry of every shape."""
        first: dict[tuple[int, ...], Architecture] = {}
        for one in self.within(budget):
            first.setdefault((one.d_model, one.n_layers, one.d_ff), one)
        return tuple(first.values())


LARGE = Grid(
    (64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048),
    (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 180, 192, 256),
    (2, 4, 8, 16, 32),
    (2, 4),
    {"2M": 2_000_000, "20M": 20_000_000, "200M": 200_000_000, "2B": 2_000_000_000},
)
"""The study's own grid."""

SMALL = Grid(
    (4, 8, 16, 24, 32, 48, 64, 96, 128),
    (1, 2, 3, 4, 6, 8, 12),
    (1, 2, 4, 8),
    (2, 4),
    {"3k": 3_000, "30k": 30_000, "300k": 300_000},
)
"""A ladder of the same kind that two cores can climb."""


def original_extremes(entries: Entries) -> tuple[Architecture | None, ...]:
    """The study's own six look-ups; None where one finds nothing, which it never said.

    Depth is looked up at the middle width, but under a budget deep networks are narrow: the third
    and the fourth look-up find nothing in any of its budgets.
    """
    d = _middle(one.d_model for one in entries)
    widths, depths, heads = _present(entries)
    queries = (
        {"d_model": widths[0], "n_heads": 8},
        {"d_model": widths[-1], "n_heads": 8},
        {"n_layers": depths[0], "d_model": d, "n_heads": 8},
        {"n_layers": depths[-1], "d_model": d, "n_heads": 8},
        {"n_heads": heads[0], "d_model": d},
        {"n_heads": heads[-1], "d_model": d},
    )
    return tuple(
        next((one for one in entries if all(getattr(one, k) == v for k, v in query.items())), None)
        for query in queries
    )


def extremes(entries: Entries, aim: int, count: int = 10) -> Entries:
    """Distinct architectures at the ends of what fits a budget.

    In order: narrowest, widest, shallowest, deepest, shallowest and deepest of the middle width,
    fewest and most heads of the middle width, smallest, largest, nearest to `aim`; then every
    second entry by size until there are `count`. Heads are the middle number unless asked for.

    Parameters
    ----------
    entries : tuple of Architecture
        What fits a budget, smallest first.
    aim : int
        The budget.
    count : int

    Raises
    ------
    daybreak.ProblemError
        When there are not so many distinct ones.
    """
    heads = _middle(one.n_heads for one in entries)
    usual = [one for one in entries if one.n_heads == heads]
    d = _middle(one.d_model for one in entries)
    level = [one for one in usual if one.d_model == d] or [o for o in entries if o.d_model == d]
    across = [one for one in entries if one.d_model == d]

    def width(one: Architecture) -> int:
        return one.d_model

    def depth(one: Architecture) -> int:
        return one.n_layers

    rules: list[tuple[Sequence[Architecture], Callable[[Architecture], float]]] = [
        (usual, width),
        (usual, lambda one: -width(one)),
        (usual, depth),
        (usual, lambda one: -depth(one)),
        (level, depth),
        (level, lambda one: -depth(one)),
        (across, lambda one: one.n_heads),
        (across, lambda one: -one.n_heads),
        (usual, lambda one: one.parameters),
        (usual, lambda one: -one.parameters),
        (usual, lambda one: abs(one.parameters - aim)),
    ]
    found = dict.fromkeys(min(among, key=by) for among, by in rules)
    found |= dict.fromkeys([*usual[::2], *entries])
    chosen = tuple(found)[:count]
    if len(chosen) < count:
        msg = (
            f"{count} distinct architectures are to be tried first, but only {len(chosen)} fit "
            "the budget; ask for fewer, or widen the grid."
        )
        raise dk.ProblemError(msg)
    return chosen


def _present(entries: Entries) -> tuple[list[int], list[int], list[int]]:
    """Widths, depths and heads that occur, ascending."""
    names = ("d_model", "n_layers", "n_heads")
    widths, depths, heads = (sorted({getattr(o, name) for o in entries}) for name in names)
    return widths, depths, heads


def _middle(values: Any) -> int:
    """The middle of the values that occur; the upper one of two."""
    there = sorted(set(values))
    return there[len(there) // 2]
