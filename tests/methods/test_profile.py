"""Profiles: against closed forms, with mirrored minima, at edges, and without an answer."""

import math

import numpy as np
import pytest

import daybreak as dk
from daybreak.problem.ends import LEVEL_95
from daybreak.testing import mirrored_problems
from tests.studies import study


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
    inside = np.array([4.0 * conditional_minimum(x) <= LEVEL_95 for x in fine])
    pieces = np.count_nonzero(np.diff(np.concatenate([[False], inside])) & inside)

    assert profile.code.word == "several_intervals"
    assert len(profile.intervals) == pieces
    for interval in profile.intervals:
        for end in (interval.lower, interval.upper):
            assert 4.0 * conditional_minimum(end) == pytest.approx(LEVEL_95, abs=1e-4)
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

    assert profile.code.word == "several_intervals"
    low, high = profile.intervals
    assert low.lower < 0.3 < low.upper
    assert high.lower < 2.0 < high.upper


def test_minimum_at_the_end_of_the_scan_is_an_edge(tmp_path):
    """When chi2 falls towards an end of the scan the code is edge_minimum, the interval open."""
    problem = pair(
        lambda p, s: np.array([p.x + p.y, p.y]), [5.0, 0.0], {"x": (0, 4), "y": (-1, 1)}
    )
    points = np.linspace(0, 3, 5)
    profile = profiled(tmp_path, problem, dk.Profile("x", points=points))

    assert profile.code.word == "edge_minimum"
    assert profile.minimum == 3.0
    assert not profile.intervals[-1].upper_closed
    assert profile.intervals[-1].upper_reason == "scan edge"
    assert profile.chi2_min == pytest.approx(0.5)  # at x = 4, outside the scan
    end = 4.0 - math.sqrt(LEVEL_95 - 0.5)  # y is at its bound 1 there
    assert profile.intervals[-1].lower == pytest.approx(end, abs=1e-6)


def test_scan_above_the_level_of_the_whole_box_is_an_edge(tmp_path):
    """When a lower chi2 outside the scan puts all of it above the level, no interval is left."""
    problem = pair(
        lambda p, s: np.array([p.x + p.y, p.y]), [5.0, 0.0], {"x": (0, 4), "y": (-1, 1)}
    )
    profile = profiled(tmp_path, problem, dk.Profile("x", points=np.linspace(0, 2, 5)))

    assert profile.code.word == "edge_minimum"
    assert profile.intervals == []
    assert "outside the scan" in profile.sentence


def test_flat_profile_of_a_symmetry(tmp_path):
    """When x y alone is measured the profile of x is flat, by a symmetry that is known."""
    problem = pair(lambda p, s: np.array([p.x * p.y]), [2.0], {"x": (1, 2), "y": (0.5, 4)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=7))

    assert profile.code.word == "not_identifiable_symmetry"
    assert max(point.chi2 for point in profile.points) < 1e-12


def test_bound_that_ends_the_set_is_named(tmp_path):
    """A set that runs into a parameter's bound is bound_limited, and the reason is the bound."""
    problem = pair(lambda p, s: np.array([p.x, p.y]), [0.5, 0.0], {"x": (0, 5), "y": (-1, 1)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=21))

    assert profile.code.word == "bound_limited"
    (interval,) = profile.intervals
    assert (interval.lower, interval.lower_reason) == (0.0, "bound")
    assert interval.upper == pytest.approx(0.5 + math.sqrt(LEVEL_95), abs=1e-5)


def test_minimum_between_grid_points_is_found(tmp_path):
    """The reference of the interval is the minimum itself, not the lowest grid point."""
    problem = pair(lambda p, s: np.array([p.x, p.y]), [1.234, 0.0], {"x": (-5, 5), "y": (-1, 1)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=5))
    half = math.sqrt(LEVEL_95)

    assert profile.minimum == pytest.approx(1.234, abs=1e-4)
    assert profile.code.word == "identified"
    (interval,) = profile.intervals
    assert interval.lower == pytest.approx(1.234 - half, abs=1e-6)
    assert interval.upper == pytest.approx(1.234 + half, abs=1e-6)


def test_one_start_alone_is_not_settled_until_a_neighbour_agrees(tmp_path):
    """Even with one start a point settles, because fits from its neighbours find the same end."""
    problem = pair(lambda p, s: np.array([p.x, p.y]), [1.0, 0.0], {"x": (-5, 5), "y": (-1, 1)})
    profile = profiled(tmp_path, problem, dk.Profile("x", points=5, starts=1))

    assert all(point.settled for point in profile.points)


# -- ranges, references and relaxation, with the rounds played in memory ----------------------

HALF = math.sqrt(LEVEL_95)
X = np.linspace(-2.0, 2.0, 9)


def sloped(xp=np, **bounds):
    """A line ``a + b x`` through points at x = 0 ... 4, with uncertainties 0.2."""
    x = np.arange(5.0)
    box = {"a": (-1000, 1000), "b": (-1000, 1000), **bounds}
    return pair(
        lambda p, s: xp.stack([p.a + p.b * v for v in x]), [1.0, 2.9, 5.2, 6.8, 9.1], box, 0.2
    )


def interval_of_slope():
    """The 95 % interval of the slope: ``b +/- 1.96 sigma / sqrt(sum (x - <x>)^2)``."""
    x, y = np.arange(5.0), np.array([1.0, 2.9, 5.2, 6.8, 9.1])
    centred = x - x.mean()
    b = centred @ y / (centred @ centred)
    return b - HALF * 0.2 / math.sqrt(centred @ centred), b + HALF * 0.2 / math.sqrt(
        centred @ centred
    )


def peak(centre=1.2345, sigma=0.01):
    """A Gaussian peak of known height and width on a wide box of its centre."""
    t = np.linspace(0.0, 3.0, 61)
    data = np.exp(-0.5 * ((t - centre) / 0.2) ** 2)
    return t, pair(
        lambda p, s: p.h * np.exp(-0.5 * ((t - p.c) / 0.2) ** 2),
        data,
        {"h": (0, 5), "c": (-20, 40)},
        sigma,
    )


def root(function, low, high):
    """Where a rising function is zero, to the last digit."""
    from scipy.optimize import brentq

    return brentq(function, low, high, xtol=1e-15, rtol=1e-14)


def test_narrow_interval_in_a_wide_box_is_found_exactly():
    """The automatic range finds an interval 1/8000 of its box, each end to 1e-6 of its width."""
    low, high = interval_of_slope()
    found = study(sloped(), dk.Profile("b")).profile
    [interval] = found.intervals

    assert high - low < 2000 / 8000
    assert interval.lower == pytest.approx(low, abs=1e-6 * (high - low))
    assert interval.upper == pytest.approx(high, abs=1e-6 * (high - low))
    assert found.code.word == "identified"
    inside = [p for p in found.points if abs(p.value - found.minimum) < high - low]
    assert len(inside) >= 7


def test_interval_of_a_peaks_centre_is_exact():
    """A peak that is nowhere else in a wide box: its centre's interval is right to 1e-6."""
    t, problem = peak()
    y = problem.data.values / 0.01

    def above(c):
        """Least chi2 over the height, minus the level: the height is linear."""
        g = np.exp(-0.5 * ((t - c) / 0.2) ** 2) / 0.01
        return float(y @ y - (g @ y) ** 2 / (g @ g)) - LEVEL_95

    found = study(problem, dk.Profile("c", starts=64)).profile
    low = -root(lambda c: above(-c), -1.2345, -1.2)
    high = root(above, 1.2345, 1.3)
    [interval] = found.intervals
    assert interval.lower == pytest.approx(low, abs=1e-6 * (high - low))
    assert interval.upper == pytest.approx(high, abs=1e-6 * (high - low))


def test_reasons_of_open_ends():
    """An end of the set is put down to the bound, the end of the scan, or a flat profile."""
    bound = study(sloped(b=(1.95, 1000)), dk.Profile("b")).profile.intervals[0]
    scan = study(sloped(), dk.Profile("b", points=np.linspace(1.95, 3.0, 9))).profile.intervals[0]
    t = np.linspace(1.0, 4.0, 8)
    flat = study(
        pair(
            lambda p, s: p.a * (1.0 - np.exp(-p.k * t)),
            np.full(8, 2.0),
            {"a": (0, 10), "k": (0.1, 500)},
            0.1,
        ),
        dk.Profile("k"),
    ).profile

    assert (bound.lower, bound.lower_reason, bound.lower_closed) == (1.95, "bound", False)
    assert (scan.lower, scan.lower_reason, scan.lower_closed) == (1.95, "scan edge", False)
    assert (bound.upper_reason, scan.upper_reason) == ("data", "data")
    assert (flat.intervals[0].lower_reason, flat.intervals[0].upper_reason) == ("data", "flat")
    assert flat.intervals[0].upper == 500.0
    assert flat.code.word == "bound_limited"
    assert "flat up to its bound" in flat.sentence


def test_all_profiles_share_one_reference():
    """Profile("all") makes the profile of every free parameter above the same lowest chi2."""
    problem = dk.FitProblem(
        [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9), dk.Parameter("c", -9, 9, fixed=0.1)],
        lambda p, s: p.a + p.b * X + p.c * X * X,
        dk.observations(1.0 + 2.0 * X + X**3 / 9, 0.3),
    )
    found = study(problem, dk.Profile("all"))

    assert [profile.parameter for profile in found.profiles] == ["a", "b"]
    for profile in found.profiles:
        assert profile.chi2_min == pytest.approx(found.best.chi2, rel=1e-9, abs=1e-9)
    assert {profile.code.word for profile in found.profiles} == {"identified"}
    both = [study(problem, dk.Profile(name)).profile.intervals[0] for name in "ab"]
    for profile, alone in zip(found.profiles, both, strict=True):
        [interval] = profile.intervals
        width = alone.upper - alone.lower
        assert interval.lower == pytest.approx(alone.lower, abs=1e-6 * width)
        assert interval.upper == pytest.approx(alone.upper, abs=1e-6 * width)


def hidden(p, settings):
    """A wide bowl at x = -2 with chi2 = 1, and a narrow one at x = 2, y = 1 with chi2 = 0."""
    narrow = math.exp(-0.5 * (((p.x - 2.0) / 0.05) ** 2 + ((p.y - 1.0) / 0.2) ** 2))
    return np.array([0.2 * (p.x + 2.0), 0.5 * p.y, 1.0]) * math.sqrt(1.0 - narrow)


def test_lower_chi2_found_by_one_profile_is_the_reference_of_all():
    """A minimum that only one profile's grid meets lowers the reference of the others too."""
    problem = pair(hidden, [0.0, 0.0, 0.0], {"x": (-5, 5), "y": (-5, 5)})
    found = study(problem, dk.Profile("all", points=11, starts=3, each=6), seed=1)

    assert min(start.chi2 for start in found.starts) == pytest.approx(1.0)
    assert found.best.chi2 == pytest.approx(0.0, abs=1e-9)
    for profile in found.profiles:
        assert profile.chi2_min == pytest.approx(found.best.chi2, rel=1e-9, abs=1e-9)
    assert found.profile_of("x").minimum == pytest.approx(2.0, abs=1e-3)
    assert found.profile_of("y").minimum == pytest.approx(1.0, abs=1e-3)


def test_without_relaxation_each_point_keeps_its_own_fits():
    """relax=False leaves every point at the lowest end of its own starts, true or not."""
    problem = pair(himmelblau, [0.0, 0.0], {"x": (-6, 6), "y": (-6, 6)})
    raw = study(problem, dk.Profile("x", points=25, starts=8, each=1, relax=False)).profile
    relaxed = study(problem, dk.Profile("x", points=25, starts=8, each=1)).profile

    assert all(point.own == point.chi2 for point in raw.points)
    assert [point.own for point in relaxed.points] == [point.own for point in raw.points]
    stuck = [p for p in raw.points if p.chi2 > conditional_minimum(p.value) + 1.0]
    assert stuck
    for point in relaxed.points:
        assert point.chi2 == pytest.approx(conditional_minimum(point.value), abs=1e-6)
        assert point.disagreement <= 1e-6 or point.disagreement_before is not None


def test_parameters_at_bounds_are_recorded_at_every_point():
    """A point whose best fit presses a nuisance against its bound says so, and no other does."""
    problem = pair(
        lambda p, s: np.array([p.x + p.y, p.y]), [0.0, 0.0], {"x": (-4, 4), "y": (-1, 1)}
    )
    found = study(problem, dk.Profile("x", points=9)).profile

    for point in found.points:  # the best y is -x / 2, as far as the box allows
        assert [a.parameter for a in point.at_bounds] == (["y"] if abs(point.value) >= 2 else [])
        assert point.parameters["y"] == pytest.approx(min(max(-point.value / 2, -1), 1), abs=1e-6)


def test_numpy_and_jax_give_the_same_profile():
    """The same prediction in NumPy and in JAX: the same points and ends, to 1e-6."""
    import jax.numpy as jnp

    one, two = (
        study(sloped(xp, a=(-9, 9), b=(-9, 9)), dk.Profile("b", starts=4, each=2)).profile
        for xp in (np, jnp)
    )
    [mine], [theirs] = one.intervals, two.intervals

    assert mine.lower == pytest.approx(theirs.lower, abs=1e-6)
    assert mine.upper == pytest.approx(theirs.upper, abs=1e-6)
    for a, b in zip(one.points, two.points, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-6)
        assert a.chi2 == pytest.approx(b.chi2, rel=1e-6, abs=1e-6)


def test_one_free_parameter_leaves_nothing_to_settle():
    """Where nothing is left to fit, a point of a profile is certain without a second fit."""
    problem = pair(lambda p, s: np.array([p.x]), [0.3], {"x": (-5, 5)}, 0.1)
    for method in (dk.Profile("x"), dk.Profile("x", points=11), dk.Profile("all", starts=0)):
        found = study(problem, method, dk.Criterion("identified", of="x"))
        [interval] = found.profile.intervals
        assert all(point.settled for point in found.profile.points)
        assert found.outcomes[0].outcome == "met"
        assert interval.lower == pytest.approx(0.3 - 0.1 * HALF, abs=1e-6)
        assert interval.upper == pytest.approx(0.3 + 0.1 * HALF, abs=1e-6)


@pytest.mark.parametrize("points", [None, 11])
@pytest.mark.parametrize(("starts", "each"), [(0, 3), (8, 0)])
def test_shared_or_own_starts_alone_do(points, starts, each):
    """Without shared starts, or without starts of the points' own, the interval is the same."""
    low, high = interval_of_slope()
    problem = sloped(a=(-9, 9), b=(-9, 9))
    found = study(problem, dk.Profile("b", points=points, starts=starts, each=each))
    [interval] = found.profile.intervals

    assert interval.lower == pytest.approx(low, abs=1e-6 * (high - low))
    assert interval.upper == pytest.approx(high, abs=1e-6 * (high - low))
    assert found.best.hits >= 2


def test_points_where_no_fit_ends_are_told_apart():
    """A profile into a region without predictions says where every fit failed."""

    def half(p, settings):
        return np.array([p.x if p.x < 4 else np.nan, p.y])

    problem = pair(half, [3.5, 0.0], {"x": (0, 10), "y": (-1, 1)}, 0.4)
    found = study(problem, dk.Profile("x", points=11))
    nowhere = study(
        pair(lambda p, s: np.array([np.nan, p.y]), [0.0, 0.0], {"x": (0, 10), "y": (-1, 1)}),
        dk.Profile("x"),
    )

    assert [p.chi2 is None for p in found.profile.points] == [v >= 4 for v in range(11)]
    assert "At 7 of 11 points every fit failed." in found.profile.sentence
    assert [c.parameter for c in found.findings if c.code.word == "nonfinite_region"] == ["x"]
    assert nowhere.profile.code.word == "nonfinite_region"
    assert nowhere.best is None


@pytest.mark.parametrize("known", mirrored_problems("numpy"), ids=lambda known: known.name)
def test_mirrored_problems_are_profiled_right(known):
    """Every point is the conditional global minimum, and every piece of the 95 % set is found."""
    found = study(known.problem, dk.Profile(known.interest, points=33, starts=48)).profile

    for point in found.points:
        assert point.chi2 == pytest.approx(known.conditional(point.value), abs=1e-4)
    assert len(found.intervals) == len(known.intervals)
    for interval, (low, high) in zip(found.intervals, known.intervals, strict=True):
        assert interval.lower == pytest.approx(low, abs=1e-5 * (high - low))
        assert interval.upper == pytest.approx(high, abs=1e-5 * (high - low))


def test_set_interrupted_between_two_grid_points():
    """Two pieces of the set between neighbouring grid points stay apart."""
    known = next(k for k in mirrored_problems("numpy") if k.name == "four minima")
    found = study(known.problem, dk.Profile("x", points=9, starts=48)).profile

    assert len(found.points) == 9
    assert len(found.intervals) == 4
    for interval, (low, high) in zip(found.intervals, known.intervals, strict=True):
        assert interval.lower == pytest.approx(low, abs=1e-6 * (high - low))
        assert interval.upper == pytest.approx(high, abs=1e-6 * (high - low))


def test_a_set_closed_by_the_data_short_of_a_wall_is_told_so(tmp_path):
    """A profile is followed towards values without fits until the data end its set, or nearly."""
    counts = np.array([0, 0, 1, 0, 0, 0, 0, 2])  # impossible where none are expected
    rate = dk.Parameter("r", 0, 20, physical=(0, None))
    problem = dk.FitProblem(
        [rate], lambda p, s: p.r + 0.0 * counts, dk.observations(counts, noise=dk.Poisson())
    )
    (piece,) = profiled(tmp_path / "near", problem, dk.Profile("r", points=15, starts=2)).intervals
    # 2 (8 r - 3 log r) rises by the level at both ends
    rise = [
        16 * (r - 0.375) - 6 * math.log(r / 0.375) - LEVEL_95 for r in (piece.lower, piece.upper)
    ]
    assert rise == pytest.approx([0.0, 0.0], abs=1e-4)
    assert (piece.lower_reason, piece.upper_reason) == ("data", "data")

    def cut(p, settings):
        return np.array([p.x if p.x < 0.7 else np.nan, p.y])

    walled = pair(cut, [0.0, 0.0], {"x": (-5, 5), "y": (-1, 1)})
    (piece,) = profiled(tmp_path / "wall", walled, dk.Profile("x", starts=2)).intervals
    assert piece.upper == pytest.approx(0.7, abs=1e-3)
    assert (piece.lower_reason, piece.upper_reason) == ("data", "no fit")


def test_an_end_on_a_log_scale_is_right_however_far_the_other_lies(tmp_path):
    """The bracket of an end near zero is narrowed although the set reaches to ten thousand."""
    problem = dk.FitProblem(
        [dk.Parameter("k", 1e-6, 1e4, scale="log")],
        lambda p, s: np.full(12, p.k / (p.k + 1e-4)),
        dk.observations(np.ones(12), 0.5),
    )
    (piece,) = profiled(tmp_path, problem, dk.Profile("k", points=9, starts=2)).intervals
    miss = 0.5 * math.sqrt(LEVEL_95 / 12)  # 1 - k / (k + 1e-4) at the level
    assert piece.lower == pytest.approx(1e-4 * (1 - miss) / miss, rel=1e-5)
    assert (piece.lower_reason, piece.upper) == ("data", 1e4)
