"""How good a fit is: degrees of freedom, reduced chi2, p value, and what failed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from daybreak.diagnosis.best import Best, fits_of
from daybreak.diagnosis.study import Metrics, Start
from daybreak.ledger.records import StudyRecord
from daybreak.problem.ends import basins

MOST_STARTS = 200


def degrees_of_freedom(problem: dict[str, Any]) -> tuple[int, int]:
    """Number of fitted numbers (scale factors and offsets included) and what the data leave."""
    free = sum(parameter["fixed"] is None for parameter in problem["parameters"])
    fitted = free + len(problem["scale_factors"]) + len(problem["offsets"])
    return fitted, len(problem["observations"]) - fitted


def p_value(chi2: float, dof: int) -> float | None:
    """Chance of a chi2 at least this large if the model is true: Q(dof/2, chi2/2).

    None without degrees of freedom.
    """
    if dof < 1:
        return None
    from scipy.special import gammaincc

    return float(gammaincc(dof / 2, chi2 / 2))


def metrics(record: StudyRecord, best: Best | None) -> Metrics:
    """Counts and fit quality of a study."""
    fits = fits_of(record)
    n_free, dof = degrees_of_freedom(record.problem)
    quality = p_value(best.chi2, dof) if best else None
    distinct = {trial.key: trial for trial in record.trials}
    return Metrics(
        trials=len(distinct),
        failed_trials=sum(t.outcome.failed for t in distinct.values()),
        fits=len(fits),
        converged_fits=sum(t.outcome.reason.converged for t in fits),
        iterations=sum(t.outcome.iterations for t in distinct.values()),
        basins=len({start.basin for start in waterfall(record)}),
        hits=len(best.agreeing) if best else 0,
        n_observations=len(record.problem["observations"]),
        n_free=n_free,
        degrees_of_freedom=dof,
        reduced_chi2=best.chi2 / dof if best and dof > 0 else None,
        p_value=quality,
        seconds=record.seconds,
    )


def failures(record: StudyRecord) -> dict[str, int]:
    """Failed trials by sentence, commonest first."""
    failed = {t.key: t.outcome for t in record.trials if t.outcome.failed}
    texts = (o.reason.value + (f" ({o.message})" if o.message else "") for o in failed.values())
    return dict(Counter(texts).most_common(10))


def waterfall(record: StudyRecord) -> list[Start]:
    """Ends of the fits from own starts in the cell of the best fit, lowest chi2 first."""
    fits = [t for t in fits_of(record) if t.origin.startswith(("start", "seed"))]
    if not fits:
        return []
    lowest = min(fits, key=lambda t: t.outcome.chi2 or 0.0)
    ends = [t.outcome for t in fits if t.point == lowest.point]
    u = np.array([end.u for end in ends], dtype=np.float64).reshape(len(ends), -1)
    found = basins([float(end.chi2 or 0.0) for end in ends], u)
    starts = [
        Start(chi2=float(ends[i].chi2 or 0.0), converged=ends[i].reason.converged, basin=number)
        for number, basin in enumerate(found)
        for i in basin.members
    ]
    return sorted(starts, key=lambda s: (s.chi2, s.basin))[:MOST_STARTS]
