"""Both stores of ours keep to the contract of stores."""

from __future__ import annotations

import itertools
import os

import pytest

from daybreak.ledger.place import Server
from daybreak.ledger.store import Ledger
from daybreak.testing.contracts import StoreContract

NAMES = itertools.count()


class TestSQLite(StoreContract):
    """A file."""

    def make(self, place):
        """In the directory itself."""
        place.mkdir(exist_ok=True)
        return Ledger(place, write=True)


class TestPostgreSQL(StoreContract):
    """A schema on a server."""

    @pytest.fixture(autouse=True)
    def _server(self, postgres):
        self.url = postgres.url

    def make(self, place):
        """A schema of its own, which the directory remembers."""
        place.mkdir(exist_ok=True)
        server = Server.of(self.url, f"contract-{os.getpid()}-{next(NAMES)}")
        server.remember(place)
        return Ledger(place, write=True, server=server)
