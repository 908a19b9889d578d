"""The clock of a preflight: work counts, waiting for a turn does not, waiting elsewhere does."""

from __future__ import annotations

import subprocess
import sys

import pytest

import daybreak as dk
from daybreak.preflight.clock import WORK
from daybreak.preflight.run import preflight
from tests.clock import Machine

BURNS = "import time\nwhile time.process_time() < 0.2:\n    pass"


@pytest.mark.parametrize("busy", [1.0, 4.0, 40.0])
def test_work_counts_whatever_else_the_machine_does(monkeypatch, busy):
    """Beside other processes the clock shows the seconds that the same work takes alone."""
    machine = Machine(monkeypatch, busy)
    begun = WORK.seconds()
    for _ in range(500):
        machine.compute(0.02)
        WORK.seconds()

    assert WORK.seconds() - begun == pytest.approx(10.0)


@pytest.mark.parametrize("busy", [1.0, 4.0, 9.0])
@pytest.mark.parametrize("tells", [True, False])
def test_programs_count_alike(monkeypatch, busy, tells):
    """So it is for programs, and where the system does not tell of queues, at most loads."""
    machine = Machine(monkeypatch, busy, tells=tells)
    begun = WORK.seconds()
    for _ in range(5):
        machine.call(2.0)
        WORK.seconds()
        machine.compute(0.0 if tells else 1.0)
        WORK.seconds()

    assert WORK.seconds() - begun == pytest.approx(10.0 if tells else 15.0)


@pytest.mark.parametrize("each", [0.1, 1.0, 60.0])
@pytest.mark.parametrize("busy", [1.0, 4.0])
def test_waiting_elsewhere_counts(monkeypatch, each, busy):
    """Where next to nothing is computed the time counts, in long calls and in short ones."""
    machine = Machine(monkeypatch, busy)
    begun = WORK.seconds()
    for _ in range(200):
        machine.compute(0.002 * each)
        machine.wait(each)
        WORK.seconds()

    assert WORK.seconds() - begun == pytest.approx(200 * each, rel=0.06)


def test_a_program_that_waits_counts(monkeypatch):
    """A program that starts and then waits for a minute is charged for the minute."""
    machine = Machine(monkeypatch)
    begun = WORK.seconds()
    for _ in range(10):
        machine.call(0.1)
        machine.wait(60.0)
        WORK.seconds()

    assert 590.0 < WORK.seconds() - begun <= 601.0


def test_work_and_waiting(monkeypatch):
    """A model that first compiles and then waits is charged for both."""
    machine = Machine(monkeypatch, busy=3.0)
    machine.compute(5.0)
    compiled = WORK.seconds()
    for _ in range(7):
        machine.wait(1.5)
        WORK.seconds()

    assert compiled == pytest.approx(5.0)
    assert WORK.seconds() == pytest.approx(5.0 + 10.5)


def test_programs_that_a_model_starts_count():
    """The work of a child is seen when it has ended."""
    begun = WORK.seconds()
    subprocess.run([sys.executable, "-c", BURNS], check=True)

    assert WORK.seconds() - begun >= 0.2


def examined(act, budget):
    """What a preflight finds of a model that does something at every call."""

    def predict(p, settings):
        act()
        return {"area": p.a * p.b, "width": p.b}

    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 0.5), dk.Parameter("b", 0, 5)],
        predict,
        {"area": dk.Observation(2.0, 0.1), "width": dk.Observation(3, 1)},
    )
    study = dk.Study("fit", problem, dk.MultiStart(4), [dk.Criterion("chi2", below=4)])
    found = preflight(dk.Campaign("area", [study]), budget)
    timed = {"seconds": True, "studies": {"__all__": {"forecast"}}}
    return found.model_dump(exclude=timed)


@pytest.mark.parametrize("budget", [20.0, 1000.0], ids=["cut", "not cut"])
def test_a_preflight_finds_the_same_beside_other_work(monkeypatch, budget):
    """A model that computes is asked as often, and the same is found, at any load."""
    found = []
    for busy in (1.0, 4.0, 15.0):
        machine = Machine(monkeypatch, busy)
        found.append(examined(lambda machine=machine: machine.compute(1 / 32), budget))

    assert found[0] == found[1] == found[2]
    assert bool(found[0]["studies"][0]["not_checked"]) == (budget == 20.0)


def test_a_preflight_of_a_model_that_waits_ends(monkeypatch):
    """A model that waits a second a call is asked about as often as the budget has seconds."""
    machine = Machine(monkeypatch)
    found = examined(lambda: machine.wait(1.0), 30.0)
    (study,) = found["studies"]

    assert 20 < machine.time < 35
    assert "whether the criteria can be met" in [one["check"] for one in study["not_checked"]]
