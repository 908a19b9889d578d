"""Whether every searched parameter does anything, asked of a cheap rehearsal of `evaluate`.

From several configurations, every parameter is put elsewhere in its range alone, with the same r
seeds.  With d the change of an objective under one seed, and s^2 the variance of d over the seeds
of one comparison, averaged over n comparisons, a parameter does something when in one of them

    |mean d| > t s / sqrt(r),   t the 99.99 % quantile of Student's t with n (r - 1) degrees

and any d is not zero.  Seeds are shared, so noise that does not depend on the parameter drops out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from daybreak.findings import Finding, NotChecked, StudyPreflight, Unmade, codes
from daybreak.methods.method import seed_of
from daybreak.methods.proposals import engine_of
from daybreak.methods.trials import carry_out
from daybreak.plan import Study
from daybreak.preflight.clock import WORK
from daybreak.preflight.probe import OutOfTime
from daybreak.problem.choices import Choice, Value
from daybreak.problem.configuration import Searched, SearchSpace, describe_searched
from daybreak.problem.kinds import SEARCH
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.search import SearchProblem
from daybreak.sentences import worded

Array = NDArray[np.float64]
REPEATS = 4
"""Seeds of every configuration.

With fewer the scatter of a change is hardly known; with more a rehearsal costs more.
"""
BASES = 3
"""Configurations from which every parameter is put elsewhere.

A choice: what matters somewhere should matter at one of three.
"""
PLACES = 3
"""Values that are tried of a parameter.

Both ends and the middle: a choice, for effects that rise or have a hump.
"""
CHECK = "whether every parameter does anything"
_CONFIDENCE = 0.9999
"""How sure a comparison must be (module formula).

Of nine (`BASES` x `PLACES`) about a parameter that does nothing one then stands out by chance in a
thousandth of cases; a weak effect takes more `REPEATS` to be seen.
"""


def examine_search(study: Study, rehearser: Rehearser) -> StudyPreflight:
    """Everything that can be known of a search by itself before the night.

    Parameters
    ----------
    study : Study
    rehearser : Rehearser
        Of the study; it keeps what it was told.
    """
    problem = rehearser.problem
    findings, checked, not_checked = _sampler(study), list[str](), list[NotChecked]()
    if problem.rehearsal is None:
        not_checked.append(NotChecked(check=CHECK, why=Unmade.UNREHEARSED))
    else:
        for parameter in problem.space.free:
            try:
                found = _placebo(rehearser, parameter)
            except OutOfTime as cut:
                left = f"{CHECK}, from {parameter.name!r} on"
                not_checked.append(NotChecked(check=left, why=cut.why))
                break
            findings += [found] if found else []
        else:
            checked.append(CHECK)
        findings += rehearser.failures()
    return StudyPreflight.unasked(
        study.name,
        findings=findings,
        checked=checked,
        not_checked=not_checked,
        evaluations=rehearser.evaluations,
    )


def _sampler(study: Study) -> list[Finding]:
    """The sampler that is used in place of one that is not installed."""
    facts = study.method.facts(study.problem)
    if facts.engine == facts.sampler:
        return []
    return [Finding(code=codes.SAMPLER_REPLACED, sentence=replaced(facts.sampler))]


def replaced(sampler: str) -> str:
    """The sentence about a sampler that is not installed."""
    return worded("the sampler {!r} needs BoTorch, which is not installed", sampler).then(
        ": {!r} proposes in its place; for BoTorch install daybreak[gp].", engine_of(sampler)
    )


class Rehearser:
    """Asks the rehearsal, counting and keeping to the budget.

    Parameters
    ----------
    study : Study
    problem : SearchProblem
        The study's own.
    deadline : float
        Value of `WORK.seconds()` after which nothing more is asked.
    seed : int
        The campaign's seed.
    """

    def __init__(self, study: Study, problem: SearchProblem, deadline: float, seed: int) -> None:
        self.problem = problem
        self.settings = study.all_settings
        self.deadline = deadline
        self.seeds = [seed_of(seed, "rehearsal", number) % 2**31 for number in range(REPEATS)]
        rng = np.random.default_rng(seed_of(seed, codes.PLACEBO.word))
        draws = [problem.space.middle(), *(problem.space.sample(rng) for _ in range(50))]
        self.bases = [one for one in draws if problem.obeys(one)][:BASES]
        self.evaluations = 0
        self.known: dict[str, list[Outcome]] = {}

    def ask(self, configuration: Mapping[str, Value]) -> Array:
        """Objectives under every seed, shape (REPEATS, n_objectives); NaN where it failed."""
        missing = (math.nan,) * len(self.problem.goals)
        return np.array(
            [
                self.problem.losses(o.metrics) if not o.failed else missing
                for o in self.outcomes(configuration)
            ]
        )

    def outcomes(self, configuration: Mapping[str, Value]) -> list[Outcome]:
        """What came of it under every seed; asked once.

        Raises
        ------
        OutOfTime
            When the budget is spent.
        """
        mark = repr(sorted(configuration.items()))
        if mark not in self.known:
            found: list[Outcome] = []
            for seed in self.seeds:
                if WORK.seconds() > self.deadline:
                    raise OutOfTime
                options = {"rehearsal": True}
                task = Task(SEARCH, {}, None, options, seed, configuration=dict(configuration))
                found += carry_out(self.problem, self.settings, [task])
                self.evaluations += 1
            self.known[mark] = found
        return self.known[mark]

    def failures(self) -> list[Finding]:
        """What most of the rehearsals that failed said."""
        failed = [o for found in self.known.values() for o in found if o.failed]
        if not failed:
            return []
        share = worded("{} of {} rehearsals", len(failed), self.evaluations)
        text = worded("{} {}", share, failed[0].reason.sentence).then(": {}.", failed[0].message)
        everything = len(failed) == self.evaluations
        return [
            Finding(
                code=codes.NONFINITE_REGION,
                severity="stop" if everything else "warning",
                sentence=text,
            )
        ]


def _placebo(rehearser: Rehearser, parameter: Searched) -> Finding | None:
    """A finding, when nothing that was tried made a difference."""
    changes: list[Array] = []
    for base in rehearser.bases:
        for one, other in pairs(rehearser.problem, parameter, base):
            difference = rehearser.ask(other) - rehearser.ask(one)
            there = difference[np.isfinite(difference).all(axis=1)]
            changes += [there] if len(there) > 1 else []
            if changes and clear(changes):
                return None
    if not changes:
        return None
    largest = max(float(np.abs(change).max()) for change in changes)
    goals = " or ".join(goal.name for goal in rehearser.problem.goals)
    if largest == 0.0:
        text = worded(
            "{} changes nothing: {} times put elsewhere alone, {} stayed the same to "
            "the last digit under every seed. Is it read at all?",
            parameter.name,
            len(changes),
            goals,
        )
    else:
        text = worded("{} changes nothing beyond noise", parameter.name).then(
            ": {} times put elsewhere alone, {} moved by {:.2g} at most, and "
            "differently under every seed. Leave it out, widen it, or rehearse with "
            "less noise.",
            len(changes),
            goals,
            largest,
        )
    return Finding(code=codes.PLACEBO, parameter=parameter.name, sentence=text)


def clear(changes: Sequence[Array]) -> bool:
    """Whether a comparison stands out of the noise (module formula)."""
    from scipy.stats import t

    degrees = sum(len(change) - 1 for change in changes)
    noise = np.sqrt(np.mean([change.var(axis=0, ddof=1) for change in changes], axis=0))
    quantile = float(t.ppf(_CONFIDENCE, degrees))
    means = [np.abs(change.mean(axis=0)) for change in changes]
    bars = [quantile * noise / math.sqrt(len(change)) for change in changes]
    return any(np.any((m > bar) & (m > 0.0)) for m, bar in zip(means, bars, strict=True))


def pairs(
    problem: SearchProblem, parameter: Searched, base: Mapping[str, Value]
) -> list[tuple[dict[str, Value], dict[str, Value]]]:
    """A configuration, and the same with the parameter at other places of its range."""
    start = _made_to_matter(problem.space, parameter, base)
    if start is None:
        return []
    found: list[tuple[dict[str, Value], dict[str, Value]]] = []
    for value in _places(parameter):
        changed = {**start, parameter.name: value}
        other = problem.space.compose(lambda p, c=changed: c.get(p.name, _centre(p)))
        if value != start[parameter.name] and problem.obeys(other):
            found.append((start, other))
    return found


def _made_to_matter(
    space: SearchSpace, parameter: Searched, base: Mapping[str, Value]
) -> dict[str, Value] | None:
    """The base, changed where it must be for the parameter to be part of it."""
    wanted: dict[str, Value] = {}
    asked = describe_searched(parameter)["when"]
    while asked is not None:
        wanted[asked[0]] = base[asked[0]] if base.get(asked[0]) in asked[1] else asked[1][0]
        asked = describe_searched(space[asked[0]])["when"]
    found = space.compose(lambda p: wanted.get(p.name, base.get(p.name, _centre(p))))
    return found if parameter.name in found else None


def _centre(parameter: Searched) -> Value:
    return parameter.draw(0.0 if isinstance(parameter, Choice) else 0.5)


def _places(parameter: Searched) -> Sequence[Value]:
    """Values spread over the range: both ends and the middle; of a choice the first few."""
    if isinstance(parameter, Choice):
        return parameter.values()[: PLACES + 1]
    return [parameter.draw(u) for u in np.linspace(0.0, 1.0, PLACES)]
