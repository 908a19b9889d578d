"""The noise a model's own arithmetic puts on its predictions, against the uncertainties.

Around a place a smooth prediction is a polynomial of the third degree, and what is left beside it
falls by 10^4 when the surroundings shrink to a tenth. Noise and chatter stay as they are, as long
as the surroundings hold a period: what is the same in two surroundings, one three times the other,
is noise (as for More and Wild 2011, SIAM J. Sci. Comput. 33, 1292, whose differences of several
orders have to agree). The points are drawn at random, so that no period falls in with them.
"""

from __future__ import annotations

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.methods.method import seed_of
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import NotMade, ask, squares, survey
from daybreak.problem.arrays import Array
from daybreak.sentences import worded

TOLERATED = 0.01
"""Largest noise that needs no word, in units of sigma.

Ten times less than a knob may do (`knob_check`): noise disturbs derivatives as well.
"""
REACHES = np.geomspace(1e-9, 10**-1.5, 16)
"""Sizes of the surroundings as shares of the range, two a decade.

Down to where the derivative of a steep model is a straight line, up to a step of a fit: chatter of
any period up to 2e-3 of the range lies in two of them.
"""
POINTS = 10
"""Points in the surroundings of a place: a polynomial of four terms leaves six to noise."""
DEGREE = 3
PLACES = 6
"""Places at which noise is measured, 960 evaluations in all; the median over them counts."""
ALIKE = 1.6
"""Noise is the same when its levels in two surroundings agree within this factor.

A level from six numbers is known to a third, their median over `PLACES` to a seventh; those of
a kink differ by a factor of three, of its root by 1.8, of a smooth prediction by a hundred.
"""


def check_noise(probe: Probe) -> list[Finding]:
    """Predictions whose noise exceeds 0.01 of their uncertainty."""
    places = survey(probe).best[:PLACES]
    if len(places) < 3:  # a median of fewer is no median
        raise NotMade
    m = len(probe.problem.data)
    before = np.zeros(m)
    for number, reach in enumerate(REACHES.tolist()):
        *levels, of_chi2 = np.median(noise_at(probe, places, reach, number), axis=0).tolist()
        level = np.array(levels[:m])
        least, most = np.minimum(before, level), np.maximum(before, level)
        noise = np.where(most <= ALIKE * least, least, 0.0)
        i = int(noise.argmax())
        if noise[i] > TOLERATED:
            return [_finding(probe, i, float(noise[i]), of_chi2, reach)]
        before = level
    return []


def noise_at(probe: Probe, places: Array, reach: float, number: int) -> Array:
    """What a polynomial leaves of the residuals, and of chi2, shape (P, n) -> (P, m + 1)."""
    count, n = places.shape
    rng = np.random.default_rng(seed_of(probe.seed, "noise", number))
    along = rng.uniform(size=(count, POINTS))
    pace = rng.uniform(0.5, 1.5, size=(count, n))
    # Towards the middle of the box, at another pace along every parameter.
    away = reach * along[:, :, None] * np.where(places < 0.5, pace, -pace)[:, None, :]
    residuals = ask(probe, (places[:, None, :] + away).reshape(-1, n))
    with np.errstate(all="ignore"):
        seen = np.concatenate([residuals, squares(residuals)[:, None]], axis=1)
        curves = seen.reshape(count, POINTS, -1)
        left = np.array([_beside(x, y) for x, y in zip(along, curves, strict=True)])
    return np.where(np.isfinite(left), left, 0.0)


def _beside(x: Array, y: Array) -> Array:
    """Root mean square of what a polynomial leaves of each column; shape (K, m) -> (m,)."""
    basis, _ = np.linalg.qr(np.vander(2.0 * x - 1.0, DEGREE + 1))
    y = y - y[:1]  # the common part has digits that are not those of the change
    rest = y - basis @ (basis.T @ y)
    return np.sqrt(np.sum(rest**2, axis=0) / (len(x) - DEGREE - 1))


def _finding(probe: Probe, i: int, noise: float, of_chi2: float, reach: float) -> Finding:
    name, sigma = probe.problem.data.names[i], float(probe.problem.data.sigmas[i])
    return Finding(
        code=codes.ROUGH_OBJECTIVE,
        severity="warning",
        sentence=(
            worded(
                "Prediction {} carries noise of {:.2g} of its uncertainty ({:.3g})",
                name,
                noise,
                sigma,
            ).then(
                ": it trembles when parameters move by {:.1g} of their range, chi2 by {:.2g}, and "
                "fits cannot settle. Tighten the tolerances inside predict, rewrite it where "
                "nearly equal numbers are subtracted, or enlarge the uncertainty.",
                reach,
                of_chi2,
            )
        ),
    )
