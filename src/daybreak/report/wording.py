"""Phrases that every view of a summary shares."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from daybreak.diagnosis.study import (
    AtBound,
    CriterionOutcome,
    Metrics,
    ParameterInfo,
    Study,
)
from daybreak.findings import FindingCode, codes
from daybreak.ledger.endings import Ending
from daybreak.report import numbers
from daybreak.report.summary import Claim, Summary, Timing
from daybreak.sentences import capitalised


def settings(
    study: Study, joiner: str = ", ", equals: str = " = ", only: Collection[str] | None = None
) -> str:
    """Write the settings of a study, or `only` some, e.g. ``k = 1.5, dv = 0.25``."""
    return joiner.join(
        f"{name}{equals}{numbers.with_unit(numbers.plain(value), study.units.get(name, ''))}"
        for name, value in study.settings.items()
        if only is None or name in only
    )


def varied(studies: Sequence[Study]) -> list[str]:
    """Names of the settings that are not the same in all studies."""
    every = names(study.settings for study in studies)
    return [name for name in every if len({repr(s.settings.get(name)) for s in studies}) > 1]


def bounds(at_bounds: Sequence[AtBound]) -> str:
    """Name the parameters at bounds by side, e.g. ``R_c_e, U_e lower; A_mu upper``."""
    sides = {
        side: [at.parameter for at in at_bounds if at.side == side] for side in ("lower", "upper")
    }
    return "; ".join(f"{', '.join(names)} {side}" for side, names in sides.items() if names)


def value(outcome: CriterionOutcome, sign: str = "+/-") -> str:
    """Write the value of a criterion with its uncertainty; a question without a bar has yes/no."""
    if outcome.value is None:
        return "no value"
    if outcome.threshold == "yes":
        return "yes" if outcome.value > 0 else "no"
    if outcome.quantity == "n_at_bounds" and not outcome.uncertainty:
        return numbers.number(outcome.value)
    return numbers.plus_minus(outcome.value, outcome.uncertainty, sign)


def reduced_chi2(metrics: Metrics) -> str:
    """Write chi2 per degree of freedom, or why there is none."""
    if metrics.reduced_chi2 is None:
        return _not_defined(metrics)
    return numbers.number(metrics.reduced_chi2, 4)


def information(metrics: Metrics) -> str:
    """Write AIC, AICc and BIC, whose differences between studies of the same data count."""
    if metrics.aic is None:
        return "none"
    found = (metrics.aic, metrics.aicc, metrics.bic)
    return ", ".join("none" if one is None else numbers.number(one) for one in found)


def p_value(metrics: Metrics) -> str:
    """Write the p value, or why there is none."""
    if metrics.p_value is None:
        return f"not defined: {metrics.no_p_value}"
    return numbers.probability(metrics.p_value)


def _not_defined(metrics: Metrics) -> str:
    if metrics.degrees_of_freedom > 0:
        return "not defined: " + (
            "no fit" if metrics.aic is None else "the fit sets the size of the noise"
        )
    observations = numbers.count(metrics.n_observations, "observation")
    return f"not defined: {observations}, {numbers.count(metrics.n_free, 'fitted number')}"


def missed(study: Study) -> list[str]:
    """Name the hard and soft criteria that are not met, e.g. ``P3 (soft)``, ``P1 (undecided)``."""
    found: list[str] = []
    for outcome in study.outcomes:
        if outcome.outcome == "met" or outcome.level == "note":
            continue
        remarks = [outcome.level] if outcome.level != "hard" else []
        remarks += ["undecided"] if outcome.outcome == "undecided" else []
        found.append(
            f"{outcome.criterion} ({', '.join(remarks)})" if remarks else outcome.criterion
        )
    return found


def position(info: ParameterInfo, at: float) -> float:
    """Place of a value between the bounds, 0 at the lower and 1 at the upper one."""
    low, high = info.lower, info.upper
    if info.scale == "log" and min(low, at) > 0:
        share = math.log(at / low) / math.log(high / low)
    else:
        share = (at - low) / (high - low)
    return min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class ClaimGroup:
    """Claims of several studies about one parameter and reference, for one reason."""

    parameter: str
    code: str
    claims: tuple[Claim, ...]

    @property
    def studies(self) -> str:
        """The studies concerned, in words."""
        return ", ".join(dict.fromkeys(claim.study for claim in self.claims))

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """Pairs of studies and sentence; a sentence that several studies share comes once."""
        shared: dict[str, list[str]] = {}
        for claim in self.claims:
            # The group is headed by the parameter already.
            shared.setdefault(claim.headed or claim.sentence, []).append(claim.study)
        return [(", ".join(studies), sentence) for sentence, studies in shared.items()]


def claims(summary: Summary, *, supported: bool) -> list[ClaimGroup]:
    """Group the claims that the evidence carries, or those that it does not.

    Studies share a group when they say the same of the same value.
    """
    groups: dict[tuple[str, str, str, float | None, str], list[Claim]] = {}
    for claim in summary.claims:
        if claim.supported == supported:
            key = (claim.parameter, claim.code.word, claim.strength, claim.reference, claim.label)
            groups.setdefault(key, []).append(claim)
    return [ClaimGroup(key[0], key[1], tuple(group)) for key, group in groups.items()]


def without_verdict(summary: Summary) -> str:
    """The verdict's sentence where the verdict stands before it already."""
    named = {study.name for study in summary.studies}
    return capitalised(summary.reason, named.union(*(study.names for study in summary.studies)))


def progress(summary: Summary) -> str:
    """Write how much of the plan is done."""
    done = summary.progress
    studies = f"{done.finished} of {numbers.count(done.studies, 'study', 'studies')} ended"
    return f"{studies}, {numbers.count(done.trials, 'trial')}, {done.failed} failed"


def spent(timing: Timing) -> str:
    """Write how long it took, e.g. ``7.2 s (263 ms in trials)``."""
    trials = f"{numbers.duration(timing.seconds)} in trials"
    if timing.elapsed < timing.seconds:  # a run that goes on, or was killed, has no end yet
        return trials
    return f"{numbers.duration(timing.elapsed)} ({trials})"


def rule(summary: Summary) -> str:
    """Write what the campaign needs."""
    needs = "every counted study" if summary.rule == "all" else "any one of the counted studies"
    return f"The campaign needs {needs} to pass."


def next_step(summary: Summary) -> str:
    """The sentence that says what to do now."""
    if not summary.finished:
        last = summary.timing.runs[-1].state if summary.timing.runs else None
        if last is Ending.RUNNING:
            return "Wait: the campaign is still running."
        if last is Ending.HOPELESS:
            stops = {found.code for found in summary.preflight if found.is_stop}
            return f"{unstopped(stops)}, or run it all the same with --anyway."
        return "Start the campaign again: it carries on where it stopped and repeats nothing."
    if summary.decision is not None:
        return summary.decision.sentence
    if not summary.has_result:
        return (
            "Read why no counted study has a result, mend that, and run it again with "
            "--retry-failed."
        )
    return "No decision table was declared: the next step is yours."


def unstopped(stops: Collection[FindingCode]) -> str:
    """What takes the stops of a preflight away."""
    if codes.MISSING_RESOURCE in stops:
        return "Provide what is missing"
    if codes.OUT_OF_REACH in stops:
        return "Move a bound or a bar that the preflight names, or change the model"
    return "Mend what the preflight names"


def readings(summary: Summary) -> list[str]:
    """How the decision table was read where that was more than once, and what changed."""
    found = summary.decision.readings if summary.decision else []
    if len(found) < 2:
        return []
    told = [f"First reading, of the plan: {found[0].name} ({found[0].reason})."]
    for before, one in itertools.pairwise(found):
        changed = f"{one.name} in place of {before.name}"
        said = f"{one.name} as before" if one.name == before.name else changed
        told.append(f"Read again with {', '.join(before.follow_ups)}: {said} ({one.reason}).")
    return told


def unit_of(study: Study, name: str) -> str:
    """Unit of a parameter, setting, scale factor or derived quantity; empty when dimensionless."""
    declared = {info.name: info.unit for info in study.parameters}
    return declared.get(name) or study.units.get(name, "")


def names(points: Iterable[Mapping[str, object]]) -> list[str]:
    """Every key of several mappings, in the order of first appearance."""
    return list(dict.fromkeys(name for point in points for name in point))
