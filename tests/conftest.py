"""A PostgreSQL server for the tests that need one, started once."""

import pytest

from tests.postgres import server


@pytest.fixture(scope="session")
def postgres():
    """One server for all tests of this process."""
    with server() as made:
        yield made
