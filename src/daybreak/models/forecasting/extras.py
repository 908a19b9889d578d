"""Libraries that only forecasts need: imported where they are used, missed in a sentence."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import daybreak as dk

NETWORK = ("equinox", "optax")
"""What a network is made of and trained with."""


def needing(resources: dk.Resources, series: str, *more: str) -> dk.Resources:
    """Resources with what a trial on a series reads and imports; `more` packages by name."""
    from .prices import BUNDLED

    bundled = series in BUNDLED
    return dataclasses.replace(
        resources,
        files=() if bundled else (series,),
        packages=("arch" if bundled else "pandas", "sklearn", "talib", *more),
    )


def require(module: str, extra: str = "forecasting") -> Any:
    """Import a module of an extra.

    Raises
    ------
    daybreak.DaybreakError
        When it is not installed; the sentence says how to.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = f"{module} is needed here and cannot be imported; pip install 'daybreak[{extra}]'."
        raise dk.DaybreakError(msg) from error
