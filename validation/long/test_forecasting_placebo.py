"""Every number that a network search moves does something to the training."""

import daybreak as dk
from daybreak.models.forecasting.grid import Grid
from daybreak.models.forecasting.network_search import network_problem
from daybreak.models.forecasting.recipe import Recipe

TINY = Grid((4,), (1,), (1, 2), (2, 4), {"tiny": 1_300})


def test_every_searched_number_acts():
    """The preflight finds no placebo among the numbers of the training.

    The shapes and heads of so small a grid differ by less than their seeds do, and it says so.
    """
    problem = network_problem(TINY, "tiny", recipe=Recipe(epochs=1, patience=1))
    campaign = dk.Campaign("tiny", [dk.Study("s", problem, dk.Search(trials=2))])
    (found,) = dk.preflight(campaign, budget=300.0).studies

    assert {finding.parameter for finding in found.findings} <= {"shape", "n_heads"}
    assert found.not_checked == []
