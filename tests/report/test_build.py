"""What is bad news, and how often it is told."""

from __future__ import annotations

from daybreak.findings import Finding, Forecast, StudyPreflight, codes
from daybreak.ledger.states import StudyState
from daybreak.report import build, curves, evidence, wording
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

    assert sum("no fit converged" in text for text in told) == 1
    assert not any("reject the model" in text for text in told)


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


def test_a_reason_keeps_the_case_of_a_name():
    """A verdict's reason that begins with a parameter's name writes it as the user did."""
    soft = recorded.summary("soft")
    study = soft.studies[0]
    renamed = [p.model_copy(update={"name": "kay"}) for p in study.parameters]
    spelt = soft.model_copy(update={"studies": [study.model_copy(update={"parameters": renamed})]})

    for one, text in ((soft, "k2 lies in [1, 2]."), (spelt, "kay lies in [1, 2].")):
        assert wording.without_verdict(one.model_copy(update={"reason": text})) == text
    bad = soft.model_copy(update={"reason": "the fit is bad."})
    assert wording.without_verdict(bad) == "The fit is bad."


def test_ends_of_one_chi2_are_told_together():
    """Several places of one kind with the same chi2, as along a valley, are one item."""
    study = recorded.summary("soft").studies[0]
    end = study.ends[0].model_copy(update={"hits": 2})
    valley = study.model_copy(update={"ends": [end, end, end]})

    assert evidence.ends_in_words(valley).endswith("(at 3 places, 6 starts)")


def test_a_variation_that_dwarfs_its_minimum_is_told_as_it_is():
    """A share of next to nothing says nothing of a curve."""
    profile = recorded.summary("soft").studies[0].profiles[0]
    after = profile.after.model_copy(update={"range": 3.0, "percent": 3e16})
    told = curves.relaxation(profile.model_copy(update={"before": after, "after": after}))

    assert "chi2 varies by 3 with" in told


def test_a_set_within_the_noise_is_not_told_as_known():
    """Where the code says that no end can be told, neither does the line of the set."""
    profile = recorded.summary("soft").studies[0].profiles[0]
    hidden = profile.model_copy(update={"code": codes.FLAT_WITHIN_NOISE})

    assert "as far as the noise lets it be seen: " in curves.intervals(hidden)
    assert "noise" not in curves.intervals(profile)


def test_what_the_night_measured_again_is_told_by_its_own_finding():
    """A knob that the preflight warned of and the night found is one surprise, not two."""
    finding = Finding(code=codes.UNRESOLVED_KNOB, sentence="refining n moves k.")
    study = recorded.summary("soft").studies[0].model_copy(update={"findings": [finding]})
    (examined,) = recorded.summary("soft").examinations
    before = examined.model_copy(update={"findings": [finding], "study": study.name})
    timing = recorded.summary("soft").timing
    answers = foretold([before], [study], timing, finished=True)
    (one,) = [each for each in answers if each.said == finding.sentence]

    assert (one.answer, one.warned) == ("as foretold", "")
