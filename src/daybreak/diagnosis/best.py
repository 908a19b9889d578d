"""The best fit of a study, and how far the fits that found the same minimum agree on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybreak.diagnosis.bounds import at_bounds
from daybreak.diagnosis.scatter import alike, negligible
from daybreak.diagnosis.study import BestFit, Prediction
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.derived import TIES
from daybreak.problem.ends import same_chi2
from daybreak.problem.kinds import Role
from daybreak.problem.origins import Why
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason

VOUCHING = 3
"""Fits that stalled and agree on a minimum vouch for it: one more than of those that converged.

What a solver inside a model rounds away keeps a slope from vanishing, not fits from meeting; at
the edge of a jump, where fits stall as well, they end at different chi2.
"""


@dataclass(frozen=True)
class Best:
    """The lowest end of a study and the ends that agree with it."""

    trial: TrialRecord
    agreeing: tuple[Outcome, ...]
    """Ends in the same cell with the same chi2, from independent fits; the best among them."""
    evaluations: tuple[Outcome, ...]
    """Full records at the best and at fits that agree with it; the best first."""
    spread: float
    """Spread of chi2 among the agreeing ends; of all seeds for a stochastic method."""
    reference: float
    """The lowest chi2 found anywhere, to its last digit: what intervals and contours rise from."""

    @property
    def chi2(self) -> float:
        """Lowest chi2 found."""
        return float(self.trial.outcome.chi2 or 0.0)

    @property
    def settled(self) -> bool:
        """Found by at least two fits, and an end that can be called a minimum."""
        count = len(self.agreeing)
        return count >= 2 and is_minimum(self.trial.outcome.reason, count)

    @property
    def evaluation(self) -> Outcome | None:
        """The full record at the best fit itself."""
        return self.evaluations[0] if self.evaluations else None

    def value(self, name: str) -> float | None:
        """A parameter, scale factor, derived quantity or prediction at the best fit."""
        found = self._values(name)
        return found[0] if found else None

    def uncertainty(self, name: str) -> float | None:
        """Largest distance of `name` from its best value among the fits that agree.

        None when only one fit found this minimum.
        """
        found = self._values(name)
        if len(self.agreeing) < 2 or not found:
            return None
        return max(abs(value - found[0]) for value in found)

    def _values(self, name: str) -> list[float]:
        if name in self.trial.outcome.parameters:
            rest = [end.parameters[name] for end in self.agreeing]
            return [self.trial.outcome.parameters[name], *rest]
        return [_recorded(e)[name] for e in self.evaluations if name in _recorded(e)]


def is_minimum(reason: StopReason, agreeing: int) -> bool:
    """Whether an end that some fits reached, one for this reason, can be called a minimum."""
    return reason.converged or (reason is StopReason.STALLED and agreeing >= VOUCHING)


def _recorded(evaluation: Outcome) -> dict[str, float]:
    details = evaluation.details
    return {**details["factors"], **details["derived"]}


def fits_of(record: StudyRecord) -> list[TrialRecord]:
    """Fits that ended somewhere."""
    return [trial for trial in record.trials if trial.ended]


def shared_fits(record: StudyRecord) -> list[TrialRecord]:
    """Fits of all free parameters that ended somewhere."""
    return [trial for trial in fits_of(record) if not trial.of]


def find_best(record: StudyRecord) -> Best | None:
    """The lowest end of a study; None when every fit failed.

    Where a fit of all free parameters reached the lowest chi2, it is the best one: how many of its
    kind agree says more than the hits of a point of a profile.
    """
    fits = fits_of(record)
    polished = [
        t for t in record.trials if t.origin.why is Why.POLISH and t.outcome.chi2 is not None
    ]
    if not fits:
        return None
    chi2 = _chi2(_lowest([*fits, *polished]))
    recorded = {_mark(t) for t in record.trials if t.kind.role is Role.EVALUATION}
    shared, others, ends = (
        [t for t in group if same_chi2(_chi2(t), chi2)]
        for group in (shared_fits(record), fits, polished)
    )
    # Mirrored minima are equally low, and so is all of a valley, along which polishing moves: the
    # end that was recorded in full is told.
    groups = (shared, ends, others) if shared else (others, ends)
    told = ([t for t in group if _mark(t) in recorded] for group in groups)
    lowest = _lowest(next(filter(None, (*told, *groups)), fits))
    cell = [t for t in fits if (t.of, t.point) == (lowest.of, lowest.point)]
    stochastic = all(t.origin.why is Why.SEED for t in cell)
    noise = negligible(record)
    same = [t.outcome for t in cell if stochastic or alike(_chi2(t), _chi2(lowest), noise)]
    agreeing = same or [lowest.outcome]
    found = [float(o.chi2 or 0.0) for o in agreeing]
    spread = max(found) - min(found)
    return Best(lowest, tuple(agreeing), _evaluations(record, lowest), spread, chi2)


def _chi2(trial: TrialRecord) -> float:
    return float(trial.outcome.chi2 or 0.0)


def _mark(trial: TrialRecord) -> tuple[object, ...]:
    """The cell of a trial and the place where it ended."""
    return trial.of, trial.point, tuple(trial.outcome.parameters.items())


def _lowest(trials: list[TrialRecord]) -> TrialRecord:
    return min(trials, key=_chi2)


def _evaluations(record: StudyRecord, lowest: TrialRecord) -> tuple[Outcome, ...]:
    """Full records in the cell of a trial, its own first; empty when it was not recorded."""
    there = [
        t.outcome
        for t in record.trials
        if t.kind.role is Role.EVALUATION
        and not t.outcome.failed
        and (
            (t.of, t.point) == (lowest.of, lowest.point)
            or t.outcome.parameters == lowest.outcome.parameters
        )
    ]
    there.sort(key=lambda o: o.parameters != lowest.outcome.parameters)
    if not there or there[0].parameters != lowest.outcome.parameters:
        return ()
    return tuple(there)


def describe_best(record: StudyRecord, best: Best) -> BestFit | None:
    """The best fit with everything needed to recompute it; None before it is evaluated."""
    evaluation = best.evaluation
    if evaluation is None:
        return None
    parameters = best.trial.outcome.parameters
    return BestFit(
        parameters=parameters,
        settings=record.settings,
        scale_factors=evaluation.details["factors"],
        predictions=_predictions(record.problem, evaluation),
        derived=evaluation.details["derived"],
        chi2=best.chi2,
        at_bounds=at_bounds(record.problem, parameters, record.facts.interest),
        stop_reason=best.trial.outcome.reason.sentence,
        hits=len(best.agreeing),
    )


def _predictions(problem: Mapping[str, Any], evaluation: Outcome) -> dict[str, Prediction]:
    details = evaluation.details
    rows = zip(problem["observations"], details["predictions"], details["residuals"], strict=True)
    return {
        datum["name"]: Prediction(
            prediction=prediction,
            value=datum["value"],
            residual=residual,
            unit=datum["unit"],
            sigma=(datum["sigma"] ** 2 + datum["model"] ** 2) ** 0.5,
        )
        for datum, prediction, residual in rows
        if datum["group"] != TIES
    }
