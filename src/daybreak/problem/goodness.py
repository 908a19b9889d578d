r"""The p value of a fit: how often data would lie as far from the model if it were true.

For Gaussian noise of known size chi2 has the chi2 distribution.  Other deviances do not, least of
all those of few counts, but their mean e_i and variance v_i at the fitted predictions are known
(`daybreak.problem.noise`); with n data of which the fit leaves dof, the sum is given a scaled chi2
distribution of its own mean and variance (Satterthwaite 1946, Biometrics 2, 110):

    e = dof / n sum e_i,  v = dof / n sum v_i,  a = v / 2e,  nu = 2 e^2 / v,  p = Q(nu/2, chi2/2a)

Data whose residual tests nothing (censored at a limit, noise of unknown size) are left out.
Source for counts: Baker and Cousins (1984), Nucl. Instrum. Meth. 221, 437.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daybreak.problem.noise.kinds import restore


class Moments(NamedTuple):
    """What the squares of residuals are on average, and how much they scatter; shape (n,)."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which of them test anything."""
        return self.variance > 0.0


def moments_of(observations: Sequence[Mapping[str, Any]], predictions: Sequence[float]) -> Moments:
    """Moments of every squared residual where the predictions are true."""
    found = [
        restore(datum["noise"]).moments(f, datum["value"], datum["sigma"])
        for datum, f in zip(observations, predictions, strict=True)
    ]
    mean, variance = zip(*found, strict=True)
    return Moments(np.array(mean), np.array(variance))


def is_plain(observations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every residual is normal with variance 1 where the model is true."""
    return all(restore(datum["noise"]).is_gaussian for datum in observations)


LEAST_FREEDOM = 1.0
"""Degrees of freedom nu (module formula) below which there is no p value.

Of counts that are hardly expected nearly every outcome is the same, and no chi2 is like that:
eight zeros where 1e-6 are expected each would have p = 1e-4, and nothing fits them better.
"""


def is_tested(mean: float, variance: float) -> bool:
    """Whether a sum with a given mean and variance scatters enough to have a p value."""
    return variance > 0.0 and 2.0 * mean**2 >= LEAST_FREEDOM * variance


def scaled_p_value(square: float, mean: float, variance: float) -> float | None:
    """P value of a sum with a given mean and variance (module formula); None without one."""
    if not is_tested(mean, variance):
        return None
    from scipy.special import gammaincc

    return float(gammaincc(mean**2 / variance, square * mean / variance))


def square_of(p_value: float, mean: float, variance: float) -> float:
    """The sum that has this p value: the inverse of `scaled_p_value`."""
    from scipy.special import gammainccinv

    return float(gammainccinv(mean**2 / variance, p_value) * variance / mean)


def statistic(observations: Sequence[Mapping[str, Any]]) -> str:
    """What is added up where it is not plain chi2, for the reader; empty where it is."""
    titles = (restore(datum["noise"]).title for datum in observations)
    return ", ".join(dict.fromkeys(title for title in titles if title))
