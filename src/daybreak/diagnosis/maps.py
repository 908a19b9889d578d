"""What a map says: chi2 on its lattice, and the contours that the recorded fits determine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from daybreak.diagnosis.best import Best
from daybreak.diagnosis.bounds import parameters_of
from daybreak.diagnosis.profiles import is_settled
from daybreak.diagnosis.study import Contour, ContourPoint, Map
from daybreak.findings import codes
from daybreak.ledger.records import StudyRecord, TrialRecord
from daybreak.problem.contours.frame import XY, Frame
from daybreak.problem.contours.lines import Vertex, holds
from daybreak.problem.contours.tracing import TOLERANCE, trace
from daybreak.problem.levels import levels_2d
from daybreak.problem.origins import Why


def read_maps(record: StudyRecord, best: Best | None) -> list[Map]:
    """The map of a study of two parameters of interest; none for other studies."""
    names = record.facts.interest
    if not record.facts.jointly:
        return []
    by_point: dict[tuple[float, ...], list[TrialRecord]] = {}
    asked: dict[tuple[float, ...], list[TrialRecord]] = {}
    for trial in record.trials:
        if trial.of == names:
            asked.setdefault(trial.point, []).append(trial)
            if trial.is_end:
                by_point.setdefault(trial.point, []).append(trial)
    grid = {t.point for trials in by_point.values() for t in trials if t.grid}
    if not grid:
        return []
    x, y = (sorted({point[axis] for point in grid}) for axis in (0, 1))
    lowest = {point: _lowest(trials) for point, trials in by_point.items()}
    one, two = (p for name in names for p in parameters_of(record.problem) if p.name == name)
    levels = levels_2d(record.problem)
    contours = _contours(Frame((one, two), x, y), by_point, lowest, grid, best, levels)
    unsettled = sum(not is_settled(asked[point]) for point in grid)
    at = None
    if best is not None:
        parameters = best.trial.outcome.parameters
        at = (parameters[names[0]], parameters[names[1]])
    return [
        Map(
            parameters=(one.name, two.name),
            units=(one.unit, two.unit),
            scales=(one.scale, two.scale),
            x=x,
            y=y,
            chi2=[[_finite(lowest[a, b]) for a in x] for b in y],
            unsettled=unsettled,
            minimum=at,
            chi2_min=None if best is None else best.chi2,
            contours=contours,
            sentence=_sentence(one.name, two.name, contours, unsettled),
            code=codes.SEVERAL_REGIONS if contours and contours[-1].regions > 1 else None,
        )
    ]


def _lowest(trials: list[TrialRecord]) -> float:
    found = [t.outcome.chi2 for t in trials if t.outcome.chi2 is not None]
    return min(found, default=math.inf)


def _finite(chi2: float) -> float | None:
    return chi2 if math.isfinite(chi2) else None


def _contours(
    frame: Frame,
    by_point: dict[tuple[float, ...], list[TrialRecord]],
    lowest: dict[tuple[float, ...], float],
    grid: set[tuple[float, ...]],
    best: Best | None,
    levels: Mapping[float, float],
) -> list[Contour]:
    """Trace both levels again on the recorded values."""
    if best is None:
        return []
    known: dict[XY, float] = {frame.at(point): chi2 for point, chi2 in lowest.items()}
    # Points that were fitted from every basin without being on the lattice are its minima.
    minima = [
        frame.at(point)
        for point, trials in by_point.items()
        if point not in grid and trials[0].origin.why is Why.BASIN
    ]
    found: list[Contour] = []
    for probability, level in levels.items():
        contour = trace(known, frame.lattice, minima, best.reference, level)
        lines = [
            [
                ContourPoint(x=x, y=y, closed=vertex.closed)
                for vertex in line
                for x, y in [frame.point(vertex.at)]
            ]
            for line in contour.lines
        ]
        if lines:
            chi2 = best.reference + level
            found.append(
                Contour(
                    level=probability,
                    chi2=chi2,
                    lines=lines,
                    regions=regions(contour.lines),
                    error=contour.error,
                )
            )
    return found


def regions(lines: Sequence[Sequence[Vertex]]) -> int:
    """How many lines go around a region: one that lies in an odd number of others is a hole."""
    return sum(
        not holds([*lines[:i], *lines[i + 1 :]], line[0].at) for i, line in enumerate(lines)
    )


def _sentence(one: str, two: str, contours: list[Contour], unsettled: int) -> str:
    """What the outermost contour says of both parameters together."""
    tail = f" {unsettled} lattice points are not settled." if unsettled else ""
    if not contours:
        return f"no contour of {one} and {two} was found on the scan.{tail}"
    outer = contours[-1]
    if outer.error > TOLERANCE:
        tail += (
            f" The contour is not complete: somewhere it is {outer.error:.2g} off its level; use "
            "more points."
        )
    what = "one region" if outer.regions == 1 else f"{outer.regions} separate regions"
    if all(point.closed for line in outer.lines for point in line):
        closed = "closed by the data"
    else:
        closed = "cut off by the scan, so the data do not close it"
    return f"{one} and {two} lie in {what} at {100 * outer.level:g} %, {closed}.{tail}"
