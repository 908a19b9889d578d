"""Which tests are begun first, so that two processes end at about the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("daybreak.testing.contracts")
ROOT = Path(__file__).parent
LONG = (
    "validation/long/test_lepton_campaigns_a.py",
    "validation/long/test_lepton_campaigns_b.py",
    "validation/long/test_soliton_campaigns.py",
    "tests/test_chaos.py",
    "tests/models/test_forecasting_search.py",
    "tests/runner/test_together.py",
    "tests/test_docs.py",
    "tests/methods/test_known_problems.py",
    "tests/test_kill.py",
    "tests/models/test_forecasting_training.py",
    "tests/models/test_stranger.py",
    "tests/runner/test_postgres.py",
    "tests/contracts/test_methods.py",
    "tests/contracts/test_executors.py",
    "tests/test_cli.py",
    "tests/runner/test_dask.py",
    "tests/test_sharing.py",
)
"""Files that take longest, longest first, as `make test` prints them at its end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; a file stays whole, as its tests share what is costly to make."""
    rank = {ROOT / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
