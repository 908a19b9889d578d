"""Whether a model computes with JAX or NumPy: found by calling its functions once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from daybreak.errors import PredictionError
from daybreak.problem.parameters import Space
from daybreak.problem.precision import double_precision
from daybreak.problem.settings import Settings, split_settings

Backend = Literal["jax", "numpy"]
Function = Callable[[Any, Any], Any]


class Tried(NamedTuple):
    """What calling a user's function once has shown."""

    found: Any
    """What it returned; arrays of zeros of the same shapes where JAX computes nothing."""
    with_jax: bool
    """Whether it returned JAX arrays: it is written with `jax.numpy`."""
    traceable: bool


@dataclass(frozen=True, eq=False)
class Tries:
    """A user's functions, each called once for every choice of static settings."""

    functions: Mapping[str, Function]
    """By what they are called in messages."""
    arguments: Callable[[Sequence[Any], Settings], tuple[Any, Any]]
    """What a function is given for the values of all parameters and the settings."""
    space: Space
    untraced: Collection[str]
    """Numeric settings that are static."""
    seen: dict[tuple[object, ...], Tried] = field(default_factory=dict[tuple[object, ...], Tried])
    """What was found, by name and static settings."""

    def of(self, name: str, settings: Settings) -> Tried:
        """What one function shows; where it uses JAX, nothing is computed."""
        _, static = split_settings(settings, self.untraced)
        mark = (name, *static.items())
        if mark not in self.seen:
            found = self._call(name, settings)
            with_jax = holds_jax(found)
            self.seen[mark] = Tried(
                found if not with_jax else plain_shapes(found),
                with_jax,
                self._traceable(self.functions[name], settings),
            )
        return self.seen[mark]

    def _call(self, name: str, settings: Settings) -> Any:
        failed: list[tuple[list[float], Exception]] = []
        for values in self.space.probes().tolist():  # it may raise in a part of the box
            try:
                return _called(self.functions[name], self.arguments(values, settings))
            except Exception as error:  # noqa: BLE001 - told below, if it is no better elsewhere
                failed.append((values, error))
        values, error = failed[0]
        at = dict(zip(self.space.names, values, strict=True))
        msg = (
            f"{name} raised {type(error).__name__}: {error} at {at}, and at {len(failed) - 1} "
            "other places of the box."
        )
        raise PredictionError(msg) from error

    def _traceable(self, function: Function, settings: Settings) -> bool:
        """Whether JAX can trace `function`; False where JAX is not loaded."""
        jax: Any = sys.modules.get("jax")
        if jax is None:
            return False
        traced, static = split_settings(settings, self.untraced)

        def shape_of(values: Any, numbers: Any) -> Any:
            found = function(*self.arguments(values, {**static, **numbers}))
            # A list of numbers is an array, as it is without JAX.
            return jax.numpy.asarray(found) if isinstance(found, (list, tuple)) else found

        with jax.enable_x64(True):
            try:
                jax.eval_shape(shape_of, self.space.probes()[0].tolist(), traced)
            except Exception:  # noqa: BLE001 - why is told by calling it with numbers
                return False
        return True


def backend_of(tried: Mapping[str, Tried]) -> Backend:
    """What a problem computes with, whose functions showed this.

    Raises
    ------
    PredictionError
        When one of them uses JAX and another cannot be traced by it.
    """
    if not any(one.with_jax for one in tried.values()):
        return "numpy"
    stuck = [name for name, one in tried.items() if not one.traceable]
    if stuck:
        msg = (
            f"the problem computes with JAX, but JAX cannot trace {' and '.join(stuck)}: use "
            "jnp.where instead of `if` on a parameter and jax.numpy instead of numpy "
            "throughout, or numpy alone."
        )
        raise PredictionError(msg)
    return "jax"


def staged(function: Callable[[Any, Any], Any], arguments: tuple[Any, Any]) -> Any:
    """Call `function` with numbers, while JAX, if it is loaded, only notes what it would do."""
    jax: Any = sys.modules.get("jax")
    if jax is None:
        return function(*arguments)
    kept: list[Any] = []

    def noted() -> int:
        kept.append(function(*arguments))
        return 0

    jax.eval_shape(noted)
    return kept[0]


def _called(function: Function, arguments: tuple[Any, Any]) -> Any:
    """What a function returns; called again where it was the first to import JAX, in float32."""
    loaded = "jax" in sys.modules
    with np.errstate(all="ignore"), double_precision():
        found = staged(function, arguments)
    return found if loaded or "jax" not in sys.modules else _called(function, arguments)


def plain_shapes(found: Any) -> Any:
    """Replace JAX arrays by zeros of the same shape and type."""

    def zeros(part: Any) -> Any:
        return np.zeros(part.shape, part.dtype) if holds_jax(part) else part

    if isinstance(found, Mapping):
        given: Mapping[str, Any] = found
        return {name: zeros(part) for name, part in given.items()}
    return [zeros(part) for part in found] if isinstance(found, (list, tuple)) else zeros(found)


def holds_jax(value: Any) -> bool:
    """Whether a number, or any of a mapping, is an array of JAX."""
    jax: Any = sys.modules.get("jax")
    parts: list[Any] = list(value.values()) if isinstance(value, Mapping) else [value]
    return jax is not None and any(isinstance(part, jax.Array) for part in parts)
