"""The page and the text of a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from daybreak.report import html, wording
from daybreak.report.cells import Table
from daybreak.report.comparison import Comparison, Side
from daybreak.report.html import MOST_SHOWN, Shown, drawing
from daybreak.report.key_picture import key_picture, of_study


def render(compared: Comparison) -> str:
    """The page; self-contained as a report is."""
    sides = (compared.a, compared.b)
    drawn = [(name, tuple(_picture(side, name) for side in sides)) for name in compared.names]
    drawn = [(name, pair) for name, pair in drawn if any(pair)][:MOST_SHOWN]
    titles = {
        "asked": "What was asked differently",
        "results": "What came out",
        "surprises": "Surprises",
        "pictures": "Pictures" if drawn else "",
        "provenance": "What made the numbers",
    }
    return html.page(
        "compare.html.jinja",
        c=compared,
        wording=wording,
        drawn=drawn,
        keys=[(side, _key(side)) for side in sides],
        sections=[(anchor, title) for anchor, title in titles.items() if title],
    )


def text(compared: Comparison) -> str:
    """The same for a terminal: the sentence, what was asked, and what came out."""
    parts = [compared.sentence]
    for table in (compared.asked, compared.studies):
        if table:
            parts.append(f"{table.caption}:")
            parts += [f"  {_row(table, row)}" for row in table.rows]
    return "\n".join(parts)


def _row(table: Table, row: Sequence[str]) -> str:
    """The name, then what stands in each column that is filled."""
    told = zip(table.columns[1:], row[1:], strict=True)
    return f"{row[0]}: " + "; ".join(f"{column.title} {cell}" for column, cell in told if cell)


def _key(side: Side) -> Shown | None:
    found = key_picture(side.summary)
    return None if found is None else Shown(found.caption, drawing(found.figure), found.study)


def _picture(side: Side, name: str) -> Shown | None:
    study = side.study(name)
    found = of_study(study) if study else None
    return None if found is None else Shown(found.caption, drawing(found.figure), name)
