"""The original's search as it was: its trial, its score, its box; every trial is rejected."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import daybreak as dk

from .biharmonic import STRENGTH, bending_energy, exploding_norm, sign_mismatch
from .heartbeat import Heartbeat
from .original import OriginalGrid
from .original_spectrum import original_eigenvalues, original_masses, unstable_dropped
from .original_trial import OriginalEnd, OriginalTrial, original_trial
from .pictures import nulls_table
from .scores import Scores, scores
from .search_boxes import ORIGINAL, octaves_of, searched
from .trial_log import keep_row

OBJECTIVES = ("fractal_score", "hierarchy", "regularity")
_COARSE = 40
"""Nodes of the rehearsal's grid."""


class Rejected(Exception):  # noqa: N818 - it is an outcome, not an error
    """A check of the original before it asks for a spectrum."""


def legacy_problem() -> dk.SearchProblem:
    """The original's objectives over its box, evaluated by its own trial."""
    return dk.SearchProblem(
        parameters=searched(ORIGINAL),
        evaluate=evaluate,
        objectives=[dk.Objective(name, "maximise") for name in OBJECTIVES],
        rehearsal=rehearse,
        name="soliton legacy",
    )


def evaluate(configuration: Any, trial: Any) -> dict[str, float]:
    """One trial of the original.

    Raises
    ------
    Rejected
        In the original's words.  The original tells its sampler (-1, 0, 0) instead, which is no
        property of any point.
    """
    begun = time.perf_counter()
    with Heartbeat(trial.directory, f"seed {trial.seed}") as beat:
        beat("relaxation")
        found = original_trial(octaves_of(configuration), configuration["v_H"], trial.rng)
        metrics = {"largest_psi": found.largest_psi, "energy": found.energy}
        if found.end is OriginalEnd.ACCEPTED:
            beat("spectrum")
            metrics |= _scored(found)
    keep_row(
        trial,
        configuration,
        {
            **metrics,
            "error_msg": found.end.value,
            "seconds": time.perf_counter() - begun,
            **{
                f"effective_{name}": getattr(found.octaves, name)
                for name in ("m0", "g", "lam_1", "lam_2")
            },
            "delta": found.octaves.delta,
            "beta": found.octaves.beta,
            "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        },
    )
    if found.end is not OriginalEnd.ACCEPTED:
        raise Rejected(found.end.value)
    return metrics


def _scored(found: OriginalTrial) -> dict[str, float]:
    """Scores of the lowest 300 modes, as the original takes them."""
    values = original_eigenvalues(found.octaves, found.psi, found.phi, OriginalGrid())
    judged = scores(original_masses(values), legacy=True)
    return {**_as_metrics(judged), "negative_modes": float(unstable_dropped(values))}


def _as_metrics(judged: Scores) -> dict[str, float]:
    return {name: getattr(judged, name) for name in OBJECTIVES}


def rehearse(configuration: Any, trial: Any) -> dict[str, float]:
    """The score of a trial on a coarse grid with few modes, were it not rejected.

    To nine digits, so that rounding does not pass for the effect of a parameter.
    """
    grid, n = OriginalGrid(_COARSE), 4
    octaves = octaves_of(configuration)
    found = original_trial(octaves, configuration["v_H"], trial.rng, grid, n)
    values = original_eigenvalues(found.octaves, found.psi, found.phi, grid, 30)
    judged = scores(original_masses(values), legacy=True)
    return {name: round(value, 9) for name, value in _as_metrics(judged).items()}


def bending_problem(signs: Sequence[int] = (1, -1)) -> dk.SearchProblem:
    """Ask which sign of ``b lap lap f`` is the variation of ``b (lap f)^2 / 2``."""
    return dk.SearchProblem(
        parameters=[dk.Choice("sign", list(signs))],
        evaluate=evaluate_bending,
        objectives=dk.Objective("mismatch"),
        deterministic=True,
        name="biharmonic sign",
    )


def evaluate_bending(configuration: Any, trial: Any) -> dict[str, float]:
    """How far the force with one sign is from the energy's slope, and what else was published."""
    sign = float(configuration["sign"])
    grid = OriginalGrid(first=0.0)
    trial.attach(nulls_table())
    return {
        "mismatch": sign_mismatch(sign),
        "sign_of_energy": float(np.sign(bending_energy(np.exp(-(grid.r**2) / 8), grid, STRENGTH))),
        "norm": exploding_norm(),
        "norm_without_six_rows": exploding_norm(skipped=6),
    }
