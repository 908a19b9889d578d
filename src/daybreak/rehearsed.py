"""What a rehearsal tells: rates, widths and coverage over simulated nights, and their table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from daybreak.calibration import Ratios
from daybreak.criteria import Verdict
from daybreak.diagnosis.study import Model
from daybreak.diagnosis.study import Study as Reading
from daybreak.findings import Code, Withholds, codes


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


class Calibration(Model):
    """How often the 95 % set of a parameter holds the truth, from many simulated data sets."""

    parameter: str
    level: float
    """How far chi2 may rise in the set."""
    coverage: Rate | None
    """How often the set holds the truth; null where nothing could be fitted."""
    needed: float | None
    """The rise that would have held the truth in 95 % of them."""
    code: Code
    """``wilks_fails`` where the coverage is not 95 %, else ``healthy``."""
    sentence: str


class StudyRehearsal(Model):
    """What came out for one study."""

    study: str
    verdicts: dict[Verdict, int]
    interval: Widths | None
    """Null when the study profiles nothing."""
    calibrations: list[Calibration] = Field(default_factory=list[Calibration])
    """One for each profiled parameter."""


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


def calibration(name: str, found: Ratios) -> Calibration:
    """Coverage in words, and whether Wilks's level can be relied on."""
    coverage = Rate.of(found.held, len(found.known))
    if coverage is None or found.needed is None:
        said = f"{name}: too few simulated data sets could be fitted to measure its coverage."
    else:
        said = (
            f"the 95 % set of {name} holds the truth in {coverage} of {coverage.nights} simulated "
            f"data sets (chi2 up to {found.level:.4g} above its lowest)"
        )
        if found.failing:
            how = "too short" if found.needed > found.level else "too long"
            said += f": the set is {how}; chi2 up to {found.needed:.3g} would hold it in 95 %"
        said += "."
    return Calibration(
        parameter=name,
        level=found.level,
        coverage=coverage,
        needed=found.needed,
        code=codes.WILKS_FAILS if found.failing else codes.HEALTHY,
        sentence=said,
    )


def counted(
    readings: Sequence[Reading], truth: Mapping[str, float], calibrations: list[Calibration]
) -> StudyRehearsal:
    """Verdicts and 95 % sets of one study over all nights."""
    return StudyRehearsal(
        study=readings[0].name,
        verdicts=tallied(reading.verdict for reading in readings),
        interval=_widths(readings, truth),
        calibrations=calibrations,
    )


def tallied(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How often each verdict came out, commonest first."""
    found: list[tuple[Verdict, int]] = Counter(verdicts).most_common()
    return dict(found)


def _widths(readings: Sequence[Reading], truth: Mapping[str, float]) -> Widths | None:
    profiles = [reading.profile for reading in readings if reading.profile is not None]
    if not profiles:
        return None
    identified = sum(Withholds.IDENTIFIED not in one.code.withholds for one in profiles)
    name = profiles[0].parameter
    true = truth[name]
    sets = [profile.intervals for profile in profiles if profile.intervals]
    covered = sum(any(piece.lower <= true <= piece.upper for piece in s) for s in sets)
    widths = [sum(piece.upper - piece.lower for piece in s) for s in sets]
    low, median, high = (
        np.quantile(widths, [0.16, 0.5, 0.84]).tolist() if widths else (None, None, None)
    )
    return Widths(
        parameter=name,
        unit=profiles[0].unit,
        truth=true,
        coverage=Rate.of(covered, len(sets)),
        identified=Rate.of(identified, len(readings)),
        median=median,
        low=low,
        high=high,
    )


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
    told += [f"  {c.sentence}" for s in scenario.studies for c in s.calibrations]
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
