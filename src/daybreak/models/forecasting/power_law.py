"""A scaling law as it was published, a line through logarithms, and what is wrong with it.

ln loss = ln a - alpha ln N        ordinary least squares over a few budgets
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import daybreak as dk

from .numeric import Floats

SIZES = {
    "2M": (2_417_473, 1_617_729, 2_160_449),
    "20M": (23_882_881, 16_940_289, 21_403_009),
    "200M": (170_457_985, 213_206_401, 151_460_353),
    "2B": (1_612_608_513, 1_814_714_113, 1_512_268_801),
}
"""Parameters of the best network of each budget, for horizons 1, 3 and 5."""
LOSSES = {
    "2M": (0.3199377, 0.2630412, 0.3370841),
    "20M": (0.3482541, 0.3191488, 0.3458278),
    "200M": (0.3564088, 0.3612414, 0.35469),
    "2B": (0.3608693, 0.3948271, 0.3591691),
}
"""Its loss on 19, 19 and 18 validation windows: the lowest of fifty, after the last epoch."""


@dataclass(frozen=True)
class Line:
    """A straight line through logarithms.

    Parameters
    ----------
    alpha, error : float
        Exponent, and its standard error.
    low, high : float
        95 % interval, by Student's t.
    r2 : float
        Share of the variance of ln loss.
    """

    alpha: float
    error: float
    low: float
    high: float
    r2: float


def line(sizes: Floats, losses: Floats) -> Line:
    """The published form of a scaling law, fitted.

    Parameters
    ----------
    sizes, losses : array, shape (n,)
        N and loss, all positive; n >= 3.

    Raises
    ------
    daybreak.ProblemError
        When there are too few points, or one is not positive.
    """
    from scipy import stats

    if len(sizes) < 3 or min(*sizes, *losses) <= 0:
        msg = (
            "a power law with an error needs at least three positive sizes and losses, but got "
            f"{len(sizes)} of them: {list(sizes)}, {list(losses)}."
        )
        raise dk.ProblemError(msg)
    found: Any = stats.linregress(np.log(sizes), np.log(losses))
    wide = float(stats.t.ppf(0.975, len(sizes) - 2)) * found.stderr
    alpha = -found.slope
    return Line(alpha, found.stderr, alpha - wide, alpha + wide, found.rvalue**2)


def published(horizon: str) -> Line:
    """The line through the study's own results: ``h1``, ``h3``, ``h5``, or the ``mean``.

    The mean is that of the losses, at the mean of the sizes.
    """
    sizes = np.array(list(SIZES.values()), np.float64)
    losses = np.array(list(LOSSES.values()))
    if horizon == "mean":
        return line(sizes.mean(axis=1), losses.mean(axis=1))
    place = ("h1", "h3", "h5").index(horizon)
    return line(sizes[:, place], losses[:, place])


def objections(found: Line, points: int = 4, windows: int = 19) -> list[str]:
    """What keeps such a line from being a law, one sentence each.

    Parameters
    ----------
    found : Line
    points : int
        Budgets it goes through.
    windows : int
        Validation windows that every loss was taken on.
    """
    rate = 0.1385  # of ones, h = 1, in the study's validation years
    noise = np.sqrt(rate * (1 - rate) / windows) * abs(np.log(rate / (1 - rate)))
    told = [
        (
            f"R2 = {found.r2:.2f} of {points} points describes a monotone table; with "
            f"{points - 2} degrees of freedom the 95 % interval of alpha is "
            f"[{found.low:.3f}, {found.high:.3f}]."
        ),
        (
            f"All {points} losses are taken on the same {windows} windows, whose sampling error "
            f"alone is {noise:.3f} nats for a constant forecast; the line knows nothing of it."
        ),
        "Each loss is the lowest of fifty, and chosen by the windows that it is reported on.",
        (
            "There is one network for each budget and one seed for each network, so that chance "
            "between seeds cannot be told from size."
        ),
        (
            "A loss that cannot fall below the entropy of the labels is not a pure power of "
            "anything; the excess over it may be."
        ),
    ]
    if found.alpha < 0:
        told.insert(0, f"alpha = {found.alpha:.4f} is negative: larger networks did worse.")
    return told
