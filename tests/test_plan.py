"""Plans: sweeps expand to studies, settings reach them, and the plan is plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest

import daybreak as dk


def problem(**settings):
    """A line with settings."""
    return dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)],
        lambda p, s: p.a + p.b * np.arange(4.0),
        dk.observations([1.0, 2.1, 2.9, 4.2], 0.1),
        settings={"k": 1.5, "n": 8, "scheme": "exact", **settings},
        static=["n"],
    )


BAR = [dk.Criterion("chi2", below=10)]
START = dk.MultiStart(2)


def test_sweep_over_a_list():
    """A list of settings gives one study each, in order, over the problem's own settings."""
    studies = dk.Sweep("box", problem(), START, [{"k": 1.0}, {"k": 2.5, "n": 4}], BAR).studies()

    assert [study.name for study in studies] == ["box k=1", "box k=2.5 n=4"]
    assert [study.all_settings for study in studies] == [
        {"k": 1.0, "n": 8, "scheme": "exact"},
        {"k": 2.5, "n": 4, "scheme": "exact"},
    ]
    assert all(study.accept == BAR and study.method is START for study in studies)


def test_sweep_over_a_product():
    """Lists of values give every combination, the last name varying fastest."""
    over = {"k": [1.0, 2.0], "scheme": ["exact", "original"], "n": np.arange(4, 6)}
    studies = dk.Sweep("box", problem(), START, over).studies()

    assert len(studies) == 8
    assert [study.name for study in studies[:3]] == [
        "box k=1 scheme=exact n=4",
        "box k=1 scheme=exact n=5",
        "box k=1 scheme=original n=4",
    ]
    assert studies[-1].all_settings == {"k": 2.0, "scheme": "original", "n": 5}
    assert type(studies[-1].all_settings["n"]) is int


def test_sweep_names():
    """Studies of a sweep may have names of their own; a bool is named as it is written."""
    named = dk.Sweep("box", problem(), START, {"k": [1.0, 2.0]}, names=["low", "high"])
    flags = dk.Sweep("flag", problem(flag=True), START, {"flag": [True, False]})

    assert [study.name for study in named.studies()] == ["low", "high"]
    assert [study.name for study in flags.studies()] == ["flag flag=True", "flag flag=False"]


def test_campaign_expands_in_order():
    """A campaign runs its studies in the order they are written, sweeps where they stand."""
    campaign = dk.Campaign(
        "order",
        [
            dk.Study("first", problem(), START),
            dk.Sweep("box", problem(), START, {"k": [1.0, 2.0]}),
            dk.Study("last", problem(), START, counted=False),
        ],
    )
    assert [s.name for s in campaign.all_studies()] == ["first", "box k=1", "box k=2", "last"]
    assert [s.counted for s in campaign.all_studies()] == [True, True, True, False]


def test_settings_are_split():
    """Numbers are traced as floats; strings, bools and declared names are static."""
    traced, static = problem(flag=True).split_settings({"k": 2, "n": 4, "scheme": "x", "flag": 1})
    assert traced == {"k": 2.0, "flag": 1.0}
    assert static == {"n": 4, "scheme": "x"}

    traced, static = problem(flag=True).split_settings(problem(flag=True).settings)
    assert traced == {"k": 1.5}
    assert static == {"n": 8, "scheme": "exact", "flag": True}


def test_fingerprint():
    """What is declared decides the fingerprint; settings, method and criteria do not."""
    mark = dk.Study("one", problem(), START).fingerprint
    same = dk.Study("other", problem(), dk.Profile("a"), BAR, settings={"k": 7.0})
    box = [dk.Parameter("a", -5, 6), dk.Parameter("b", -5, 5)]
    moved = dk.FitProblem(box, problem().predict, problem().observations)

    assert same.fingerprint == mark
    assert dk.Study("moved", moved, START).fingerprint != mark


def test_a_plan_is_plain_data():
    """Everything the ledger writes of a plan survives JSON."""
    table = [
        dk.Decision("go", "Go on.", when=dk.Condition(quantity="chi2", below=np.float32(2))),
        dk.Decision("stop", "Stop.", follow_up=lambda studies: []),
    ]
    study = dk.Study("profile", problem(), dk.Profile("a", points=np.linspace(-1, 1, 5)), BAR)
    campaign = dk.Campaign("plain", [study], decisions=table, rule="any", seed=7)

    for data in (campaign.describe(), study.describe(), study.problem.describe()):
        assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert [row["follow_up"] for row in campaign.describe()["decisions"]] == [False, True]


@pytest.mark.parametrize(
    "criterion",
    [
        dk.Criterion("chi2", below=1e6, label="P1"),
        dk.Criterion("n_at_bounds", of=["a", "b"], at_most=1, level="soft"),
        dk.Criterion("n_at_bounds", of=["a"], at_most=0),
        dk.Criterion("identified", of="a", level="note"),
        dk.Criterion("slope", at_least=-1, above=-2, at_most=1, below=2),
    ],
)
def test_criteria_survive_the_ledger(criterion):
    """A criterion read back from the ledger is judged, titled and written as before."""
    back = dk.Criterion.restore(json.loads(json.dumps(criterion.describe())))

    assert back.describe() == criterion.describe()
    assert (back.title, back.bar, back.names) == (criterion.title, criterion.bar, criterion.names)


@pytest.mark.parametrize(
    ("bars", "words", "met", "missed"),
    [
        ({"at_least": 1}, ">= 1", [1, 2], [0.9]),
        ({"above": 1}, "> 1", [1.1], [1, 0]),
        ({"at_most": 1}, "<= 1", [1, 0], [1.1]),
        ({"below": 1}, "< 1", [0.9], [1, 2]),
        ({"at_least": 0, "below": 1}, ">= 0 and < 1", [0, 0.5], [1, -0.1]),
        ({"at_least": 1, "at_most": 1}, ">= 1 and <= 1", [1], [0.9, 1.1]),
    ],
)
def test_bars(bars, words, met, missed):
    """A bar says in words what it lets through, and its margin has the sign of the answer."""
    criterion = dk.Criterion("chi2", **bars)

    assert criterion.bar == words
    assert all(criterion.met(value) and criterion.margin(value) >= 0 for value in met)
    assert not any(criterion.met(value) for value in missed)
    assert all(criterion.margin(value) <= 0 for value in missed)
