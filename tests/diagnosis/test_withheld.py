"""What may not be said: every code of the registry, through claim, `identified` and verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import daybreak as dk
from daybreak.diagnosis import diagnose
from daybreak.diagnosis.claims import weigh
from daybreak.diagnosis.unsettled import that_matter
from daybreak.diagnosis.withheld import withheld
from daybreak.findings import Finding, Scope, StudyPreflight, Symmetry, Withholds, codes
from daybreak.ledger.states import StudyState
from daybreak.problem.kinds import EVALUATE
from daybreak.verdict import read_study
from tests.studies import play, record

X = np.linspace(0.0, 4.0, 8)
LINE = dk.FitProblem(
    [dk.Parameter("a", -9, 9), dk.Parameter("b", -9, 9)],
    lambda p, _: p.a + p.b * X,
    dk.observations(1.0 + 2.0 * X + 0.1 * np.cos(5.0 * X), 0.2),
)
CRITERIA = [
    dk.Criterion("chi2", below=100.0),
    *(dk.Criterion("identified", of=name) for name in "ab"),
    *(dk.Criterion("edge_distance", of=name, at_least=0.01) for name in "ab"),
]


@pytest.fixture(scope="module")
def line():
    """The record of a line whose two numbers the data fix."""
    method = dk.Profile("all", points=25, starts=6)
    return record(LINE, method, play(LINE, method), CRITERIA)


def before(*findings, symmetries=()):
    """A preflight that found this."""
    return StudyPreflight(
        study="study",
        findings=list(findings),
        reachability=[],
        symmetries=list(symmetries),
        identifiability={},
        rank=2,
        degrees_of_freedom=6,
        forecast=None,
        not_checked=[],
        evaluations=1,
    )


def said(study, known=None):
    """Which claims are supported, and how each criterion came out."""
    claims = {p.parameter: weigh(study, None, profile=p, before=known) for p in study.profiles}
    supported = {name: claim.supported for name, claim in claims.items()}
    return supported, [one.outcome for one in study.outcomes]


def test_nothing_found_withholds_nothing(line):
    """A model without fault has its claims, its identified parameters, and PASS."""
    study = read_study(line)

    assert study.verdict == "PASS"
    assert said(study) == ({"a": True, "b": True}, ["met"] * 5)
    assert [one for one in Withholds if withheld(study, one, "a")] == []


@pytest.mark.parametrize("code", codes.BY_WORD.values(), ids=str)
def test_registry(line, code, monkeypatch):
    """A finding withholds exactly what the column of its code says, of its parameter or of all."""
    about = "a" if code.scope is Scope.PARAMETER else None
    found = Finding(code=code, parameter=about, sentence="it was found.")
    monkeypatch.setattr(diagnose, "DIAGNOSES", (*diagnose.DIAGNOSES, lambda *_: [found]))
    study = read_study(line)
    asked = (Withholds.CLAIM, Withholds.IDENTIFIED, Withholds.VERDICT)
    claim, identified, verdict = (one in code.withholds for one in asked)
    everywhere = about is None
    closed = "undecided" if identified or verdict else "met"
    decided = "undecided" if verdict else "met"

    supported, outcomes = said(study)
    assert supported == {"a": not claim, "b": not (claim and everywhere)}
    others = ("met", "met", "met") if not everywhere else (decided, closed, decided)
    assert outcomes == [others[0], closed, others[1], decided, others[2]]
    assert (study.verdict == "UNDECIDED") == ("undecided" in outcomes)
    for one in study.outcomes:
        assert one.outcome == "met" or code.do[1:] in one.sentence


def test_too_small_withholds_nothing(line, monkeypatch):
    """A finding that says that it withholds nothing, or is told as a note, does not."""
    small = Finding(code=codes.NOT_REPEATABLE, sentence="it was found.", withholds=[])
    note = Finding(code=codes.TENSION, severity="note", sentence="it was found.")
    monkeypatch.setattr(diagnose, "DIAGNOSES", (lambda *_: [small, note],))

    assert said(read_study(line)) == ({"a": True, "b": True}, ["met"] * 5)
    assert note.withholds == []


def withheld_codes(study):
    """The words of what noise makes a finding about nothing."""
    words = {"tension", "missed_basin_possible", "not_settled"}
    return sorted({one.code.word for one in study.findings} & words)


@pytest.mark.parametrize("when", ["night", "evening"])
def test_noise_withholds_tension_and_starts(line, monkeypatch, when):
    """Of a model known not to repeat itself neither tension nor a want of starts is told."""
    told = [
        Finding(code=code, parameter=about, sentence="it was found.")
        for code, about in (
            (codes.TENSION, None),
            (codes.MISSED_BASIN_POSSIBLE, None),
            (codes.MISSED_BASIN_POSSIBLE, "a"),
            (codes.NOT_SETTLED, "a"),
        )
    ]
    noise = Finding(code=codes.NOT_REPEATABLE, sentence="it trembles.")
    small = Finding(code=codes.NOT_REPEATABLE, sentence="it trembles.", withholds=[])
    milder = small.model_copy(update={"withholds": [Withholds.STARTS, Withholds.MISFIT]})
    # The evening counts where the night has not evaluated the best end again.
    unheard = replace(line, trials=tuple(t for t in line.trials if t.kind != EVALUATE))

    def found(one):
        here = [*told, one] if when == "night" else told
        monkeypatch.setattr(diagnose, "DIAGNOSES", (lambda *_: here,))
        known = before(one) if when == "evening" else None
        return read_study(replace(unheard, before=known))

    assert withheld_codes(found(noise)) == []
    assert withheld_codes(found(small)) == ["missed_basin_possible", "not_settled", "tension"]
    # What withholds a claim stays where nothing else would.
    assert withheld_codes(found(milder)) == ["not_settled", "tension"]


def test_a_claim_withheld_for_noise_says_so(line, monkeypatch):
    """Where chi2 is raised by noise the reason why nothing is claimed is that, not its p value."""
    noise = Finding(code=codes.NOT_REPEATABLE, sentence="it trembles.")
    monkeypatch.setattr(diagnose, "DIAGNOSES", (lambda *_: [noise],))
    study = read_study(line)
    bad = study.metrics.model_copy(update={"p_value": 1e-9})
    claim = weigh(study.model_copy(update={"metrics": bad}), None)

    assert not claim.supported
    assert "it trembles" in claim.sentence.lower()
    assert "reject" not in claim.sentence


@pytest.mark.parametrize("code", [codes.PLACEBO, codes.UNRESOLVED_KNOB], ids=str)
def test_what_was_known_before_counts(line, code):
    """What the preflight found withholds as what the night found does."""
    known = before(Finding(code=code, parameter="a", sentence="it was found."))
    study = read_study(replace(line, before=known))

    assert said(study, known) == (
        {"a": False, "b": True},
        ["met", "undecided", "met", "met", "met"],
    )


def test_the_night_measures_what_the_evening_feared(line):
    """Of a model that was not repeatable somewhere, what counts is how it is at the best fit."""
    known = before(Finding(code=codes.NOT_REPEATABLE, sentence="it was found."))
    study = read_study(replace(line, before=known))

    assert study.noise == 0.0
    assert said(study, known) == ({"a": True, "b": True}, ["met"] * 5)
    unmeasured = study.model_copy(update={"noise": None})
    assert not weigh(unmeasured, None, before=known).supported


def test_exact_symmetry_of_the_preflight(line):
    """A parameter that an exact symmetry moves is not identified, whatever its profile says."""
    moves = Symmetry(
        kind="scaling", exponents={"a": "1", "b": "0"}, exact=True, size=0.0, sentence="a -> c a"
    )
    study = read_study(replace(line, before=before(symmetries=[moves])))

    assert [one.outcome for one in study.outcomes[1:3]] == ["missed", "met"]
    assert "a -> c a" in study.outcomes[1].sentence


def test_a_check_not_made_is_told_with_the_claim(line):
    """A claim of a study whose symmetries were not looked for says so; nothing else does."""
    study = read_study(line)
    asked, unasked = weigh(study, None), weigh(study, None, None)

    assert unasked.supported
    assert unasked.sentence == f"{asked.sentence} Whether a symmetry moves a was not checked."


def scan(study, *chi2, unsettled=()):
    """The profile of `a` with other points, at 0, 1, 2, ...; its set is [2.5, 3.5]."""
    profile = study.profile
    points = [
        profile.points[0].model_copy(
            update={"value": float(i), "chi2": c, "settled": i not in unsettled}
        )
        for i, c in enumerate(chi2)
    ]
    piece = profile.intervals[0].model_copy(update={"lower": 2.5, "upper": 3.5})
    new = {"points": points, "chi2_min": 4.0, "intervals": [piece]}
    return profile.model_copy(update=new)


@pytest.mark.parametrize(
    ("loose", "matter"),
    [
        ((), []),
        ((0, 6), []),
        ((3,), [3.0]),
        ((2,), [2.0]),
        ((4,), [4.0]),
        ((1,), [1.0]),
        ((5,), []),
    ],
)
def test_points_that_matter(line, loose, matter):
    """A point on one fit matters within five sigma or next to an end; far above it does not."""
    found = scan(read_study(line), 900.0, 20.0, 300.0, 5.0, 200.0, 700.0, 900.0, unsettled=loose)

    assert [point.value for point in that_matter(found)] == matter


@pytest.mark.parametrize("fits", [0, 1])
def test_undecided_says_what_to_do(line, fits):
    """Where no fit ended, or one alone, the sentence of every criterion names the next move."""
    kept = tuple(t for t in line.trials if not t.of)[:fits]
    study = read_study(replace(line, trials=kept))

    assert study.verdict == "UNDECIDED"
    assert {one.outcome for one in study.outcomes} == {"undecided"}
    assert "guess=" in study.outcomes[0].sentence
    assert all(". " in one.sentence for one in study.outcomes)


def test_undecided_campaigns_say_what_to_do(tmp_path):
    """A campaign that is undecided says of its first such study what would decide it."""
    bar = dk.Criterion("chi2", below=100.0)
    two = dk.FitProblem(
        LINE.space.parameters,
        lambda p, _: [p.a, p.a + p.b],
        dk.observations([1.0, 2.0], 0.1),
    )
    few = dk.Study("few", two, dk.MultiStart(4), [dk.Criterion("p_value", at_least=0.01)])
    sure = dk.Study("sure", LINE, dk.MultiStart(4), [bar])
    bare = dk.Study("bare", LINE, dk.MultiStart(4))
    both = dk.run(dk.Campaign("both", [sure, few], anyway=True), tmp_path / "both", budget=2.0)
    none = dk.run(dk.Campaign("none", [bare]), tmp_path / "none", budget=2.0)

    assert both.verdict == none.verdict == "UNDECIDED"
    assert "few: no p value" in both.summary.sentence
    assert "Add data" in both.summary.sentence
    assert "accept=" in none.summary.sentence


def test_nothing_is_said_of_a_study_that_has_not_begun(line):
    """Neither of its profiles, none of which was tried, nor of fits that ended badly."""
    study = read_study(replace(line, trials=(), state=StudyState.WAITING))

    assert study.profiles == []
    assert study.findings == []
    assert "no trial of this study has been made" in study.outcomes[0].sentence


def test_a_criterion_names_its_parameter_once(line):
    """The sentence of a profile that begins with its parameter's name drops it there."""
    study = read_study(replace(line, trials=tuple(t for t in line.trials if not t.of)))
    told = {one.criterion: one.sentence for one in study.outcomes}

    assert study.profile_of("a").sentence == "a: no fit ended anywhere on the scan."
    assert told["identified of a"].startswith(
        "identified of a has no meaning here: no fit ended anywhere on the scan. "
    )


@pytest.mark.parametrize(
    ("converged", "words"), [(1, "reject the model"), (0, "no fit converged")]
)
def test_a_model_is_rejected_by_fits_that_converged_alone(line, converged, words):
    """Where no fit converged a large chi2 may be the search's own fault."""
    study = read_study(line)
    bad = {"p_value": 0.0, "converged_fits": converged}
    study = study.model_copy(
        update={"metrics": study.metrics.model_copy(update=bad), "outcomes": []}
    )
    (finding,) = [one for one in withheld(study, Withholds.CLAIM) if one.code == codes.TENSION]

    assert words in finding.sentence
    assert "p < 1e-300" in finding.sentence
