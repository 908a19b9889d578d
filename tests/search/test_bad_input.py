"""Bad declarations of a search: each is refused with the rule, the values, the next move."""

from __future__ import annotations

import math

import pytest

import daybreak as dk
from daybreak.methods.pruning import Halving, Median
from daybreak.problem.configuration import Configuration
from tests.search.problems import bowl, two_goals

LOSS = dk.Objective("loss")
X = dk.Parameter("x", 0, 1)
KIND = dk.Choice("kind", ["a", "b"])


def search(problem=None, criteria=(), **options):
    """A study of the bowl by a search."""
    return dk.Study("search", problem or bowl(), dk.Search(**options), criteria)


def bare(*parameters, objectives=LOSS, **more):
    """A problem with these parameters."""
    return dk.SearchProblem(parameters or [X], lambda c, t: {"loss": c.x}, objectives, **more)


FULL = {"x": 0.0, "y": 1, "optimizer": "adam"}

PARAMETERS = {
    "choice empty": (lambda: dk.Choice("c", []), ["options of 'c'", "at least one", "[]"]),
    "choice a text": (lambda: dk.Choice("c", "abc"), ["options of 'c'", "'abc'"]),
    "choice twice": (lambda: dk.Choice("c", [1, True]), ["'c'", "different", "(1, True)"]),
    "choice of lists": (lambda: dk.Choice("c", [[1, 2]]), ["'c'", "[1, 2]", "look it up"]),
    "choice infinite": (lambda: dk.Choice("c", [math.inf]), ["'c'", "finite", "inf"]),
    "choice fixed elsewhere": (lambda: dk.Choice("c", ["a"], fixed="z"), ["'c'", "'a'", "'z'"]),
    "integer reversed": (lambda: dk.Integer("n", 5, 1), ["`lower < upper`", "'n'", "lower=5"]),
    "integer real": (lambda: dk.Integer("n", 0.5, 3), ["whole numbers", "'n'", "dk.Parameter"]),
    "integer step": (lambda: dk.Integer("n", 0, 5, step=2), ["divide", "'n'", "step=2"]),
    "integer log from 0": (lambda: dk.Integer("n", 0, 5, scale="log"), ["`lower >= 1`", "'n'"]),
    "condition on nothing": (
        lambda: bare(X, dk.Parameter("m", 0, 1, when=("kind", "a"))),
        ["'m'", "'kind'", "'x'"],
    ),
    "condition on a real": (
        lambda: bare(X, dk.Parameter("m", 0, 1, when=("x", 0.5))),
        ["'m'", "'x'", "dk.Choice"],
    ),
    "condition never met": (
        lambda: bare(X, KIND, dk.Parameter("m", 0, 1, when=("kind", "c"))),
        ["'kind' must be one of 'a', 'b'", "'c'"],
    ),
    "names twice": (lambda: bare(X, X), ["unique", "'x'"]),
    "nothing searched": (
        lambda: bare(dk.Parameter("x", 0, 1, fixed=0.5)),
        ["at least one parameter", "fixed"],
    ),
}

PROBLEMS = {
    "no objective": (lambda: bare(objectives=[]), ["at least one dk.Objective"]),
    "objective a text": (lambda: bare(objectives="loss"), ["dk.Objective", "'loss'"]),
    "objective twice": (lambda: bare(objectives=[LOSS, LOSS]), ["unique", "'loss'"]),
    "direction": (
        lambda: dk.Objective("loss", "down"),
        ["'loss'", "'minimise' or 'maximise'", "'down'"],
    ),
    "reference": (lambda: dk.Objective("loss", reference=math.nan), ["'loss'", "finite"]),
    "precision": (lambda: bare(precision="half"), ["'double' or 'single'", "'half'"]),
    "bar and rule": (
        lambda: dk.Constraint("c", at_least=1, holds=bool),
        ["'c'", "either a rule", "or a bar"],
    ),
    "no bar": (lambda: dk.Constraint("c"), ["'c'", "either a rule"]),
    "bars reversed": (lambda: dk.Constraint("c", 2, 1), ["`at_least <= at_most`", "'c'"]),
    "baseline without": (lambda: dk.Baseline("b"), ["'b'", "exactly one", "0 of them"]),
    "baseline twice": (
        lambda: dk.Baseline("b", {"loss": 1}, {"x": 1}),
        ["'b'", "exactly one", "2 of them"],
    ),
    "baseline infinite": (lambda: dk.Baseline("b", {"loss": math.inf}), ["'b'", "finite"]),
    "baseline outside": (
        lambda: bare(baselines=[dk.Baseline("b", configuration={"x": 2})]),
        ["baseline 'b'", "'x'", "2", "[0, 1]"],
    ),
    "knob without setting": (lambda: bare(knobs=[dk.Knob("grid", 2)]), ["grid", "setting"]),
    "rule that raises": (
        lambda: search(
            bowl(constraints=[dk.Constraint("r", holds=lambda c: c.z > 0)]), forced=[FULL]
        ),
        ["constraint 'r'", "AttributeError", "'z'"],
    ),
}

SEARCHES = {
    "forced unknown name": (
        lambda: search(forced=[{**FULL, "z": 1}]),
        ["forced configuration 0", "'z'", "'momentum'"],
    ),
    "forced out of range": (
        lambda: search(forced=[FULL, {**FULL, "x": 6.0}]),
        ["forced configuration 1", "'x'", "6.0", "[-5, 5]"],
    ),
    "forced missing": (lambda: search(forced=[{"x": 0.0}]), ["needs a value", "'y'"]),
    "forced wrong option": (
        lambda: search(forced=[{**FULL, "optimizer": "lbfgs"}]),
        ["'sgd', 'adam'", "'lbfgs'"],
    ),
    "forced half an integer": (lambda: search(forced=[{**FULL, "y": 1.5}]), ["'y'", "1.5"]),
    "forced without meaning": (
        lambda: search(forced=[{**FULL, "momentum": 0.5}]),
        ["'momentum'", "no meaning", "'optimizer' to be one of 'sgd'", "leave it out"],
    ),
    "forced breaks a rule": (
        lambda: search(
            bowl(constraints=[dk.Constraint("x above 2", holds=lambda c: c.x > 2)]), forced=[FULL]
        ),
        ["forced configuration 0", "breaks the constraint 'x above 2'"],
    ),
    "known without objective": (
        lambda: search(known=[(FULL, {"size": 1.0})]),
        ["'loss'", "size"],
    ),
    "sampler": (lambda: dk.Search("annealing"), ["'tpe', 'nsga2', 'nsga3'", "'annealing'"]),
    "no trials": (lambda: dk.Search(trials=0), ["`trials >= 1`", "trials=0"]),
    "trials a text": (lambda: dk.Search(trials="9"), ["`trials`", "whole number", "'9'"]),
    "batch": (lambda: dk.Search(batch=0), ["`batch >= 1`"]),
    "confirm": (lambda: dk.Search(confirm=-1), ["`confirm >= 0`"]),
    "duplicates": (lambda: dk.Search(duplicates="drop"), ["'skip', 'reuse'", "'drop'"]),
    "pruner": (lambda: dk.Search(pruner="hyper"), ["'median', 'halving'", "'hyper'"]),
    "pruner for two": (
        lambda: search(two_goals(), pruner="median"),
        ["one objective", "'loss', 'size'"],
    ),
    "median share": (lambda: Median(0.0), ["0 < percent <= 100"]),
    "halving": (lambda: Halving(factor=1), ["`factor >= 2`"]),
    "a fit's method": (
        lambda: dk.Study("s", bowl(), dk.MultiStart()),
        ["SearchProblem", "'dk.Search'"],
    ),
    "no problem": (lambda: dk.Study("s", 3, dk.Search()), ["FitProblem or SearchProblem", "3"]),
    "unknown setting": (
        lambda: dk.Study("s", bowl(), dk.Search(), settings={"grid": 1}),
        ["'grid'", "setting"],
    ),
}


@pytest.mark.parametrize(
    ("make", "parts"),
    [*PARAMETERS.values(), *PROBLEMS.values(), *SEARCHES.values()],
    ids=[*PARAMETERS, *PROBLEMS, *SEARCHES],
)
def test_refused_with_a_sentence(make, parts):
    """What cannot mean anything is refused before the night, with values and the next move."""
    with pytest.raises(dk.DaybreakError) as caught:
        make()

    text = str(caught.value)
    assert all(part in text for part in parts), text
    assert text.endswith(".")


def test_two_searches_with_one_name(tmp_path):
    """Two problems that the ledger cannot tell apart are refused, with what to do."""
    studies = [dk.Study(name, bare(), dk.Search("random", trials=1)) for name in ("one", "two")]
    with pytest.raises(dk.PlanError, match="give each SearchProblem a `name=` of its own"):
        dk.run(dk.Campaign("alike", studies), tmp_path)


def test_a_wrong_name_inside_evaluate_is_told():
    """Reading a parameter that is not there lists those that are, and how to read it."""
    configuration = Configuration(bowl().space.middle())
    with pytest.raises(AttributeError, match="'momentun' is not part of this configuration"):
        _ = configuration.momentun
