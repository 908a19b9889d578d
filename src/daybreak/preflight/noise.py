"""The noise a model's own arithmetic puts on its predictions, against the uncertainties.

Told by Hamming's difference table (`daybreak.methods.hamming`) of the orders 4, 5 and 6.
"""

from __future__ import annotations

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.methods.evaluation import Array
from daybreak.methods.hamming import agreed, noise_levels
from daybreak.preflight.probe import Probe
from daybreak.preflight.survey import ask, survey

TOLERATED = 0.01
"""Largest noise that needs no word, in units of sigma."""
STEPS = (1e-12, 1e-10, 1e-8, 1e-6)
"""Spacings as a share of the range: from the last digits to chatter of the model's own making."""
PLACES = 16
ORDERS = (4, 5, 6)


def check_noise(probe: Probe) -> list[Finding]:
    """Predictions whose noise exceeds 0.01 of their uncertainty."""
    places = survey(probe).best[:PLACES]
    if len(places) < 3:
        return []
    for step in STEPS:
        noise = np.median(noise_at(probe, places, step), axis=0)[: len(probe.problem.data)]
        i = int(noise.argmax())
        if noise[i] > TOLERATED:
            return [_finding(probe, i, float(noise[i]), step)]
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
        levels = np.stack([noise_levels(line, ORDERS) for line in residuals], axis=1)
        table = np.diff(residuals, ORDERS[0], axis=1)
        turns = (table.max(axis=1) > 0) & (table.min(axis=1) < 0)
        return np.where(turns, agreed(levels), 0.0)


def _finding(probe: Probe, i: int, noise: float, step: float) -> Finding:
    name, sigma = probe.problem.data.names[i], float(probe.problem.data.sigmas[i])
    return Finding(
        code=codes.ROUGH_OBJECTIVE,
        severity="warning",
        sentence=(
            f"Prediction {name} carries noise of {noise:.2g} of its uncertainty ({sigma:.3g}): it "
            f"trembles when parameters move by {step:g} of their range, and fits cannot settle. "
            "Tighten the tolerances inside predict, rewrite it where nearly equal numbers are "
            "subtracted, or enlarge the uncertainty."
        ),
    )
