"""Fronts and the volume that they dominate: laws, and shapes that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from daybreak.problem.front import compromise, hypervolume, ranked, undominated


def clouds(objectives):
    """Up to fifteen results in a unit cube, some of them equal."""
    shape = st.tuples(st.integers(1, 15), st.just(objectives))
    return arrays.arrays(float, shape, elements=st.integers(0, 8).map(lambda k: k / 8))


@given(clouds(3))
def test_the_front_is_what_nothing_dominates(rows):
    """A row is on the front exactly when no other is nowhere worse and somewhere better."""
    found = undominated(rows)

    for i, row in enumerate(rows):
        worse = [np.all(o <= row) and np.any(o < row) for o in rows]
        assert found[i] == (not any(worse))


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_volume_by_counting_cells(objectives):
    """The volume is the number of lattice cells with a dominating corner."""
    rng = np.random.default_rng(objectives)
    rows = rng.integers(0, 6, size=(12, objectives)) / 6
    axes = [np.arange(6) / 6] * objectives
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, objectives)
    counted = sum(np.any(np.all(rows <= cell, axis=1)) for cell in cells) / 6**objectives

    assert hypervolume(rows, np.ones(objectives)) == pytest.approx(counted)


@given(clouds(3), st.permutations(range(3)))
def test_the_order_of_objectives_does_not_matter(rows, order):
    """Volume does not depend on the order of objectives or rows."""
    whole = hypervolume(rows, np.ones(3))

    assert hypervolume(rows[::-1][:, order], np.ones(3)) == pytest.approx(whole)


@given(clouds(2), st.floats(0.1, 10))
def test_units_scale_the_volume(rows, factor):
    """Another unit of one objective multiplies the volume."""
    scale = np.array([factor, 1.0])

    assert hypervolume(rows * scale, scale) == pytest.approx(
        factor * hypervolume(rows, np.ones(2))
    )


@given(clouds(3), clouds(3))
def test_more_results_never_dominate_less(one, other):
    """Volume grows with every result, and only the front counts."""
    both = np.concatenate([one, other])
    whole = hypervolume(both, np.ones(3))

    assert whole >= hypervolume(one, np.ones(3)) - 1e-12
    assert whole == pytest.approx(hypervolume(both[undominated(both)], np.ones(3)))


def test_nothing_inside_the_reference():
    """Results beyond the reference point dominate nothing."""
    assert hypervolume(np.array([[2.0, 0.0]]), np.ones(2)) == 0.0


def test_the_compromise_is_in_the_knee():
    """The first compromise is the knee of the front, whatever the units."""
    front = np.array([[0.0, 10.0], [1.0, 2.0], [8.0, 0.5], [10.0, 0.0], [9.0, 9.0]])

    assert compromise(front)[0] == 1
    assert compromise(front * np.array([1e6, 1.0]))[0] == 1
    assert 4 not in compromise(front)


def test_ranks_of_a_single_objective():
    """With one objective the order is by value, earlier trials first where they are equal."""
    assert ranked([[3.0], [1.0], [2.0], [1.0]]) == [1, 3, 2, 0]
    assert ranked([]) == []
