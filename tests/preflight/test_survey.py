"""What is said of a whole box rests on a survey of it: corners, slivers, steps, and chatter."""

from __future__ import annotations

import tracemalloc

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.findings import Unmade
from daybreak.preflight.identifiability import identify
from daybreak.preflight.lines import COARSE, add_lines, lines
from daybreak.preflight.optimum import optimum
from daybreak.preflight.probe import NotMade, Probe
from daybreak.preflight.run import preflight
from daybreak.preflight.soundness import check_finite, check_noise, check_placebo
from daybreak.preflight.survey import low_discrepancy, survey
from daybreak.preflight.symmetry import find_symmetries

T = np.linspace(0.0, 6.0, 30)
NOISE = np.random.default_rng(11).standard_normal(30)


class Values(dict):
    """Parameters by attribute."""

    __getattr__ = dict.__getitem__


def problem(parameters, formula, truth, sigma=0.1, xp=np):
    """A fit of `formula(p, xp)` to its own values at the truth, with noise."""
    data = np.asarray(formula(Values(truth), np)) + sigma * NOISE
    return dk.FitProblem(
        parameters, lambda p, settings: formula(p, xp), dk.observations(data, sigma)
    )


def study_of(asked, *accept):
    """A study of one problem."""
    return dk.Study("fit", asked, dk.MultiStart(4), list(accept))


def probe(asked, seed=3):
    """A probe with time enough."""
    return Probe(study_of(asked), seed=seed)


def found(asked, *accept, seed=0):
    """The preflight of one study."""
    (one,) = preflight(dk.Campaign("survey", [study_of(asked, *accept)], seed=seed)).studies
    return one


def words(findings):
    """Codes and parameters."""
    return [(one.code.word, one.parameter) for one in findings]


# -- the survey itself -----------------------------------------------------------------------


def line_of_two(xp=np):
    """A straight line."""
    return problem(
        [dk.Parameter("a", 0.0, 2.0), dk.Parameter("b", -1.0, 1.0)],
        lambda p, xp: p.a + p.b * T,
        {"a": 1.0, "b": 0.2},
        xp=xp,
    )


def test_the_survey_is_made_once_and_costs_what_it_says():
    """256 places and a guess; then lines of a known number of points through known places."""
    one = probe(line_of_two())
    survey(one)
    assert one.evaluations == 257
    first = one.evaluations
    known = lines(one)
    assert one.evaluations - first == sum(len(line.t) for line in known)
    assert lines(one) is known
    assert len(add_lines(one, np.array([0.3, 0.4]))) == 2
    assert len(lines(one)) == len(known)


def test_lines_come_close_to_both_bounds_and_share_no_period():
    """Along every parameter both bounds and a millionth beside them are seen, at uneven steps."""
    one = lines(probe(line_of_two()))[0]
    assert one.t[0] == 0.0
    assert one.t[-1] == 1.0
    assert one.t[1] < 2e-6
    assert one.t[-2] > 1 - 2e-6
    inner = one.t[(one.t > 0.02) & (one.t < 0.98)]
    assert len(inner) > COARSE - 5
    assert np.abs(np.sin(np.pi * 32 * inner)).max() > 0.5


def test_places_are_a_function_of_the_seed():
    """Equal seeds give equal places, others others."""
    asked = line_of_two()
    one, same, other = (low_discrepancy(probe(asked, seed), 64) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_optimum_is_a_fit_although_no_criterion_asks_for_one():
    """The survey fits where reachability did not, and ends where chi2 is least."""
    one = probe(line_of_two())
    (best,) = one.values(optimum(one))
    expected = np.linalg.lstsq(np.vander(T, 2), T * 0.2 + 1.0 + 0.1 * NOISE, rcond=None)[0]
    assert best == pytest.approx(expected[::-1], rel=1e-6)


def test_memory_grows_with_the_data_and_not_with_their_square():
    """Four thousand data take some tens of MB, where data by data were gigabytes."""
    x = np.linspace(0.0, 1.0, 4000)
    asked = dk.FitProblem(
        [dk.Parameter("a", -1.0, 3.0), dk.Parameter("b", -1.0, 3.0)],
        lambda p, settings: p.a + p.b * x,
        dk.observations(1.0 + x, 0.1),
    )
    one = probe(asked)
    symmetries = find_symmetries(one)
    tracemalloc.start()
    rank, _, _ = identify(one, symmetries)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rank == 2
    assert most < 5e7


# -- what acts in a corner -------------------------------------------------------------------

THRESHOLDS = {
    "above": (lambda q: np.maximum(q - 9.85, 0.0), 9.93),
    "below": (lambda q: np.maximum(0.12 - q, 0.0), 0.05),
    "between": (lambda q: np.maximum(0.3 - abs(q - 4.0), 0.0), 4.1),
}


@pytest.mark.parametrize("where", THRESHOLDS)
@pytest.mark.parametrize("seed", range(3))
def test_an_answer_behind_a_threshold_is_within_reach(where, seed):
    """What acts on a few per cent of a range, where the data are, stops nothing."""
    shape, truth = THRESHOLDS[where]
    asked = problem(
        [dk.Parameter("q", 0.0, 10.0), dk.Parameter("a", -10, 10), dk.Parameter("b", -5, 5)],
        lambda p, xp: p.a + p.b * T + 3.0 * shape(p.q) * T**2,
        {"q": truth, "a": 1.5, "b": -0.4},
    )
    one = found(asked, dk.Criterion("p_value", at_least=0.01), seed=seed)
    assert one.reachability[0].met
    assert not {"out_of_reach", "placebo"} & {code for code, _ in words(one.findings)}


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_a_rate_in_a_generous_range_is_no_placebo(xp):
    """Of fourteen decades the first two matter, and the answer is found there."""
    asked = problem(
        [dk.Parameter("A", -10, 10), dk.Parameter("k", 0.05, 5e12, scale="log")],
        lambda p, xp: p.A * xp.exp(-p.k * T),
        {"A": 3.0, "k": 0.4},
        xp=xp,
    )
    one = found(asked, dk.Criterion("p_value", at_least=0.01))
    assert one.reachability[0].met
    assert one.symmetries == []
    assert set(one.identifiability.values()) == {"identifiable"}
    assert words(one.findings) == []


def test_what_acts_in_one_corner_of_three_parameters_is_no_placebo():
    """A term that is there in a ten-thousandth of the box only is felt along an edge."""
    asked = problem(
        [dk.Parameter(name, 0.0, 1.0) for name in ("a", "b", "q")],
        lambda p, xp: (
            p.a + p.b * T + 50 * max(p.a - 0.95, 0) * max(0.05 - p.b, 0) * max(p.q - 0.9, 0) * T**2
        ),
        {"a": 0.5, "b": 0.3, "q": 0.5},
    )
    one = probe(asked)
    assert check_placebo(one) == []
    symmetries = find_symmetries(one)
    rank, status, _ = identify(one, symmetries)
    assert [s for s in symmetries if s.exact] == []
    assert rank == 3
    assert status["q"] == "identifiable"


def test_what_acts_where_the_data_are_met_alone_is_no_placebo():
    """Of six parameters one acts near a place inside the box, which a fit from the guess finds."""

    def near(p):
        return max(0.0, 0.2 - sum(abs(getattr(p, name) - 0.37) for name in "abcd"))

    asked = problem(
        [*(dk.Parameter(n, 0, 1, guess=0.4) for n in "abcd"), dk.Parameter("q", 0.0, 1.0)],
        lambda p, xp: (
            p.a
            + p.b * T
            + p.c * np.sin(T)
            + p.d * np.cos(2 * T)
            + 5 * near(p) * p.q * np.sin(5 * T)
        ),
        {"a": 0.37, "b": 0.37, "c": 0.37, "d": 0.37, "q": 0.8},
        sigma=0.02,
    )
    one = found(asked, dk.Criterion("p_value", at_least=0.001))
    assert one.reachability[0].met
    assert "placebo" not in [code for code, _ in words(one.findings)]
    assert one.identifiability["q"] == "identifiable"


def test_a_true_placebo_is_still_one():
    """What nothing reads is named, wherever the lines go."""
    asked = problem(
        [dk.Parameter("a", 0.0, 2.0), dk.Parameter("idle", 1e-3, 1e3, scale="log")],
        lambda p, xp: p.a * T,
        {"a": 1.0, "idle": 1.0},
    )
    one = probe(asked)
    assert words(check_placebo(one)) == [("placebo", "idle")]
    assert [s.exponents for s in find_symmetries(one)] == [{"idle": "1"}]


@pytest.mark.parametrize("upper", [1e3, 1e6, 1e10])
def test_a_rate_that_saturates_has_no_symmetry_however_wide_its_range(upper):
    """The data fix the rate near its lower bound; that it acts nowhere else changes nothing."""
    t = np.linspace(1.0, 4.0, 30)
    asked = problem(
        [dk.Parameter("V", 0.0, 10.0), dk.Parameter("k", 6.0, upper, scale="log")],
        lambda p, xp: p.V * (1.0 - np.exp(-p.k * t)),
        {"V": 2.0, "k": 7.0},
        sigma=1e-5,
    )
    one = found(asked, dk.Criterion("p_value", at_least=0.01))
    assert one.symmetries == []
    assert set(one.identifiability.values()) == {"identifiable"}


def test_a_symmetry_beside_what_acts_in_a_corner_is_still_found():
    """The product's symmetry is exact although a third parameter acts nearly nowhere."""
    asked = problem(
        [
            dk.Parameter("a", 0.5, 2.0),
            dk.Parameter("b", 0.5, 2.0),
            dk.Parameter("q", 0.0, 10.0),
        ],
        lambda p, xp: p.a * p.b * np.exp(-T) + np.maximum(p.q - 9.9, 0.0) * T,
        {"a": 1.0, "b": 1.2, "q": 5.0},
    )
    one = probe(asked)
    symmetries = [s.exponents for s in find_symmetries(one) if s.exact]
    assert symmetries == [{"a": "1", "b": "-1"}]


def test_a_true_stop_behind_a_threshold_stays_conclusive():
    """A parameter that acts in a corner, and does not help, makes no stop doubtful."""
    asked = dk.FitProblem(
        [dk.Parameter("a", 0.0, 1.0), dk.Parameter("q", 0.0, 10.0)],
        lambda p, s: p.a * np.ones(8) + 0.01 * np.maximum(p.q - 9.8, 0.0) * np.arange(8.0),
        dk.observations(5.0 * np.ones(8), 0.1),
    )
    (reach,) = found(asked, dk.Criterion("chi2", below=20.0)).reachability
    assert not reach.met
    assert reach.conclusive


@pytest.mark.parametrize(("bar", "met"), [(8.0, True), (14.0, False)])
def test_a_prediction_that_grows_in_a_corner_alone_has_its_whole_range(bar, met):
    """A criterion on a prediction counts what it is where two parameters act together."""
    asked = dk.FitProblem(
        [dk.Parameter("a", 0.0, 1.0), dk.Parameter("q", 0.0, 1.0), dk.Parameter("r", 0.0, 1.0)],
        lambda p, s: {"y": p.a + 4e3 * max(p.q - 0.95, 0.0) * max(p.r - 0.94, 0.0)},
        {"y": dk.Observation(1.0, 0.1)},
    )
    (reach,) = found(asked, dk.Criterion("y", at_least=bar)).reachability
    assert reach.met == met
    if not met:
        assert reach.reaches[0].highest == pytest.approx(13.0)


def test_more_dips_than_can_be_searched_are_no_stop():
    """Where chi2 dips along a parameter at every other point, no stop is conclusive."""
    asked = dk.FitProblem(
        [dk.Parameter("a", 0.0, 1.0), dk.Parameter("w", 0.0, 1.0)],
        lambda p, s: p.a + 2.0 * np.sin(1e3 * p.w + np.arange(8.0)),
        dk.observations(5.0 * np.ones(8), 0.1),
    )
    (reach,) = found(asked, dk.Criterion("chi2", below=20.0)).reachability
    assert not reach.met
    assert not reach.conclusive


# -- where the model is finite in a sliver ---------------------------------------------------


@pytest.mark.parametrize("upper", [1.0, 10.0, 60.0])
def test_symmetries_are_found_in_a_sliver(upper):
    """Where a hundredth of the box has numbers the product's symmetry is exact and told."""
    asked = problem(
        [
            dk.Parameter("A", 0.5, 5.0),
            dk.Parameter("B", 0.5, 5.0),
            dk.Parameter("k", 0.001, upper),
        ],
        lambda p, xp: -p.A * p.B * np.log(1.0 - p.k * T),
        {"A": 1.0, "B": 2.0, "k": 0.12},
    )
    one = found(asked)
    assert [s.exponents for s in one.symmetries if s.exact] == [{"A": "1", "B": "-1"}]
    assert one.rank == 2
    assert one.identifiability == {
        "A": "only through its bounds",
        "B": "only through its bounds",
        "k": "identifiable",
    }


def test_a_guess_is_a_place():
    """A model that is finite around its guess alone is not stopped, and told so."""
    asked = dk.FitProblem(
        [dk.Parameter("a", 0.0, 1.0, guess=0.3), dk.Parameter("b", 0.0, 1.0, guess=0.7)],
        lambda p, s: (
            np.array([p.a + p.b, p.a - p.b, p.a])
            if (p.a - 0.3) ** 2 + (p.b - 0.7) ** 2 < 1e-6
            else np.full(3, np.nan)
        ),
        dk.observations([1.0, -0.4, 0.3], 0.1),
    )
    (told,) = check_finite(probe(asked))
    assert told.severity == "warning"
    assert "a = 0.3, b = 0.7" in told.sentence
    one = found(asked)
    assert not [each for each in one.findings if each.severity == "stop"]
    assert set(one.identifiability.values()) == {"identifiable"}


def test_without_a_finite_place_nothing_is_called_identifiable():
    """A check that has nothing to look at is not made."""
    asked = dk.FitProblem(
        [dk.Parameter("a", 0.0, 1.0)],
        lambda p, s: np.sqrt(-1.0 - p.a) * np.ones(3),
        dk.observations(np.ones(3), 0.1),
    )
    for check in (find_symmetries, check_placebo, check_noise):
        with pytest.raises(NotMade):
            check(probe(asked))
    assert found(asked).identifiability == {}


def test_a_check_that_derivatives_keep_from_being_made_says_so():
    """A prediction that is finite all over, with the derivative of sqrt at 0."""
    t = np.linspace(0.0, 1.0, 5)
    asked = dk.FitProblem(
        [dk.Parameter("a", 0.1, 1.0), dk.Parameter("k", 0.1, 1.0)],
        lambda p, s: p.a * jnp.sqrt(p.k * t),
        dk.observations(np.sqrt(t), 0.1),
    )
    with pytest.raises(NotMade) as cut:
        find_symmetries(probe(asked))
    assert cut.value.why is Unmade.SLOPELESS


# -- steps -----------------------------------------------------------------------------------

STEPS = {
    "integer": np.floor,
    "coarse": lambda q: 3.0 * np.round(q / 3.0),
    "threshold": lambda q: 2.0 * (q > 8.7),
}


@pytest.mark.parametrize("name", STEPS)
def test_what_acts_in_steps_is_moved_by_steps(name):
    """A rounded parameter has no derivative, and yet is neither placebo nor unidentifiable."""
    step = STEPS[name]
    asked = problem(
        [dk.Parameter("a", 0.0, 5.0), dk.Parameter("q", 0.0, 10.0)],
        lambda p, xp: p.a + step(p.q) * T,
        {"a": 1.0, "q": 9.2},
    )
    one = probe(asked)
    symmetries = find_symmetries(one)
    rank, status, _ = identify(one, symmetries)
    assert symmetries == []
    assert rank == 2
    assert set(status.values()) == {"identifiable"}
    assert check_placebo(one) == []


@pytest.mark.parametrize("truth", [0.5, 3.4, 8.6, 11.7])
def test_the_right_step_is_within_reach(truth):
    """Along a staircase of twelve steps the one on which the data are met is found."""
    asked = problem(
        [dk.Parameter("a", -5.0, 5.0), dk.Parameter("n", 0.0, 12.0)],
        lambda p, xp: p.a + np.cos(np.floor(p.n) * T),
        {"a": 0.4, "n": truth},
    )
    one = found(asked, dk.Criterion("p_value", at_least=0.001))
    assert one.reachability[0].met
    assert one.reachability[0].best["n"] // 1 == truth // 1


# -- approximate symmetries ------------------------------------------------------------------


def log(name, lower, upper):
    """A parameter on a log scale."""
    return dk.Parameter(name, lower, upper, scale="log")


BROKEN = {
    "two thirds": (
        [log("a", 0.1, 5.0), log("b", 0.1, 50.0), log("k", 0.05, 5.0)],
        lambda p, xp: p.b * p.a ** (2 / 3) * np.exp(-p.k * T) * (1.0 + 1e-4 * p.a * T),
        {"a": 1.0, "b": 2.0, "k": 0.7},
        {"a": "1", "b": "-2/3"},
    ),
    "in a wide box": (
        [log("a", 0.1, 10.0), log("b", 0.01, 100.0), log("k", 0.05, 5.0)],
        lambda p, xp: p.a * p.b * np.exp(-p.k * T) + 5e-5 * p.a,
        {"a": 1.0, "b": 3.0, "k": 0.7},
        {"a": "1", "b": "-1"},
    ),
    "in a narrow box": (
        [log("a", 1.0, 3.0), log("b", 1.0, 3.0), log("k", 0.5, 1.0)],
        lambda p, xp: p.a / p.b * np.exp(-p.k * T) + 1e-4 * p.b,
        {"a": 2.0, "b": 1.5, "k": 0.7},
        {"a": "1", "b": "1"},
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_symmetry_that_the_data_do_not_feel_is_named(name):
    """Broken by less than a tenth of a sigma at the best fit it is approximate, with its size."""
    parameters, formula, truth, exponents = BROKEN[name]
    one = found(problem(parameters, formula, truth, sigma=0.02))
    (symmetry,) = one.symmetries
    assert symmetry.exponents == exponents
    assert not symmetry.exact
    assert 0.0 < symmetry.size <= 0.1
    assert "approximate_symmetry" in [code for code, _ in words(one.findings)]


def test_a_symmetry_that_the_data_feel_is_not_named():
    """The same product broken by half a sigma where the data are met is none."""
    asked = problem(
        [log("a", 0.1, 10.0), log("b", 0.1, 10.0), log("k", 0.05, 5.0)],
        lambda p, xp: p.a * p.b * np.exp(-p.k * T) + 0.01 * p.a * T,
        {"a": 1.0, "b": 3.0, "k": 0.7},
        sigma=0.02,
    )
    assert find_symmetries(probe(asked)) == []


def test_two_parameters_that_are_weak_alone_share_no_symmetry():
    """What moves nothing alone needs no partner: its own profile says that it is weak."""
    asked = problem(
        [dk.Parameter("a", 0.5, 2.0), dk.Parameter("b", 0.5, 2.0), dk.Parameter("d", 0.5, 2.0)],
        lambda p, xp: p.a * np.exp(-T) + 1e-4 * p.b * T + 1e-4 * p.d * T**2,
        {"a": 1.0, "b": 1.0, "d": 1.0},
    )
    assert find_symmetries(probe(asked)) == []


def test_a_shift_is_measured_by_half_a_range():
    """A sum broken by little is an approximate shift, one broken by much is none."""

    def shifted(strength):
        asked = problem(
            [dk.Parameter("a", 0.5, 2.0), dk.Parameter("b", 0.5, 2.0)],
            lambda p, xp: (p.a + p.b) * np.exp(-T) + strength * p.a * T,
            {"a": 1.0, "b": 1.3},
            sigma=0.02,
        )
        return [(s.kind, s.exponents, s.exact) for s in find_symmetries(probe(asked))]

    assert shifted(1e-4) == [("shift", {"a": "1", "b": "-1"}, False)]
    assert shifted(1e-2) == []


# -- chatter ---------------------------------------------------------------------------------


def chattering(amplitude, period, xp=np):
    """A decay whose last digits chatter along k with a period, in shares of its range."""
    phase = 2.0 * np.pi / period
    return problem(
        [dk.Parameter("A", 0.0, 10.0), dk.Parameter("k", 0.0, 3.0)],
        lambda p, xp: p.A * xp.exp(-p.k * T) + amplitude * 0.05 * xp.sin(phase * p.k / 3.0),
        {"A": 3.0, "k": 0.8},
        sigma=0.05,
        xp=xp,
    )


@pytest.mark.parametrize("period", [9e-4, 2.0**-11, 3e-5, 1e-6, 1e-7, 1 / 3e8, 7e-11])
@pytest.mark.parametrize("amplitude", [0.04, 0.5])
def test_chatter_of_any_period_is_noise(period, amplitude):
    """Of whatever period, it is found with its size in units of sigma and of chi2."""
    (told,) = check_noise(probe(chattering(amplitude, period)))
    assert told.code.word == "rough_objective"
    size = float(told.sentence.partition("noise of ")[2].partition(" ")[0])
    assert 0.3 * amplitude < size < 1.2 * amplitude
    assert "chi2 by" in told.sentence


def test_a_dozen_jumps_are_no_noise():
    """What jumps here and there is told as jumps, with their places, and not as noise."""
    asked = problem(
        [dk.Parameter("a", 0.0, 1.0), dk.Parameter("b", 0.0, 1.0)],
        lambda p, xp: np.round(12 * p.a) + np.round(13 * p.b) * T,
        {"a": 0.52, "b": 0.37},
    )
    assert check_noise(probe(asked)) == []


@pytest.mark.parametrize("period", [1e-2, 0.1])
def test_a_wave_that_a_fit_can_follow_is_no_noise(period):
    """What is smooth on the scale of a hundredth of the range is the model's own business."""
    assert check_noise(probe(chattering(0.5, period))) == []
