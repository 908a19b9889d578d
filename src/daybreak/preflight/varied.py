"""Whether settings that studies vary do anything: studies that answer alike are one study.

Searches are compared by what the placebo check asked of their rehearsals, fits by residuals at
the same places, so that a sweep whose setting acts costs next to nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from daybreak.errors import known
from daybreak.findings import Finding, codes
from daybreak.methods.evaluate.with_jax import WIDTH
from daybreak.methods.method import seed_of
from daybreak.plan import Study
from daybreak.preflight.placebo import Rehearser, clear, pairs
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import ask, rounding_of
from daybreak.problem.arrays import Array
from daybreak.problem.choices import Value
from daybreak.problem.fit import FitProblem
from daybreak.sentences import Sentence, worded

Answer = TypeVar("Answer")
_FEW = 8
"""Places at which a model without derivatives is asked.

A choice: two settings of one effect at none of eight places are as good as none.
"""


@dataclass(frozen=True)
class Alike:
    """How two studies agree.

    Parameters
    ----------
    times : int
        Configurations, or places, at which they were compared.
    largest : float
        Largest change of an objective; 0 where they agree to the last digit.
    moved : frozenset of str
        Metrics beside the objectives that did differ.
    """

    times: int
    largest: float = 0.0
    moved: frozenset[str] = frozenset()


def families(studies: Sequence[Study], seeds: Mapping[str, int]) -> list[list[Study]]:
    """Studies that share problem and seed, one for each of their settings; at least two each."""
    found: dict[tuple[int, int], dict[str, Study]] = {}
    for study in studies:
        family = found.setdefault((id(study.problem), seeds[study.name]), {})
        family.setdefault(repr(sorted(study.all_settings.items())), study)
    distinct = [list(family.values()) for family in found.values()]
    return [family for family in distinct if varied(family)]


def varied(family: Sequence[Study]) -> list[str]:
    """Settings whose values differ; a knob is no question to the model, and is left out."""
    knobs = {knob.name for knob in family[0].problem.knobs}
    rows = [study.all_settings for study in family]
    return [k for k in rows[0] if k not in knobs and any(row[k] != rows[0][k] for row in rows)]


def question(family: Sequence[Study]) -> str:
    """What is asked of a family."""
    return f"whether the studies differ by {' and '.join(varied(family))}"


def inert_settings(
    family: Sequence[Study],
    answers: Mapping[str, Answer],
    compare: Callable[[Answer, Answer], Alike | None],
) -> dict[str, Finding]:
    """Findings by study: which settings change nothing, and which studies are therefore one.

    Parameters
    ----------
    family : sequence of Study
        Out of `families`.
    answers : mapping study -> answer
        What is known of each; a study without is not compared.
    compare : callable (answer, answer) -> Alike or None
        How two agree; None when they differ, or nothing can be said.
    """
    classes: list[tuple[list[Study], list[Alike]]] = []
    for study in family:
        if study.name not in answers:
            continue
        for members, agreements in classes:
            found = compare(answers[members[0].name], answers[study.name])
            if found is not None:
                members.append(study)
                agreements.append(found)
                break
        else:
            classes.append(([study], []))
    return {
        study.name: finding
        for members, agreements in classes
        for finding in _finding(members, agreements)
        for study in members
    }


def same_search(one: Rehearser, other: Rehearser) -> Alike | None:
    """Whether two searches rehearse alike: same configurations, same seeds, other settings.

    Raises
    ------
    OutOfTime
        When the budget is spent.
    """
    changes, moved = list[Array](), set[str]()
    for configuration in _configurations(one):
        a, b = one.ask(configuration), other.ask(configuration)
        if (np.isfinite(a) != np.isfinite(b)).any():
            return None
        difference = (b - a)[np.isfinite(a).all(axis=1)]
        changes += [difference] if len(difference) > 1 else []
        if changes and clear(changes):
            return None
        moved |= _moved(one, other, configuration)
    if not changes:
        return None
    largest = max(float(np.abs(change).max()) for change in changes)
    goals = {goal.name for goal in one.problem.goals}
    return Alike(len(changes), largest, frozenset(moved - goals))


def _configurations(rehearser: Rehearser) -> Iterator[dict[str, Value]]:
    """Every parameter elsewhere alone, from the first base; what was asked before comes first."""
    seen: set[str] = set()
    for parameter in rehearser.problem.space.free:
        for pair in pairs(rehearser.problem, parameter, rehearser.bases[0]):
            for one in pair:
                mark = repr(sorted(one.items()))
                if mark not in seen:
                    seen.add(mark)
                    yield one


def _moved(one: Rehearser, other: Rehearser, configuration: Mapping[str, Value]) -> set[str]:
    """Metrics that differ under some seed."""
    both = zip(one.outcomes(configuration), other.outcomes(configuration), strict=True)
    return {
        name
        for a, b in both
        for name in a.metrics.keys() | b.metrics.keys()
        if a.metrics.get(name) != b.metrics.get(name)
    }


def residuals_to_compare(probe: Probe) -> tuple[Array, Array]:
    """Residuals at places that are the same for every study of a problem, and their rounding."""
    count = WIDTH if probe.differentiable else _FEW
    places = np.random.default_rng(seed_of(0, "settings")).uniform(size=(count, len(probe.free)))
    found = ask(probe, places)
    return found, rounding_of(probe, found)


def same_fit(one: tuple[Array, Array], other: tuple[Array, Array]) -> Alike | None:
    """Whether two fits have the same residuals, rounding aside."""
    (a, rounding), (b, _) = one, other
    finite = np.isfinite(a)
    if (finite != np.isfinite(b)).any() or not finite.any():
        return None
    # As for a parameter that does nothing (`soundness.check_placebo`).
    still = np.abs(a - b)[finite] <= 64 * rounding[finite]
    return Alike(int(finite.all(axis=1).sum())) if still.all() else None


def _finding(members: Sequence[Study], agreements: Sequence[Alike]) -> list[Finding]:
    """One finding for studies that answer alike; none for a study of its own."""
    settings = varied(members) if agreements else []
    if not settings:
        return []
    names = " and ".join(settings)
    said, severe = _said(members, agreements, names, "s" if len(settings) == 1 else "")
    return [
        Finding(
            code=codes.INERT_SETTING,
            severity="warning" if severe else "note",
            parameter=names,
            studies=[member.name for member in members],
            sentence=said + f" Give {names} to what makes the difference, or keep one of them.",
        )
    ]


def _said(
    members: Sequence[Study], agreements: Sequence[Alike], names: str, s: str
) -> tuple[Sentence, bool]:
    """What is the same, and whether nothing at all differs."""
    times = min(agreement.times for agreement in agreements)
    largest = max(agreement.largest for agreement in agreements)
    moved = sorted(frozenset().union(*(agreement.moved for agreement in agreements)))
    one = worded("they are one study made {} times.", len(members))
    problem, studies = members[0].problem, known([member.name for member in members])
    if isinstance(problem, FitProblem):
        aside = ", derived quantities aside," if problem.derive else ""
        return Sentence(f"{names} move{s} no residual").then(
            ": {} predict the same at {} places;{} {}", studies, times, aside, one
        ), problem.derive is None
    goals = " or ".join(goal.name for goal in problem.goals)
    rehearsed = worded("in {} configurations rehearsed under equal seeds", times)
    if largest > 0.0:
        return Sentence(f"{names} change{s} nothing beyond noise").then(
            ": between {} {} moved by {:.2g} at most, {}, and differently under every seed; as "
            "far as that tells {}",
            studies,
            goals,
            largest,
            rehearsed,
            one,
        ), True
    if moved:
        return Sentence(f"{names} move{s} no objective").then(
            ": {} gave the same {} to the last digit {}, and differ in {} alone; they search for "
            "the same.",
            studies,
            goals,
            rehearsed,
            ", ".join(moved),
        ), False
    return Sentence(f"{names} change{s} nothing").then(
        ": {} gave the same {}, and every other metric, to the last digit {}; {}",
        studies,
        goals,
        rehearsed,
        one,
    ), True
