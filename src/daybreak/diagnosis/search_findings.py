"""Judge a search by its criteria, and say what a careful reader would object to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daybreak.criteria import Criterion
from daybreak.diagnosis.search_study import (
    BaselineReading,
    ConfigurationState,
    Goal,
    OutcomeWord,
    SearchReading,
    Winner,
)
from daybreak.diagnosis.standing import Standing, standing
from daybreak.diagnosis.study import CriterionOutcome, Study
from daybreak.findings import Finding, codes
from daybreak.ledger.records import StudyRecord
from daybreak.sentences import between, joined, worded

QUANTITIES = ("completed", "feasible", "front_size", "hypervolume", "outside_baselines")
"""Quantities of a whole search, beside its metrics."""


@dataclass(frozen=True)
class SearchEvidence:
    """What the criteria of a search are judged by."""

    reading: SearchReading
    deterministic: bool
    winner: Winner | None

    def measure(self, quantity: str) -> Standing | None:
        """A quantity of the whole search, or of its winner; None where there is none."""
        if quantity in QUANTITIES:
            value = _OF_ALL[quantity](self.reading)
            open_ = quantity == "outside_baselines" and not value and _is_open(self.reading)
            why = "a result is too near to a baseline, or not confirmed" if open_ else ""
            return None if value is None else Standing(value, 0.0, 0.0, why)
        knobs = self.reading.knobs
        return standing(self.winner, quantity, knobs, deterministic=self.deterministic)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _completed(reading: SearchReading) -> float | None:
    return _share(reading.measured, sum(reading.counts.values()))


def _feasible(reading: SearchReading) -> float | None:
    return _share(
        reading.counts.get(ConfigurationState.COMPLETED, 0), sum(reading.counts.values())
    )


def _outside(reading: SearchReading) -> float | None:
    told = [b.beaten for b in reading.baselines if b.bars]
    return float(all(told)) if told else None


def _is_open(reading: SearchReading) -> bool:
    """Whether all baselines may still have been beaten."""
    return all(b.outcome != "missed" for b in reading.baselines if b.bars)


_OF_ALL: dict[str, Callable[[SearchReading], float | None]] = {
    "completed": _completed,
    "feasible": _feasible,
    "front_size": lambda reading: float(len(reading.front)),
    "hypervolume": lambda r: r.hypervolume[-1][1] if r.hypervolume and not r.single else None,
    "outside_baselines": _outside,
}


def choose(
    reading: SearchReading,
    candidates: Sequence[Winner],
    criteria: Sequence[Criterion],
    *,
    deterministic: bool,
) -> SearchEvidence:
    """The candidate that the criteria are judged at: of a front the one that meets the most."""

    def worth(winner: Winner) -> tuple[int, int]:
        evidence = SearchEvidence(reading, deterministic, winner)
        met = [(judge_search(c, evidence).outcome == "met", c.level) for c in criteria]
        return sum(m for m, level in met if level == "hard"), sum(
            m for m, level in met if level == "soft"
        )

    winner = candidates[0] if candidates else None
    if candidates and not reading.single:
        winner = max(candidates, key=worth)  # the first of equals: the better compromise
    return SearchEvidence(reading, deterministic, winner)


def judge_search(criterion: Criterion, evidence: SearchEvidence) -> CriterionOutcome:
    """How one criterion came out, with its numbers."""
    name = criterion.quantity
    found = evidence.measure(name)
    if found is None:
        winner = evidence.winner
        there = [*(winner.metrics if winner else {}), *QUANTITIES]
        outcome, sentence = "undecided", f"{name} is not there; there are {', '.join(there)}."
        if winner is None:
            sentence = (
                f"{name} is not there: no trial was measured and clear of every constraint. "
                "Search longer, or look at why trials failed or missed a constraint."
            )
    else:
        outcome, sentence = found.against(name, criterion)
    return CriterionOutcome(
        criterion=criterion.title,
        quantity=name,
        of=[],
        outcome=outcome,
        value=found and found.value,
        uncertainty=found and found.uncertainty,
        threshold=criterion.bar,
        level=criterion.level,
        sentence=sentence,
    )


# -- objections ------------------------------------------------------------------------------


def _evidence(study: Study, record: StudyRecord) -> SearchEvidence | None:
    """What was judged, where it is a search."""
    if study.search is None:
        return None
    return SearchEvidence(study.search, record.problem["deterministic"], study.search.best)


def confirmation(study: Study, record: StudyRecord) -> Iterator[Finding]:
    """Whether the winner is more than the luckiest of many noisy trials."""
    evidence = _evidence(study, record)
    if evidence is None or evidence.winner is None or evidence.deterministic:
        return
    reading, winner = evidence.reading, evidence.winner
    if not winner.seeds:
        text = (
            "the best value is the luckiest of many trials and was not confirmed with fresh "
            "seeds; search with confirm=3, or declare the problem deterministic."
        )
        yield Finding(code=codes.UNCONFIRMED, sentence=text)
        return
    for goal in reading.goals:
        bias = reading.selection_bias.get(goal.name, 0.0)
        error = winner.uncertainty.get(goal.name)
        lucky = bias < 0 if goal.direction == "minimise" else bias > 0
        if lucky and error is not None and abs(bias) > 2.0 * error:
            text = worded(
                "selection made {} look better by {:.3g}: the values that the winners "
                "were chosen by do not hold with fresh seeds.",
                goal.name,
                abs(bias),
            )
            yield Finding(code=codes.SELECTION_BIAS, sentence=text)


def baselines(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """Baselines and null tests that no result beats, or that have no values."""
    reading = study.search
    if reading is None:
        return
    inside: list[BaselineReading] = []
    for baseline in reading.baselines:
        if baseline.message:
            yield Finding(
                code=codes.BASELINE_FAILED, sentence=f"{baseline.name}: {baseline.message}."
            )
        if baseline.beaten or not baseline.result:
            continue
        if len(baseline.bars) == 1:
            inside.append(baseline)
            continue
        pairs = baseline.bars.items()
        bars = joined(", ", (worded("{} = {:.6g}", name, bar) for name, bar in pairs))
        text = worded(
            "no result is {}better than {} in all objectives at once ({}).",
            "" if baseline.outcome == "missed" else "clearly ",
            _called(baseline),
            bars,
        )
        yield Finding(code=codes.INSIDE_BASELINE, sentence=text)
    for (name, result, outcome), group in _by_result(inside).items():
        goal = next(goal for goal in reading.goals if goal.name == name)
        how = "no better" if outcome == "missed" else "not clearly better"
        best = _best_of(group, goal, reading)
        text = worded("{} = {:.6g} is {} than {}.", name, result, how, best)
        yield Finding(code=codes.INSIDE_BASELINE, sentence=text)


def _best_of(group: Sequence[BaselineReading], goal: Goal, reading: SearchReading) -> str:
    """Some baselines by their number and the best of them."""
    better = min if goal.direction == "minimise" else max
    best = better(group, key=lambda one: one.bars[goal.name])
    named = worded("{} ({:.6g})", _called(best), best.bars[goal.name])
    if len(group) == 1:
        return worded("{}, which is there without a search", named)
    kinds = "baselines and null tests" if any(b.null for b in reading.baselines) else "baselines"
    return worded(
        "{} of {} {}, which are there without a search; the best is {}",
        len(group),
        len(reading.baselines),
        kinds,
        named,
    )


def _called(baseline: BaselineReading) -> str:
    return f"the {'null distribution' if baseline.null else 'baseline'} {baseline.name!r}"


def _by_result(
    inside: Sequence[BaselineReading],
) -> dict[tuple[str, float, OutcomeWord], list[BaselineReading]]:
    """Baselines by the one result that does not beat them, so that one sentence tells all."""
    found: dict[tuple[str, float, OutcomeWord], list[BaselineReading]] = {}
    for baseline in inside:
        ((name, result),) = baseline.result.items()
        found.setdefault((name, result, baseline.outcome), []).append(baseline)
    return found


def spent(study: Study, _: StudyRecord) -> Iterator[Finding]:
    """What became of the trials: all of the space, or many lost or infeasible."""
    reading = study.search
    if reading is None:
        return
    if reading.exhausted:
        count = len(reading.trials)
        text = worded("all {} configurations of the space were evaluated.", count)
        yield Finding(code=codes.SPACE_EXHAUSTED, sentence=text)
    total = sum(reading.counts.values())
    lost = reading.counts.get("failed", 0)
    # Bars of choice: a sampler that saw less than four fifths, or that finds one in five allowed.
    if total and lost > 0.2 * total:
        text = worded("{} of {} trials failed; the sampler saw only the others.", lost, total)
        yield Finding(code=codes.MANY_FAILURES, sentence=text)
    missed = reading.counts.get(ConfigurationState.INFEASIBLE, 0)
    if total and missed > 0.8 * total:
        text = worded("{} of {} trials missed a constraint.", missed, total)
        yield Finding(code=codes.MOSTLY_INFEASIBLE, sentence=text)


def refined(study: Study, record: StudyRecord) -> Iterator[Finding]:
    """A knob that moves an objective by more than its uncertainty, or by a percent.

    The percent, a choice, is for objectives whose uncertainty is not known or zero.
    """
    evidence = _evidence(study, record)
    if evidence is None:
        return
    winner = evidence.winner
    for knob in evidence.reading.knobs:
        for goal in evidence.reading.goals:
            moved = abs(knob.changes.get(goal.name, 0.0))
            if winner is None:
                continue
            bar = max(
                winner.uncertainty.get(goal.name, 0.0), 0.01 * abs(winner.metrics[goal.name])
            )
            if moved > bar:
                text = worded(
                    "refining {} {} moves {} by {:.3g} at trial {}.",
                    knob.knob,
                    between("from {} to {}", knob.value, knob.refined),
                    goal.name,
                    knob.changes[goal.name],
                    knob.number,
                )
                yield Finding(code=codes.UNRESOLVED_KNOB, parameter=knob.knob, sentence=text)


def sampler(study: Study, record: StudyRecord) -> Iterator[Finding]:
    """Another sampler proposed than was asked for."""
    if study.search is None:
        return
    asked, engine = record.facts.sampler, record.facts.engine
    if asked != engine:
        text = (
            f"{engine!r} proposed the configurations: the sampler {asked!r} was asked for, "
            "but BoTorch is not installed (daybreak[gp])."
        )
        yield Finding(code=codes.SAMPLER_REPLACED, sentence=text)
