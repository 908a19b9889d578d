"""Published problems: the minimum that is printed, on both backends and from SciPy."""

import math

import numpy as np
import pytest
from scipy.optimize import least_squares

from daybreak.methods.evaluate.evaluator import cells_of
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.methods.evaluate.with_numpy import NumpyEvaluator
from daybreak.methods.least_squares import LeastSquares
from daybreak.methods.local_fits import fit
from daybreak.methods.polish import polish
from daybreak.testing import KnownProblem, known_problems

PATIENT = LeastSquares(max_iterations=1000)
JAX = {known.name: known for known in known_problems()}
NUMPY = {known.name: known for known in known_problems("numpy")}
CERTIFIED = [name for name in JAX if "start" in name]
QUICK = ["Bard", "Helical valley (Gay)", "Wood (Gay)", "Lanczos3, start 2", "Thurber, start 1"]


def agrees(chi2: float, known: KnownProblem) -> bool:
    """Whether a chi2 is the published one, to 1e-8 or, where that is zero, 1e-16."""
    return math.isclose(chi2, known.chi2, rel_tol=1e-8, abs_tol=1e-16 if known.chi2 == 0 else 0)


def start_of(known: KnownProblem) -> np.ndarray:
    """The published start as one lane, in unit coordinates."""
    return known.problem.space.to_unit(known.start)[None]


@pytest.mark.parametrize("name", JAX)
def test_reaches_the_published_minimum(name):
    """The published chi2 is reached to 1e-8, with exactly the published bounds, and called so."""
    known = JAX[name]
    evaluator, cells = cells_of(known.problem, [{}], {})
    assert isinstance(evaluator, JaxEvaluator)
    (end,) = fit(evaluator, start_of(known), cells, PATIENT)
    assert end.reason.converged
    assert agrees(end.chi2, known)
    space = known.problem.space
    at = dict(zip(space.names, np.asarray(space.from_unit(np.array(end.u))).tolist(), strict=True))
    met = [p.name for p in space.parameters if at[p.name] in (p.lower, p.upper)]
    assert met == list(known.active)


@pytest.mark.parametrize("name", [name for name, known in JAX.items() if known.parameters])
def test_reaches_the_published_parameters(name):
    """Certified parameters come out to six digits or more (most of them to 8 to 11)."""
    known = JAX[name]
    evaluator, cells = cells_of(known.problem, [{}], {})
    (end,) = fit(evaluator, start_of(known), cells, PATIENT)
    found = np.asarray(known.problem.space.from_unit(np.array(end.u)))
    published = list((known.parameters or {}).values())
    assert found == pytest.approx(published, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", CERTIFIED)
def test_polished_to_all_certified_digits(name):
    """Polished, all eleven certified digits come out from both starts, and it is called a minimum.

    MGH17 alone keeps nine of them from its first start.
    """
    known = JAX[name]
    evaluator, cells = cells_of(known.problem, [{}], {})
    (end,) = fit(evaluator, start_of(known), cells, PATIENT)
    polished, details = polish(evaluator, cells, np.array(end.u))
    found = np.asarray(known.problem.space.from_unit(np.array(polished.u)))
    published = np.array(list((known.parameters or {}).values()))

    assert polished.reason.converged
    assert details["eigenvalues"][0] > -details["zero"]
    digits = 1e-9 if name == "MGH17, start 1" else 5e-11
    assert np.all(np.abs(found / published - 1.0) < digits)
    assert math.isclose(polished.chi2, known.chi2, rel_tol=5e-11)


@pytest.mark.parametrize("name", QUICK)
def test_numpy_reaches_it_too(name):
    """Differences of a NumPy prediction lead to the same minimum as JAX's derivatives."""
    known = NUMPY[name]
    evaluator, cells = cells_of(known.problem, [{}], {})
    assert isinstance(evaluator, NumpyEvaluator)
    (end,) = fit(evaluator, start_of(known), cells, PATIENT)
    assert end.reason.converged
    assert agrees(end.chi2, known)


@pytest.mark.parametrize("name", NUMPY)
def test_scipy_agrees(name):
    """SciPy's trust-region method, from the same start in the same box, finds the same chi2."""
    known = NUMPY[name]
    evaluator, cells = cells_of(known.problem, [{}], {})
    assert isinstance(evaluator, NumpyEvaluator)

    def residuals(u: np.ndarray) -> np.ndarray:
        return evaluator.residuals(u[None], cells)[0]

    def jacobian(u: np.ndarray) -> np.ndarray:
        return evaluator.jacobian(u[None], residuals(u)[None], cells)[0]

    found = least_squares(
        residuals,
        start_of(known)[0],
        jac=jacobian,
        bounds=(0, 1),
        x_scale="jac",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=5000,
    )
    assert agrees(2 * found.cost, known)


def test_the_kit_has_what_it_says():
    """At least fourteen problems; several with active bounds; names are unique; starts inside."""
    assert len({id(known.problem) for known in JAX.values()}) >= 14
    assert sum(bool(known.active) for known in JAX.values()) >= 5
    assert len(JAX) == len(known_problems())
    for known in JAX.values():
        for p in known.problem.space.parameters:
            assert p.lower <= known.start[p.name] <= p.upper
