"""Every check of every study, in the order of what it is worth, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from daybreak.errors import PredictionError, ProblemError
from daybreak.findings import (
    Finding,
    Forecast,
    Identifiability,
    Preflight,
    Reachability,
    StudyPreflight,
    Symmetry,
    codes,
    outside,
)
from daybreak.plan import Campaign, Study
from daybreak.plugins import Offered, offered
from daybreak.preflight.forecast import forecast
from daybreak.preflight.identifiability import identify
from daybreak.preflight.needs import degrees_of_freedom
from daybreak.preflight.placebo import UNREHEARSED, Rehearser, examine_search
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.reachability import check_reachability
from daybreak.preflight.refusal import refusals
from daybreak.preflight.soundness import CHECKS
from daybreak.preflight.supplies import askable, missing
from daybreak.preflight.symmetry import find_symmetries
from daybreak.preflight.varied import (
    families,
    inert_settings,
    question,
    residuals_to_compare,
    same_fit,
    same_search,
)
from daybreak.problem.arrays import Array
from daybreak.problem.search import SearchProblem
from daybreak.sentences import Sentence, joined, worded

BUDGET = 60.0
"""Seconds for a whole campaign unless told otherwise.

A choice: what somebody waits in the evening before a night of eight hours.
"""
_FEW = 2000
"""Where no more evaluations than this are left to a study,"""
_SHARE = 0.5
"""... a check may take this share of its time: the first would leave nothing for the others."""
_PLACES = 64
"""Places at which a model is asked for a number before it is given up.

A model that is finite in a tenth of the box is missed by 64 in one of 850 cases.
"""


def preflight(campaign: Campaign, budget: float = BUDGET, *, elsewhere: bool = False) -> Preflight:
    """Say what can be known before the night, in at most `budget` seconds; writes nothing.

    Parameters
    ----------
    campaign : Campaign
    budget : float
        Seconds; what does not fit is listed as not checked.
    elsewhere : bool
        Whether the trials are made on other machines, so that what this one lacks says nothing.

    Returns
    -------
    Preflight
        Findings as data, study by study.
    """
    begun = time.monotonic()
    planned = campaign.all_studies()
    _leave_graphics_processors(planned)
    lacking = {} if elsewhere else {study.name: missing(study) for study in planned}
    studies = [study for study in planned if elsewhere or askable(study)]
    seeds = {s.name: campaign.seed if s.seed is None else s.seed for s in studies}
    related = families(studies, seeds)
    searched = _searches(studies, seeds, related, begun + budget)
    compared = {study.name for family in related for study in family}
    examined = [
        _Examination(study, begun + budget, seeds[study.name], compared=study.name in compared)
        for study in studies
        if study.name not in searched
    ]
    # Check by check, not study by study: what is worth most is known of every study first.
    for phrase, step in (*_STEPS, *_outside()):
        _make(examined, phrase, step, begun + budget)
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
    )


def _with(
    lacking: Sequence[Finding], found: StudyPreflight | None, study: Study
) -> StudyPreflight:
    """What a study lacks, before all else that was found; where it cannot be asked, alone."""
    if found is None:
        everything = "everything else, because the model cannot be asked"
        found = StudyPreflight(
            study=study.name,
            findings=[],
            reachability=[],
            symmetries=[],
            identifiability={},
            rank=None,
            degrees_of_freedom=0,
            forecast=None,
            not_checked=[everything],
            evaluations=0,
        )
    return found.model_copy(update={"findings": [*lacking, *found.findings]})


def _searches(
    studies: Sequence[Study],
    seeds: Mapping[str, int],
    related: Sequence[Sequence[Study]],
    deadline: float,
) -> dict[str, StudyPreflight]:
    """What is known of every search by itself, and of those that differ in settings together."""
    found: dict[str, StudyPreflight] = {}
    rehearsers: dict[str, Rehearser] = {}
    for number, study in enumerate(studies):
        if isinstance(study.problem, SearchProblem):
            share = _share(deadline, len(studies) - number)
            rehearsers[study.name] = Rehearser(study, study.problem, share, seeds[study.name])
            found[study.name] = examine_search(study, rehearsers[study.name])
    for family in related:
        if family[0].name in found:
            share = _share(deadline, len(studies) - len(found) + 1)
            found |= _compared(family, found, rehearsers, share)
    return found


def _compared(
    family: Sequence[Study],
    found: Mapping[str, StudyPreflight],
    rehearsers: Mapping[str, Rehearser],
    deadline: float,
) -> dict[str, StudyPreflight]:
    """Searches that differ in settings alone, with what became of comparing them."""
    inert: dict[str, Finding] = {}
    lacking = f"{question(family)}: {UNREHEARSED}"
    if rehearsers[family[0].name].problem.rehearsal is not None:
        for study in family:
            rehearsers[study.name].deadline = deadline
        try:
            inert, lacking = inert_settings(family, rehearsers, same_search), ""
        except OutOfTime:
            lacking = question(family)
    return {
        name: found[name].model_copy(
            update={
                "findings": [*found[name].findings, *([inert[name]] if name in inert else [])],
                "not_checked": [*found[name].not_checked, *([lacking] if lacking else [])],
                "evaluations": rehearsers[name].evaluations,
            }
        )
        for name in (study.name for study in family)
    }


def _compare_fits(examined: Sequence[_Examination], related: Sequence[Sequence[Study]]) -> None:
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


def _make(examined: Sequence[_Examination], phrase: str, step: _Step, deadline: float) -> None:
    """Make one check of every study in fair shares of the time; what others leave is used up."""
    again: list[_Examination] = []
    for left, examination in zip(range(len(examined), 0, -1), examined, strict=True):
        if not examination.make(step, _share(deadline, left)):
            again.append(examination)
    for left, examination in zip(range(len(again), 0, -1), again, strict=True):
        share = _share(deadline, left)
        worth_it = share - time.monotonic() > examination.tried
        if not (worth_it and examination.make(step, share)):
            examination.not_checked.append(phrase)


def _share(deadline: float, studies: int) -> float:
    """When the first of some studies has had its part of the time that is left."""
    now = time.monotonic()
    return now + max(deadline - now, 0.0) / studies


class _Examination:
    """One study's checks."""

    def __init__(self, study: Study, deadline: float, seed: int, *, compared: bool) -> None:
        self.study = study
        self.compared = compared
        """Whether another study differs from it in settings alone."""
        self.answer: tuple[Array, Array] | None = None
        """What such studies are compared by."""
        self.findings: list[Finding] = []
        self.reachability: list[Reachability] = []
        self.symmetries: list[Symmetry] = []
        self.identifiability: dict[str, Identifiability] = {}
        self.rank: int | None = None
        self.forecast: Forecast | None = None
        self.not_checked: list[str] = []
        self.evaluations = 0
        self.tried = 0.0
        """Seconds the last check was given."""
        self.probe: Probe | None = None
        """None when nothing can be asked of the model."""
        try:
            self.probe = Probe(study, deadline, seed)
        except ProblemError as error:
            raised = isinstance(error, PredictionError) and study.all_settings
            self.findings += refusals(study) if raised else []
            if not self.findings:
                self.refuse(str(error))

    def make(self, step: _Step, deadline: float) -> bool:
        """Make one check; False when there was no time for all of it."""
        probe = self.probe
        if probe is None:
            return True
        self.tried = deadline - time.monotonic()
        each = self.forecast.seconds_per_evaluation if self.forecast else 0.0
        if self.tried < _FEW * each:
            self.tried *= _SHARE
        probe.deadline = time.monotonic() + self.tried
        try:
            probe.check_time()
            step(self, probe)
        except OutOfTime:
            return False
        except ProblemError as error:
            self.refuse(str(error))
        finally:
            self.evaluations = probe.evaluations
        return True

    def refuse(self, sentence: str) -> None:
        """Ask nothing more: there is no number to be had."""
        self.findings.append(
            Finding(code=codes.NONFINITE_REGION, severity="stop", sentence=sentence)
        )
        self.probe = None

    def result(self) -> StudyPreflight:
        """Everything found, as data."""
        return StudyPreflight(
            study=self.study.name,
            findings=self.findings,
            reachability=self.reachability,
            symmetries=self.symmetries,
            identifiability=self.identifiability,
            rank=self.rank,
            degrees_of_freedom=degrees_of_freedom(self.study.fit),
            forecast=self.forecast,
            not_checked=self.not_checked,
            evaluations=self.evaluations,
        )


_Step = Callable[[_Examination, Probe], None]


def _refuses(examination: _Examination, probe: Probe) -> None:
    """Whether the model takes the settings as plain numbers; else nothing more is asked."""
    found = refusals(examination.study)
    probe.evaluations += 1
    examination.findings += found
    if any(one.severity == "stop" for one in found):
        examination.probe = None


def _anywhere(examination: _Examination, probe: Probe) -> None:
    """Whether the model gives numbers anywhere; without them nothing else can be asked."""
    places, width = probe.sample(_PLACES, "anywhere"), _PLACES if probe.differentiable else 1
    for first in range(0, _PLACES, width):
        if np.isfinite(probe.residuals(places[first : first + width])).all(axis=1).any():
            return
    examination.refuse(
        worded("the prediction is not finite at any of {} places in the box", _PLACES).then(
            ": check the formula, or move the bounds."
        )
    )


def _reach(examination: _Examination, probe: Probe) -> None:
    found = examination.reachability = []
    try:
        check_reachability(probe, found)
    finally:  # what is known counts, although time may have run out
        mine = {codes.OUT_OF_REACH, codes.TOO_FEW_DATA}
        others = [one for one in examination.findings if one.code not in mine]
        examination.findings = others + [_not_met(one) for one in found if not one.met]


def _not_met(one: Reachability) -> Finding:
    """A criterion that no place found meets, or that means nothing."""
    if one.meaningless:
        return Finding(code=codes.TOO_FEW_DATA, sentence=one.sentence)
    sure = one.conclusive and one.level == "hard"
    severity = "stop" if sure else "warning"
    return Finding(code=codes.OUT_OF_REACH, sentence=one.sentence, severity=severity)


def _identify(examination: _Examination, probe: Probe) -> None:
    examination.symmetries = find_symmetries(probe)
    rank, words, findings = identify(probe, examination.symmetries)
    examination.rank, examination.identifiability = rank, words
    examination.findings += findings


def _forecast(examination: _Examination, probe: Probe) -> None:
    examination.forecast = forecast(probe)


def _answer(examination: _Examination, probe: Probe) -> None:
    if examination.compared:
        examination.answer = residuals_to_compare(probe)


def _collecting(check: Callable[[Probe], list[Finding]]) -> _Step:
    def step(examination: _Examination, probe: Probe) -> None:
        examination.findings += check(probe)

    return step


_STEPS: tuple[tuple[str, _Step], ...] = (
    ("whether the model takes the settings of the study", _refuses),
    ("whether the model gives numbers at all", _anywhere),
    ("how long it takes", _forecast),
    ("whether the criteria can be met", _reach),
    ("which parameters can be identified", _identify),
    ("whether the settings that studies vary do anything", _answer),
    *((phrase, _collecting(check)) for phrase, check in CHECKS),
)
"""All checks in the order of what they are worth."""


def _outside() -> Iterator[tuple[str, _Step]]:
    """Checks of other packages, after all of ours."""
    for one in offered(outside.CHECKS):
        yield f"what {one.package} asks ({one.name})", _collecting(partial(_asked, one))


def _asked(one: Offered, probe: Probe) -> list[Finding]:
    return outside.ask(one, probe, but=(OutOfTime, ProblemError))


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
    warned = sum(any(f.severity != "note" for f in one.findings) for one in found)
    if warned:
        return f"{warned} of {len(found)} studies have findings to read before the night."
    tail = "; not everything was checked" if any(one.not_checked for one in found) else ""
    return f"Nothing found that stands in the way{tail}."
