"""Laws of the network that makes initial guesses, and of the judgement on its worth."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from daybreak.models.soliton import Octaves, octave_problem
from daybreak.models.soliton.condensate import filled
from daybreak.models.soliton.landscape import landscape
from daybreak.models.soliton.pretraining import (
    Guess,
    compared_guesses,
    first_weights,
    network_fields,
    trained,
    worth,
)

PROBLEM = octave_problem(Octaves(g_Y=0.3, mu2=-1.0), 3, cells=100)


def test_boundary_conditions():
    """Whatever the weights, fields are even at the origin and zero at the wall."""
    with jax.enable_x64(True):
        weights = first_weights(3, seed=4)
        at_wall = network_fields(weights, np.array([1.0]))

        def at(r):
            return network_fields(weights, np.reshape(r, 1) ** 2)[0, 0]

        slope = jax.grad(at)(0.0)

    assert np.all(np.asarray(at_wall) == 0)
    assert float(slope) == 0.0


def test_training_lowers_the_energy():
    """Training lowers the energy with every iteration it keeps."""
    network = trained(PROBLEM, iterations=40)

    assert np.all(np.diff(network.losses) <= 0)
    assert network.losses[-1] < network.losses[0]


def test_repeatable():
    """One seed, one network."""
    one, two = (trained(PROBLEM, seed=2, iterations=10).fields(PROBLEM) for _ in range(2))

    assert np.array_equal(one, two)


def test_training_goes_on():
    """Training begun with the weights of another goes on where that one ended."""
    first = trained(PROBLEM, iterations=30)
    second = trained(PROBLEM, iterations=5, start=first.weights)

    assert second.losses[0] <= first.losses[-1]


def test_fewer_iterations_at_a_price():
    """A trained guess saves Newton's method iterations, but not time: the verdict says so."""
    guesses = compared_guesses(
        PROBLEM,
        {
            "network": lambda: trained(PROBLEM).fields(PROBLEM),
            "exponentials": lambda: [lambda r: 1.5 * np.exp(-r / 3)] * 4,
            "minimum of V": lambda: filled(PROBLEM, landscape(PROBLEM).lowest),
        },
    )
    found = {guess.name: guess for guess in guesses}

    assert found["network"].iterations < found["exponentials"].iterations
    assert found["network"].energy == pytest.approx(found["minimum of V"].energy, rel=1e-9)


def test_worth():
    """A guess is worth it where it is quicker in all or leads lower, and not otherwise."""
    plain = Guess("plain", 0.05, 6, 0.05, -10.0)
    slow, quick = Guess("n", 1.0, 3, 0.02, -10.0), Guess("n", 0.01, 3, 0.02, -10.0)
    deep = Guess("n", 1.0, 3, 0.02, -11.0)

    assert worth(slow, plain).code == "pretraining_not_worth_it"
    assert "10 times" in str(worth(slow, plain))
    assert worth(quick, plain).code == "pretraining_worth_it"
    assert "lower energy" in str(worth(deep, plain))
