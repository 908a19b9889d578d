"""Before the night: settings that studies vary, and that change nothing, are named."""

import numpy as np
import pytest

import daybreak as dk
from daybreak.findings import NotChecked, Unmade
from daybreak.preflight.run import preflight
from tests.search.problems import bowl

X = [dk.Parameter("x", -5, 5), dk.Choice("kind", ["plain", "bent"])]
HORIZONS = {"horizon": [1, 3, 5]}


def found(rehearsal, over=HORIZONS, settings=None, budget=60.0, **replaced):
    """What the preflight finds of a sweep."""
    problem = bowl(
        parameters=X, rehearsal=rehearsal, settings=settings or {"horizon": 1}, **replaced
    )
    sweep = dk.Sweep("s", problem, dk.Search("random", trials=3), over)
    return preflight(dk.Campaign("c", [sweep]), budget)


def inert(found):
    """Findings about settings, by study."""
    return {
        one.study: finding
        for one in found.studies
        for finding in one.findings
        if finding.code.word == "inert_setting"
    }


def loss(c, trial, more=0.0):
    """Reads every parameter."""
    return {"loss": (c.x - 1) ** 2 + (c.kind == "bent") + more}


def test_a_setting_that_acts_costs_nothing_more():
    """Where the setting moves the objective nothing is found, and nothing more is rehearsed."""
    acts = found(lambda c, t: loss(c, t, 1e-9 * t.settings.horizon))
    alone = found(loss, [{"horizon": 1}])

    assert inert(acts) == {}
    assert {one.evaluations for one in acts.studies} == {alone.studies[0].evaluations}
    assert all(one.not_checked == [] for one in acts.studies)


def test_a_setting_that_is_never_read_is_named():
    """Studies whose setting reaches nothing are one study, and each of them says so."""
    findings = inert(found(loss))
    (sentence,) = {finding.sentence for finding in findings.values()}

    assert list(findings) == ["s horizon=1", "s horizon=3", "s horizon=5"]
    assert {(c.severity, c.parameter) for c in findings.values()} == {("warning", "horizon")}
    assert sentence == (
        "horizon changes nothing: 's horizon=1', 's horizon=3', 's horizon=5' gave the same "
        "loss, and every other metric, to the last digit in 4 configurations rehearsed under "
        "equal seeds; they are one study made 3 times. Give horizon to what makes the "
        "difference, or keep one of them."
    )


def test_shared_noise_hides_nothing():
    """An effect far below the noise between seeds is seen, and none is none to the last digit."""

    def noisy(c, trial):
        effect = 1e-3 * trial.settings.horizon * trial.settings.on
        return loss(c, trial, trial.rng.normal() + effect)

    settings = {"horizon": 1, "on": True}

    assert inert(found(noisy, settings=settings)) == {}
    findings = inert(found(noisy, settings={**settings, "on": False}))
    assert "to the last digit" in findings["s horizon=3"].sentence


def test_noise_of_its_own_is_no_effect():
    """Where every study has noise of its own, a setting without effect is named as such."""

    def restless(c, trial):
        own = np.random.default_rng([trial.seed, int(trial.settings.horizon)])
        return loss(c, trial, 0.1 * own.normal())

    findings = inert(found(restless))

    assert "horizon changes nothing beyond noise" in findings["s horizon=5"].sentence


def test_a_setting_that_matters_for_one_option_is_not_named():
    """Before a setting is named every option of a choice is asked."""

    def rarely(c, trial):
        return loss(c, trial, 0.1 * trial.settings.horizon if c.kind == "bent" else 0.0)

    assert inert(found(rarely)) == {}


def test_other_metrics_alone_make_a_note():
    """A setting that moves no objective but another metric is a note that says which."""
    findings = inert(found(lambda c, t: {**loss(c, t), "nominal": float(t.settings.horizon)}))
    finding = findings["s horizon=3"]

    assert finding.severity == "note"
    assert finding.sentence.startswith("horizon moves no objective: ")
    assert "differ in nominal alone" in finding.sentence


def test_one_of_two_settings_is_named():
    """Of a grid over two settings the one that changes nothing is named, once for each other."""
    settings = {"horizon": 1, "split": "a"}
    over = {"horizon": [1, 3], "split": ["a", "b"]}
    findings = inert(
        found(lambda c, t: loss(c, t, float(t.settings.split == "a")), over, settings)
    )

    assert {finding.parameter for finding in findings.values()} == {"horizon"}
    assert len({finding.sentence for finding in findings.values()}) == 2


def test_failing_under_one_value_is_an_effect():
    """A value under which the rehearsal fails does something."""

    def fails(c, trial):
        if trial.settings.horizon == 5:
            msg = "too far"
            raise ArithmeticError(msg)
        return loss(c, trial)

    assert list(inert(found(fails))) == ["s horizon=1", "s horizon=3"]


def test_single_studies_are_asked_nothing():
    """A study alone, and two that differ in problem or method alone, are not compared."""
    one, other = (bowl(parameters=X, rehearsal=loss, settings={"h": h}) for h in (1, 3))
    studies = [
        dk.Study("a", one, dk.Search("random", trials=3)),
        dk.Study("b", one, dk.Search("random", trials=4)),
        dk.Study("c", other, dk.Search("random", trials=3)),
    ]

    assert inert(preflight(dk.Campaign("c", studies))) == {}


def test_without_a_rehearsal_it_says_so():
    """Without a rehearsal the question is listed as not checked, for every study it concerns."""
    for one in found(None).studies:
        assert one.not_checked[1] == NotChecked(
            check="whether the studies differ by horizon", why=Unmade.UNREHEARSED
        )


def test_out_of_time_it_says_so():
    """With no time left the question is listed as not checked."""
    (first, *_) = found(loss, budget=0.0).studies

    assert first.not_checked[1] == NotChecked(
        check="whether the studies differ by horizon", why=Unmade.BUDGET
    )


def test_knobs_are_no_question():
    """A numerical setting that should not matter is not named when it does not."""
    cells = {"over": {"n": [8, 16]}, "settings": {"n": 8}, "knobs": [dk.Knob("n", refined=16)]}

    assert inert(found(loss, **cells)) == {}


@pytest.mark.parametrize("used", [True, False])
def test_settings_of_fits(used):
    """A setting of a fit that moves no residual is named, with the studies that are one."""
    import jax.numpy as jnp

    def predict(p, settings):
        return p.a * jnp.ones(3) + settings.k * used

    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 1)], predict, dk.observations(np.ones(3), 0.1), settings={"k": 0.0}
    )
    sweep = dk.Sweep("s", problem, dk.MultiStart(starts=2), {"k": [0.0, 1.0]})
    findings = inert(preflight(dk.Campaign("c", [sweep])))

    if used:
        assert findings == {}
    else:
        assert findings["s k=1"].sentence.startswith(
            "k moves no residual: 's k=0', 's k=1' predict the same at 32 places; they are one"
        )
