"""The second look at every end: its curvature, its kind, and what the fit takes from the data."""

from __future__ import annotations

import numpy as np
import pytest

import daybreak as dk
from daybreak.diagnosis.basins import read_ends
from daybreak.methods.solve import solve
from daybreak.problem.kinds import POLISH
from daybreak.problem.outcomes import Task
from daybreak.problem.precision import double_precision
from tests.studies import play, record, study

X = np.linspace(-2.0, 2.0, 9)


def problem(predict, values, bounds, sigma=1.0, **options):
    """A small problem with parameters in given bounds."""
    return dk.FitProblem(
        [dk.Parameter(name, *box) for name, box in bounds.items()],
        predict,
        dk.observations(values, sigma),
        **options,
    )


def polished(one, at):
    """The polish of one place, given in units."""
    u = tuple(one.space.subspace(one.space.free(())).to_unit(at).tolist())
    with double_precision():
        [found] = solve(one, one.resolve({}), [Task(POLISH, one.space.fixed, u)])
    return found


def even(p, settings):
    """Even in x: a saddle at x = 0 between minima at x = -1 and 1."""
    return np.array([p.x * p.x, p.y])


BOX = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}


def test_saddle():
    """Between two mirrored minima the Hessian has one negative eigenvalue: a saddle."""
    one = problem(even, [1.0, 0.5], BOX)
    found = polished(one, {"x": 0.0, "y": 0.5})

    assert found.parameters["x"] == pytest.approx(0.0, abs=1e-6)
    values = found.details["eigenvalues"]
    assert (values[0] < -found.details["zero"], values[1] > found.details["zero"]) == (True, True)


def test_a_start_on_the_saddle_is_told_from_a_minimum():
    """A fit that starts and stays on a saddle is called one, and the best end is global."""
    one = dk.FitProblem(
        [dk.Parameter("x", -3, 3, guess=0.0), dk.Parameter("y", -3, 3, guess=0.0)],
        even,
        dk.observations([1.0, 0.5], 1.0),
    )
    found = study(one, dk.MultiStart(12))

    kinds = {round(end.parameters["x"], 3): end.kind for end in found.ends}
    assert kinds == {-1.0: "global", 1.0: "global", 0.0: "saddle or plateau"}
    [saddle] = [end for end in found.ends if end.kind == "saddle or plateau"]
    assert (saddle.negative, saddle.hits) == (1, 1)
    alone = study(one, dk.MultiStart(1))
    assert [end.kind for end in alone.ends] == ["saddle or plateau"]
    assert any(
        c.code.word == "missed_basin_possible" and "no minimum" in c.sentence
        for c in alone.findings
    )


def test_flat_direction_is_zero():
    """Where only a sum is measured one eigenvalue is zero, and the end is a valley."""
    one = problem(lambda p, s: np.array([p.x + p.y, p.x + p.y]), [1.0, 1.2], BOX)
    found = study(one, dk.MultiStart(6))

    for end in found.ends:
        assert (end.kind, end.negative, end.zero) == ("global", 0, 1)
    assert "flat in one direction" in found.ends[0].sentence


def test_minimum():
    """At a true minimum every eigenvalue is positive, the slope vanishes and nothing is held."""
    one = problem(lambda p, s: p.x * np.exp(0.3 * p.y * X), 1.5 * np.exp(0.3 * X), BOX, 0.1)
    found = polished(one, {"x": 1.4, "y": 0.9})

    assert found.chi2 == pytest.approx(0.0, abs=1e-12)
    assert found.parameters == pytest.approx({"x": 1.5, "y": 1.0}, abs=1e-6)
    assert min(found.details["eigenvalues"]) > 0.1
    assert found.details["held"] == []
    assert found.reason.converged


def test_minimum_at_a_bound():
    """A parameter pressed against its bound is held there, and the end is named so."""
    one = problem(lambda p, s: np.array([p.x, p.y, p.x + p.y]), [4.0, 0.5, 4.0], BOX)
    found = study(one, dk.MultiStart(4))
    [end] = found.ends
    details = polished(one, {"x": 3.0, "y": 0.7}).details

    assert [a.parameter for a in end.at_bounds] == ["x"]
    assert (end.kind, end.negative, end.zero) == ("global", 0, 0)
    assert details["held"] == ["x"]
    assert len(details["eigenvalues"]) == 1


def test_local_minimum_only_at_a_bound():
    """A higher end that exists only because of the box is "at bound", another "local minimum"."""

    def tilted(p, s):
        return np.array([(p.x * p.x - 1.0) * 3.0, 0.5 * (p.x - 1.0), p.y])

    inside = study(problem(tilted, [0.0, 0.0, 0.0], BOX), dk.MultiStart(12))
    cut = study(problem(tilted, [0.0] * 3, {"x": (-0.8, 3.0), "y": (-3, 3)}), dk.MultiStart(12))

    assert [end.kind for end in inside.ends] == ["global", "local minimum"]
    assert [end.kind for end in cut.ends] == ["global", "at bound"]
    assert cut.ends[1].parameters["x"] == pytest.approx(-0.8)


def test_fit_that_stopped_early():
    """A fit cut off after two iterations is not converged: a second method goes further down."""
    one = problem(lambda p, s: p.x * np.exp(p.y * X), 1.5 * np.exp(0.9 * X), BOX, 0.1)
    found = study(one, dk.MultiStart(4, fit=dk.LeastSquares(max_iterations=2)))

    assert {end.kind for end in found.ends} == {"not converged"}
    assert all(end.polished < end.chi2 for end in found.ends)
    assert found.best.chi2 == pytest.approx(0.0, abs=1e-12)
    assert any("a second method goes further down" in one.sentence for one in found.findings)


@pytest.mark.parametrize(
    ("factors", "fitted"),
    [
        ({}, 2),
        ({"scale_factors": [dk.ScaleFactor("S")]}, 3),
        ({"offsets": [dk.Offset("B")]}, 3),
        ({"scale_factors": [dk.ScaleFactor("S")], "offsets": [dk.Offset("B")]}, 4),
    ],
    ids=["none", "scale", "offset", "both"],
)
def test_leverages_sum_to_the_fitted_numbers(factors, fitted):
    """What the fit takes away from all groups together is one for every fitted number."""
    data = dk.observations(np.exp(0.5 * X) + 0.02 * X**3, 0.1, groups=list("aaabbbbcc"))
    one = dk.FitProblem(
        [dk.Parameter("x", -3, 3), dk.Parameter("y", 0.1, 3)],
        lambda p, s: np.exp(p.y * X) + 0.1 * p.x * X * X,
        data,
        **factors,
    )
    left = polished(one, {"x": 0.1, "y": 0.6}).details["left"]

    assert list(left) == ["a", "b", "c"]
    assert sum(trace for trace, _ in left.values()) == pytest.approx(9 - fitted, abs=1e-6)
    for (trace, squared), count in zip(left.values(), (3, 4, 2), strict=True):
        assert 0 < trace < count
        assert 0 < squared <= trace + 1e-9


def test_numpy_and_jax_agree():
    """The same end in NumPy and JAX: the same place, curvature, leverages and kind."""
    import jax.numpy as jnp

    bounds = {"x": (-3, 3), "y": (-2, 2), "z": (0.0, 5.0)}

    def made(xp):
        return problem(
            lambda p, s: p.x * xp.exp(p.y * X) + xp.sqrt(1.0 + p.z * p.z) * X,
            1.5 * np.exp(0.5 * X) + 0.4 * X,
            bounds,
            0.1,
        )

    mine, theirs = (polished(made(xp), {"x": 1.2, "y": 0.6, "z": 0.3}) for xp in (np, jnp))
    one, two = mine.details, theirs.details

    assert mine.chi2 == pytest.approx(theirs.chi2, rel=1e-9)
    assert mine.parameters == pytest.approx(theirs.parameters, abs=1e-6)
    assert one["held"] == two["held"] == ["z"]
    assert one["eigenvalues"] == pytest.approx(two["eigenvalues"], abs=1e-4)
    for name, traces in one["left"].items():
        assert traces == pytest.approx(two["left"][name], rel=1e-5)
    assert (mine.reason.converged, theirs.reason.converged) == (True, True)


def test_ends_are_not_classified_without_a_polish():
    """Records from before ends were polished are read without saying what the ends are."""
    one, method = problem(even, [1.0, 0.5], BOX), dk.MultiStart(4)
    played = [
        (
            [t for t in tasks if t.kind != POLISH],
            [o for t, o in zip(tasks, outcomes, strict=True) if t.kind != POLISH],
        )
        for tasks, outcomes in play(one, method)
    ]

    assert read_ends(record(one, method, played)) == []


def test_place_without_predictions():
    """A polish where predict gives no numbers is a failed trial, not an exception."""
    one = problem(lambda p, s: np.array([np.sqrt(p.x), p.y]), [1.0, 0.5], BOX)

    assert polished(one, {"x": -1.0, "y": 0.0}).failed
    assert polished(one, {"x": 0.5, "y": 0.0}).parameters["x"] == pytest.approx(1.0)
