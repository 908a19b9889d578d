"""Every check of every study, in the order of what it is worth, within a budget of work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from daybreak.findings import Finding, NotChecked, Preflight, StudyPreflight, Unmade, codes
from daybreak.findings.unchecked import in_words
from daybreak.plan import Campaign, Study
from daybreak.preflight.clock import WORK
from daybreak.preflight.examination import Examination, checks
from daybreak.preflight.placebo import Rehearser, examine_search
from daybreak.preflight.probe import OutOfTime
from daybreak.preflight.supplies import askable, missing
from daybreak.preflight.varied import families, inert_settings, question, same_fit, same_search
from daybreak.problem.search import SearchProblem
from daybreak.sentences import Sentence, joined, worded

BUDGET = 60.0
"""Seconds for a whole campaign unless told otherwise, as `daybreak.preflight.clock` counts them.

A choice: what somebody waits in the evening before a night of eight hours.
"""
_MOST = 0.8
"""Share of what is left that one may take while others wait for theirs.

A choice: the reach asks several times as often as all other checks together, and a model too slow
for it still leaves something for them.
"""


def preflight(
    campaign: Campaign,
    budget: float = BUDGET,
    *,
    elsewhere: bool = False,
    studies: Sequence[Study] | None = None,
) -> Preflight:
    """Say what can be known before the night; writes nothing.

    What each check asks is fixed by the plan, and reach and symmetries always get theirs.  The
    budget cuts other checks that take too long, and every check of a model that is dear
    (`Probe.dear`): none takes more than four fifths of what is left while others wait for theirs,
    and no study more than four fifths of what is left to a check.

    Parameters
    ----------
    campaign : Campaign
    budget : float
        Seconds of processor time, children included, or of waiting where a model waits for
        something elsewhere (`daybreak.preflight.clock`); what does not fit is listed.  Without
        any nothing is asked.
    elsewhere : bool
        Whether the trials are made on other machines, so that what this one lacks says nothing.
    studies : sequence of Study, optional
        Those that are asked for; without, the plan's.

    Returns
    -------
    Preflight
        Findings as data, study by study.
    """
    begun, end = time.monotonic(), WORK.seconds() + budget
    planned = campaign.all_studies() if studies is None else studies
    _leave_graphics_processors(planned)
    lacking = {} if elsewhere else {study.name: missing(study) for study in planned}
    here = [study for study in planned if elsewhere or askable(study)]
    seeds = {s.name: campaign.seed if s.seed is None else s.seed for s in here}
    related = families(here, seeds)
    compared = {study.name for family in related for study in family}
    fits = [study for study in here if not isinstance(study.problem, SearchProblem)]
    searched = _searches(here, seeds, related, _part(end, last=not fits))
    examined = [
        Examination(study, seeds[study.name], compared=study.name in compared) for study in fits
    ]
    over = _examine(examined, budget, end)
    _compare_fits(examined, related)
    fitted = {examination.study.name: examination.result() for examination in examined}
    asked = fitted | searched
    found = [_with(lacking.get(s.name, []), asked.get(s.name), s) for s in planned]
    hopeless = any(lacking.values()) or _hopeless(planned, found)
    return Preflight(
        hopeless=hopeless,
        sentence=_sentence(found, hopeless=hopeless),
        studies=found,
        seconds=time.monotonic() - begun,
        over=over,
    )


def together(before: Preflight, more: Preflight) -> Preflight:
    """What is known of a plan, and of studies that its decisions have asked for since."""
    studies = [*before.studies, *more.studies]
    return before.model_copy(
        update={
            "sentence": before.sentence if before.hopeless else _sentence(studies, hopeless=False),
            "studies": studies,
            "seconds": before.seconds + more.seconds,
            "over": before.over + more.over,
        }
    )


def _examine(examined: Sequence[Examination], budget: float, end: float) -> float:
    """Make every check of every fit; seconds of work that reach and symmetries took after `end`.

    Check by check, not study by study: what is worth most is known of every study first.
    """
    every, over, later = checks(), 0.0, end
    for number, check in enumerate(every, start=1):
        until = _part(later, last=number == len(every))
        always = check.always and budget > 0.0
        for count, one in enumerate(examined, start=1):
            part = _part(until, last=count == len(examined))
            one.make(check, part, always=always and not one.dear)
        if always and not all(one.dear for one in examined):
            over = max(0.0, WORK.seconds() - end)
            # What comes after has a part of its own, however long these took.
            later = max(later, WORK.seconds() + (1.0 - _MOST) * budget)
    return over


def _part(end: float, *, last: bool) -> float:
    """When one of several must end, so that something is kept for the others until `end`."""
    now = WORK.seconds()
    return end if last else now + _MOST * (end - now)


def _with(
    lacking: Sequence[Finding], found: StudyPreflight | None, study: Study
) -> StudyPreflight:
    """What a study lacks, before all else that was found; where it cannot be asked, alone."""
    if found is None:
        unmade = [NotChecked(check=check.name, why=Unmade.LACKING) for check in checks()]
        found = StudyPreflight.unasked(study.name, not_checked=unmade)
    return found.model_copy(update={"findings": [*lacking, *found.findings]})


def _searches(
    studies: Sequence[Study],
    seeds: Mapping[str, int],
    related: Sequence[Sequence[Study]],
    end: float,
) -> dict[str, StudyPreflight]:
    """What is known of every search by itself, and of those that differ in settings together."""
    rehearsers = {
        study.name: Rehearser(study, study.problem, end, seeds[study.name])
        for study in studies
        if isinstance(study.problem, SearchProblem)
    }
    asked = [study for study in studies if study.name in rehearsers]
    groups = [family for family in related if family[0].name in rehearsers]
    found: dict[str, StudyPreflight] = {}
    for count, study in enumerate(asked, start=1):
        rehearsers[study.name].deadline = _part(end, last=count == len(asked) and not groups)
        found[study.name] = examine_search(study, rehearsers[study.name])
    for count, family in enumerate(groups, start=1):
        until = _part(end, last=count == len(groups))
        found |= _compared(family, found, rehearsers, until)
    return found


def _compared(
    family: Sequence[Study],
    found: Mapping[str, StudyPreflight],
    rehearsers: Mapping[str, Rehearser],
    deadline: float,
) -> dict[str, StudyPreflight]:
    """Searches that differ in settings alone, with what became of comparing them."""
    inert: dict[str, Finding] = {}
    check, why = question(family), None
    if rehearsers[family[0].name].problem.rehearsal is None:
        why = Unmade.UNREHEARSED
    else:
        for study in family:
            rehearsers[study.name].deadline = deadline
        try:
            inert = inert_settings(family, rehearsers, same_search)
        except OutOfTime as cut:
            why = cut.why
    made, missing = ([check], []) if why is None else ([], [NotChecked(check=check, why=why)])
    return {
        name: found[name].model_copy(
            update={
                "findings": [*found[name].findings, *([inert[name]] if name in inert else [])],
                "checked": [*found[name].checked, *made],
                "not_checked": [*found[name].not_checked, *missing],
                "evaluations": rehearsers[name].evaluations,
            }
        )
        for name in (study.name for study in family)
    }


def _compare_fits(examined: Sequence[Examination], related: Sequence[Sequence[Study]]) -> None:
    """Add what is found by comparing fits that differ in settings alone."""
    by_name = {examination.study.name: examination for examination in examined}
    answers = {name: one.answer for name, one in by_name.items() if one.answer is not None}
    for family in related:
        for name, finding in inert_settings(family, answers, same_fit).items():
            by_name[name].findings.append(finding)


def _leave_graphics_processors(studies: Sequence[Study]) -> None:
    """Compute on processors where workers were promised graphics processors.

    JAX takes most of a device's memory when it first sees it, and keeps it: held by this process,
    it would be missing to every worker.
    """
    if any(study.problem.resources.gpus for study in studies):
        import jax

        jax.config.update("jax_platforms", "cpu")


def _hopeless(studies: Sequence[Study], found: Sequence[StudyPreflight]) -> bool:
    """Whether every counted study is stopped."""
    stopped = [
        any(finding.severity == "stop" for finding in one.findings)
        for study, one in zip(studies, found, strict=True)
        if study.counted
    ]
    return bool(stopped) and all(stopped)


def _sentence(found: Sequence[StudyPreflight], *, hopeless: bool) -> str:
    if hopeless:
        findings = [f for one in found for f in one.findings if f.severity == "stop"]
        stops = {finding.code for finding in findings}
        if codes.MISSING_RESOURCE in stops:
            lacking = [f.sentence for f in findings if f.code == codes.MISSING_RESOURCE]
            said = dict.fromkeys(Sentence.of(sentence).clause for sentence in lacking)
            return worded("The plan needs what is not here: {}.", joined("; ", said))
        if stops == {codes.MODEL_REFUSES}:
            return "The model refuses the settings of every counted study."
        if codes.OUT_OF_REACH not in stops:
            return "No counted study gives a number to compare with the data."
        return "Out of reach as far as searched: no counted study can meet its hard criteria."
    unmade = in_words(found)
    warned = sum(any(f.severity != "note" for f in one.findings) for one in found)
    if warned:
        has = "study has" if len(found) == 1 else "studies have"
        first = [f"{warned} of {len(found)} {has} findings to read before the night."]
    elif any(one.checked for one in found):
        far = ", as far as was checked" if unmade else ""
        first = [f"Nothing found that stands in the way{far}."]
    else:
        first = []
    return " ".join([*first, *unmade])
