"""Noise of any density that the user gives: ``r^2 = 2 (m(f) - m(b))``.

m is -log L as given, and b the prediction at which it is least for the datum alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.errors import ProblemError
from daybreak.problem.arrays import Array
from daybreak.problem.noise.base import TINY, AbstractNoise


def _itself(d: Any, sigma: Any) -> Any:  # noqa: ARG001 - as `best` is called
    return d


@dataclass(frozen=True)
class Likelihood(AbstractNoise):
    """Any density of a datum that is none of the others.

    Parameters
    ----------
    name : str
        What the density is called, for the reader: ``"gamma with shape 3"``.
    minus_log : function (f, d, sigma) -> array
        -log L of predictions f for data d, all of shape (m,), up to what does not depend on f; in
        NumPy or `jax.numpy`, as `predict`.
    best : function (d, sigma) -> array, optional
        The prediction at which it is least for a datum alone; by default the datum.
    sample : function (rng, f, sigma) -> array, optional
        Data as they scatter about predictions, for rehearsals and bootstraps.
    """

    name: str
    minus_log: Callable[..., Any] | None = None
    best: Callable[..., Any] = _itself
    sample: Callable[..., Any] | None = None

    @property
    def title(self) -> str:
        """What is added up."""
        return f"the deviance of noise called {self.name}"

    def check_with(self, value: float, sigma: float) -> None:
        """-log L is least where `best` says."""
        d, s = np.array([value]), np.array([sigma])
        b = np.asarray(self.best(d, s), dtype=np.float64)
        with np.errstate(all="ignore"):
            least, *beside = (
                float(np.asarray(self._minus_log(b + step, d, s))[0])
                for step in (0.0, -0.01 * sigma, 0.01 * sigma)
            )
        if not math.isfinite(least) or any(one < least for one in beside):
            msg = (
                f"-log L of noise called {self.name!r} must be least at `best`, but for the value "
                f"{value:g} it is {least:.6g} at {b[0]:g}, and {beside[0]:.6g} and "
                f"{beside[1]:.6g} a hundredth of sigma below and above; give the prediction at "
                "which it is least as best=lambda d, sigma: ..."
            )
            raise ProblemError(msg)

    def _minus_log(self, f: Any, d: Any, sigma: Any) -> Any:
        if self.minus_log is None:
            msg = f"noise called {self.name!r} was read back from a record, without its density."
            raise ProblemError(msg)
        return self.minus_log(f, d, sigma)

    def residuals(self, f: Any, d: Any, sigma: Any, xp: Any) -> Any:
        """Signed roots of the deviance (module formula)."""
        b = self.best(d, sigma)
        twice = 2.0 * (self._minus_log(f, d, sigma) - self._minus_log(b, d, sigma))
        root = xp.sqrt(xp.maximum(twice, 0.0) + TINY)
        return xp.where(f < b, -root, root)

    def draw(self, rng: np.random.Generator, f: Array, sigma: Array) -> Array:
        """What `sample` draws."""
        if self.sample is None:
            msg = (
                f"noise called {self.name!r} does not say how to draw data; give it "
                "sample=lambda rng, f, sigma: ..."
            )
            raise ProblemError(msg)
        return np.asarray(self.sample(rng, f, sigma), dtype=np.float64)

    def moments(self, f: float, d: float, sigma: float) -> tuple[float, float]:
        """None: how r^2 scatters is not said, so it tests nothing."""
        return 0.0, 0.0

    def describe(self) -> dict[str, Any]:
        """The name; the density is code, compared by its numbers."""
        return {"kind": "Likelihood", "name": self.name}
