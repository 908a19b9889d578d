"""What is refused of an extension, and with which next move."""

from __future__ import annotations

import dataclasses
import gc
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import daybreak as dk
from daybreak.errors import LedgerError
from daybreak.extending import (
    AbstractNoise,
    AbstractOptimiser,
    AbstractSearchMethod,
    FindingCode,
    Origin,
    Scope,
    StopReason,
    StudyColumn,
    Why,
)
from daybreak.methods.solve import solve
from daybreak.problem.noise.kinds import restore


@dataclass(frozen=True)
class At:
    """A part that a record would give back as a mapping."""

    x: float


class Still(AbstractOptimiser):
    """Stays where it begins."""

    def minimise(self, objective):
        """The start."""
        return objective.end(objective.start, StopReason.STEP, 1)


@dataclass(frozen=True)
class Flat(AbstractNoise):
    """r = f - d."""

    def residuals(self, f, d, sigma, xp):
        """The difference."""
        return f - d

    def draw(self, rng, f, sigma):
        """The prediction."""
        return f

    def moments(self, f, d, sigma):
        """Tests nothing."""
        return 0.0, 0.0


@pytest.fixture(autouse=True)
def _forgotten():
    """Classes made within a test are gone after it."""
    yield
    gc.collect()


def solver(**named: Any) -> AbstractOptimiser:
    """A solver with a name, or without."""
    return dataclass(frozen=True)(type("Made", (Still,), named))()


def test_no_solver():
    """What is no solver is answered with ours and with the base class."""
    with pytest.raises(dk.PlanError) as caught:
        dk.MultiStart(fit="newton")

    assert str(caught.value) == (
        "`fit` must be one of 'dk.Evolution', 'dk.LeastSquares', e.g. dk.LeastSquares(), or a "
        "daybreak.extending.AbstractOptimiser, but got 'newton'."
    )


def test_solver_without_a_name():
    """A solver without a name is told where to write it, in a multi-start and in a profile."""
    for made in (lambda fit: dk.MultiStart(fit=fit), lambda fit: dk.Profile("k", fit=fit)):
        with pytest.raises(dk.PlanError, match=r'Made has no name.*write name = "made" in'):
            made(solver())


def test_solver_without_fields():
    """A solver that cannot say its options is told how to."""
    with pytest.raises(dk.PlanError, match="must be a frozen dataclass of its options"):
        dk.MultiStart(fit=type("Bare", (Still,), {"name": "bare"})())


def test_two_solvers_of_one_name():
    """A second solver of one name is refused, and one whose file is read again is none."""
    again = [solver(name="twice", __qualname__="Same") for _ in range(2)]
    assert [dk.MultiStart(fit=one).in_words() for one in again] == ["32 starts by twice"] * 2

    with pytest.raises(dk.PlanError, match="two solvers are called 'least_squares', Made of"):
        dk.MultiStart(fit=solver(name="least_squares"))


def test_nothing_moves(tmp_path):
    """Where no parameter is free an optimiser is not asked."""
    line = dk.FitProblem([dk.Parameter("k", 0, 1)], lambda p, _: [p.k], dk.observations([1], 1))
    method = dk.Profile("k", points=5, fit=solver(name="still"))
    found = dk.run(dk.Campaign("still", [dk.Study("line", line, method)]), tmp_path)
    points = found["line"].profile.points

    assert len(points) >= 5
    assert [p.chi2 for p in points] == pytest.approx([(1 - p.value) ** 2 for p in points])


def test_search_without_a_name():
    """A search method without a name is told where to write it."""

    @dataclass(frozen=True)
    class Nameless(AbstractSearchMethod):
        def rounds(self, problem, settings, seed, places=()):
            yield []

        def expected_trials(self, problem):
            return 0

    bowl = dk.SearchProblem([dk.Parameter("a", 0, 1)], lambda c, t: {}, dk.Objective("loss"))
    with pytest.raises(dk.PlanError, match=r'Nameless has no name.*name = "nameless" in'):
        dk.Study("s", bowl, Nameless())


def test_method_for_another_question():
    """The methods that would do are looked up."""
    line = dk.FitProblem([dk.Parameter("k", 0, 1)], lambda p, _: [p.k], dk.observations([1], 1))
    with pytest.raises(dk.PlanError) as caught:
        dk.Study("s", line, dk.Search())

    assert str(caught.value) == (
        "study 's' asks a FitProblem with a Search; give it a method that treats it, such as "
        "'dk.Evolution', 'dk.Intervals', 'dk.MultiStart', 'dk.Profile'."
    )


def test_noise_says_who_declares_it():
    """A noise of another package is read back by its class, and no part of a trial's identity."""
    told = Flat().describe()
    assert told == {"kind": "Flat", "by": f"{__name__}:Flat"}
    assert restore(told) == Flat()
    line = dk.FitProblem(
        [dk.Parameter("k", 0, 1)], lambda p, _: [p.k], dk.observations([1], 1, noise=Flat())
    )
    assert line.identity()["observations"][0]["noise"] == {"kind": "Flat"}
    assert dk.Gaussian().describe() == {"kind": "Gaussian", "scale": "known"}


def test_noise_that_nobody_knows():
    """A noise that is neither loaded nor offered is refused, and nothing is imported for it."""
    with pytest.raises(LedgerError, match=r"'Flat', which os:system declares.*there are none"):
        restore({"kind": "Flat", "by": "os:system"})


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        (type("Gaussian", (Flat,), {"__module__": __name__}), "noise of Daybreak's own; give"),
        (
            type(
                "Bare",
                (AbstractNoise,),
                {n: vars(Flat)[n] for n in ("residuals", "draw", "moments")},
            ),
            "must be a frozen dataclass",
        ),
    ],
)
def test_noise_that_could_not_be_read_back(noise, said):
    """A noise that a record could not tell is refused when it is declared."""
    with pytest.raises(dk.ProblemError, match=said):
        dk.observations([1.0], 1.0, noise=noise())


def line():
    """A straight line through three points."""
    return dk.FitProblem(
        [dk.Parameter("k", 0.0, 10.0)],
        lambda p, settings: [p.k, 2 * p.k, 3 * p.k],
        dk.observations([1.0, 2.0, 3.0], 0.1),
    )


def night(fit, directory):
    """The study of a multi-start with a solver."""
    study = dk.Study("s", line(), dk.MultiStart(starts=4, fit=fit))
    return dk.run(dk.Campaign("c", [study]), directory)["s"]


def test_an_end_that_is_no_place_costs_its_own_fit_alone(tmp_path):
    """Where a solver ends at NaN, or outside the box, the other fits of its study count."""

    def minimise(self, objective):
        lost = objective.start[0] > 0.5
        u = objective.start * (float("nan") if lost else 0.0) + (0.1 if not lost else 0.0)
        return objective.end(u, StopReason.STEP, 1)

    found = night(solver(name="lost", minimise=minimise), tmp_path)

    assert found.best.chi2 == pytest.approx(0.0)
    assert any("not finite" in sentence for sentence in found.failures)


def test_an_end_outside_the_box_is_on_its_border(tmp_path):
    """A solver that leaves the box ends at the bound that it crossed."""

    def minimise(self, objective):
        return objective.end(objective.start + 2.0, StopReason.STEP, 1)

    found = night(solver(name="away", minimise=minimise), tmp_path)

    assert found.starts[0].chi2 == pytest.approx(sum((9.0 * i / 0.1) ** 2 for i in (1, 2, 3)))


def test_a_solver_that_returns_something_else_is_told_what_to_return(tmp_path):
    """What is no end is the failure of the solver, not of the model."""
    found = night(solver(name="tuple", minimise=lambda self, objective: (0.1, 3.0)), tmp_path)

    assert found.best is None
    assert any("must return objective.end(u, reason, count)" in told for told in found.failures)


def test_words_that_no_output_knows_are_refused():
    """A severity of a code, and a kind of a column, that do not exist are answered with ours."""
    with pytest.raises(dk.PlanError, match=r"'stop', 'warning', 'note', but that of 'odd'"):
        FindingCode("odd", Scope.PROBLEM, "fatal", "a", "b", "c")
    with pytest.raises(dk.PlanError, match=r"'number'.*but that of 'size' is 'numbr'"):
        StudyColumn("size", str, "numbr")


def test_chi2_is_what_the_model_says(tmp_path):
    """A solver that reports less than the model does is not believed."""

    def minimise(self, objective):
        end = objective.end(objective.start, StopReason.STEP, 1)
        return dataclasses.replace(end, chi2=end.chi2 - 5.0)

    found = night(solver(name="less", minimise=minimise), tmp_path)

    assert all(start.chi2 > 0.0 for start in found.starts)


@pytest.mark.parametrize(
    "option", [np.zeros(2), {1, 2}, float("nan"), At(1.0), np.int64(3)], ids=repr
)
def test_options_that_a_record_cannot_keep_are_refused(option):
    """An option that would not come back from the record is named before the night."""
    made = dataclass(frozen=True)(
        type("Made", (Still,), {"name": "kept", "__annotations__": {"size": Any}, "size": None})
    )

    with pytest.raises(dk.PlanError, match="the options of the solver 'kept' must be numbers"):
        dk.MultiStart(fit=made(size=option))


@pytest.mark.parametrize(
    "option", [[1, 2], (1, (2.0, "a")), None, True, np.float64(0.5)], ids=repr
)
def test_options_that_come_back_are_taken(option):
    """Numbers, text, true or false, and lists or tuples of these are kept by a record."""
    made = dataclass(frozen=True)(
        type("Made", (Still,), {"name": "kept", "__annotations__": {"size": Any}, "size": None})
    )

    assert dk.MultiStart(fit=made(size=option)).fit.size == option


def test_an_end_is_evaluated_once(tmp_path):
    """What `objective.end` found is not asked for again."""
    calls = []
    problem = dk.FitProblem(
        [dk.Parameter("k", 0.0, 10.0)],
        lambda p, settings: calls.append(float(p.k)) or [p.k, 2 * p.k],
        dk.observations([1.0, 2.0], 0.1),
    )
    fit = solver(name="once")
    task = fit.task({}, (0.123,), Origin(Why.START, 0))
    solve(problem, {}, [task])

    assert calls.count(1.23) == 1


@pytest.mark.parametrize("tasks", ["no round", [], None, ["a"]])
def test_a_method_that_asks_for_nothing_costs_its_own_study_alone(tmp_path, tasks):
    """Whatever the first study asks for, the second is carried out."""

    @dataclass(frozen=True)
    class Odd(AbstractSearchMethod):
        name = "odd"

        def rounds(self, problem, settings, seed, places=()):
            if tasks != "no round":
                yield tasks

        def expected_trials(self, problem):
            return 1

    bowl = dk.SearchProblem(
        [dk.Parameter("a", -1, 1)], lambda c, trial: {"loss": c.a**2}, dk.Objective("loss")
    )
    studies = [
        dk.Study("odd", bowl, Odd()),
        dk.Study("good", line(), dk.MultiStart(starts=2)),
    ]
    found = dk.run(dk.Campaign("c", studies), tmp_path)

    assert found["good"].best.chi2 == pytest.approx(0.0)


@pytest.mark.parametrize("expected", [9.5, float("inf"), None, -1])
def test_a_forecast_that_is_no_number_of_trials_is_refused(expected):
    """`expected_trials` is a whole number, or the plan is refused with the method's name."""

    @dataclass(frozen=True)
    class Vague(AbstractSearchMethod):
        name = "vague"

        def rounds(self, problem, settings, seed, places=()):
            yield []

        def expected_trials(self, problem):
            return expected

    bowl = dk.SearchProblem(
        [dk.Parameter("a", -1, 1)], lambda c, trial: {"loss": c.a**2}, dk.Objective("loss")
    )
    with pytest.raises(dk.PlanError, match=r"`expected_trials` of Vague in study 's'"):
        dk.Study("s", bowl, Vague())


def test_an_origin_that_a_record_could_not_give_back_is_refused():
    """Which of its kind a reason is, is a number or a name; of a configuration a whole one."""
    with pytest.raises(dk.PlanError, match="a whole number, but got"):
        Origin(Why.TRIAL, (1, 2))
    with pytest.raises(dk.PlanError, match="a number, a name or None"):
        Origin(Why.START, [3])
