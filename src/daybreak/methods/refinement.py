"""What a finer knob would change: the fit is made again with it, from where it ended without.

Nothing is extrapolated: where a knob matters, its error is often as large as the interval, and a
step to first order is then off by half of itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from daybreak.methods.batch import End
from daybreak.methods.evaluate.evaluator import Evaluator
from daybreak.methods.evaluate.layout import Cells
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.problem.arrays import Array
from daybreak.problem.stop_reasons import StopReason

Place = tuple[Evaluator, Cells]
"""A problem with its settings, and a single row."""


def refine(own: Place, refined: Place, start: Array) -> tuple[End, dict[str, Any]]:
    """Fit with another value of a knob.

    Parameters
    ----------
    own, refined
        The problem in one cell with the study's settings and with the refined knob.
    start : array, shape (n,)
        Unit coordinates of an end found with the study's settings.

    Returns
    -------
    end : End
        The refined minimum that is reached from there.
    details : dict
        ``chi2_before``, ``chi2_there`` (same place, refined), ``chi2_after`` (fitted) and
        ``shifts``, by parameter, in its unit.
    """
    evaluator, cells = own
    layout = evaluator.layout
    u = start[None]
    before, there = evaluator.residuals(u, cells), refined[0].residuals(u, refined[1])
    if not np.isfinite(there).all():
        return End(start.tolist(), float("inf"), StopReason.NONFINITE, 1), {}
    (end,) = fit(refined[0], u, refined[1], LeastSquares())
    if end.reason.failed:
        return end, {}
    old = layout.values(u, cells.pins)[0]
    new = layout.values(np.array(end.u)[None], cells.pins)[0]
    names = layout.problem.space.names
    details: dict[str, Any] = {
        "chi2_before": float(before[0] @ before[0]),
        "chi2_there": float(there[0] @ there[0]),
        "chi2_after": end.chi2,
        "shifts": {n: float(b - a) for n, a, b in zip(names, old, new, strict=True)},
    }
    return end, details
