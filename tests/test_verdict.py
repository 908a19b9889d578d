"""Verdicts and decisions, judged on records made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

import daybreak as dk
from daybreak.decision import campaign_verdict, condition_in_words, decide
from daybreak.ledger.records import CriteriaRecord, TrialRecord
from daybreak.ledger.states import StudyState
from daybreak.problem.kinds import EVALUATE, FIT
from daybreak.problem.origins import RECORDED, Origin, Why
from daybreak.problem.outcomes import Outcome
from daybreak.problem.stop_reasons import StopReason
from daybreak.verdict import read_study
from tests.studies import recorded

PROBLEM = dk.FitProblem(
    parameters=[dk.Parameter("a", 0, 10), dk.Parameter("b", 0, 10)],
    predict=lambda p, s: {"m": p.a, "n": p.b, "o": p.a + p.b},
    observations={name: dk.Observation(1.0, 0.1) for name in "mno"},
    derive=lambda p, s: {"ratio": p.a / p.b},
)


def fit(chi2, *, a=5.0, why=Why.START, which=0, reason=StopReason.GRADIENT):
    """A fit that ended at a value of `a`."""
    outcome = Outcome({"a": a, "b": 2.0}, chi2, reason, [a / 10, 0.2])
    origin = Origin(why, which)
    key = f"fit {origin} {a} {chi2}"
    return TrialRecord(key, FIT, origin, (), (), grid=True, outcome=outcome)


def full(chi2, *, a=5.0, **derived):
    """Everything recorded at an end."""
    details = {
        "residuals": [1.0] * 3,
        "predictions": [a, 2.0, a + 2.0],
        "factors": {},
        "derived": {"ratio": a / 2.0, **derived},
    }
    outcome = Outcome({"a": a, "b": 2.0}, chi2, StopReason.EXACT, details=details)
    key = f"evaluate {a}"
    return TrialRecord(key, EVALUATE, RECORDED, (), (), grid=True, outcome=outcome)


SETTLED = (fit(4.0), fit(4.0, which=1), fit(9.0, which=2), full(4.0))
"""Two fits agree on chi2 = 4, a third ended elsewhere."""
ALONE = (fit(4.0), fit(9.0, which=1), full(4.0))
STOPPED = tuple(
    replace(t, outcome=replace(t.outcome, reason=StopReason.ITERATIONS)) for t in SETTLED
)
SPREAD = (fit(4.0), fit(4.0 + 8e-7, a=5.0004, which=1), full(4.0), full(4.0, a=5.0004))
"""Two fits agree on chi2 to 8e-7 and on `a` to 4e-4."""
SEEDS = (fit(4.0, why=Why.SEED), fit(6.5, why=Why.SEED, which=1), full(4.0))
"""Two runs of a method with noise."""
LOST = (fit(None, reason=StopReason.RAISED),)


def record(
    *criteria, trials=SETTLED, name="fit", counted=True, follows=None, state=StudyState.FINISHED
):
    """A study as the ledger gives it back."""
    how = {"name": name, "counted": counted, "follows": follows, "state": state}
    return recorded(PROBLEM, dk.MultiStart(3), trials, criteria, **how)


MET = dk.Criterion("chi2", below=5)
MISSED = dk.Criterion("chi2", below=3)
MISSING = dk.Criterion("slope", below=3)


def soft(criterion):
    """The same criterion, soft."""
    return replace(criterion, level="soft")


def note(criterion):
    """The same criterion, as a note."""
    return replace(criterion, level="note")


@pytest.mark.parametrize(
    ("criteria", "verdict"),
    [
        ([MET], "PASS"),
        ([MET, soft(MET)], "PASS"),
        ([soft(MET)], "PASS"),
        ([MET, soft(MISSED)], "SOFT_PASS"),
        ([MET, soft(MISSING)], "SOFT_PASS"),
        ([soft(MISSED)], "SOFT_PASS"),
        ([MISSED], "FAIL"),
        ([MISSED, soft(MET)], "FAIL"),
        ([MISSED, MISSING], "FAIL"),
        ([MISSING, MISSED, MET], "FAIL"),
        ([MISSING], "UNDECIDED"),
        ([MISSING, MET], "UNDECIDED"),
        ([MISSING, soft(MISSED)], "UNDECIDED"),
        ([MET, note(MISSED)], "PASS"),
        ([MET, note(MISSING)], "PASS"),
        ([note(MET)], "UNDECIDED"),
        ([], "UNDECIDED"),
    ],
)
def test_levels(criteria, verdict):
    """Hard ones decide, soft ones shade, notes count nothing; a hard miss beats a doubt."""
    assert read_study(record(*criteria)).verdict == verdict


@pytest.mark.parametrize(
    ("trials", "criterion", "outcome", "words"),
    [
        (SETTLED, MET, "met", "chi2 = 4: < 5 holds."),
        (SETTLED, MISSED, "missed", "chi2 = 4: < 3 does not hold."),
        (SETTLED, dk.Criterion("ratio", above=2), "met", "ratio = 2.5: > 2 holds."),
        (SETTLED, dk.Criterion("a", above=2), "met", "a = 5: > 2 holds."),
        (SETTLED, dk.Criterion("o", above=2), "met", "o = 7: > 2 holds."),
        (SETTLED, dk.Criterion("n_at_bounds", at_most=0), "met", "n_at_bounds = 0"),
        (SETTLED, dk.Criterion("p_value", at_least=0.04), "met", "p_value = 0.0455"),
        (SETTLED, dk.Criterion("reduced_chi2", below=5), "met", "reduced_chi2 = 4: < 5 holds."),
        (SETTLED, MISSING, "undecided", "slope is not there."),
        (ALONE, MET, "undecided", "chi2 = 4 is not settled: only one fit found this minimum."),
        (STOPPED, MET, "undecided", "not settled: stopped: the allowed number of iterations"),
        (LOST, MET, "undecided", "chi2 is not there."),
        ((), MET, "undecided", "chi2 is not there."),
        (SPREAD, dk.Criterion("chi2", below=4 + 5e-7), "undecided", "its uncertainty 8e-07"),
        (SPREAD, dk.Criterion("chi2", below=4 - 5e-7), "undecided", "its uncertainty 8e-07"),
        (SPREAD, dk.Criterion("chi2", below=4 + 9e-7), "met", "holds"),
        (SPREAD, dk.Criterion("a", above=5.0003), "undecided", "within its uncertainty 0.0004"),
        (SPREAD, dk.Criterion("a", above=5.0005), "missed", "does not hold"),
        (SPREAD, dk.Criterion("ratio", below=2.5001), "undecided", "its uncertainty 0.0002"),
        (SPREAD, dk.Criterion("o", below=7.001), "met", "holds"),
        (SEEDS, dk.Criterion("chi2", below=6), "undecided", "within its uncertainty 2.5"),
        (SEEDS, dk.Criterion("chi2", below=7), "met", "holds"),
    ],
)
def test_findings(trials, criterion, outcome, words):
    """A value that is missing, unsettled or as near to the bar as its uncertainty is undecided."""
    [found] = read_study(record(criterion, trials=trials)).outcomes

    assert found.outcome == outcome
    assert words in found.sentence


def scan(*chi2, fits=2):
    """Profile points of `a` at 1, 2, ..., each found by some fits."""
    return tuple(
        TrialRecord(
            f"{a} {i}",
            FIT,
            Origin(Why.START, i),
            ("a",),
            (float(a),),
            grid=True,
            outcome=Outcome({"a": float(a), "b": 2.0}, c, StopReason.GRADIENT, [0.2]),
        )
        for a, c in enumerate(chi2, start=1)
        for i in range(fits)
    )


@pytest.mark.parametrize(
    ("trials", "code", "identified", "inside"),
    [
        (scan(20, 8, 4, 9, 30), "identified", "met", "met"),
        (scan(4, 8, 20, 30, 40), "edge_minimum", "missed", "missed"),
        (scan(5, 4.5, 4, 4.5, 5), "not_constrained", "missed", "undecided"),
        (scan(20, 4, 20, 4.1, 20), "several_intervals", "missed", "met"),
        (scan(5, 4.5, 4, 9, 30), "bound_limited", "missed", "undecided"),
        (scan(20, 8, 4, 9, 30, fits=1), "identified", "undecided", "undecided"),
    ],
)
def test_profiled(trials, code, identified, inside):
    """Only a settled profile with one interval closed by the data identifies its parameter."""
    asked = [
        dk.Criterion("identified", of="a"),
        dk.Criterion("edge_distance", of="a", at_least=0.5),
    ]
    facts = dk.Profile("a").facts(PROBLEM)
    study = read_study(replace(record(*asked, trials=trials), facts=facts))

    assert study.profile.code.word == code
    assert [one.outcome for one in study.outcomes] == [identified, inside]


def test_a_minimum_that_means_nothing_has_no_distance():
    """The sentence says why there is no distance from the end of the scan, and what to do."""
    asked = dk.Criterion("edge_distance", of="a", at_least=0.5)
    facts = dk.Profile("a").facts(PROBLEM)
    flat = replace(record(asked, trials=scan(5, 4.5, 4, 4.5, 5)), facts=facts)
    (outcome,) = read_study(flat).outcomes

    assert outcome.value is None
    assert "a is not constrained" in outcome.sentence
    assert "Widen the scan, or add data that depend on the parameter" in outcome.sentence


@pytest.mark.parametrize("state", [StudyState.WAITING, StudyState.RUNNING, StudyState.FAILED])
def test_unfinished(state):
    """A study that did not finish has no verdict, whatever its numbers."""
    assert read_study(record(MET, state=state)).verdict == "UNDECIDED"
    assert read_study(record(MISSED, state=state)).verdict == "UNDECIDED"


def test_changed_criteria():
    """Changed criteria judge the stored results anew, and both versions keep their verdict."""
    first = record(MISSED)
    second = CriteriaRecord("2026-01-02T00:00:00", (MET.describe(),))
    study = read_study(replace(first, criteria=(*first.criteria, second)))

    assert study.verdict == "PASS"
    assert [(v.verdict, v.current) for v in study.criteria_history] == [
        ("FAIL", False),
        ("PASS", True),
    ]
    assert study.criteria_history[0].criteria == ["chi2 < 3 (hard)"]


# -- campaigns -------------------------------------------------------------------------------

CRITERIA = {
    "PASS": [MET],
    "SOFT_PASS": [MET, soft(MISSED)],
    "FAIL": [MISSED],
    "UNDECIDED": [MISSING],
}


def studies(*verdicts):
    """One study for each verdict; ``PASS!`` is a baseline, ``PASS>`` a follow-up."""
    return [
        read_study(
            record(
                *CRITERIA[word.rstrip("!>")],
                name=f"s{number}",
                counted="!" not in word,
                follows="more" if ">" in word else None,
            )
        )
        for number, word in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("verdicts", "of_all", "of_any"),
    [
        (["PASS", "PASS"], "PASS", "PASS"),
        (["PASS", "SOFT_PASS"], "SOFT_PASS", "PASS"),
        (["PASS", "UNDECIDED"], "UNDECIDED", "PASS"),
        (["PASS", "UNDECIDED", "FAIL"], "FAIL", "PASS"),
        (["SOFT_PASS", "FAIL"], "FAIL", "SOFT_PASS"),
        (["UNDECIDED", "FAIL"], "FAIL", "UNDECIDED"),
        (["FAIL", "FAIL"], "FAIL", "FAIL"),
        (["FAIL!", "PASS"], "PASS", "PASS"),
        (["FAIL", "PASS!"], "FAIL", "FAIL"),
        (["FAIL", "PASS>"], "FAIL", "FAIL"),
        (["PASS!"], "UNDECIDED", "UNDECIDED"),
    ],
)
def test_campaign_rule(verdicts, of_all, of_any):
    """All: the worst of the counted studies; any: the best; no baseline and no follow-up."""
    assert campaign_verdict(studies(*verdicts), "all") == of_all
    assert campaign_verdict(studies(*verdicts), "any") == of_any


def taken(table, *verdicts):
    """The row of a decision table that is taken, and why."""
    found = decide([row.describe() for row in table], studies(*verdicts))
    return found if found is None else (table[found[0]].name, found[1])


def row(name, **when):
    """One row of a decision table."""
    return dk.Decision(name, f"{name}.", when=dk.Condition(**when) if when else None)


TABLE = [
    row("choose", verdict="PASS", at_least=3),
    row("confirm", verdict="PASS", at_most=2),
    row("constrain", verdict="SOFT_PASS"),
    row("pivot", verdict="FAIL", every=True),
    row("read"),
]


@pytest.mark.parametrize(
    ("verdicts", "name", "reason"),
    [
        (["PASS"] * 3, "choose", "3 of 3 counted studies: s0, s1, s2"),
        (["PASS", "FAIL", "PASS"], "confirm", "2 of 3 counted studies: s0, s2"),
        (["PASS", "SOFT_PASS"], "confirm", "1 of 2 counted studies: s0"),
        (["FAIL", "SOFT_PASS"], "constrain", "1 of 2 counted studies: s1"),
        (["FAIL", "FAIL"], "pivot", "2 of 2 counted studies: s0, s1"),
        (["FAIL", "UNDECIDED"], "read", "no other row holds"),
        (["PASS!", "FAIL", "FAIL"], "pivot", "2 of 2 counted studies: s1, s2"),
        (["PASS", "PASS", "PASS>"], "confirm", "2 of 2 counted studies: s0, s1"),
        (["PASS!"], "read", "no other row holds"),
    ],
)
def test_decision_table(verdicts, name, reason):
    """The first row that holds is taken, over the counted studies, with its reason."""
    assert taken(TABLE, *verdicts) == (name, reason)


def test_first_match_wins():
    """Of two rows that hold, the first is taken."""
    both = [row("second", verdict="PASS"), row("first", verdict="PASS"), row("read")]

    assert taken(both, "PASS")[0] == "second"
    assert taken([both[1], both[0], both[2]], "PASS")[0] == "first"


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"quantity": "chi2", "below": 5}, True),
        ({"quantity": "chi2", "below": 4}, False),
        ({"quantity": "chi2", "above": 3, "below": 5}, True),
        ({"quantity": "chi2", "above": 4.5, "below": 5}, False),
        ({"quantity": "a", "above": 4}, True),
        ({"quantity": "ratio", "above": 2}, True),
        ({"quantity": "reduced_chi2", "below": 5}, True),
        ({"quantity": "p_value", "below": 0.05, "every": True}, True),
        ({"quantity": "slope", "above": 0}, False),
    ],
)
def test_quantity_conditions(when, holds):
    """A row may ask for a quantity at the best fits; one that is not there holds for nothing."""
    assert taken([row("yes", **when), row("no")], "PASS", "FAIL")[0] == ("yes" if holds else "no")


def test_no_table():
    """Without a decision table there is no decision."""
    assert taken([], "PASS") is None


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({}, "otherwise"),
        ({"verdict": "PASS"}, "at least 1 PASS"),
        ({"verdict": "PASS", "at_least": 3}, "at least 3 PASS"),
        ({"verdict": "PASS", "at_most": 2}, "1 to 2 PASS"),
        ({"verdict": "PASS", "at_least": 2, "at_most": 2}, "exactly 2 PASS"),
        ({"verdict": "FAIL", "every": True}, "all counted studies FAIL"),
        ({"quantity": "chi2", "below": 100}, "at least 1 with chi2 < 100"),
        ({"quantity": "S", "above": 0, "below": 2}, "at least 1 with S > 0 and < 2"),
    ],
)
def test_conditions_in_words(when, words):
    """A condition reads as a sentence would say it."""
    assert condition_in_words(row("x", **when).describe()["when"]) == words
