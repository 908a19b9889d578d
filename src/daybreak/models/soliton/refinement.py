"""What mesh and box do to a state: Richardson's extrapolation, the mesh needed, growth with R."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .newton import minimise, stationary
from .numeric import Floats
from .radial_problem import RadialProblem
from .solution import Solution

ORDER = 2
"""Order of the scheme in h."""
FILLING = 1.5
"""An energy that grows with a higher power of R than this belongs to the box, not to a particle.

A wall grows as R^2 and a filled ball as R^3; what is localised does not grow.
"""


def carried_over(solution: Solution, problem: RadialProblem) -> Floats:
    """The fields of a solution on the mesh of another problem, zero beyond their own wall."""
    old, new = solution.problem.mesh.nodes, problem.mesh.nodes
    each = [np.interp(new, old, one, right=0.0) for one in solution.fields.T]
    return problem.fields(np.stack(each, axis=1))


def solved_again(solution: Solution, problem: RadialProblem) -> Solution:
    """The same state of another problem: a minimum by descent, a saddle by Newton's method."""
    start = carried_over(solution, problem)
    solve = minimise if solution.stable else stationary
    return solve(problem, start)


def observed_order(coarse: float, middle: float, fine: float, factor: int = 2) -> float:
    """The order p that three values show, ``error ~ h^p``, h divided by `factor` each time."""
    return math.log(abs((coarse - middle) / (middle - fine)), factor)


def extrapolated(coarse: float, fine: float, factor: int = 2) -> float:
    """Richardson's value from h and ``h / factor``, ``(4 E_{h/2} - E_h) / 3`` for a factor 2."""
    gain = factor**ORDER
    return (gain * fine - coarse) / (gain - 1)


@dataclass(frozen=True)
class Refinement:
    """A state on a mesh and on one twice as fine.

    Parameters
    ----------
    cells : int
        N of the coarser mesh.
    coarse, fine : float
        E on both.
    settled : bool
        Whether both are converged and have equally many negative modes.
    """

    cells: int
    coarse: float
    fine: float
    settled: bool

    @property
    def energy(self) -> float:
        """E for ``h -> 0``."""
        return extrapolated(self.coarse, self.fine)

    @property
    def error(self) -> float:
        """Relative error of the coarser energy."""
        return abs(self.coarse / self.energy - 1) if self.energy else abs(self.coarse)

    def cells_needed(self, accuracy: float) -> int:
        """N with which the relative error of E falls to `accuracy`."""
        return math.ceil(self.cells * max(1.0, (self.error / accuracy) ** (1 / ORDER)))


def refinement(solution: Solution) -> Refinement:
    """Solve a state again with half the step."""
    finer = solved_again(solution, solution.problem.refined())
    settled = solution.converged and finer.converged
    settled = settled and solution.negative_modes == finer.negative_modes
    return Refinement(solution.problem.cells, solution.energy, finer.energy, settled)


@dataclass(frozen=True)
class BoxStudy:
    """A state in balls of several sizes, with one step h.

    Parameters
    ----------
    radii, energies : tuple of float
        R and E, ascending in R.
    dimension : int
        d of space.
    """

    radii: tuple[float, ...]
    energies: tuple[float, ...]
    dimension: int = 3

    @property
    def growth(self) -> float:
        """The power p of ``|E| ~ R^p``, between the two largest balls."""
        (r1, r2), (e1, e2) = self.radii[-2:], self.energies[-2:]
        if e1 == 0 or e2 == 0 or (e1 < 0) != (e2 < 0):
            return 0.0
        return math.log(e2 / e1) / math.log(r2 / r1)

    @property
    def box_filling(self) -> bool:
        """Whether E grows with the ball: the field fills it, and no particle sits in it."""
        return self.growth > FILLING

    @property
    def change(self) -> float:
        """Relative change of E between the two largest balls."""
        e1, e2 = self.energies[-2:]
        scale = max(abs(e1), abs(e2))
        return abs(e2 - e1) / scale if scale else 0.0


def box_study(solution: Solution, factors: Sequence[float] = (0.5, 1.0, 2.0)) -> BoxStudy:
    """Solve a state again in balls `factors` times as large, with the same step.

    A field that does not vanish at the wall is stretched, so that it still ends there.
    """
    radii, energies = [], []
    for factor in sorted(factors):
        problem = solution.problem.in_box(solution.problem.radius * factor)
        again = solution if factor == 1 else _in(solution, problem)
        radii.append(problem.radius)
        energies.append(again.energy)
    return BoxStudy(tuple(radii), tuple(energies), solution.problem.dimension)


def _in(solution: Solution, problem: RadialProblem) -> Solution:
    if solution.localised:
        return solved_again(solution, problem)
    share = np.linspace(0, solution.problem.radius, problem.cells + 1)
    old = solution.problem.mesh.nodes
    stretched = np.stack([np.interp(share, old, one) for one in solution.fields.T], axis=1)
    solve = minimise if solution.stable else stationary
    return solve(problem, problem.fields(stretched))


def radius_needed(solution: Solution, accuracy: float) -> float:
    """R with which the wall changes a localised field by less than `accuracy` of its maximum.

    The tail falls as ``exp(-m r)``, m the lowest mass of the potential about ``f = 0``, so that
    each factor of e costs ``1 / m``.  Infinite where a field is massless.
    """
    problem = solution.problem
    at_rest = problem.local(np.zeros((1, problem.n_fields)), np.array([problem.radius]))
    lowest = float(np.linalg.eigvalsh(at_rest.curvature)[0, 0])
    if lowest <= 0:
        return math.inf
    near = max(1, problem.cells // 20)
    tail = float(np.max(np.abs(solution.fields[-near - 1]))) / float(np.max(solution.amplitudes))
    return problem.radius + max(0.0, math.log(max(tail, 1e-300) / accuracy)) / math.sqrt(lowest)
