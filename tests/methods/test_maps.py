"""Maps: contours and marginal profiles against closed forms."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import daybreak as dk
from daybreak.diagnosis.maps import regions
from daybreak.problem.contours.lines import Vertex
from daybreak.problem.contours.tracing import TOLERANCE
from daybreak.problem.ends import LEVELS_2D
from daybreak.verdict import read_study
from tests.studies import play, record, study

LEVEL_95 = LEVELS_2D[0.95]
MIXED = np.array([[1.0, 0.0, 0.3], [0.8, 0.5, 0.0], [0.0, 1.0, 1.0], [0.4, -0.7, 0.6]])
"""Predictions are these columns times (x, y, z); uncertainties 0.2."""
TRUTH = np.array([0.4, -0.3, 0.5])


def linear(names="xyz", **bounds):
    """A linear problem in x, y and z (or x and y alone), with its exact answer."""
    columns = MIXED[:, : len(names)]
    data = MIXED @ TRUTH
    return dk.FitProblem(
        [dk.Parameter(n, *bounds.get(n, (-3, 3))) for n in names],
        lambda p, s: columns @ np.array([getattr(p, n) for n in names]),
        dk.observations(data, 0.2),
    )


def gaussian(names="xyz"):
    """Best values, covariance and lowest chi2 of `linear`."""
    A, y = MIXED[:, : len(names)] / 0.2, MIXED @ TRUTH / 0.2
    best, *_ = np.linalg.lstsq(A, y, rcond=None)
    return best, np.linalg.inv(A.T @ A), float(np.sum((A @ best - y) ** 2))


def area(line):
    """Area inside a closed line, positive when it runs counter-clockwise."""
    x, y = np.array([(point.x, point.y) for point in line]).T
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def outer(found):
    """The 95 % contour of the only map."""
    [chart] = found.maps
    [contour] = [c for c in chart.contours if c.level == 0.95]
    return contour


@functools.cache
def of_gaussian(method=None):
    """The map of x and y, z being a nuisance."""
    return study(linear(), method or dk.Profile("x", "y", points=(13, 11), starts=4))


@pytest.mark.parametrize(("probability", "level"), LEVELS_2D.items())
def test_contours_of_a_gaussian(probability, level):
    """Both contours of a correlated Gaussian: points within 0.01, the ellipse's area to 1e-3."""
    best, covariance, lowest = gaussian()
    [chart] = of_gaussian().maps
    [contour] = [c for c in chart.contours if c.level == probability]
    [line] = contour.lines
    weights = np.linalg.inv(covariance[:2, :2])
    off = np.array([(point.x, point.y) for point in line]) - best[:2]
    chi2 = np.einsum("ij,jk,ik->i", off, weights, off)

    assert np.abs(chi2 - level).max() <= TOLERANCE
    exact = math.pi * level * math.sqrt(np.linalg.det(covariance[:2, :2]))
    assert area(line) == pytest.approx(exact, rel=1e-3)
    assert all(point.closed for point in line)
    assert contour.chi2 == pytest.approx(lowest + level)
    assert contour.error <= TOLERANCE


def test_lattice_of_a_gaussian():
    """Every lattice point is the least chi2 over the nuisance, found by two fits."""
    best, covariance, lowest = gaussian()
    [chart] = of_gaussian().maps
    weights = np.linalg.inv(covariance[:2, :2])

    assert (len(chart.x), len(chart.y)) == (13, 11)
    assert chart.unsettled == 0
    assert chart.minimum == pytest.approx(best[:2], abs=1e-6)
    for y, row in zip(chart.y, chart.chi2, strict=True):
        for x, chi2 in zip(chart.x, row, strict=True):
            off = np.array([x, y]) - best[:2]
            assert chi2 == pytest.approx(lowest + off @ weights @ off, rel=1e-9, abs=1e-6)
    assert "one region at 95 %, closed by the data" in chart.sentence


@pytest.mark.parametrize("name", ["x", "y"])
def test_marginal_profiles(name):
    """The marginal profiles of a map are the profiles of its parameters: same ends, to 1e-6."""
    alone = study(linear(), dk.Profile(name, starts=4)).profile
    marginal = of_gaussian().profile_of(name)
    [one], [two] = alone.intervals, marginal.intervals
    best, covariance, _ = gaussian()
    half = 1.959963984540054 * math.sqrt(covariance["xy".index(name)]["xy".index(name)])

    width = 2.0 * half
    assert two.lower == pytest.approx(best["xy".index(name)] - half, abs=1e-6 * width)
    assert two.upper == pytest.approx(best["xy".index(name)] + half, abs=1e-6 * width)
    assert one.lower == pytest.approx(two.lower, abs=1e-6 * width)
    assert one.upper == pytest.approx(two.upper, abs=1e-6 * width)
    assert marginal.chi2_min == pytest.approx(of_gaussian().best.chi2, rel=1e-9, abs=1e-9)
    assert all(point.settled for point in marginal.points)


def test_range_of_a_map_is_found():
    """Without points the lattice is laid where the profiles are within three sigma."""
    best, covariance, _ = gaussian()
    found = study(linear(x=(-300, 300), y=(-300, 300)), dk.Profile("x", "y", starts=4))
    [chart] = found.maps
    [line] = outer(found).lines

    for axis, values in enumerate((chart.x, chart.y)):
        sigma = math.sqrt(covariance[axis, axis])
        assert len(values) == 15
        assert 2.5 * sigma < best[axis] - values[0] < 6.0 * sigma
        assert 2.5 * sigma < values[-1] - best[axis] < 6.0 * sigma
    exact = math.pi * LEVEL_95 * math.sqrt(np.linalg.det(covariance[:2, :2]))
    assert area(line) == pytest.approx(exact, rel=1e-3)


def test_two_regions():
    """A model even in x has two regions, mirrored, each with its own line."""
    problem = dk.FitProblem(
        [dk.Parameter("x", -2, 2), dk.Parameter("y", -2, 2)],
        lambda p, s: np.array([p.x * p.x, p.y]),
        dk.observations([1.0, 0.3], [0.2, 0.2]),
    )
    found = study(problem, dk.Profile("x", "y", points=(15, 9), starts=12))
    left, right = sorted(outer(found).lines, key=lambda line: line[0].x)
    half = math.sqrt(LEVEL_95) * 0.2

    assert area(left) == pytest.approx(area(right), rel=1e-3)
    for line in (left, right):
        chi2 = [((p.x**2 - 1.0) / 0.2) ** 2 + ((p.y - 0.3) / 0.2) ** 2 for p in line]
        assert max(abs(c - LEVEL_95) for c in chi2) <= TOLERANCE
    assert max(p.x for p in right) == pytest.approx(math.sqrt(1.0 + half), abs=1e-3)
    assert min(p.x for p in right) == pytest.approx(math.sqrt(1.0 - half), abs=1e-3)
    assert found.profile_of("x").code.word == "several_intervals"
    assert "2 separate regions" in found.maps[0].sentence
    assert found.maps[0].code.word == "several_regions"
    told = {finding.code.word: finding.sentence for finding in found.findings}
    assert told["several_regions"] == found.maps[0].sentence


def test_a_hole_is_no_region():
    """A ring has two lines and is one region; a point in its hole makes another."""
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)

    def line(x, y, radius):
        return [
            Vertex((x + radius * np.cos(a), y + radius * np.sin(a)), closed=True) for a in turn
        ]

    outside, hole, inside = line(0.5, 0.5, 0.4), line(0.5, 0.5, 0.3), line(0.5, 0.5, 0.1)

    assert regions([outside]) == 1
    assert regions([hole, outside]) == 1
    assert regions([hole, inside, outside]) == 2
    assert regions([line(0.2, 0.5, 0.1), line(0.7, 0.5, 0.1)]) == 2


def test_one_region_has_no_code():
    """A region in one piece is nothing to report."""
    assert of_gaussian().maps[0].code is None


def test_contour_cut_by_the_scan():
    """A region that runs out of the scan is closed along its border, and said to be cut off."""
    grid = (np.linspace(0.4, 1.5, 9), np.linspace(-1.5, 1.0, 9))
    found = study(linear(), dk.Profile("x", "y", points=grid, starts=4))
    [line] = outer(found).lines
    [chart] = found.maps

    assert {p.x for p in line if not p.closed} == {0.4}
    assert any(p.closed for p in line)
    assert min(p.x for p in line) == 0.4
    assert "cut off by the scan" in chart.sentence
    best, covariance, _ = gaussian()
    half = math.pi * LEVEL_95 * math.sqrt(np.linalg.det(covariance[:2, :2])) / 2
    assert best[0] == pytest.approx(0.4)  # so the border halves the ellipse
    assert area(line) == pytest.approx(half, rel=2e-3)


@pytest.mark.parametrize("starts", [4, 0])
def test_minimum_between_lattice_points(starts):
    """A minimum that no lattice point shows gets its contour, however it was found."""
    problem = dk.FitProblem(
        [dk.Parameter("x", 0, 10), dk.Parameter("y", 0, 1)],
        lambda p, s: np.array([p.x + p.y, p.y]),
        dk.observations([3.3, 0.3], [0.1, 0.01]),
    )
    found = study(problem, dk.Profile("x", "y", points=(7, 7), starts=starts))
    [chart] = found.maps

    assert min(c for row in chart.chi2 for c in row) > LEVEL_95
    assert [c.level for c in chart.contours] == [0.68, 0.95]
    for contour, level in zip(chart.contours, LEVELS_2D.values(), strict=True):
        [line] = contour.lines
        assert area(line) == pytest.approx(math.pi * level * 0.1 * 0.01, rel=1e-3)


def test_minimum_at_a_bound():
    """A best fit on the border of the lattice is inside one line, which the border closes."""
    problem = dk.FitProblem(
        [dk.Parameter("x", 0, 10), dk.Parameter("y", 0, 1)],
        lambda p, s: np.array([p.x, p.y]),
        dk.observations([-0.3, 0.31], [0.5, 0.1]),
    )
    found = study(problem, dk.Profile("x", "y", points=(11, 7), starts=4))

    assert [len(contour.lines) for contour in found.maps[0].contours] == [1, 1]
    assert {p.x for p in outer(found).lines[0] if not p.closed} == {0.0}


def test_log_axes():
    """On log scales the lattice is even in the logarithm, and the contour is drawn in units."""
    problem = dk.FitProblem(
        [dk.Parameter("k", 0.01, 100, "log"), dk.Parameter("y", 0, 1)],
        lambda p, s: np.array([math.log(p.k) + p.y, p.y]),
        dk.observations([0.3, 0.3], [0.5, 0.1]),
    )
    found = study(problem, dk.Profile("k", "y", points=(9, 11), starts=4))
    [chart] = found.maps
    [line] = outer(found).lines
    x, y = np.array([(p.x, p.y) for p in line]).T
    chi2 = ((np.log(x) + y - 0.3) / 0.5) ** 2 + ((y - 0.3) / 0.1) ** 2

    assert np.allclose(np.diff(np.log(chart.x)), math.log(1e4) / 8)
    assert chart.scales == ("log", "linear")
    assert np.abs(chi2 - LEVEL_95).max() <= TOLERANCE
    u = np.log(x)
    shoelace = 0.5 * float(u @ np.roll(y, -1) - y @ np.roll(u, -1))
    assert shoelace == pytest.approx(math.pi * LEVEL_95 * 0.5 * 0.1, rel=1e-3)


def test_map_without_nuisances_is_settled():
    """Where both parameters are all there is, lattice points are certain without a second fit."""
    found = study(linear("xy"), dk.Profile("x", "y", points=(9, 9), starts=4))

    assert found.maps[0].unsettled == 0
    assert all(profile.code.word == "identified" for profile in found.profiles)
    assert len(outer(found).lines) == 1


def test_region_without_predictions():
    """Where predict gives no numbers the line stops, and the search for it does too."""

    def half(p, settings):
        return np.array([p.x if p.x < 4 else np.nan, p.y])

    problem = dk.FitProblem(
        [dk.Parameter("x", 0, 10), dk.Parameter("y", 0, 1)],
        half,
        dk.observations([3.9, 0.3], [0.5, 0.1]),
    )
    method = dk.Profile("x", "y", points=(11, 7), starts=12)
    played = play(problem, method)
    found = read_study(record(problem, method, played))
    [line] = outer(found).lines
    wall = [p.x for p in line if not p.closed]

    assert len(played) < 100
    assert wall
    assert all(3.9 < x < 4.0 for x in wall)
    assert min(p.x for p in line) == pytest.approx(3.9 - 0.5 * math.sqrt(LEVEL_95), abs=2e-3)
    nowhere = dk.FitProblem(
        [dk.Parameter("x", 0, 10), dk.Parameter("y", 0, 1)],
        lambda p, s: np.array([np.nan, p.y]),
        dk.observations([3.9, 0.3], [0.5, 0.1]),
    )
    assert study(nowhere, method).maps[0].contours == []


def test_constant_predictions():
    """Where nothing depends on the parameters the whole lattice is one region, set by nothing."""
    problem = dk.FitProblem(
        [dk.Parameter("x", 0, 10), dk.Parameter("y", 0, 1), dk.Parameter("z", 0, 1)],
        lambda p, s: np.array([1.0, 2.0]),
        dk.observations([1.1, 2.0], 0.1),
    )
    found = study(problem, dk.Profile("x", "y", points=(5, 5), starts=4))
    [line] = outer(found).lines

    assert not any(p.closed for p in line)
    assert {profile.code.word for profile in found.profiles} == {"not_constrained"}
