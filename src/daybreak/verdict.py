"""Findings, verdicts, decisions and claims: what may be said, and what follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from daybreak.criteria import VERDICTS, Criterion, Verdict
from daybreak.diagnosis.best import Best, describe_best, find_best, profiled
from daybreak.diagnosis.bounds import at_bounds, edge_distance, parameters_of
from daybreak.diagnosis.profiles import read_profile
from daybreak.diagnosis.study import CriteriaVersion, Finding, ParameterInfo, Profile, Study
from daybreak.diagnosis.tension import degrees_of_freedom, failures, metrics, p_value, waterfall
from daybreak.ledger.records import StudyRecord

Measured = tuple[float | None, float | None, bool]
"""Value, its uncertainty, and whether it is settled."""


def read_study(record: StudyRecord) -> Study:
    """Everything a reader wants to know of one study, judged by the criteria in force."""
    best, profile = find_best(record), read_profile(record)
    versions = [[Criterion.restore(c) for c in w.criteria] for w in record.criteria]
    judged = [[judge(c, record, best, profile) for c in criteria] for criteria in versions]
    verdicts: list[Verdict] = [verdict_of(findings, record) for findings in judged]
    return Study(
        name=record.name,
        counted=record.counted,
        follows=record.follows,
        state=record.state,  # pyright: ignore[reportArgumentType] - pydantic checks the word
        settings=record.settings,
        method=_method(record.method),
        parameters=_parameters(record),
        verdict=verdicts[-1],
        findings=judged[-1],
        metrics=metrics(record, best),
        best=describe_best(record, best) if best else None,
        profile=profile,
        starts=waterfall(record),
        failures=failures(record),
        error=record.error,
        criteria_history=[
            CriteriaVersion(
                written=w.written, criteria=[f"{c.title} {c.bar} ({c.level})" for c in criteria],
                verdict=verdict, current=w is record.criteria[-1],
            )
            for w, criteria, verdict in zip(record.criteria, versions, verdicts, strict=True)
        ],
        units=_units(record.problem),
    )  # fmt: skip


def _method(method: Mapping[str, Any]) -> str:
    if method["method"] == "profile":
        points = method["points"]
        count = points if isinstance(points, int) else len(points)
        seeds = method["fit"].get("seeds")
        own = f"{len(seeds)} evolution runs" if seeds else f"{method['starts']} starts"
        return f"profile of {method['parameter']}, {count} points, {own} each"
    if method["method"] == "multistart":
        return f"{method['starts']} starts"
    return f"differential evolution, {len(method['seeds'])} seeds"


def _parameters(record: StudyRecord) -> list[ParameterInfo]:
    interest = profiled(record)
    return [
        ParameterInfo(
            name=p.name, lower=p.lower, upper=p.upper, scale=p.scale, unit=p.unit,
            role="fixed" if p.fixed is not None
            else "interest" if p.name in interest else "nuisance",
        )
        for p in parameters_of(record.problem)
    ]  # fmt: skip


def _units(problem: Mapping[str, Any]) -> dict[str, str]:
    factors = [*problem["scale_factors"], *problem["offsets"]]
    return {**problem["units"], **{factor["name"]: factor["unit"] for factor in factors}}


# -- findings --------------------------------------------------------------------------------


def judge(
    criterion: Criterion, record: StudyRecord, best: Best | None, profile: Profile | None
) -> Finding:
    """How one criterion came out, with its numbers."""
    value, uncertainty, settled = _measure(criterion, record, best, profile)
    name = criterion.quantity + (f" of {', '.join(criterion.names)}" if criterion.names else "")
    if value is None or best is None:
        outcome, sentence = "undecided", f"{name} is not there."
        if criterion.quantity == "p_value" and best is not None:
            fitted, dof = degrees_of_freedom(record.problem)
            sentence = f"no p value: {dof + fitted} observations, {fitted} fitted numbers."
    elif criterion.quantity == "identified":
        outcome = "met" if value else "missed"
        sentence = profile.sentence if profile else ""
        if not settled:
            outcome = "undecided"
    elif not settled:
        outcome = "undecided"
        sentence = f"{name} = {value:.6g} is not settled: {_unsettled(best)}."
    elif uncertainty and abs(criterion.margin(value)) <= uncertainty:
        outcome = "undecided"
        sentence = f"{name} = {value:.6g} is within its uncertainty {uncertainty:.2g} of the bar."
    else:
        outcome = "met" if criterion.met(value) else "missed"
        held = "holds" if outcome == "met" else "does not hold"
        sentence = f"{name} = {value:.6g}: {criterion.bar} {held}."
        if criterion.quantity == "n_at_bounds" and value:
            sentence = f"{sentence[:-1]} ({_bounds_named(criterion, record, best)})."
    return Finding(
        criterion=criterion.title, quantity=criterion.quantity, of=list(criterion.names),
        outcome=outcome, value=value, uncertainty=uncertainty, threshold=criterion.bar,
        level=criterion.level, sentence=sentence,
    )  # fmt: skip


def _unsettled(best: Best) -> str:
    if not best.trial.outcome.reason.converged:
        return best.trial.outcome.reason.value
    return "only one fit found this minimum"


def _bounds_named(criterion: Criterion, record: StudyRecord, best: Best) -> str:
    found = at_bounds(record.problem, best.trial.outcome.parameters, profiled(record))
    wanted = criterion.names or tuple(a.parameter for a in found)
    return ", ".join(f"{a.parameter} {a.side}" for a in found if a.parameter in wanted)


def _measure(
    criterion: Criterion, record: StudyRecord, best: Best | None, profile: Profile | None
) -> Measured:
    quantity = criterion.quantity
    if best is None:
        return None, None, False
    alone = len(best.agreeing) < 2
    _, dof = degrees_of_freedom(record.problem)
    if quantity == "chi2":
        return best.chi2, None if alone else best.spread, best.settled
    if quantity == "reduced_chi2":
        value = best.chi2 / dof if dof > 0 else None
        return value, None if alone or value is None else best.spread / dof, best.settled
    if quantity == "p_value":
        low, high = p_value(best.chi2, dof), p_value(best.chi2 + best.spread, dof)
        spread = None if alone or low is None or high is None else abs(low - high)
        return low, spread, best.settled
    if quantity == "n_at_bounds":
        found = at_bounds(record.problem, best.trial.outcome.parameters, profiled(record))
        wanted = criterion.names or tuple(a.parameter for a in found)
        return float(sum(a.parameter in wanted for a in found)), 0.0, best.settled
    if quantity == "edge_distance":
        return _edge(criterion, best, profile)
    if quantity == "identified":
        if profile is None or profile.parameter not in criterion.names:
            return None, None, False
        settled = all(point.settled for point in profile.points)
        return float(profile.code == "identified"), None, settled
    if quantity in _observed(record):
        return _prediction(quantity, record, best)
    return best.value(quantity), best.uncertainty(quantity), best.settled


def _edge(criterion: Criterion, best: Best, profile: Profile | None) -> Measured:
    if profile is None or profile.parameter not in criterion.names or profile.minimum is None:
        return None, None, False
    scan = [point.value for point in profile.points]
    return edge_distance(profile.minimum, scan), best.uncertainty(profile.parameter), best.settled


def _observed(record: StudyRecord) -> list[str]:
    return [datum["name"] for datum in record.problem["observations"]]


def _prediction(name: str, record: StudyRecord, best: Best) -> Measured:
    place = _observed(record).index(name)
    values = [e.details["predictions"][place] for e in best.evaluations]
    if not values:
        return None, None, False
    spread = max(abs(value - values[0]) for value in values)
    return values[0], None if len(best.agreeing) < 2 else spread, best.settled


def verdict_of(findings: Sequence[Finding], record: StudyRecord) -> Verdict:
    """PASS, SOFT_PASS, FAIL or UNDECIDED (meanings in the glossary).

    A study without hard or soft criteria has nothing to be judged by and stays UNDECIDED.
    """
    hard = [f.outcome for f in findings if f.level == "hard"]
    soft = [f.outcome for f in findings if f.level == "soft"]
    if record.state != "finished" or not (hard or soft):
        return "UNDECIDED"
    if "missed" in hard:
        return "FAIL"
    if "undecided" in hard:
        return "UNDECIDED"
    return "PASS" if all(outcome == "met" for outcome in soft) else "SOFT_PASS"


# -- the campaign ----------------------------------------------------------------------------


def campaign_verdict(studies: Sequence[Study], rule: str) -> Verdict:
    """The worst verdict of the counted studies, or the best where any of them will do."""
    ranks = [VERDICTS.index(study.verdict) for study in counted(studies)]
    if not ranks:
        return "UNDECIDED"
    if rule == "any":
        return VERDICTS[min(ranks)]
    # UNDECIDED is better than FAIL, and both spoil a campaign that needs all its studies.
    return VERDICTS[max(ranks)]


def counted(studies: Sequence[Study]) -> list[Study]:
    """The studies of the plan that count: no baseline, no follow-up."""
    return [study for study in studies if study.counted and study.follows is None]


def decide(table: Sequence[Mapping[str, Any]], studies: Sequence[Study]) -> tuple[int, str] | None:
    """The first row of a decision table that holds, and why; None without a table."""
    for number, row in enumerate(table):
        if row["when"] is None:
            return number, "no other row holds"
        matching = [study.name for study in counted(studies) if _holds(row["when"], study)]
        total = len(counted(studies))
        when = row["when"]
        enough = total if when["every"] else when["at_least"]
        most = math.inf if when["at_most"] is None else when["at_most"]
        if max(enough, 1) <= len(matching) <= most:
            return number, f"{len(matching)} of {total} counted studies: {', '.join(matching)}"
    return None


def _holds(when: Mapping[str, Any], study: Study) -> bool:
    if when["verdict"] is not None:
        return study.verdict == when["verdict"]
    value = quantity_of(study, when["quantity"])
    if value is None:
        return False
    below, above = when["below"], when["above"]
    return (below is None or value < below) and (above is None or value > above)


def quantity_of(study: Study, name: str) -> float | None:
    """A quantity at a study's best fit, by name."""
    best = study.best
    if best is None:
        return None
    if name in ("reduced_chi2", "p_value"):
        return getattr(study.metrics, name)
    known = {**best.parameters, **best.scale_factors, **best.derived, "chi2": best.chi2}
    return known.get(name)


def condition_in_words(when: Mapping[str, Any] | None) -> str:
    """A row's condition as the reader sees it."""
    if when is None:
        return "otherwise"
    low, high = when["at_least"], when["at_most"]
    number = (
        "all counted studies" if when["every"]
        else f"at least {low}" if high is None
        else f"exactly {low}" if low == high else f"{low} to {high}"
    )  # fmt: skip
    if when["verdict"] is not None:
        return f"{number} {when['verdict']}"
    signs = ((">", when["above"]), ("<", when["below"]))
    bars = " and ".join(f"{s} {v:g}" for s, v in signs if v is not None)
    return f"{number} with {when['quantity']} {bars}"
