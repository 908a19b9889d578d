"""Initial guesses from a small network, trained on the energy itself: an option, not a need.

The deep Ritz method (E and Yu 2018): the network's fields obey the boundary conditions whatever
its weights are, and its loss is the energy of the mesh.  `compared_guesses`
measures what that is worth.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .mesh import Mesh
from .newton import minimise
from .numeric import Floats
from .radial_problem import RadialProblem
from .remarks import Remark

WIDTH, CELLS, ITERATIONS = 24, 100, 150
"""Of each of two hidden layers; of the mesh to train on; of the training."""

Weights = Any


@dataclass(frozen=True, eq=False)
class Network:
    """Fields as a network of ``x = (r / R)^2`` alone: ``(1 - x) W3 tanh(W2 tanh(W1 x))``.

    Even in r, so that they are smooth at the origin, and zero at the wall.

    Parameters
    ----------
    weights : tree of arrays
    losses : array, shape (n_iterations,)
        Energy of the training mesh, after each iteration.
    seconds : float
        Processor time of the training.
    """

    weights: Weights
    losses: Floats
    seconds: float

    def fields(self, problem: RadialProblem) -> Floats:
        """The fields on the nodes of any mesh, shape (N + 1, n)."""
        with jax.enable_x64(True):
            x = (problem.mesh.nodes / problem.radius) ** 2
            return problem.fields(np.asarray(network_fields(self.weights, jnp.asarray(x))))


def network_fields(weights: Weights, x: jax.Array) -> jax.Array:
    """Fields at the squared shares x of the radius: (M,) -> (M, n)."""
    hidden = x[:, None]
    for matrix, bias in weights[:-1]:
        hidden = jnp.tanh(hidden @ matrix + bias)
    matrix, bias = weights[-1]
    return (1 - x)[:, None] * (hidden @ matrix + bias)


def first_weights(n_fields: int, seed: int = 0, width: int = WIDTH) -> Weights:
    """Random weights of two hidden layers, scaled as Glorot and Bengio (2010) do."""
    rng = np.random.default_rng(seed)
    sizes = (1, width, width, n_fields)
    return [
        (rng.standard_normal((a, b)) * np.sqrt(2 / (a + b)), rng.standard_normal(b) * 0.5)
        for a, b in itertools.pairwise(sizes)
    ]


def trained(
    problem: RadialProblem,
    seed: int = 0,
    iterations: int = ITERATIONS,
    cells: int = CELLS,
    start: Weights | None = None,
) -> Network:
    """Train a network on the energy of a coarse mesh by L-BFGS.

    Parameters
    ----------
    problem : RadialProblem
    seed : int
        Of the first weights.
    iterations, cells : int
        Most iterations; cells of the mesh to train on.
    start : tree of arrays, optional
        Weights to begin with, e.g. those of a neighbouring problem.
    """
    from scipy.optimize import minimize

    begun = time.process_time()
    first = first_weights(problem.n_fields, seed) if start is None else start
    with jax.enable_x64(True):
        vector, unravel = ravel_pytree(first)
        loss = _loss(problem.potential, cells, problem.radius, problem.dimension)
        losses: list[float] = []

        def value(unknowns: Floats) -> tuple[float, Floats]:
            energy, slope = loss(unravel(jnp.asarray(unknowns)), problem.arguments)
            return float(energy), np.asarray(ravel_pytree(slope)[0])

        def keep(intermediate_result: Any) -> None:
            losses.append(float(intermediate_result.fun))

        options = {"maxiter": iterations}
        end: Any = minimize(
            value, np.asarray(vector), jac=True, method="L-BFGS-B", callback=keep, options=options
        )
        weights = jax.tree.map(np.asarray, unravel(jnp.asarray(end.x)))
    return Network(weights, np.array(losses), time.process_time() - begun)


@lru_cache(maxsize=16)
def _loss(potential: Any, cells: int, radius: float, dimension: int) -> Callable[..., Any]:
    """Energy of a network's fields on a mesh, with its slope in the weights, compiled."""
    mesh = Mesh(radius, cells, dimension)
    r, w, k = (jnp.asarray(part) for part in (mesh.nodes, mesh.volumes, mesh.edges))

    def energy(weights: Weights, arguments: tuple[Any, ...]) -> jax.Array:
        fields = network_fields(weights, (r / radius) ** 2)
        local = jax.vmap(lambda f, at: potential(f, at, *arguments))(fields, r)
        return 0.5 * jnp.sum(k[:, None] * jnp.diff(fields, axis=0) ** 2) + jnp.sum(w * local)

    return jax.jit(jax.value_and_grad(energy))


@dataclass(frozen=True)
class Guess:
    """One way to begin, and what Newton's method makes of it.

    Parameters
    ----------
    name : str
    seconds : float
        Processor time to make the guess; s.
    iterations : int
        Linear systems that Newton's method then solves.
    solve_seconds : float
        Processor time of that; s.
    energy : float
        E where it ends.
    """

    name: str
    seconds: float
    iterations: int
    solve_seconds: float
    energy: float

    def after(self, seconds: float) -> Guess:
        """The same, with what went before it."""
        return replace(self, seconds=self.seconds + seconds)


def compared_guesses(
    problem: RadialProblem, makers: dict[str, Callable[[], Any]]
) -> tuple[Guess, ...]:
    """Begin Newton's method from several guesses.

    Parameters
    ----------
    problem : RadialProblem
    makers : mapping name -> callable () -> profiles
        Timed, each of them.
    """
    found: list[Guess] = []
    for name, make in makers.items():
        begun = time.process_time()
        start = problem.fields(make())
        made = time.process_time()
        solution = minimise(problem, start)
        done = time.process_time()
        found.append(Guess(name, made - begun, solution.iterations, done - made, solution.energy))
    return tuple(found)


def worth(network: Guess, plain: Guess) -> Remark:
    """Say whether a network's guess earned its place beside the best plain one."""
    saved = plain.iterations - network.iterations
    effect = f"saves {saved}" if saved >= 0 else f"adds {-saved}"
    cost = network.seconds + network.solve_seconds
    other = plain.seconds + plain.solve_seconds
    deeper = network.energy < plain.energy - 1e-6 * abs(plain.energy)
    if cost < other or deeper:
        why = "leads to a lower energy" if deeper else "is quicker in all"
        return Remark(
            "pretraining_worth_it",
            f"Pre-training earns its place: beside {plain.iterations} iterations it {effect}, "
            f"takes {cost:.3g} s instead of {other:.3g} s, and {why}.",
        )
    return Remark(
        "pretraining_not_worth_it",
        f"Pre-training does not earn its place: beside {plain.iterations} iterations of Newton's "
        f"method it {effect}, and takes {cost:.3g} s, {cost / other:.0f} times the {other:.3g} s "
        f"from the plain guess ({plain.name}).",
    )
