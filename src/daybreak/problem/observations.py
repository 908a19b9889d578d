"""Data: what was measured, how well, and how well the model is trusted to describe it."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daybreak.errors import ProblemError, known
from daybreak.problem.arrays import constant
from daybreak.problem.noise.base import AbstractNoise
from daybreak.problem.noise.continuous import Gaussian
from daybreak.problem.noise.kinds import check_noise

Array = NDArray[np.float64]
GAUSSIAN = Gaussian()
_FLOOR = 1e-6
"""An unknown common size of the noise is not taken below this share of the spread of the data.

Where a model meets every datum, -2 log L has no lower end.  Nobody measures a millionth of the
spread, and the square of it, 1e-12, is still far above rounding.
"""


@dataclass(frozen=True)
class Observation:
    """One datum.

    Parameters
    ----------
    value : float
        What was measured, in `unit`.
    sigma : float, optional
        Measurement uncertainty (one standard deviation), in `unit`; positive.  Counts have none:
        what is shown for them is that of their noise at the observed value.
    model : float
        Model uncertainty, in `unit`, added in quadrature:
        ``sigma_total = sqrt(sigma^2 + model^2)``.
    unit : str
        Shown in tables; empty means dimensionless.
    group : str
        Observations of one kind share a group, whose chi2 is told separately.
    noise : noise model
        How it scatters, see `daybreak.problem.noise`; Gaussian by default.

    Raises
    ------
    ProblemError
        When the value is not finite or impossible for its noise, sigma is missing or not
        positive, or model is negative.
    """

    value: float
    sigma: float | None = None
    model: float = 0.0
    unit: str = ""
    group: str = ""
    noise: AbstractNoise = GAUSSIAN

    def __post_init__(self) -> None:
        """Refuse numbers that cannot weigh a residual."""
        check_noise(self.noise)
        if not math.isfinite(self.value):
            msg = (
                f"an observed value must be a finite number, but got {self.value}; leave the "
                "datum out if it was not measured."
            )
            raise ProblemError(msg)
        self.noise.check(self.value)
        if not self.noise.needs_sigma:
            self._has_its_own()
            return
        if self.sigma is None:
            msg = (
                f"an observation needs `sigma`, but {self.value} has none; give one standard "
                "deviation of the measurement, or a noise model that knows it, e.g. "
                "noise=dk.Poisson() for counts."
            )
            raise ProblemError(msg)
        if not (self.sigma > 0 and math.isfinite(self.sigma)):
            msg = (
                f"`sigma > 0` and finite must hold, but got (sigma={self.sigma}); give one "
                "standard deviation of the measurement, in the unit of the value."
            )
            raise ProblemError(msg)
        if not (self.model >= 0 and math.isfinite(self.model)):
            msg = (
                f"`model >= 0` and finite must hold, but got (model={self.model}); 0 means that "
                "the model is trusted."
            )
            raise ProblemError(msg)
        self.noise.check_with(self.value, self.sigma)

    def _has_its_own(self) -> None:
        """Noise that knows its size takes no other."""
        if self.sigma is not None or self.model != 0.0:
            msg = (
                f"{type(self.noise).__name__} noise follows from the prediction, so it takes "
                f"neither `sigma` nor `model`, but got (sigma={self.sigma}, model={self.model}); "
                "leave them out."
            )
            raise ProblemError(msg)

    @property
    def size(self) -> float:
        """Measurement uncertainty, in `unit`; of counts that of their noise at the value."""
        return self.noise.typical(self.value) if self.sigma is None else float(self.sigma)

    @property
    def total(self) -> float:
        """Total uncertainty, ``sqrt(sigma^2 + model^2)``, in `unit`."""
        return math.hypot(self.size, self.model)


@dataclass(frozen=True)
class Observations:
    """The data of one problem, in a fixed order.

    `named` says which form `predict` returns: a mapping name -> number when true, an array of
    shape (n_observations,) when false.
    """

    names: tuple[str, ...]
    data: tuple[Observation, ...]
    named: bool
    covariance: Array | None = field(default=None, compare=False)
    """Of the measurements, shape (n, n), where they are correlated."""

    def __post_init__(self) -> None:
        """There is something to compare with."""
        if not self.data:
            msg = "a problem needs at least one observation, but got none."
            raise ProblemError(msg)
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            msg = f"names of observations must be unique, but these repeat: {known(twice)}."
            raise ProblemError(msg)

    def __len__(self) -> int:
        """Return the number of observations."""
        return len(self.data)

    @functools.cached_property
    def values(self) -> NDArray[np.float64]:
        """Observed values, shape (n_observations,)."""
        return np.array([datum.value for datum in self.data], dtype=np.float64)

    @functools.cached_property
    def sigmas(self) -> NDArray[np.float64]:
        """Total uncertainties, shape (n_observations,)."""
        return np.array([datum.total for datum in self.data], dtype=np.float64)

    def sigmas_at(self, model: float) -> NDArray[np.float64]:
        """Total uncertainties with the model's multiplied by `model`, shape (n_observations,)."""
        return np.array(
            [math.hypot(datum.size, model * datum.model) for datum in self.data],
            dtype=np.float64,
        )

    # -- noise -------------------------------------------------------------------------------

    @functools.cached_property
    def kinds(self) -> tuple[tuple[AbstractNoise, Any], ...]:
        """Every noise model with the indices of its observations."""
        found: dict[AbstractNoise, list[int]] = {}
        for i, datum in enumerate(self.data):
            found.setdefault(datum.noise, []).append(i)
        return tuple((noise, np.array(rows)) for noise, rows in found.items())

    @functools.cached_property
    def gaussian(self) -> bool:
        """Whether every residual is ``(prediction - value) / sigma``, correlated or not."""
        return all(noise.is_gaussian for noise, _ in self.kinds)

    @functools.cached_property
    def unknown(self) -> tuple[Any, ...]:
        """Indices of the groups whose noise is known only up to a common factor."""
        found: dict[str, list[int]] = {}
        for noise, rows in self.kinds:
            if isinstance(noise, Gaussian) and not noise.is_gaussian:
                for i in rows.tolist():
                    found.setdefault(self.data[i].group, []).append(i)
        return tuple(np.array(rows) for rows in found.values())

    @functools.cached_property
    def _floors(self) -> list[float]:
        """Least common factor of each such group (formula in `Gaussian`)."""
        found: list[float] = []
        for rows in self.unknown:
            z = self.values[rows] / self.sigmas[rows]
            spread = float(np.std(z)) or float(np.abs(z).max()) or 1.0
            found.append(_FLOOR * spread)
        return found

    @property
    def count(self) -> int:
        """Number of residuals: one an observation, and one a group of unknown noise."""
        return len(self) + len(self.unknown)

    @functools.cached_property
    def whitening(self) -> Array | None:
        """K with ``K R K^T = 1`` for the correlation R of the data; None without one."""
        if self.covariance is None:
            return None
        correlation = self.covariance / np.outer(self.sigmas, self.sigmas)
        return np.asarray(np.linalg.inv(np.linalg.cholesky(correlation)), dtype=np.float64)

    def residuals(
        self, predictions: Any, observed: Any, sigmas: Any, xp: Any, sizes: Any = None
    ) -> Any:
        """Numbers whose squares add up to chi2, shape (count,).

        Parameters
        ----------
        predictions, observed, sigmas : arrays, shape (n_observations,)
            After scaling; the data; total uncertainties.
        xp : module
            NumPy or `jax.numpy`.
        sizes : sequence of numbers, optional
            Common factors of unknown noise; by default the best ones.  Derivatives are taken at
            fixed factors: they are stationary.
        """
        if self.gaussian:
            z = (predictions - observed) / sigmas
            return z if self.whitening is None else self.whitening @ z
        parts = [
            noise.residuals(predictions[rows], observed[rows], sigmas[rows], xp)
            for noise, rows in self.kinds
        ]
        order = np.argsort(np.concatenate([rows for _, rows in self.kinds]))
        z = parts[0] if len(parts) == 1 else xp.concatenate(parts)[order]
        if not self.unknown:
            return z
        found = self._sizes(z, xp) if sizes is None else sizes
        scale: Any = np.ones(len(self))
        more: list[Any] = []
        for rows, size, floor in zip(self.unknown, found, self._floors, strict=True):
            member = np.zeros(len(self), dtype=np.bool_)
            member[rows] = True
            scale = xp.where(member, size, scale)
            more.append(xp.sqrt(2.0 * len(rows) * xp.log(size / floor)))
        return xp.concatenate([z / scale, xp.stack(more)])

    def _sizes(self, z: Any, xp: Any) -> list[Any]:
        """Root mean square of each group of unknown noise, a constant to derivatives."""
        found = [
            xp.maximum(xp.sqrt(xp.mean(z[rows] ** 2)), floor)
            for rows, floor in zip(self.unknown, self._floors, strict=True)
        ]
        return [constant(size, xp) for size in found]

    def sizes_of(self, residuals: Array) -> Array:
        """The factors of unknown noise that residuals were made with, (L, count) -> (L, g)."""
        more = residuals[..., len(self) :]
        counts = np.array([len(rows) for rows in self.unknown], dtype=np.float64)
        return np.array(self._floors) * np.exp(more**2 / (2.0 * counts)) if len(counts) else more

    def draw(self, rng: np.random.Generator, predictions: Array) -> Array:
        """Data as they scatter about true predictions, shape (n_observations,)."""
        if self.whitening is not None:
            root = np.linalg.inv(self.whitening)
            return predictions + self.sigmas * (root @ rng.standard_normal(len(self)))
        drawn = predictions.copy()
        for noise, rows in self.kinds:
            drawn[rows] = noise.draw(rng, predictions[rows], self.sigmas[rows])
        return drawn

    def extended(self, more: Mapping[str, Observation]) -> Observations:
        """These and others that are independent of them."""
        square = self.covariance
        if square is not None:
            widths = np.array([datum.total for datum in more.values()])
            zeros = np.zeros((len(self), len(more)))
            square = np.block([[square, zeros], [zeros.T, np.diag(widths**2)]])
        names, data = (*self.names, *more), (*self.data, *more.values())
        return Observations(names, data, self.named, square)

    def describe(self) -> list[dict[str, Any]]:
        """The data as plain data for the ledger."""
        return [
            {
                "name": name,
                "value": float(datum.value),
                "sigma": datum.size,
                "model": float(datum.model),
                "unit": datum.unit,
                "group": datum.group,
                "noise": datum.noise.describe(),
            }
            for name, datum in zip(self.names, self.data, strict=True)
        ]
