"""Settings: named values that vary between studies and are not searched or fitted."""

from __future__ import annotations

import functools
import math
from collections import namedtuple
from collections.abc import Collection, Mapping
from typing import Any

from daybreak.errors import ProblemError, known

Setting = float | int | str | bool
Settings = Mapping[str, Setting]


@functools.cache
def named_record(kind: str, names: tuple[str, ...]) -> Any:
    """Make a named tuple, so that `settings.k` reads well and JAX sees a pytree.

    Its fields are known only at run time, hence the two exceptions.
    """
    return namedtuple(kind, names)  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple]


def plain_settings(settings: Settings) -> dict[str, Setting]:
    """Settings as Python's own numbers, strings and bools."""
    given: Mapping[str, Any] = settings
    found: dict[str, Setting] = {}
    for name, value in given.items():
        plain = value.item() if getattr(value, "shape", None) == () else value
        number = isinstance(plain, (int, float)) and math.isfinite(plain)
        if not (number or isinstance(plain, str)):
            msg = (
                f"setting {name!r} must be a finite number, a string or a bool, but got "
                f"{value!r}; data and tables belong inside `predict`."
            )
            raise ProblemError(msg)
        found[name] = plain
    return found


def resolve_settings(defaults: Settings, settings: Settings) -> dict[str, Setting]:
    """The default settings with some replaced.

    Raises
    ------
    ProblemError
        When a name is not a setting of the problem.
    """
    unknown = [name for name in settings if name not in defaults]
    if unknown:
        msg = (
            f"{known(unknown)} is not a setting of the problem, "
            f"whose settings are {known(defaults)}."
        )
        raise ProblemError(msg)
    return {**defaults, **plain_settings(settings)}


def split_settings(
    settings: Settings, untraced: Collection[str]
) -> tuple[dict[str, float], dict[str, Setting]]:
    """Separate the numbers, which are traced, from the static rest."""
    traced: dict[str, float] = {}
    static: dict[str, Setting] = {}
    for name, value in settings.items():
        if isinstance(value, (str, bool)) or name in untraced:
            static[name] = value
        else:
            traced[name] = float(value)
    return traced, static
