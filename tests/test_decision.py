"""Decision tables: several conditions at once, one study alone, and studies compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_distribution

import daybreak as dk
from daybreak.decision import compared, condition_in_words, decide

X = np.linspace(-1.0, 1.0, 30)
Y = 1.0 + 0.5 * X + 0.1 * np.sin(37.0 * X)


def polynomial(degree, values=Y, upper=5.0):
    """A polynomial with coefficients c0, c1, ... in [-5, upper], fitted with sigma 0.1."""
    names = [f"c{i}" for i in range(degree + 1)]

    def predict(p, settings):
        return sum(getattr(p, name) * X**i for i, name in enumerate(names))

    parameters = [dk.Parameter(name, -5.0, upper) for name in names]
    return dk.FitProblem(parameters, predict, dk.observations(values, 0.1))


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A constant, a line and a parabola; the line again for other data, and cut by a bound."""
    plan = {
        "constant": polynomial(0),
        "line": polynomial(1),
        "parabola": polynomial(2),
        "elsewhere": polynomial(1, Y + 1.0),
        "bounded": polynomial(1, upper=0.4),
    }
    campaign = dk.Campaign(
        "nested",
        [dk.Study(name, problem, dk.MultiStart(starts=3)) for name, problem in plan.items()],
    )
    return dk.run(campaign, tmp_path_factory.mktemp("nested")).studies


def named(studies, name):
    """One of them."""
    return next(study for study in studies if study.name == name)


def taken(studies, *conditions):
    """Whether a row with these conditions is taken."""
    table = [dk.Decision("row", "yes", when=list(conditions)), dk.Decision("else", "no")]
    found = decide([row.describe() for row in table], studies)
    return found[0] == 0


def test_information_criteria(studies):
    """AIC is chi2 + 2 k and BIC chi2 + k log n, and differences of both compare studies."""
    line, constant = named(studies, "line"), named(studies, "constant")

    assert line.metrics.aic == pytest.approx(line.best.chi2 + 4.0)
    assert line.metrics.bic == pytest.approx(line.best.chi2 + 2.0 * math.log(30))
    fall = constant.best.chi2 - line.best.chi2
    assert compared("aic", line, constant) == pytest.approx(2.0 - fall)
    assert taken(studies, dk.Condition(quantity="aic", than="constant", study="line", below=-10))
    assert not taken(
        studies, dk.Condition(quantity="aic", than="line", study="parabola", below=-3)
    )


def test_likelihood_ratio(studies):
    """The p value of a nested study is the tail of chi2 with as many degrees of freedom."""
    line, constant, parabola = (named(studies, n) for n in ("line", "constant", "parabola"))
    fall = constant.best.chi2 - parabola.best.chi2

    found = compared("likelihood_ratio", parabola, constant)
    assert found == pytest.approx(chi2_distribution.sf(fall, 2), rel=1e-6)
    asked = dk.Condition(quantity="likelihood_ratio", than="line", study="parabola", below=0.01)
    assert not taken(studies, asked)
    assert compared("likelihood_ratio", constant, line) is None


@pytest.mark.parametrize("quantity", ["chi2", "aic", "bic", "likelihood_ratio"])
def test_other_data_are_not_compared(studies, quantity):
    """Fits to other data have nothing to say to each other."""
    assert compared(quantity, named(studies, "elsewhere"), named(studies, "constant")) is None


def test_a_bound_spoils_the_ratio(studies):
    """At a bound the likelihood ratio has another distribution, so there is no p value."""
    bounded, constant = named(studies, "bounded"), named(studies, "constant")

    assert bounded.best.at_bounds
    assert compared("likelihood_ratio", bounded, constant) is None
    assert compared("aic", bounded, constant) is not None


def test_all_conditions_of_a_row(studies):
    """A study counts for a row only if it meets every condition of it."""
    near = dk.Condition(quantity="c0", above=0.9, below=1.1)
    sloped = dk.Condition(quantity="c1", above=0.45, below=0.6)

    assert taken(studies, near, sloped)
    assert not taken(studies, near, dk.Condition(quantity="c1", above=0.7))
    assert not taken(
        studies, dk.Condition(quantity="c0", above=0.9, below=1.1, at_least=5), sloped
    )


def test_words():
    """A condition reads as a sentence would."""
    row = dk.Decision(
        "row",
        "then",
        when=[
            dk.Condition(quantity="chi2", below=10.0),
            dk.Condition(quantity="S", above=1.0, below=10.0),
            dk.Condition(quantity="aic", study="line", than="constant", below=-2.0),
        ],
    )

    assert condition_in_words(row.describe()["when"]) == (
        "at least 1 with chi2 < 10 and S > 1 and < 10 "
        "and line with aic minus that of constant < -2"
    )


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (dk.Condition(quantity="chi2", below=1, study="curve"), "study 'curve'.*'constant'"),
        (dk.Condition(quantity="chi2", below=1, than="curve"), "study 'curve'.*'constant'"),
        (dk.Condition(quantity="c7", below=1), "asks for 'c7'.*'aic'"),
    ],
)
def test_a_row_that_can_never_hold_is_refused(condition, words):
    """A condition on a study or quantity that is not there is refused with those there are."""
    studies = [dk.Study("constant", polynomial(0), dk.MultiStart(starts=2))]
    rows = [dk.Decision("row", "yes", when=condition), dk.Decision("else", "no")]
    with pytest.raises(dk.PlanError, match=words):
        dk.Campaign("x", studies, decisions=rows)


def test_a_ratio_needs_another_study():
    """A likelihood ratio without a second study is refused."""
    with pytest.raises(dk.PlanError, match="nested one in `than=`"):
        dk.Condition(quantity="likelihood_ratio", below=0.01)
