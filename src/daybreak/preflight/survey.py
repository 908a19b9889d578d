"""Places all over the box with their residuals: what several checks begin with."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from daybreak.methods.evaluate.with_jax import WIDTH
from daybreak.preflight.probe import Probe
from daybreak.problem.arrays import Array
from daybreak.sentences import worded

PLACES = 256
"""Places of a survey.

A part of the box of 1 % in which a model fails is then seen in 92 % of cases.
"""
ROUNDING = float(np.finfo(np.float64).eps)
"""Relative distance of neighbouring numbers in double precision, 2.2e-16."""


@dataclass(frozen=True, eq=False)
class Survey:
    """Residuals at random places."""

    u: Array
    """Unit coordinates, shape (N, n)."""
    residuals: Array
    """Shape (N, m)."""

    @property
    def finite(self) -> np.ndarray:
        """Where all residuals are finite, shape (N,)."""
        return np.asarray(np.isfinite(self.residuals).all(axis=1))

    @property
    def best(self) -> Array:
        """The finite places, the one with the lowest chi2 first, shape (<= N, n)."""
        at = np.flatnonzero(self.finite)
        with np.errstate(over="ignore"):
            chi2 = (self.residuals[at] ** 2).sum(axis=1)
        return self.u[at[np.argsort(chi2, kind="stable")]]

    def good_and_other(self, count: int) -> Array:
        """Finite places: half with the lowest chi2, half of the rest; shape (<= count, n)."""
        best = self.best
        others = best[count // 2 :]
        stride = max(1, len(others) // max(1, count - count // 2))
        return np.concatenate([best[: count // 2], others[::stride][: count - count // 2]])


_SURVEYS: weakref.WeakKeyDictionary[Probe, Survey] = weakref.WeakKeyDictionary()


def survey(probe: Probe) -> Survey:
    """Residuals at `PLACES` places, asked once a probe."""
    if probe not in _SURVEYS:
        u = probe.sample(PLACES, "survey")
        _SURVEYS[probe] = Survey(u, ask(probe, u))
    return _SURVEYS[probe]


def ask(probe: Probe, u: Array) -> Array:
    """Residuals at many places, shape (N, n) -> (N, m), looking at the clock now and then."""
    return in_blocks(probe, probe.residuals, u)


def in_blocks(probe: Probe, call: Callable[[Array], Array], u: Array) -> Array:
    """Call for as many places at a time as share a compiled call, looking at the clock between."""
    block, parts = (WIDTH if probe.differentiable else 1), list[Array]()
    for first in range(0, len(u), block):
        probe.check_time()
        parts.append(call(u[first : first + block]))
    return np.concatenate(parts)


def rounding_of(probe: Probe, residuals: Array) -> Array:
    """What rounding a prediction once does to its residual, shape (..., m).

    ``eps (|r| + 2 |d| / sigma)``, which bounds ``eps max(|y|, |d|) / sigma``.
    """
    return ROUNDING * (np.abs(residuals) + 2 * sizes_of(probe))


def sizes_of(probe: Probe) -> Array:
    """Observed values in units of sigma, and 0 for what is no observation; shape (m,)."""
    data = probe.problem.data
    return np.concatenate([np.abs(data.values / data.sigmas), np.zeros(data.count - len(data))])


def value_of(probe: Probe, column: int, place: float) -> float:
    """Value of one free parameter at a unit coordinate."""
    u = np.full((1, len(probe.free)), 0.5)
    u[0, column] = place
    return float(probe.values(u)[0, column])


def with_unit(probe: Probe, column: int, value: float) -> str:
    """A value of a free parameter for a sentence, e.g. ``0.1109 nm``."""
    parameter = probe.box.parameters[column]
    if abs(value) < 1e-6 * (parameter.upper - parameter.lower) and parameter.scale == "linear":
        value = 0.0
    shown = worded("{:.4g}", value)
    return worded("{} {}", shown, parameter.unit) if parameter.unit else shown
