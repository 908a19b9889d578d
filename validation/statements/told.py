"""What Daybreak says of a case, read into plain values: the one place that knows its results."""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import daybreak as dk
from daybreak.findings import Finding, StudyPreflight, codes
from validation.statements.case import Case, Direction

STARTS, EACH = 8, 2
"""Starts of the shared multi-start, and of every point: few, because the models are small."""
REASONS = {"no fit": "wall", "bound of a nuisance": "nuisance bound"}
"""Words of Daybreak for what ends an interval that brute force calls otherwise."""


@dataclass(frozen=True)
class ToldEnd:
    """One end of an interval."""

    value: float
    reason: str
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """Everything that is compared."""

    code: str
    pieces: tuple[tuple[ToldEnd, ToldEnd], ...]
    scan: tuple[float, float]
    chi2: float
    best: Mapping[str, float]
    doubted: bool
    """Points of the profile are not settled, or a better minimum is said to be possible."""
    identified: str
    """Outcome of the criterion: met, missed, undecided."""
    verdict: str
    claims: bool
    strength: str
    stop: str
    """Severity of `out_of_reach` before the night; empty where nothing is said."""
    exact: tuple[Direction, ...]
    near: tuple[Direction, ...]
    idle: tuple[str, ...]
    rough: bool
    unfinished: bool
    knob_moves: bool
    loose: bool
    """Whether it is said that to first order the data fix fewer combinations than there are."""
    tension: bool
    """Whether it is said as a warning that model and data disagree."""
    not_checked: tuple[str, ...]
    sentence: str
    seconds: float


def problem(case: Case) -> dk.FitProblem:
    """The case as Daybreak is asked it."""
    draws, tremble = np.random.default_rng(case.seed), case.tremble
    xp: Any = importlib.import_module("jax.numpy") if case.library == "jax" else np
    count = len(case.data)

    def predict(p: Any, settings: Any) -> Any:
        with np.errstate(all="ignore"):
            made = case.model(p, xp, settings.steps if case.knob else 0)
        if tremble is None:
            return made
        noise = tremble.noise * draws.normal(size=count) if tremble.noise else 0.0
        wave = tremble.chatter and np.sin(tremble.frequency * getattr(p, tremble.of))
        return made + case.sigma * (noise + tremble.chatter * wave)

    priors = {"Normal": dk.Normal, "LogNormal": dk.LogNormal}
    knob = case.knob
    return dk.FitProblem(
        [
            dk.Parameter(
                number.name,
                number.lower,
                number.upper,
                scale=number.scale,
                prior=None if number.prior is None else priors[number.prior[0]](*number.prior[1:]),
                physical=number.physical,
            )
            for number in case.numbers
        ],
        predict,
        dk.observations(case.data, case.sigma),
        settings={"steps": knob.value} if knob else {},
        static=["steps"] if knob else (),
        knobs=[dk.Knob("steps", refined=knob.refined, order=knob.order)] if knob else (),
    )


def campaign(case: Case) -> dk.Campaign:
    """One study: the profile of the parameter of interest, and two criteria."""
    points = list(case.grid) if isinstance(case.grid, tuple) else case.grid
    method = (
        dk.Intervals(case.interest)
        if case.ends_only
        else dk.Profile(case.interest, points=points, starts=STARTS, each=EACH)
    )
    accept = [
        dk.Criterion("p_value", at_least=0.01),
        dk.Criterion("identified", of=case.interest),
    ]
    return dk.Campaign("case", [dk.Study("s", problem(case), method, accept)])


def ask(case: Case) -> Told:
    """Run the night of a case, preflight included, and read what is said."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with (place / "said").open("w") as said:
            results = dk.run(campaign(case), place / "run", anyway=True, progress=said)
    return _read(case, results, time.process_time() - began)


def _read(case: Case, results: Any, seconds: float) -> Told:
    study, before = results["s"], results.summary.examinations[0]
    profile, claims = study.profile, results.summary.claims  # none where the study failed
    findings = [*study.findings]
    outcome = {one.quantity: one.outcome for one in study.outcomes}
    doubts = [f for f in findings if f.code == codes.MISSED_BASIN_POSSIBLE]
    return Told(
        code=profile.code.word,
        pieces=tuple((_end(piece, "lower"), _end(piece, "upper")) for piece in profile.intervals),
        scan=_scan(case, profile),
        chi2=profile.chi2_min if profile.chi2_min is not None else float("inf"),
        best=dict(study.best.parameters) if study.best else {},
        doubted=any(one.severity != "note" for one in doubts),
        identified=outcome["identified"],
        verdict=study.verdict,
        claims=any(claim.supported for claim in claims),
        strength=claims[0].strength if claims else "none",
        stop=_stop(before),
        exact=_symmetries(before, exact=True),
        near=_symmetries(before, exact=False),
        idle=tuple(f.parameter or "" for f in _of(before, codes.PLACEBO)),
        rough=bool(_of(before, codes.ROUGH_OBJECTIVE)),
        unfinished=bool(_of(before, codes.NONFINITE_REGION)),
        loose=bool(_of(before, codes.NOT_IDENTIFIABLE_LOCALLY)),
        tension=any(f.code == codes.TENSION and f.severity == "warning" for f in findings),
        knob_moves=any(f.code == codes.UNRESOLVED_KNOB for f in findings),
        not_checked=tuple(before.not_checked),
        sentence=profile.sentence,
        seconds=seconds,
    )


def _scan(case: Case, profile: Any) -> tuple[float, float]:
    """First and last value tried, those at which every fit failed included."""
    number, pieces = case.number(case.interest), profile.intervals
    tried = [value for value, _ in profile.fitted] + [point.value for point in profile.points]
    whole = (number.lower, number.upper)
    if not tried or case.ends_only:
        return whole
    given = case.grid if isinstance(case.grid, tuple) else whole
    ends = [min(tried), max(tried)]
    # What was tried beyond a wall is not among the values.
    if pieces and _end(pieces[0], "lower").reason == "wall":
        ends[0] = given[0]
    if pieces and _end(pieces[-1], "upper").reason == "wall":
        ends[1] = given[-1]
    return ends[0], ends[1]


def _end(piece: Any, side: str) -> ToldEnd:
    """Value and reason of one end, and who holds it."""
    reason = getattr(piece, f"{side}_reason").value
    holders = tuple(getattr(piece, f"{side}_of", ()))
    return ToldEnd(getattr(piece, side), REASONS.get(reason, reason), holders)


def _stop(before: StudyPreflight) -> str:
    """The worst severity of `out_of_reach`; empty where it is not said."""
    found = {finding.severity for finding in _of(before, codes.OUT_OF_REACH)}
    return "stop" if "stop" in found else "warning" if found else ""


def _of(before: StudyPreflight, code: Any) -> list[Finding]:
    return [finding for finding in before.findings if finding.code == code]


def _symmetries(before: StudyPreflight, *, exact: bool) -> tuple[Direction, ...]:
    return tuple(
        (one.kind, {name: float(Fraction(x)) for name, x in one.exponents.items()})
        for one in before.symmetries
        if one.exact is exact
    )
