"""Least-squares problems with known answers, to try a solver, a profile or a patience on."""

from __future__ import annotations

from typing import Any

import numpy as np

from daybreak.problem.backend import Backend
from daybreak.testing.known import KnownProblem
from daybreak.testing.mgh import bounded_problems, free_problems
from daybreak.testing.mirrored import MirroredProblem, mirrored
from daybreak.testing.nist import certified_problems

__all__ = ["KnownProblem", "MirroredProblem", "known_problems", "mirrored_problems"]


def known_problems(backend: Backend = "jax") -> tuple[KnownProblem, ...]:
    """Published problems, without and with active bounds.

    Sources: More, Garbow and Hillstrom (1981), ACM Trans. Math. Softw. 7, 17, with bounds by
    Gay (1984), Lecture Notes in Mathematics 1066, 72, and by Hock and Schittkowski (1981); NIST,
    Statistical Reference Datasets, nonlinear regression, https://www.itl.nist.gov/div898/strd.

    Parameters
    ----------
    backend : {"jax", "numpy"}
        What the predictions compute with.
    """
    xp = _namespace(backend)
    return (*free_problems(xp), *bounded_problems(xp), *certified_problems(xp))


def mirrored_problems(backend: Backend = "jax") -> tuple[MirroredProblem, ...]:
    """Problems whose profiles have mirrored or several minima, with certain answers.

    What makes them certain is said in `daybreak.testing.mirrored`.

    Parameters
    ----------
    backend : {"jax", "numpy"}
        What the predictions compute with.
    """
    return tuple(mirrored(_namespace(backend)))


def _namespace(backend: Backend) -> Any:
    if backend == "numpy":
        return np
    import jax.numpy as jnp

    return jnp
