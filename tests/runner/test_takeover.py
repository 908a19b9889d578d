"""Another campaign never takes over a directory unasked."""

from __future__ import annotations

import dataclasses
import io

import pytest

import daybreak as dk


def plan(name="first", study="s", parameter="x", upper=1.0, origin=""):
    """A small search and its campaign."""
    problem = dk.SearchProblem(
        [dk.Parameter(parameter, 0, upper)],
        lambda c, _: {"loss": c[parameter]},
        dk.Objective("loss"),
        deterministic=True,
    )
    made = dk.Campaign(name, [dk.Study(study, problem, dk.Search("random", trials=2))])
    return dataclasses.replace(made, origin=origin)


def run(campaign, place, **more):
    """A run that says nothing."""
    return dk.run(campaign, place, progress=io.StringIO(), **more)


@pytest.fixture
def place(tmp_path):
    """The directory of a finished campaign."""
    run(plan(origin="old/first.py"), tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (plan("second"), "holds the campaign 'first', and this one is called 'second'"),
        (plan(upper=2.0, origin="old/other.py"), "'first' of first.py.*another plan, of other.py"),
        (plan(study="t", parameter="y"), r"with other studies \(s\)"),
        (plan(parameter="y"), "none of their problems"),
    ],
)
def test_another_campaign_is_refused(place, other, words):
    """Another name, another file, or a plan with nothing in common: refused, nothing changed."""
    before = (place / "summary.json").read_bytes()
    with pytest.raises(dk.LedgerError, match=words) as refused:
        run(other, place)

    assert "--dir" in str(refused.value)
    assert "--fresh, which archives what is there" in str(refused.value)
    assert (place / "summary.json").read_bytes() == before
    assert dk.open(place).summary.campaign == "first"


def test_asked_for_it_begins_anew(place):
    """With --fresh the other campaign has the directory, and the first one is in its archive."""
    run(plan("second"), place, fresh=True)
    (archived,) = (place / "archive").iterdir()

    assert dk.open(place).summary.campaign == "second"
    assert dk.open(archived).summary.campaign == "first"


@pytest.mark.parametrize(
    "same",
    [
        plan(origin="moved/elsewhere.py"),  # to the letter
        plan(upper=2.0, origin="moved/first.py:campaign"),
        plan(study="renamed", origin="old/first.py"),
        plan(upper=3.0),
    ],
)
def test_the_same_campaign_goes_on(place, same):
    """A moved file, moved bounds, a renamed study go on where they were."""
    assert run(same, place).summary.finished
