"""The checks of one fit, in their order, and what each of them leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from daybreak.errors import PredictionError, ProblemError
from daybreak.findings import (
    Finding,
    Forecast,
    Identifiability,
    NotChecked,
    Reachability,
    StudyPreflight,
    Symmetry,
    Unmade,
    codes,
    outside,
)
from daybreak.findings.records import SYMMETRIES
from daybreak.plan import Study
from daybreak.plugins import Offered, offered
from daybreak.preflight.forecast import forecast
from daybreak.preflight.identifiability import identify
from daybreak.preflight.needs import degrees_of_freedom
from daybreak.preflight.probe import NotMade, Probe
from daybreak.preflight.reachability import check_reachability
from daybreak.preflight.refusal import refusals
from daybreak.preflight.soundness import CHECKS
from daybreak.preflight.survey import survey
from daybreak.preflight.symmetry import find_symmetries
from daybreak.preflight.varied import residuals_to_compare
from daybreak.problem.arrays import Array
from daybreak.sentences import worded

_BOUNDS = "which bounds would have to move"
"""What of reach the budget may cut: with twelve bounds it asks more than all the rest."""
_PLACES = 64
"""Places at which a model is asked for a number before the survey looks for one.

A model that is finite in a tenth of the box is missed by 64 in one of 850 cases.
"""


class Examination:
    """One fit and what has been found of it.

    Parameters
    ----------
    study : Study
    seed : int
        The campaign's, or its own.
    compared : bool
        Whether another study differs from it in settings alone.
    """

    def __init__(self, study: Study, seed: int, *, compared: bool) -> None:
        self.study = study
        self.compared = compared
        self.answer: tuple[Array, Array] | None = None
        """What such studies are compared by."""
        self.findings: list[Finding] = []
        self.reachability: list[Reachability] = []
        self.symmetries: list[Symmetry] = []
        self.identifiability: dict[str, Identifiability] = {}
        self.rank: int | None = None
        self.forecast: Forecast | None = None
        self.checked: list[str] = []
        self.not_checked: list[NotChecked] = []
        self.evaluations = 0
        self.probe: Probe | None = None
        """None when nothing can be asked of the model."""
        try:
            self.probe = Probe(study, seed=seed)
        except ProblemError as error:
            raised = isinstance(error, PredictionError) and study.all_settings
            self.findings += refusals(study) if raised else []
            if not self.findings:
                self.refuse(str(error))

    @property
    def dear(self) -> bool:
        """Whether the budget may cut any check, also one that is always made of other models."""
        return self.probe is None or self.probe.dear

    def make(self, check: Check, deadline: float, *, always: bool = False) -> None:
        """Make one check; where it cannot be made to its end, keep why, and what it has found.

        Parameters
        ----------
        check : Check
        deadline : float
            Value of `WORK.seconds()` at which it is cut.
        always : bool
            Whether it is made to its end all the same, and only what goes beyond it is cut.
        """
        why = self._made(check, deadline, always=always)
        if why is None:
            self.checked.append(check.name)
        else:
            self.not_checked.append(NotChecked(check=check.name, why=why))

    def _made(self, check: Check, deadline: float, *, always: bool) -> Unmade | None:
        """Why it could not be made; None when it was."""
        probe = self.probe
        if probe is None:
            return Unmade.NUMBERLESS
        probe.deadline, probe.cap = math.inf if always else deadline, deadline
        try:
            probe.check_time()
            check.step(self, probe)
        except NotMade as cut:
            self.findings += cut.found
            return cut.why
        except ProblemError as error:
            self.refuse(str(error))
            return Unmade.NUMBERLESS
        finally:
            self.evaluations = probe.evaluations
        return None

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
            checked=self.checked,
            not_checked=self.not_checked,
            evaluations=self.evaluations,
        )


class Check(NamedTuple):
    """One question.

    How often it asks the model is fixed by constants beside it, whatever else the machine does;
    only the budget may cut it, if anything.
    """

    name: str
    """What it settles, in words."""
    step: Callable[[Examination, Probe], None]
    always: bool = False
    """Whether the budget does not cut it, unless the model is dear (`Probe.dear`)."""


def checks() -> list[Check]:
    """All checks in the order of what they are worth: reach, symmetries, then what can wait."""
    return [
        Check("whether the model takes the settings of the study", _refuses),
        Check("whether the model gives numbers at all", _anywhere),
        Check("how long it takes", _forecast),
        Check("whether the criteria can be met", _reach, always=True),
        Check(SYMMETRIES, _symmetries, always=True),
        Check("which parameters can be identified", _identify),
        Check("whether the settings that studies vary do anything", _answer),
        *(Check(name, _collecting(check)) for name, check in CHECKS),
        *_outside(),
    ]


def _refuses(examination: Examination, probe: Probe) -> None:
    """Whether the model takes the settings as plain numbers; else nothing more is asked."""
    with probe.timed(1):
        found = refusals(examination.study)
    probe.evaluations += 1
    examination.findings += found
    if any(one.is_stop for one in found):
        examination.probe = None


def _anywhere(examination: Examination, probe: Probe) -> None:
    """Whether the model gives numbers anywhere; without them nothing else can be asked."""
    places, width = probe.sample(_PLACES, "anywhere"), _PLACES if probe.differentiable else 1
    for first in range(0, _PLACES, width):
        if np.isfinite(probe.residuals(places[first : first + width])).all(axis=1).any():
            return
    if not len(survey(probe).best):
        sentence = worded("the prediction is not finite at any of {} places", probe.evaluations)
        examination.refuse(
            sentence.then(", the guess included: check the formula, or the bounds.")
        )


def _reach(examination: Examination, probe: Probe) -> None:
    found = examination.reachability
    try:
        check_reachability(probe, found)
        if any(not (one.met or one.meaningless) and one.escapes is None for one in found):
            examination.not_checked.append(NotChecked(check=_BOUNDS, why=Unmade.BUDGET))
    finally:  # what is known counts, although the budget may be spent
        examination.findings += [_not_met(one) for one in found if not one.met]


def _not_met(one: Reachability) -> Finding:
    """A criterion that no place found meets, or that means nothing."""
    if one.meaningless:
        return Finding(code=codes.TOO_FEW_DATA, sentence=one.sentence)
    sure = one.conclusive and one.level == "hard"
    severity = "stop" if sure else "warning"
    return Finding(code=codes.OUT_OF_REACH, sentence=one.sentence, severity=severity)


def _symmetries(examination: Examination, probe: Probe) -> None:
    examination.symmetries = find_symmetries(probe)


def _identify(examination: Examination, probe: Probe) -> None:
    rank, words, findings = identify(probe, examination.symmetries)
    examination.rank, examination.identifiability = rank, words
    examination.findings += findings


def _forecast(examination: Examination, probe: Probe) -> None:
    examination.forecast = forecast(probe)


def _answer(examination: Examination, probe: Probe) -> None:
    if examination.compared:
        examination.answer = residuals_to_compare(probe)


def _collecting(check: Callable[[Probe], list[Finding]]) -> Callable[[Examination, Probe], None]:
    def step(examination: Examination, probe: Probe) -> None:
        examination.findings += check(probe)

    return step


def _outside() -> Iterator[Check]:
    """Checks of other packages, after all of ours."""
    for one in offered(outside.CHECKS):
        name = f"what {one.package} asks ({one.name})"
        yield Check(name, _collecting(partial(_asked, one)))


def _asked(one: Offered, probe: Probe) -> list[Finding]:
    return outside.ask(one, probe, but=(NotMade, ProblemError))
