"""What holds the ends of a 95 % set: bounds of nuisances, priors, symmetries, the scan."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import daybreak as dk
from daybreak.problem.kinds import LOOSENED
from daybreak.report import curves
from tests.studies import play, study

T = np.linspace(0.2, 5.0, 24)


def asked(problem, method):
    """How many trials questioned the ends."""
    rounds = play(problem, method)
    return sum(task.kind == LOOSENED for tasks, _ in rounds for task in tasks)


def product(b, *, scale="linear", physical=(None, None), xp=np, width=0.01):
    """One datum, the product of a and b."""
    return dk.FitProblem(
        [
            dk.Parameter("a", 0.5, 60, scale=scale),
            dk.Parameter("b", *b, scale=scale, physical=physical),
        ],
        lambda p, _: xp.stack([p.a * p.b]),
        dk.observations([12.0], [width]),
    )


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("xp", [np, jnp])
def test_the_bounds_of_a_partner_end_the_set(scale, xp):
    """Of a product only the bounds of b end the set of a: they are named, and it is not met."""
    found = study(
        product((2, 6), scale=scale, xp=xp),
        dk.Profile("a", points=13),
        dk.Criterion("identified", of="a"),
    )
    (piece,) = found.profile.intervals

    assert found.profile.code.word == "bound_limited"
    assert (piece.lower_reason, piece.lower_of) == ("bound of a nuisance", ["b"])
    assert (piece.upper_reason, piece.upper_of) == ("bound of a nuisance", ["b"])
    assert not piece.lower_closed
    assert not piece.upper_closed
    assert [piece.lower, piece.upper] == pytest.approx([2.0, 6.0], rel=0.01)
    assert "the bounds of b end the set, not the data" in found.profile.sentence
    assert found.outcomes[0].outcome != "met"


def test_a_physical_limit_of_a_partner_is_no_bound():
    """What physics allows of b is no accident of the box: the set of a ends there by the data."""
    found = study(product((2, 6), physical=(2, 6)), dk.Profile("a", points=13)).profile

    assert found.code.word == "identified"
    assert asked(product((2, 6), physical=(2, 6)), dk.Profile("a", points=13)) == 0


def line(offset=(-5, 5), prior=None):
    """A straight line, offset + slope (T - 2), with sigma 0.3."""
    return dk.FitProblem(
        [dk.Parameter("slope", -5, 5, prior=prior), dk.Parameter("offset", *offset)],
        lambda p, _: p.offset + p.slope * (T - 2.0),
        dk.observations(1.0 + 0.5 * (T - 2.0), 0.3),
    )


def test_where_nothing_acts_nothing_is_asked():
    """With the nuisances inside their bounds and no prior not one trial more is made."""
    assert asked(line(), dk.Profile("slope")) == 0
    assert study(line(), dk.Profile("slope")).profile.code.word == "identified"


def test_a_bound_that_does_not_matter():
    """A nuisance that no datum feels may sit on its bound: the end stays where it is."""
    problem = dk.FitProblem(
        [dk.Parameter("m", -5, 5), dk.Parameter("idle", 0, 1, guess=0.0)],
        lambda p, _: np.array([p.m + 1e-9 * p.idle, 2.0 * p.m]),
        dk.observations([1.0, 2.0], 0.3),
    )
    found = study(problem, dk.Profile("m", points=11)).profile

    assert found.code.word == "identified"
    assert found.intervals[0].upper_of == []


def test_the_bound_at_the_best_fit():
    """The best offset lies beyond its bound: with it the slope would move, so it ends the set."""
    found = study(line(offset=(1.5, 5)), dk.Profile("slope", points=15)).profile

    assert found.code.word == "bound_limited"
    assert "the bounds of offset end the set" in found.sentence


def test_two_nuisances_one_of_which_does_it():
    """Of two nuisances on their bounds the one is named with which the end moves."""
    problem = dk.FitProblem(
        [
            dk.Parameter("a", 0.5, 60),
            dk.Parameter("b", 2, 6),
            dk.Parameter("c", 0.0, 1.0),
        ],
        lambda p, _: np.array([p.a * p.b, p.c + 0.3 * p.a / 100.0]),
        dk.observations([12.0, 0.0], [0.01, 1.0]),
    )
    piece = study(problem, dk.Profile("a", points=13)).profile.intervals[0]

    assert piece.upper_of == ["b"]


def test_either_of_two_nuisances():
    """The set of a ends at a sum of two bounds, either of which moves it: both are named."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 50), dk.Parameter("b", 0, 3), dk.Parameter("c", 0, 4)],
        lambda p, _: np.array([p.a - p.b - p.c]),
        dk.observations([10.0], [0.01]),
    )
    piece = study(problem, dk.Profile("a", points=13)).profile.intervals[0]

    assert piece.upper == pytest.approx(17.0, rel=0.01)
    assert piece.upper_of == ["b", "c"]


def test_either_of_two_nuisances_one_of_which_would_do_for_both():
    """Each bound moved alone moves the end; with both moved one nuisance stays inside its own."""
    problem = dk.FitProblem(
        [
            dk.Parameter("a", -10, 20),
            dk.Parameter("b", 1e-10, 1, scale="log"),
            dk.Parameter("c", -1, 1),
        ],
        lambda p, _: np.stack([p.a + p.b + p.c, p.c]),
        dk.observations([5.0, 0.8], [1.0, 0.6]),
    )
    (piece,) = study(problem, dk.Profile("a", points=13)).profile.intervals

    assert (piece.lower_reason, piece.lower_of) == ("bound of a nuisance", ["b", "c"])


@pytest.mark.parametrize("xp", [np, jnp])
def test_the_bounds_of_a_scale_factor(xp):
    """A strength is known up to a factor within [0.8, 1.25]: its bounds end the set."""
    problem = dk.FitProblem(
        [dk.Parameter("strength", 0.1, 9)],
        lambda p, _: p.strength * xp.asarray([1.0, 2.0, 3.0]),
        dk.observations([2.0, 4.0, 6.0], 0.01),
        scale_factors=[dk.ScaleFactor("gain", lower=0.8, upper=1.25)],
    )
    found = study(problem, dk.Profile("strength", points=15)).profile
    free = study(
        dk.FitProblem(
            [dk.Parameter("slope", -3, 9)],
            lambda p, _: 1.0 + p.slope * xp.asarray([0.0, 1.0, 2.0]),
            dk.observations([2.0, 4.0, 6.0], 0.1),
            scale_factors=[dk.ScaleFactor("gain", lower=0.1, upper=20.0)],
        ),
        dk.Profile("slope", points=15),
    ).profile

    assert found.code.word == "bound_limited"
    assert found.intervals[0].lower_of == found.intervals[0].upper_of == ["gain"]
    assert [found.intervals[0].lower, found.intervals[0].upper] == pytest.approx(
        [2.0 / 1.25, 2.0 / 0.8], rel=0.01
    )
    assert free.code.word == "identified"


# -- priors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("xp", [np, jnp])
def test_only_a_prior_ends_the_set(xp):
    """No datum sees z: its prior alone ends the set, and the claim is held back."""
    z = dk.Parameter("z", -4, 9, prior=dk.Normal(2.0, 0.4))
    problem = dk.FitProblem(
        [dk.Parameter("m", 0, 3), z],
        lambda p, _: p.m * xp.ones(6) + 0.0 * p.z,
        dk.observations(np.linspace(0.8, 1.2, 6), 0.1),
    )
    found = study(problem, dk.Profile("all"), dk.Criterion("identified", of="z"))
    m, z = found.profile_of("m"), found.profile_of("z")

    assert (z.code.word, z.intervals[0].upper_of) == ("prior_limited", ["z"])
    assert "only" not in z.sentence
    assert "the prior of z ends the set, not the data" in z.sentence
    assert found.outcomes[0].outcome == "missed"
    assert m.code.word == "identified"
    assert m.intervals[0].lower_of == []


def test_a_prior_that_only_narrows():
    """The data close the set as well, but wider: it is identified, and the prior is named."""
    found = study(line(), dk.Profile("slope")).profile
    width = found.intervals[0].upper - found.intervals[0].lower
    prior = dk.Normal(0.5, width / 8)
    narrow = study(line(prior=prior), dk.Profile("slope")).profile

    assert narrow.code.word == "identified"
    assert narrow.intervals[0].upper_of == ["slope"]
    assert "the prior of slope moves them: the data alone give" in narrow.sentence
    (alone,) = narrow.data_alone
    assert alone.upper - alone.lower == pytest.approx(width, rel=0.02)


def test_the_prior_of_a_nuisance():
    """The set of a is ended by the prior of b, the other factor of all that is measured."""
    problem = dk.FitProblem(
        [
            dk.Parameter("a", 0.1, 100, scale="log"),
            dk.Parameter("b", 0.1, 100, scale="log", prior=dk.LogNormal(3.0, 0.1)),
        ],
        lambda p, _: np.array([p.a * p.b]),
        dk.observations([12.0], [0.1]),
    )
    found = study(problem, dk.Profile("a")).profile

    assert found.code.word == "prior_limited"
    assert found.intervals[0].lower_of == ["b"]


def test_a_prior_that_leaves_one_of_two_pieces():
    """The data know m^2 alone; the prior leaves the positive piece, whose lower end is its own."""
    problem = dk.FitProblem(
        [dk.Parameter("m", -4, 4, prior=dk.Normal(1.0, 0.5))],
        lambda p, _: np.array([p.m**2]),
        dk.observations([1.0], [0.1]),
    )
    found = study(problem, dk.Profile("m", points=33)).profile

    assert found.code.word == "prior_limited"
    assert [one.lower_reason.value for one in found.intervals] == ["prior"]
    assert len(found.data_alone) == 2


def test_marginal_profiles_of_a_map():
    """Both profiles of a map know what holds their ends."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 0.5, 60), dk.Parameter("b", 2, 6), dk.Parameter("c", -5, 5)],
        lambda p, _: np.array([p.a * p.b, p.c]),
        dk.observations([12.0, 1.0], [0.5, 0.2]),
    )
    found = study(problem, dk.Profile("a", "c", points=(9, 7), starts=6))

    assert found.profile_of("a").code.word == "bound_limited"
    assert found.profile_of("c").code.word == "identified"


# -- the scan and the solver -----------------------------------------------------------------


def test_nothing_is_flat_beyond_the_scan():
    """A profile that is level where the scan ends inside the box ends by the scan."""
    problem = dk.FitProblem(
        [dk.Parameter("m", -3, 8)],
        lambda p, _: np.array([0.4 * np.tanh(4 * p.m) + 8 * max(p.m - 5, 0) + 4 * min(p.m, 0)]),
        dk.observations([0.0], 1.0),
    )
    found = study(problem, dk.Profile("m", points=np.linspace(-3, 4, 29))).profile

    assert found.intervals[0].upper_reason == "scan edge"
    assert "a scan edge ends the set" in found.sentence
    assert "flat" not in found.sentence


def test_a_refinement_that_failed_is_no_wall():
    """Counts of a falling line, whose expectation must stay positive: the data end the set."""
    x = np.linspace(-1.0, 1.0, 20)
    counts = np.random.default_rng(3).poisson(4.0 - 3.4 * x)
    problem = dk.FitProblem(
        [dk.Parameter("c", -5, 25), dk.Parameter("b", -25, 25)],
        lambda p, _: p.c + p.b * x,
        dk.observations(counts, noise=dk.Poisson()),
    )
    found = study(problem, dk.Profile("b", starts=6)).profile

    assert found.code.word == "identified"
    assert {"data"} == {found.intervals[0].lower_reason, found.intervals[0].upper_reason}
    narrow = sorted(value for value, chi2 in found.fitted if chi2 < found.chi2_min + 6)
    assert narrow[0] < found.intervals[0].lower < found.intervals[0].upper < narrow[-1]


# -- ends that were sought from the best fit ---------------------------------------------------


def test_intervals_know_the_bounds_of_a_partner():
    """The interval of a factor is put down to the bounds of the other one."""
    found = study(product((2, 6), width=0.2), dk.Intervals("a")).profile

    assert found.code.word == "bound_limited"
    assert found.intervals[0].lower_of == found.intervals[0].upper_of == ["b"]
    assert "no other would be seen" in found.sentence


def test_intervals_know_priors():
    """Without its prior nothing ends the interval of z; that of the slope is only wider."""
    z = dk.Parameter("z", -4, 9, prior=dk.Normal(2.0, 0.4))
    problem = dk.FitProblem(
        [dk.Parameter("slope", -5, 5, prior=dk.Normal(0.5, 0.03)), z],
        lambda p, _: p.slope * (T - 2.0) + 0.0 * p.z,
        dk.observations(0.5 * (T - 2.0), 0.3),
    )
    found = study(problem, dk.Intervals("all"))

    assert found.profile_of("z").code.word == "prior_limited"
    assert found.profile_of("slope").code.word == "identified"
    assert found.profile_of("slope").intervals[0].upper_of == ["slope"]


def test_intervals_ask_no_more_where_nothing_acts():
    """Without priors and with all nuisances inside their bounds the ends are sought once."""
    assert asked(line(), dk.Intervals("slope")) == 0


def test_intervals_tell_the_other_minimum():
    """Both m and -m describe the data alike: the piece that was not followed is told as such."""
    problem = dk.FitProblem(
        [dk.Parameter("m", -3, 4)],
        lambda p, _: np.array([p.m**2]),
        dk.observations([2.0], [0.2]),
    )
    found = study(problem, dk.Intervals("m"), dk.Criterion("identified", of="m"))
    profile = found.profile
    told = [piece for piece in profile.intervals if piece.upper > piece.lower]

    assert profile.code.word == "unfinished"
    assert [one.inside for one in profile.other_minima] == [True]
    assert profile.other_minima[0].value == pytest.approx(-told[0].upper, rel=0.1)
    assert "only one piece of its 95 % set was followed" in profile.sentence
    assert found.outcomes[0].outcome == "undecided"
    assert found.outcomes[0].sentence.count("dk.Profile") == 1
    assert "is not decided: only one piece" in found.outcomes[0].sentence
    assert "a piece around -1.4" in curves.intervals(profile)


def test_intervals_tell_a_higher_minimum():
    """A minimum that is too high for the 95 % set is told beside the interval."""
    problem = dk.FitProblem(
        [dk.Parameter("m", -3, 4)],
        lambda p, _: np.array([p.m**2, p.m]),
        dk.observations([2.0, 1.4], [0.2, 0.5]),
    )
    profile = study(problem, dk.Intervals("m", starts=12)).profile
    (other,) = profile.other_minima

    assert profile.code.word == "identified"
    assert (other.inside, other.value < 0.0, other.rise > 3.9) == (False, True, True)
    assert "Another minimum was seen at m = -1.3" in profile.sentence


@pytest.mark.parametrize("method", [dk.Profile("b", starts=2), dk.Intervals("b", budget=400)])
@pytest.mark.parametrize(
    "factors",
    [
        {"offsets": [dk.Offset("N", lower=-0.3, upper=0.3)]},
        {"offsets": [dk.Offset("N", prior=dk.Normal(0.0, 0.1))]},
    ],
    ids=["bounds", "prior"],
)
def test_a_factor_that_alone_holds_an_end_is_named_by_every_method(tmp_path, method, factors):
    """What ends a set is the bound or the prior of an offset that trades with the parameter."""
    x = np.linspace(0.0, 1.0, 12)
    problem = dk.FitProblem(
        [dk.Parameter("b", 0.1, 10), dk.Parameter("t", -10, 10)],
        lambda p, s: p.b + p.t * x,
        dk.observations(3.0 + 0.6 * x, 0.1),
        **factors,
    )
    found = dk.run(dk.Campaign("c", [dk.Study("s", problem, method)]), tmp_path, anyway=True)
    (piece,) = found["s"].profile.intervals
    assert piece.lower_reason == piece.upper_reason != "data"
    assert (piece.lower_of, piece.upper_of) == (["N"], ["N"])
