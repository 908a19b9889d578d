"""Searched parameters that are not real numbers: choices and integers, and when they matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from daybreak.errors import ProblemError
from daybreak.problem.parameters import Scale, When, check_name, check_when

Value = float | int | str | bool | None
"""A value of a searched parameter."""


def plain_value(value: Any) -> Any:
    """A NumPy number as Python's own, anything else as it is."""
    return value.item() if getattr(value, "shape", None) == () else value


@dataclass(frozen=True)
class Integer:
    """A whole number to be searched.

    Parameters
    ----------
    name : str
        A Python identifier.
    lower, upper : int
        Bounds, both allowed; ``lower < upper``; positive on a log scale.
    step : int
        Only ``lower``, ``lower + step``, ... are tried; 1 on a log scale.
    scale : {"linear", "log"}
        How the range is measured.
    unit : str
        Shown on axes and in tables; empty means dimensionless.
    fixed : int, optional
        Hold it at this value instead of searching it.
    when : (name, value or values), optional
        It is part of a configuration only where the named choice or integer has this value.

    Raises
    ------
    ProblemError
        When the bounds, step, scale or name cannot mean anything.
    """

    name: str
    lower: int
    upper: int
    step: int = 1
    scale: Scale = "linear"
    unit: str = ""
    fixed: int | None = None
    when: When = None

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything, with the rule, the values and the next move."""
        check_name("parameter", self.name)
        check_when(self.name, self.when)
        name, lower, upper, step = self.name, self.lower, self.upper, self.step
        if not all(_is_whole(number) for number in (lower, upper, step)):
            msg = (
                f"bounds and step of {name!r} must be whole numbers, but got ({lower=}, {upper=}, "
                f"{step=}); a real number is a dk.Parameter."
            )
            raise ProblemError(msg)
        if not lower < upper:
            msg = f"`lower < upper` must hold for {name!r}, but got ({lower=}, {upper=})."
            raise ProblemError(msg)
        if self.scale not in ("linear", "log"):
            msg = f"scale of {name!r} must be 'linear' or 'log', but got {self.scale!r}."
            raise ProblemError(msg)
        if self.scale == "log" and (lower < 1 or step != 1):
            msg = (
                f"a log scale needs `lower >= 1` and `step == 1` for {name!r}, but got ({lower=}, "
                f"{step=}); use the linear scale, or a dk.Choice of the values."
            )
            raise ProblemError(msg)
        if step < 1 or (upper - lower) % step:
            msg = (
                f"`step >= 1` must divide `upper - lower` for {name!r}, but got ({lower=}, "
                f"{upper=}, {step=}); move a bound."
            )
            raise ProblemError(msg)
        if self.fixed is not None:
            self.accept(self.fixed)

    def accept(self, value: Any) -> int:
        """The value as Python's own int, if it is one of those that may be tried."""
        plain = plain_value(value)
        inside = _is_whole(plain) and self.lower <= plain <= self.upper
        if not inside or (int(plain) - self.lower) % self.step:
            steps = f" in steps of {self.step}" if self.step > 1 else ""
            msg = (
                f"{self.name!r} must be a whole number from {self.lower} to {self.upper}{steps}, "
                f"but got {value!r}; move it, or widen the bounds."
            )
            raise ProblemError(msg)
        return int(plain)

    def values(self) -> list[Value]:
        """Everything that may be tried."""
        return list(range(self.lower, self.upper + 1, self.step))

    def draw(self, u: float) -> Value:
        """The value at a place u in [0, 1] of the range."""
        if self.scale == "log":
            low, high = math.log(self.lower - 0.5), math.log(self.upper + 0.5)
            value = round(math.exp(low + u * (high - low)))
        else:
            count = (self.upper - self.lower) // self.step + 1
            value = self.lower + self.step * min(int(u * count), count - 1)
        return min(max(value, self.lower), self.upper)

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        return {
            "kind": "integer",
            "name": self.name,
            "lower": self.lower,
            "upper": self.upper,
            "step": self.step,
            "scale": self.scale,
            "unit": self.unit,
            "fixed": self.fixed,
            "when": describe_when(self.when),
        }


def _is_whole(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and value == int(value)


@dataclass(frozen=True)
class Choice:
    """One of several values, in no order.

    Parameters
    ----------
    name : str
        A Python identifier.
    options : sequence of str, number, bool or None
        At least one; all different.
    unit : str
        Shown beside the values.
    fixed : optional
        Hold it at this option instead of searching it.
    when : (name, value or values), optional
        It is part of a configuration only where the named choice or integer has this value.

    Raises
    ------
    ProblemError
        When there are no options, or some are equal or not plain values.
    """

    name: str
    options: Sequence[Value]
    unit: str = ""
    fixed: Value = None
    when: When = None

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything."""
        check_name("parameter", self.name)
        check_when(self.name, self.when)
        given: Any = self.options
        if isinstance(given, str) or not isinstance(given, Sequence) or not given:
            msg = f"options of {self.name!r} must be a list of at least one, but got {given!r}."
            raise ProblemError(msg)
        options = tuple(plain_value(option) for option in self.options)
        for option in options:
            number = isinstance(option, (int, float)) and math.isfinite(option)
            if not (number or option is None or isinstance(option, str)):
                msg = (
                    f"an option of {self.name!r} must be a finite number, text, a bool or None, "
                    f"but got {option!r}; give it a name and look it up in `evaluate`."
                )
                raise ProblemError(msg)
        if len(set(options)) < len(options):
            msg = (
                f"options of {self.name!r} must be different, but got {options!r} (1, 1.0 and "
                "True are equal)."
            )
            raise ProblemError(msg)
        object.__setattr__(self, "options", options)
        if self.fixed is not None:
            self.accept(self.fixed)

    def accept(self, value: Any) -> Value:
        """The option that equals `value`."""
        plain = plain_value(value)
        for option in self.options:
            # True == 1 in Python, and here they are not the same option.
            if option == plain and isinstance(option, bool) == isinstance(plain, bool):
                return option
        msg = f"{self.name!r} must be one of {known_values(self.options)}, but got {value!r}."
        raise ProblemError(msg)

    def values(self) -> list[Value]:
        """Everything that may be tried."""
        return list(self.options)

    def draw(self, u: float) -> Value:
        """The option at a place u in [0, 1]."""
        return self.options[min(int(u * len(self.options)), len(self.options) - 1)]

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        return {
            "kind": "choice",
            "name": self.name,
            "options": list(self.options),
            "unit": self.unit,
            "fixed": self.fixed,
            "when": describe_when(self.when),
        }


def known_values(values: Sequence[Value]) -> str:
    """List values inside a message, the first ten of them."""
    more = f" and {len(values) - 10} more" if len(values) > 10 else ""
    return ", ".join(map(repr, values[:10])) + more


def describe_when(when: When) -> list[Any] | None:
    """A condition as plain data: the other parameter's name, and the values it may have."""
    if when is None:
        return None
    name, values = when
    several = isinstance(values, (list, tuple))
    return [name, list(values) if several else [values]]
