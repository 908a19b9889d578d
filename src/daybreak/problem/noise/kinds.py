"""The noise that a record describes: one of the modules beside this one, or of another package.

Another package offers a noise model as an entry point in the group ``daybreak.noises``, under the
name of its class.  It is imported when it is declared, or when a record speaks of it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from daybreak.errors import LedgerError, ProblemError, known
from daybreak.plugins import below, offered
from daybreak.problem.noise.base import AbstractNoise
from daybreak.problem.noise.likelihood import Likelihood
from daybreak.problem.outcomes import canonical

NOISES = "daybreak.noises"
"""Group of noise models: classes under their own names."""
_HERE = __name__.rpartition(".")[0]


@functools.cache
def ours() -> Mapping[str, type[AbstractNoise]]:
    """Every noise model in this folder, by its name in a record."""
    found = below(AbstractNoise, _HERE)
    return {kind.__name__: kind for kind in found if kind.declared_by() is None}


@functools.lru_cache(maxsize=4096)
def _restored(text: str) -> AbstractNoise:
    described = json.loads(text)
    kind, by = described.pop("kind"), described.pop("by", None)
    given = {name: value for name, value in described.items() if value is not None}
    return (ours()[kind] if by is None else _theirs(kind, by))(**given)


def restore(described: Mapping[str, Any]) -> AbstractNoise:
    """The noise that a record describes.

    It is kept by its text, since 4 and 4.0 are equal and are not written alike.

    Raises
    ------
    LedgerError
        When nobody here can read it.
    """
    return _restored(canonical(dict(described)))


def _theirs(kind: str, by: str) -> type[AbstractNoise]:
    """A noise model of another package: one that is loaded already, or one that is offered.

    What a record names is looked up, and never imported.
    """
    loaded = {one.declared_by(): one for one in below(AbstractNoise, _HERE)}
    entries = {one.name: one for one in offered(NOISES)}
    if by not in loaded and kind not in entries:
        msg = (
            f"nobody here can read the noise {kind!r}, which {by} declares: it is offered by no "
            f"entry point in the group {NOISES!r}, where there are {known(entries)}. Install the "
            "package that it comes from, or import that module first."
        )
        raise LedgerError(msg)
    return loaded[by] if by in loaded else entries[kind].load()


def check_noise(noise: Any) -> None:
    """Refuse what is no noise model, or could not be read back from a record."""
    if not isinstance(noise, AbstractNoise):
        names = known(f"dk.{name}" for name in ours())
        msg = (
            f"`noise` must be one of {names}, e.g. dk.Poisson(), or a "
            f"daybreak.extending.AbstractNoise, but got {noise!r}."
        )
        raise ProblemError(msg)
    name = type(noise).__name__
    by = noise.declared_by()
    if by is not None and name in ours():
        msg = f"{name} is a noise of Daybreak's own; give that of {by} another name."
        raise ProblemError(msg)
    if not is_dataclass(noise):
        msg = (
            f"{name} must be a frozen dataclass of its options, so that a record can say them: "
            "write @dataclass(frozen=True) above it."
        )
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
