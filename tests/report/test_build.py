"""What is bad news, and how often it is told."""

from __future__ import annotations

from daybreak.ledger.states import StudyState
from daybreak.report import build
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
