"""Laws of the problems with mirrored minima: their answers are answers."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from daybreak.problem.ends import LEVEL_95
from daybreak.problem.precision import double_precision
from daybreak.testing import MirroredProblem, mirrored_problems

PROBLEMS = {known.name: known for known in mirrored_problems("numpy")}
every = pytest.mark.parametrize("known", PROBLEMS.values(), ids=PROBLEMS)
mirrored = pytest.mark.parametrize(
    "known", [known for known in PROBLEMS.values() if known.mirror], ids=lambda known: known.name
)
PIECES = {"swapped rates": 2, "aliases": 3, "four minima": 4, "even": 2}


def residuals(known: MirroredProblem, values):
    """What the problem itself says at a place."""
    names, data = known.problem.space.names, known.problem.data
    return (known.problem.raw([values[n] for n in names], {}, np) - data.values) / data.sigmas


def chi2(known: MirroredProblem, values):
    """Sum of the squared residuals."""
    return float(np.sum(residuals(known, values) ** 2))


def places(known: MirroredProblem, count):
    """Random places in the box."""
    space = known.problem.space
    u = np.random.default_rng(0).uniform(size=(count, len(space.names)))
    return [dict(zip(space.names, row, strict=True)) for row in space.from_unit(u).tolist()]


def slope(known: MirroredProblem, values):
    """Central differences of chi2 by the unit coordinates, as shares of those of the residuals."""
    space, r = known.problem.space, residuals(known, values)
    u, h = space.to_unit(values), 1e-6
    found = []
    for step in h * np.eye(u.size):
        ends = [
            dict(zip(space.names, space.from_unit(v), strict=True)) for v in (u + step, u - step)
        ]
        column = (residuals(known, ends[0]) - residuals(known, ends[1])) / (2 * h)
        found.append(column @ r / (np.linalg.norm(column) * max(np.linalg.norm(r), 1.0) + 1e-300))
    return np.array(found)


@every
def test_the_conditional_minimum_is_a_place_in_the_box(known):
    """The problem's own chi2 at the stated end is the stated one, and the end lies in the box."""
    space = known.problem.space
    for value in known.grid[::20].tolist():
        least, end = known.best(value)
        assert end[known.interest] == value
        assert chi2(known, end) == pytest.approx(least, rel=1e-9, abs=1e-9)
        assert all(p.lower <= end[p.name] <= p.upper for p in space.parameters)


@every
def test_no_local_fit_ends_lower(known):
    """SciPy's fits from random starts at a fixed value end at the stated minimum or above it."""
    space = known.problem.space
    free = space.subspace(space.free([known.interest]))
    reached = 0
    for i, start in enumerate(places(known, 12)):
        value = float(known.grid[25 * i])

        def at(u, value=value):
            names = dict(zip(free.names, free.from_unit(u), strict=True))
            return residuals(known, {**names, known.interest: value})

        u = free.to_unit({name: start[name] for name in free.names})
        found = 2 * least_squares(at, u, bounds=(0, 1), x_scale="jac", xtol=1e-12).cost
        least = known.conditional(value)
        assert found >= least - 1e-8 * max(1.0, least)
        reached += found < least + 1e-4

    assert reached >= 3


@mirrored
def test_mirrored_places_have_equal_chi2(known):
    """Anywhere in the box the mirrored place has the same chi2, and is mirrored back."""
    for place in places(known, 20):
        other = known.mirror(place)
        assert other != place
        assert chi2(known, other) == pytest.approx(chi2(known, place), rel=1e-12)
        assert known.mirror(other) == pytest.approx(place)


@every
def test_stated_minima_are_minima(known):
    """At a stated minimum all slopes vanish, and no place near it is lower."""
    random = np.random.default_rng(1)
    for end in known.minima:
        assert np.abs(slope(known, end)).max() < 1e-5
        for shift in 1e-3 * random.standard_normal((20, len(end))):
            near = {n: v * (1 + d) + d for (n, v), d in zip(end.items(), shift, strict=True)}
            assert chi2(known, near) > chi2(known, end)


@mirrored
def test_mirrored_minima_are_both_stated(known):
    """Where the mirror moves the parameter of interest, every minimum's image is stated too."""
    stated = [end[known.interest] for end in known.minima]
    for end in known.minima:
        image = known.mirror(end)[known.interest]
        assert min(abs(image - value) for value in stated) < 1e-5


def test_four_minima_are_equally_deep():
    """Himmelblau's four minima stay minima with chi2 = 0 when the third unknown is added."""
    known = PROBLEMS["four minima"]
    found = [(end["x"], end["y"]) for end in known.minima]

    assert found == [
        pytest.approx(place, abs=1e-5)
        for place in ((-3.77931, -3.28319), (-2.80512, 3.13131), (3, 2), (3.58443, -1.84813))
    ]
    assert max(chi2(known, end) for end in known.minima) < 1e-12


@every
def test_stated_intervals_end_where_the_level_is_crossed(known):
    """Each end lies on the level, and only the side towards the minimum is below it."""
    level, step = known.chi2 + LEVEL_95, 1e-4
    assert len(known.intervals) == PIECES[known.name]
    for low, high in known.intervals:
        assert any(low < end[known.interest] < high for end in known.minima)
        for end, inward in ((low, step), (high, -step)):
            assert known.conditional(end) == pytest.approx(level, abs=1e-8)
            assert known.conditional(end + inward) < level < known.conditional(end - inward)


@every
def test_stated_intervals_are_all_there_are(known):
    """Values drawn at random lie on or below the level just when an interval holds them."""
    lower, upper = known.grid[0], known.grid[-1]
    for value in np.random.default_rng(2).uniform(lower, upper, 60).tolist():
        held = any(low <= value <= high for low, high in known.intervals)
        assert held == (known.conditional(value) <= known.chi2 + LEVEL_95)


def test_saddle_is_stationary_and_no_minimum():
    """At the saddle all slopes vanish, one parameter leads down and another up."""
    known = PROBLEMS["even"]
    here = dict(known.saddle)

    assert np.abs(slope(known, here)).max() < 1e-9
    assert chi2(known, {**here, "p": 0.01}) < chi2(known, here) < chi2(known, {**here, "x": 1.01})
    assert chi2(known, here) > known.chi2 + LEVEL_95


def test_both_array_namespaces_say_the_same():
    """The JAX variant predicts what the NumPy variant predicts."""
    import jax.numpy as jnp

    for known in mirrored_problems():
        plain = PROBLEMS[known.name]
        place = places(plain, 1)[0]
        with double_precision():
            theirs = known.problem.raw(list(place.values()), {}, jnp)
        ours = plain.problem.raw(list(place.values()), {}, np)
        np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)
