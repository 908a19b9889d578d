"""What is known of a model all over its box: the survey that every check begins with.

It is made once a study and kept: 256 places of low discrepancy (Sobol 1967, USSR Comput. Math. 7,
86; scrambled by the seed of the study), the declared guess, places near those that are finite
where few are, and the ends of the local fits that reachability and `optimum` made.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from daybreak.methods.evaluate.with_jax import WIDTH
from daybreak.methods.method import seed_of
from daybreak.preflight.probe import Probe
from daybreak.problem.arrays import Array
from daybreak.sentences import worded

PLACES = 256
"""Places of a survey, a power of two for the balance of a Sobol sequence.

A part of the box of 1 % in which a model fails is seen in more than 92 % of cases.
"""
FARTHER = 2048
"""Further places at which a number is sought where none of `PLACES` is finite.

A choice: a model that is finite in a thousandth of the box is then found in 90 % of cases, for as
many evaluations as the whole preflight of a small study.
"""
ENOUGH = 64
"""Finite places that are wanted; where there are fewer more are taken near them.

As many as a check asks for at most (`knob_check.PLACES`).
"""
NEARER = 8
"""Rounds of `WIDTH` places near the finite ones; a choice: each halves the distance if need be."""
ENDS = 4
"""Ends of fits that are kept; a choice: other minima are as telling as the lowest."""
ROUNDING = float(np.finfo(np.float64).eps)
"""Relative distance of neighbouring numbers in double precision, 2.2e-16."""


@dataclass(eq=False)
class Survey:
    """Residuals at places all over the box, and the better places known beside them."""

    u: Array
    """Unit coordinates of the places of low discrepancy, shape (N, n)."""
    residuals: Array
    """Shape (N, m)."""
    near: Array
    """Finite places beside those, shape (K, n): the guess, and places near finite ones."""
    near_chi2: Array
    """Chi2 there, shape (K,)."""
    ends: list[tuple[float, Array]]
    """Chi2 and unit coordinates of where local fits ended, the lowest first."""

    @property
    def finite(self) -> np.ndarray:
        """Where all residuals are finite, shape (N,)."""
        return np.asarray(np.isfinite(self.residuals).all(axis=1))

    @property
    def surveyed(self) -> Array:
        """The finite places but for ends of fits, the lowest chi2 first, shape (K, n)."""
        chi2 = np.concatenate([squares(self.residuals[self.finite]), self.near_chi2])
        places = np.concatenate([self.u[self.finite], self.near])
        return places[np.argsort(chi2, kind="stable")]

    @property
    def best(self) -> Array:
        """Ends of fits, then the places, each with the lowest chi2 first, shape (K, n)."""
        return np.concatenate([*(u[None] for _, u in self.ends), self.surveyed])

    def good_and_other(self, count: int) -> Array:
        """Surveyed places: half with the lowest chi2, half of the rest; shape (<= count, n)."""
        best = self.surveyed
        others = best[count // 2 :]
        stride = max(1, len(others) // max(1, count - count // 2))
        return np.concatenate([best[: count // 2], others[::stride][: count - count // 2]])


_SURVEYS: weakref.WeakKeyDictionary[Probe, Survey] = weakref.WeakKeyDictionary()
_ENDS: weakref.WeakKeyDictionary[Probe, list[tuple[float, Array]]] = weakref.WeakKeyDictionary()


def ends(probe: Probe) -> list[tuple[float, Array]]:
    """Chi2 and unit coordinates of where local fits ended so far, the lowest first."""
    return _ENDS.setdefault(probe, [])


def add_end(probe: Probe, chi2: float, u: Array) -> None:
    """Keep where a fit ended, unless it is known or `ENDS` lower ones are."""
    known = ends(probe)
    if np.isfinite(chi2) and all(np.abs(u - v).max() > 1e-6 for _, v in known):
        known.append((chi2, u))
        known.sort(key=lambda end: end[0])
        del known[ENDS:]


def survey(probe: Probe) -> Survey:
    """The survey of a study, made when it is first asked for.

    It takes `PLACES` evaluations; at most `NEARER` times `WIDTH` more where few are finite, and
    `FARTHER` more where none is.
    """
    if probe not in _SURVEYS:
        u = low_discrepancy(probe, PLACES)
        found = Survey(u, ask(probe, u), u[:0], np.empty(0), ends(probe))
        _keep_finite(probe, found, guess(probe)[None])
        if not len(found.best):
            _keep_finite(probe, found, low_discrepancy(probe, PLACES + FARTHER)[PLACES:])
        for round_ in range(NEARER):
            if 0 < len(found.best) < ENOUGH:
                _keep_finite(probe, found, _beside(probe, found.best, round_))
        _SURVEYS[probe] = found
    return _SURVEYS[probe]


def low_discrepancy(probe: Probe, count: int) -> Array:
    """The first places of the Sobol sequence of a study, shape (count, n)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(len(probe.free), rng=seed_of(probe.seed, "survey"))
    size = 1 << (count - 1).bit_length()
    return np.asarray(engine.random(size)[:count], dtype=np.float64)


def guess(probe: Probe) -> Array:
    """The declared guess, the middle of the range where there is none; shape (n,)."""
    return np.array(
        [0.5 if p.guess is None else p.unit_from(p.guess) for p in probe.box.parameters]
    )


def _keep_finite(probe: Probe, found: Survey, u: Array) -> None:
    chi2 = squares(ask(probe, u))
    at = np.isfinite(chi2)
    found.near = np.concatenate([found.near, u[at]])
    found.near_chi2 = np.concatenate([found.near_chi2, chi2[at]])


def _beside(probe: Probe, known: Array, round_: int) -> Array:
    """Places within a shrinking distance of some of the known ones, shape (WIDTH, n)."""
    rng = np.random.default_rng(seed_of(probe.seed, "beside", str(round_)))
    away = 0.25 * 0.5**round_ * rng.uniform(-1.0, 1.0, size=(WIDTH, known.shape[1]))
    return np.clip(known[rng.integers(len(known), size=WIDTH)] + away, 0.0, 1.0)


def squares(residuals: Array) -> Array:
    """Chi2 of rows of residuals, shape (N, m) -> (N,); infinite where they are not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(residuals * residuals, axis=1)
    return np.where(np.isfinite(total), total, np.inf)


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
