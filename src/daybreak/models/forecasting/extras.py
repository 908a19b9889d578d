"""Libraries that only forecasts need: imported where they are used, missed in a sentence."""

from __future__ import annotations

import importlib
from typing import Any

import daybreak as dk


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
