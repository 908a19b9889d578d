"""Before the night: searched parameters that change nothing are named."""

import numpy as np
import pytest

import daybreak as dk
from daybreak.findings import Unmade
from daybreak.preflight.run import preflight
from tests.clock import Clock
from tests.search.problems import SPACE, bowl

RATE = dk.Parameter("rate", 1e-4, 1, scale="log")


def examine(rehearsal, *more, budget=60.0, **replaced):
    """What the preflight finds about the bowl with this rehearsal, and what it leaves out."""
    parameters = replaced.pop("parameters", [*SPACE, *more])
    problem = bowl(parameters=parameters, rehearsal=rehearsal, **replaced)
    study = dk.Study("s", problem, dk.Search("random", trials=3))
    return preflight(dk.Campaign("c", [study]), budget).studies[0]


def placebos(found):
    """Parameters that were named."""
    return [finding.parameter for finding in found.findings if finding.code.word == "placebo"]


def everything(c, _):
    """Reads every parameter."""
    momentum = c.get("momentum", 0.0)
    return {"loss": (c.x - 1) ** 2 + c.y + momentum + (c.optimizer == "adam")}


def test_parameters_that_matter_are_not_named():
    """Where every parameter changes the objective, conditional ones included, none is named."""
    assert placebos(examine(everything)) == []


def test_a_parameter_that_is_never_read_is_named():
    """A parameter that leaves every digit as it was is a placebo, whatever the noise."""

    def noisy(c, trial):
        return {"loss": everything(c, trial)["loss"] + 10.0 * trial.rng.normal()}

    found = examine(noisy, RATE)
    sentence = next(c.sentence for c in found.findings if c.parameter == "rate")

    assert placebos(found) == ["rate"]
    assert sentence.startswith("rate changes nothing: ")
    assert "the same to the last digit under every seed" in sentence


def test_noise_is_no_effect():
    """With noise of its own for every configuration, a parameter without effect is still named."""

    def restless(c, trial):
        own = np.random.default_rng([trial.seed, int(1e6 * c.rate)])
        return {"loss": everything(c, trial)["loss"] + 0.1 * own.normal()}

    found = examine(restless, RATE)
    sentence = next(c.sentence for c in found.findings if c.parameter == "rate")

    assert placebos(found) == ["rate"]
    assert "nothing beyond noise" in sentence


def test_an_effect_is_found_under_equal_seeds():
    """An effect far below the noise between seeds is seen, because both sides share the seed."""

    def noisy(c, trial):
        return {"loss": 1e-3 * c.rate + trial.rng.normal()}

    assert placebos(examine(noisy, parameters=[RATE])) == []


@pytest.mark.parametrize("seed", range(5))
def test_an_effect_is_found_in_noise_that_is_not_shared(seed):
    """An effect of several times the noise is seen even where seeds are of no help."""

    def unshared(c, trial):
        own = np.random.default_rng([trial.seed, seed, int(1e6 * c.rate)])
        return {"loss": 6.0 * c.rate + own.normal()}

    assert placebos(examine(unshared, parameters=[RATE])) == []


def test_a_parameter_of_a_second_objective_counts():
    """A parameter that moves any objective is no placebo."""
    goals = [dk.Objective("loss"), dk.Objective("size")]
    found = examine(lambda c, t: {**everything(c, t), "size": c.rate}, RATE, objectives=goals)

    assert placebos(found) == []


def test_a_conditional_parameter_is_asked_where_it_matters():
    """A conditional parameter that is read nowhere is named; its condition is met for the test."""
    found = examine(lambda c, _: {"loss": c.x + c.y + (c.optimizer == "adam")})

    assert placebos(found) == ["momentum"]


def test_without_a_rehearsal_it_says_so():
    """Without a declared rehearsal nothing is evaluated, and the check is listed as not made."""
    problem = bowl()
    study = dk.Study("s", problem, dk.Search("random", trials=3))
    found = preflight(dk.Campaign("c", [study])).studies[0]

    assert problem.evaluate.calls == found.evaluations == 0
    assert [(one.check, one.why) for one in found.not_checked] == [
        ("whether every parameter does anything", Unmade.UNREHEARSED)
    ]


def test_no_rehearsal_is_something_else_than_no_budget():
    """The sentence on top says that none was declared, and not that nothing stands in the way."""
    study = dk.Study("s", bowl(), dk.Search("random", trials=3))
    found = preflight(dk.Campaign("c", [study]))

    assert found.sentence == (
        "No rehearsal was declared; it would tell whether every parameter does anything."
    )


def test_out_of_time_it_says_what_is_missing(monkeypatch):
    """When the budget is spent the parameters that were not asked are named."""
    clock = Clock(monkeypatch)

    def slow(c, trial):
        clock.now += 0.02
        return everything(c, trial)

    found = examine(slow, budget=0.3)

    assert "whether every parameter does anything, from '" in found.not_checked[0].check
    assert found.not_checked[0].why is Unmade.BUDGET


@pytest.mark.parametrize(("share", "severity"), [(0.5, "warning"), (1.0, "stop")])
def test_a_rehearsal_that_fails_is_told(share, severity):
    """Rehearsals that fail are told with what they said; if all do, that stops the night."""

    def fails(c, trial):
        if c.x <= -5 + 10 * share:
            msg = "singular"
            raise ArithmeticError(msg)
        return everything(c, trial)

    found = examine(fails)
    failing = [finding for finding in found.findings if finding.code.word == "nonfinite_region"]

    assert [finding.severity for finding in failing] == [severity]
    assert "ArithmeticError: singular" in failing[0].sentence
