"""Which trial is which, and whether the model is still the one the ledger knows."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence

from daybreak.errors import ChangedModelError, PlanError
from daybreak.findings import outside
from daybreak.ledger.store import Ledger
from daybreak.methods.method import Problem
from daybreak.methods.solve import solve
from daybreak.plan import Study
from daybreak.problem.outcomes import Outcome, Task, canonical, digest
from daybreak.problem.search import SearchProblem
from daybreak.problem.settings import Setting

_QUICK = 0.5
"""Seconds up to which a trial of a search is made again to see whether it is still the same."""


def configuration(study: Study, task: Task) -> str:
    """Everything that determines a trial's outcome, code aside, as canonical text."""
    return described(study.problem, study.all_settings, task)


def described(problem: Problem, settings: Mapping[str, Setting], task: Task) -> str:
    """The same, of a trial that is not known as part of a study."""
    where: dict[str, object] = {
        "problem": _identity(problem),
        "settings": _plain(problem, settings),
    }
    if task.kind == "evaluate":  # a quantity that is derived from now on is worth a new look
        where["derived"] = problem.derived_names(settings)
    return canonical({**where, **task.identity()})


@functools.lru_cache(maxsize=64)
def _identity(problem: Problem) -> str:
    """Hash of what a problem is; kept, since every one of its trials asks."""
    return digest(problem.identity())


def key_of(text: str) -> str:
    """A trial's key: the hash of its configuration."""
    return hashlib.sha256(text.encode()).hexdigest()


def plan_of(studies: Sequence[Study]) -> str:
    """Hash of everything declared about some studies: problems, methods, settings, criteria."""
    return digest(
        [
            [
                study.name,
                study.fingerprint,
                study.describe(),
                [criterion.describe() for criterion in study.accept],
            ]
            for study in studies
        ]
    )


def questions_of(studies: Sequence[Study]) -> str:
    """Hash of all that a preflight rests on: the plan, and what other packages ask of it."""
    asked = [(one.title, one.package) for one in outside.offered(outside.CHECKS)]
    return digest([plan_of(studies), asked]) if asked else plan_of(studies)


def plain_settings(study: Study) -> dict[str, object]:
    """Settings as trials record them: numbers as float, unless static."""
    return _plain(study.problem, study.all_settings)


def _plain(problem: Problem, settings: Mapping[str, Setting]) -> dict[str, object]:
    traced, static = problem.split_settings(settings)
    return {**static, **traced}


def compare(ledger: Ledger, study: Study) -> str:
    """Re-evaluate a stored trial, to see that this is still the problem the ledger knows.

    Returns
    -------
    str
        What looks strange without being proof; empty when nothing does.

    Raises
    ------
    ChangedModelError
        Naming the first number that differs.
    """
    if isinstance(study.problem, SearchProblem):
        return _compare_search(ledger, study, study.problem)
    stored = ledger.stored_evaluation(study.fingerprint, plain_settings(study))
    if stored is None:
        return ""
    _, old = stored
    task = Task("evaluate", old.parameters)
    new = solve(study.problem, study.all_settings, [task])[0]
    told = difference(study, old, new)
    if told:
        msg = (
            f"predict no longer gives the numbers the ledger holds: in study {study.name!r} "
            f"at {old.parameters}, {told}. Nothing was changed. Restore the model to "
            "continue, start anew with --fresh (the old results are archived), or give the "
            "new model a `name=` of its own to keep both."
        )
        raise ChangedModelError(msg)
    return ""


def _compare_search(ledger: Ledger, study: Study, problem: SearchProblem) -> str:
    """The same of a search, where a trial is quick and made in this process anyway."""
    found = ledger.quickest(digest(problem.identity()), plain_settings(study))
    if found is None or found[2] > _QUICK or problem.resources.isolated:
        return ""
    configuration, old, _ = found
    task = Task(
        "search",
        {},
        options=configuration["options"],
        seed=configuration["seed"],
        configuration=configuration["configuration"],
    )
    new = solve(problem, study.all_settings, [task])[0]
    rows = [(name, was, new.metrics.get(name)) for name, was in old.metrics.items()]
    told = next(
        (
            f"{name!r} was {was!r} and is now {now!r}"
            for name, was, now in rows
            if now is None or abs(was - now) > 1e-9 * max(abs(was), abs(now), 1e-300)
        ),
        "",
    )
    if not told:
        return ""
    where = f"in study {study.name!r} at {dict(task.configuration or {})}, {told}"
    if problem.deterministic:
        msg = (
            f"evaluate no longer gives the numbers the ledger holds: {where}. Nothing was "
            "changed. Restore it to continue, start anew with --fresh (the old results are "
            "archived), or give the new SearchProblem a `name=` of its own to keep both."
        )
        raise ChangedModelError(msg)
    return (
        f"{where}, with the same seed: evaluate was changed, or draws random numbers that do not "
        "come from trial.seed. Trials that are there are kept; to keep both apart give the new "
        "SearchProblem a `name=` of its own."
    )


def refuse_lookalikes(studies: Sequence[Study]) -> None:
    """Refuse two problems that are declared alike and predict differently.

    Raises
    ------
    PlanError
        Naming both studies and the first number that differs.
    """
    first: dict[str, Study] = {}
    for study in studies:
        mark = canonical([study.problem.identity(), plain_settings(study)])
        other = first.setdefault(mark, study)
        if other.problem is study.problem:
            continue
        if isinstance(study.problem, SearchProblem) or isinstance(other.problem, SearchProblem):
            _refuse_searches_alike(other, study)
            continue
        if other.fit.predict is study.fit.predict:
            continue
        names = study.problem.space.names
        places = [
            Task("evaluate", dict(zip(names, row, strict=True)))
            for row in study.fit.probes()[1:4].tolist()
        ]
        one, two = (solve(s.problem, s.all_settings, places) for s in (other, study))
        told = (difference(study, a, b) for a, b in zip(one, two, strict=True))
        found = next((text for text in told if text), "")
        if found:
            msg = (
                f"studies {other.name!r} and {study.name!r} have the same parameters and data but "
                f"different models ({found}): give each FitProblem a `name=` of its own."
            )
            raise PlanError(msg)


def _refuse_searches_alike(one: Study, two: Study) -> None:
    """Refuse two searches that the ledger could not tell apart; evaluating may take hours."""
    first, second = one.problem, two.problem
    alike = isinstance(first, SearchProblem) and isinstance(second, SearchProblem)
    if alike and first.evaluate != second.evaluate:
        msg = (
            f"studies {one.name!r} and {two.name!r} have the same objectives and settings but "
            "different `evaluate`: give each SearchProblem a `name=` of its own."
        )
        raise PlanError(msg)


def difference(study: Study, old: Outcome, new: Outcome) -> str:
    """What changed between two evaluations of one point, in words; empty when nothing did."""
    if new.chi2 is None or old.chi2 is None:
        return "the prediction is not finite any more" if new.chi2 is None else ""
    names = study.fit.data.names
    if old.details:
        rows = [
            *zip(names, old.details["predictions"], new.details["predictions"], strict=True),
            *(
                (name, was, new.details["derived"][name])
                for name, was in old.details["derived"].items()
                if name in new.details["derived"]
            ),
        ]
    else:
        rows = [("chi2", old.chi2, new.chi2)]
    for name, was, is_now in rows:
        if abs(was - is_now) > 1e-9 * max(abs(was), abs(is_now), 1e-300):
            return f"{name!r} was {was!r} and is now {is_now!r}"
    return ""
