"""A search whose space or method was changed goes on with the trials it has."""

import io

import pytest

import daybreak as dk
from tests.search.problems import SPACE, Bowl, bowl

PLAIN = SPACE[:3]


def space(**replaced):
    """The plain space with some parameters replaced, by name."""
    return [replaced.get(parameter.name, parameter) for parameter in PLAIN]


def told(directory, parameters=PLAIN, method=None, **more):
    """Run the search; gives what the run says of changes, the search, and its problem."""
    log = io.StringIO()
    problem = bowl(Bowl(), parameters=parameters, **more)
    study = dk.Study("s", problem, method or dk.Search("tpe", trials=20, startup=5))
    found = dk.run(dk.Campaign("changing", [study]), directory, progress=log)["s"].search
    return [line for line in log.getvalue().splitlines() if line.startswith("s:")], found, problem


def test_a_new_option_keeps_every_trial(tmp_path):
    """An added option is told in one line; old trials are kept and count, new ones are made."""
    _, before, _ = told(tmp_path)
    wider = space(optimizer=dk.Choice("optimizer", ["sgd", "adam", "lion"]))
    lines, after, problem = told(tmp_path, wider, dk.Search("tpe", trials=40, startup=5))

    kept = "trials in the space as it is now are kept and count."
    assert lines == [
        f"s: optimizer has the new option 'lion'; {kept}",
        "s: trials from 20 to 40; trials that are there already are kept.",
    ]
    assert after.trials[:20] == before.trials
    assert problem.evaluate.calls == 20 + 1  # one to see that evaluate is the same
    assert "lion" in {trial.configuration["optimizer"] for trial in after.trials}

    again, same, resumed = told(tmp_path, wider, dk.Search("tpe", trials=40, startup=5))
    assert again == []
    assert same == after
    assert resumed.evaluate.calls == 1  # to see that evaluate is still the same


def test_a_narrower_space_keeps_what_lies_in_it(tmp_path):
    """Trials outside the present bounds are left out and not evaluated again."""
    _, before, _ = told(tmp_path)
    lines, after, problem = told(tmp_path, space(x=dk.Parameter("x", -5, 1)))
    inside = [trial.configuration for trial in before.trials if trial.configuration["x"] <= 1]

    assert lines[0].startswith("s: bounds of x from [-5, 5] to [-5, 1]; trials in the space")
    assert [trial.configuration for trial in after.trials[: len(inside)]] == inside
    assert len(after.trials) == 20
    assert problem.evaluate.calls == 20 - len(inside) + 1


def test_forced_ones_are_not_counted_twice(tmp_path):
    """A configuration that is forced before and after the change is one trial, and comes first."""
    forced = [{"x": 0.0, "y": 1, "optimizer": "sgd"}]
    method = dk.Search("random", trials=8, forced=forced)
    told(tmp_path, method=method)
    _, after, problem = told(tmp_path, space(y=dk.Integer("y", 1, 12)), method)

    configurations = [str(trial.configuration) for trial in after.trials]
    assert len(set(configurations)) == 8
    assert after.trials[0].configuration == forced[0]
    assert problem.evaluate.calls == 1


@pytest.mark.parametrize("duplicates", ["reuse", "replicate"])
def test_repetitions_are_found_again(tmp_path, duplicates):
    """Repeated configurations keep their seeds through a change of the space."""
    small = space(x=dk.Integer("x", 0, 1), y=dk.Integer("y", 1, 2))
    wider = space(x=dk.Integer("x", 0, 1), y=dk.Integer("y", 1, 4))
    method = dk.Search("random", trials=24, duplicates=duplicates)
    _, before, _ = told(tmp_path, small, method)
    _, after, problem = told(tmp_path, wider, method)

    assert after.trials == before.trials
    assert problem.evaluate.calls == 1


def test_pruned_trials_are_found_again(tmp_path):
    """A pruned trial is kept through a change with the bars that it was pruned by."""

    class Slow(Bowl):
        def __call__(self, c, trial):
            for step in range(1, 5):
                trial.report(step, abs(c.x) + 1 / step)
            return super().__call__(c, trial)

    method = dk.Search("random", trials=25, pruner="median")

    def run(parameters):
        problem = bowl(Slow(), parameters=parameters)
        study = dk.Study("s", problem, method)
        found = dk.run(dk.Campaign("changing", [study]), tmp_path, progress=io.StringIO())
        return found["s"].search, problem.evaluate.calls

    before, _ = run(PLAIN)
    after, calls = run(space(y=dk.Integer("y", 1, 12)))

    assert before.counts["pruned"] > 0
    assert after.trials == before.trials
    assert calls == 1  # to see that evaluate is still the same


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"parameters": space(y=dk.Integer("y", 1, 8, scale="log"))}, "scale of y from linear"),
        (
            {"parameters": [*PLAIN, dk.Parameter("z", 0, 1)]},
            "s: parameter z is new; trials in the space as it is now are kept",
        ),
        (
            {"parameters": space(optimizer=dk.Choice("optimizer", ["adam"]))},
            "s: optimizer has no longer the option 'sgd'; trials",
        ),
        ({"baselines": [dk.Baseline("b", metrics={"loss": 1.0})]}, "s: other baselines; trials"),
        (
            {"objectives": dk.Objective("size")},
            "s: another problem (other objectives); its trials are made anew.",
        ),
    ],
    ids=["scale", "parameter", "option", "baseline", "objective"],
)
def test_every_change_is_told_in_one_line(tmp_path, changed, line):
    """Before it runs, a changed search says what was changed and what follows."""
    method = dk.Search("random", trials=3)
    told(tmp_path, method=method)
    lines, found, _ = told(tmp_path, method=method, **{"parameters": PLAIN, **changed})

    assert len(lines) == 1
    assert line in lines[0]
    assert len(found.trials) == 3


def test_two_spaces_of_one_problem(tmp_path):
    """Two searches of one `evaluate` in different spaces each keep their own declaration."""
    evaluate = Bowl()
    narrow = bowl(evaluate, parameters=space(x=dk.Parameter("x", 0, 2)))
    method = dk.Search("random", trials=4)
    studies = [
        dk.Study("narrow", narrow, method),
        dk.Study("wide", bowl(evaluate, parameters=PLAIN), method),
    ]
    found = dk.run(dk.Campaign("two", studies), tmp_path, progress=io.StringIO())

    assert {len(study.search.trials) for study in found.studies} == {4}
    assert all(0 <= t.configuration["x"] <= 2 for t in found["narrow"].search.trials)


def run_with(evaluate, directory, **more):
    """Run a search of another `evaluate`; gives what is said, and how often it was called."""
    log = io.StringIO()
    study = dk.Study("s", bowl(evaluate, **more), dk.Search("random", trials=4))
    dk.run(dk.Campaign("changing", [study]), directory, progress=log)
    return log.getvalue()


def test_a_changed_evaluate_stops_the_run(tmp_path):
    """A deterministic `evaluate` that gives other numbers is an error that says both."""
    run_with(Bowl(), tmp_path)
    with pytest.raises(dk.DaybreakError, match=r"evaluate no longer gives .*'loss' was .* is now"):
        run_with(lambda c, _: {"loss": c.x, "size": 1.0}, tmp_path)


def test_a_noise_without_seed_is_told(tmp_path):
    """Random numbers that do not come from the trial's seed are noticed when a night goes on."""
    calls = iter(range(100))

    def unseeded(c, _):
        return {"loss": c.x + next(calls)}

    first = run_with(unseeded, tmp_path, deterministic=False)
    second = run_with(unseeded, tmp_path, deterministic=False)

    assert "trial.seed" not in first
    assert "do not come from trial.seed" in second
