"""Read what an external program wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BETWEEN = re.compile(r"[\s,;]+")
_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[-+\d])")
"""The exponent of a double in Fortran: 1.0D-03."""


def numbers_in(path: Path) -> NDArray[np.float64]:
    """All numbers of a text file, in order, shape (n,).

    Raises
    ------
    ValueError
        When there is none, or a word that is no number.
    """
    found: list[float] = []
    for count, line in enumerate(path.read_text().splitlines(), start=1):
        for word in filter(None, _BETWEEN.split(line.partition("#")[0])):
            try:
                found.append(float(_FORTRAN.sub("e", word)))
            except ValueError:
                msg = f"line {count} of {path.name} holds {word!r}, which is no number"
                raise ValueError(msg) from None
    if not found:
        msg = f"{path.name} holds no number"
        raise ValueError(msg)
    return np.array(found)


def json_in(path: Path) -> Any:
    """A JSON array of numbers as an array, shape (n,), or an object as a mapping.

    Raises
    ------
    ValueError
        When it is neither, or holds anything but numbers.
    """
    found: Any = json.loads(path.read_text())
    if isinstance(found, dict):
        named: dict[str, Any] = found
        return {name: _number(value, path) for name, value in named.items()}
    if isinstance(found, list):
        values: list[Any] = found
        return np.array([_number(value, path) for value in values])
    msg = f"{path.name} must hold an array of numbers or an object name -> number"
    raise ValueError(msg)


def _number(value: Any, path: Path) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    msg = f"{path.name} holds {value!r} where a number belongs"
    raise ValueError(msg)
