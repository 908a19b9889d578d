"""How good a fit is: degrees of freedom, p values in total and by group, and chi2's ceiling.

The degrees of freedom are the observations less the rank of what is fitted: parameters that move
no residual, or the same ones as others do, are not counted twice.  The chi2 of a group has the
distribution of a sum of squares with weights, the eigenvalues of M, the covariance of its
residuals; by its first two moments (Satterthwaite)

    a = tr M^2 / tr M,   dof = (tr M)^2 / tr M^2,   p = Q(dof / 2, chi2 / 2a)

The ceiling is the chi2 of one fitted constant for each group of observations that share one: what
a model reaches that explains nothing but a common size.
Source: Bevington and Robinson (2003), Data Reduction and Error Analysis, chapter 11; Hoaglin and
Welsch (1978), Am. Stat. 32, 17 (M); Satterthwaite (1946), Biometrics 2, 110.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.diagnosis.best import Best, fits_of
from daybreak.diagnosis.study import GroupFit, Metrics, Start, Tension
from daybreak.ledger.records import StudyRecord
from daybreak.problem.ends import basins, same_chi2, units

MOST_STARTS = 200


def degrees_of_freedom(problem: dict[str, Any]) -> tuple[int, int]:
    """Number of fitted numbers (scale factors and offsets included) and what the data leave."""
    free = sum(parameter["fixed"] is None for parameter in problem["parameters"])
    fitted = free + len(problem["scale_factors"]) + len(problem["offsets"])
    return fitted, len(problem["observations"]) - fitted


def fitted_numbers(record: StudyRecord, best: Best | None) -> tuple[int, int]:
    """Numbers that the data fix, as far as they are known to be fewer, and what the data leave."""
    fitted, dof = degrees_of_freedom(record.problem)
    polished = _polished(record, best)
    if polished is None:
        return fitted, dof
    left = sum(float(traces[0]) for traces in polished["left"].values())
    # Parameters held at a bound were fitted all the same.
    rank = len(record.problem["observations"]) - round(left) + len(polished["held"])
    fitted = min(fitted, rank)
    return fitted, len(record.problem["observations"]) - fitted


def _polished(record: StudyRecord, best: Best | None) -> Mapping[str, Any] | None:
    """What was found where the best end was polished; None where it was not."""
    if best is None:
        return None
    found = [
        t.outcome.details
        for t in record.trials
        if t.kind == "polish"
        and t.outcome.chi2 is not None
        and same_chi2(t.outcome.chi2, best.chi2)
    ]
    return found[0] if found else None


def p_value(chi2: float, dof: float) -> float | None:
    """Chance of a chi2 at least this large if the model is true: Q(dof/2, chi2/2).

    None with less than one degree of freedom.
    """
    if dof < 1:
        return None
    from scipy.special import gammaincc

    return float(gammaincc(dof / 2, chi2 / 2))


def metrics(record: StudyRecord, best: Best | None) -> Metrics:
    """Counts and fit quality of a study."""
    fits = fits_of(record)
    n_free, dof = fitted_numbers(record, best)
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
        aic=best.chi2 + 2 * n_free if best else None,
        bic=best.chi2 + n_free * math.log(len(record.problem["observations"])) if best else None,
        seconds=record.seconds,
    )


def search_metrics(record: StudyRecord) -> Metrics:
    """Counts of a search, which fits nothing."""
    distinct = {trial.key: trial for trial in record.trials}
    return Metrics(
        trials=len(distinct), failed_trials=sum(t.outcome.failed for t in distinct.values()),
        fits=0, converged_fits=0, iterations=0, basins=0, hits=0, n_observations=0, n_free=0,
        degrees_of_freedom=0, reduced_chi2=None, p_value=None, aic=None, bic=None,
        seconds=record.seconds,
    )  # fmt: skip


def failures(record: StudyRecord) -> dict[str, int]:
    """Failed trials by sentence, commonest first."""
    failed = {t.key: t.outcome for t in record.trials if t.outcome.failed}
    texts = (o.reason.value + (f" ({o.message})" if o.message else "") for o in failed.values())
    return dict(Counter(texts).most_common(10))


def waterfall(record: StudyRecord) -> list[Start]:
    """Ends of the fits from the study's own starts in one cell, lowest chi2 first.

    The cell is that of all free parameters, or else the one with the lowest end.
    """
    fits = [t for t in fits_of(record) if t.origin.startswith(("start", "seed"))]
    if not fits:
        return []
    lowest = min(fits, key=lambda t: (bool(t.of), t.outcome.chi2 or 0.0))
    ends = [t.outcome for t in fits if (t.of, t.point) == (lowest.of, lowest.point)]
    found = basins([float(end.chi2 or 0.0) for end in ends], units(ends))
    starts = [
        Start(chi2=float(ends[i].chi2 or 0.0), converged=ends[i].reason.converged, basin=number)
        for number, basin in enumerate(found)
        for i in basin.members
    ]
    return sorted(starts, key=lambda s: (s.chi2, s.basin))[:MOST_STARTS]


def read_tension(record: StudyRecord, best: Best | None) -> Tension | None:
    """Chi2 by group and against its ceiling; None before the best fit is recorded in full."""
    if best is None or best.evaluation is None:
        return None
    ceiling = constant_chi2(record.problem["observations"])
    return Tension(
        groups=_groups(record, best, best.evaluation.details["residuals"]),
        ceiling=ceiling,
        share=best.chi2 / ceiling if ceiling else None,
    )


def _groups(record: StudyRecord, best: Best, residuals: Sequence[float]) -> list[GroupFit]:
    data = record.problem["observations"]
    names = list(dict.fromkeys(datum["group"] for datum in data))
    polished = _polished(record, best)
    if len(names) < 2 or polished is None:
        return []
    found: list[GroupFit] = []
    for name in names:
        mine = [r for r, datum in zip(residuals, data, strict=True) if datum["group"] == name]
        chi2 = float(np.sum(np.square(mine)))
        trace, squared = polished["left"][name]
        dof = trace**2 / squared if squared > 1e-9 else 0.0
        found.append(
            GroupFit(
                group=name,
                observations=len(mine),
                degrees_of_freedom=dof,
                chi2=chi2,
                p_value=p_value(chi2 * trace / squared, dof) if dof > 0.0 else None,
            )
        )
    return found


def constant_chi2(data: Sequence[Mapping[str, Any]]) -> float | None:
    """Chi2 of the best constant for each group; None where constants fit exactly.

    ``c = sum(w v) / sum(w)`` with ``w = 1 / sigma^2`` for values v of one group and unit.
    """
    total = 0.0
    for kind in {(datum["group"], datum["unit"]) for datum in data}:
        mine = [datum for datum in data if (datum["group"], datum["unit"]) == kind]
        if len({datum["value"] for datum in mine}) < 2:
            continue
        v = np.array([datum["value"] for datum in mine])
        w = np.array([1.0 / (datum["sigma"] ** 2 + datum["model"] ** 2) for datum in mine])
        total += float(np.sum(w * (v - np.sum(w * v) / np.sum(w)) ** 2))
    return total or None
