"""Which parameters matter: those that do, and nothing that is the same everywhere."""

import numpy as np

import daybreak as dk
from daybreak.diagnosis.importance import importance
from daybreak.problem.configuration import SearchSpace

RNG = np.random.default_rng(4)
SPACE = SearchSpace((dk.Parameter("x", 0, 1), dk.Parameter("y", 0, 1)))
GIVEN = [{"x": x, "y": y} for x, y in RNG.uniform(size=(80, 2))]


def test_the_parameter_that_decides():
    """The whole variance of an objective that hangs on one parameter is that one's."""
    found = importance(SPACE, GIVEN, "loss", [c["x"] ** 2 for c in GIVEN])

    assert [one.parameter for one in found] == ["x", "y"]
    assert found[0].share > 0.9
    assert found[0].clear
    assert found[1].share < 0.05
    assert not found[1].clear


def test_an_objective_that_is_the_same_everywhere():
    """Nothing decides what does not vary, in whatever order the trials were made."""
    in_order = sorted(GIVEN, key=lambda c: c["x"])

    assert importance(SPACE, in_order, "loss", [1.0] * 80) == []


def test_ties_have_no_order():
    """Half of the trials are better, by a parameter; among equals the order tells nothing."""
    in_order = sorted(GIVEN, key=lambda c: c["y"])
    found = importance(SPACE, in_order, "loss", [float(c["x"] > 0.5) for c in in_order])

    assert [one.parameter for one in found if one.clear] == ["x"]
