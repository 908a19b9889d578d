"""How much better than it is the best of many looks: what selection alone gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import daybreak as dk

from .intervals import blocks
from .numeric import Floats
from .skill import losses


@dataclass(frozen=True)
class Curse:
    """What the best of several trials without skill seems to gain.

    Parameters
    ----------
    gap : float
        Mean of median less best cross-entropy, in nats.
    spread : float
        Standard deviation of the best over drawn validation regions, in nats.
    """

    gap: float
    spread: float


def simulated_curse(
    n: int,
    offset: float,
    noise: float,
    *,
    rate: float = 0.1412,
    trials: int = 50,
    draws: int = 1000,
    seed: int = 0,
) -> Curse:
    """Let trials without skill compete on regions of n days.

    Parameters
    ----------
    n : int
        Validation days.
    offset, noise : float
        Standard deviations of the logit about that of `rate`: common to a trial, and by day.
    rate : float
        True share of positive days; by default that of the S&P 500, close, one day.
    trials, draws, seed : int
        Trials that compete, regions drawn, and the random numbers.
    """
    rng = np.random.default_rng(seed)
    centre = np.log(rate / (1 - rate))
    gaps, bests = np.empty(draws), np.empty(draws)
    for draw in range(draws):
        labels = (rng.random(n) < rate).astype(float)
        shift = offset * rng.standard_normal((trials, 1))
        logits = centre + shift + noise * rng.standard_normal((trials, n))
        scores = losses(labels, 1 / (1 + np.exp(-logits))).mean(axis=1)
        gaps[draw], bests[draw] = np.median(scores) - scores.min(), scores.min()
    return Curse(float(gaps.mean()), float(bests.std()))


def selection_bias(daily: Floats, horizon: int = 1, draws: int = 1000, seed: int = 0) -> float:
    """By how much the best of a study's own trials looks better than it is, in nats.

    Each draw resamples days in blocks, picks the trial that is best on them, and looks at its
    loss on the days left out.  How far that lies under the mean of all trials is what selection
    really gains; how far the best lies under the mean on all days is what it seems to gain.

    Parameters
    ----------
    daily : array, shape (trials, n)
        Cross-entropy of every trial on every day of the region it was chosen by.
    horizon, draws, seed : int
        As in `blocks`.

    Returns
    -------
    float
        To be added to the best validation loss.

    Raises
    ------
    daybreak.ProblemError
        When there are fewer than two trials, or a loss is not finite.

    Notes
    -----
    Tsamardinos, Greasidou and Borboudakis, Mach. Learn. 107, 1895 (2018).
    """
    daily = np.asarray(daily, float)
    if daily.ndim != 2 or len(daily) < 2 or not np.isfinite(daily).all():
        msg = (
            "losses of at least two trials, shape (trials, days) and finite, are needed, but got "
            f"shape {daily.shape}; leave failed trials out."
        )
        raise dk.ProblemError(msg)
    n = daily.shape[1]
    gained: list[float] = []
    for days in blocks(n, horizon, draws, seed):
        left = np.bincount(days, minlength=n) == 0
        if left.any():
            outside = daily[:, left].mean(axis=1)
            best = daily[:, days].mean(axis=1).argmin()
            gained.append(float(outside.mean() - outside[best]))
    overall = daily.mean(axis=1)
    return float(overall.mean() - overall.min() - np.mean(gained))
