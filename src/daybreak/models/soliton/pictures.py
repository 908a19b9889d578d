"""What there is to see of a state, as data: fields, energy density, spectrum, growth with R."""

from __future__ import annotations

import numpy as np

import daybreak as dk

from .condensate import Condensate
from .nulls import null_tests
from .octaves import Octaves
from .refinement import BoxStudy
from .solution import Solution

_POINTS = 200
"""At most so many nodes are drawn."""


def field_names(n_octaves: int, n_fields: int) -> list[str]:
    """Psi 0 ... and Phi."""
    return [f"Psi {o}" for o in range(n_octaves)] + ["Phi"] * (n_fields - n_octaves)


def fields_picture(solution: Solution, n_octaves: int) -> dk.Curve:
    """Fields against the radius."""
    every = _every(solution)
    names = field_names(n_octaves, solution.problem.n_fields)
    lines = {name: solution.fields[every, i] for i, name in enumerate(names)}
    r = solution.problem.mesh.nodes[every]
    return dk.Curve("fields", r, lines, x_label="radius r", y_label="field")


def density_picture(solution: Solution) -> dk.Curve:
    """Energy per volume against the radius: of the gradient, of the potential, and both."""
    problem = solution.problem
    slopes = np.gradient(solution.fields, problem.mesh.step, axis=0)
    gradient = np.sum(slopes**2, axis=1) / 2
    potential = problem.local(solution.fields, problem.mesh.nodes).value
    every = _every(solution)
    lines = {"gradient": gradient, "potential": potential, "total": gradient + potential}
    return dk.Curve(
        "energy density",
        problem.mesh.nodes[every],
        {name: line[every] for name, line in lines.items()},
        x_label="radius r",
        y_label="energy per volume",
    )


def spectrum_picture(found: Condensate) -> dk.Curve:
    """Masses in the bulk beside the roots of the ball's lowest modes, by number."""
    count = max(found.masses.size, found.modes.size)
    lines = {
        "bulk": _padded(found.masses, count),
        "modes in the ball": _padded(np.sqrt(np.maximum(found.modes, 0.0)), count),
    }
    return dk.Curve("spectrum", np.arange(count), lines, x_label="number", y_label="mass")


def growth_picture(study: BoxStudy) -> dk.Curve:
    """Size of the energy against the ball's radius, beside a line of R^3."""
    radii, energies = np.array(study.radii), np.abs(study.energies)
    cube = energies[-1] * (radii / radii[-1]) ** study.dimension
    return dk.Curve(
        "energy and box",
        radii,
        {"|E|": energies, f"R^{study.dimension}": cube},
        x_label="radius R of the ball",
        y_label="|E|",
        x_scale="log",
        y_scale="log",
    )


def nulls_table() -> dk.Table:
    """Scores of spectra without physics."""
    tests = null_tests()
    return dk.Table(
        "null tests",
        {
            "spectrum": [test.name for test in tests],
            "fractal_score": [test.found.fractal_score for test in tests],
            "hierarchy": [test.found.hierarchy for test in tests],
            "regularity": [test.found.regularity for test in tests],
        },
    )


def couplings_picture(octaves: Octaves, n_octaves: int) -> dk.Matrix:
    """Couplings of the octaves to each other."""
    names = field_names(n_octaves, n_octaves)
    return dk.Matrix("couplings", octaves.couplings(n_octaves), names, names, "octave", "octave")


def _every(solution: Solution) -> slice:
    return slice(None, None, max(1, solution.problem.cells // _POINTS))


def _padded(values: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([values, np.full(count - values.size, np.nan)])
