"""A table as data, so that Markdown, HTML and the terminal show the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "name", "number", "verdict", "outcome", "code", "mark", "gauge"]


@dataclass(frozen=True)
class Column:
    """A column: its title, and what its cells are."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.rows)

    @property
    def is_long(self) -> bool:
        """Whether the table would push everything else off the screen."""
        return len(self.rows) > 12

    def without(self, *kinds: Kind) -> Table:
        """The table without the columns of some kinds."""
        return self._of([i for i, c in enumerate(self.columns) if c.kind not in kinds])

    def filled(self) -> Table:
        """The table without columns in which nothing stands."""
        return self._of([i for i in range(len(self.columns)) if any(row[i] for row in self.rows)])

    def _of(self, kept: Sequence[int]) -> Table:
        """The table of some columns."""
        columns = tuple(self.columns[i] for i in kept)
        return Table(
            self.caption, columns, tuple(tuple(row[i] for i in kept) for row in self.rows)
        )


def table_of(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    """Make a table from sequences."""
    return Table(caption, tuple(columns), tuple(tuple(row) for row in rows))
