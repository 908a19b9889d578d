"""A CSV as it comes: separator, headings, units and numbers found out."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import DaybreakError, known

_SEPARATORS = (",", ";", "\t", None)
"""None is white space."""
_HEADING = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^)\]]*)[)\]]\s*$")
_SIGMA = re.compile(r"(^|_|\b)(sigma|sig|err|error|errors|std|sd|stderr|unc|uncertainty)(_|\b|$)")
_FEW = 3
"""Rows that are the least to fit anything to: a line and one datum to test it."""


@dataclass(frozen=True)
class Column:
    """One column: its place, what it is called, its unit, and its numbers, shape (n_rows,)."""

    place: int
    name: str
    unit: str
    values: NDArray[np.float64]


@dataclass(frozen=True)
class DataFile:
    """What a file holds, and how NumPy reads it again."""

    path: Path
    separator: str | None
    skip: int
    """Lines before the first number."""
    columns: tuple[Column, ...]

    def column(self, name: str, option: str) -> Column:
        """The column of a name; DaybreakError where there is none."""
        for one in self.columns:
            if one.name == name:
                return one
        msg = f"{option}: {self.path} has no column {name!r}; it has {known(self._names())}."
        raise DaybreakError(msg)

    def _names(self) -> list[str]:
        return [one.name for one in self.columns]

    @property
    def uncertain(self) -> Column | None:
        """The column whose name says that it holds uncertainties."""
        return next((c for c in self.columns if _SIGMA.search(c.name.lower())), None)

    @property
    def quantities(self) -> list[Column]:
        """All others."""
        return [c for c in self.columns if c is not self.uncertain]


def read(path: Path) -> DataFile:
    """Read a table of numbers.

    Parameters
    ----------
    path : Path
        Text with columns separated by commas, semicolons, tabs or white space; headings in the
        first line, behind a ``#`` or not at all; a unit in brackets: ``time (s)``.

    Raises
    ------
    DaybreakError
        When there is no such file, or it holds no table of numbers.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        msg = f"cannot read {path} ({what}); give a CSV with a column for each quantity."
        raise DaybreakError(msg) from error
    filled = [(i, line) for i, line in enumerate(lines) if line.strip()]
    first = next((i for i, line in filled if _numbers(line) is not None), None)
    if first is None:
        msg = f"{path} has no line of two or more numbers; decimal points are points, not commas."
        raise DaybreakError(msg)
    separator, width = _numbers(lines[first]) or (None, 0)
    rows = [_row(path, i, line, separator, width) for i, line in filled if i >= first]
    values = np.array([row for row in rows if row])
    if len(values) < _FEW:
        msg = f"{path} has {len(values)} rows of numbers; {_FEW} are the least to fit anything to."
        raise DaybreakError(msg)
    above = [line for i, line in filled if i < first]
    names, units = _headings(above[-1] if above else "", separator, width)
    columns = zip(range(width), names, units, values.T, strict=True)
    return DataFile(path, separator, first, tuple(Column(*one) for one in columns))


def _split(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def _numbers(line: str) -> tuple[str | None, int] | None:
    """How a line of two or more numbers is separated, and how many there are."""
    for separator in _SEPARATORS:
        cells = _split(line, separator)
        if len(cells) > 1 and all(_is_number(cell) for cell in cells):
            return separator, len(cells)
    return None


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def _row(path: Path, i: int, line: str, separator: str | None, width: int) -> list[float]:
    """The numbers of a line; none where it is a remark."""
    if line.lstrip().startswith("#"):
        return []
    cells = _split(line, separator)
    if len(cells) != width or not all(_is_number(cell) for cell in cells):
        msg = (
            f"{path}, line {i + 1}: {width} finite numbers are expected, as in the lines above, "
            f"but got {line.strip()[:60]!r}; mend the line or take it out."
        )
        raise DaybreakError(msg)
    return [float(cell) for cell in cells]


def _headings(line: str, separator: str | None, width: int) -> tuple[list[str], list[str]]:
    """Names and units; column 1, column 2, ... where the file has none."""
    cells = _split(line.lstrip("# \t"), separator) if line else []
    if len(cells) != width or len(set(cells)) != width:
        cells = [f"column {i + 1}" for i in range(width)]
    found = [_HEADING.match(cell) for cell in cells]
    names = [m["name"] if m else cell for m, cell in zip(found, cells, strict=True)]
    return names, [m["unit"].strip() if m else "" for m in found]


def scatter(x: Sequence[float] | NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Standard deviation of the noise, from how neighbours differ.

    With points ordered by x, e_i = y_i - (y_{i-1} + y_{i+1}) / 2 has the variance 3/2 sigma^2
    where the curve is straight from one point to the next but one; the median of abs(e_i) gives
    sigma and lets jumps pass: sigma = 1.4826 median(abs(e_i)) / sqrt(1.5).
    """
    ordered = y[np.argsort(np.asarray(x), kind="stable")]
    e = ordered[1:-1] - (ordered[:-2] + ordered[2:]) / 2
    return float(1.4826 * np.median(np.abs(e)) / np.sqrt(1.5))
