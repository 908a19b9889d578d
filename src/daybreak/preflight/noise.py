"""The noise a model's own arithmetic puts on its predictions, against the uncertainties.

Around a place a smooth prediction is a polynomial of the third degree, and what is left beside it
falls by 10^4 when the surroundings shrink to a tenth. Noise and chatter stay as they are, as long
as the surroundings hold a period: what is the same in three sizes of them, each three times the
last, is noise (as for More and Wild 2011, SIAM J. Sci. Comput. 33, 1292, whose differences of
several orders have to agree). The points are drawn at random: no period falls in with them.
"""

from __future__ import annotations

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.methods.method import seed_of
from daybreak.preflight.probe import NotMade, Probe
from daybreak.preflight.survey import ask, squares, survey
from daybreak.problem.arrays import Array
from daybreak.sentences import worded

TOLERATED = 0.01
"""Largest noise that needs no word, in units of sigma.

Ten times less than a knob may do (`knob_check`): noise disturbs derivatives as well.
"""
REACHES = np.geomspace(1e-9, 10**-1.5, 16)
"""Sizes of the surroundings as shares of the range, two a decade.

Down to where the derivative of a steep model is a straight line, up to a step of a fit: chatter of
any period up to 1e-3 of the range lies in `AGREEING` of them.
"""
POINTS = 10
"""Points in the surroundings of a place: a polynomial of four terms leaves six to noise."""
DEGREE = 3
PLACES = 6
"""Places at which noise is measured, 960 evaluations in all; the median over them counts."""
AGREEING = 3
"""Sizes in a row in which noise must be the same.

With two alone a dozen jumps along a parameter, which are told as such, would be noise.
"""
ALIKE = 2.0
"""Noise is the same when its levels differ by no more than this factor.

A level from six numbers is known to a third, their median over `PLACES` to a seventh; three levels
of a root, as sqrt(x) beside zero, differ by a factor of three, of a kink by ten.
"""


def check_noise(probe: Probe) -> list[Finding]:
    """Predictions whose noise exceeds 0.01 of their uncertainty."""
    # The ends of fits but for one are no fair sample: fits end beside jumps, where they stop.
    known = survey(probe)
    places = np.array([*(u for _, u in known.ends[:1]), *known.surveyed])[:PLACES]
    if len(places) < 3:  # a median of fewer is no median
        raise NotMade
    m, levels = len(probe.problem.data), list[Array]()
    for number, reach in enumerate(REACHES.tolist()):
        levels.append(np.median(noise_at(probe, places, reach, number), axis=0))
        last = np.array(levels[-AGREEING:])
        least, most = last[:, :m].min(axis=0), last[:, :m].max(axis=0)
        noise = np.where(most <= ALIKE * least, least, 0.0)
        i = int(noise.argmax())
        if len(last) == AGREEING and noise[i] > TOLERATED:
            smallest = float(REACHES[number - AGREEING + 1])
            return [_finding(probe, i, float(noise[i]), float(last[0, -1]), smallest)]
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
                "prediction {} carries noise of {:.2g} of its uncertainty ({:.3g})",
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
