"""Parameters: the unit box maps onto the bounds and back, with the map's slope everywhere."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import daybreak as dk
from daybreak.problem.parameters import Space

QUICK = settings(max_examples=60, deadline=None)


def _linear(lower, width):
    return dk.Parameter("k", lower, lower + width)


def _log(lower, ratio):
    return dk.Parameter("k", lower, lower * ratio, scale="log")


LINEAR = st.builds(_linear, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
LOG = st.builds(_log, st.floats(1e-6, 1e3), st.floats(1.01, 1e6))
PARAMETERS = st.one_of(LINEAR, LOG)
UNIT = st.floats(0.0, 1.0)


@QUICK
@given(PARAMETERS, UNIT)
def test_round_trip(parameter, u):
    """From the unit box to values and back is where it began."""
    box = Space((parameter,))
    value = float(box.from_unit(np.array([u]))[0])

    assert parameter.lower <= value <= parameter.upper
    assert box.to_unit({"k": value}) == pytest.approx([u], abs=1e-9)


@QUICK
@given(PARAMETERS)
def test_bounds_are_exact(parameter):
    """The ends of the unit box are the bounds, to the last digit."""
    box = Space((parameter,))

    assert box.from_unit(np.array([0.0]))[0] == parameter.lower
    assert box.from_unit(np.array([1.0]))[0] == parameter.upper
    assert box.to_unit({"k": parameter.lower})[0] == 0.0
    assert box.to_unit({"k": parameter.upper})[0] == 1.0


@QUICK
@given(PARAMETERS, UNIT, UNIT)
def test_order_is_kept(parameter, one, other):
    """A larger coordinate is never a smaller value."""
    low, high = sorted((one, other))
    box = Space((parameter,))

    assert box.from_unit(np.array([low]))[0] <= box.from_unit(np.array([high]))[0]


BOX = Space(
    (
        dk.Parameter("a", -2.0, 7.0),
        dk.Parameter("k", 1e-3, 20.0, scale="log"),
        dk.Parameter("b", 3.0, 3.1),
        dk.Parameter("q", 0.3, 1e9, scale="log"),
    )
)


@pytest.mark.parametrize("at", [0.0, 1.0, 0.37])
def test_slope(at):
    """The derivative under JAX is the map's, at a bound as inside."""
    with jax.enable_x64(True):
        u = jnp.full(4, at)
        slope = np.asarray(jax.jacfwd(lambda v: BOX.from_unit(v, jnp))(u))
        back = np.asarray(jax.jacrev(lambda v: BOX.from_unit(v, jnp))(u))
    exact = [
        7.0 - -2.0,
        1e-3 * (20.0 / 1e-3) ** at * math.log(20.0 / 1e-3),
        3.1 - 3.0,
        0.3 * (1e9 / 0.3) ** at * math.log(1e9 / 0.3),
    ]

    np.testing.assert_allclose(slope, np.diag(exact), rtol=1e-12)
    np.testing.assert_allclose(back, np.diag(exact), rtol=1e-12)


def test_jax_and_numpy_agree():
    """Both array libraries give the same values, and the same bounds exactly, row by row."""
    u = np.vstack([np.zeros(4), np.ones(4), np.random.default_rng(1).uniform(size=(6, 4))])
    with jax.enable_x64(True):
        mapped = np.asarray(BOX.from_unit(jnp.asarray(u), jnp))

    np.testing.assert_allclose(mapped, BOX.from_unit(u), rtol=1e-14)
    np.testing.assert_array_equal(mapped[:2], [BOX.lower, BOX.upper])
    np.testing.assert_array_equal(BOX.from_unit(u)[:2], [BOX.lower, BOX.upper])


@pytest.mark.parametrize(
    ("u", "side"),
    [(0.0, "lower"), (9e-7, "lower"), (2e-6, None), (0.5, None), (1 - 9e-7, "upper")],
)
def test_at_a_bound(u, side):
    """A value within a millionth of the range, as its scale measures it, is at the bound."""
    for parameter, value in zip(BOX.parameters, BOX.from_unit(np.full(4, u)), strict=True):
        if parameter.name != "b":  # the last digits of 3.0 are not small beside its range
            assert parameter.bound_at(float(value)) == side


def test_outside_is_clipped():
    """Values outside the box have the coordinates of its nearest face."""
    values = {"a": -9.0, "k": 100.0, "b": 3.05, "q": 0.1}

    np.testing.assert_allclose(BOX.to_unit(values), [0.0, 1.0, 0.5, 0.0], atol=1e-12)


def test_free_and_held():
    """What is fixed or pinned is not free, and the rest keeps its order."""
    held = dk.Parameter("f", 0.0, 1.0, fixed=0.25)
    box = Space((*BOX.parameters, held))

    assert box.fixed == {"f": 0.25}
    assert box.free(()) == ("a", "k", "b", "q")
    assert box.free(["k"]) == ("a", "b", "q")
    assert box.subspace(["q", "a"]).names == ("q", "a")


def test_unknown_parameter():
    """Asking for a parameter that is not there lists those that are."""
    with pytest.raises(dk.ProblemError, match="'z'; the problem has 'a', 'k', 'b', 'q'"):
        _ = BOX["z"]


def test_probes_respect_guess_and_fixed():
    """The first place tried is the guess or the middle, and a fixed value never moves."""
    problem = dk.FitProblem(
        [
            dk.Parameter("a", 0.0, 10.0, guess=1.0),
            dk.Parameter("k", 1.0, 100.0, scale="log"),
            dk.Parameter("f", 0.0, 1.0, fixed=0.25),
        ],
        lambda p, s: [p.a],
        dk.observations([1.0], 1.0),
    )
    probes = problem.space.probes()

    np.testing.assert_allclose(probes[0], [1.0, 10.0, 0.25], rtol=1e-14)
    assert (probes[:, 2] == 0.25).all()
