"""Winners that were confirmed, baselines and null tests beside them, and what is said of both."""

import numpy as np
import pytest

import daybreak as dk
from daybreak.problem.origins import Why
from tests.search.problems import Bowl, bowl, night, study, two_goals

NOISE = 1.0


def noise_only(_, trial):
    """Nothing but noise."""
    return {"loss": trial.rng.normal()}


def codes(found):
    """Codes of all objections."""
    return {finding.code.word for finding in found.findings}


def test_the_best_are_evaluated_again_with_fresh_seeds():
    """The k best configurations are evaluated again, and no seed is that of the selection."""
    method = dk.Search("random", trials=30, confirm=4, confirmations=5)
    made = night(bowl(Bowl(NOISE), deterministic=False), method)
    again = [task for task, _ in made if task.origin.why is Why.CONFIRM]
    selected = {task.seed for task, _ in made if task.origin.why is not Why.CONFIRM}

    assert len(again) == 20
    assert len({task.seed for task in again}) == 20
    assert not selected & {task.seed for task in again}
    best = sorted(
        (outcome.metrics["loss"], i)
        for i, (task, outcome) in enumerate(made)
        if task.origin.why is not Why.CONFIRM
    )[:4]
    assert {str(made[i][0].configuration) for _, i in best} == {
        str(task.configuration) for task in again
    }


def test_the_verdict_rests_on_confirmed_values():
    """A bar that only the luckiest value meets is not met."""
    problem = bowl(noise_only, deterministic=False)
    criterion = dk.Criterion("loss", at_most=-1.5)
    method = dk.Search("random", trials=60, confirm=2, confirmations=20)
    found = study(problem, method, criterion)

    assert min(trial.metrics["loss"] for trial in found.search.trials) < -1.5
    assert found.outcomes[0].value == found.search.best.metrics["loss"] > -1.0
    assert found.verdict == "FAIL"


def test_the_selection_bias_is_told():
    """Of pure noise the selected values are better than the confirmed ones, which is told."""
    problem = bowl(noise_only, deterministic=False)
    found = study(problem, dk.Search("random", trials=60, confirmations=20))

    assert found.search.selection_bias["loss"] < -1.0
    assert "selection_bias" in codes(found)


def test_without_confirmation_nothing_is_decided():
    """A noisy search without confirmation is undecided, and says what to do."""
    problem = bowl(Bowl(0.1), deterministic=False)
    found = study(
        problem, dk.Search("random", trials=20, confirm=0), dk.Criterion("loss", at_most=100.0)
    )

    assert found.verdict == "UNDECIDED"
    assert "luckiest" in found.outcomes[0].sentence
    assert "unconfirmed" in codes(found)


def test_a_deterministic_search_needs_no_confirmation():
    """Where every seed gives the same numbers, the selected value decides and costs nothing."""
    found = study(bowl(), dk.Search("random", trials=20), dk.Criterion("loss", at_most=100.0))

    assert found.verdict == "PASS"
    assert found.metrics.trials == 20
    assert found.search.confirmed == []


def test_uncertainty_of_a_mean():
    """The uncertainty of a confirmed value is its standard error; a bar inside it is undecided."""
    problem = bowl(noise_only, deterministic=False)
    method = dk.Search("random", trials=10, confirm=1, confirmations=8)
    made = night(problem, method)
    values = [o.metrics["loss"] for task, o in made if task.origin.why is Why.CONFIRM]
    mean, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(8)
    found = study(problem, method, dk.Criterion("loss", at_most=mean + 0.5 * error))

    assert found.search.best.metrics["loss"] == pytest.approx(mean)
    assert found.search.best.uncertainty["loss"] == pytest.approx(error)
    assert found.verdict == "UNDECIDED"
    assert "within its uncertainty" in found.outcomes[0].sentence


def test_metrics_and_records_are_quantities():
    """Criteria may ask for any metric and any recorded number, and a wrong name lists them."""

    def evaluate(c, trial):
        trial.record(params=12, note="text")
        return {"loss": c.x**2, "speed": 3.0}

    criteria = [dk.Criterion(name, at_least=0.0) for name in ("loss", "speed", "params", "other")]
    found = study(bowl(evaluate), dk.Search("random", trials=5), *criteria)

    assert [one.outcome for one in found.outcomes] == ["met"] * 3 + ["undecided"]
    assert "there are params, loss, speed, completed" in found.outcomes[3].sentence


def test_knobs_are_refined_at_the_winner():
    """The winner is evaluated with each knob refined, and a knob that matters is named."""

    def evaluate(c, trial):
        return {"loss": (c.x - 1) ** 2 + 10.0 / trial.settings.grid}

    problem = bowl(
        evaluate,
        settings={"grid": 10, "depth": 3},
        knobs=[dk.Knob("grid", 20), dk.Knob("depth", 6)],
    )
    found = study(problem, dk.Search("random", trials=20))
    shifts = {knob.knob: knob.changes["loss"] for knob in found.search.knobs}

    assert shifts["grid"] == pytest.approx(-0.5)
    assert shifts["depth"] == 0.0
    assert [c.parameter for c in found.findings if c.code.word == "unresolved_knob"] == ["grid"]


# -- baselines and null tests ------------------------------------------------------------------


def test_a_result_inside_a_baseline_is_called_so():
    """A baseline that the search does not beat is named, with both numbers."""
    baselines = [
        dk.Baseline("good", metrics={"loss": -5.0}),
        dk.Baseline("poor", metrics={"loss": 500.0}),
        dk.Baseline("a point", configuration={"x": 5.0, "y": 8, "optimizer": "adam"}),
    ]
    found = study(bowl(baselines=baselines), dk.Search("tpe", trials=30))
    outside = {b.name: b.outside["loss"] for b in found.search.baselines}
    told = [
        finding.sentence for finding in found.findings if finding.code.word == "inside_baseline"
    ]

    assert outside == {"good": False, "poor": True, "a point": True}
    assert len(told) == 1
    assert "no better than the baseline 'good' (-5)" in told[0]


def test_a_null_distribution():
    """A result counts as outside a null only beyond 95 % of its draws."""

    def null(trial):
        return {"loss": trial.rng.normal(0.0, 1.0, size=50)}

    nulls = [dk.Baseline("shuffled", evaluate=null, null=True, repeats=40)]
    problem = bowl(noise_only, deterministic=False, baselines=nulls)
    found = study(problem, dk.Search("random", trials=40, confirm=1, confirmations=20))
    shown = found.search.baselines[0]

    assert shown.draws == 2000
    assert shown.bars["loss"] == pytest.approx(-1.645, abs=0.15)
    assert shown.values["loss"] == pytest.approx(0.0, abs=0.1)
    assert not shown.outside["loss"]
    assert "inside_baseline" in codes(found)


def test_a_baseline_that_fails_is_told():
    """A baseline that raises is a warning with its message, not the end of the night."""

    def broken(_):
        msg = "no data"
        raise OSError(msg)

    found = study(
        bowl(baselines=[dk.Baseline("theirs", evaluate=broken)]), dk.Search("random", trials=5)
    )

    assert "OSError: no data" in found.search.baselines[0].message
    assert "baseline_failed" in codes(found)


def test_outside_every_baseline_can_be_a_criterion():
    """`outside_baselines` is met only when every baseline is beaten in all its objectives."""
    criterion = dk.Criterion("outside_baselines", at_least=1)
    poor = {"loss": 500.0, "size": 0.5}
    good = {"loss": -5.0, "size": 0.5}

    def verdict(*metrics):
        baselines = [dk.Baseline(f"b{i}", metrics=m) for i, m in enumerate(metrics)]
        return study(two_goals(baselines=baselines), dk.Search("random", trials=20), criterion)

    assert verdict(poor).verdict == "PASS"
    assert verdict(poor, good).verdict == "FAIL"


def test_a_front_beats_a_baseline_at_one_point():
    """With several objectives one trial must be better in all of them, not several in one each."""

    def evaluate(c, _):
        return {"loss": c.x, "size": c.x}

    space = [dk.Parameter("x", 0, 1)]
    method = dk.Search("random", trials=60)
    bars = {"b": {"loss": 0.4, "size": 0.6}, "c": {"loss": 0.6, "size": 0.4}}
    baselines = [dk.Baseline(name, metrics=metrics) for name, metrics in bars.items()]
    between = two_goals(evaluate=evaluate, parameters=space, baselines=baselines)
    found = study(between, method)
    told = [
        finding.sentence for finding in found.findings if finding.code.word == "inside_baseline"
    ]

    assert [b.beaten for b in found.search.baselines] == [False, True]
    assert len(told) == 1
    assert "no result is better than the baseline 'b' in all objectives at once" in told[0]


# -- one rule ----------------------------------------------------------------------------------


def shifted(shift):
    """Ten confirmations that scatter with a standard error of 0.1 about `shift`."""
    steps = np.array([-1.0, 1.0] * 4 + [0.0] * 2)
    steps *= 0.1 * np.sqrt(10) / steps.std(ddof=1)
    calls = iter(range(10_000))

    def evaluate(_, trial):
        return {"loss": shift + steps[next(calls) % 10]}

    return evaluate


@pytest.mark.parametrize("direction", ["minimise", "maximise"])
@pytest.mark.parametrize(
    ("errors", "outcome"),
    [(-2.6, "met"), (-1.6, "undecided"), (1.6, "undecided"), (2.6, "missed")],
)
def test_a_criterion_and_a_baseline_use_one_rule(direction, errors, outcome):
    """A bar comes out the same whether a criterion, a baseline or a null test asks for it.

    By hand: the confirmed mean is so many standard errors of 0.1 from the bar of 0.5, and within
    two of them nothing is decided.
    """
    sign = 1.0 if direction == "minimise" else -1.0
    bar = {"below": 0.5} if direction == "minimise" else {"above": 0.5}
    same = dk.Baseline("same", metrics={"loss": 0.5})
    null = dk.Baseline("null", evaluate=lambda _: {"loss": 0.5}, null=True, repeats=3)
    problem = bowl(
        shifted(0.5 + 0.1 * sign * errors),
        objectives=dk.Objective("loss", direction),
        baselines=[same, null],
        deterministic=False,
    )
    asked = (dk.Criterion("loss", **bar), dk.Criterion("outside_baselines", at_least=1))
    found = study(problem, dk.Search("random", trials=10, confirm=1, confirmations=10), *asked)
    told = "inside_baseline" in codes(found)

    assert found.search.best.uncertainty["loss"] == pytest.approx(0.1)
    assert [one.outcome for one in found.outcomes] == [outcome] * 2
    assert [one.outcome for one in found.search.baselines] == [outcome] * 2
    assert told == (outcome != "met")


def test_an_unconfirmed_result_beats_no_baseline():
    """What decides no criterion, a noisy value that was not confirmed, decides no baseline."""
    problem = bowl(
        Bowl(0.1), deterministic=False, baselines=[dk.Baseline("poor", metrics={"loss": 500.0})]
    )
    asked = (dk.Criterion("loss", below=500.0), dk.Criterion("outside_baselines", at_least=1))
    found = study(problem, dk.Search("random", trials=10, confirm=0), *asked)

    assert [one.outcome for one in found.outcomes] == ["undecided"] * 2
    assert found.search.baselines[0].outcome == "undecided"
