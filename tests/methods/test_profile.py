"""Profiles: against closed forms, with mirrored minima, at edges, and without an answer."""

import math

import numpy as np
import pytest

import daybreak as dk


def profiled(tmp_path, problem, method):
    """The profile of one study, as the summary shows it."""
    campaign = dk.Campaign("toy", [dk.Study("s", problem, method)])
    return dk.run(campaign, tmp_path)["s"].profile


def pair(predict, values, bounds, sigma=1.0):
    """A small problem with parameters x, y, ... in given bounds."""
    return dk.FitProblem(
        parameters=[dk.Parameter(name, *box) for name, box in bounds.items()],
        predict=predict,
        observations=dk.observations(values, sigma),
    )


def himmelblau(p, settings):
    """Two residuals whose squares sum to Himmelblau's function: four minima with chi2 = 0."""
    return np.array([p.x**2 + p.y - 11.0, p.x + p.y**2 - 7.0])


def conditional_minimum(x):
    """Least (x^2 + y - 11)^2 + (x + y^2 - 7)^2 over y in [-6, 6], by the roots of its slope."""
    a, b = x**2 - 11.0, x - 7.0
    slope = [4.0, 0.0, 4.0 * b + 2.0, 2.0 * a]
    roots = [r.real for r in np.roots(slope) if abs(r.imag) < 1e-9 and abs(r.real) <= 6.0]
    return min((a + y) ** 2 + (b + y * y) ** 2 for y in [*roots, -6.0, 6.0])


def test_mirrored_minima_are_profiled_right_everywhere(tmp_path):
    """On Himmelblau's four minima every profile point is the conditional global minimum."""
    problem = pair(himmelblau, [0.0, 0.0], {"x": (-6, 6), "y": (-6, 6)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=25, starts=8))

    for point in profile.points:
        assert point.settled
        assert point.chi2 == pytest.approx(conditional_minimum(point.value), abs=1e-6)


def test_every_interval_of_several_minima_is_found(tmp_path):
    """Himmelblau's 95 % set in x consists of separate intervals around its minima, to 1e-6."""
    problem = pair(himmelblau, [0.0, 0.0], {"x": (-6, 6), "y": (-6, 6)}, sigma=0.5)
    profile = profiled(tmp_path, problem, dk.Profile("x", points=61, starts=8))
    fine = np.linspace(-6, 6, 24001)
    inside = np.array([4.0 * conditional_minimum(x) <= 3.841458820694124 for x in fine])
    pieces = np.count_nonzero(np.diff(np.concatenate([[False], inside])) & inside)

    assert profile.code == "several_intervals"
    assert len(profile.intervals) == pieces
    for interval in profile.intervals:
        for end in (interval.lower, interval.upper):
            assert 4.0 * conditional_minimum(end) == pytest.approx(3.841458820694124, abs=1e-4)
    for minimum in (3.0, -2.805118, -3.779310, 3.584428):
        assert any(i.lower < minimum < i.upper for i in profile.intervals)


def test_label_switching_gives_two_intervals(tmp_path):
    """Two interchangeable rates: the set of either is two intervals, one around each truth."""
    t = np.linspace(0.0, 6.0, 40)
    truth = 3.0 * np.exp(-2.0 * t) + 2.0 * np.exp(-0.3 * t)

    def predict(p, settings):
        return p.a1 * np.exp(-p.k1 * t) + p.a2 * np.exp(-p.k2 * t)

    box = {"a1": (0, 10), "k1": (0.05, 6), "a2": (0, 10), "k2": (0.05, 6)}
    problem = pair(predict, truth, box, sigma=0.02)
    profile = profiled(tmp_path, problem, dk.Profile("k1", points=41, starts=8))

    assert profile.code == "several_intervals"
    low, high = profile.intervals
    assert low.lower < 0.3 < low.upper
    assert high.lower < 2.0 < high.upper


def test_minimum_at_the_end_of_the_scan_is_an_edge(tmp_path):
    """When chi2 falls towards an end of the scan the code is edge_minimum, the interval open."""
    problem = pair(
        lambda p, s: np.array([p.x + p.y, p.y]), [5.0, 0.0], {"x": (0, 4), "y": (-1, 1)}
    )
    points = np.linspace(0, 2, 5)
    profile = profiled(tmp_path, problem, dk.Profile("x", points=points))

    assert profile.code == "edge_minimum"
    assert profile.minimum == 2.0
    assert not profile.intervals[-1].upper_closed
    assert profile.intervals[-1].upper_reason == "scan edge"


def test_flat_profile_is_not_constrained(tmp_path):
    """When x y alone is measured the profile of x is flat, and no interval closes."""
    problem = pair(lambda p, s: np.array([p.x * p.y]), [2.0], {"x": (1, 2), "y": (0.5, 4)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=7))

    assert profile.code == "not_constrained"
    assert max(point.chi2 for point in profile.points) < 1e-12


def test_bound_that_ends_the_set_is_named(tmp_path):
    """A set that runs into a parameter's bound is bound_limited, and the reason is the bound."""
    problem = pair(lambda p, s: np.array([p.x, p.y]), [0.5, 0.0], {"x": (0, 5), "y": (-1, 1)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=21))

    assert profile.code == "bound_limited"
    (interval,) = profile.intervals
    assert (interval.lower, interval.lower_reason) == (0.0, "bound")
    assert interval.upper == pytest.approx(0.5 + math.sqrt(3.841458820694124), abs=1e-5)


def test_minimum_between_grid_points_is_found(tmp_path):
    """The reference of the interval is the minimum itself, not the lowest grid point."""
    problem = pair(lambda p, s: np.array([p.x, p.y]), [1.234, 0.0], {"x": (-5, 5), "y": (-1, 1)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=5))
    half = math.sqrt(3.841458820694124)

    assert profile.minimum == pytest.approx(1.234, abs=1e-4)
    assert profile.code == "identified"
    (interval,) = profile.intervals
    assert interval.lower == pytest.approx(1.234 - half, abs=1e-6)
    assert interval.upper == pytest.approx(1.234 + half, abs=1e-6)


def test_one_start_alone_is_not_settled_until_a_neighbour_agrees(tmp_path):
    """Even with one start a point settles, because fits from its neighbours find the same end."""
    problem = pair(lambda p, s: np.array([p.x, p.y]), [1.0, 0.0], {"x": (-5, 5), "y": (-1, 1)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=5, starts=1))

    assert all(point.settled for point in profile.points)
