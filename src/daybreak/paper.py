"""A folder for a paper: rounded LaTeX tables, and every picture as PDF beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daybreak import figures
from daybreak.diagnosis.study import Profile, Study
from daybreak.errors import DaybreakError
from daybreak.report import latex
from daybreak.report.files import csv_text, safe_name, write_whole
from daybreak.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
FOLDER = "paper"
"""Beside the report."""
_PDF = {"CreationDate": None, "ModDate": None, "Creator": "Daybreak"}
"""No date, so that the same results give the same file."""


def write_paper(summary: Summary, folder: Path) -> list[Path]:
    """Write tables and pictures; returns the paths.

    ``parameters.tex``, ``objectives.tex`` and ``criteria.tex`` are rounded to what their
    uncertainties are worth; each ``figures/STUDY-WHAT.pdf`` has a ``.csv`` beside it with the
    numbers it shows, to all digits.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    tables = {
        "parameters": latex.parameters(summary),
        "objectives": latex.objectives(summary),
        "criteria": latex.criteria(summary),
    }
    written = [write_whole(folder / f"{name}.tex", text) for name, text in tables.items() if text]
    for study in summary.studies:
        for what, draw, rows in _pictures(study):
            with suppress(DaybreakError):  # where there is nothing to draw
                written += _write(draw(), rows, folder / "figures", f"{study.name} {what}")
    return written


def _write(figure: Figure, rows: Sequence[Row], folder: Path, name: str) -> list[Path]:
    stem = safe_name(name.replace(" ", "-").lower())
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{stem}.pdf"
    figure.savefig(picture, metadata=_PDF)
    return [picture, write_whole(folder / f"{stem}.csv", csv_text(rows))]


def _pictures(study: Study) -> Iterator[tuple[str, Callable[[], Figure], list[Row]]]:
    """What there may be to draw of a study: its name, the picture, the numbers."""
    for one in study.profiles:
        name = one.parameter
        yield f"profile {name}", lambda name=name: figures.profile(study, name), _profile(one)
    for one in study.maps:
        names = one.parameters
        lattice: list[Row] = [
            {names[0]: x, names[1]: y, "chi2": value}
            for y, row in zip(one.y, one.chi2, strict=True)
            for x, value in zip(one.x, row, strict=True)
        ]
        yield f"map {' '.join(names)}", lambda n=names: figures.chi2_map(study, n), lattice
    if study.search is not None:
        yield from _search_pictures(study)
        return
    data = study.best.predictions if study.best else {}
    pulls: list[Row] = [{"observation": k, **p.model_dump()} for k, p in data.items()]
    yield "residuals", lambda: figures.residuals(study), pulls
    ends: list[Row] = [start.model_dump() for start in study.starts]
    yield "waterfall", lambda: figures.waterfall(study), ends


def _search_pictures(study: Study) -> Iterator[tuple[str, Callable[[], Figure], list[Row]]]:
    found = study.search
    if found is None:
        return
    trials: list[Row] = [
        {"number": t.number, "how": t.how, "state": t.state, **t.configuration, **t.metrics}
        for t in found.trials
    ]
    course: list[Row] = [
        {"number": t.number, "step": step, "value": value}
        for t in found.trials
        for step, value in t.reports
    ]
    volume: list[Row] = [{"trials": n, "value": value} for n, value in found.hypervolume]
    shares: list[Row] = [one.model_dump() for one in found.importance]
    bars: list[Row] = [
        {"baseline": one.name, "objective": goal, "value": one.values[goal], "bar": bar}
        for one in found.baselines
        for goal, bar in one.bars.items()
    ]
    yield "front", lambda: figures.front(study), trials
    yield "baselines", lambda: figures.baselines(study), bars
    yield "history", lambda: figures.history(study), volume
    yield "course", lambda: figures.course(study), course
    yield "importance", lambda: figures.importance(study), shares
    yield "parallel", lambda: figures.parallel(study), trials


def _profile(one: Profile) -> list[Row]:
    return [
        {
            one.parameter: point.value,
            "chi2": point.chi2,
            "settled": point.settled,
            **{f"at.{name}": value for name, value in point.parameters.items()},
        }
        for point in one.points
    ]
