"""What is bad news, and how often it is told."""

from __future__ import annotations

from daybreak.findings import Forecast, StudyPreflight
from daybreak.ledger.states import StudyState
from daybreak.report import build
from daybreak.report.foretold import foretold
from tests.report import recorded


def test_warnings_are_surprises():
    """Every warning about a finished study is a surprise; a note is none."""
    study = recorded.study("mixed", "noisy profile")
    told = build.surprises([study], recorded.summary("mixed").timing)

    for finding in study.findings:
        assert (f"noisy profile: {finding.sentence}" in told) == (finding.severity != "note")


def test_nothing_is_told_before_a_study_has_ended():
    """What a study found is no news while it is running."""
    ended = recorded.study("mixed", "noisy profile")
    study = ended.model_copy(update={"state": StudyState.RUNNING})

    assert build.surprises([ended], recorded.summary("mixed").timing) != []
    assert build.surprises([study], recorded.summary("mixed").timing) == []


def test_the_same_news_is_told_once():
    """A warning about several studies is one sentence that names them all."""
    lepton = recorded.summary("lepton")
    finding = lepton.studies[0].findings[-1]
    studies = [s.model_copy(update={"findings": [finding]}) for s in lepton.studies]
    told = [text for text in build.surprises(studies, lepton.timing) if finding.sentence in text]

    assert told == [f"all 3 studies: {finding.sentence}"]


def test_tension_is_told_once():
    """A fit that the data reject is named by its finding alone."""
    study = recorded.study("mixed", "noisy profile")
    told = build.surprises([study], recorded.summary("mixed").timing)

    assert sum("reject the model" in text for text in told) == 1


def test_good_news_is_no_surprise():
    """A study of which nothing bad is known surprises nobody, but for changed criteria."""
    decay = recorded.summary("decay")
    told = build.surprises(decay.studies, decay.timing)

    assert told == ["profile k1 and k2: its criteria were changed after trials had begun."]


def test_a_night_that_grew_was_not_asked_to_end_at_a_time():
    """The finish that was foretold is answered for a plan alone, not where follow-ups came too."""
    lepton = recorded.summary("lepton")
    forecast = Forecast(
        seconds_per_evaluation=1.0,
        seconds_per_fit=1.0,
        fits=100,
        seconds=100.0,
        seconds_low=50.0,
        seconds_high=200.0,
        memory_mib=1.0,
    )
    known = [StudyPreflight.unasked(one.name, forecast=forecast) for one in lepton.studies]
    timing = lepton.timing.model_copy(update={"runs": lepton.timing.runs[:1]})

    def finishes(follows):
        plan = [one.model_copy(update={"follows": None}) for one in lepton.studies[:-1]]
        last = lepton.studies[-1].model_copy(update={"follows": follows})
        told = foretold(known, [*plan, last], timing, finished=True)
        return [one.said for one in told if one.said.startswith("finished at")]

    assert len(finishes(None)) == 1
    assert finishes("again") == []
