"""Random problems whose scaling group is known: residuals made of monomials.

``y_i = softplus(log M_i) + 0.3 tanh(log M_(i+1)) + sum_j b_j sin(p_j)`` with
``M_i = prod_j p_j^(E_ij)``: the group is the null space of E, with a row e_j added for every
symmetry-breaking strength b_j that is not zero.
"""

import jax
import jax.numpy as jnp
import numpy as np

import daybreak as dk
from daybreak.preflight.probe import Probe
from daybreak.preflight.symmetry import find_symmetries

SIZES = ((2, 4), (4, 6), (6, 8))
"""Parameters and observations of the three shapes, one compilation each."""
STRENGTHS = (0.0, 0.0, 0.0, 1.0, 1e-2, 1e-4, 1e-6)


def shape(n, m):
    """A problem of n parameters, some on a log scale, with all exponents as traced settings."""

    def predict(p, settings):
        x = jnp.stack([getattr(p, f"p{j}") for j in range(n)])
        rows = [[getattr(settings, f"E{i}_{j}") for j in range(n)] for i in range(m)]
        exponents = jnp.array(rows)
        strengths = jnp.stack([getattr(settings, f"b{j}") for j in range(n)])
        logs = exponents @ jnp.log(x)
        neighbours = jnp.roll(logs, -1)
        return jax.nn.softplus(logs) + 0.3 * jnp.tanh(neighbours) + strengths @ jnp.sin(x)

    names = [f"E{i}_{j}" for i in range(m) for j in range(n)] + [f"b{j}" for j in range(n)]
    return dk.FitProblem(
        parameters=[
            dk.Parameter(f"p{j}", 0.4, 2.5, scale="log" if j % 2 else "linear") for j in range(n)
        ],
        predict=predict,
        observations=dk.observations(np.full(m, 0.7), 0.01),
        settings=dict.fromkeys(names, 0.0),
    )


def draw(rng, n, m):
    """Exponents of random rank, and strengths of terms that break some symmetries."""
    rank = int(rng.integers(max(1, n - 3), n + 1))
    left, right = rng.integers(-1, 2, size=(m, rank)), rng.integers(-2, 3, size=(rank, n))
    strengths = np.zeros(n)
    if rng.random() < 0.5:
        strengths[rng.integers(n)] = rng.choice(STRENGTHS)
    return np.clip(left @ right, -6, 6).astype(float), strengths


def compare(rng, problem, n, m):
    """Whether a direction was found that is none, and whether one was missed."""
    exponents, strengths = draw(rng, n, m)
    settings = {f"E{i}_{j}": exponents[i, j] for i in range(m) for j in range(n)}
    settings |= {f"b{j}": strengths[j] for j in range(n)}
    study = dk.Study("s", problem, dk.MultiStart(), settings=settings)
    found = find_symmetries(Probe(study))
    exact = [s for s in found if s.exact and s.kind == "scaling"]
    group = np.array([[_number(s, f"p{j}") for j in range(n)] for s in exact]).reshape(-1, n)
    conditions = np.concatenate([exponents, np.diag((strengths != 0).astype(float))])
    false = bool(np.abs(conditions @ group.T).max(initial=0.0) > 1e-6) or any(
        s.exact and s.kind == "shift" for s in found
    )
    missed = np.linalg.matrix_rank(group) < n - np.linalg.matrix_rank(conditions)
    return false, bool(missed)


def _number(symmetry, name):
    above, _, below = symmetry.exponents.get(name, "0").partition("/")
    return float(above) / float(below or 1)


def census(count, seed):
    """Number of random problems with a false symmetry, and with a missed one."""
    rng = np.random.default_rng(seed)
    shapes = [(shape(n, m), n, m) for n, m in SIZES]
    outcomes = [compare(rng, *shapes[k % len(shapes)]) for k in range(count)]
    return sum(false for false, _ in outcomes), sum(missed for _, missed in outcomes)
