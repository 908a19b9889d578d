"""Scale factors and offsets: closed forms against linear least squares, free and bounded."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import lsq_linear

import daybreak as dk
from daybreak.problem.scale_factors import eliminate, group_factors

M = 12
"""Observations of a random case."""
KINDS = ["scale", "offset", "both"]


def case(seed):
    """Random predictions and data of very different weights."""
    rng = np.random.default_rng(seed)
    sigma = 10.0 ** rng.uniform(-2, 1, M)
    y = rng.normal(size=M) * 3 + rng.normal()
    d = rng.normal() * 4 * y + rng.normal() * 5 + sigma * rng.normal(size=M)
    return y, dk.observations(d, sigma)


def declared(kind, scale=(-math.inf, math.inf), offset=(-math.inf, math.inf), over=None):
    """Scale factors and offsets of one kind."""
    s = dk.ScaleFactor("S", over, *scale)
    b = dk.Offset("B", over, *offset)
    return {"scale": ([s], []), "offset": ([], [b]), "both": ([s], [b])}[kind]


def solve(kind, y, data, bounds=(-math.inf, math.inf)):
    """Factors by weighted linear least squares, in (S, B) order, and chi2."""
    columns = {"scale": [y], "offset": [np.ones(M)], "both": [y, np.ones(M)]}[kind]
    target = data.values - (y if kind == "offset" else 0.0)
    matrix = np.stack(columns, axis=1) / data.sigmas[:, None]
    if np.isinf(bounds).all():
        x = np.linalg.lstsq(matrix, target / data.sigmas, rcond=None)[0]
    else:
        x = lsq_linear(matrix, target / data.sigmas, bounds, "bvls", tol=1e-14).x
    return x, float(np.sum((matrix @ x - target / data.sigmas) ** 2))


def chi2(scaled, data):
    """Sum of squared residuals."""
    return float(np.sum(((np.asarray(scaled) - data.values) / data.sigmas) ** 2))


@pytest.mark.parametrize("kind", KINDS)
def test_free(kind):
    """Without bounds the closed forms are weighted linear least squares."""
    for seed in range(30):
        y, data = case(seed)
        groups = group_factors(data, *declared(kind))
        scaled, factors = eliminate(y, data.values, data.sigmas, groups, np)
        expected, lowest = solve(kind, y, data)

        np.testing.assert_allclose(list(factors.values()), expected, rtol=1e-9, atol=1e-12)
        assert chi2(scaled, data) == pytest.approx(lowest, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_bounded(kind):
    """With bounds the elimination finds the constrained minimum, wherever the bounds cut."""
    cut = 0
    for seed in range(60):
        y, data = case(seed)
        free, _ = solve(kind, y, data)
        rng = np.random.default_rng(1000 + seed)
        centre = free + rng.normal(size=free.size) * np.abs(free)
        half = np.abs(free) * rng.uniform(0.05, 2, free.size)
        lower, upper = centre - half, centre + half
        ranges = list(zip(lower.tolist(), upper.tolist(), strict=True))
        scale, offset = ranges[0], ranges[-1]
        groups = group_factors(data, *declared(kind, scale=scale, offset=offset))
        scaled, factors = eliminate(y, data.values, data.sigmas, groups, np)
        expected, lowest = solve(kind, y, data, (lower, upper))
        found = np.array(list(factors.values()))

        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
        assert chi2(scaled, data) <= lowest * (1 + 1e-9)
        assert ((found >= lower) & (found <= upper)).all()
        cut += bool(((found == lower) | (found == upper)).any())
    assert 10 < cut < 60  # some of the bounds did cut, and some did not


@pytest.mark.parametrize("side", [(0.5, math.inf), (-math.inf, 0.5)])
def test_half_open(side):
    """A range open on one side is a constraint on the other only."""
    for seed in range(20):
        y, data = case(seed)
        groups = group_factors(data, *declared("both", scale=side))
        _, factors = eliminate(y, data.values, data.sigmas, groups, np)
        bounds = ([side[0], -math.inf], [side[1], math.inf])
        expected, _ = solve("both", y, data, bounds)

        np.testing.assert_allclose(list(factors.values()), expected, rtol=1e-7, atol=1e-9)


BOUNDED = {"free": {}, "at the lower": {"scale": (3.0, 9.0)}, "at the upper": {"scale": (0, 0.1)}}
TIME = np.linspace(0.0, 2.0, 8)


def curve(u, xp):
    """Predictions that are not linear in their parameters, shape (8,)."""
    return xp.exp(-u[0] * TIME) + u[1] * xp.sin(3.0 * TIME * u[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bounds", BOUNDED)
def test_jacobian(kind, bounds):
    """The Jacobian of the residuals goes through the elimination."""
    data = dk.observations(1.3 * np.exp(-0.8 * TIME) + 0.4, 0.05 + 0.1 * TIME)
    groups = group_factors(data, *declared(kind, **BOUNDED[bounds]))

    def residuals(u, xp):
        scaled, _ = eliminate(curve(u, xp), data.values, data.sigmas, groups, xp)
        return (scaled - data.values) / data.sigmas

    at, h = np.array([0.9, 0.3]), 1e-5
    steps = h * np.eye(2)
    differences = [
        8 * (residuals(at + step, np) - residuals(at - step, np))
        - (residuals(at + 2 * step, np) - residuals(at - 2 * step, np))
        for step in steps
    ]
    with jax.enable_x64(True):
        forward = np.asarray(jax.jacfwd(lambda u: residuals(u, jnp))(at))
        reverse = np.asarray(jax.jacrev(lambda u: residuals(u, jnp))(at))

    np.testing.assert_allclose(forward, np.stack(differences, 1) / (12 * h), rtol=1e-8, atol=1e-7)
    np.testing.assert_allclose(reverse, forward, rtol=1e-11, atol=1e-11)


def test_groups_leave_the_others_alone():
    """A factor over some observations moves no other, not by a digit, and they do not move it."""
    y, data = case(7)
    names = data.names
    groups = group_factors(
        data,
        [dk.ScaleFactor("S", names[:4]), dk.ScaleFactor("T", names[4:7])],
        [dk.Offset("B", names[4:7]), dk.Offset("C", names[9:11])],
    )
    scaled, factors = eliminate(y, data.values, data.sigmas, groups, np)

    np.testing.assert_array_equal(scaled[[7, 8, 11]], y[[7, 8, 11]])
    changed = y.copy()
    changed[4:] = -changed[4:] + 1.0
    assert eliminate(changed, data.values, data.sigmas, groups, np)[1]["S"] == factors["S"]
    for members, kind, found in (
        (slice(0, 4), "scale", [factors["S"]]),
        (slice(4, 7), "both", [factors["T"], factors["B"]]),
        (slice(9, 11), "offset", [factors["C"]]),
    ):
        part = dk.observations(data.values[members], data.sigmas[members])
        own = group_factors(part, *declared(kind))
        alone = eliminate(y[members], part.values, part.sigmas, own, np)[1]
        assert list(alone.values()) == pytest.approx(found, rel=1e-12)


def test_no_factors_round_nothing():
    """Without scale factors and offsets the predictions come back as they are."""
    y, data = case(3)
    scaled, factors = eliminate(y, data.values, data.sigmas, (), np)

    assert scaled is y
    assert factors == {}
