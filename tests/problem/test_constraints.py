"""Inequalities between parameters: kept by starts, fits, profiles and intervals; bad ones told."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.methods.method import starts_of
from tests.studies import study as read

X = [1.2, 0.6]
SIGMAS = [0.1, 0.2]
BOXES = [dk.Parameter("a", -2, 3), dk.Parameter("b", -2, 3)]
EDGE = 0.8**2 / 0.05
"""Chi2 where a + b <= 1 shares the excess of 0.8 as the variances are, 1 : 4."""
HALF = np.sqrt(3.841458820694124 / 125.0)
"""Half the 95 % interval of a along the edge b = 1 - a: curvature 1/0.01 + 1/0.04."""


def plane(*constraints, xp=np):
    """Two numbers that are measured, and may be constrained."""
    return dk.FitProblem(
        BOXES,
        lambda p, _: xp.stack([xp.asarray(p.a), xp.asarray(p.b)]),
        dk.observations(X, SIGMAS),
        constraints=constraints,
    )


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize(
    "method", [dk.Profile("a", points=9, starts=3), dk.Intervals("a", starts=3)], ids=str
)
def test_minimum_and_interval_on_the_edge(xp, method):
    """Data that ask for more than a + b <= 1: both lie on the edge, as the algebra says."""
    found = read(plane("a + b <= 1", xp=xp), method)
    (interval,) = found.profiles[0].intervals

    assert found.best.chi2 == pytest.approx(EDGE, abs=2e-3)
    assert found.best.parameters["a"] + found.best.parameters["b"] <= 1.0 + 1e-5
    assert [interval.lower, interval.upper] == pytest.approx([1.04 - HALF, 1.04 + HALF], abs=4e-4)
    assert found.best.at_bounds == []
    assert found.metrics.n_observations == 2
    assert found.metrics.n_free == 2


def test_an_idle_constraint_changes_nothing():
    """Where the data satisfy it anyway, ends are those without it."""
    method = dk.Profile("all", points=9, starts=3)
    kept, free = (read(plane(*texts), method) for texts in (["a > b"], []))

    assert [p.parameter for p in kept.profiles] == ["a", "b"]
    for one, other in zip(kept.profiles, free.profiles, strict=True):
        ends = [(i.lower, i.upper) for i in (one.intervals[0], other.intervals[0])]
        if one.parameter == "a":
            assert ends[0] == pytest.approx(ends[1], abs=1e-4)


def test_starts_keep_it():
    """All random starts satisfy every constraint, and know the room that is left."""
    problem = plane("a < b", "2 * (a + b) >= -1")
    free = problem.space.free(())
    places = np.asarray(problem.space.from_unit(np.array(starts_of(problem, free, 200, 0))))
    a, b, room, other = places.T

    assert free == ("a", "b", "a_below_b", "room_2_times_a_plus_b_above_minus_1")
    assert (a <= b).all()
    np.testing.assert_allclose(room, b - a, atol=1e-12)
    np.testing.assert_allclose(other, 2.0 * (a + b) + 1.0, atol=1e-12)
    assert a.std() > 0.5


def test_every_sign_and_operator():
    """An inequality is read as Python reads it, from either side."""
    problem = plane("a - b ** 2 / 2 > -3 * a", "-a >= b - 4")
    p = problem.space
    rooms = problem.rooms
    (here,) = (type("p", (), {"a": 0.5, "b": -1.0}),)

    assert [room(here, None) for room in rooms.values()] == [0.5 - 0.5 + 1.5, -0.5 + 5.0]
    assert [p[name].lower for name in rooms] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        (["a"], "is one inequality between parameters"),
        (["a < b < 1"], "is one inequality between parameters"),
        (["a < sin(b)"], "names 'sin'"),
        (["a < c"], "must name parameters, but names 'c'"),
        (["a == b"], "is one inequality"),
        ([3], "is one inequality"),
        (["1 < 2"], "must name parameters"),
        (["a + b > 6"], "cannot hold"),
        (["a < b", "a < b"], "must be unique"),
        ("a < b", "is a list of inequalities"),
    ],
)
def test_bad_constraints(constraints, said):
    """What is no inequality of the parameters is told, with what would be."""
    with pytest.raises(dk.ProblemError, match=re.escape(said)):
        dk.FitProblem(
            BOXES, lambda p, _: np.zeros(2), dk.observations(X, SIGMAS), constraints=constraints
        )
