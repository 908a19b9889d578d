"""What a search asks for: forced configurations, budgets, duplicates, conditions, constraints."""

import sys

import pytest

import daybreak as dk
from daybreak.problem.outcomes import canonical
from tests.search.problems import Bowl, bowl, configurations, night, study, trials, two_goals

SAMPLERS = ["tpe", "nsga2", "nsga3", "random", "sobol", "gp"]
FORCED = [
    {"x": 4.0, "y": 8, "optimizer": "adam"},
    {"x": -4.0, "y": 1, "optimizer": "sgd", "momentum": 0.5},
]


def small(evaluate=None, **replaced):
    """A finite space of 288 configurations."""
    parameters = [
        dk.Choice("kind", ["a", "b", "c", "d"]),
        dk.Integer("x", -5, 6, step=1),
        dk.Integer("y", 1, 6),
    ]
    return bowl(evaluate or Bowl(), **{"parameters": parameters, **replaced})


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_forced_come_first_and_are_recorded_as_any_other(sampler):
    """Forced configurations are evaluated first and stand in the records as sampled ones do."""
    made = trials(night(bowl(), dk.Search(sampler, trials=6, forced=FORCED)))

    assert [dict(task.configuration) for task, _ in made[:2]] == FORCED
    assert len(made) == 6
    assert {frozenset(outcome.dump()) for _, outcome in made} == {frozenset(made[-1][1].dump())}
    assert all(outcome.metrics.keys() == {"loss", "size"} for _, outcome in made)


def test_forced_are_all_completed_whatever_the_budget():
    """More forced configurations than trials are all evaluated, and nothing else is."""
    made = night(bowl(), dk.Search("tpe", trials=1, forced=FORCED))

    assert configurations(made) == [canonical(one) for one in FORCED]


def test_forced_twice_is_one_trial():
    """A configuration that is forced twice is evaluated once."""
    made = night(bowl(), dk.Search("random", trials=3, forced=[FORCED[0], FORCED[0]]))

    assert len(set(configurations(made))) == 3


def test_forced_are_never_pruned():
    """A pruner ends no forced trial, however bad it is."""

    def evaluate(c, trial):
        for step in range(5):
            trial.report(step, abs(c.x))
        return {"loss": abs(c.x)}

    worst = {"x": 5.0, "y": 8, "optimizer": "adam"}
    problem = bowl(evaluate)
    found = study(problem, dk.Search("random", trials=30, pruner="halving", forced=[worst]))

    assert found.search.trials[0].state == "completed"
    assert found.search.counts["pruned"] > 5


def test_the_sampler_learns_from_forced_ones():
    """What TPE proposes depends on how the forced configurations came out."""
    forced = [{"x": x, "y": 1, "optimizer": "adam"} for x in (-3.0, -2.0, -1.0, 0.5, 1.5, 3.0)]
    method = dk.Search("tpe", trials=12, startup=0, forced=forced)

    one = night(bowl(), method)
    other = night(bowl(objectives=dk.Objective("loss", "maximise")), method)

    assert configurations(one)[:6] == configurations(other)[:6]
    assert configurations(one)[6:] != configurations(other)[6:]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_skip_leaves_no_duplicate(sampler):
    """With `skip` no configuration of a 288-point space is evaluated twice in 200 trials."""
    method = dk.Search(sampler, trials=200, population=20)
    made = configurations(night(small(), method))

    assert len(made) == len(set(made)) == 200


def test_skip_ends_with_the_space():
    """A space that is used up ends the search, with a note that says so."""
    parameters = [dk.Integer("x", 0, 3), dk.Integer("y", 1, 3)]
    found = study(small(parameters=parameters), dk.Search("tpe", trials=100))

    assert len(found.search.trials) == 12
    assert found.search.exhausted
    assert "space_exhausted" in {finding.code.word for finding in found.findings}


def test_reuse_answers_from_the_record():
    """With `reuse` a configuration proposed again counts as a trial and is evaluated once."""
    problem = small(parameters=[dk.Integer("x", 0, 2), dk.Integer("y", 1, 2)])
    found = study(problem, dk.Search("random", trials=40, duplicates="reuse"))

    assert problem.evaluate.calls == 6
    assert len(found.search.trials) == 40
    assert sum(trial.reused for trial in found.search.trials) == 34


def test_replicate_evaluates_with_fresh_seeds():
    """With `replicate` a configuration proposed again is evaluated with another seed."""
    problem = small(Bowl(noise=1.0), parameters=[dk.Integer("x", 0, 1), dk.Integer("y", 1, 2)])
    made = trials(night(problem, dk.Search("random", trials=20, duplicates="replicate")))

    assert problem.evaluate.calls == 20
    assert len({task.seed for task, _ in made}) == 20
    assert len({outcome.metrics["loss"] for _, outcome in made}) == 20


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_conditional_parameters_are_there_when_they_matter(sampler):
    """A conditional parameter is part of exactly the configurations where its condition holds."""
    made = trials(night(bowl(), dk.Search(sampler, trials=25, population=8)))

    kinds = {task.configuration["optimizer"] for task, _ in made}
    assert kinds == {"sgd", "adam"}
    for task, _ in made:
        assert ("momentum" in task.configuration) == (task.configuration["optimizer"] == "sgd")


def test_conditions_chain():
    """A parameter may depend on one that is conditional itself."""
    parameters = [
        dk.Choice("model", ["linear", "tree"]),
        dk.Choice("boost", [True, False], when=("model", "tree")),
        dk.Integer("rounds", 1, 9, when=("boost", True)),
    ]

    def evaluate(c, _):
        return {"loss": float(c.get("rounds", 0))}

    made = trials(night(bowl(evaluate, parameters=parameters), dk.Search("random", trials=21)))
    seen = {tuple(task.configuration) for task, _ in made}

    assert seen == {("model",), ("model", "boost"), ("model", "boost", "rounds")}
    assert len(made) == 1 + 1 + 9


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rules_hold_for_every_trial(sampler):
    """No configuration that breaks a rule is evaluated."""
    rule = dk.Constraint("x above 2", holds=lambda c: c.x > 2)
    made = trials(night(bowl(constraints=[rule]), dk.Search(sampler, trials=12)))

    assert len(made) == 12
    assert all(task.configuration["x"] > 2 for task, _ in made)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_missed_bar_is_recorded_and_never_best(sampler):
    """A trial that misses a bar on a metric is infeasible: kept, and neither best nor front."""
    bar = dk.Constraint("size", at_least=4)
    found = study(two_goals(constraints=[bar]), dk.Search(sampler, trials=40, population=10))
    search = found.search

    assert search.counts["infeasible"] > 0
    sizes = {t.number: t.metrics["size"] for t in search.trials}
    assert all(sizes[number] >= 4 for number in search.front)
    assert search.best.metrics["size"] >= 4


def test_failures_are_trials():
    """An exception and an objective that is missing or not finite fail a trial, not the night."""

    def evaluate(c, _):
        if c.y == 1:
            msg = "diverged"
            raise RuntimeError(msg)
        return {2: {"loss": float("nan")}, 3: {"other": 1.0}, 4: None}.get(c.y, {"loss": c.x})

    found = study(bowl(evaluate), dk.Search("tpe", trials=60))
    messages = {t.configuration["y"]: t.message for t in found.search.trials if t.message}

    assert found.search.counts["failed"] == sum(
        trial.configuration["y"] <= 4 for trial in found.search.trials
    )
    assert messages[1] == "RuntimeError: diverged"
    assert messages[2] == "objective 'loss' is nan"
    assert messages[3] == "objective 'loss' is not among ['other']"
    assert "mapping metric -> number" in messages[4]
    assert "many_failures" in {finding.code.word for finding in found.findings}


def test_the_gaussian_process_is_replaced_by_name(monkeypatch):
    """Without BoTorch the search says which sampler proposed in the place of `gp`."""
    monkeypatch.setitem(sys.modules, "botorch", None)
    found = study(bowl(), dk.Search("gp", trials=5))

    assert found.search.sampler == "tpe"
    assert "sampler_replaced" in {finding.code.word for finding in found.findings}
    assert any("daybreak[gp]" in finding.sentence for finding in found.findings)


def test_known_results_are_learnt_and_counted_for_nothing():
    """Results from elsewhere steer the sampler, and are neither trials nor winners."""
    known = [
        ({"x": x / 4, "y": 1, "optimizer": "adam"}, {"loss": (x / 4 + 4) ** 2 - 100.0})
        for x in range(-19, 19)
    ]
    problem = bowl()
    found = study(problem, dk.Search("tpe", trials=10, startup=0, known=known))
    alone = study(bowl(), dk.Search("tpe", trials=10, startup=0))

    assert len(found.search.trials) == 10
    assert found.search.best.metrics["loss"] > -1
    assert found.search.trials != alone.search.trials
