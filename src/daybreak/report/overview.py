"""All studies at a glance: a table of one row a study, to which anyone may add a column.

Another package offers a `StudyColumn` as an entry point in the group ``daybreak.columns``; one
that raises says so in its cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from daybreak.diagnosis.study import Study
from daybreak.errors import PlanError, known
from daybreak.plugins import Offered, offered
from daybreak.report import cells, curves, searches, tables, wording
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.summary import Summary

COLUMNS = "daybreak.columns"
"""Group of columns: objects, as `StudyColumn`."""


@dataclass(frozen=True)
class StudyColumn:
    """A column of the table of all studies.

    Parameters
    ----------
    title : str
    of : function (study) -> str
        What stands there of a study as `daybreak.open` gives it; nothing where there is nothing
        to say.
    kind : {"text", "name", "number", "verdict", "code"}
        How it is shown: numbers are aligned on the right.
    """

    title: str
    of: Callable[[Study], str]
    kind: cells.Kind = "text"

    def __post_init__(self) -> None:
        """Refuse a way of showing that no output knows."""
        if self.kind not in get_args(cells.Kind):
            msg = (
                f"the kind of a column is one of {known(get_args(cells.Kind))}, but that of "
                f"{self.title!r} is {self.kind!r}."
            )
            raise PlanError(msg)


def overview(summary: Summary) -> Table:
    """All studies at a glance."""
    varied = wording.varied(summary.studies)
    columns = [
        StudyColumn("study", _name, "name"),
        StudyColumn("verdict", _verdict, "verdict"),
        StudyColumn("chi2", tables.chi2_text, "number"),
        StudyColumn("parameters at bounds", lambda study: tables.bounds_text(study.best)),
        StudyColumn("minimum", lambda study: searches.headline(study) or curves.minima(study)),
        StudyColumn("code", curves.codes, "code"),
        StudyColumn("settings that differ", lambda study: wording.settings(study, only=varied)),
        StudyColumn("not met", lambda study: ", ".join(wording.missed(study))),
        *map(_outside, offered(COLUMNS)),
    ]
    heads = [Column(column.title, column.kind) for column in columns]
    rows = [[column.of(study) for column in columns] for study in summary.studies]
    return table_of("All studies", heads, rows)


def _name(study: Study) -> str:
    return study.name if study.counted else f"{study.name} (not counted)"


def _verdict(study: Study) -> str:
    return study.verdict if study.finished else f"{study.verdict} ({study.state})"


def _outside(one: Offered) -> StudyColumn:
    """A column of another package, which breaks no report."""
    try:
        column = _as_column(one.load())
    except Exception as error:  # noqa: BLE001 - another package may raise anything
        said = f"{one.raised(error)}."
        return StudyColumn(one.name, lambda _: said)

    def text(study: Study) -> str:
        try:
            return str(column.of(study))
        except Exception as error:  # noqa: BLE001 - as above
            return f"{one.raised(error)}."

    return StudyColumn(column.title, text, column.kind)


def _as_column(given: object) -> StudyColumn:
    if isinstance(given, StudyColumn):
        return given
    msg = f"a daybreak.extending.StudyColumn was wanted, but got {given!r}"
    raise TypeError(msg)
