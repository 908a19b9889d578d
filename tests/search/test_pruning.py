"""Pruning by intermediate values."""

import pytest

import daybreak as dk
from daybreak.methods.pruning import Halving, Median, bars_from
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason
from tests.search.problems import bowl, night, study, trials

STEPS = range(1, 10)


class Slow:
    """Converges to |x| step by step; counts its steps."""

    def __init__(self, sign=1.0):
        self.steps = 0
        self.sign = sign

    def __call__(self, c, trial):
        """Loss after all steps."""
        for step in STEPS:
            self.steps += 1
            trial.report(step, self.sign * (abs(c.x) + 1.0 / step))
        return {"loss": self.sign * abs(c.x)}


@pytest.mark.parametrize("pruner", ["median", "halving", Median(25.0), Halving(2, 2)])
def test_pruning_saves_steps_and_keeps_the_best(pruner):
    """Trials that fall behind end early, and the best of the search is as good as without."""
    whole, pruned = bowl(Slow()), bowl(Slow())
    without = study(whole, dk.Search("random", trials=40))
    found = study(pruned, dk.Search("random", trials=40, pruner=pruner))

    assert pruned.evaluate.steps < 0.9 * whole.evaluate.steps
    assert found.search.counts["pruned"] > 0
    assert found.search.best == without.search.best


def test_a_maximised_objective_is_pruned_from_below():
    """Where larger is better, small values are what falls behind."""
    goal = dk.Objective("loss", "maximise")
    up = trials(
        night(bowl(Slow(-1.0), objectives=goal), dk.Search("random", trials=30, pruner="median"))
    )
    down = trials(night(bowl(Slow()), dk.Search("random", trials=30, pruner="median")))

    assert [o.reason for _, o in up] == [o.reason for _, o in down]


def test_a_pruned_trial_says_where_it_stopped():
    """A pruned trial keeps its reports and says at which step, and against which bar, it ended."""
    found = study(bowl(Slow()), dk.Search("random", trials=30, pruner="median"))
    pruned = [t for t in found.search.trials if t.state == "pruned"]

    assert all(trial.message.startswith(f"at step {trial.reports[-1][0]} ") for trial in pruned)
    assert all(trial.metrics == {} for trial in pruned)
    assert all(len(trial.reports) < len(STEPS) for trial in pruned)


def test_a_resumed_search_prunes_the_same():
    """Bars are functions of ended trials, so a resumed search prunes what the whole one pruned."""
    method = dk.Search("tpe", trials=30, pruner="halving", startup=8)
    whole, ledger = night(bowl(Slow()), method), {}
    night(bowl(Slow()), method, ledger, killed_after=17)
    resumed = night(bowl(Slow()), method, ledger)

    assert [o.dump() for _, o in resumed] == [o.dump() for _, o in whole]


def finished(*values, reason=StopReason.MEASURED):
    """An ended trial with these intermediate values."""
    reports = [[step, value] for step, value in enumerate(values, start=1)]
    return Outcome({}, None, reason, details={"reports": reports})


def test_the_median_rule():
    """The bar at a step is the median of the finished trials there, once there are enough."""
    ended = [finished(1.0, 10.0), finished(2.0, 20.0), finished(6.0)]

    assert bars_from(Median(startup=3), ended, 1.0) == {1: 2.0}
    assert bars_from(Median(startup=2), ended, 1.0) == {1: 2.0, 2: 15.0}
    assert bars_from(Median(startup=2, warmup=2), ended, 1.0) == {2: 15.0}
    assert bars_from(Median(startup=4), ended, 1.0) == {}


def test_halving():
    """A bar lets one in `factor` of those go on that got to a step, pruned ones included."""
    ended = [finished(value, value, value) for value in (3.0, 1.0, 2.0)]
    ended += [finished(value, reason=StopReason.PRUNED) for value in (7.0, 8.0, 9.0)]

    assert bars_from(Halving(first=1, factor=3), ended, 1.0) == {1: 2.0, 3: 1.0}


def test_missing_values_count_as_the_worst():
    """An intermediate value that is not finite is worse than any bar, and sets none."""
    ended = [finished(None), finished(None), finished(1.0)]

    assert bars_from(Median(startup=1), ended, 1.0) == {}
    assert bars_from(Halving(factor=2), ended, 1.0) == {}
    assert bars_from(Halving(factor=3), ended, 1.0) == {1: 1.0}
