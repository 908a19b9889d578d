"""Refined knobs: what a finer setting would change at a best fit and at an interval's ends."""

from __future__ import annotations

import math

import numpy as np
import pytest

import daybreak as dk
from daybreak.problem.ends import LEVEL_95
from tests.studies import study

X = np.linspace(0.0, 4.0, 6)
Y = np.array([1.1, 2.9, 5.2, 6.8, 9.1, 11.0])


def linear(shift=0.03, **options):
    """A line whose predictions a knob shifts: by `shift` at h = 1, by a quarter of it at 1/2."""
    return dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: p.a + p.b * X + s.h**2 * shift * (1.0 + X * X),
        dk.observations(Y, 0.2),
        settings={"h": 1.0},
        knobs=[dk.Knob("h", refined=0.5, **options)],
    )


def answer(h, shift=0.03):
    """Best values and chi2 of the linear problem with the knob at h."""
    A = np.stack([np.ones(6), X], axis=1) / 0.2
    y = (Y - h**2 * shift * (1.0 + X * X)) / 0.2
    best, *_ = np.linalg.lstsq(A, y, rcond=None)
    return best, float(np.sum((A @ best - y) ** 2)), np.linalg.inv(A.T @ A)


def test_shift_of_a_linear_model_is_exact():
    """On a linear model the first-order shift is the shift: of every parameter and of chi2."""
    [shift] = study(linear(), dk.MultiStart(4)).knobs
    (coarse, before, _), (fine, after, _) = answer(1.0), answer(0.5)

    assert (shift.knob, shift.value, shift.refined, shift.at) == ("h", 1.0, 0.5, "best fit")
    assert shift.parameters == pytest.approx(
        dict(zip("ab", (fine - coarse).tolist(), strict=True)), abs=1e-8
    )
    assert shift.chi2 == pytest.approx(after - before, abs=1e-7)


def test_order_recovers_the_whole_error():
    """With the order known, the shift is extrapolated to the error of the value in use."""
    [shift] = study(linear(order=2), dk.MultiStart(4)).knobs
    (coarse, _, _), (exact, _, _) = answer(1.0), answer(0.0)

    assert shift.parameters == pytest.approx(
        dict(zip("ab", (exact - coarse).tolist(), strict=True)), abs=1e-8
    )
    # chi2 is not linear in the error: its shift is extrapolated from the two values alone.
    assert shift.chi2 == pytest.approx(4.0 / 3.0 * (answer(0.5)[1] - answer(1.0)[1]), abs=1e-7)


def test_nodes_of_the_trapezoid_rule():
    """Doubling the nodes of a trapezoid integral and its order 2 give its error to 1 %."""

    def trapezoid(p, s):
        n = int(s.n)
        t = np.linspace(0.0, 1.0, n + 1)
        w = np.full(n + 1, 1.0 / n)
        w[[0, -1]] *= 0.5
        return np.array([p.a * (w @ np.exp(k * t)) for k in (1.0, 2.0)])

    exact = np.array([(math.exp(k) - 1.0) / k for k in (1.0, 2.0)])
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 5)],
        trapezoid,
        dk.observations(2.0 * exact, 0.1),
        settings={"n": 16},
        static=["n"],
        knobs=[dk.Knob("n", refined=32, order=2)],
    )
    found = study(problem, dk.MultiStart(4))
    [shift] = found.knobs

    assert shift.parameters["a"] == pytest.approx(2.0 - found.best.parameters["a"], rel=0.01)


@pytest.mark.parametrize("side", [-1, 1])
def test_shift_counts_as_uncertainty(side):
    """A criterion whose bar lies within the knob's shift is undecided; outside it is decided."""
    [shift] = study(linear(), dk.MultiStart(4)).knobs
    best, moved = answer(1.0)[0][1], abs(shift.parameters["b"])
    near = dk.Criterion("b", above=best + side * 0.5 * moved)
    far = dk.Criterion("b", above=best + side * 1.5 * moved)
    found = study(linear(), dk.MultiStart(4), near, far)

    assert [f.outcome for f in found.outcomes] == ["undecided", "met" if side < 0 else "missed"]
    assert found.outcomes[0].uncertainty == pytest.approx(moved, rel=1e-6)
    assert study(linear(), dk.MultiStart(4), near).verdict == "UNDECIDED"


def test_chi2_within_its_shift_is_undecided():
    """A bar on chi2 that lies within what the knob changes is undecided."""
    [shift] = study(linear(), dk.MultiStart(4)).knobs
    bar = dk.Criterion("chi2", below=answer(1.0)[1] + 0.9 * abs(shift.chi2))

    assert study(linear(), dk.MultiStart(4), bar).outcomes[0].outcome == "undecided"


def test_ends_of_intervals_move_too():
    """The shift of an interval's ends is that of the linear model's own ends, to 0.2 %."""
    found = study(linear(1e-4), dk.Profile("b", points=41, starts=4))
    shifts = {shift.at: shift for shift in found.knobs}
    (coarse, _, covariance), (fine, _, _) = answer(1.0, 1e-4), answer(0.5, 1e-4)

    assert set(shifts) == {"best fit", "lower end of b", "upper end of b"}
    half = math.sqrt(LEVEL_95 * covariance[1, 1])
    assert found.profile.intervals[0].lower == pytest.approx(coarse[1] - half, abs=1e-6)
    for side in ("lower", "upper"):
        moved = shifts[f"{side} end of b"].parameters["b"]
        assert moved == pytest.approx(fine[1] - coarse[1], rel=2e-3)


def test_large_shift_is_a_finding():
    """A knob that moves the best fit by more than a tenth of its interval is told."""
    small = study(linear(0.001), dk.Profile("b", points=11, starts=4))
    large = study(linear(0.1), dk.Profile("b", points=11, starts=4))

    assert not [c for c in small.findings if c.code.word == "unresolved_knob"]
    told = [c for c in large.findings if c.code.word == "unresolved_knob"]
    assert {c.parameter for c in told} == {"b"}
    assert "refining h from 1.0 to 0.5" in told[0].sentence


def test_bounds_are_kept():
    """A best fit at its bound stays there: the shift of the others is the constrained one."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 2.0, 9), dk.Parameter("b", -9, 9)],
        lambda p, s: p.a + p.b * X + 0.01 * s.h * X,
        dk.observations(Y, 0.2),
        settings={"h": 1.0},
        knobs=[dk.Knob("h", refined=3.0)],
    )
    found = study(problem, dk.MultiStart(4))

    assert found.best.parameters["a"] == 2.0
    assert found.knobs[0].parameters == pytest.approx({"a": 0.0, "b": -0.02}, abs=1e-8)


def test_refinement_without_predictions():
    """A refined knob under which predict fails gives no shift, and the study goes on."""
    problem = dk.FitProblem(
        [dk.Parameter("a", -9, 9)],
        lambda p, s: np.full(2, p.a if s.h > 0.7 else np.nan),
        dk.observations([1.0, 1.2], 0.2),
        settings={"h": 1.0},
        knobs=[dk.Knob("h", refined=0.5)],
    )
    found = study(problem, dk.Profile("a", starts=4))

    assert found.knobs == []
    assert found.profile.code.word == "identified"
