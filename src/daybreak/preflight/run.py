"""Every check of every study, in the order of what it is worth, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from daybreak.errors import ProblemError
from daybreak.findings import (
    Check,
    Forecast,
    Identifiability,
    Preflight,
    Reachability,
    StudyPreflight,
    Symmetry,
)
from daybreak.plan import Campaign, Study
from daybreak.preflight.forecast import forecast
from daybreak.preflight.identifiability import identify
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.reachability import check_reachability
from daybreak.preflight.soundness import CHECKS
from daybreak.preflight.symmetry import find_symmetries

BUDGET = 60.0
"""Seconds for a whole campaign unless told otherwise."""


def preflight(campaign: Campaign, budget: float = BUDGET) -> Preflight:
    """Say what can be known before the night, in at most `budget` seconds; writes nothing.

    Parameters
    ----------
    campaign : Campaign
    budget : float
        Seconds; what does not fit is listed as not checked.

    Returns
    -------
    Preflight
        Findings as data, study by study.
    """
    begun = time.monotonic()
    studies = campaign.all_studies()
    examined = [
        _Examination(study, begun + budget, campaign.seed if study.seed is None else study.seed)
        for study in studies
    ]
    # Check by check, not study by study: what is worth most is known of every study first.
    for phrase, step in _STEPS:
        for examination in examined:
            examination.make(phrase, step)
    found = [examination.result() for examination in examined]
    hopeless = _hopeless(studies, found)
    return Preflight(
        hopeless=hopeless,
        sentence=_sentence(found, hopeless=hopeless),
        studies=found,
        seconds=time.monotonic() - begun,
    )


class _Examination:
    """One study's checks."""

    def __init__(self, study: Study, deadline: float, seed: int) -> None:
        self.study = study
        self.checks: list[Check] = []
        self.reachability: list[Reachability] = []
        self.symmetries: list[Symmetry] = []
        self.identifiability: dict[str, Identifiability] = {}
        self.rank: int | None = None
        self.forecast: Forecast | None = None
        self.not_checked: list[str] = []
        self.probe: Probe | None = None
        """None when nothing can be asked of the model."""
        try:
            self.probe = Probe(study, deadline, seed)
        except ProblemError as error:
            self.refuse(str(error))

    def make(self, phrase: str, step: _Step) -> None:
        """Make one check, or note that there was no time for it."""
        if self.probe is None:
            return
        try:
            self.probe.check_time()
            step(self, self.probe)
        except OutOfTime:
            self.not_checked.append(phrase)
        except ProblemError as error:
            self.refuse(str(error))

    def refuse(self, sentence: str) -> None:
        """Ask nothing more: there is no number to be had."""
        self.checks.append(Check(code="nonfinite_region", severity="stop", sentence=sentence))
        self.probe = None

    def result(self) -> StudyPreflight:
        """Everything found, as data."""
        return StudyPreflight(
            study=self.study.name,
            checks=self.checks,
            reachability=self.reachability,
            symmetries=self.symmetries,
            identifiability=self.identifiability,
            rank=self.rank,
            degrees_of_freedom=_degrees_of_freedom(self.study),
            forecast=self.forecast,
            not_checked=self.not_checked,
            evaluations=self.probe.evaluations if self.probe else 0,
        )


_Step = Callable[[_Examination, Probe], None]


def _anywhere(examination: _Examination, probe: Probe) -> None:
    """Whether the model gives numbers anywhere; without them nothing else can be asked."""
    residuals = probe.residuals(probe.sample(64, "anywhere"))
    if not np.isfinite(residuals).all(axis=1).any():
        examination.refuse(
            "the prediction is not finite at any of 64 places in the box: check the formula, or "
            "move the bounds."
        )


def _reach(examination: _Examination, probe: Probe) -> None:
    found = examination.reachability = []
    check_reachability(probe, found)
    for one in found:
        if not one.met:
            stops = one.conclusive and _is_hard(examination.study, one.criterion)
            examination.checks.append(
                Check(
                    code="out_of_reach", severity="stop" if stops else "warning",
                    sentence=one.sentence,
                )
            )  # fmt: skip


def _identify(examination: _Examination, probe: Probe) -> None:
    examination.symmetries = find_symmetries(probe)
    rank, words, checks = identify(probe, examination.symmetries)
    examination.rank, examination.identifiability = rank, words
    examination.checks += checks


def _forecast(examination: _Examination, probe: Probe) -> None:
    examination.forecast = forecast(probe)


def _collecting(check: Callable[[Probe], list[Check]]) -> _Step:
    def step(examination: _Examination, probe: Probe) -> None:
        examination.checks += check(probe)

    return step


_STEPS: tuple[tuple[str, _Step], ...] = (
    ("whether the model gives numbers at all", _anywhere),
    ("whether the criteria can be met", _reach),
    ("which parameters can be identified", _identify),
    ("how long it takes", _forecast),
    *((phrase, _collecting(check)) for phrase, check in CHECKS),
)
"""All checks in the order of what they are worth."""


def _is_hard(study: Study, title: str) -> bool:
    return any(c.title == title and c.level == "hard" for c in study.accept)


def _degrees_of_freedom(study: Study) -> int:
    problem = study.problem
    fitted = len(problem.space.free(())) + len(problem.scale_factors) + len(problem.offsets)
    return len(problem.data) - fitted


def _hopeless(studies: Sequence[Study], found: Sequence[StudyPreflight]) -> bool:
    """Whether every counted study is stopped."""
    stopped = [
        any(check.severity == "stop" for check in one.checks)
        for study, one in zip(studies, found, strict=True)
        if study.counted
    ]
    return bool(stopped) and all(stopped)


def _sentence(found: Sequence[StudyPreflight], *, hopeless: bool) -> str:
    if hopeless:
        return "Out of reach as far as searched: no counted study can meet its hard criteria."
    warned = sum(any(c.severity != "note" for c in one.checks) for one in found)
    if warned:
        return f"{warned} of {len(found)} studies have findings to read before the night."
    return "Nothing found that stands in the way."
