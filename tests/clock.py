"""A clock that models move, so that what a budget of time allows does not hang on the machine."""

from __future__ import annotations

import time

import pytest


class Clock:
    """Stands in for `time.monotonic`: a microsecond for each look, and what a model says it took.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", self)

    def __call__(self) -> float:
        """Look at it."""
        self.now += 1e-6
        return self.now
