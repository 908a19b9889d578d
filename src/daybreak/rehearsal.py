"""Rehearse a campaign on simulated data: how narrow, how often right, how often PASS.

Every night draws new data from a stated truth,

    value_i = s_i prediction_i(truth) + b_i + sigma_i n_i,   n_i standard normal,

with the total uncertainty sigma_i of each observation, scale factors s (1 unless stated) and
offsets b (0 unless stated), and asks every study of the plan about them.  Each study is asked
about data made by its own model and settings; studies of one problem share the noise n.
Follow-up studies are not rehearsed.  Nothing is written anywhere.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from daybreak.criteria import Verdict
from daybreak.decision import campaign_verdict, decide
from daybreak.diagnosis.study import Model
from daybreak.diagnosis.study import Study as Reading
from daybreak.errors import PlanError, known
from daybreak.ledger.records import CriteriaRecord, StudyRecord, TrialRecord
from daybreak.methods.evaluation import cells_of
from daybreak.methods.solve import solve
from daybreak.plan import Campaign, Study
from daybreak.problem.fit import FitProblem, Settings
from daybreak.problem.outcomes import Outcome, Task, canonical, digest
from daybreak.problem.precision import double_precision
from daybreak.problem.scale_factors import eliminate
from daybreak.verdict import read_study

Array = NDArray[np.float64]


class Rate(Model):
    """How often something came out, with a 68 % interval for its probability.

    Wilson score interval with z = 1, p the share and n the number of nights:
    ``(p + z^2 / 2n -/+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)``.
    Source: Wilson (1927), J. Am. Stat. Assoc. 22, 209.
    """

    count: int
    nights: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, count: int, nights: int) -> Rate | None:
        """The rate of `count` in `nights`; None without a night."""
        if nights == 0:
            return None
        p, z2 = count / nights, 1.0 / nights
        half = math.sqrt(p * (1 - p) * z2 + z2 * z2 / 4)
        low, high = ((p + z2 / 2 + sign * half) / (1 + z2) for sign in (-1, 1))
        return cls(count=count, nights=nights, share=p, low=max(low, 0.0), high=min(high, 1.0))

    def __str__(self) -> str:
        """E.g. ``96 % (91-98 %)``."""
        return f"{100 * self.share:.0f} % ({100 * self.low:.0f}-{100 * self.high:.0f} %)"


class Widths(Model):
    """The 95 % sets of a profiled parameter over all nights that gave one."""

    parameter: str
    unit: str
    truth: float
    coverage: Rate | None
    """How often the set held the truth; null when no night gave a set."""
    identified: Rate | None
    """How often it was one interval closed by the data."""
    median: float | None
    """Width of the set, all pieces added up, in `unit`."""
    low: float | None
    """16 % quantile."""
    high: float | None
    """84 % quantile."""


class StudyRehearsal(Model):
    """What came out for one study."""

    study: str
    verdicts: dict[Verdict, int]
    interval: Widths | None
    """Null when the study profiles nothing."""


class Scenario(Model):
    """All nights under one truth."""

    truth: dict[str, float]
    verdicts: dict[Verdict, int]
    """Of the campaign."""
    passed: Rate | None
    """How often the campaign said PASS."""
    decisions: dict[str, int]
    """Rows of the decision table that were taken."""
    studies: list[StudyRehearsal]


class Rehearsal(Model):
    """A rehearsed campaign."""

    campaign: str
    nights: int
    seed: int
    seconds: float
    """Seconds that all nights took together."""
    under_truth: Scenario
    under_null: Scenario | None

    def __str__(self) -> str:
        """The table for a terminal."""
        lines = [f"{self.campaign}: {self.nights} nights rehearsed in {self.seconds:.1f} s"]
        lines += _lines("truth", self.under_truth)
        if self.under_null is not None:
            lines += ["", *_lines("null", self.under_null)]
        return "\n".join(lines)


def rehearse(
    campaign: Campaign,
    truth: Mapping[str, float],
    *,
    nights: int = 50,
    null: Mapping[str, float] | None = None,
    seed: int = 0,
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
        replace(study, problem=problems.setdefault(study.fit, _simulated(study.fit)))
        for study in campaign.all_studies()
    ]
    stage = _Stage(campaign, studies, nights, seed, progress)
    with double_precision():
        under_truth = stage.scenario("truth", truth)
        under_null = None if null is None else stage.scenario("null", {**truth, **null})
    return Rehearsal(
        campaign=campaign.name, nights=nights, seed=seed,
        seconds=time.perf_counter() - begun, under_truth=under_truth, under_null=under_null,
    )  # fmt: skip


# -- data that move without a new compilation --------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Simulated(FitProblem):
    """A problem whose observed values are moved by traced settings, one an observation.

    Observed values are constants of a compiled function; as settings they cost no compilation.
    A subclass, because a shift of the predictions cannot stand for one of the data where a scale
    factor acts on them: elimination itself has to see the moved values.
    """

    def evaluate(
        self, values: Sequence[Any], settings: Settings, xp: Any, sigmas: Any
    ) -> tuple[Any, Any]:
        """Residuals against the moved data; shapes as in `FitProblem.evaluate`."""
        shifts = xp.stack([xp.asarray(settings[name]) for name in _shifts(self)])
        observed, raw = self.data.values + shifts, self.raw(values, settings, xp)
        scaled, factors = eliminate(raw, observed, sigmas, self.groups, xp)
        residuals = (scaled - observed) / sigmas
        return residuals, {"predictions": scaled, "factors": factors}

    def _arguments(self, values: Sequence[Any], settings: Settings) -> tuple[Any, Any]:
        """What `predict` and `derive` are given: they know nothing of the shifts."""
        mine = set(_shifts(self))
        own = {name: value for name, value in settings.items() if name not in mine}
        return super()._arguments(values, own)


def _shifts(problem: FitProblem) -> list[str]:
    """Names of the settings that move the observed values."""
    return [f"simulated_shift_{i}" for i in range(len(problem.data))]


def _simulated(problem: FitProblem) -> FitProblem:
    declared: dict[str, Any] = {f.name: getattr(problem, f.name) for f in fields(problem)}
    declared["settings"] = {**problem.settings, **dict.fromkeys(_shifts(problem), 0.0)}
    return _Simulated(**declared)


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
    progress: IO[str] | None

    def scenario(self, name: str, truth: Mapping[str, float]) -> Scenario:
        """Play every night under one truth and count."""
        _check_truth(self.studies, truth)
        means = [_means(study, truth) for study in self.studies]
        played: list[_Night] = []
        for number in range(self.nights):
            night = self._night(number, means)
            played.append(night)
            if self.progress is not None:
                line = f"{name}: night {number + 1} of {self.nights}: {night.verdict}\n"
                self.progress.write(line)
                self.progress.flush()
        verdicts = _tallied(night.verdict for night in played)
        return Scenario(
            truth=dict(truth), verdicts=verdicts,
            passed=Rate.of(verdicts.get("PASS", 0), self.nights),
            decisions=dict(Counter(n.decision for n in played if n.decision).most_common()),
            studies=[
                _count([night.readings[i] for night in played], truth)
                for i in range(len(self.studies))
            ],
        )  # fmt: skip

    def _night(self, number: int, means: Sequence[Array]) -> _Night:
        order = list(dict.fromkeys(study.fit for study in self.studies))
        readings: list[Reading] = []
        for study, mean in zip(self.studies, means, strict=True):
            problem = study.fit
            rng = np.random.default_rng([self.seed, number, order.index(problem)])
            drawn = mean + problem.data.sigmas * rng.standard_normal(len(problem.data))
            moves = (drawn - problem.data.values).tolist()
            shifts = dict(zip(_shifts(problem), moves, strict=True))
            asked = replace(study, settings={**study.settings, **shifts})
            seed = self.campaign.seed if study.seed is None else study.seed
            readings.append(read_study(_play(asked, seed)))
        table = self.campaign.decisions
        found = decide([row.describe() for row in table], readings)
        verdict = campaign_verdict(readings, self.campaign.rule)
        return _Night(readings, verdict, None if found is None else table[found[0]].name)


def _check_truth(studies: Sequence[Study], truth: Mapping[str, float]) -> None:
    there: dict[str, None] = {}
    for study in studies:
        problem = study.fit
        there |= dict.fromkeys(problem.space.names)
        there |= dict.fromkeys(f.name for f in (*problem.scale_factors, *problem.offsets))
        missing = [name for name in problem.space.free(()) if name not in truth]
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


def _means(study: Study, truth: Mapping[str, float]) -> Array:
    """What the observations would be without noise, shape (n_observations,)."""
    problem = study.fit
    stated = {name: truth[name] for name in problem.space.names if name in truth}
    values = {**problem.space.fixed, **stated}
    evaluator, cells = cells_of(problem, [values], study.all_settings)
    means = evaluator.raw(np.full((1, len(problem.space.free(()))), 0.5), cells)[0].copy()
    for group in problem.groups:
        members = list(group.members)
        if group.scale is not None:
            means[members] *= truth.get(group.scale.name, 1.0)
        if group.offset is not None:
            means[members] += truth.get(group.offset.name, 0.0)
    if not np.isfinite(means).all():
        msg = f"study {study.name!r} predicts nothing finite at the truth {values}; move it."
        raise PlanError(msg)
    return means


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
        name=study.name, follows=None, state="failed" if error else "finished", error=error,
        fingerprint="", problem=_plain(study.problem.describe()), settings=described["settings"],
        method=described["method"], counted=study.counted, seed=study.seed,
        criteria=(CriteriaRecord("", tuple(_plain([c.describe() for c in study.accept]))),),
        trials=tuple(trials.values()), seconds=time.perf_counter() - begun,
    )  # fmt: skip


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


# -- counting and telling ----------------------------------------------------------------------


def _count(readings: Sequence[Reading], truth: Mapping[str, float]) -> StudyRehearsal:
    """Verdicts and 95 % sets of one study over all nights."""
    return StudyRehearsal(
        study=readings[0].name, verdicts=_tallied(reading.verdict for reading in readings),
        interval=_widths(readings, truth),
    )  # fmt: skip


def _tallied(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How often each verdict came out, commonest first."""
    found: list[tuple[Verdict, int]] = Counter(verdicts).most_common()
    return dict(found)


def _widths(readings: Sequence[Reading], truth: Mapping[str, float]) -> Widths | None:
    profiles = [reading.profile for reading in readings if reading.profile is not None]
    if not profiles:
        return None
    name = profiles[0].parameter
    true = truth[name]
    sets = [profile.intervals for profile in profiles if profile.intervals]
    covered = sum(any(piece.lower <= true <= piece.upper for piece in s) for s in sets)
    widths = [sum(piece.upper - piece.lower for piece in s) for s in sets]
    low, median, high = (
        np.quantile(widths, [0.16, 0.5, 0.84]).tolist() if widths else (None, None, None)
    )
    return Widths(
        parameter=name, unit=profiles[0].unit, truth=true,
        coverage=Rate.of(covered, len(sets)),
        identified=Rate.of(sum(p.code == "identified" for p in profiles), len(readings)),
        median=median, low=low, high=high,
    )  # fmt: skip


def _lines(title: str, scenario: Scenario) -> list[str]:
    """One scenario as lines, its studies as a table."""
    stated = ", ".join(f"{name} = {value:g}" for name, value in scenario.truth.items())
    header = ["study", "verdicts", "parameter", "width", "16-84 %", "coverage", "identified"]
    rows = [header, *(_row(study) for study in scenario.studies)]
    columns = [max(len(row[i]) for row in rows) for i in range(len(header))]
    table = [
        "  " + "  ".join(t.ljust(w) for t, w in zip(row, columns, strict=True)).rstrip()
        for row in rows
    ]
    told = [f"under the {title} {stated}:", *table]
    told.append(f"  campaign: {_tally(scenario.verdicts)}; PASS in {scenario.passed} of nights")
    if scenario.decisions:
        told.append(f"  decisions: {_tally(scenario.decisions)}")
    return told


def _row(study: StudyRehearsal) -> list[str]:
    row = [study.study, _tally(study.verdicts)]
    found = study.interval
    if found is None:
        return [*row, "", "", "", "", ""]
    name = f"{found.parameter} = {found.truth:g} {found.unit}".rstrip()
    if found.median is None:
        return [*row, name, "no set", "", "", str(found.identified)]
    spread = f"{found.low:.3g} to {found.high:.3g}"
    width = f"{found.median:.3g} {found.unit}".rstrip()
    return [*row, name, width, spread, str(found.coverage), str(found.identified)]


def _tally(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{word} {count}" for word, count in counts.items())
