"""Every noise model by its name, and the noise that a record describes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from daybreak.errors import ProblemError, known
from daybreak.problem.noise.base import AbstractNoise
from daybreak.problem.noise.continuous import Censored, Gaussian, StudentT
from daybreak.problem.noise.counts import Binomial, Poisson
from daybreak.problem.noise.likelihood import Likelihood

KINDS: Mapping[str, type[AbstractNoise]] = {
    kind.__name__: kind for kind in (Gaussian, Poisson, Binomial, StudentT, Censored, Likelihood)
}


@functools.lru_cache(maxsize=4096)
def _restored(kind: str, options: tuple[tuple[str, Any], ...]) -> AbstractNoise:
    given = {name: value for name, value in options if value is not None}
    return KINDS[kind](**given)


def restore(described: Mapping[str, Any]) -> AbstractNoise:
    """The noise that a record describes."""
    rest = tuple((name, value) for name, value in described.items() if name != "kind")
    return _restored(described["kind"], rest)


def check_noise(noise: Any) -> None:
    """Refuse what is no noise model."""
    if not isinstance(noise, AbstractNoise):
        names = known(f"dk.{name}" for name in KINDS)
        msg = f"`noise` must be one of {names}, e.g. dk.Poisson(), but got {noise!r}."
        raise ProblemError(msg)
    if isinstance(noise, Likelihood) and not callable(noise.minus_log):
        msg = (
            f"noise called {noise.name!r} needs its density, e.g. "
            "minus_log=lambda f, d, sigma: abs(f - d) / sigma, but got "
            f"(minus_log={noise.minus_log!r})."
        )
        raise ProblemError(msg)


def is_unknown(datum: Mapping[str, Any]) -> bool:
    """Whether the size of a described observation's noise is fitted."""
    return datum["noise"].get("scale") == "unknown"
