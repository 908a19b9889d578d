"""What the ends of a multi-start are, and how likely it is that a better one was missed.

What is missed is told by `daybreak.problem.ends.missed_share`.  A better minimum is one of those
not seen, so this bounds the chance that the next start finds one.  Minima count as different by
their chi2, so that mirrored ones are one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from daybreak.diagnosis.best import shared_fits
from daybreak.diagnosis.bounds import at_bounds
from daybreak.diagnosis.study import EndKind, FitEnd
from daybreak.ledger.records import StudyRecord
from daybreak.problem.ends import basins, missed_share, same_chi2, units
from daybreak.problem.origins import Why
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason
from daybreak.sentences import between, worded

MOST_ENDS = 24
"""Distinct ends that are listed: as many as are polished (`daybreak.methods.checks`)."""


def read_ends(record: StudyRecord) -> list[FitEnd]:
    """Distinct ends of the fits of all free parameters, classified; lowest first."""
    trials = shared_fits(record)
    if not any(t.origin.why is Why.POLISH for t in record.trials):
        return []
    ends = [t.outcome for t in trials]
    polished = {
        tuple(t.outcome.details["from"]): t.outcome
        for t in record.trials
        if t.origin.why is Why.POLISH and not t.outcome.failed
    }
    found = basins([float(end.chi2 or 0.0) for end in ends], units(ends))[:MOST_ENDS]
    if not found:
        return []
    lowest = min(float(end.chi2 or 0.0) for end in [*ends, *polished.values()])
    return [
        _classify(
            record,
            ends[basin.best],
            polished.get(tuple(ends[basin.best].u)),
            sum(trials[i].origin.why.is_own for i in basin.members),
            lowest,
        )
        for basin in found
    ]


def _classify(
    record: StudyRecord, end: Outcome, polished: Outcome | None, hits: int, lowest: float
) -> FitEnd:
    chi2 = float(end.chi2 or 0.0)
    values = [] if polished is None else [float(v) for v in polished.details["eigenvalues"]]
    zero = 0.0 if polished is None else float(polished.details["zero"])
    # Where the residuals vanish nothing is lower: a negative eigenvalue is rounding.
    vanish = polished is not None and polished.reason is StopReason.EXACT
    negative = 0 if vanish else sum(v < -zero for v in values)
    flat = sum(abs(v) <= zero or (vanish and v < 0.0) for v in values)
    held = at_bounds(record.problem, end.parameters)
    kind = _kind(end, polished, negative, flat, bounded=bool(held), lowest=lowest)
    after = None if polished is None else polished.chi2
    return FitEnd(
        chi2=chi2,
        hits=hits,
        kind=kind,
        polished=after,
        negative=negative,
        zero=flat,
        at_bounds=held,
        parameters=end.parameters,
        sentence=_sentence(kind, end, after, negative, flat),
    )


def _kind(
    end: Outcome,
    polished: Outcome | None,
    negative: int,
    flat: int,
    *,
    bounded: bool,
    lowest: float,
) -> EndKind:
    if polished is None or polished.chi2 is None:
        return "unchecked"
    chi2 = float(end.chi2 or 0.0)
    fell = polished.chi2 < chi2 and not same_chi2(polished.chi2, chi2)
    if fell or not polished.reason.converged:
        return "not converged"
    least = same_chi2(chi2, lowest)
    if negative or (flat and not least):
        return "saddle or plateau"
    if least:
        return "global"
    return "at bound" if bounded else "local minimum"


def _sentence(
    kind: EndKind, end: Outcome, polished: float | None, negative: int, flat: int
) -> str:
    """What the second method and the curvature say, for the reader."""
    directions = "one direction" if flat == 1 else worded("{} directions", flat)
    if kind == "global":
        if flat:
            return worded(
                "the lowest chi2 found, but not a point: chi2 is flat in {}.", directions
            )
        return "the lowest chi2 found; a second method agrees, and chi2 rises in all directions."
    if kind == "saddle or plateau":
        if negative:
            ways = "one direction" if negative == 1 else worded("{} directions", negative)
            return worded("no minimum: chi2 falls in {} from here, to second order.", ways)
        return worded("perhaps no minimum: chi2 is flat in {} from here.", directions)
    if kind == "not converged":
        if polished is not None and end.chi2 is not None and _is_lower(polished, end.chi2):
            down = between("down to {:.6g}", polished)
            return worded("the fit stopped early: a second method goes {}.", down)
        return "the fit stopped where chi2 still slopes; neither method gets further."
    if kind == "at bound":
        return "a minimum only because of the bounds that hold it."
    if kind == "local minimum":
        return "a minimum, and not the lowest; a second method agrees."
    return "not examined."


def _is_lower(one: float, other: float) -> bool:
    """Whether a chi2 lies below another by more than rounding."""
    return one < other and not same_chi2(one, other)


def missed(record: StudyRecord) -> float | None:
    """Expected share of starts that lead to a minimum not seen so far.

    None with fewer than three starts that converged.
    """
    ends = [
        t.outcome
        for t in shared_fits(record)
        if t.origin.why is Why.START and t.outcome.reason.converged
    ]
    if len(ends) < 3:  # of two the estimate is 1, whatever they found
        return None
    return missed_share(len(ends), _different([float(end.chi2 or 0.0) for end in ends]))


def _different(chi2: Sequence[float]) -> int:
    """How many different minima, by chi2."""
    ordered = sorted(chi2)
    return 1 + sum(not same_chi2(a, b) for a, b in itertools.pairwise(ordered))
