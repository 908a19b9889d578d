"""The two-rates study with `jax.numpy`: differentiated and batched, otherwise the same."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

import daybreak as dk

trace = Path(__file__).with_name("trace.csv")
time, signal, sigma = np.loadtxt(trace, delimiter=",", unpack=True)  # s, counts, counts


def predict(p, settings):
    """Two exponentials and an offset; shape (n_points,)."""
    return p.a1 * jnp.exp(-p.k1 * time) + p.a2 * jnp.exp(-p.k2 * time) + p.offset


def derive(p, settings):
    """Half-lives in seconds."""
    return {"half_life_1": jnp.log(2.0) / p.k1, "half_life_2": jnp.log(2.0) / p.k2}


problem = dk.FitProblem(
    parameters=[
        dk.Parameter("a1", 0, 10, unit="counts"),
        dk.Parameter("k1", 0.5, 20, scale="log", unit="1/s"),
        dk.Parameter("a2", 0, 10, unit="counts"),
        dk.Parameter("k2", 0.01, 0.5, scale="log", unit="1/s"),
        dk.Parameter("offset", -1, 2, unit="counts"),
    ],
    predict=predict,
    observations=dk.observations(signal, sigma, unit="counts"),
    derive=derive,
    units={"half_life_1": "s", "half_life_2": "s"},
)
campaign = dk.Campaign(
    "two-rates-jax",
    [
        dk.Study(
            "profile k2",
            problem,
            dk.Profile("k2", points=21, starts=8),
            accept=[
                dk.Criterion("p_value", at_least=0.01),
                dk.Criterion("identified", of="k2", level="soft"),
            ],
        ),
    ],
    description="Two decay rates from a fluorescence trace; is the slow rate determined?",
)
