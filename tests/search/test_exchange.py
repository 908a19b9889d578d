"""Searches in Optuna's database, and trials from there."""

import json

import optuna
import pytest

import daybreak as dk
from daybreak.errors import LedgerError
from daybreak.exchange import from_optuna, to_optuna
from tests.search.problems import Bowl, bowl, two_goals
from tests.search.test_nights import command

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def run(directory, problem, method):
    """Carry a search out."""
    return dk.run(dk.Campaign("c", [dk.Study("s", problem, method)]), directory)["s"].search


def pruned_bowl(c, trial):
    """Fails for y = 8, and reports what it would be."""
    if c.y == 8:
        raise ArithmeticError
    for step in range(3):
        trial.report(step, abs(c.x) + 1 / (step + 1))
    return {"loss": abs(c.x), "size": 1.0}


def test_every_trial_is_in_the_database(tmp_path):
    """Parameters, values, states and intermediate values are as in the ledger, in order."""
    found = run(
        tmp_path / "run", bowl(pruned_bowl), dk.Search("random", trials=40, pruner="median")
    )
    file = str(tmp_path / "o.db")
    name, count = to_optuna(tmp_path / "run", file)
    loaded = optuna.load_study(study_name=name, storage=f"sqlite:///{file}")

    assert (name, count) == ("c/s", 40)
    assert loaded.metric_names == ["loss"]
    words = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed"}
    assert [words[t.state.name] for t in loaded.trials] == [t.state for t in found.trials]
    assert {t.state for t in found.trials} == {"completed", "pruned", "failed"}
    for theirs, ours in zip(loaded.trials, found.trials, strict=True):
        assert theirs.params == ours.configuration
        assert theirs.user_attrs["seed"] == ours.seed
        assert theirs.intermediate_values == dict(ours.reports)
        if ours.state == "completed":
            assert theirs.value == ours.metrics["loss"]


def test_several_objectives(tmp_path):
    """Directions and names of objectives travel with the trials; Optuna finds the same front."""
    found = run(tmp_path / "run", two_goals(), dk.Search("nsga2", trials=30, population=8))
    file = str(tmp_path / "o.db")
    name, _ = to_optuna(tmp_path / "run", file)
    loaded = optuna.load_study(study_name=name, storage=f"sqlite:///{file}")

    assert [d.name for d in loaded.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert {trial.number for trial in loaded.best_trials} == set(found.front)


def test_there_and_back(tmp_path):
    """Trials exported and imported again are the configurations and objectives they were."""
    found = run(tmp_path / "run", two_goals(), dk.Search("random", trials=10))
    to_optuna(tmp_path / "run", str(tmp_path / "o.db"))
    back = from_optuna(str(tmp_path / "o.db"))

    assert back == [(t.configuration, t.metrics) for t in found.trials]


def test_a_study_of_optuna_steers_a_search(tmp_path):
    """Trials made with Optuna are written by `import optuna` and taken as `known`."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    made = optuna.create_study(storage=url, study_name="old")

    def objective(trial):
        x, y = trial.suggest_float("x", -5, 5), trial.suggest_int("y", 1, 8)
        return (
            (x - 1) ** 2 + y + (trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd")
        )

    made.optimize(objective, n_trials=15)
    done = command(
        tmp_path, "import", "optuna", "old.db", "--objectives", "loss", "-o", "known.json"
    )
    assert done.returncode == 0, done.stderr
    known = json.loads((tmp_path / "known.json").read_text())
    problem = bowl(
        Bowl(),
        parameters=[
            dk.Parameter("x", -5, 5),
            dk.Integer("y", 1, 8),
            dk.Choice("optimizer", ["sgd", "adam"]),
        ],
    )
    with_them = run(tmp_path / "a", problem, dk.Search("tpe", trials=8, startup=5, known=known))
    without = run(tmp_path / "b", problem, dk.Search("tpe", trials=8, startup=5))

    assert len(known) == 15
    assert known[0][1] == {"loss": made.trials[0].value}
    assert len(with_them.trials) == 8
    assert with_them.trials != without.trials


def test_the_command_line(tmp_path):
    """`export optuna` says what it wrote; a second time it says why not."""
    run(tmp_path / "run", bowl(), dk.Search("random", trials=3))
    first = command(tmp_path, "export", "optuna", "run", "--to", "o.db")
    second = command(tmp_path, "export", "optuna", "run", "--to", "o.db")

    assert first.stdout == "3 trials written to o.db as study 'c/s'\n"
    assert second.returncode == 2
    assert "has a study 'c/s' already; choose another file" in second.stderr


def test_what_cannot_be_exchanged_is_told(tmp_path):
    """A missing file, a missing study, and wrong names are refused with what there is."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    for name in ("one", "two"):
        optuna.create_study(storage=url, study_name=name)
    (tmp_path / "text.db").write_text("hello")

    with pytest.raises(LedgerError, match="there is no file"):
        from_optuna(str(tmp_path / "none.db"))
    with pytest.raises(LedgerError, match="has 'one', 'two'"):
        from_optuna(url)
    with pytest.raises(LedgerError, match="1 values, but got 2 names"):
        from_optuna(url, "one", ["a", "b"])
    with pytest.raises(LedgerError, match="cannot be read as an Optuna storage"):
        from_optuna(str(tmp_path / "text.db"))
    dk.run(dk.Campaign("f", [dk.Study("s", _line(), dk.MultiStart(2))]), tmp_path / "fit")
    with pytest.raises(LedgerError, match="no search in this run"):
        to_optuna(tmp_path / "fit", str(tmp_path / "o.db"))


def _line():
    return dk.FitProblem(
        [dk.Parameter("a", 0, 5)], lambda p, _: [p.a], dk.observations([1.0], 0.1)
    )
