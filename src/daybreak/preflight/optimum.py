"""Where the data are met as well as is known before the night."""

from __future__ import annotations

import weakref

import numpy as np

from daybreak.preflight.extremes import Search
from daybreak.preflight.features import where_to_begin
from daybreak.preflight.lines import lines
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import add_end, ends, survey
from daybreak.problem.arrays import Array

STARTS = 16
"""Fits that are made where reachability, which had nothing to ask, made none.

A choice: half from the best places of the survey, half from what its lines show; of a model with
one minimum one would do.
"""
ITERATIONS = 300
"""Most trial points with which the lowest end is settled, as of a fit of the night."""
AS_GOOD = 0.01
"""Ends whose chi2 is above the lowest by no more are best fits as well.

Along a valley that the data do not feel every place is one; a tenth of a sigma, squared.
"""

_OPTIMA: weakref.WeakKeyDictionary[Probe, Array] = weakref.WeakKeyDictionary()


def optimum(probe: Probe) -> Array:
    """Unit coordinates of the best fit known, and of others as good, shape (K, n), K <= 4.

    None where every fit failed.
    """
    if probe not in _OPTIMA:
        search = Search(probe)
        if not ends(probe):
            seen, half = lines(probe), STARTS // 2
            telling = where_to_begin(seen, [line.chi2 for line in seen])
            _fit(search, np.concatenate([survey(probe).best[:half], telling[:half]]), 100)
        if ends(probe):
            _fit(search, ends(probe)[0][1][None], ITERATIONS)
        good = [u for chi2, u in ends(probe) if chi2 <= ends(probe)[0][0] + AS_GOOD]
        _OPTIMA[probe] = np.array(good).reshape(-1, len(probe.free))
    return _OPTIMA[probe]


def _fit(search: Search, u: Array, iterations: int) -> None:
    values = search.values(u, search.lower, search.upper)
    for low in search.minimise(search.lanes(search.chi2, values), iterations):
        if np.isfinite(low.square):
            end = search.unit(low.values, search.lower, search.upper)
            add_end(search.probe, low.square, end)
