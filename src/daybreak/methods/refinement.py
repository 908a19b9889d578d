"""What a finer knob would change: chi2 at the same place, and where the minimum would move.

With residuals r' under the refined knob and the Jacobian J of the study's own one,

    step = argmin |r' + J s|^2  within the box,   chi2' = |r' + J step|^2

which is the refined minimum to first order in the step.
Source: one Gauss-Newton step; Nocedal and Wright (2006), Numerical Optimization, section 10.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from daybreak.methods.batch import End
from daybreak.methods.box_quadratic import box_minimum
from daybreak.methods.evaluate.evaluator import Evaluator
from daybreak.methods.evaluate.layout import Cells
from daybreak.problem.arrays import Array
from daybreak.problem.stop_reasons import StopReason

Place = tuple[Evaluator, Cells]
"""A problem with its settings, and a single row."""
_DAMPING = 1e-10
"""Relative to a column's length squared: directions that no residual feels stay put.

What residuals feel more than 1e-5 as much as a column moves as it would without.
"""


def refine(own: Place, refined: Place, start: Array) -> tuple[End, dict[str, Any]]:
    """Compare one place under two values of a knob.

    Parameters
    ----------
    own, refined
        The problem in one cell with the study's settings and with the refined knob.
    start : array, shape (n,)
        Unit coordinates of an end found with the study's settings.

    Returns
    -------
    end : End
        The refined minimum, to first order.
    details : dict
        ``chi2_before``, ``chi2_there`` (same place, refined), ``chi2_after`` (moved) and
        ``shifts``, by parameter, in its unit.
    """
    evaluator, cells = own
    layout = evaluator.layout
    u = start[None]
    before, J = evaluator.residuals(u, cells), evaluator.slopes(u, cells)
    there = refined[0].residuals(u, refined[1])
    if not (np.isfinite(there).all() and np.isfinite(J).all()):
        return End(start.tolist(), float("inf"), StopReason.NONFINITE, 1), {}
    lengths = np.sqrt(np.sum(J * J, axis=1))
    q = 1.0 / np.where(lengths > 0.0, lengths, 1.0)
    scaled = J * q[:, None, :]
    A = np.matmul(scaled.swapaxes(1, 2), scaled) + _DAMPING * np.eye(len(start))
    g = np.matmul(scaled.swapaxes(1, 2), there[:, :, None])[:, :, 0]
    z = box_minimum(A, g, -u / q, (1.0 - u) / q, np)
    moved = np.clip(u + z * q, 0.0, 1.0)
    after = there + np.matmul(J, (moved - u)[:, :, None])[:, :, 0]
    old, new = layout.values(u, cells.pins)[0], layout.values(moved, cells.pins)[0]
    names = layout.problem.space.names
    chi2 = float(after[0] @ after[0])
    details: dict[str, Any] = {
        "chi2_before": float(before[0] @ before[0]),
        "chi2_there": float(there[0] @ there[0]),
        "chi2_after": chi2,
        "shifts": {n: float(b - a) for n, a, b in zip(names, old, new, strict=True)},
    }
    return End(moved[0].tolist(), chi2, StopReason.STEP, 2), details
