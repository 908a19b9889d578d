"""The grid of architectures: the small ladder, its extremes, its refusals."""

import dataclasses

import pytest

import daybreak as dk
from daybreak.models.forecasting.grid import SMALL, extremes


@pytest.mark.parametrize("budget", SMALL.budgets)
def test_the_small_ladder(budget):
    """Every budget of the ladder has what fits it within a quarter, smallest first."""
    aim, fitting = SMALL.budgets[budget], SMALL.within(budget)
    sizes = [one.parameters for one in fitting]

    assert sizes == sorted(sizes)
    assert all(0.75 * aim - 1 <= size <= 1.25 * aim for size in sizes)
    assert all(one.d_model % one.n_heads == 0 for one in fitting)
    assert len(SMALL.shapes(budget)) >= 5


@pytest.mark.parametrize("budget", SMALL.budgets)
def test_its_extremes(budget):
    """Ten distinct ones, among them the narrowest, widest, shallowest, deepest, both in size."""
    fitting = SMALL.within(budget)
    found = extremes(fitting, SMALL.budgets[budget])

    assert len(set(found)) == 10
    for name in ("d_model", "n_layers", "n_heads"):
        there = [getattr(one, name) for one in fitting]
        forced = [getattr(one, name) for one in found]
        assert {min(there), max(there)} <= set(forced)


def test_too_few_are_an_error():
    """More extremes than architectures is said loudly, never cut short."""
    fitting = SMALL.within("3k")
    with pytest.raises(dk.ProblemError, match=f"only {len(fitting)} fit"):
        extremes(fitting, 3000, count=len(fitting) + 1)


def test_refused_budgets():
    """An unknown budget, and one that nothing fits."""
    with pytest.raises(dk.ProblemError, match="budgets 3k, 30k, 300k, but got '2M'"):
        SMALL.within("2M")
    empty = dataclasses.replace(SMALL, budgets={"none": 10})
    with pytest.raises(dk.ProblemError, match="widen the grid"):
        empty.within("none")
