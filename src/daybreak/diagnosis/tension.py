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
from daybreak.problem.derived import TIES, ties
from daybreak.problem.ends import basins, same_chi2, units
from daybreak.problem.goodness import is_plain, moments_of, scaled_p_value, statistic
from daybreak.problem.levels import unknown_sizes
from daybreak.problem.noise.kinds import is_unknown
from daybreak.problem.origins import Why
from daybreak.problem.priors import GROUP
from daybreak.sentences import worded

MOST_STARTS = 200
"""Starts in the waterfall, lowest first; a choice: more are not told apart in a picture."""


def degrees_of_freedom(problem: dict[str, Any]) -> tuple[int, int]:
    """Number of fitted numbers and what the data leave.

    Scale factors, offsets and unknown sizes of noise are fitted too; ties and what they tie are
    not counted (`daybreak.problem.derived`).
    """
    data = problem["observations"]
    free = sum(parameter["fixed"] is None for parameter in problem["parameters"]) - ties(data)
    fitted = free + len(problem["scale_factors"]) + len(problem["offsets"]) + unknown_sizes(data)
    return fitted, len(data) - ties(data) - fitted


def fitted_numbers(record: StudyRecord, best: Best | None) -> tuple[int, int]:
    """Numbers that the data fix, as far as they are known to be fewer, and what the data leave."""
    fitted, dof = degrees_of_freedom(record.problem)
    polished = _polished(record, best)
    if polished is None:
        return fitted, dof
    left = sum(float(traces[0]) for traces in polished["left"].values())
    # Parameters held at a bound were fitted all the same.
    data = record.problem["observations"]
    rank = len(data) - ties(data) - round(left) + len(polished["held"]) + unknown_sizes(data)
    fitted = min(fitted, rank)
    return fitted, len(data) - ties(data) - fitted


def _polished(record: StudyRecord, best: Best | None) -> Mapping[str, Any] | None:
    """What the best end leaves of the data, as found where it was polished; None elsewhere."""
    if best is None:
        return None
    found = [
        t.outcome.details
        for t in record.trials
        if "left" in t.outcome.details
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
    quality = goodness(record, best, n_free) if best else None
    observations = record.problem["observations"]
    tested = not any(map(is_unknown, observations))
    n = len(observations) - ties(observations)
    distinct = {trial.key: trial for trial in record.trials}
    return Metrics(
        trials=len(distinct),
        failed_trials=sum(t.outcome.failed for t in distinct.values()),
        fits=len(fits),
        converged_fits=sum(t.outcome.reason.converged for t in fits),
        iterations=sum(t.outcome.iterations for t in distinct.values()),
        basins=len({start.basin for start in waterfall(record)}),
        hits=len(best.agreeing) if best else 0,
        n_observations=n,
        n_free=n_free,
        degrees_of_freedom=dof,
        statistic=statistic(observations),
        reduced_chi2=best.chi2 / dof if best and dof > 0 and tested else None,
        p_value=quality,
        no_p_value="" if quality is not None else _without_p_value(record, best, n_free),
        aic=best.chi2 + 2 * n_free if best else None,
        aicc=_corrected(best.chi2 + 2 * n_free, n_free, n) if best else None,
        bic=best.chi2 + n_free * math.log(n) if best else None,
        seconds=record.seconds,
    )


def _without_p_value(record: StudyRecord, best: Best | None, fitted: int) -> str:
    """Why there is no p value, as a clause."""
    data = record.problem["observations"]
    n = len(data) - ties(data)
    if n - fitted >= 1 and best is None:
        return "no fit"
    if n - fitted >= 1 and any(map(is_unknown, data)):
        return "the fit sets the size of the noise"
    evaluated = None if best is None or is_plain(data) else best.evaluation
    tested = n
    if evaluated is not None:
        tested = int(moments_of(data, evaluated.details["predictions"]).counts.sum()) - ties(data)
    if tested < n:
        return worded(
            "{} of {} observations can test the model (values at a limit and densities of your "
            "own cannot), and {} fitted",
            "none" if tested == 0 else tested,
            n,
            _counted(degrees_of_freedom(record.problem)[0], "number is", "numbers are"),
        )
    if n - fitted >= 1:
        return "so little is expected that hardly another outcome than the one seen is possible"
    observations = _counted(n, "observation", "observations")
    return worded("{}, {}", observations, _counted(fitted, "fitted number", "fitted numbers"))


def _counted(count: int, one: str, many: str) -> str:
    return worded("{} {}", count, one if count == 1 else many)


def _corrected(aic: float, k: int, n: int) -> float | None:
    """AIC for few data, ``AIC + 2 k (k + 1) / (n - k - 1)``; None where they are too few.

    Source: Hurvich and Tsai (1989), Biometrika 76, 297.
    """
    return aic + 2.0 * k * (k + 1) / (n - k - 1) if n > k + 1 else None


def goodness(record: StudyRecord, best: Best, fitted: int, rise: float = 0.0) -> float | None:
    """P value of the best fit (formulas here and in `daybreak.problem.goodness`).

    With `rise` that of a chi2 as much higher.
    """
    data = record.problem["observations"]
    if is_plain(data):
        return p_value(best.chi2 + rise, len(data) - ties(data) - fitted)
    if best.evaluation is None:
        return None
    details = best.evaluation.details
    moments = moments_of(data, details["predictions"])
    n = int(moments.counts.sum()) - ties(data)
    left = n - fitted + unknown_sizes(data)
    if left < 1:
        return None
    square = float(np.sum(np.square(details["residuals"])[moments.counts]))
    mean, variance = (float(part[moments.counts].sum()) * left / n for part in moments)
    return scaled_p_value(square + rise, mean, variance)


def search_metrics(record: StudyRecord) -> Metrics:
    """Counts of a search, which fits nothing."""
    distinct = {trial.key: trial for trial in record.trials}
    return Metrics(
        trials=len(distinct),
        failed_trials=sum(t.outcome.failed for t in distinct.values()),
        fits=0,
        converged_fits=0,
        iterations=0,
        basins=0,
        hits=0,
        n_observations=0,
        n_free=0,
        degrees_of_freedom=0,
        statistic="",
        reduced_chi2=None,
        p_value=None,
        aic=None,
        aicc=None,
        bic=None,
        seconds=record.seconds,
    )


def failures(record: StudyRecord) -> dict[str, int]:
    """Failed trials by sentence, commonest first."""
    failed = {t.key: t.outcome for t in record.trials if t.outcome.failed}
    texts = (o.reason.sentence + (f" ({o.message})" if o.message else "") for o in failed.values())
    return dict(Counter(texts).most_common(10))


def waterfall(record: StudyRecord) -> list[Start]:
    """Ends of the fits from the study's own starts in one cell, lowest chi2 first.

    The cell is that of all free parameters, or else the one with the lowest end.
    """
    fits = [t for t in fits_of(record) if t.origin.why in (Why.START, Why.SEED)]
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
        groups=_groups(record, best.evaluation.details, best),
        ceiling=ceiling,
        share=best.chi2 / ceiling if ceiling else None,
    )


def _groups(record: StudyRecord, details: Mapping[str, Any], best: Best) -> list[GroupFit]:
    data, residuals = record.problem["observations"], details["residuals"]
    # Where the fit sets the size of the noise, chi2 is the number of data, whatever the fit.
    tested = [datum["group"] for datum in data if not is_unknown(datum)]
    names = [name for name in dict.fromkeys(tested) if name != TIES]
    polished = _polished(record, best)
    if len(names) < 2 or polished is None:
        return []
    moments = moments_of(data, details["predictions"])
    found: list[GroupFit] = []
    for name in names:
        rows = np.array([datum["group"] == name for datum in data])
        mine = np.asarray(residuals, dtype=np.float64)[rows]
        chi2 = float(np.sum(np.square(mine)))
        trace, squared = polished["left"][name]
        # The residuals of other noise scatter as they do, not with variance 1.
        mean = trace * float(moments.mean[rows].mean())
        variance = 2.0 * squared * float(moments.variance[rows].mean()) / 2.0
        # Below that the group has been fitted exactly, and its variance is rounding.
        dof = 2.0 * mean**2 / variance if variance > 2e-9 else 0.0
        found.append(
            GroupFit(
                group=name,
                observations=len(mine),
                degrees_of_freedom=dof,
                chi2=chi2,
                p_value=scaled_p_value(chi2, mean, variance) if dof >= 1.0 else None,
            )
        )
    return found


def constant_chi2(data: Sequence[Mapping[str, Any]]) -> float | None:
    """Chi2 of the best constant for each group; None where constants fit exactly.

    None as well where the noise is not Gaussian: then it is not found in closed form.

    ``c = sum(w v) / sum(w)`` with ``w = 1 / sigma^2`` for values v of one group and unit.
    """
    total = 0.0
    data = [datum for datum in data if datum["group"] not in (GROUP, TIES)]
    if not is_plain(data):
        return None
    for kind in {(datum["group"], datum["unit"]) for datum in data}:
        mine = [datum for datum in data if (datum["group"], datum["unit"]) == kind]
        if len({datum["value"] for datum in mine}) < 2:
            continue
        v = np.array([datum["value"] for datum in mine])
        w = np.array([1.0 / (datum["sigma"] ** 2 + datum["model"] ** 2) for datum in mine])
        total += float(np.sum(w * (v - np.sum(w * v) / np.sum(w)) ** 2))
    return total or None
