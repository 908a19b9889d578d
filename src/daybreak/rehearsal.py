"""Rehearse a campaign on simulated data: how narrow, how often right, how often PASS.

Every night draws new data from a stated truth,

    value_i = s_i prediction_i(truth) + b_i + sigma_i n_i,   n_i standard normal,

with the total uncertainty sigma_i of each observation, scale factors s (1 unless stated) and
offsets b (0 unless stated), or as its noise model says, and asks every study of the plan about
them.  Each study is asked about data made by its own model and settings; studies of one problem
share the noise n.
Follow-up studies are not rehearsed.  Nothing is written anywhere.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from daybreak.calibration import ratios
from daybreak.criteria import Verdict
from daybreak.decision import campaign_verdict, decide
from daybreak.diagnosis.study import Study as Reading
from daybreak.errors import PlanError, known
from daybreak.ledger.records import CriteriaRecord, StudyRecord, TrialRecord
from daybreak.ledger.states import StudyState
from daybreak.methods.solve import solve
from daybreak.plan import Campaign, Study
from daybreak.problem.fit import FitProblem
from daybreak.problem.levels import level_95, level_at_limit
from daybreak.problem.outcomes import Outcome, Task, canonical, digest
from daybreak.problem.precision import double_precision
from daybreak.rehearsed import (
    Calibration,
    Rate,
    Rehearsal,
    Scenario,
    calibration,
    counted,
    tallied,
)
from daybreak.simulated import expected, moved, simulated
from daybreak.verdict import read_study

Array = NDArray[np.float64]


def rehearse(
    campaign: Campaign,
    truth: Mapping[str, float],
    *,
    nights: int = 50,
    null: Mapping[str, float] | None = None,
    seed: int = 0,
    simulations: int | None = None,
    progress: IO[str] | None = None,
) -> Rehearsal:
    """Run a campaign on simulated data, night after night (formula in the module).

    Parameters
    ----------
    campaign : Campaign
    truth : mapping name -> value
        Every parameter that is not fixed, in its unit; scale factors and offsets if they are not
        1 and 0.
    nights : int
        How many data sets.
    null : mapping name -> value, optional
        What differs from `truth` in a second scenario, under which PASS would be wrong.
    seed : int
        Of the noise; not negative.
    simulations : int, optional
        Data sets that are fitted only, to measure coverage (`daybreak.calibration`); 20 a night
        unless given.
    progress : text file, optional
        Where a line per night is written.

    Returns
    -------
    Rehearsal

    Raises
    ------
    PlanError
        When the truth is incomplete, not finite or names what is not there.
    """
    if nights < 1 or seed < 0:
        msg = f"`nights >= 1` and `seed >= 0` must hold, but got ({nights=}, {seed=})."
        raise PlanError(msg)
    begun = time.perf_counter()
    problems: dict[FitProblem, FitProblem] = {}
    studies = [
        replace(study, problem=problems.setdefault(study.fit, simulated(study.fit)))
        for study in campaign.all_studies()
    ]
    count = 20 * nights if simulations is None else simulations
    stage = _Stage(campaign, studies, nights, seed, count, progress)
    with double_precision():
        under_truth = stage.scenario("truth", truth)
        under_null = None if null is None else stage.scenario("null", {**truth, **null})
    return Rehearsal(
        campaign=campaign.name,
        nights=nights,
        seed=seed,
        seconds=time.perf_counter() - begun,
        under_truth=under_truth,
        under_null=under_null,
    )


# -- nights ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Night:
    """What one night said."""

    readings: list[Reading]
    verdict: Verdict
    decision: str | None


@dataclass(frozen=True)
class _Stage:
    """A campaign ready to be played under any truth."""

    campaign: Campaign
    studies: Sequence[Study]
    nights: int
    seed: int
    simulations: int
    progress: IO[str] | None

    def scenario(self, name: str, truth: Mapping[str, float]) -> Scenario:
        """Play every night under one truth and count."""
        _check_truth(self.studies, truth)
        truth = _completed(self.studies, truth)
        means = [expected(study, truth) for study in self.studies]
        played: list[_Night] = []
        for number in range(self.nights):
            night = self._night(number, means)
            played.append(night)
            if self.progress is not None:
                line = f"{name}: night {number + 1} of {self.nights}: {night.verdict}\n"
                self.progress.write(line)
                self.progress.flush()
        verdicts = tallied(night.verdict for night in played)
        return Scenario(
            truth=dict(truth),
            verdicts=verdicts,
            passed=Rate.of(verdicts.get("PASS", 0), self.nights),
            decisions=dict(Counter(n.decision for n in played if n.decision).most_common()),
            studies=[
                counted(
                    [night.readings[i] for night in played],
                    truth,
                    self._calibrations(study, mean, truth),
                )
                for i, (study, mean) in enumerate(zip(self.studies, means, strict=True))
            ],
        )

    def _calibrations(
        self, study: Study, mean: Array, truth: Mapping[str, float]
    ) -> list[Calibration]:
        """Coverage of every profile of a study; a map has none."""
        method, problem = study.method, study.fit
        if method.facts(problem).jointly or self.simulations < 1:
            return []
        data = [self._data(study, mean, number) for number in range(self.simulations)]
        described = problem.describe()
        limits = {p.name: p.limits for p in problem.parameters}
        levels = {
            name: (level_at_limit if truth[name] in limits[name] else level_95)(described)
            for name in method.interest(problem)
        }
        return [
            calibration(
                name, ratios(problem, study.all_settings, name, truth, data, level, self.seed)
            )
            for name, level in levels.items()
        ]

    def _data(self, study: Study, mean: Array, number: int) -> dict[str, float]:
        """Settings that move the observed values to those of one night."""
        problem = study.fit
        order = list(dict.fromkeys(study.fit for study in self.studies))
        rng = np.random.default_rng([self.seed, number, order.index(problem)])
        return moved(problem, problem.data.draw(rng, mean))

    def _night(self, number: int, means: Sequence[Array]) -> _Night:
        readings: list[Reading] = []
        for study, mean in zip(self.studies, means, strict=True):
            shifts = self._data(study, mean, number)
            asked = replace(study, settings={**study.settings, **shifts})
            seed = self.campaign.seed if study.seed is None else study.seed
            readings.append(read_study(_play(asked, seed)))
        table = self.campaign.decisions
        found = decide([row.describe() for row in table], readings)
        verdict = campaign_verdict(readings, self.campaign.rule)
        taken = None if found is None or found.row is None else table[found.row].name
        return _Night(readings, verdict, taken)


def _check_truth(studies: Sequence[Study], truth: Mapping[str, float]) -> None:
    there: dict[str, None] = {}
    for study in studies:
        problem = study.fit
        there |= dict.fromkeys(problem.space.names)
        there |= dict.fromkeys(f.name for f in (*problem.scale_factors, *problem.offsets))
        free = [name for name in problem.space.free(()) if name not in problem.ties]
        missing = [name for name in free if name not in truth]
        if missing:
            msg = (
                f"the truth must give every free parameter of study {study.name!r}, but lacks "
                f"{known(missing)}; it gives {known(truth)}."
            )
            raise PlanError(msg)
    unknown = [name for name in truth if name not in there]
    if unknown:
        msg = f"the truth gives {known(unknown)}, but it may give only {known(there)}."
        raise PlanError(msg)
    wild = [name for name, value in truth.items() if not math.isfinite(value)]
    if wild:
        msg = f"the truth must be finite numbers, but {wild[0]} = {truth[wild[0]]}."
        raise PlanError(msg)


def _completed(studies: Sequence[Study], truth: Mapping[str, float]) -> dict[str, float]:
    """The truth with what derived quantities are there."""
    told = dict(truth)
    for study in studies:
        problem = study.fit
        if all(name in told for name in problem.ties):
            continue
        stated = {**problem.space.fixed, **told}
        values = [stated.get(name, math.nan) for name in problem.space.names]
        told = {**problem.defined(values, study.all_settings), **told}
    return told


def _play(study: Study, seed: int) -> StudyRecord:
    """Run one study in memory; a study that fails is a record of its failure."""
    trials: dict[str, TrialRecord] = {}
    error: str | None = None
    begun = time.perf_counter()
    try:
        _play_rounds(study, seed, trials)
    except Exception as failure:  # noqa: BLE001 - as in a real night, it is a value
        error = f"{type(failure).__name__}: {failure}"
    described = _plain(study.describe())
    return StudyRecord(
        name=study.name,
        follows=None,
        state=StudyState.FAILED if error else StudyState.FINISHED,
        error=error,
        fingerprint="",
        problem=_plain(study.problem.describe()),
        settings=described["settings"],
        method=described["method"],
        facts=study.method.facts(study.problem),
        counted=study.counted,
        seed=study.seed,
        criteria=(CriteriaRecord("", tuple(_plain([c.describe() for c in study.accept]))),),
        trials=tuple(trials.values()),
        seconds=time.perf_counter() - begun,
    )


def _play_rounds(study: Study, seed: int, trials: dict[str, TrialRecord]) -> None:
    """Carry every round of the method out; a trial asked for twice is made once."""
    rounds = study.method.rounds(study.problem, study.all_settings, seed)
    known_ones: dict[str, Outcome] = {}
    outcomes: list[Outcome] | None = None
    while True:
        try:
            tasks = next(rounds) if outcomes is None else rounds.send(outcomes)
        except StopIteration:
            return
        keys = [digest(task.identity()) for task in tasks]
        fresh = {k: t for k, t in zip(keys, tasks, strict=True) if k not in known_ones}
        made = solve(study.problem, study.all_settings, list(fresh.values()))
        known_ones |= dict(zip(fresh, made, strict=True))
        outcomes = [known_ones[key] for key in keys]
        for key, task, outcome in zip(keys, tasks, outcomes, strict=True):
            trials.setdefault(key, _record(key, task, outcome))


def _record(key: str, task: Task, outcome: Outcome) -> TrialRecord:
    return TrialRecord(key, task.kind, task.origin, task.of, task.point, task.grid, outcome)


def _plain(data: Any) -> Any:
    """Data as the ledger would give them back."""
    return json.loads(canonical(data))
