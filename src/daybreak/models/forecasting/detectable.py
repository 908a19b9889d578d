"""What a validation region of n days can tell apart, known before anything is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

import daybreak as dk

SIGMAS = 1.959964 + 0.841621
"""Standard errors of an effect that a two-sided 5 % test finds four times in five."""


@dataclass(frozen=True)
class Detectable:
    """The smallest effects that n days show, and the days that a wanted effect needs.

    Parameters
    ----------
    n, horizon : int
        Days, and days that a label looks ahead: where they overlap only
        ``n / horizon`` labels are independent.
    rate : float
        Share of positive days.
    skill_entropy : float
        Least gain of a calibrated forecast over the constant, in nats: 2 z^2 / n.
    paired_entropy : float
        Least difference between two models whose logits differ by `spread`, paired, in nats:
        z spread sqrt(q (1 - q) / n).
    auc : float
        Least distance of an area from 1/2: z times Hanley and McNeil's standard error.
    wanted : float
        Difference in nats that is sought.
    needed : int
        Days for `wanted`, of two paired models.
    """

    n: int
    horizon: int
    rate: float
    skill_entropy: float
    paired_entropy: float
    auc: float
    wanted: float
    needed: int

    @property
    def enough(self) -> bool:
        """Whether the region can show the wanted difference at all."""
        return self.n >= self.needed

    @property
    def sentence(self) -> str:
        """For the report, before the search."""
        area = f"an AUC of at least {0.5 + self.auc:.3f}" if self.auc < 0.5 else "no AUC at all"
        told = (
            f"{self.n} validation days with a positive rate of {self.rate:.3f} at horizon "
            f"{self.horizon} show a gain over the constant of at least {self.skill_entropy:.3f} "
            f"nats, a paired difference of at least {self.paired_entropy:.3f} nats between two "
            f"models, and {area}"
        )
        if self.enough:
            return f"{told}: enough for the {self.wanted:g} nats sought."
        return (
            f"{told}: too few for any conclusion about the {self.wanted:g} nats sought, which "
            f"need {self.needed:,} days."
        )


def detectable(
    n: int,
    rate: float,
    horizon: int = 1,
    *,
    wanted: float = 0.01,
    spread: float = 0.5,
    apart: int = 1,
) -> Detectable:
    """What n days can show.

    Parameters
    ----------
    n : int
        Days of the region.
    rate : float
        Share of positive ones, between 0 and 1.
    horizon : int
        Days that a label looks ahead.
    wanted : float
        Difference between two models that matters, in nats.
    spread : float
        Standard deviation of the difference of their logits.
    apart : int
        Days from one sample to the next: labels overlap where this is less than the horizon.

    Raises
    ------
    daybreak.ProblemError
        When a number is out of its range.

    Notes
    -----
    A calibrated forecast whose logits spread by s about a rate q gains E = q (1-q) s^2 / 2, and
    its daily gains spread by s sqrt(q (1-q)) = sqrt(2 E); it is found when E >= z sqrt(2 E / n).
    With labels that overlap the variance of a mean is h / apart times larger.
    """
    if not (min(n, horizon, apart) >= 1 and 0 < rate < 1 and wanted > 0 and spread > 0):
        msg = (
            "n >= 1, horizon >= 1, apart >= 1, 0 < rate < 1, wanted > 0 and spread > 0 must hold, "
            f"but got ({n=}, {horizon=}, {apart=}, {rate=}, {wanted=}, {spread=})."
        )
        raise dk.ProblemError(msg)
    shared = max(horizon / apart, 1.0)
    independent = n / shared
    daily = spread * math.sqrt(rate * (1 - rate))
    return Detectable(
        n,
        horizon,
        rate,
        skill_entropy=2 * SIGMAS**2 / independent,
        paired_entropy=SIGMAS * daily / math.sqrt(independent),
        auc=SIGMAS * auc_error(0.5, rate * independent, (1 - rate) * independent),
        wanted=wanted,
        needed=math.ceil(shared * (SIGMAS * daily / wanted) ** 2),
    )


def auc_error(area: float, positives: float, negatives: float) -> float:
    """Standard error of an area under the receiver's curve.

    With Q1 = A / (2 - A) and Q2 = 2 A^2 / (1 + A), its square is
    (A (1-A) + (P-1) (Q1 - A^2) + (N-1) (Q2 - A^2)) / (P N).

    Parameters
    ----------
    area : float
        A, between 0 and 1.
    positives, negatives : float
        P and N; fractions are effective numbers.

    Notes
    -----
    Hanley and McNeil, Radiology 143, 29 (1982).
    """
    above = area / (2 - area) - area**2
    below = 2 * area**2 / (1 + area) - area**2
    square = area * (1 - area) + (positives - 1) * above + (negatives - 1) * below
    return math.sqrt(max(square, 0.0) / (positives * negatives))


def constant_error(rate: float, n: int) -> float:
    """Standard error of the cross-entropy of the constant forecast `rate` on n days, in nats.

    sqrt(q (1-q) / n) |ln(q / (1-q))|: the only chance is how many positives there are.
    """
    return math.sqrt(rate * (1 - rate) / n) * abs(math.log(rate / (1 - rate)))
