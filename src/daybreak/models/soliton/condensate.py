"""One point of the search as it should be asked: from the potential's minima to a judged score."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .landscape import Landscape, Minimum, landscape
from .newton import minimise
from .nulls import Null, null
from .numeric import Floats
from .octaves import CELLS, N_OCTAVES, RADIUS, Octaves, octave_problem
from .pretraining import trained
from .radial_problem import RadialProblem
from .refinement import BoxStudy, Refinement, box_study, refinement
from .remarks import (
    Remark,
    box_filling,
    box_too_small,
    grid_too_coarse,
    inside_null,
    not_converged,
    said,
    trivial_condensate,
    unbounded,
    unstable,
)
from .scores import Scores, scores
from .solution import Solution

STARTS, MODES = 32, 20


@dataclass(frozen=True, eq=False)
class Condensate:
    """The state of least energy of one potential in a ball, with all that is asked of it.

    Parameters
    ----------
    octaves : Octaves
    n_octaves : int
    landscape : Landscape
        Minima of the potential itself.
    solution : Solution or None
        The minimum in the ball; None where the potential is unbounded.
    box : BoxStudy or None
        The same in balls half and twice as large.
    mesh : Refinement or None
        The same with half the step.
    modes : array, shape (20,)
        Lowest eigenvalues of spherical changes.
    seconds : float
        Wall time.
    """

    octaves: Octaves
    n_octaves: int
    landscape: Landscape
    solution: Solution | None = None
    box: BoxStudy | None = None
    mesh: Refinement | None = None
    modes: Floats = field(default_factory=lambda: np.empty(0))
    seconds: float = 0.0

    @property
    def masses(self) -> Floats:
        """Masses of waves in the bulk, ascending, shape (n + 1,); none where unbounded.

        Curvatures of the potential at its minimum: the box does not enter them.
        """
        return self.landscape.lowest.masses if self.solution is not None else np.empty(0)

    @cached_property
    def scores(self) -> Scores:
        """Scores of the bulk masses."""
        return scores(self.masses)

    @cached_property
    def null(self) -> Null:
        """Scores of random masses, as many and as widely spread."""
        return null(self.masses)

    @property
    def largest_psi(self) -> float:
        """Largest modulus of any octave."""
        if self.solution is None:
            return float("nan")
        return float(np.max(self.solution.amplitudes[: self.n_octaves]))

    @cached_property
    def remarks(self) -> tuple[Remark, ...]:
        """All that is wrong with it."""
        if self.solution is None or self.box is None or self.mesh is None:
            return said(unbounded(self.landscape))
        return said(
            not_converged(self.solution),
            unstable(self.solution),
            trivial_condensate(self.solution, self.n_octaves),
            box_filling(self.box),
            box_too_small(self.solution),
            grid_too_coarse(self.mesh),
            inside_null(self.scores, self.null),
        )


def condensate(
    octaves: Octaves,
    n_octaves: int = N_OCTAVES,
    radius: float = RADIUS,
    cells: int = CELLS,
    *,
    starts: int = STARTS,
    seed: int = 0,
    modes: int = MODES,
    pretrained: bool = False,
    phase: Callable[[str, float], None] | None = None,
) -> Condensate:
    """Find the state of least energy, and judge it.

    Parameters
    ----------
    octaves : Octaves
    n_octaves, radius, cells
        Of the problem; Phi is always its last field.
    starts, seed : int
        Of the search for minima of the potential.
    modes : int
        How many of the lowest are asked for.
    pretrained : bool
        Whether Newton's method begins with a network trained on the energy, and not with the
        minimum of the potential; it never paid (see `pretraining`).
    phase : callable (name, residual)
        Told what is going on, for a heartbeat.
    """
    begun = time.perf_counter()
    told = phase or (lambda *_: None)
    problem = octave_problem(octaves, n_octaves, radius, cells)
    told("landscape", float("nan"))
    found = landscape(problem, starts, seed)
    if not found.bounded:
        return Condensate(octaves, n_octaves, found, seconds=time.perf_counter() - begun)
    told("minimum", float("nan"))
    guess = trained(problem, seed).fields(problem) if pretrained else None
    solution = minimise(problem, filled(problem, found.lowest) if guess is None else guess)
    told("box and mesh", solution.residual)
    box, mesh = box_study(solution), refinement(solution)
    told("modes", solution.residual)
    lowest = solution.modes(modes)[0]
    seconds = time.perf_counter() - begun
    return Condensate(octaves, n_octaves, found, solution, box, mesh, lowest, seconds)


def filled(problem: RadialProblem, minimum: Minimum) -> Floats:
    """A minimum of the potential everywhere, but for a wall as thick as its waves are long."""
    depth = problem.radius - problem.mesh.nodes
    steepness = max(float(minimum.masses[0]), 1 / problem.radius)
    return problem.fields(np.tanh(steepness * depth)[:, None] * minimum.fields)
