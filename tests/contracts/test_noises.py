"""Every noise of ours keeps to the contract of noises."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import daybreak as dk
from daybreak.testing.contracts import NoiseContract

SHAPE = 3.0


class TestGaussian(NoiseContract):
    """Normal noise."""

    def make(self):
        """Of known size."""
        return dk.Gaussian()


class TestUnknownGaussian(NoiseContract):
    """Normal noise whose size is fitted."""

    def make(self):
        """Of unknown size."""
        return dk.Gaussian(scale="unknown")


class TestPoisson(NoiseContract):
    """Counts."""

    predictions = (0.3, 4.0, 15.0)
    impossible = (-1.0, 1.5)

    def make(self):
        """Of any mean."""
        return dk.Poisson()


class TestBinomial(NoiseContract):
    """Successes."""

    predictions = (0.3, 4.0, 15.0)
    impossible = (-1.0, 1.5, 21.0)

    def make(self):
        """Among twenty trials."""
        return dk.Binomial(20)


class TestStudentT(NoiseContract):
    """Heavy tails."""

    def make(self):
        """Of four degrees of freedom."""
        return dk.StudentT(4.0)


class TestCensoredBelow(NoiseContract):
    """Values that may lie below what can be seen."""

    exact = (7.5,)
    impossible = (2.9,)

    def make(self):
        """Nothing is seen below 3."""
        return dk.Censored(lower=3.0)


class TestCensoredAbove(NoiseContract):
    """Values that may lie above what can be seen."""

    exact = (2.5,)
    impossible = (7.1,)

    def make(self):
        """Nothing is seen above 7."""
        return dk.Censored(upper=7.0)


class TestLikelihood(NoiseContract):
    """A density of the user's."""

    def make(self):
        """A gamma distribution whose width grows with its mean."""
        return dk.Likelihood(
            "gamma", minus_log, sample=lambda rng, f, sigma: rng.gamma(SHAPE, f / SHAPE)
        )


def minus_log(f, d, sigma):
    """-log L of a gamma distribution, in NumPy or JAX."""
    xp = np if isinstance(f, np.ndarray) else jnp
    return SHAPE * (xp.log(f) + d / f)
