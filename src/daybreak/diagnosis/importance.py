"""Which searched parameters matter, from the trials that were made.

The ranks of an objective are described by an additive model, for every parameter a parabola in its
place u in [0, 1], or one level for every option,

    rank = b_0 + sum_p f_p(u_p) + noise

and the share of a parameter is the variance that the model loses without it, less what as many
columns of chance would take; F is that loss per column over the residual variance per degree of
freedom.  Interactions are left to the residual.
Source: Cohen and Cohen (1983), Applied Multiple Regression, chapter 3 (unique contributions).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.diagnosis.search_study import Importance
from daybreak.problem.choices import Choice
from daybreak.problem.configuration import Searched, SearchSpace
from daybreak.problem.parameters import Parameter

Array = NDArray[np.float64]
_MOST = 2000
"""Trials that are looked at.

A choice: a share of variance is known to 2 % from so many, whatever comes after.
"""
_SIGMAS = 3.0
"""Standard deviations by which F must stand out; of chance it is 1, its variance 2 / columns.

Were F normal, one parameter without effect in 740 would be called clear.
"""


def importance(
    space: SearchSpace,
    configurations: Sequence[Mapping[str, Any]],
    objective: str,
    values: Sequence[float],
) -> list[Importance]:
    """The share of every searched parameter, largest first; empty with too few trials."""
    n = min(len(values), _MOST)
    if not n:
        return []
    blocks = {p.name: _columns(p, configurations[:n]) for p in space.free}
    blocks = {name: block for name, block in blocks.items() if block.shape[1]}
    width = 1 + sum(block.shape[1] for block in blocks.values())
    ranks = ranks_of(values[:n])
    total = float(np.sum((ranks - ranks.mean()) ** 2))
    # Five degrees of freedom are left for the noise, which fewer would not tell: a choice.
    if n < width + 5 or not total or not blocks:
        return []
    full = _residual(list(blocks.values()), ranks)
    noise = full / (n - width)
    found: list[Importance] = []
    for name, block in blocks.items():
        others = [other for key, other in blocks.items() if key != name]
        lost, columns = _residual(others, ranks) - full, block.shape[1]
        share = min(max(0.0, (lost - columns * noise) / total), 1.0)
        bar = 1.0 + _SIGMAS * math.sqrt(2.0 / columns)
        clear = lost > bar * columns * noise
        found.append(Importance(objective=objective, parameter=name, share=share, clear=clear))
    return sorted(found, key=lambda one: -one.share)


def ranks_of(values: Sequence[float]) -> Array:
    """Place of every value in ascending order; equal ones share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2.0)[which]


def _columns(parameter: Searched, configurations: Sequence[Mapping[str, Any]]) -> Array:
    """Centred columns of one parameter, shape (n, k); without those that do not vary."""
    name = parameter.name
    there = np.array([name in c for c in configurations], dtype=np.float64)
    given = [c.get(name) for c in configurations]
    if isinstance(parameter, Choice):
        rows = [
            [float(value == o and type(value) is type(o)) for o in parameter.options[1:]]
            for value in given
        ]
    else:
        places = [0.0 if value is None else 2.0 * place(parameter, value) - 1.0 for value in given]
        rows = [[u, u * u] for u in places]
    block = np.column_stack([np.array(rows, dtype=np.float64).reshape(len(given), -1), there])
    block = block - block.mean(axis=0)
    return block[:, block.std(axis=0) > 0]


def place(parameter: Searched, value: Any) -> float:
    """Where a value lies in its parameter's range, 0 to 1; options are evenly spaced."""
    if isinstance(parameter, Choice):
        options = list(parameter.options)
        return options.index(value) / max(len(options) - 1, 1)
    if isinstance(parameter, Parameter):
        return parameter.unit_from(value)
    low, high = float(parameter.lower), float(parameter.upper)
    if parameter.scale == "log":
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _residual(blocks: Sequence[Array], ranks: Array) -> float:
    """Sum of squares that the columns leave."""
    left = ranks - ranks.mean()
    if not blocks:
        return float(np.sum(left**2))
    design = np.column_stack(blocks)
    fitted = design @ np.linalg.lstsq(design, left, rcond=None)[0]
    return float(np.sum((left - fitted) ** 2))
