"""The published grid: its sizes, its shapes, what was really forced, and what ought to be."""

import json
from pathlib import Path

import pytest

from daybreak.models.forecasting.grid import LARGE, extremes, original_extremes

PUBLISHED = json.loads((Path(__file__).parent / "forecasting_grid.json").read_text())
BUDGETS = list(LARGE.budgets)


def test_the_whole_grid():
    """1,700 architectures."""
    assert len(LARGE.entries) == 1700


@pytest.mark.parametrize("budget", BUDGETS)
def test_what_fits_a_budget(budget):
    """As many architectures, and the same shapes with the same numbers of parameters."""
    found = [[o.d_model, o.n_layers, o.d_ff, o.parameters] for o in LARGE.shapes(budget)]

    assert len(LARGE.within(budget)) == PUBLISHED[budget]["architectures"]
    assert sorted(found) == sorted(PUBLISHED[budget]["shapes"])


@pytest.mark.parametrize("budget", BUDGETS)
def test_only_four_were_forced(budget):
    """Two of the six look-ups find nothing, in every budget."""
    entries = LARGE.within(budget)
    found = [None if one is None else entries.index(one) for one in original_extremes(entries)]

    assert found == PUBLISHED[budget]["look_ups"]
    assert sum(place is not None for place in found) == 4


@pytest.mark.parametrize("budget", BUDGETS)
def test_ten_extremes(budget):
    """The rule finds ten distinct ones in every budget: those that a reader of it finds."""
    entries = LARGE.within(budget)
    found = [entries.index(one) for one in extremes(entries, LARGE.budgets[budget])]

    assert found == PUBLISHED[budget]["extremes"]
