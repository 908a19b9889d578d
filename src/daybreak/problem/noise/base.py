"""What a noise model is: residuals, draws, and the moments of a squared residual."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any

import numpy as np

from daybreak.problem.arrays import Array

_HERE = __name__.rpartition(".")[0]
TINY = 1e-12
"""Added under a root that may vanish where its slope does not; no chi2 is told that closely.

The slope of a bare root is infinite at 0; with this it is at most 5e5 times that of its square.
"""


class AbstractNoise(ABC):
    """How observations of one kind scatter; a concrete one is a frozen dataclass of its options.

    A package offers its own as an entry point in the group ``daybreak.noises``, under the name of
    the class.
    """

    needs_sigma = True
    """Whether an uncertainty has to be given."""
    is_gaussian = False
    title = ""
    """What is added up, for a reader of chi2."""

    @abstractmethod
    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Residuals of predictions f for data d, all of shape (m,) (module formula)."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """Data as they scatter about predictions f, shape (m,)."""

    @abstractmethod
    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """Mean and variance of r^2 where f is true; zeros where r^2 tests nothing."""

    def check(self, value: float) -> None:  # noqa: B027 - most values are fine
        """Refuse a value that this noise cannot produce."""

    def check_with(self, value: float, sigma: float) -> None:  # noqa: B027 - most go together
        """Refuse a value and an uncertainty that do not go together."""

    def typical(self, value: float) -> float:
        """Standard deviation about `value`, of noise that knows it."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The declaration as plain data for the ledger."""
        options: Any = self
        plain = {k: None if _infinite(v) else v for k, v in asdict(options).items()}
        by = self.declared_by()
        return {"kind": type(self).__name__, **({"by": by} if by else {}), **plain}

    @classmethod
    def declared_by(cls) -> str | None:
        """Where another package declares it, ``module:name``; None where Daybreak itself does."""
        ours = cls.__module__.startswith(f"{_HERE}.")
        return None if ours else f"{cls.__module__}:{cls.__qualname__}"


def _infinite(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)
