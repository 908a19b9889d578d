"""Bounces against SciPy's boundary-value solver and against published actions.

Published numbers:

* Athron, Balazs, Bardsley, Fowlie, Harries, White, Comput. Phys. Commun. 244 (2019) 448, table 1:
  actions in three dimensions of one to eight coupled fields.  Their program, AnyBubble and
  CosmoTransitions agree on them to the digits given, but for one field, where the value is that of
  AnyBubble, and of Sato, Comput. Phys. Commun. 258 (2021) 107566, table 1, who repeats them all.
* Linde, Nucl. Phys. B 216 (1983) 421: ``19 m / l`` for an attractive quartic term,
  ``44 m^3 / d^2`` and ``205 m^2 / d^2`` for an attractive cubic one in three and four dimensions.
* Adams, Phys. Rev. D 48 (1993) 2800: fits of the action in four dimensions for every potential of
  fourth order.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_bvp

from daybreak.models.soliton import VALIDATION, RadialProblem, bounce, octave_problem, stationary
from daybreak.models.soliton.refinement import carried_over, refinement

PUBLISHED = {
    2: (20.8, [1.8, 0.2], 0.3),
    3: (22.0, [0.684373, 0.181928, 0.295089], 0.284821),
    4: (55.9, [0.534808, 0.77023, 0.838912, 0.00517238], 0.258889),
    5: (16.3, [0.4747, 0.234808, 0.57023, 0.138912, 0.517238], 0.658889),
    6: (24.5, [0.34234, 0.4747, 0.234808, 0.57023, 0.138912, 0.517238], 0.658889),
    7: (36.7, [0.5233, 0.34234, 0.4747, 0.234808, 0.57023, 0.138912, 0.517238], 0.658889),
    8: (46.0, [0.2434, 0.5233, 0.34234, 0.4747, 0.234808, 0.57023, 0.138912, 0.51723], 0.658889),
}
"""Fields: action, coefficients, depth."""


def one_field(f: Any, r: Any) -> Any:
    """The published potential of one field."""
    return (f[0] ** 4 - 8 * f[0] ** 3 + 10 * f[0] ** 2) / 10


def many_fields(f: Any, r: Any, c: Any, depth: Any) -> Any:
    """That of several: ``(sum c_i (f_i - 1)^2 - depth) sum f_i^2``."""
    return (jnp.sum(c * (f - 1) ** 2) - depth) * jnp.sum(f**2)


def quartic(f: Any, r: Any) -> Any:
    """``m^2 f^2 / 2 - l f^4 / 4`` in units of m and l."""
    return f[0] ** 2 / 2 - f[0] ** 4 / 4


def cubic(f: Any, r: Any) -> Any:
    """``m^2 f^2 / 2 - d f^3 / 3`` in units of m and d."""
    return f[0] ** 2 / 2 - f[0] ** 3 / 3


def fourth_order(f: Any, r: Any, shape: Any) -> Any:
    """``l f^4 - a f^3 + b f^2`` with a = b = 1 and ``l = shape / 8``."""
    return shape / 8 * f[0] ** 4 - f[0] ** 3 + f[0] ** 2


def action(problem: RadialProblem) -> float:
    """Richardson's energy of a bounce with one negative mode."""
    state = bounce(problem)

    assert state.converged
    assert state.negative_modes == 1
    assert state.localised
    return refinement(state).energy


def test_one_published_action():
    """One field: 52.4."""
    assert action(RadialProblem(one_field, 1, 12.0, 600)) == pytest.approx(52.4, abs=0.05)


@pytest.mark.parametrize("n_fields", PUBLISHED)
def test_published_actions(n_fields):
    """Two to eight fields, to every published digit, without a start from anybody."""
    published, coefficients, depth = PUBLISHED[n_fields]
    arguments = (np.array(coefficients), depth)
    found = action(RadialProblem(many_fields, n_fields, 15.0, 600, arguments=arguments))

    assert found == pytest.approx(published, abs=0.051)


@pytest.mark.parametrize(
    ("potential", "dimension", "published"), [(quartic, 3, 19), (cubic, 3, 44), (cubic, 4, 205)]
)
def test_linde(potential, dimension, published):
    """The three numbers of thin barriers, to the digits given."""
    found = action(RadialProblem(potential, 1, 16.0, 800, dimension))

    assert found == pytest.approx(published, abs=0.6)


@pytest.mark.parametrize("shape", [0.2, 0.6, 1.0, 1.4, 1.6])
def test_adams(shape):
    """The published fit in four dimensions, to its own accuracy of 0.2 %."""
    fit = math.pi**2 / (3 * shape / 8) / (2 - shape) ** 3
    fit *= 13.832 * shape - 10.819 * shape**2 + 2.0765 * shape**3
    found = action(RadialProblem(fourth_order, 1, 16.0, 800, 4, arguments=(shape,)))

    assert found == pytest.approx(fit, rel=2e-3)


def test_thin_wall():
    """As minima become degenerate the action becomes Coleman's of a thin wall (1977).

    ``27 pi^2 S^4 / (2 e^3)``, with ``S = int sqrt(2 V) df`` between degenerate minima 0 and 2, and
    e the difference of V between them, to leading order in ``2 - shape``.
    """
    tension = math.sqrt(2) * 2 / 3  # of V = f^2 (1 - f / 2)^2
    ratios = []
    for shape in (1.8, 1.9):
        depth = (2 - shape) / 8 * 2**4
        thin = 27 * math.pi**2 * tension**4 / (2 * depth**3)
        problem = RadialProblem(fourth_order, 1, 40.0, 1600, 4, arguments=(shape,))
        ratios.append(action(problem) / thin)

    assert ratios[0] > ratios[1] > 1
    assert 2 * ratios[1] - ratios[0] == pytest.approx(1.0, abs=0.1)


def test_boundary_value_solver():
    """SciPy's collocation, from the same start, finds the same field and energy."""
    radius, start = 20.0, bounce(octave_problem(VALIDATION, 1, 20.0, 400, with_phi=False))
    fine = octave_problem(VALIDATION, 1, radius, 6400, with_phi=False)
    state = stationary(fine, carried_over(start, fine))

    def equation(r: Any, y: Any) -> Any:
        f, slope, _ = y
        force = 0.5 * f - f**3 + 0.15 * f**5
        density = slope**2 / 2 + f**2 / 4 - f**4 / 4 + f**6 / 40
        return np.vstack([slope, force, 4 * np.pi * r**2 * density])

    def ends(a: Any, b: Any) -> Any:
        return np.array([a[1], b[0], a[2]])

    r = np.linspace(0, radius, 400)
    f = np.interp(r, start.problem.mesh.nodes, start.fields[:, 0])
    guess = np.vstack([f, np.gradient(f, r), np.zeros_like(f)])
    singular = np.diag([0.0, -2.0, 0.0])  # -2 f' / r
    peer = solve_bvp(equation, ends, r, guess, S=singular, tol=1e-8, max_nodes=100_000)

    assert peer.success
    assert peer.y[2, -1] == pytest.approx(24.42932012, abs=1e-6)
    assert refinement(state).energy == pytest.approx(peer.y[2, -1], abs=1e-6)
    assert np.allclose(state.fields[1:, 0], peer.sol(fine.mesh.nodes[1:])[0], atol=1e-5)
