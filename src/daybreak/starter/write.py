"""The study file: a template filled from a table and a choice of curve."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from daybreak.errors import DaybreakError, known
from daybreak.starter.shapes import SHAPES, Box, Span
from daybreak.starter.table import Column, DataFile, scatter

_WIDTH = 88
"""Columns of the file that is written."""


@dataclass(frozen=True)
class Choices:
    """What was asked; None where it is to be found out."""

    measured: str | None = None
    against: str | None = None
    sigma: str | None = None
    """A column, or a number."""
    model: str = "line"


def study_file(data: DataFile, choices: Choices, output: Path) -> str:
    """The text of a study file.

    Parameters
    ----------
    data : DataFile
    choices : Choices
    output : Path
        Where it will lie; the data are read from where they are, seen from there.

    Raises
    ------
    DaybreakError
        When a column or curve is not there, or the data do not allow the curve.
    """
    if choices.model not in SHAPES:
        msg = f"--model takes {known(SHAPES)}, but got {choices.model!r}."
        raise DaybreakError(msg)
    y = data.column(choices.measured, "--measured") if choices.measured else measured(data)
    x = data.column(choices.against, "--against") if choices.against else _against(data, y)
    span = _span(x, y)
    column, constant, why = _sigma(data, choices.sigma, x, y)
    shape = SHAPES[choices.model]
    columns = [x, y, *([column] if column else [])]
    names = _names(columns)
    template = _environment().get_template("study.py.jinja")
    return template.render(
        file=output,
        title=_words(data.path.stem),
        slug=_slug(data.path.stem),
        y=y,
        columns=columns,
        names=names,
        load=_load(data, columns, names),
        sigma=names[2] if column else "sigma",
        constant=constant,
        why=why,
        data=_relative(data.path, output),
        body=[_of(line, names[0]) for line in shape.body],
        anchors=_anchors(" ".join(shape.body), names[0]),
        words=shape.words,
        boxes=[_rounded(box) for box in shape.boxes(span)],
        interest=shape.interest,
    )


def measured(data: DataFile) -> Column:
    """The column taken to be measured: the second quantity, or the one there is."""
    return data.quantities[:2][-1]


def _against(data: DataFile, y: Column) -> Column:
    others = [one for one in data.quantities if one is not y]
    if not others:
        msg = f"{data.path} has one quantity, {y.name!r}; a curve needs another to go against."
        raise DaybreakError(msg)
    return others[0]


def _sigma(
    data: DataFile, asked: str | None, x: Column, y: Column
) -> tuple[Column | None, float, str]:
    """The column of the uncertainties, or one number for all, and where it is from."""
    if asked is not None:
        try:
            number = float(asked)
        except ValueError:
            return _positive(data.column(asked, "--sigma")), 0.0, ""
        if not 0 < number < float("inf"):
            msg = f"--sigma takes a column or a number above 0, but got {asked!r}."
            raise DaybreakError(msg)
        return None, number, "the same for all points, as given"
    if data.uncertain is not None and data.uncertain is not y:
        return _positive(data.uncertain), 0.0, ""
    found = scatter(x.values, y.values)
    if found == 0:
        msg = (
            f"{data.path} has no column of uncertainties, and neighbours do not scatter; give "
            "--sigma with a column or a number."
        )
        raise DaybreakError(msg)
    return (
        None,
        _short(found),
        (
            "ESTIMATED from how neighbouring points scatter, as the file has no column of "
            "uncertainties; put your own here, for every verdict rests on it"
        ),
    )


def _positive(column: Column) -> Column:
    if column.values.min() <= 0:
        msg = (
            f"uncertainties are above 0, but {column.name!r} has {column.values.min():g}; mend "
            "the file, or give --sigma."
        )
        raise DaybreakError(msg)
    return column


def _span(x: Column, y: Column) -> Span:
    span = Span(x.values, y.values, x.unit, y.unit)
    for column, size in ((x, span.width), (y, span.height)):
        if size == 0:
            msg = f"column {column.name!r} has one value only; there is no curve to fit."
            raise DaybreakError(msg)
    return span


def _relative(path: Path, output: Path) -> str:
    """Where the data lie, seen from the study file."""
    here = output.resolve().parent
    there = path.resolve()
    return str(there.relative_to(here)) if there.is_relative_to(here) else str(there)


def _names(columns: list[Column]) -> list[str]:
    """Names that Python takes, each once."""
    found: list[str] = []
    for usual, column in zip(("x", "y", "sigma"), columns, strict=False):
        name = re.sub(r"\W+", "_", column.name.lower(), flags=re.ASCII).strip("_")
        bad = not name.isidentifier() or keyword.iskeyword(name) or name in _TAKEN
        found.append(usual if bad or name in found else name)
    return found


_TAKEN = {"np", "dk", "p", "path", "data", "predict", "settings", "problem", "study", "campaign"}
_ANCHORS = {
    "X_MID": ("({x}.min() + {x}.max()) / 2", "parameters at the middle depend least on others"),
    "X_MIN": ("{x}.min()", "amplitudes are those at the first point"),
    "X_REF": ("np.exp(np.log({x}).mean())", "the scale is that at the geometric mean"),
}


def _anchors(body: str, x: str) -> list[tuple[str, str, str]]:
    found = [(name, *pair) for name, pair in _ANCHORS.items() if name in body]
    return [(name, code.format(x=x), why) for name, code, why in found]


def _of(line: str, x: str) -> str:
    return re.sub(r"\bx\b", x, line)


def _load(data: DataFile, columns: list[Column], names: list[str]) -> str:
    """The statement that reads the columns."""
    places = [one.place for one in columns]
    what = f"delimiter={_python(data.separator)}, skiprows={data.skip}, usecols={places}"
    call = f"data, {what}, unpack=True"
    line = f"{', '.join(names)} = np.loadtxt({call})"
    return line if len(line) <= _WIDTH else f"{', '.join(names)} = np.loadtxt(\n    {call}\n)"


def _rounded(box: Box) -> Box:
    return Box(box.name, _short(box.lower), _short(box.upper), box.unit, box.log)


def _short(value: float) -> float:
    """To three digits."""
    return float(np.format_float_positional(value, 3, fractional=False))


def _slug(stem: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "study"


def _words(stem: str) -> str:
    return re.sub(r"[_\W]+", " ", stem).strip().capitalize() or "A study"


def _python(value: str | list[int] | None) -> str:
    """A literal, texts in double quotes as everywhere else in the file."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _remark(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return "\n".join(lines)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("daybreak.starter"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Python, not HTML; texts go in as literals
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["python"] = _python
    environment.filters["line"] = lambda text: " ".join(str(text).split())
    environment.filters["remark"] = _remark
    return environment
