"""A search that was stopped and goes on is the search that was never stopped."""

import pytest

import daybreak as dk
from tests.search.problems import bowl, configurations, night, trials, two_goals


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3"])
def test_resumed_in_batches_with_several_objectives(sampler):
    """With several objectives and fixed-size batches a resumed search makes the same trials."""
    method = dk.Search(sampler, trials=30, population=6, batch=4)
    whole = night(two_goals(), method)

    ledger = {}
    night(two_goals(), method, ledger, killed_after=17)
    resumed = night(two_goals(), method, ledger)

    assert [task.identity() for task, _ in resumed] == [task.identity() for task, _ in whole]


def test_budget_is_total():
    """Trials count over all resumes: a finished search asks for nothing more."""
    ledger = {}
    method = dk.Search("random", trials=20)
    night(bowl(), method, ledger)
    problem = bowl()

    again = night(problem, method, ledger)

    assert len(trials(again)) == 20
    assert problem.evaluate.calls == 0


def test_longer_search_goes_on():
    """More trials continue the same sequence, and only the new ones are evaluated."""
    ledger = {}
    short = night(bowl(), dk.Search("tpe", trials=15), ledger)
    problem = bowl()

    longer = night(problem, dk.Search("tpe", trials=25), ledger)

    assert configurations(longer)[:15] == configurations(short)
    assert problem.evaluate.calls == 10


def test_seed_decides():
    """Another campaign seed searches elsewhere, and the same one does not."""
    method = dk.Search("tpe", trials=12)
    one, same, other = (night(bowl(), method, seed=seed) for seed in (0, 0, 1))

    assert configurations(one) == configurations(same)
    assert configurations(one) != configurations(other)
