"""What a campaign decides: from results alone, and again when follow-up studies have ended."""

from __future__ import annotations

import io
import json

import pytest

import daybreak as dk
from daybreak.preflight.run import preflight
from daybreak.report import html, markdown, wording
from daybreak.runner import night


def search(value, bar=0.5):
    """A study whose objective is `value`, or raises it."""

    def evaluate(c, _):
        if isinstance(value, Exception):
            raise value
        return {"gain": value * c.x}

    problem = dk.SearchProblem(
        [dk.Choice("x", [1, 2])],
        evaluate,
        dk.Objective("gain", "maximise"),
        deterministic=True,
        name=f"gain {value}",
    )
    return problem, dk.Search("random", trials=2), [dk.Criterion("gain", above=bar)]


def study(name, value, **more):
    """The same as a study."""
    problem, method, accept = search(value)
    return dk.Study(name, problem, method, accept, **more)


BROKEN = OSError("no licence")
PUBLISH = dk.Decision("publish", "It works: publish.", when=dk.Condition(verdict="PASS"))
OTHERWISE = dk.Decision("nothing", "Nothing beats it: publish the baseline.")


def run(place, studies, *rows, **more):
    """A campaign that was run without a word."""
    campaign = dk.Campaign("decided", studies, decisions=rows, **more)
    return dk.run(campaign, place, progress=io.StringIO())


# -- from results alone ------------------------------------------------------------------------


def test_no_decision_without_a_result(tmp_path):
    """Where every trial failed no row is taken, the last neither, and every output says so."""
    broken = [study("a", BROKEN), study("b", OSError("no data"))]
    results = run(tmp_path, broken, PUBLISH, OTHERWISE)
    summary, said = results.summary, "No decision is taken: no counted study has a result (a, b)."

    assert summary.finished
    assert (results.decision, summary.no_decision, summary.has_result) == (None, said, False)
    for text in (str(results), markdown.render(summary), html.render(summary, pictures=False)):
        assert said in text
        assert "publish" not in text
    assert json.loads((tmp_path / "summary.json").read_text())["no_decision"] == said
    log = (tmp_path / "night.log").read_text()
    assert "no decision: no counted study has a result (a, b)" in log
    assert "--retry-failed" in wording.next_step(summary)


def test_a_fit_that_never_ended(tmp_path):
    """A fit without any finite prediction has no result, whatever its criteria ask."""
    never = dk.FitProblem(
        [dk.Parameter("a", 0.0, 1.0)],
        lambda p, _: [p.a, float("nan")],
        dk.observations([1.0, 2.0], 0.1),
    )
    soft = [dk.Criterion("chi2", below=1.0, level="soft")]
    one = dk.Study("never", never, dk.MultiStart(starts=2), soft)
    campaign = dk.Campaign("never", [one], decisions=[OTHERWISE])
    results = dk.run(campaign, tmp_path, progress=io.StringIO(), anyway=True)

    assert results["never"].verdict == "UNDECIDED"
    assert results.decision is None


def test_what_is_missing_is_named(tmp_path):
    """A decision from a part of the studies names those without a result."""
    results = run(tmp_path, [study("a", BROKEN), study("b", 0.1)], PUBLISH, OTHERWISE)

    assert results.decision.name == "nothing"
    assert results.decision.reason == "no other row holds; without a result: a"
    assert results.summary.no_decision == ""


@pytest.mark.parametrize(
    "condition",
    [
        dk.Condition(verdict="UNDECIDED", study="a"),
        dk.Condition(verdict="UNDECIDED"),
        dk.Condition(quantity="completed", below=0.5),
        dk.Condition(quantity="gain", below=9.0, every=True),
    ],
)
def test_no_condition_holds_for_what_has_no_result(tmp_path, condition):
    """A study that found nothing meets no condition, and spoils one on every study."""
    row = dk.Decision("broken", "Mend it.", when=condition)
    results = run(tmp_path, [study("a", BROKEN), study("b", 0.1)], row, OTHERWISE)

    assert results.decision.name == "nothing"


def test_without_a_table(tmp_path):
    """The next step says that there is no result where no decision table was declared."""
    results = run(tmp_path, [study("a", BROKEN)])

    assert (results.decision, results.summary.no_decision) == (None, "")
    assert "why no counted study has a result" in wording.next_step(results.summary)


# -- read again --------------------------------------------------------------------------------


def follow(*asked):
    """A follow-up that asks for these studies."""
    return lambda _: list(asked)


TWICE = dk.Decision("twice", "Twice: sure.", when=dk.Condition(verdict="PASS", at_least=2))


def once(*asked):
    """A row that asks for more when one study passes."""
    when = dk.Condition(verdict="PASS")
    return dk.Decision("once", "Once: look again.", when=when, follow_up=follow(*asked))


def test_the_table_is_read_again(tmp_path):
    """When follow-ups have ended another row may hold; the report shows both readings."""
    rows = (TWICE, once(study("again", 0.8)), OTHERWISE)
    results = run(tmp_path, [study("a", 0.9)], *rows)
    first, second = results.decision.readings

    assert (first.name, first.reason) == ("once", "1 of 1 counted studies: a")
    assert (second.name, second.reason) == ("twice", "2 of 2 counted studies: a, again")
    assert results.decision.sentence == "Twice: sure."
    assert results.decision.follow_ups == ["again"]
    told = wording.readings(results.summary)
    assert told == [
        "First reading, of the plan: once (1 of 1 counted studies: a).",
        "Read again with again: twice in place of once (2 of 2 counted studies: a, again).",
    ]
    assert all(one in markdown.render(results.summary) for one in told)
    assert all(one in html.render(results.summary, pictures=False) for one in told)
    assert run(tmp_path, [study("a", 0.9)], *rows).decision == results.decision


def test_a_follow_up_that_fails_changes_nothing(tmp_path):
    """The same row holds where the follow-up has no result, and it starts nothing twice."""
    results = run(tmp_path, [study("a", 0.9)], TWICE, once(study("again", BROKEN)), OTHERWISE)

    assert [one.name for one in results.decision.readings] == ["once", "once"]
    assert results.decision.reason == "1 of 1 counted studies: a"
    assert "without a result: again" in results.decision.readings[-1].reason
    assert "once as before" in wording.readings(results.summary)[1]
    assert [one.name for one in results.studies] == ["a", "again"]


def test_a_repetition_is_not_counted(tmp_path):
    """A follow-up that says `counted=False` is read only where a row names it."""
    again = study("again", 0.8, counted=False)
    named = dk.Condition(verdict="PASS", study="again")
    sure = dk.Decision("sure", "It came again.", when=named)
    plain = run(tmp_path / "plain", [study("a", 0.9)], TWICE, once(again), OTHERWISE)
    asked = run(tmp_path / "asked", [study("a", 0.9)], sure, once(again), OTHERWISE)

    assert plain.decision.name == "once"
    assert (asked.decision.name, asked.decision.reason) == ("sure", "it holds for again")


def test_rows_start_their_studies_once(tmp_path):
    """Rows that send each other on come to an end: each starts its studies once."""
    back = dk.Decision(
        "back",
        "And back.",
        when=dk.Condition(verdict="PASS", at_least=2),
        follow_up=follow(study("third", 0.1)),
    )
    results = run(tmp_path, [study("a", 0.9)], back, once(study("second", 0.8)), OTHERWISE)

    assert [one.name for one in results.decision.readings] == ["once", "back", "back"]
    assert [one.name for one in results.studies] == ["a", "second", "third"]
    assert [one.follow_ups for one in results.decision.readings] == [["second"], ["third"], []]


# -- what is known of follow-ups ---------------------------------------------------------------


def fit(name, required, **more):
    """A fit of a box that reaches 1: in reach of that, and of nothing above."""
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 1), dk.Parameter("b", 0, 1)],
        lambda p, _: [p.a * p.b],
        dk.observations([required], 0.1),
    )
    return dk.Study(name, problem, dk.MultiStart(2), [dk.Criterion("chi2", below=4)], **more)


@pytest.fixture
def made(monkeypatch):
    """Studies of every preflight that a run makes."""
    of = []

    def count(campaign, budget, *, studies, **more):
        of.append([study.name for study in studies])
        return preflight(campaign, budget, studies=studies, **more)

    monkeypatch.setattr(night, "preflight", count)
    return of


def test_follow_ups_are_examined_once(tmp_path, made):
    """A follow-up has a preflight as a planned study has, and a resumed run reads it."""
    again = once(fit("near", 0.4), fit("far", 10.0), fit("also far", 10.0, counted=False))
    first, second = (run(tmp_path, [fit("a", 0.5)], again, OTHERWISE) for _ in range(2))

    assert made == [["a"], ["near", "far", "also far"]]
    for summary in (first.summary, second.summary):
        assert [one.study for one in summary.examinations] == ["a", "near", "far", "also far"]
        found = {(one.study, one.code.word, one.severity) for one in summary.preflight}
        assert ("far", "out_of_reach", "stop") in found
        assert ("near", "not_identifiable_symmetry", "warning") in found
        assert summary.outlook == "4 of 4 studies have findings to read before the night."
    assert "preflight of 'near', 'far', 'also far'" in (tmp_path / "night.log").read_text()
    page = (tmp_path / "report.md").read_text()
    assert "far, also far" in page


def test_a_follow_up_out_of_reach_is_refused(tmp_path):
    """It fails with the sentence that says why, unless it is to be run anyway or is uncounted."""
    again = once(fit("near", 0.4), fit("far", 10.0), fit("also far", 10.0, counted=False))
    refused = run(tmp_path / "refused", [fit("a", 0.5)], again, OTHERWISE)
    asked = run(tmp_path / "asked", [fit("a", 0.5)], again, OTHERWISE, anyway=True)
    (stop,) = (f for f in refused.summary.preflight if f.study == "far" and f.is_stop)

    assert (refused["far"].state, refused["far"].error) == ("failed", stop.sentence)
    assert refused["far"].metrics.trials == 0
    assert [refused[name].state for name in ("near", "also far")] == ["finished", "finished"]
    assert refused.decision.name == "once"
    assert (asked["far"].state, asked["far"].verdict) == ("finished", "FAIL")


def test_a_follow_up_without_its_means_is_refused(tmp_path):
    """What a follow-up needs and is not here is told, and its model is not asked."""
    problem, method, accept = search(0.8)
    needy = dk.SearchProblem(
        problem.space.parameters,
        problem.evaluate,
        dk.Objective("gain", "maximise"),
        name="needy",
        resources=dk.Resources(packages=["no_such_package"]),
    )
    rows = once(dk.Study("needy", needy, method, accept, counted=False)), OTHERWISE
    results = run(tmp_path, [study("a", 0.9)], *rows)

    assert results["needy"].state == "failed"
    assert "no_such_package" in results["needy"].error
    assert [f.code.word for f in results.summary.preflight] == ["missing_resource"]


def test_rows_have_names_of_their_own():
    """Two rows of one name could not be told apart by the studies that follow from them."""
    with pytest.raises(dk.PlanError, match="names of their own"):
        dk.Campaign("x", [study("a", 0.9)], decisions=[PUBLISH, PUBLISH, OTHERWISE])
