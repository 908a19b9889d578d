"""The noise a model's own arithmetic puts on its predictions, against the uncertainties.

Hamming's difference table: k-th differences of a smooth function vanish as ``h^k``, those of
noise do not, so that ``sigma_k^2 = (k!)^2 / (2k)! mean((Delta^k r)^2)`` is the same for
k = 4, 5, 6 where noise is all that is left.

Source: More and Wild (2011), SIAM J. Sci. Comput. 33, 1292 (ECnoise).
"""

from __future__ import annotations

import math

import numpy as np

from daybreak.findings import Check
from daybreak.methods.evaluation import Array
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import ask, survey

TOLERATED = 0.01
"""Largest noise that needs no word, in units of sigma."""
STEPS = (1e-12, 1e-10, 1e-8, 1e-6)
"""Spacings as a share of the range: from the last digits to chatter of the model's own making."""
PLACES = 16
ORDERS = (4, 5, 6)


def check_noise(probe: Probe) -> list[Check]:
    """Predictions whose noise exceeds 0.01 of their uncertainty."""
    places = survey(probe).best[:PLACES]
    if len(places) < 3:
        return []
    for step in STEPS:
        noise = np.median(noise_at(probe, places, step), axis=0)[: len(probe.problem.data)]
        i = int(noise.argmax())
        if noise[i] > TOLERATED:
            return [_check(probe, i, float(noise[i]), step)]
    return []


def noise_at(probe: Probe, places: Array, step: float) -> Array:
    """Noise in units of sigma, shape (P, n) -> (P, m); zero where the model is smooth."""
    # Uneven steps, so that rounding cannot fall in with them; towards the middle of the box.
    pace = probe.sample(len(places), "pace") + 0.5
    pace = np.where(places < 0.5, pace, -pace)
    u = places[:, None, :] + pace[:, None, :] * step * np.arange(9)[:, None]
    found = ask(probe, u.reshape(-1, places.shape[1]))
    residuals = found.reshape(len(places), 9, -1)
    with np.errstate(all="ignore"):
        tables = [np.diff(residuals, k, axis=1) for k in ORDERS]
        levels = np.array([_level(t, k) for t, k in zip(tables, ORDERS, strict=True)])
        agree = levels.max(axis=0) < 4 * levels.min(axis=0)
        turns = (tables[0].max(axis=1) > 0) & (tables[0].min(axis=1) < 0)
    return np.where(agree & turns & np.isfinite(levels).all(axis=0), levels.min(axis=0), 0.0)


def _level(differences: Array, k: int) -> Array:
    weight = math.factorial(k) ** 2 / math.factorial(2 * k)
    return np.sqrt(weight * (differences**2).mean(axis=1))


def _check(probe: Probe, i: int, noise: float, step: float) -> Check:
    name, sigma = probe.problem.data.names[i], float(probe.problem.data.sigmas[i])
    return Check(
        code="rough_objective",
        severity="warning",
        sentence=(
            f"Prediction {name} carries noise of {noise:.2g} of its uncertainty ({sigma:.3g}): it "
            f"trembles when parameters move by {step:g} of their range, and fits cannot settle. "
            "Tighten the tolerances inside predict, rewrite it where nearly equal numbers are "
            "subtracted, or enlarge the uncertainty."
        ),
    )
