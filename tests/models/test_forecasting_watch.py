"""Watching the machine: every state, blind thermometers, waiting, stopping and going on."""

import itertools
import math

import psutil
import pytest

import daybreak as dk
from daybreak.models.forecasting.watch import (
    Limits,
    Overheated,
    Reading,
    Watch,
    graphics_processors,
    hottest,
    processors,
    read_machine,
)


def at(*temperatures, **more):
    """A watch that sees these temperatures, one after the other, and its naps."""
    told, naps = iter(temperatures), []
    numbers = itertools.count(1)

    def read():
        return Reading(10.0 * next(numbers), 50.0, 4.0, next(told))

    return Watch(read=read, sleep=naps.append, **more), naps


@pytest.mark.parametrize(
    ("temperature", "state"),
    [
        (0.0, "normal"),
        (69.9, "normal"),
        (70.0, "acceptable"),
        (84.9, "acceptable"),
        (85.0, "warning"),
        (94.9, "warning"),
        (95.0, "critical"),
        (200.0, "critical"),
        (-1.0, "unknown"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
        (None, "unknown"),
    ],
)
def test_states(temperature, state):
    """Each begins at its limit; what is no temperature is unknown, never normal."""
    assert Limits().state(temperature) == state


@pytest.mark.parametrize("limits", [(85, 70, 95), (70, 70, 95), (70, 85, math.nan), (-1, 85, 95)])
def test_limits_rise(limits):
    """Limits out of order are refused."""
    with pytest.raises(dk.ProblemError, match="0 < acceptable < warning < critical"):
        Limits(*limits)


def raising():
    """A thermometer whose driver fails."""
    msg = "no permission"
    raise PermissionError(msg)


@pytest.mark.parametrize(
    ("thermometers", "found"),
    [
        ([], (None, False)),
        ([list], (None, False)),
        ([lambda: [-1.0]], (None, True)),
        ([lambda: [math.nan]], (None, True)),
        ([lambda: [None]], (None, True)),
        ([raising], (None, True)),
        ([lambda: [40.0, 60.0], lambda: [50.0]], (60.0, False)),
        ([lambda: [40.0], raising], (40.0, True)),
    ],
)
def test_thermometers(thermometers, found):
    """The hottest counts; one that gives no number is told beside it."""
    assert hottest(thermometers) == found


@pytest.mark.parametrize(
    ("temperature", "state"), [(40.0, "unknown"), (90.0, "warning"), (99.0, "critical")]
)
def test_half_blind(temperature, state):
    """Beside a thermometer that fails no other makes the machine normal, but it can warn."""
    assert Limits().state(temperature, blind=True) == state


def test_what_is_recorded():
    """Mean load, extremes, the worst state and how many readings they are of."""
    watch, naps = at(60.0, 80.0, 72.0)
    states = [watch.look() for _ in range(3)]

    assert states == ["normal", "acceptable", "acceptable"]
    assert naps == []
    assert watch.recorded == {
        "load_percent": 20.0,
        "memory_gib": 4.0,
        "temperature": 80.0,
        "state": "acceptable",
        "readings": 3,
        "waited": 0.0,
    }


def test_the_blind_are_not_normal():
    """A watch that ever read -1 does not say that all was normal, nor that -1 was the hottest."""
    watch, _ = at(60.0, -1.0, 50.0)
    states = [watch.look() for _ in range(3)]

    assert states == ["normal", "unknown", "normal"]
    assert watch.recorded["state"] == "unknown"
    assert watch.recorded["temperature"] == 60.0
    assert at()[0].recorded["state"] == "unknown"


def test_waiting():
    """In state warning a trial waits until the machine has cooled, or for as long as allowed."""
    watch, naps = at(90.0, 86.0, 84.0)
    assert watch.look() == "acceptable"
    assert naps == [60.0, 60.0]
    assert watch.recorded["waited"] == 120.0
    assert watch.recorded["state"] == "warning"

    watch, naps = at(*[90.0] * 9, wait=5.0, waits=3)
    assert watch.look() == "warning"
    assert naps == [5.0] * 3


def test_stopping():
    """In state critical a trial ends, also when that comes while it waits."""
    watch, naps = at(90.0, 96.0)
    with pytest.raises(Overheated, match="at 96 degrees, and trials stop at 95; cool it, and let"):
        watch.look()
    assert naps == [60.0]
    assert watch.recorded["state"] == "critical"


def test_beginning():
    """Before a trial even a critical machine is waited for, and refused only when it stays so."""
    watch, naps = at(97.0, 90.0, 80.0)
    assert watch.begin() == "acceptable"
    assert naps == [60.0] * 2

    watch, naps = at(*[97.0] * 9, waits=2)
    with pytest.raises(Overheated, match="97 degrees"):
        watch.begin()
    assert naps == [60.0] * 2


def test_the_log(tmp_path):
    """A line each time that its interval is over, and an empty field for what is not known."""
    path, clock = tmp_path / "machine.csv", iter([0.0, 0.0, 100.0, 300.0, 300.0])
    watch, _ = at(60.0, 61.0, None, log=path, clock=lambda: next(clock))
    for _ in range(3):
        watch.look()

    assert path.read_text().splitlines() == [
        "timestamp,cpu_percent,memory_percent,memory_used_gib,temperature",
        "1970-01-01T00:00:00+00:00,10.0,50.0,4.00,60.0",
        "1970-01-01T00:05:00+00:00,30.0,50.0,4.00,",
    ]


def test_refused_times():
    """Nobody waits for less than nothing."""
    with pytest.raises(dk.ProblemError, match="wait=-1"):
        Watch(wait=-1)


def test_this_machine(monkeypatch):
    """Whatever thermometers there are, load and memory are known; nothing raises."""
    found = read_machine()
    assert 0 <= found.load <= 100
    assert 0 < found.memory_gib < psutil.virtual_memory().total / 2**30

    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delattr(psutil, "sensors_temperatures", raising=False)
    assert (processors(), graphics_processors()) == ([], [])
    assert Watch().look() == "unknown"


def test_graphics_processors(monkeypatch, tmp_path):
    """They are asked through their tool; when it fails, or tells no number, that is blindness."""
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setattr("shutil.which", lambda _: str(tool))
    for body, found in [
        ("echo 41; echo 55", (55.0, False)),
        ("echo '[N/A]'", (None, True)),
        ("exit 9", (None, True)),
    ]:
        tool.write_text(f"#!/bin/sh\n{body}\n")
        tool.chmod(0o755)
        assert hottest([graphics_processors]) == found


def test_a_trial_stops_and_goes_on(tmp_path, monkeypatch):
    """A trial that is too hot is tried again, and goes on from where it was kept."""
    monkeypatch.chdir(tmp_path)
    begun, temperatures = [], iter([60.0, 60.0, 97.0, 96.0, 70.0, 70.0, 70.0])

    def evaluate(c, trial):
        watch = Watch(read=lambda: Reading(50.0, 50.0, 1.0, next(temperatures)), wait=0.0)
        watch.begin()
        first = int(trial.restore() or b"0")
        begun.append(first)
        for done in range(first, 4):
            trial.checkpoint(str(done + 1).encode())
            watch.look()
        trial.record(machine=watch.recorded)
        return {"loss": c.x}

    problem = dk.SearchProblem(
        [dk.Parameter("x", 0, 1)],
        evaluate,
        dk.Objective("loss"),
        deterministic=True,
        resources=dk.Resources(retries={"raised": 1}),
    )
    plan = [dk.Study("s", problem, dk.Search("random", trials=1))]
    best = dk.run(dk.Campaign("hot", plan), tmp_path / "night")["s"].search.best

    assert begun == [0, 2]
    assert best.recorded["machine"]["state"] == "critical"
    assert best.recorded["machine"]["readings"] == 4
