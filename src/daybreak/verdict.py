"""Outcomes of criteria and verdicts of studies: what may be said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daybreak.criteria import Criterion, Verdict
from daybreak.diagnosis.basins import missed, read_ends
from daybreak.diagnosis.best import Best, describe_best, find_best
from daybreak.diagnosis.bounds import at_bounds, edge_distance, parameters_of
from daybreak.diagnosis.diagnose import diagnose
from daybreak.diagnosis.maps import read_maps
from daybreak.diagnosis.profiles import read_profiles
from daybreak.diagnosis.resolution import read_knobs, read_scales
from daybreak.diagnosis.scatter import of_model
from daybreak.diagnosis.search import read_search
from daybreak.diagnosis.search_findings import choose, judge_search
from daybreak.diagnosis.study import (
    CriteriaVersion,
    CriterionOutcome,
    OutcomeWord,
    ParameterInfo,
    Profile,
    Study,
)
from daybreak.diagnosis.tension import (
    failures,
    fitted_numbers,
    goodness,
    metrics,
    read_tension,
    search_metrics,
    waterfall,
)
from daybreak.diagnosis.withheld import and_do, own_code, why, withheld
from daybreak.findings import Finding, Withholds, codes
from daybreak.ledger.records import StudyRecord
from daybreak.ledger.states import StudyState
from daybreak.sentences import worded

Measured = tuple[float | None, float | None, bool]
"""Value, its uncertainty, and whether it is settled."""


def read_study(record: StudyRecord) -> Study:
    """Everything a reader wants to know of one study, judged by the criteria in force."""
    if record.is_search:
        return diagnose(_read_search_study(record), record)
    best = find_best(record)
    study = diagnose(_read_fit_study(record, best), record)
    return study.model_copy(update=_judged(record, Evidence(record, best, study)))


def _read_fit_study(record: StudyRecord, best: Best | None) -> Study:
    """A fit, before it is diagnosed and judged."""
    profiles, ends, unseen = read_profiles(record, best), read_ends(record), missed(record)
    tension, quality = read_tension(record, best), metrics(record, best)
    return Study(
        name=record.name,
        counted=record.counted,
        follows=record.follows,
        state=record.state,
        settings=record.settings,
        method=record.facts.in_words,
        parameters=_parameters(record),
        verdict="UNDECIDED",
        outcomes=[],
        metrics=quality,
        best=describe_best(record, best) if best else None,
        profiles=profiles,
        maps=read_maps(record, best),
        starts=waterfall(record),
        ends=ends,
        missed=unseen,
        tension=tension,
        model_scales=read_scales(record, best),
        knobs=read_knobs(record, profiles),
        noise=of_model(record),
        findings=[],
        failures=failures(record),
        error=record.error,
        criteria_history=[],
        units=_units(record.problem),
    )


def _judged(record: StudyRecord, evidence: Evidence) -> dict[str, Any]:
    """Outcomes and verdict by the criteria in force, and verdicts by all there were."""
    versions = [[Criterion.restore(c) for c in w.criteria] for w in record.criteria]
    outcomes = [[judge(c, evidence) for c in criteria] for criteria in versions]
    withheld = bool(evidence.withheld(Withholds.VERDICT))
    found = evidence.best is not None
    verdicts: list[Verdict] = [
        verdict_of(one, record, found=found, withheld=withheld) for one in outcomes
    ]
    return {
        "outcomes": outcomes[-1],
        "verdict": verdicts[-1],
        "criteria_history": _history(record, versions, verdicts),
    }


def _read_search_study(record: StudyRecord) -> Study:
    """A search, before it is diagnosed."""
    reading, candidates = read_search(record)
    deterministic = record.problem["deterministic"]
    versions = [[Criterion.restore(c) for c in w.criteria] for w in record.criteria]
    weighed = [choose(reading, candidates, v, deterministic=deterministic) for v in versions]
    judged = [
        [judge_search(c, evidence) for c in criteria]
        for criteria, evidence in zip(versions, weighed, strict=True)
    ]
    found = reading.measured > 0
    verdicts: list[Verdict] = [verdict_of(o, record, found=found) for o in judged]
    return Study(
        name=record.name,
        counted=record.counted,
        follows=record.follows,
        state=record.state,
        settings=record.settings,
        method=record.facts.in_words,
        parameters=[],
        verdict=verdicts[-1],
        outcomes=judged[-1],
        metrics=search_metrics(record),
        best=None,
        profiles=[],
        maps=[],
        starts=[],
        ends=[],
        missed=None,
        tension=None,
        model_scales=[],
        knobs=[],
        findings=[],
        failures=failures(record),
        error=record.error,
        criteria_history=_history(record, versions, verdicts),
        units=dict(record.problem["units"]),
        search=reading.model_copy(update={"best": weighed[-1].winner}),
    )


def _history(
    record: StudyRecord, versions: Sequence[Sequence[Criterion]], verdicts: Sequence[Verdict]
) -> list[CriteriaVersion]:
    """Every version of the criteria, and what it says."""
    return [
        CriteriaVersion(
            written=w.written,
            criteria=[f"{c.title} {c.bar} ({c.level})" for c in criteria],
            verdict=verdict,
            current=w is record.criteria[-1],
        )
        for w, criteria, verdict in zip(record.criteria, versions, verdicts, strict=True)
    ]


def _parameters(record: StudyRecord) -> list[ParameterInfo]:
    interest = record.facts.interest
    return [
        ParameterInfo(
            name=p.name,
            lower=p.lower,
            upper=p.upper,
            scale=p.scale,
            unit=p.unit,
            role="fixed"
            if p.fixed is not None
            else "interest"
            if p.name in interest
            else "nuisance",
        )
        for p in parameters_of(record.problem)
    ]


def _units(problem: Mapping[str, Any]) -> dict[str, str]:
    factors = [*problem["scale_factors"], *problem["offsets"]]
    return {**problem["units"], **{factor["name"]: factor["unit"] for factor in factors}}


# -- outcomes --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """What the criteria of a study are judged by."""

    record: StudyRecord
    best: Best | None
    study: Study
    """Diagnosed."""

    def profile_of(self, criterion: Criterion) -> Profile | None:
        """The profile of the one parameter that a criterion is taken of."""
        return self.study.profile_of(criterion.names[0]) if len(criterion.names) == 1 else None

    def withheld(self, what: Withholds, parameter: str | None = None) -> list[Finding]:
        """Findings for which something may not be said."""
        return withheld(self.study, what, parameter, self.record.before)

    def doubts(self, criterion: Criterion) -> list[Finding]:
        """Findings for which a criterion can be neither met nor missed."""
        about = criterion.names or (criterion.quantity,)
        found = [one for name in about for one in self.withheld(Withholds.VERDICT, name)]
        profile = self.profile_of(criterion)
        if profile is not None:  # the criterion names the parameter already
            own = own_code(profile)
            found = [own_code(profile, headed=True) if one == own else one for one in found]
        if criterion.quantity != "identified" or profile is None or found:
            return found
        against = self.withheld(Withholds.IDENTIFIED, profile.parameter)
        # That its own profile has another code answers the question; anything else leaves it open.
        return [] if any(one.code == profile.code for one in against) else against

    def discretisation(self, name: str) -> float:
        """By how much refined knobs move chi2 or a parameter at the best fit, together."""
        shifts = [shift for shift in self.study.knobs if shift.at == "best fit"]
        if name == "chi2":
            return sum(abs(shift.chi2) for shift in shifts)
        return sum(abs(shift.parameters.get(name, 0.0)) for shift in shifts)


def judge(criterion: Criterion, evidence: Evidence) -> CriterionOutcome:
    """How one criterion came out, with its numbers."""
    measured = value, uncertainty, _ = _measure(criterion, evidence)
    doubts = evidence.doubts(criterion)
    name = criterion.quantity + (f" of {', '.join(criterion.names)}" if criterion.names else "")
    if value is None or evidence.best is None:
        outcome, sentence = "undecided", _missing(name, criterion, evidence)
    elif doubts:
        said = name if criterion.quantity == "identified" else worded("{} = {:.6g}", name, value)
        outcome = "undecided"
        sentence = worded("{} is not decided: {}. {}", said, why(doubts[0]), and_do(doubts[0]))
    elif criterion.quantity == "identified":
        profile = evidence.profile_of(criterion)
        outcome, sentence = "met" if value else "missed", profile.sentence if profile else ""
    else:
        outcome, sentence = _compared(name, criterion, evidence.record, evidence.best, measured)
    return CriterionOutcome(
        criterion=criterion.title,
        quantity=criterion.quantity,
        of=list(criterion.names),
        outcome=outcome,
        value=value,
        uncertainty=uncertainty,
        threshold=criterion.bar,
        level=criterion.level,
        sentence=sentence,
    )


def _missing(name: str, criterion: Criterion, evidence: Evidence) -> str:
    """Why there is no value, and what to do."""
    best, profile = evidence.best, evidence.profile_of(criterion)
    if not (evidence.record.trials or evidence.record.state.ended):
        return f"{name} is not there yet: no trial of this study has been made."
    if best is None:
        return f"{name} is not there. No fit ended: read why the trials failed, or give a guess=."
    if criterion.quantity == "p_value":
        return worded(
            "no p value: {}. Add data, fix parameters, or ask for something else.",
            evidence.study.metrics.no_p_value,
        )
    if profile is not None:
        own = own_code(profile, headed=True)
        return worded("{} has no meaning here: {}. {}", name, why(own), and_do(own))
    return (
        f"{name} is not there. Ask for a parameter, an observation or what `derive` gives, or "
        "profile the parameter it is taken of."
    )


def _compared(
    name: str, criterion: Criterion, record: StudyRecord, best: Best, measured: Measured
) -> tuple[OutcomeWord, str]:
    """A number beside its bar."""
    value, uncertainty, settled = measured
    counts_bounds = criterion.quantity == "n_at_bounds" and value
    aside = f" ({_bounds_named(criterion, record, best)})" if counts_bounds else ""
    reading, do = ("", _NARROW) if settled else (_unsettled(best), _SETTLE)
    return criterion.judged(name, value or 0.0, uncertainty, reading, aside, do)


_SETTLE = "Use more starts (starts=), a guess (guess=), or dk.Intervals with a larger budget."
_NARROW = "More starts (starts=) or a finer knob would make its uncertainty smaller."


def _unsettled(best: Best) -> str:
    if not best.trial.outcome.reason.converged:
        return best.trial.outcome.reason.sentence
    return "only one fit found this minimum"


def _bounds_named(criterion: Criterion, record: StudyRecord, best: Best) -> str:
    found = at_bounds(record.problem, best.trial.outcome.parameters, record.facts.interest)
    wanted = criterion.names or tuple(a.parameter for a in found)
    return ", ".join(f"{a.parameter} {a.side}" for a in found if a.parameter in wanted)


def _measure(criterion: Criterion, evidence: Evidence) -> Measured:
    quantity, record, best = criterion.quantity, evidence.record, evidence.best
    if best is None:
        return None, None, False
    fitted, dof = fitted_numbers(record, best)
    spread = best.spread + evidence.discretisation("chi2")
    alone = len(best.agreeing) < 2
    if quantity == "chi2":
        return best.chi2, None if alone else spread, best.settled
    if quantity in ("edge_distance", "identified"):
        return _profiled(criterion, evidence, best)
    if quantity == "reduced_chi2":
        value = best.chi2 / dof if dof > 0 else None
        return value, None if alone or value is None else spread / dof, best.settled
    if quantity == "p_value":
        low, high = (goodness(record, best, fitted, rise) for rise in (0.0, spread))
        width = None if alone or low is None or high is None else abs(low - high)
        return low, width, best.settled
    if quantity == "n_at_bounds":
        found = at_bounds(record.problem, best.trial.outcome.parameters, record.facts.interest)
        wanted = criterion.names or tuple(a.parameter for a in found)
        return float(sum(a.parameter in wanted for a in found)), 0.0, best.settled
    if quantity in _observed(record):
        return _prediction(quantity, record, best)
    moved = best.uncertainty(quantity)
    if moved is not None:
        moved += evidence.discretisation(quantity)
    return best.value(quantity), moved, best.settled


def _profiled(criterion: Criterion, evidence: Evidence, best: Best) -> Measured:
    """Quantities of one profile: whether it identifies its parameter, distance from the edge."""
    profile, name = evidence.profile_of(criterion), criterion.names[0]
    if profile is None or profile.minimum is None:
        return None, None, False
    if criterion.quantity == "identified":
        return float(not evidence.withheld(Withholds.IDENTIFIED, name)), None, True
    if not _has_place(profile):
        return None, None, False
    scan = [point.value for point in profile.points]
    moved = best.uncertainty(name)
    if moved is not None:
        moved += evidence.discretisation(name)
    parameter = next(p for p in parameters_of(evidence.record.problem) if p.name == name)
    return edge_distance(profile.minimum, scan, parameter.limits), moved, best.settled


def _has_place(profile: Profile) -> bool:
    """Whether the lowest point of a profile is more than one of many that are as good.

    At an end of the scan it is, and misses every bar; elsewhere it is where a claim about the
    parameter's value may rest on it.
    """
    if profile.code == codes.EDGE_MINIMUM:
        return bool(profile.intervals)
    return Withholds.CLAIM not in profile.code.withholds


def _observed(record: StudyRecord) -> list[str]:
    return [datum["name"] for datum in record.problem["observations"]]


def _prediction(name: str, record: StudyRecord, best: Best) -> Measured:
    place = _observed(record).index(name)
    values = [e.details["predictions"][place] for e in best.evaluations]
    if not values:
        return None, None, False
    spread = max(abs(value - values[0]) for value in values)
    return values[0], None if len(best.agreeing) < 2 else spread, best.settled


def verdict_of(
    outcomes: Sequence[CriterionOutcome],
    record: StudyRecord,
    *,
    found: bool,
    withheld: bool = False,
) -> Verdict:
    """PASS, SOFT_PASS, FAIL or UNDECIDED (meanings in the glossary).

    A study without hard or soft criteria has nothing to be judged by and stays UNDECIDED, as does
    one whose verdict is `withheld`; so does one that found nothing (`found` is false), unless a
    hard criterion is missed for that.
    """
    hard = [one.outcome for one in outcomes if one.level == "hard"]
    soft = [one.outcome for one in outcomes if one.level == "soft"]
    if record.state is not StudyState.FINISHED or not (hard or soft) or withheld:
        return "UNDECIDED"
    if "missed" in hard:
        return "FAIL"
    if "undecided" in hard or not found:
        return "UNDECIDED"
    return "PASS" if all(outcome == "met" for outcome in soft) else "SOFT_PASS"
