"""Standard problems with a known truth, one for each noise model, and how their intervals hold.

Textbook situations, small enough for a thousand simulated data sets each; the same models are
also fitted with the wrong noise, to measure what that costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

import daybreak as dk
from daybreak.problem.observations import Observations

X = np.linspace(0.0, 1.0, 16)
TRUTH = {"a": 5.0, "b": 3.0}
NORMALISATION = 0.01


def straight(p: Any, _: Any) -> Any:
    """``a + b x``."""
    return p.a + p.b * jnp.asarray(X)


def probability(p: Any, _: Any) -> Any:
    """Logistic regression, ``20 / (1 + exp(-(a + b (x - 1/2))))`` successes in 20 trials."""
    return 20.0 / (1.0 + jnp.exp(-(p.a + p.b * jnp.asarray(X - 0.5))))


def decay(p: Any, _: Any) -> Any:
    """``a exp(-b x)``, which is not linear in b."""
    return p.a * jnp.exp(-p.b * jnp.asarray(X))


def problem(data: Observations, predict: Callable[..., Any] = straight, **more: Any) -> Any:
    """Two parameters with wide boxes."""
    lower = 0.5 if predict is straight else (-4.0 if predict is probability else 0.1)
    return dk.FitProblem(
        [dk.Parameter("a", lower, 12), dk.Parameter("b", -2 if lower == 0.5 else lower, 12)],
        predict,
        data,
        **more,
    )


def ar1(rho: float = 0.6, sigma: float = 0.3) -> Any:
    """Covariance of neighbours that share noise, ``sigma^2 rho^|i - j|``."""
    i = np.arange(len(X))
    return sigma**2 * rho ** np.abs(i[:, None] - i[None, :])


COUNTS = np.round(TRUTH["a"] + TRUTH["b"] * X)
SIGMAS = np.full(len(X), 0.3)


def standard() -> dict[str, tuple[Any, dict[str, float]]]:
    """Problems and truths by name: every noise model there is."""
    line = TRUTH["a"] + TRUTH["b"] * X
    logistic = {"a": 0.4, "b": 2.0}
    return {
        "Gaussian": (problem(dk.observations(line, SIGMAS), decay), {"a": 5.0, "b": 2.0}),
        "covariance": (problem(dk.observations(line, covariance=ar1())), TRUTH),
        "normalisation": (
            problem(
                dk.observations(line, 0.05),
                scale_factors=[dk.ScaleFactor("N", prior=dk.Normal(1.0, NORMALISATION))],
            ),
            TRUTH,
        ),
        "Poisson": (problem(dk.observations(COUNTS, noise=dk.Poisson())), TRUTH),
        "Binomial": (
            problem(dk.observations(np.full(len(X), 12), noise=dk.Binomial(20)), probability),
            logistic,
        ),
        "StudentT": (problem(dk.observations(line, SIGMAS, noise=dk.StudentT(4))), TRUTH),
        "Censored": (
            problem(dk.observations(np.maximum(line, 6.0), SIGMAS, noise=dk.Censored(lower=6.0))),
            TRUTH,
        ),
        "unknown size": (
            problem(dk.observations(line, noise=dk.Gaussian(scale="unknown"))),
            TRUTH,
        ),
    }


# -- the wrong noise ---------------------------------------------------------------------------


def weighed(count: int, weight: Callable[[Any, Any], Any]) -> Any:
    """A constant fitted to data d that are settings, ``sum ((a - d_i) / weight(a, d_i))^2``."""
    names = [f"d{i}" for i in range(count)]

    def predict(p: Any, settings: Any) -> Any:
        d = jnp.stack([getattr(settings, name) for name in names])
        return (p.a - d) / weight(p.a, d)

    return dk.FitProblem(
        [dk.Parameter("a", 0.1, 20)],
        predict,
        dk.observations(np.zeros(count), 1.0),
        settings=dict.fromkeys(names, 5.0),
    )


def settings_of(draws: np.ndarray[Any, Any]) -> list[dict[str, float]]:
    """Every row of data as settings."""
    return [{f"d{i}": float(d) for i, d in enumerate(row)} for row in draws]
