"""A second discretisation, to check the first: collocation on even Chebyshev polynomials.

It converges faster than any power of the number of nodes and shares nothing with the mesh but the
potential (Trefethen 2000, chapters 6 and 11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .numeric import Floats
from .radial_problem import RadialProblem
from .solution import Solution

_ITERATIONS = 40


@dataclass(frozen=True, eq=False)
class Spectral:
    """A stationary state on Chebyshev nodes."""

    nodes: Floats
    """r_j from R down to nearly 0, shape (M,)."""
    fields: Floats
    """Shape (M, n); the first row is zero, at the wall."""
    energy: float
    """E by Gauss and Legendre's quadrature of the polynomial."""
    residual: float
    """Largest modulus of ``f'' + (d - 1) f' / r - V'`` inside the wall."""


def collocated(solution: Solution, nodes: int = 96) -> Spectral:
    """Solve ``f'' + (d - 1) f' / r = V'`` again, from a solution on the mesh.

    Parameters
    ----------
    solution : Solution
        Where Newton's method begins.
    nodes : int
        M, collocation points in (0, R].
    """
    problem, n = solution.problem, solution.problem.n_fields
    r, slope, laplacian = _operators(problem, nodes)
    at = solution.problem.mesh.nodes
    fields = np.stack([np.interp(r, at, one) for one in solution.fields.T], axis=1)
    fields[0] = 0.0
    inner = np.kron(laplacian[1:, 1:], np.eye(n))
    for _ in range(_ITERATIONS):
        local = problem.local(fields, r)
        equation = (laplacian @ fields - local.slope)[1:]
        matrix = inner.copy().reshape(nodes - 1, n, nodes - 1, n)
        diagonal = np.arange(nodes - 1)
        matrix[diagonal, :, diagonal, :] -= local.curvature[1:]
        step = np.linalg.solve(matrix.reshape(inner.shape), -equation.ravel())
        fields[1:] += step.reshape(nodes - 1, n)
        if np.max(np.abs(step)) < 1e-13 * (1 + np.max(np.abs(fields))):
            break
    equation = (laplacian @ fields - problem.local(fields, r).slope)[1:]
    energy = _energy(problem, r, fields, slope @ fields)
    return Spectral(r, fields, energy, float(np.max(np.abs(equation))))


def _operators(problem: RadialProblem, nodes: int) -> tuple[Floats, Floats, Floats]:
    """Nodes, first derivative and Laplacian of even polynomials of r / R."""
    count = 2 * nodes
    x = np.cos(np.pi * np.arange(count) / (count - 1))
    ends = np.ones(count)
    ends[[0, -1]] = 2.0
    ends *= (-1.0) ** np.arange(count)
    gaps = x[:, None] - x[None, :] + np.eye(count)
    first = np.outer(ends, 1 / ends) / gaps
    first -= np.diag(np.sum(first, axis=1))
    second = first @ first
    r, mirror = problem.radius * x[:nodes], slice(None, nodes - 1, -1)
    slope = (first[:nodes, :nodes] + first[:nodes, mirror]) / problem.radius
    bend = (second[:nodes, :nodes] + second[:nodes, mirror]) / problem.radius**2
    return r, slope, bend + (problem.dimension - 1) * slope / r[:, None]


def _energy(problem: RadialProblem, r: Floats, fields: Floats, slope: Floats) -> float:
    """Integrate the interpolating polynomial, sampled finely, over the ball."""
    from scipy.interpolate import BarycentricInterpolator

    u, weight = np.polynomial.legendre.leggauss(4 * r.size)
    points = problem.radius * (u + 1) / 2
    whole = np.concatenate([r, -r[::-1]])
    even = BarycentricInterpolator(whole, np.concatenate([fields, fields[::-1]]))(points)
    odd = BarycentricInterpolator(whole, np.concatenate([slope, -slope[::-1]]))(points)
    density = np.sum(odd**2, axis=1) / 2 + problem.local(even, points).value
    measure = problem.mesh.sphere * points ** (problem.dimension - 1) * problem.radius / 2
    return float(np.sum(weight * measure * density))
