"""The bounded solver's laws: optimality, no influence between lanes, and failures as values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

import daybreak as dk
from daybreak.methods.box_quadratic import box_minimum
from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.problem.stop_reasons import StopReason

T = np.linspace(0.0, 4.0, 30)
STEADY = settings(max_examples=60, deadline=None, derandomize=True)


def decay(xp):
    """Two parameters and an exponential; its data are exact at amplitude 2, rate 0.7."""

    def predict(p, settings):
        return p.amplitude * xp.exp(-p.rate * T)

    parameters = [dk.Parameter("amplitude", 0.0, 10.0), dk.Parameter("rate", 0.0, 5.0)]
    noise = 0.01 * np.sin(40.0 * T)
    return dk.FitProblem(
        parameters, predict, dk.observations(2.0 * np.exp(-0.7 * T) + noise, 0.01)
    )


def jax_decay():
    """The same, differentiated and batched."""
    import jax.numpy as jnp

    return decay(jnp)


def run(problem, u, options=None):
    """Ends of a problem's fits from unit coordinates."""
    u = np.asarray(u, dtype=np.float64)
    evaluator, cells = cells_of(problem, [{}] * len(u), {})
    return fit(evaluator, u, cells, options or LeastSquares())


@st.composite
def linear_problems(draw):
    """A matrix with n columns, data and a start; some columns nearly repeat others."""
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    A = rng.normal(size=(n + draw(st.integers(0, 6)), n)) * 10 ** rng.uniform(-2, 2, size=n)
    if n > 1 and draw(st.booleans()):
        A[:, 0] = A[:, 1] + 1e-3 * A[:, 0]
    centre = rng.uniform(-1.0, 2.0, size=n)
    return A, A @ centre + 0.3 * rng.normal(size=len(A)), rng.uniform(size=n)


def linear(A, y):
    """Fit y = A x over the unit box."""
    parameters = [dk.Parameter(f"x{i}", 0.0, 1.0) for i in range(A.shape[1])]
    return dk.FitProblem(parameters, lambda p, s: A @ np.array(p), dk.observations(y, 1.0))


@STEADY
@given(linear_problems())
def test_linear_problems_in_a_box_are_solved(drawn):
    """The end meets the Karush-Kuhn-Tucker conditions and has the chi2 of SciPy's lsq_linear."""
    A, y, start = drawn
    (end,) = run(linear(A, y), start[None])
    u = np.array(end.u)
    slope = A.T @ (A @ u - y)
    scale = np.linalg.norm(A, axis=0) * np.linalg.norm(A @ u - y) + 1e-12
    assert end.reason.converged
    assert np.all((u >= 0.0) & (u <= 1.0))
    assert np.all(slope[u < 1.0] >= -1e-5 * scale[u < 1.0])
    assert np.all(slope[u > 0.0] <= 1e-5 * scale[u > 0.0])
    best = lsq_linear(A, y, bounds=(0.0, 1.0), method="bvls", tol=1e-14)
    assert end.chi2 == pytest.approx(2.0 * best.cost, rel=1e-8, abs=1e-12)


@STEADY
@given(linear_problems(), st.floats(1e-12, 10.0))
def test_a_step_is_the_minimum_of_its_quadratic(drawn, damping):
    """The damped step in the box satisfies the Karush-Kuhn-Tucker conditions of its quadratic."""
    A, y, start = drawn
    A = A / np.linalg.norm(A, axis=0)
    H = A.T @ A + max(damping, 1e-6) * np.eye(A.shape[1])
    g = A.T @ (A @ start - y)
    low, high = -start, 1.0 - start
    z = box_minimum(H[None], g[None], low[None], high[None], np)[0]
    slope = g + H @ z
    assert z @ (g + 0.5 * H @ z) <= 0.0
    assert np.all((z >= low) & (z <= high))
    assert np.all(slope[z < high] >= -1e-7 * (1 + np.abs(g).max()))
    assert np.all(slope[z > low] <= 1e-7 * (1 + np.abs(g).max()))


@STEADY
@given(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), st.integers(1, 30))
def test_chi2_never_rises(start, iterations):
    """However early a fit is stopped, its chi2 is not above that of its start beyond rounding."""
    problem = decay(np)
    evaluator, cell = cells_of(problem, [{}], {})
    begun = np.sum(evaluator.residuals(np.array([start]), cell) ** 2)
    (end,) = run(problem, np.array([start]), LeastSquares(max_iterations=iterations))
    assert end.chi2 <= begun * (1.0 + 1e-12)


@pytest.mark.parametrize("make", [jax_decay, lambda: decay(np)], ids=["jax", "numpy"])
def test_lanes_do_not_feel_each_other(make):
    """A lane ends at the same bits in any order, alone, and in any company."""
    problem, rng = make(), np.random.default_rng(3)
    starts = rng.uniform(size=(50, 2))
    together = run(problem, starts)
    order = rng.permutation(len(starts))
    for place, end in zip(order, run(problem, starts[order]), strict=True):
        assert end == together[place]
    for lane in (0, 7, 49):
        assert run(problem, starts[[lane]]) == [together[lane]]
    assert run(problem, starts[10:17]) == together[10:17]


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_a_forbidden_region_is_a_rejected_step(backend):
    """Beyond the minimum the prediction is NaN; steps that land there are taken back."""
    if backend == "jax":
        import jax.numpy as xp
    else:
        xp = np

    def predict(p, settings):
        return xp.stack([xp.sqrt(2.0 - p.x) + xp.log(3.0 - p.y), p.x + p.y, p.x - p.y])

    problem = dk.FitProblem(
        [dk.Parameter("x", -10.0, 10.0), dk.Parameter("y", -10.0, 10.0)],
        predict,
        dk.observations([0.3, 4.2, -0.5], 0.1),
    )
    starts = np.array([[0.1, 0.1], [0.5, 0.2], [0.59, 0.64]])
    ends = run(problem, starts)
    assert all(end.reason.converged for end in ends)
    assert [end.chi2 for end in ends] == pytest.approx([ends[0].chi2] * 3, rel=1e-8)


@pytest.mark.parametrize("make", [jax_decay, lambda: decay(np)], ids=["jax", "numpy"])
def test_a_start_that_is_not_a_number_ends_alone(make):
    """A lane whose prediction is NaN at its start ends NONFINITE; the others do not notice."""
    problem = make()
    starts = np.random.default_rng(5).uniform(size=(40, 2))
    healthy = run(problem, starts)
    starts[[0, 17]] = np.nan
    ends = run(problem, starts)
    for lane, end in enumerate(ends):
        if lane in (0, 17):
            assert end.reason is StopReason.NONFINITE
        else:
            assert end == healthy[lane]


def test_a_prediction_that_raises_ends_its_lane():
    """On the NumPy path the lane ends RAISED with what was said; the others end as ever."""

    def predict(p, settings):
        if p.amplitude > 9.0:
            msg = "too loud"
            raise ValueError(msg)
        return p.amplitude * np.exp(-p.rate * T)

    parameters = [dk.Parameter("amplitude", 0.0, 10.0), dk.Parameter("rate", 0.0, 5.0)]
    problem = dk.FitProblem(
        parameters, predict, dk.observations(2.0 * np.exp(-0.7 * T) + 0.01 * np.sin(40 * T), 0.01)
    )
    starts = np.array([[0.5, 0.5], [0.95, 0.5], [0.1, 0.3]])
    first, raised, last = run(problem, starts)
    assert raised.reason is StopReason.RAISED
    assert raised.message == "ValueError: too loud"
    assert [first, last] == run(problem, starts[[0, 2]])
    assert first.reason.converged
    assert last.reason.converged


def test_a_batch_that_raises_is_split():
    """A callback that raises at one lane's start ends that lane; at a step, only the step."""
    import jax
    import jax.numpy as jnp

    def refuse(amplitude):
        if np.any(np.asarray(amplitude) > 9.0):
            msg = "too loud"
            raise ValueError(msg)
        return np.zeros(np.shape(amplitude))

    def predict(p, settings):
        quiet = jax.lax.stop_gradient(p.amplitude)
        zero = jax.pure_callback(
            refuse, jax.ShapeDtypeStruct((), jnp.float64), quiet, vmap_method="expand_dims"
        )
        return p.amplitude * jnp.exp(-p.rate * T) + zero

    parameters = [dk.Parameter("amplitude", 0.0, 10.0), dk.Parameter("rate", 0.0, 5.0)]
    problem = dk.FitProblem(
        parameters, predict, dk.observations(2.0 * np.exp(-0.7 * T) + 0.01 * np.sin(40 * T), 0.01)
    )
    starts = np.array([[0.5, 0.5], [0.1, 0.3], [0.95, 0.5], [0.3, 0.2], [0.2, 0.6]])
    ends = run(problem, starts)
    assert [end.reason is StopReason.RAISED for end in ends] == [False, False, True, False, False]
    assert ends[2].message == "ValueError: too loud"
    assert all(end.reason.converged for lane, end in enumerate(ends) if lane != 2)


@pytest.mark.parametrize("make", [jax_decay, lambda: decay(np)], ids=["jax", "numpy"])
def test_nothing_free_is_evaluated(make):
    """With every parameter held a fit ends at once, with chi2 of the held values."""
    problem = make()
    held = [{"amplitude": 2.0, "rate": 0.7}, {"amplitude": 1.0, "rate": 0.5}]
    evaluator, cells = cells_of(problem, held, {})
    ends = fit(evaluator, np.full((2, 2), 0.5), cells, LeastSquares())
    values = problem.data.values
    for end, row in zip(ends, held, strict=True):
        residuals = (row["amplitude"] * np.exp(-row["rate"] * T) - values) / 0.01
        assert end.reason.converged
        assert end.iterations == 1
        assert end.chi2 == pytest.approx(np.sum(residuals**2), rel=1e-12)


def test_more_lanes_than_the_pool_is_wide():
    """A finished lane's place goes to the next start until all have ended, each as if alone."""
    problem = jax_decay()
    starts = np.random.default_rng(8).uniform(0.05, 0.5, size=(101, 2))
    ends = run(problem, starts)
    assert len(ends) == 101
    assert all(end.reason.converged for end in ends)
    assert [run(problem, starts[[lane]])[0] for lane in (31, 32, 100)] == [
        ends[lane] for lane in (31, 32, 100)
    ]


@pytest.mark.parametrize("make", [jax_decay, lambda: decay(np)], ids=["jax", "numpy"])
def test_patience_runs_out(make):
    """A fit that may not iterate enough says so."""
    (end,) = run(make(), [[0.9, 0.9]], LeastSquares(max_iterations=3))
    assert end.reason is StopReason.ITERATIONS
    assert end.iterations == 3


@pytest.mark.parametrize("make", [jax_decay, lambda: decay(np)], ids=["jax", "numpy"])
@pytest.mark.parametrize("corner", [(0.0, 0.5), (0.5, 0.0), (1.0, 0.0), (0.0, 0.0)])
def test_a_start_at_a_bound_leaves_it(make, corner):
    """A bound where a fit begins holds it only as long as the data push against it."""
    problem = make()
    (end,), (inside,) = run(problem, [corner]), run(problem, [[0.21, 0.15]])
    assert end.reason.converged
    assert end.chi2 == pytest.approx(inside.chi2, rel=1e-10)
    assert all(0.0 < u < 1.0 for u in end.u)


def test_a_rough_objective_is_not_called_converged():
    """Where chi2 stands still although its slope is steep, the fit says STALLED."""

    def predict(p, settings):
        return np.array([10.0 + 0.1 * np.abs(p.x - 0.3) + 5.0 * (p.x > 0.4) * (p.x - 0.4), 0.0])

    problem = dk.FitProblem([dk.Parameter("x", 0.0, 1.0)], predict, dk.observations([0.0, 0.0], 1))
    (end,) = run(problem, np.array([[0.6]]))
    assert end.u[0] == pytest.approx(0.3, abs=1e-6)
    assert end.reason is StopReason.STALLED
