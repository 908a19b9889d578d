"""What Daybreak is extended by: entry points of other packages, and classes below its own.

Nothing of another package is imported before it is used.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, TypeVar

Some = TypeVar("Some")


@dataclass(frozen=True)
class Offered:
    """Something that another package offers."""

    entry: metadata.EntryPoint

    @property
    def name(self) -> str:
        """What it is called there."""
        return self.entry.name

    @property
    def title(self) -> str:
        """What the summary calls it, e.g. ``daybreak.checks: weekend``."""
        return f"{self.entry.group}: {self.entry.name}"

    @property
    def package(self) -> str:
        """Who offers it, with its version."""
        dist = self.entry.dist
        return f"{dist.name} {dist.version}" if dist else self.entry.value

    def load(self) -> Any:
        """The thing itself."""
        return self.entry.load()

    def raised(self, error: BaseException) -> str:
        """What went wrong with it, e.g. ``'weekend' of stranger 1.2 raised KeyError: 'k'``."""
        return f"{self.name!r} of {self.package} raised {type(error).__name__}: {error}"


@cache
def offered(group: str) -> tuple[Offered, ...]:
    """All of a group that is installed here, by name."""
    found = sorted(metadata.entry_points(group=group), key=lambda entry: entry.name)
    return tuple(map(Offered, found))


def below(cls: type[Some], package: str) -> list[type[Some]]:
    """Every class below another, in the order made, with all modules of a package loaded."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    return _below(cls)


def _below(cls: type[Some]) -> list[type[Some]]:
    return [one for sub in cls.__subclasses__() for one in (sub, *_below(sub))]
