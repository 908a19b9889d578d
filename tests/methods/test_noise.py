"""Models that do not repeat themselves: fits end, nothing multiplies, and nothing is claimed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import daybreak as dk
from daybreak.diagnosis.claims import weigh
from daybreak.diagnosis.curve import Curve
from daybreak.diagnosis.scatter import HIDES, of_method, of_model, of_profile
from daybreak.ledger.records import TrialRecord
from daybreak.problem.ends import LEVEL_95
from daybreak.problem.kinds import EVALUATE, EVOLVE, FIT, POLISH
from daybreak.problem.levels import NEGLIGIBLE
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason
from tests.studies import play, record, recorded, study

AGES = np.linspace(0.5, 6.0, 14)
BAR = dk.Criterion("p_value", at_least=0.001)


def decay(draws, scatter=1.0):
    """Counts of a decay with rate r, averaged over a spread of rates by fresh draws."""
    rng = np.random.default_rng(11)

    def predict(p, _):
        u = np.full(1, 0.5) if draws is None else 0.5 + scatter * (rng.random(draws) - 0.5)
        rates = p.r * (0.5 + u)
        return p.n * np.mean(np.exp(-np.outer(AGES, rates)), axis=1)

    data = 40.0 * np.exp(-0.4 * AGES) + np.sin(9.0 * AGES)
    parameters = [dk.Parameter("n", 0, 200), dk.Parameter("r", 0.02, 4, scale="log")]
    return dk.FitProblem(parameters, predict, dk.observations(data, 1.0))


def trials(problem, method):
    """How many trials of a study are made."""
    return len({id(one) for _, outcomes in play(problem, method) for one in outcomes})


@pytest.mark.parametrize("points", [13, None])
def test_noise_ends_refinement(points):
    """A Monte-Carlo model takes hardly more trials than the same model without noise."""
    method = dk.Profile("r", points=points, starts=6)
    noisy, exact = trials(decay(30), method), trials(decay(None), method)

    assert noisy < 3 * exact
    assert noisy < 3 * method.expected_trials(decay(30))


def test_large_noise_is_flat_within_noise():
    """Noise as large as the level hides the ends: no claim, nothing identified, no verdict."""
    asked = [BAR, dk.Criterion("identified", of="r")]
    found = study(decay(5), dk.Profile("r", points=13, starts=6), *asked)

    assert found.noise > HIDES * LEVEL_95
    assert found.profile.code.word == "flat_within_noise"
    assert "not_repeatable" in {one.code.word for one in found.findings}
    assert found.verdict == "UNDECIDED"
    assert not weigh(found, None).supported
    assert all("seed" in one.sentence.lower() for one in found.outcomes)


def test_small_noise_is_not_repeatable():
    """Noise of some per cent of the level leaves a profile its shape, and withholds claims."""
    found = study(decay(400, 0.1), dk.Profile("r", points=13, starts=6), BAR)

    assert NEGLIGIBLE * LEVEL_95 < found.noise < HIDES * LEVEL_95
    assert found.profile.code.word != "flat_within_noise"
    assert found.verdict == "UNDECIDED"
    assert not weigh(found, None).supported


def test_a_multistart_hears_the_noise():
    """A multi-start evaluates its lowest end eight times, where the first two differ."""
    played = play(decay(30), dk.MultiStart(8))
    asked = [task for tasks, _ in played for task in tasks if "repeat" in task.options]

    assert len(asked) == 7
    assert study(decay(30), dk.MultiStart(8)).noise > NEGLIGIBLE * LEVEL_95


def test_noise_of_a_polished_end():
    """Where polishing found the lowest end, it is what was evaluated again that is compared."""
    place = {"n": 40.0, "r": 0.4}

    def trial(kind, why, chi2, **values):
        end = Outcome({**place, **values}, chi2, StopReason.GRADIENT, [0.2, 0.5])
        key = f"{kind.word} {chi2}"
        return TrialRecord(key, kind, Origin(why), (), (), grid=True, outcome=end)

    made = recorded(
        decay(None),
        dk.MultiStart(8),
        [
            trial(FIT, Why.START, 12.5, n=41.0),
            trial(POLISH, Why.POLISH, 12.0),
            trial(EVALUATE, Why.EVALUATE, 12.3),
        ],
    )

    assert of_model(made) == pytest.approx(0.3)


@pytest.mark.parametrize("method", [dk.MultiStart(8), dk.Profile("r", points=7, starts=4)])
@pytest.mark.parametrize("scatter", [0.1, 1.0])
def test_noise_is_neither_tension_nor_a_want_of_starts(method, scatter):
    """What noise does to chi2 and to the ends of fits is told as noise, and as nothing else."""
    found = study(decay(20, scatter), method, BAR)
    told = {one.code.word for one in found.findings}

    assert "not_repeatable" in told
    assert not told & {"tension", "missed_basin_possible", "not_settled"}
    assert found.verdict == "UNDECIDED"


def test_negligible_noise_withholds_nothing():
    """Noise far below a hundredth of the level is nobody's concern."""
    asked = [BAR, dk.Criterion("identified", of="r")]
    found = study(decay(400, 1e-4), dk.Profile("r", points=13, starts=6), *asked)
    exact = study(decay(None), dk.Profile("r", points=13, starts=6), *asked)

    assert 0.0 < found.noise < NEGLIGIBLE * LEVEL_95
    assert found.profile.code.word == exact.profile.code.word == "identified"
    assert found.verdict == exact.verdict == "PASS"
    assert weigh(found, None).supported
    (piece,), (right,) = found.profile.intervals, exact.profile.intervals
    width = right.upper - right.lower
    assert piece.lower == pytest.approx(right.lower, abs=0.01 * width)
    assert piece.upper == pytest.approx(right.upper, abs=0.01 * width)


def warm(steps):
    """A cube root by Newton steps that begin where the last call ended."""
    kept = {"y": np.ones(len(AGES))}

    def predict(p, _):
        y = kept["y"]
        for _step in range(steps):
            y = (2.0 * y + p.c * AGES / y**2) / 3.0
        kept["y"] = np.asarray(y, dtype=float)
        return y

    data = np.cbrt(3.0 * AGES) + 0.05 * np.cos(7.0 * AGES)
    return dk.FitProblem(
        [dk.Parameter("c", 0.1, 60, scale="log")], predict, dk.observations(data, 0.05)
    )


@pytest.mark.parametrize("steps", [1, 2, 3, 40])
def test_history_of_a_solver(steps):
    """What one call leaves behind for the next withholds the claim unless the set is right."""
    found = study(warm(steps), dk.Profile("c", starts=4), BAR)
    (right,) = study(warm(200), dk.Profile("c", starts=4), BAR).profile.intervals

    claim = weigh(found, None)
    if claim.supported:
        (piece,) = found.profile.intervals
        assert [piece.lower, piece.upper] == pytest.approx([right.lower, right.upper], rel=2e-3)
    assert claim.supported or steps < 40


def test_one_evaluation_tells_a_model_that_repeats_itself():
    """Of a model without noise one place is evaluated once more, and that is recorded anyhow."""
    problem, method = decay(None), dk.Profile("r", points=13, starts=6)
    evaluated = [
        task.options
        for tasks, _ in play(problem, method)
        for task in tasks
        if task.kind == EVALUATE
    ]

    assert not any("repeat" in options for options in evaluated)
    assert study(problem, method).noise == 0.0


def seeds(*chi2):
    """Runs of a stochastic method at one value."""
    return [
        TrialRecord(
            f"{i}",
            EVOLVE,
            Origin(Why.SEED, i),
            ("x",),
            (0.0,),
            grid=True,
            outcome=Outcome({"x": 0.0}, c, StopReason.POPULATION),
        )
        for i, c in enumerate(chi2)
    ]


def test_a_seed_that_went_astray_is_no_noise():
    """Where the two lowest seeds agree others count for nothing; else all of their spread does."""
    assert of_method([seeds(5.0, 5.0, 900.0)], LEVEL_95) == 0.0
    found = [seeds(5.0, 9.0, 900.0), seeds(5.0, 7.0), seeds(4.0, 7.0)]
    assert of_method(found, LEVEL_95) == 3.0
    assert of_method([seeds(5.0)], LEVEL_95) == 0.0


def test_pieces_within_the_noise_are_one():
    """Gaps and pieces that rise or fall by less than the noise are not told apart."""
    values = [float(i) for i in range(9)]
    chi2 = [90.0, 2.0, 0.0, LEVEL_95 + 0.3, 1.0, LEVEL_95 + 9.0, LEVEL_95 - 0.2, 40.0, 90.0]
    box = dk.Parameter("x", -1, 9)
    exact = Curve(values, chi2, 0.0, box)

    assert len(exact.intervals()) == 3
    (piece,) = replace(exact, noise=0.5).intervals()
    assert (piece.lower, piece.upper) == (exact.intervals()[0].lower, exact.intervals()[1].upper)


def chattering(amplitude, period):
    """A decay whose residuals carry a ripple of some sigma; the period is in units of k."""
    t = np.linspace(0.0, 6.0, 40)
    data = 3.0 * np.exp(-0.8 * t) + 0.05 * np.random.default_rng(144).standard_normal(40)

    def predict(p, _):
        return p.a * np.exp(-p.k * t) + amplitude * 0.05 * np.sin(2.0 * np.pi * p.k / period)

    parameters = [dk.Parameter("a", 0, 10), dk.Parameter("k", 0.1, 3)]
    return dk.FitProblem(parameters, predict, dk.observations(data, 0.05))


SCAN = dk.Profile("k", points=np.linspace(0.7, 0.9, 21))


@pytest.mark.parametrize("period", [6e-5, 6e-7])
def test_pieces_and_ends_no_finer_than_chatter(period):
    """What a ripple makes of one interval is told as one, and how unsure its ends are."""
    asked = dk.Criterion("identified", of="k")
    found, smooth = (study(chattering(a, period), SCAN, asked) for a in (0.04, 0.0))
    (piece,), (right,) = found.profile.intervals, smooth.profile.intervals

    assert found.profile.code == smooth.profile.code == "identified"
    assert [one.outcome for one in found.outcomes] == ["met"]
    width = right.upper - right.lower
    assert [piece.lower, piece.upper] == pytest.approx([right.lower, right.upper], abs=width / 10)
    assert "Chi2 trembles" in found.profile.sentence
    assert "Chi2 trembles" not in smooth.profile.sentence


def test_chatter_above_the_level_identifies_nothing():
    """Where the ripple is of the order of the level nothing is told, and what to do is said."""
    found = study(chattering(0.4, 6e-7), SCAN, dk.Criterion("identified", of="k"))

    assert found.profile.code == "flat_within_noise"
    assert found.verdict == "UNDECIDED"
    assert not weigh(found, None).supported
    assert "ighten what is loose" in found.outcomes[0].sentence


def test_few_turns_are_no_chatter():
    """Up to three turns within a hundredth of the set may be dips, or fits that ended early."""
    box = dk.Parameter("x", -1, 2)
    shape = [(0.0, 9.0), (0.1, 1.0), (0.5, 0.0), (0.9, 1.0), (1.0, 9.0)]

    def curve(turns):
        close = [(0.6 + 1e-4 * i, 2.0 * (i % 2)) for i in range(turns + 2)]
        points = sorted([*shape, *close])
        return Curve([v for v, _ in points], [c for _, c in points], 0.0, box)

    assert of_profile(curve(3)) == 0.0
    assert of_profile(curve(4)) == pytest.approx(2.0)


@pytest.mark.parametrize("edge", [2.7, 3.3])
def test_an_end_at_a_jump(edge):
    """Where chi2 jumps the interval ends at the jump, to a millionth of its width."""
    x = np.linspace(0.0, 1.0, 9)

    def predict(p, _):
        return p.a * x + np.where(p.s < edge, 0.1 * (p.s - 2.0), 3.0)

    data = 2.0 * x + 0.02 * np.cos(20.0 * x)
    problem = dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("s", 0, 6)], predict, dk.observations(data, 0.5)
    )
    (piece,) = study(problem, dk.Profile("s", points=13, starts=4)).profile.intervals

    assert piece.upper == pytest.approx(edge, abs=1e-6 * (piece.upper - piece.lower))
    assert piece.upper_reason == "data"


def implicit(steps, refined=None):
    """A decay by implicit Euler steps, whose number is a knob."""
    t = np.arange(1.0, 8.0)

    def predict(p, s):
        return p.a * (1.0 + p.k * t / s.steps) ** -s.steps

    data = 3.0 * np.exp(-0.3 * t) + 0.01 * np.cos(11.0 * t)
    return dk.FitProblem(
        [dk.Parameter("a", 0, 10), dk.Parameter("k", 0.05, 1.5)],
        predict,
        dk.observations(data, 0.02),
        settings={"steps": float(steps)},
        knobs=[] if refined is None else [dk.Knob("steps", refined=float(refined))],
    )


@pytest.mark.parametrize(("steps", "refined"), [(12, 24), (40, 80), (4000, 8000)])
def test_shifts_are_those_of_a_refit(steps, refined):
    """What refining a knob does to best fit and ends is what fitting all anew would show."""
    method = dk.Profile("k", points=np.linspace(0.1, 0.6, 41), starts=4)
    asked = dk.Criterion("identified", of="k")
    coarse, fine = study(implicit(steps, refined), method, asked), study(implicit(refined), method)
    (was,), (now,) = coarse.profile.intervals, fine.profile.intervals
    right = {
        "best fit": fine.best.parameters["k"] - coarse.best.parameters["k"],
        "lower end of k": now.lower - was.lower,
        "upper end of k": now.upper - was.upper,
    }

    assert {one.at: one.parameters["k"] for one in coarse.knobs} == pytest.approx(right, rel=0.02)
    large = max(map(abs, right.values())) > 0.1 * (was.upper - was.lower)
    assert weigh(coarse, None).supported == (not large)
    assert [one.outcome for one in coarse.outcomes] == ["undecided" if large else "met"]


def test_a_repeated_evaluation_is_a_trial_of_its_own():
    """Repeats are told apart by their key, so that a resumed study measures the same noise."""
    problem, method = decay(30), dk.Profile("r", points=5, starts=3)
    made = record(problem, method, play(problem, method))
    recorded = [t for t in made.trials if t.kind == EVALUATE and not t.again]
    places = [tuple(t.outcome.parameters.values()) for t in recorded]

    assert max(places.count(place) for place in places) >= 8
    assert math.isfinite(study(problem, method).noise)
