"""Configurations: values of all searched parameters that matter together, and their space."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.errors import ProblemError, known
from daybreak.problem.choices import Choice, Integer, Value, describe_when, known_values
from daybreak.problem.parameters import Parameter

Searched = Parameter | Choice | Integer
MOST_LISTED = 100_000
"""Configurations of a finite space that are listed one by one.

Measured: listing so many takes a quarter of a second.  A larger space counts as endless, so that a
search of it is never called complete; no night of trials would find its end anyway.
"""


class Configuration(Mapping[str, Value]):
    """Values by name, read as ``c.depth`` or ``c["depth"]``; a frozen mapping.

    A conditional parameter that does not matter is not there: ``c.get("momentum", 0.0)``.
    """

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, Value]) -> None:
        """Hold a copy of the values."""
        self._given = dict(given)

    def __getitem__(self, name: str) -> Any:
        """The value called `name`."""
        return self._given[name]

    def __getattr__(self, name: str) -> Any:
        """The same, as an attribute."""
        if name.startswith("_"):  # copying and pickling ask for these before there are values
            raise AttributeError(name)
        if name in self._given:
            return self._given[name]
        msg = (
            f"{name!r} is not part of this configuration, which has {known(self._given)}; read a "
            f"conditional parameter as configuration.get({name!r}, default)."
        )
        raise AttributeError(msg)

    def __iter__(self) -> Iterator[str]:
        """Names in the order of declaration."""
        return iter(self._given)

    def __len__(self) -> int:
        """How many parameters matter."""
        return len(self._given)

    def __reduce__(self) -> tuple[type[Configuration], tuple[dict[str, Value]]]:
        """Pickle as the values."""
        return Configuration, (self._given,)

    def __repr__(self) -> str:
        """As it would be made."""
        return f"Configuration({self._given!r})"


@dataclass(frozen=True)
class SearchSpace:
    """All searched parameters in order; one that is conditional comes after what it asks for."""

    parameters: tuple[Searched, ...]

    def __post_init__(self) -> None:
        """Names are unique and every condition can be met."""
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            msg = f"parameter names must be unique, but these repeat: {known(twice)}."
            raise ProblemError(msg)
        earlier: dict[str, Searched] = {}
        for parameter in self.parameters:
            _check_condition(parameter, earlier)
            earlier[parameter.name] = parameter

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Parameter names in order."""
        return tuple(parameter.name for parameter in self.parameters)

    @functools.cached_property
    def fixed(self) -> dict[str, Value]:
        """Values held by declaration."""
        return {p.name: p.accept(p.fixed) for p in self.parameters if p.fixed is not None}

    @property
    def free(self) -> tuple[Searched, ...]:
        """The parameters that are searched."""
        return tuple(p for p in self.parameters if p.fixed is None)

    def __getitem__(self, name: str) -> Searched:
        """The parameter called `name`."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        msg = f"no parameter is called {name!r}; the problem has {known(self.names)}."
        raise ProblemError(msg)

    def compose(self, value_of: Any) -> dict[str, Value]:
        """A configuration: ``value_of(parameter)`` of every free parameter that matters."""
        found: dict[str, Value] = {}
        for parameter in self.parameters:
            if matters(parameter, found):
                fixed = parameter.fixed is not None
                found[parameter.name] = (
                    self.fixed[parameter.name] if fixed else value_of(parameter)
                )
        return found

    def check(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """A configuration in order and of plain values.

        Raises
        ------
        ProblemError
            When a name is unknown, missing or does not matter, or a value is out of range.
        """
        unknown = [name for name in given if name not in self.names]
        if unknown:
            msg = (
                f"the configuration {dict(given)!r} has unknown names {known(unknown)}; the "
                f"parameters are {known(self.names)}."
            )
            raise ProblemError(msg)

        def take(parameter: Searched) -> Value:
            if parameter.name not in given:
                msg = f"the configuration {dict(given)!r} needs a value for {parameter.name!r}."
                raise ProblemError(msg)
            return parameter.accept(given[parameter.name])

        found = self.compose(take)
        for name, value in given.items():
            if name not in found:
                when = describe_when(self[name].when) or ["", []]
                msg = (
                    f"{name!r} has no meaning in the configuration {dict(given)!r}: it needs "
                    f"{when[0]!r} to be one of {known_values(when[1])}; leave it out."
                )
                raise ProblemError(msg)
            if name in self.fixed and self[name].accept(value) != self.fixed[name]:
                msg = (
                    f"{name!r} is fixed at {self.fixed[name]!r}, but the configuration "
                    f"{dict(given)!r} has {value!r}; leave it out."
                )
                raise ProblemError(msg)
        return found

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """A random configuration, uniform on every parameter's own scale."""
        return self.compose(lambda parameter: parameter.draw(float(rng.uniform())))

    def middle(self) -> dict[str, Value]:
        """The configuration in the middle of every range; the first of every choice."""
        return self.compose(lambda p: p.draw(0.0 if isinstance(p, Choice) else 0.5))

    @functools.cached_property
    def size(self) -> int | None:
        """How many configurations there are; None where they are real numbers or too many."""
        return None if self._listed is None else len(self._listed)

    def configurations(self) -> list[dict[str, Value]]:
        """Every configuration of a finite space; none of any other."""
        return list(self._listed or ())

    @functools.cached_property
    def _listed(self) -> list[dict[str, Value]] | None:
        columns = [_column(p) for p in self.parameters]
        if (
            math.prod(len(column) if column else MOST_LISTED + 1 for column in columns)
            > MOST_LISTED
        ):
            return None
        found: dict[tuple[Any, ...], dict[str, Value]] = {}
        for row in itertools.product(*(column or [] for column in columns)):
            given = dict(zip(self.names, row, strict=True))
            one = self.compose(lambda parameter, given=given: given[parameter.name])
            found.setdefault(tuple(one.items()), one)
        return list(found.values())

    def describe(self) -> list[dict[str, Any]]:
        """The declarations as plain data for the ledger."""
        return [describe_searched(parameter) for parameter in self.parameters]

    @classmethod
    def restore(cls, rows: Sequence[Mapping[str, Any]]) -> SearchSpace:
        """The space that `describe` wrote down."""
        return cls(tuple(_restore(row) for row in rows))


def matters(parameter: Searched, configuration: Mapping[str, Value]) -> bool:
    """Whether a parameter is part of a configuration, given what comes before it."""
    when = describe_when(parameter.when)
    return when is None or (when[0] in configuration and configuration[when[0]] in when[1])


def describe_searched(parameter: Searched) -> dict[str, Any]:
    """One declaration as plain data."""
    if isinstance(parameter, Parameter):
        when = describe_when(parameter.when)
        return {"kind": "real", **parameter.describe(), "when": when}
    return parameter.describe()


def _restore(row: Mapping[str, Any]) -> Searched:
    fields: dict[str, Any] = dict(row)
    kind, when = fields.pop("kind"), fields.pop("when")
    kinds = {"real": Parameter, "integer": Integer, "choice": Choice}
    return kinds[kind](**fields, when=None if when is None else (when[0], tuple(when[1])))


def _column(parameter: Searched) -> list[Value] | None:
    return parameter.values() if parameter.fixed is None else [parameter.fixed]


def _check_condition(parameter: Searched, earlier: Mapping[str, Searched]) -> None:
    when = describe_when(parameter.when)
    if when is None:
        return
    name, values = when
    other = earlier.get(name)
    if other is None:
        msg = (
            f"{parameter.name!r} depends on {name!r}, which is not declared before it; declared "
            f"before it are {known(earlier)}."
        )
        raise ProblemError(msg)
    if isinstance(other, Parameter):
        msg = (
            f"{parameter.name!r} depends on {name!r}, a real number, which is hardly ever equal "
            "to anything; make it depend on a dk.Choice or dk.Integer."
        )
        raise ProblemError(msg)
    for value in values:
        other.accept(value)
