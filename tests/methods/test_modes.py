"""Which way a model is differentiated: whatever it allows, and a sentence where nothing works."""

from __future__ import annotations

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.problem.precision import double_precision

TIMES = np.linspace(0.0, 20.0, 8)
K1, K2 = 0.2, 0.1
SIGNAL = K1 / (K1 + K2) * (1.0 - np.exp(-(K1 + K2) * TIMES))


@jax.custom_vjp
def backwards_only(x):
    """Twice a number, with a derivative in reverse mode alone."""
    return 2.0 * x


backwards_only.defvjp(lambda x: (2.0 * x, None), lambda _, g: (2.0 * g,))


@jax.custom_vjp
def neither(x):
    """A number whose derivative nobody wrote."""
    return x


def _refused(_, g):
    msg = "no derivative was written"
    raise NotImplementedError(msg)


neither.defvjp(lambda x: (x, None), _refused)


def forwards_only(x):
    """Twice a number, by a loop that JAX cannot run backwards."""
    return jax.lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] + x), (0, 0.0 * x))[1]


def slopes(function, parameters, observations):
    """Jacobian of a linear model at the middle of its box."""
    names = [f"p{i}" for i in range(parameters)]
    problem = dk.FitProblem(
        [dk.Parameter(name, 0, 1) for name in names],
        lambda p, _: jnp.ones(observations) * sum(function(getattr(p, name)) for name in names),
        dk.observations(np.ones(observations), 1.0),
    )
    with double_precision():
        evaluator, cells = cells_of(problem, [{}], {})
        return evaluator.slopes(np.full((1, parameters), 0.5), cells)[0]


@pytest.mark.parametrize("function", [backwards_only, forwards_only])
@pytest.mark.parametrize(("parameters", "observations"), [(1, 4), (5, 1)])
def test_the_mode_that_works_is_taken(function, parameters, observations):
    """Whether few or many parameters would have asked for the other one."""
    found = slopes(function, parameters, observations)

    np.testing.assert_allclose(found, np.full((observations, parameters), 2.0))


def test_neither_mode_is_told_with_the_remedy():
    """The sentence names what JAX said, and three ways out."""
    with pytest.raises(dk.DaybreakError) as told:
        slopes(neither, 2, 3)

    for part in ("neither way", "no derivative was written", "ForwardMode()", "by differences"):
        assert part in str(told.value)


def conversion(adjoint, *, throw=True, steps=4096):
    """A turns into B and back; the share of B, by an adaptive solver."""

    def rate(_, y, k):
        flow = k[0] * y[0] - k[1] * y[1]
        return jnp.stack([-flow, flow])

    def predict(p, _):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(rate),
            diffrax.Tsit5(),
            0.0,
            20.0,
            0.1,
            jnp.array([1.0, 0.0]),
            args=(p.k1, p.k2),
            saveat=diffrax.SaveAt(ts=jnp.asarray(TIMES)),
            max_steps=steps,
            stepsize_controller=diffrax.PIDController(rtol=1e-7, atol=1e-7),
            adjoint=adjoint,
            throw=throw,
        ).ys[:, 1]

    boxes = [dk.Parameter(name, 1e-2, 10, scale="log") for name in ("k1", "k2")]
    return dk.FitProblem(boxes, predict, dk.observations(SIGNAL, 0.02))


@pytest.mark.parametrize("adjoint", [diffrax.ForwardMode(), diffrax.RecursiveCheckpointAdjoint()])
def test_differential_equations(adjoint):
    """Through the solver, in the mode that each way of it allows, as by differences of the law."""
    evaluator, cells = cells_of(conversion(adjoint), [{}], {})
    u = np.array([[0.43, 0.33]])

    def law(u):
        k1, k2 = 1e-2 * 1e3**u
        return k1 / (k1 + k2) * (1.0 - np.exp(-(k1 + k2) * TIMES)) / 0.02

    steps = 1e-6 * np.eye(2)
    expected = np.stack([(law(u[0] + h) - law(u[0] - h)) / 2e-6 for h in steps], axis=1)

    np.testing.assert_allclose(evaluator.slopes(u, cells)[0], expected, atol=1e-3)


def test_a_solve_without_end_is_a_rejected_step():
    """From a place where 48 steps suffice, with steps into places where they do not."""
    evaluator, cells = cells_of(
        conversion(diffrax.ForwardMode(), throw=False, steps=48), [{}, {}], {}
    )
    ends = fit(evaluator, np.array([[0.3, 0.6], [0.1, 0.1]]), cells, LeastSquares())

    for end in ends:
        assert end.reason.converged
        assert end.chi2 == pytest.approx(0.0, abs=1e-6)


def test_a_lane_that_raises_spoils_no_other():
    """Of two places in one compiled call, the one whose solve raises is NaN."""
    evaluator, cells = cells_of(conversion(diffrax.ForwardMode(), steps=48), [{}, {}], {})
    found = evaluator.residuals(np.array([[0.43, 0.33], [1.0, 1.0]]), cells)

    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
