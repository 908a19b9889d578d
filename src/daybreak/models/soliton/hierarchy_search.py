"""The original's search as it should be asked: each point solved, judged, beside its nulls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

import daybreak as dk

from .condensate import Condensate, condensate
from .heartbeat import Heartbeat
from .landscape import landscape
from .nulls import random_masses
from .octaves import CELLS, N_OCTAVES, RADIUS, octave_problem
from .pictures import density_picture, fields_picture, growth_picture, spectrum_picture
from .remarks import codes, inside_null
from .scores import scores
from .search_boxes import ADDED, ORIGINAL, Box, octaves_of, searched
from .trial_log import keep_row

OBJECTIVES = ("fractal_score", "hierarchy", "regularity")
BEST_OF, DRAWS = 120, 200
"""Random spectra in a draw of the null test, the best of which counts, as in a search; draws."""
_SPANS, _EACH = 40, 10
"""Random points of the box, and random spectra as wide as each, from which draws are taken."""
_REHEARSAL_STARTS = 12


def hierarchy_problem(*boxes: Box) -> dk.SearchProblem:
    """Three scores of the bulk masses, all to be made large.

    Parameters
    ----------
    boxes : mapping name -> (lower, upper)
        What is searched; by default the original's box with delta and beta.
    """
    boxes = boxes or (ORIGINAL, ADDED)
    return dk.SearchProblem(
        parameters=searched(*boxes),
        evaluate=evaluate,
        objectives=[dk.Objective(name, "maximise") for name in OBJECTIVES],
        baselines=[
            dk.Baseline(f"best of {BEST_OF} random spectra", evaluate=_Chance(boxes), null=True),
        ],
        constraints=[
            dk.Constraint("converged", at_least=1),
            dk.Constraint("negative_modes", at_most=0),
        ],
        knobs=[dk.Knob("cells", refined=2 * CELLS), dk.Knob("radius", refined=2 * RADIUS)],
        settings={"n_octaves": N_OCTAVES, "cells": CELLS, "radius": RADIUS, "pretrained": False},
        rehearsal=rehearse,
        deterministic=True,
        name="soliton hierarchy",
    )


def evaluate(configuration: Any, trial: Any) -> dict[str, float]:
    """Solve and judge one point; metrics are its scores and all that they rest on.

    What has no state returns no score, so that the trial fails and the sampler is not fed.
    """
    s = trial.settings
    with Heartbeat(trial.directory, f"seed {trial.seed}") as beat:
        found = condensate(
            octaves_of(configuration),
            int(s.n_octaves),
            float(s.radius),
            int(s.cells),
            pretrained=bool(s.pretrained),
            phase=beat,
        )
    for remark in found.remarks:
        trial.record(**{remark.code: remark.sentence})
    metrics = _metrics(found)
    keep_row(trial, configuration, _row(found, metrics))
    _attach(trial, found)
    return metrics


def _metrics(found: Condensate) -> dict[str, float]:
    if found.solution is None or found.box is None or found.mesh is None:
        return {"bounded": 0.0}
    state, judged = found.solution, found.scores
    low, high = found.null.interval
    return {
        "fractal_score": judged.fractal_score,
        "hierarchy": judged.hierarchy,
        "regularity": judged.regularity,
        "bounded": 1.0,
        "converged": float(state.converged),
        "negative_modes": float(state.negative_modes),
        "largest_psi": found.largest_psi,
        "beyond_null": float(inside_null(judged, found.null) is None),
        "null_low": low,
        "null_high": high,
        "box_growth": found.box.growth,
        "energy": state.energy,
        "energy_extrapolated": found.mesh.energy,
        "mesh_error": found.mesh.error,
        "residual": state.residual,
        "virial_error": state.virial_error,
        "lowest_mode": float(found.modes[0]),
    }


def _row(found: Condensate, metrics: Mapping[str, float]) -> dict[str, Any]:
    octaves = found.octaves
    return {
        **metrics,
        "lam_2": octaves.lam_2,
        "delta": octaves.delta,
        "beta": octaves.beta,
        **{f"effective_{name}": getattr(octaves, name) for name in ("m0", "g", "lam_1", "lam_2")},
        "error_msg": codes(found.remarks),
        "seconds": found.seconds,
        "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def _attach(trial: Any, found: Condensate) -> None:
    if found.solution is None or found.box is None:
        return
    trial.attach(fields_picture(found.solution, found.n_octaves))
    trial.attach(density_picture(found.solution))
    trial.attach(spectrum_picture(found))
    trial.attach(growth_picture(found.box))


def rehearse(configuration: Any, trial: Any) -> dict[str, float]:
    """Score the bulk masses alone: they need no ball.

    To nine digits, so that rounding does not pass for the effect of a parameter.
    """
    problem = octave_problem(octaves_of(configuration), int(trial.settings.n_octaves), cells=8)
    found = landscape(problem, _REHEARSAL_STARTS)
    judged = scores(found.lowest.masses if found.bounded else np.empty(0))
    return {name: round(getattr(judged, name), 9) for name in OBJECTIVES}


class _Chance:
    """Scores of random masses, as widely spread as those of random points of a box."""

    def __init__(self, boxes: tuple[Box, ...]) -> None:
        self.boxes = boxes

    def __call__(self, trial: Any) -> dict[str, Any]:
        """Draws of all three scores, each the best of as many spectra as a search looks at."""
        rng, count = trial.rng, int(trial.settings.n_octaves) + 1
        spans = np.repeat(self._spans(rng, count), _EACH)
        pool = [scores(random_masses(count, float(span), rng)) for span in spans]
        picked = rng.integers(len(pool), size=(DRAWS, BEST_OF))
        return {
            name: np.array([getattr(one, name) for one in pool])[picked].max(axis=1)
            for name in OBJECTIVES
        }

    def _spans(self, rng: np.random.Generator, count: int) -> list[float]:
        """Largest over smallest bulk mass at random points."""
        bounds = {name: span for box in self.boxes for name, span in box.items()}
        found: list[float] = []
        while len(found) < _SPANS:
            point = {name: rng.uniform(*span) for name, span in bounds.items()}
            there = landscape(octave_problem(octaves_of(point), count - 1, cells=8), 4)
            if there.bounded and there.minima and there.lowest.curvatures[0] > 0:
                found.append(float(there.lowest.masses[-1] / there.lowest.masses[0]))
        return found
