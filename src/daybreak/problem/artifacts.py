"""Pictures and tables that a trial attaches: numbers with units, drawn without its code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.errors import ProblemError
from daybreak.problem.parameters import Scale

MOST_NUMBERS = 200_000
"""Numbers that one attachment may hold; more belongs into a file.

A choice: as text in the ledger that is about 4 MB, read anew whenever a report is made.
"""


@dataclass(frozen=True, eq=False)
class Curve:
    """Lines over a common axis.

    Parameters
    ----------
    name : str
        Title, and the name of the attachment.
    x : array, shape (n,)
        Positions.
    y : mapping label -> array, shape (n,)
        One line for each label; values that are not finite leave a gap.
    x_label, y_label : str
        Names of the axes.
    x_unit, y_unit : str
        Their units; empty means dimensionless.
    x_scale, y_scale : {"linear", "log"}
        How the axes are measured.
    bands : mapping label -> (low, high), arrays of shape (n,)
        What surrounds lines of `y`: a band around a line, error bars at points.
    points : sequence of str
        Lines of `y` that are measurements, drawn as points and not joined.

    Examples
    --------
    Measurements and a law with its band share an axis; where there is no measurement, it is NaN:

    >>> import numpy as np
    >>> loss = np.array([0.30, np.nan, 0.27])
    >>> law = np.array([0.301, 0.284, 0.272])
    >>> Curve(
    ...     "Loss by size",
    ...     [1e3, 1e4, 1e5],
    ...     {"networks": loss, "law": law},
    ...     x_scale="log",
    ...     bands={"networks": (loss - 0.01, loss + 0.01), "law": (law - 0.005, law + 0.005)},
    ...     points=["networks"],
    ... ).dump()["points"]
    ['networks']
    """

    name: str
    x: Any
    y: Mapping[str, Any]
    x_label: str = "x"
    y_label: str = "y"
    x_unit: str = ""
    y_unit: str = ""
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    bands: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]])
    points: Sequence[str] = ()

    def dump(self) -> dict[str, Any]:
        """The curve as plain data.

        Raises
        ------
        ProblemError
            When a line is not as long as the axis, or there is a band around no line.
        """
        x = _numbers(self.name, self.x, 1)
        y = {str(label): self._line(label, line, len(x)) for label, line in self.y.items()}
        bands = {
            str(label): [self._line(label, end, len(x)) for end in ends]
            for label, ends in self.bands.items()
        }
        strange = [label for label in (*bands, *self.points) if label not in y]
        if strange:
            msg = f"curve {self.name!r} has no line {strange[0]!r}; known lines are {list(y)}."
            raise ProblemError(msg)
        return {
            "kind": "curve",
            "name": self.name,
            "x": x,
            "y": y,
            "x_label": self.x_label,
            "y_label": self.y_label,
            "x_unit": self.x_unit,
            "y_unit": self.y_unit,
            "x_scale": self.x_scale,
            "y_scale": self.y_scale,
            "bands": bands,
            "points": list(self.points),
        }

    def _line(self, label: str, given: Any, count: int) -> list[Any]:
        """One value for each position."""
        line = _numbers(self.name, given, 1)
        if len(line) != count:
            msg = (
                f"curve {self.name!r} has {count} positions, but {len(line)} values of "
                f"{label!r}; give one value for each position."
            )
            raise ProblemError(msg)
        return line


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers on a lattice, e.g. a confusion matrix or a density.

    Parameters
    ----------
    name : str
        Title, and the name of the attachment.
    values : array, shape (n_rows, n_columns)
        The numbers; those that are not finite stay empty.
    rows, columns : sequence of str or number
        What the rows and columns are.
    row_label, column_label : str
        Names of the axes.
    unit : str
        Unit of the numbers.
    """

    name: str
    values: Any
    rows: Sequence[Any] = ()
    columns: Sequence[Any] = ()
    row_label: str = "row"
    column_label: str = "column"
    unit: str = ""

    def dump(self) -> dict[str, Any]:
        """The matrix as plain data.

        Raises
        ------
        ProblemError
            When rows or columns are named, but not all of them.
        """
        values = _numbers(self.name, self.values, 2)
        shape = (len(values), len(values[0]) if values else 0)
        names = [list(self.rows), list(self.columns)]
        for axis, given in zip(("rows", "columns"), names, strict=True):
            size = shape[axis == "columns"]
            if given and len(given) != size:
                msg = f"matrix {self.name!r} has {size} {axis}, but {len(given)} names of them."
                raise ProblemError(msg)
        return {
            "kind": "matrix",
            "name": self.name,
            "values": values,
            "rows": plain(names[0]),
            "columns": plain(names[1]),
            "row_label": self.row_label,
            "column_label": self.column_label,
            "unit": self.unit,
        }


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers and words.

    Parameters
    ----------
    name : str
        Title, and the name of the attachment.
    columns : mapping column name -> sequence
        Columns of one length.
    units : mapping column name -> str
        Units of columns.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    units: Mapping[str, str] = field(default_factory=dict[str, str])

    def dump(self) -> dict[str, Any]:
        """The table as plain data.

        Raises
        ------
        ProblemError
            When the columns are not of one length.
        """
        columns = {str(name): plain(list(column)) for name, column in self.columns.items()}
        if len({len(column) for column in columns.values()}) > 1:
            sizes = {name: len(column) for name, column in columns.items()}
            msg = f"columns of table {self.name!r} must be of one length, but got {sizes}."
            raise ProblemError(msg)
        return {
            "kind": "table",
            "name": self.name,
            "columns": columns,
            "units": dict(self.units),
        }


Artifact = Curve | Matrix | Table


def _numbers(name: str, given: Any, dimensions: int) -> list[Any]:
    """An array as nested lists, with None for what is not finite."""
    array = np.asarray(given, dtype=np.float64)
    if array.ndim != dimensions or array.size > MOST_NUMBERS:
        msg = (
            f"{name!r} needs an array of {dimensions} dimension{'s' * (dimensions > 1)} and at "
            f"most {MOST_NUMBERS} numbers, but got shape {array.shape}; attach a file instead."
        )
        raise ProblemError(msg)
    return plain(array.tolist())


def plain(value: Any) -> Any:
    """Anything as plain data for the ledger: numbers that are not finite become None.

    What has no plain form is written as text, because a record must not fail a trial.
    """
    if hasattr(value, "tolist"):  # NumPy's, JAX's and PyTorch's arrays and numbers
        return plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        given: Mapping[Any, Any] = value
        return {str(name): plain(part) for name, part in given.items()}
    if isinstance(value, (list, tuple)):
        parts: Sequence[Any] = value
        return [plain(part) for part in parts]
    return str(value)
