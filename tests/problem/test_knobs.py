"""Knobs: numerical settings with a refined value."""

import dataclasses

import pytest

import daybreak as dk


def problem(**options):
    """A constant with two settings, one of them static."""
    return dk.FitProblem(
        [dk.Parameter("a", 0, 1)],
        lambda p, settings: [p.a],
        dk.observations([0.5], 0.1),
        settings={"n_nodes": 28, "r_max": 10.0, "scheme": "coarse"},
        static=["n_nodes"],
        **options,
    )


def test_declared():
    """A knob names a setting and its refined value; a whole number refines a decimal one."""
    knobs = [dk.Knob("n_nodes", refined=56), dk.Knob("r_max", refined=20, unit="nm")]
    assert problem(knobs=[*knobs, dk.Knob("scheme", refined="fine")]).knobs[:2] == knobs


def test_identity():
    """Declaring a knob changes neither what a problem is nor what the ledger keeps of it."""
    plain, declared = problem(), problem(knobs=[dk.Knob("n_nodes", refined=56)])
    assert declared.identity() == plain.identity()
    assert declared.describe()["knobs"][0]["refined"] == 56


def test_frozen():
    """A knob cannot be changed afterwards."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        dk.Knob("n_nodes", refined=56).refined = 57


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        (lambda: [dk.Knob("nodes", refined=56)], "'nodes' is not a setting .* 'n_nodes', 'r_max'"),
        (lambda: [dk.Knob("n_nodes", refined=28)], "28, which the setting has already"),
        (lambda: [dk.Knob("n_nodes", refined="many")], "own kind, .* 28 and refined='many'"),
        (lambda: [dk.Knob("scheme", refined=2)], "own kind, .* 'coarse' and refined=2"),
        (lambda: [dk.Knob("r_max", refined=20.0)] * 2, "'r_max' is declared twice"),
        (lambda: ["r_max"], "a list of dk.Knob, but it holds 'r_max'"),
        (lambda: [dk.Knob("r_max", refined=float("inf"))], "finite number, .* got inf"),
        (lambda: [dk.Knob("r max", refined=20.0)], "knob"),
        (lambda: [dk.Knob("r_max", refined=None)], "got None"),
        (lambda: [dk.Knob("r_max", refined=20.0, order=0)], "order of knob 'r_max' must be"),
    ],
)
def test_refused(knobs, words):
    """A knob that cannot mean anything is refused with the rule and what there is."""
    with pytest.raises(dk.ProblemError, match=words):
        problem(knobs=knobs())
