"""Published least-squares problems with known minima, to try a solver or a patience on."""

from __future__ import annotations

from typing import Any

import numpy as np

from daybreak.problem.fit import Backend
from daybreak.testing.known import KnownProblem
from daybreak.testing.mgh import bounded_problems, free_problems
from daybreak.testing.nist import certified_problems

__all__ = ["KnownProblem", "known_problems"]


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
    xp: Any = np
    if backend == "jax":
        import jax.numpy as xp
    return (*free_problems(xp), *bounded_problems(xp), *certified_problems(xp))
