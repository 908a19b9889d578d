"""What a forecast is worth: measured in nats against the constant that training suggests."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

import daybreak as dk

from .numeric import Floats

_SAFE = 1e-12
"""Probabilities are kept this far from 0 and 1, so that one wrong certainty costs 28 nats."""


@dataclass(frozen=True)
class Skill:
    """Scores of one forecast on one region.

    Parameters
    ----------
    n, positives : int
        Days, and days on which the threshold is reached.
    cross_entropy : float
        Mean of -y ln p - (1-y) ln(1-p), in nats.
    auc : float
        Probability that a positive day has the higher forecast, ties half; NaN with one class.
    brier : float
        Mean of (p - y)^2.
    skill : float
        1 - CE / CE(constant at the rate of training, on the same days): 0 for that constant.
    """

    n: int
    positives: int
    cross_entropy: float
    auc: float
    brier: float
    skill: float

    def metrics(self) -> dict[str, float]:
        """What a search takes as metrics."""
        return {name: float(value) for name, value in asdict(self).items()}


def skill(labels: Floats, probabilities: Floats, rate: float) -> Skill:
    """Score a forecast.

    Parameters
    ----------
    labels : array, shape (n,)
        0 or 1.
    probabilities : array, shape (n,)
        Of a 1.
    rate : float
        Share of ones in training, which the constant forecast says.

    Raises
    ------
    daybreak.ProblemError
        When the shapes differ, there is no day, or a probability is none.
    """
    labels, probabilities = np.asarray(labels, float), np.asarray(probabilities, float)
    if labels.shape != probabilities.shape or not labels.size:
        msg = (
            f"labels and probabilities must have one shape (n,), n > 0, but got {labels.shape} "
            f"and {probabilities.shape}."
        )
        raise dk.ProblemError(msg)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        msg = "probabilities must lie in [0, 1]; pass logits through a sigmoid, once."
        raise dk.ProblemError(msg)
    entropy = float(losses(labels, probabilities).mean())
    constant = float(losses(labels, np.full(labels.shape, rate)).mean())
    brier = float(((probabilities - labels) ** 2).mean())
    return Skill(
        len(labels),
        int(labels.sum()),
        entropy,
        auc(labels, probabilities),
        brier,
        1 - entropy / constant,
    )


def losses(labels: Floats, probabilities: Floats) -> Floats:
    """Cross-entropy of each day, in nats, shape (..., n)."""
    kept = np.clip(probabilities, _SAFE, 1 - _SAFE)
    return -(labels * np.log(kept) + (1 - labels) * np.log1p(-kept))


def auc(labels: Floats, scores: Floats) -> float:
    """Area under the receiver's curve, from mean ranks; NaN where one class is absent.

    (R - P (P + 1) / 2) / (P N) with R the sum of ranks of the P positives among N negatives.
    """
    from scipy.stats import rankdata

    positive = np.asarray(labels) > 0
    P, N = int(positive.sum()), int((~positive).sum())
    if not P * N:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - P * (P + 1) / 2) / (P * N))
