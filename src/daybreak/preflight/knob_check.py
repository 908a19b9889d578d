"""Refine every knob: what moves a residual then is made by the numerics."""

from __future__ import annotations

import math

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.preflight.probe import NotMade, Probe
from daybreak.preflight.survey import in_blocks, survey
from daybreak.problem.arrays import Array
from daybreak.problem.fit import Setting
from daybreak.problem.knobs import Knob
from daybreak.sentences import between, worded

PLACES = 64
"""Places at which a knob is refined.

A choice: half of them the best of the survey, where the night will go.
"""
TOLERATED = 0.1
"""Largest change of a residual that needs no word, in units of sigma.

An error of 0.1 sigma in a datum is 0.5 % of its uncertainty when added in quadrature.
"""


def check_knobs(probe: Probe) -> list[Finding]:
    """Knobs that move a residual by more than 0.1 when refined."""
    places = survey(probe).good_and_other(PLACES)
    if not len(places):
        raise NotMade
    knobs = [k for k in probe.problem.knobs if k.refined != probe.settings[k.name]]
    found = [_unresolved(probe, knob, places) for knob in knobs]
    return [one for one in found if one is not None]


def _unresolved(probe: Probe, knob: Knob, places: Array) -> Finding | None:
    before = _asked(probe, probe.settings, places)
    after = _asked(probe, {**probe.settings, knob.name: knob.refined}, places)
    with np.errstate(all="ignore"):
        moved = np.abs(after[0] - before[0])
    if np.isnan(moved).all():
        return _finding(
            worded(
                "when {} goes from {}, no prediction is finite any more",
                knob.name,
                _values(probe, knob),
            ).then(": the refined value is not one the model can use.")
        )
    moved = np.where(np.isfinite(moved), moved, 0.0)
    if moved.max() <= TOLERATED:
        return None
    row, i = np.unravel_index(moved.argmax(), moved.shape)
    name = probe.problem.data.names[int(i)]
    old, new = float(before[1][row, i]), float(after[1][row, i])
    return _finding(
        _growth(probe, knob, name, old, new)
        or (
            worded(
                "refining {} from {} moves the residual of {} by up to {} ({} "
                "of the prediction), and by {:.3g} sigma at the best of the places tried",
                knob.name,
                _values(probe, knob),
                name,
                between("{:.3g} sigma", moved.max()),
                _share(old, new),
                moved[0].max(),
            ).then(
                ": the knob is not resolved. Use a finer value, or add the difference to "
                "the uncertainties."
            )
        ),
        float(moved[0].max()),
    )


def _asked(probe: Probe, settings: dict[str, Setting], u: Array) -> tuple[Array, Array]:
    """Residuals and predictions with other settings, each of shape (N, m)."""
    probe.check_time()
    evaluator, cell = cells_of(probe.problem, [probe.problem.space.fixed], settings)
    probe.evaluations += 2 * len(u)

    def residuals(part: Array) -> Array:
        return evaluator.residuals(part, cell[np.zeros(len(part), dtype=int)])

    def predictions(part: Array) -> Array:
        return evaluator.raw(part, cell[np.zeros(len(part), dtype=int)])

    return in_blocks(probe, residuals, u), in_blocks(probe, predictions, u)


def _growth(probe: Probe, knob: Knob, name: str, old: float, new: float) -> str | None:
    """A prediction that follows the knob as a power: ``new / old = (refined / value)^p``."""
    value, refined = probe.settings[knob.name], knob.refined
    if isinstance(value, (str, bool)) or isinstance(refined, (str, bool)):
        return None
    if min(value, refined) <= 0 or old == 0 or not new / old > 0:
        return None
    ratio, step = new / old, refined / value
    power = math.log(ratio) / math.log(step)
    # A prediction that converges has power 0; 2^0.2 is 15 %, less than that is no law.
    if abs(power) < 0.2:
        return None
    verb, factor = ("grows", ratio) if ratio > 1 else ("shrinks", 1 / ratio)
    law = worded("{:.3g}^{:.1f}", max(step, 1 / step), abs(power))
    return worded(
        "prediction {} {} by a factor of {:.2g} = {} when {} goes from {}",
        name,
        verb,
        factor,
        law,
        knob.name,
        _values(probe, knob),
    ).then(
        ": the answer is made by {}, not by the model. Make the prediction "
        "converge before fitting it.",
        knob.name,
    )


def _values(probe: Probe, knob: Knob) -> str:
    """The value in use and the refined one, e.g. ``10 to 20 nm``."""
    value = probe.settings[knob.name]
    unit = f" {knob.unit}" if knob.unit else ""
    return between("{} to {}{}", _shown(value), _shown(knob.refined), unit)


def _shown(value: Setting) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else repr(value)


def _share(old: float, new: float) -> str:
    return worded("{:.2g}", abs(new / old - 1)) if old != 0 else "from zero"


def _finding(sentence: str, at_best: float = math.inf) -> Finding:
    """What was found; it withholds nothing where the best place hardly feels it."""
    found = Finding(code=codes.UNRESOLVED_KNOB, sentence=sentence)
    return found if at_best > TOLERATED else found.model_copy(update={"withholds": []})
