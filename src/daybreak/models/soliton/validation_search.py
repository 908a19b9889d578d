"""The run that was to validate the sextic term: what it published, and what there is to find."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import daybreak as dk

from .bounce import bounce
from .mass_ratio import LEAST_RATIO, mass_ratio
from .newton import minimise
from .octaves import CELLS, RADIUS, VALIDATION, octave_problem
from .original_validation import original_validation
from .pictures import density_picture, fields_picture, growth_picture
from .refinement import box_study, refinement
from .remarks import (
    box_filling,
    not_converged,
    not_converged_originally,
    restates_inputs,
    said,
    trivial_condensate,
    unstable,
)
from .solution import Solution


def published_problem() -> dk.SearchProblem:
    """The published run, from both first radii that the original uses."""
    return dk.SearchProblem(
        parameters=[dk.Choice("first", [0.0, 1e-6])],
        evaluate=evaluate_published,
        objectives=dk.Objective("norm"),
        deterministic=True,
        name="published run",
    )


def evaluate_published(configuration: Any, trial: Any) -> dict[str, float]:
    """Repeat the run; judge its convergence and its ratio of masses."""
    found = original_validation(float(configuration["first"]))
    remarks = said(
        not_converged_originally(found.norm, success=found.success, message=found.message),
        restates_inputs(found.masses),
    )
    trial.record(message=found.message, **{one.code: one.sentence for one in remarks})
    grid = found.grid.r[:60]
    lines = {"Psi": found.psi[:60], "Phi": found.phi[:60]}
    trial.attach(dk.Curve("fields near the origin", grid, lines, "radius r", "field"))
    masses = found.masses
    return {
        "norm": found.norm,
        "start_norm": found.start_norm,
        "energy": found.energy,
        "iterations": float(found.iterations),
        "converged": float(found.success),
        "mass_ratio": masses.ratio,
        "ratio_met": float(masses.ratio >= LEAST_RATIO),
        "beyond_inputs": float(not masses.restates_inputs),
    }


def starts_problem() -> dk.SearchProblem:
    """Gaussian starts of both fields, of which one may end in a soliton."""
    return dk.SearchProblem(
        parameters=[
            dk.Parameter("amplitude", 0.05, 4.0),
            dk.Parameter("width", 0.5, 8.0),
            dk.Parameter("phi_amplitude", 0.0, 2.0),
        ],
        evaluate=evaluate_start,
        objectives=dk.Objective("soliton", "maximise"),
        settings={"cells": CELLS, "radius": RADIUS},
        deterministic=True,
        name="starts",
    )


def evaluate_start(configuration: Any, trial: Any) -> dict[str, float]:
    """Descend from one start; `soliton` is the amplitude of what is stable and localised."""
    radius, cells = float(trial.settings.radius), int(trial.settings.cells)
    problem = octave_problem(VALIDATION, 1, radius, cells)
    shape = np.exp(-(problem.mesh.nodes**2) / (2 * configuration["width"] ** 2))
    heights = configuration["amplitude"], configuration["phi_amplitude"]
    state = minimise(problem, [height * shape for height in heights])
    return {**_judged(state, trial), "soliton": _soliton(state)}


def _soliton(state: Solution) -> float:
    """Amplitude of a stable state that is there and does not fill its box; else 0."""
    right = state.converged and state.stable and state.localised and not state.trivial
    return float(state.amplitudes[0]) if right else 0.0


def bounce_problem() -> dk.SearchProblem:
    """The only localised state of least action, in three balls."""
    return dk.SearchProblem(
        parameters=[dk.Choice("radius", [12.5, 25.0, 50.0])],
        evaluate=evaluate_bounce,
        objectives=dk.Objective("negative_modes"),
        deterministic=True,
        name="bounce",
    )


def evaluate_bounce(configuration: Any, trial: Any) -> dict[str, float]:
    """Find the bounce; its energy is Richardson's."""
    radius = float(configuration["radius"])
    problem = octave_problem(VALIDATION, 1, radius, round(32 * radius))
    state = bounce(problem)
    return {**_judged(state, trial), "energy_extrapolated": refinement(state).energy}


def _judged(state: Solution, trial: Any) -> dict[str, float]:
    """What is said of every state of this potential."""
    study = box_study(state)
    remarks = said(
        not_converged(state), unstable(state), trivial_condensate(state, 1), box_filling(study)
    )
    trial.record(**{one.code: one.sentence for one in remarks})
    trial.attach(fields_picture(state, 1))
    trial.attach(density_picture(state))
    if math.prod(study.energies):
        trial.attach(growth_picture(study))
    r = state.problem.mesh.nodes
    masses = mass_ratio(VALIDATION, state.fields[:, 0], state.fields[:, 1], r)
    return {
        "energy": state.energy,
        "negative_modes": float(state.negative_modes),
        "lowest_mode": float(state.modes(1)[0][0]),
        "residual": state.residual,
        "virial_error": state.virial_error,
        "box_growth": study.growth,
        "psi_at_origin": float(abs(state.fields[0, 0])),
        "mass_ratio": masses.ratio,
    }
