"""Every check of every study, in the order of what it is worth, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from daybreak.criteria import Criterion
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
from daybreak.preflight.probe import OutOfTime, Probe
from daybreak.preflight.reachability import check_reachability
from daybreak.preflight.soundness import CHECKS
from daybreak.preflight.symmetry import find_symmetries, identify

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
    found: list[StudyPreflight] = []
    for number, study in enumerate(studies):
        left = budget - (time.monotonic() - begun)
        share = max(left, 0.0) / (len(studies) - number)
        seed = campaign.seed if study.seed is None else study.seed
        found.append(_Examination(study, time.monotonic() + share, seed).run())
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
        self.deadline = deadline
        self.seed = seed
        self.checks: list[Check] = []
        self.reachability: list[Reachability] = []
        self.symmetries: list[Symmetry] = []
        self.identifiability: dict[str, Identifiability] = {}
        self.rank: int | None = None
        self.forecast: Forecast | None = None
        self.not_checked: list[str] = []

    def run(self) -> StudyPreflight:
        """All checks; a problem that cannot be evaluated at all is a finding, not a traceback."""
        evaluations = 0
        try:
            probe = Probe(self.study, self.deadline, self.seed)
            if self._finite(probe):
                for phrase, step in self._steps():
                    self._try(phrase, step, probe)
            evaluations = probe.evaluations
        except ProblemError as error:
            self._stop("nonfinite_region", str(error))
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
            evaluations=evaluations,
        )

    def _finite(self, probe: Probe) -> bool:
        """Whether the model gives numbers anywhere; without them nothing else can be asked."""
        residuals = probe.residuals(probe.sample(64, "anywhere"))
        if np.isfinite(residuals).all(axis=1).any():
            return True
        self._stop(
            "nonfinite_region",
            "the prediction is not finite at any of 64 places in the box: check the formula, or "
            "move the bounds.",
        )
        return False

    def _stop(self, code: str, sentence: str) -> None:
        self.checks.append(Check(code=code, severity="stop", sentence=sentence))

    def _steps(self) -> list[tuple[str, Callable[[Probe], None]]]:
        rest = [(phrase, self._collect(check)) for phrase, check in CHECKS]
        return [
            ("how long it takes", self._forecast),
            ("whether the criteria can be met", self._reach),
            ("which parameters can be identified", self._identify),
            *rest,
        ]

    def _try(self, phrase: str, step: Callable[[Probe], None], probe: Probe) -> None:
        try:
            probe.check_time()
            step(probe)
        except OutOfTime:
            self.not_checked.append(phrase)

    def _collect(self, check: Callable[[Probe], list[Check]]) -> Callable[[Probe], None]:
        def step(probe: Probe) -> None:
            self.checks += check(probe)

        return step

    def _forecast(self, probe: Probe) -> None:
        self.forecast = forecast(probe)

    def _reach(self, probe: Probe) -> None:
        self.reachability = check_reachability(probe)
        for reach in self.reachability:
            if not reach.met and reach.bar is not None:
                stops = reach.conclusive and _is_hard(self.study, reach.criterion)
                severity = "stop" if stops else "warning"
                self.checks.append(
                    Check(code="out_of_reach", severity=severity, sentence=reach.sentence)
                )

    def _identify(self, probe: Probe) -> None:
        self.symmetries = find_symmetries(probe)
        self.rank, self.identifiability, found = identify(probe, self.symmetries)
        self.checks += found


def _is_hard(study: Study, title: str) -> bool:
    return any(c.title == title and c.level == "hard" for c in _chi2_like(study))


def _chi2_like(study: Study) -> Sequence[Criterion]:
    return study.accept


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
