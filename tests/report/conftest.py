"""Recorded nights for every test of a view, and golden texts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daybreak.report.summary import Summary
from tests.report import recorded

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(params=recorded.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Name of a recorded night."""
    return request.param


@pytest.fixture
def summary(name: str) -> Summary:
    """Its summary: FAIL, PASS, UNDECIDED, SOFT_PASS, a search, and one that was not run."""
    return recorded.summary(name)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a golden file; DAYBREAK_UPDATE_GOLDEN=1 rewrites the file."""

    def compare(file: str, text: str) -> None:
        path = GOLDEN / file
        if os.environ.get("DAYBREAK_UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
