"""A scaling law with error bars: err(N) = E + a (N / N0)^-alpha, fitted and profiled by Daybreak.

E >= 0 is what no network gets below, a >= 0, so that a loss that rises with size has a negative
alpha, and N0, the geometric mean of the sizes, keeps a and alpha apart.  The error of a loss that
is measured on few days is shared by all networks: days are resampled for all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import daybreak as dk

from .intervals import DRAWS, Interval, blocks
from .numeric import Floats

STEEPEST = 1.0
"""Largest |alpha| that is looked for; language models have 0.076."""


def scaling_problem(sizes: Floats, losses: Floats, errors: Floats) -> dk.FitProblem:
    """The law as a fit.

    Parameters
    ----------
    sizes : array, shape (n,)
        Learnt numbers N.
    losses, errors : array, shape (n,)
        Loss in nats, of which the excess over the entropy of the labels is a good choice, and its
        standard error.

    Raises
    ------
    daybreak.ProblemError
        When there are fewer than three distinct sizes.
    """
    if len(set(np.asarray(sizes).tolist())) < 3:
        msg = f"E, a and alpha need at least three distinct sizes, but got {sorted(set(sizes))}."
        raise dk.ProblemError(msg)
    ratio = np.asarray(sizes, np.float64) / np.exp(np.mean(np.log(sizes)))
    most = 2.0 * float(np.max(np.abs(losses))) + 1e-12

    def predict(p: Any, _settings: Any) -> Any:
        """Loss of each network, shape (n,), nats."""
        return p.E + p.a * ratio ** (-p.alpha)

    return dk.FitProblem(
        [
            dk.Parameter("E", 0.0, most, unit="nat"),
            dk.Parameter("a", 0.0, most, unit="nat"),
            dk.Parameter("alpha", -STEEPEST, STEEPEST),
        ],
        predict,
        dk.observations(np.asarray(losses), np.asarray(errors)),
    )


def fit(sizes: Floats, losses: Floats) -> tuple[float, float, float]:
    """E, a and alpha of least squares: a fine scan of alpha, at each of which E and a are exact.

    Losses that do not depend on N have no exponent: NaN.
    """
    ratio = np.log(sizes) - np.mean(np.log(sizes))
    alphas = np.linspace(-STEEPEST, STEEPEST, 400)  # without 0, where E and a are one
    x = np.exp(-alphas[:, None] * ratio)  # (alphas, n)
    centred = x - x.mean(axis=1, keepdims=True)
    a = centred @ (losses - losses.mean()) / np.square(centred).sum(axis=1)
    floor = losses.mean() - a * x.mean(axis=1)
    pure = x @ losses / np.square(x).sum(axis=1)
    a, floor = np.where(floor < 0, pure, a), np.maximum(floor, 0.0)
    a, floor = np.maximum(a, 0.0), np.where(a < 0, losses.mean(), floor)
    chi2 = np.square(losses - floor[:, None] - a[:, None] * x).sum(axis=1)
    best = int(np.argmin(chi2))
    constant = float(np.square(losses - losses.mean()).sum())
    rounding = (1e-12 * float(np.abs(losses).max())) ** 2
    if constant - chi2[best] <= 1e-9 * constant + rounding:
        return float(losses.mean()), 0.0, float("nan")
    return float(floor[best]), float(a[best]), float(alphas[best])


def exponent(sizes: Floats, losses: Floats) -> float:
    """The alpha of `fit`."""
    return fit(sizes, losses)[2]


def bootstrap(
    sizes: Floats,
    losses: Floats,
    *,
    horizon: int = 1,
    draws: int = DRAWS,
    seed: int = 0,
    of: Callable[[Floats, Floats], float] = exponent,
) -> tuple[Interval, float]:
    """Exponent with its interval, and P(alpha > 0), over seeds within networks and blocks of days.

    Each draw takes the same blocks of days for all networks (they are judged on the same days)
    and seeds anew within each network.

    Parameters
    ----------
    sizes : array, shape (n,)
    losses : array, shape (n, seeds, days)
        Loss of every day, nats.
    horizon : int
        Decides the length of a block, max(horizon, 20) days.
    draws, seed : int
    of : callable (sizes, mean losses) -> float
        The statistic.
    """
    found = np.array([of(sizes, part) for part in resampled(losses, horizon, draws, seed)])
    there = found[np.isfinite(found)]
    low, high = np.percentile(there, [2.5, 97.5])
    value = of(sizes, losses.mean(axis=(1, 2)))
    return Interval(value, float(there.std(ddof=1)), low, high), float((there > 0).mean())


def resampled(losses: Floats, horizon: int, draws: int, seed: int) -> Iterator[Floats]:
    """Mean loss of each network, shape (n,), for every draw of seeds and of blocks of days."""
    n, seeds, days = losses.shape
    rng = np.random.default_rng(seed)
    for some in blocks(days, horizon, draws, seed):
        chosen = rng.integers(0, seeds, (n, seeds))
        part = np.take_along_axis(losses, chosen[..., None], axis=1)[..., some]
        yield part.mean(axis=(1, 2))


def deviations(losses: Floats, *, horizon: int = 1, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Standard error of each network's loss about the mean of all networks, shape (n,), nats.

    What a draw of days does to all networks alike is no error of any of them; it moves E.

    Parameters
    ----------
    losses : array, shape (n, seeds, days)
        Loss of every day, nats.
    horizon, draws, seed : int
        As of `bootstrap`.
    """
    found = [part - part.mean() for part in resampled(losses, horizon, draws, seed)]
    return np.std(found, axis=0, ddof=1)


def law_at(sizes: Floats, losses: Floats, at: Floats) -> Floats:
    """The law of `fit`, E + a (N / N0)^-alpha, at other sizes; nats, shape of `at`."""
    floor, a, alpha = fit(sizes, losses)
    ratio = np.asarray(at) / np.exp(np.mean(np.log(sizes)))
    return floor + (a * ratio**-alpha if a > 0 else np.zeros_like(ratio))


def law_band(
    sizes: Floats,
    losses: Floats,
    at: Floats,
    *,
    horizon: int = 1,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Ends of the middle 95 % of the laws of all draws at each size, shape of `at`, nats.

    As in `deviations`, what a draw of days does to all networks alike is left out: the band
    belongs to error bars that leave it out too.

    Parameters
    ----------
    sizes : array, shape (n,)
    losses : array, shape (n, seeds, days)
        Loss of every day, nats.
    at : array, shape (m,)
        Sizes at which the law is drawn.
    horizon, draws, seed : int
        As of `bootstrap`.
    """
    level = losses.mean()
    laws = [
        law_at(sizes, part - part.mean() + level, at)
        for part in resampled(losses, horizon, draws, seed)
    ]
    low, high = np.percentile(laws, [2.5, 97.5], axis=0)
    return low, high


def held_out(sizes: Floats, losses: Floats, errors: Floats) -> float:
    """By how much the power law foretells each network better than a constant does, in nats.

    Sum over networks of ln density of its loss, given all others, under the law less that under a
    constant; both with the network's own standard error.
    """
    gained = 0.0
    for left in range(len(sizes)):
        others = np.arange(len(sizes)) != left
        floor, a, alpha = fit(sizes[others], losses[others])
        ratio = sizes[left] / np.exp(np.mean(np.log(sizes[others])))
        law = floor + (a * ratio**-alpha if a > 0 else 0.0)
        misses = (np.array([law, losses[others].mean()]) - losses[left]) / errors[left]
        gained += float(np.diff(0.5 * np.square(misses))[0])
    return gained


def told(found: Interval, positive: float) -> str:
    """The verdict in words: an interval that holds 0 is no law."""
    shown = f"alpha = {found}, P(alpha > 0) = {positive:.2f}"
    if found.has_zero:
        return f"No detectable scaling: {shown}."
    way = "falls" if found.low > 0 else "RISES"
    return f"The loss {way} with size: {shown}."
