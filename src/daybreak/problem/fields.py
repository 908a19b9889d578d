"""Fill values into text: ``{name}`` and ``{name:format}``, and no other braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from daybreak.errors import ProgramError, known

# A brace that is followed by anything but a name belongs to the text: JSON, C, LaTeX.
_FIELD = re.compile(r"\{([A-Za-z_]\w*)(?::([^{}]*))?\}")


def fields_of(p: Any, settings: Any) -> dict[str, Any]:
    """Parameters and settings by name, as Python's own numbers, text and bools."""
    values: dict[str, Any] = {name: float(value) for name, value in p._asdict().items()}
    for name, value in settings._asdict().items():
        values[name] = value if isinstance(value, (str, bool, int)) else float(value)
    return values


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Replace every field; a float has all its digits unless a format says otherwise.

    Raises
    ------
    ProgramError
        When a field names nothing, or its format does not fit.
    """

    def value(match: re.Match[str]) -> str:
        name, form = match[1], match[2]
        if name not in values:
            msg = f"the field {match[0]} names nothing; there are {known(values)}."
            raise ProgramError(msg)
        try:
            return str(values[name]) if form is None else format(values[name], form)
        except ValueError as error:
            msg = f"the field {match[0]} cannot format {values[name]!r}: {error}."
            raise ProgramError(msg) from error

    return _FIELD.sub(value, text)
