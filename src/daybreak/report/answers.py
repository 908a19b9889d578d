"""The preflight against the outcome, as a table: what was foretold, and what came."""

from __future__ import annotations

from collections.abc import Sequence

from daybreak.report import alike
from daybreak.report.cells import Column, Table, table_of
from daybreak.report.foretold import Foretold, foretold
from daybreak.report.summary import Summary
from daybreak.sentences import without_stop

TITLE = "Preflight against outcome"
_ORDER = {"otherwise": 0, "later": 0, "as foretold": 1, "sooner": 1, "open": 2}
NIGHT = "the night"
"""Whose row it is that is about no study alone."""


def against(summary: Summary) -> Table:
    """Everything foretold with its answer: what came otherwise first, time before all.

    Studies of which the same was foretold, and the same came but for numbers, share a row.
    """
    columns = [Column("foretold", "name"), Column("came"), Column("answer"), Column("study")]
    every = [study.name for study in summary.studies if study.follows is None]
    rows = [
        [*cells, alike.who([name for name in names if name], every) or NIGHT]
        for cells, names in alike.rows(
            (f.study, (f.said, f.came, f.answer)) for f in _all(summary)
        )
    ]
    return table_of(TITLE, columns, rows)


def _all(summary: Summary) -> Sequence[Foretold]:
    found = foretold(
        summary.examinations, summary.studies, summary.timing, finished=summary.finished
    )
    return sorted(found, key=lambda one: (bool(one.study), _ORDER[one.answer]))


def in_words(summary: Summary) -> list[str]:
    """The rows as lines of plain text."""
    return [
        f"{who}: foretold {said}; {without_stop(came)} ({answer})"
        for said, came, answer, who in against(summary).rows
    ]
