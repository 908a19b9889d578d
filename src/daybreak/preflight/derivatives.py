"""Derivatives by autodiff against differences.

Central differences ``D(h) = (r(u + h) - r(u - h)) / 2h`` for h from 0.016 down to 1e-6 of the
range; ``|D(h) - D(4h)|`` bounds the error of D(h) in a smooth function, and rounding adds
``eps |r| / h``. Only a derivative that no h confirms is called wrong, so that a jump or a kink
nearby, which spoils some of them, accuses nobody.
"""

from __future__ import annotations

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.preflight.probe import NotMade, Probe
from daybreak.preflight.survey import ask, in_blocks, rounding_of, survey
from daybreak.problem.arrays import Array
from daybreak.sentences import worded

STEPS = 4.0 ** -np.arange(3.0, 11.0)
"""Steps of differences, as shares of the range, each a quarter of the one before (module text)."""
PLACES = 8
"""Places at which derivatives are compared; a choice: a wrong one is wrong nearly everywhere."""


def check_gradient(probe: Probe) -> list[Finding]:
    """Parameters whose derivatives by autodiff are not finite, or not those of the model."""
    if not probe.differentiable:
        return []
    places = survey(probe).good_and_other(PLACES)
    if not len(places):
        raise NotMade
    places = np.clip(places, 0.02, 0.98)  # room for the longest step, 0.016, on either side
    slopes = in_blocks(probe, probe.jacobian, places)
    if probe.problem.data.unknown:
        # They are those at the size that the noise has there, and the differences below too.
        slopes = slopes * _sizes(probe, ask(probe, places))[:, :, None]
    broken = ~np.isfinite(slopes)
    wrong, differences = _unconfirmed(probe, places, slopes)
    found: list[Finding] = []
    for column, name in enumerate(probe.free):
        if broken[:, :, column].any():
            found.append(_not_finite(probe, name, broken[:, :, column]))
        elif wrong[:, :, column].any():
            parts = (wrong[:, :, column], slopes[:, :, column], differences[:, :, column])
            found.append(_wrong(probe, name, *parts))
    return found


def _sizes(probe: Probe, residuals: Array) -> Array:
    """Common factors of unknown noise, 1 of other observations, 0 of what is none; (P, m)."""
    data = probe.problem.data
    factors = np.ones((len(residuals), data.count))
    factors[:, len(data) :] = 0.0
    for column, rows in enumerate(data.unknown):
        factors[:, rows] = data.sizes_of(residuals)[:, [column]]
    return factors


def _unconfirmed(probe: Probe, places: Array, slopes: Array) -> tuple[np.ndarray, Array]:
    """Which derivatives no difference confirms, and the best difference; both (P, m, n)."""
    n = places.shape[1]
    move = STEPS[:, None, None] * np.array([1.0, -1.0])[:, None] * np.ones(n)
    u = places[:, None, None, None, :] + move[..., None] * np.eye(n)  # (P, h, 2, n, n)
    asked = ask(probe, u.reshape(-1, n))
    if probe.problem.data.unknown:
        asked = asked * _sizes(probe, asked)
    found = asked.reshape(*u.shape[:-1], -1)
    h = STEPS[:, None, None]
    with np.errstate(all="ignore"):
        every = (found[:, :, 0] - found[:, :, 1]) / (2 * h)
        rounding = 8 * rounding_of(probe, found[:, :, 0]) / h
        error = np.abs(every[:, 1:] - every[:, :-1]) + rounding[:, 1:]
        own = np.moveaxis(slopes, 1, 2)[:, None]
        D = every[:, 1:]
        # |D(h) - D(4h)| is 15 times the error of D(h) where it falls as h^2; five more for what is
        # less smooth.  A wrong derivative is off by far more than a millionth.
        near = np.abs(own - D) <= 5 * error + 1e-6 * (np.abs(own) + np.abs(D))
        near |= ~np.isfinite(error)
        best = np.where(np.isfinite(error), error, np.inf).argmin(axis=1, keepdims=True)
    chosen = np.take_along_axis(D, best, axis=1)[:, 0]
    return np.moveaxis(np.asarray(~near.any(axis=1)), 1, 2), np.moveaxis(chosen, 1, 2)


def _wrong(probe: Probe, name: str, wrong: np.ndarray, slopes: Array, D: Array) -> Finding:
    off = np.where(wrong, np.abs(slopes - D) / (np.abs(slopes) + np.abs(D)), 0.0)
    row, i = np.unravel_index(off.argmax(), off.shape)
    return _rough(
        name,
        (
            worded(
                "the derivative of {} by {} is wrong", probe.problem.data.names[int(i)], name
            ).then(
                ": autodiff gives {:.4g} sigma over the range where differences give "
                "{:.4g} (and disagrees at {} of {} places). Fits follow it: look for "
                "custom_jvp, custom_vjp, stop_gradient, rounding or integer conversion.",
                slopes[row, i],
                D[row, i],
                wrong.any(axis=1).sum(),
                len(wrong),
            )
        ),
    )


def _not_finite(probe: Probe, name: str, broken: np.ndarray) -> Finding:
    i = int(broken.sum(axis=0).argmax())
    return _rough(
        name,
        (
            worded(
                "the derivative of {} by {} is not finite at {} of {} places where the "
                "prediction is",
                probe.problem.data.names[i],
                name,
                broken.any(axis=1).sum(),
                len(broken),
            ).then(
                ": look for sqrt, log or a division at 0, also in the branch that "
                "jnp.where does not take."
            )
        ),
    )


def _rough(name: str, sentence: str) -> Finding:
    return Finding(code=codes.ROUGH_OBJECTIVE, parameter=name, sentence=sentence)
