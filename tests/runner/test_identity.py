"""Identity of trials: what is repeated, what is new, what stops the night."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import daybreak as dk
from daybreak.errors import ChangedModelError
from tests.runner.toy import Line, X, Y, campaign, line_problem


def trials(directory):
    """Key and outcome of every trial in the ledger."""
    with sqlite3.connect(directory / "ledger.db") as ledger:
        return dict(ledger.execute("SELECT key, outcome FROM trials WHERE outcome IS NOT NULL"))


def attempts(directory):
    """How many attempts at each trial came to an end."""
    query = "SELECT trial, COUNT(*) FROM attempts WHERE seconds IS NOT NULL GROUP BY trial"
    with sqlite3.connect(directory / "ledger.db") as ledger:
        return dict(ledger.execute(query))


def kinds(directory, keys):
    """What kind of trial each of `keys` is."""
    with sqlite3.connect(directory / "ledger.db") as ledger:
        rows = ledger.execute("SELECT key, configuration FROM trials")
        return [json.loads(text)["kind"] for key, text in rows if key in keys]


def profile(points=5, starts=3):
    """A profile of the slope."""
    return dk.Profile("a", points=points, starts=starts)


def test_same_command_again_repeats_nothing(tmp_path):
    """A finished campaign run again makes no trial; it evaluates the model once to compare."""
    model = Line()
    one = campaign([dk.Study("s", line_problem(model), profile())])
    first = dk.run(one, tmp_path)
    before, calls = trials(tmp_path), model.calls

    second = dk.run(one, tmp_path)

    assert trials(tmp_path) == before
    assert set(attempts(tmp_path).values()) == {1}
    assert model.calls - calls <= 3
    assert second["s"].best == first["s"].best
    assert second["s"].profile == first["s"].profile


@pytest.mark.parametrize(
    "more",
    [
        dk.Profile("a", points=np.linspace(-5, 5, 9), starts=3),
        dk.Profile("a", points=5, starts=6),
    ],
    ids=["points", "starts"],
)
def test_more_points_or_starts_keep_every_old_trial(tmp_path, more):
    """Adding grid points or starts makes only new trials: every old one is kept, made once."""
    problem = line_problem()
    dk.run(campaign([dk.Study("s", problem, profile())]), tmp_path)
    before = trials(tmp_path)

    dk.run(campaign([dk.Study("s", problem, more)]), tmp_path)

    after = trials(tmp_path)
    assert before.items() <= after.items()
    assert len(after) > len(before)
    assert set(attempts(tmp_path).values()) == {1}


def test_adding_a_study_computes_only_the_new_one(tmp_path):
    """A second study leaves the first one's trials alone and makes its own."""
    problem = line_problem()
    one = dk.Study("one", problem, profile())
    other = dk.Study("other", problem, profile(), settings={"shift": 0.5})
    dk.run(campaign([one]), tmp_path)
    before = trials(tmp_path)

    results = dk.run(campaign([one, other]), tmp_path)

    assert before.items() <= trials(tmp_path).items()
    assert set(attempts(tmp_path).values()) == {1}
    assert results["other"].best.parameters["b"] == pytest.approx(
        results["one"].best.parameters["b"] - 0.5, abs=1e-6
    )


def test_extended_and_direct_campaigns_agree(tmp_path):
    """Growing a profile from 3 to 6 starts ends with the numbers of 6 starts from the outset."""
    problem = line_problem()
    dk.run(campaign([dk.Study("s", problem, profile(starts=3))]), tmp_path / "grown")
    grown = dk.run(campaign([dk.Study("s", problem, profile(starts=6))]), tmp_path / "grown")
    direct = dk.run(campaign([dk.Study("s", problem, profile(starts=6))]), tmp_path / "direct")

    assert grown["s"].best == direct["s"].best
    assert grown["s"].profile == direct["s"].profile


def test_equivalent_predict_continues(tmp_path):
    """A predict that is written differently but gives equal numbers is the same problem."""
    dk.run(campaign([dk.Study("s", line_problem(), profile())]), tmp_path)
    before = trials(tmp_path)
    rewritten = line_problem(lambda p, s: s.shift + p.b + X * p.a)

    dk.run(campaign([dk.Study("s", rewritten, profile())]), tmp_path)

    assert trials(tmp_path) == before


def test_changed_predict_stops_with_the_difference(tmp_path):
    """A predict that gives other numbers stops the run, names the difference, loses nothing."""
    dk.run(campaign([dk.Study("s", line_problem(), profile())]), tmp_path)
    before = trials(tmp_path)
    changed = campaign([dk.Study("s", line_problem(Line(factor=1.01)), profile())])

    with pytest.raises(
        ChangedModelError, match=r"no longer gives the numbers.*was.*is now.*--fresh"
    ):
        dk.run(changed, tmp_path)

    assert trials(tmp_path) == before


def test_changed_predict_leaves_the_old_verdict(tmp_path):
    """After the refusal the old run still has its verdict, finished."""
    criteria = [dk.Criterion("chi2", below=100)]
    first = dk.run(campaign([dk.Study("s", line_problem(), profile(), criteria)]), tmp_path)
    changed = campaign([dk.Study("s", line_problem(Line(factor=1.01)), profile(), criteria)])
    with pytest.raises(ChangedModelError):
        dk.run(changed, tmp_path)

    assert dk.open(tmp_path).summary == first.summary


def test_two_models_of_the_same_data_need_names(tmp_path):
    """Models declared alike that predict differently are refused, and with names both run."""

    def studies(**names):
        return [
            dk.Study("line", line_problem(), profile(), settings={}),
            dk.Study("steep", line_problem(Line(factor=2.0), **names), profile()),
        ]

    with pytest.raises(dk.PlanError, match=r"'line' and 'steep'.*`name=`"):
        dk.run(campaign(studies()), tmp_path)
    results = dk.run(campaign(studies(name="steep line")), tmp_path)

    assert results["steep"].best.parameters["a"] == pytest.approx(
        results["line"].best.parameters["a"] / 2.0, abs=1e-5
    )


def test_fresh_archives_and_never_deletes(tmp_path):
    """With fresh the changed model starts anew, and the old ledger lies in the archive, whole."""
    dk.run(campaign([dk.Study("s", line_problem(), profile())]), tmp_path)
    before = trials(tmp_path)

    changed = campaign([dk.Study("s", line_problem(Line(factor=1.01)), profile())])
    dk.run(changed, tmp_path, fresh=True)

    (archived,) = (tmp_path / "archive").iterdir()
    assert trials(archived) == before
    assert (archived / "report.html").exists()
    assert trials(tmp_path)
    assert not trials(tmp_path).items() <= before.items()


def test_changed_criteria_judge_stored_results_again(tmp_path):
    """Edited criteria make no trial; the summary shows both versions with times and verdicts."""
    problem = line_problem()

    def with_bar(bar):
        return campaign([dk.Study("s", problem, profile(), [dk.Criterion("chi2", below=bar)])])

    first = dk.run(with_bar(1e9), tmp_path)
    before = trials(tmp_path)
    second = dk.run(with_bar(1e-9), tmp_path, anyway=True)

    assert (first.verdict, second.verdict) == ("PASS", "FAIL")
    assert trials(tmp_path) == before
    old, new = second["s"].criteria_history
    assert (old.verdict, old.current) == ("PASS", False)
    assert (new.verdict, new.current) == ("FAIL", True)
    assert old.written < new.written
    assert any("criteria were changed" in text for text in second.summary.surprises)


class _StopsAfter(Line):
    """Presses Ctrl-C after some calls."""

    def __init__(self, calls):
        super().__init__()
        self.left = calls

    def __call__(self, p, settings):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().__call__(p, settings)


def only_preflight(directory):
    """Begin the night with its preflight alone, so that calls are counted from the first trial."""
    begun = campaign([dk.Study("s", line_problem(), profile())])
    dk.run(begun, directory, until=datetime.now(UTC).astimezone())
    assert not trials(directory)


@pytest.mark.parametrize(
    ("calls", "during"),
    [(50, "preflight"), (1500, "preflight"), (50, "trials"), (400, "trials"), (900, "trials")],
)
def test_interrupted_and_resumed_equals_undisturbed(tmp_path, calls, during):
    """A run stopped by Ctrl-C at any call and started again ends with identical numbers."""
    undisturbed = dk.run(
        campaign([dk.Study("s", line_problem(), profile())]), tmp_path / "undisturbed"
    )
    if during == "trials":
        only_preflight(tmp_path / "resumed")
    broken = campaign([dk.Study("s", line_problem(_StopsAfter(calls)), profile())])
    interrupted = dk.run(broken, tmp_path / "resumed")
    resumed = dk.run(campaign([dk.Study("s", line_problem(), profile())]), tmp_path / "resumed")

    assert not interrupted.summary.finished
    assert bool(interrupted.summary.outlook) == (during == "trials")
    assert interrupted.verdict == "UNDECIDED"
    assert trials(tmp_path / "resumed") == trials(tmp_path / "undisturbed")
    assert set(attempts(tmp_path / "resumed").values()) == {1}
    assert resumed["s"].profile == undisturbed["s"].profile


def test_deadline_in_the_past_makes_no_trial_and_says_why(tmp_path):
    """A run whose deadline has come stops before its first batch; the next one goes on."""
    one = campaign([dk.Study("s", line_problem(), profile())])

    stopped = dk.run(one, tmp_path, until=datetime.now(UTC).astimezone())

    assert not trials(tmp_path)
    assert "deadline" in stopped.summary.timing.runs[-1].ending
    assert dk.run(one, tmp_path).summary.finished


def test_quantity_derived_later_is_computed(tmp_path):
    """Adding a derived quantity makes new evaluations, and no fit."""
    dk.run(campaign([dk.Study("s", line_problem(), profile())]), tmp_path)
    before = trials(tmp_path)
    problem = line_problem(derive=lambda p, s: {"double": 2.0 * p.a})
    study = dk.Study("s", problem, profile(), [dk.Criterion("double", above=0.0)])

    results = dk.run(campaign([study]), tmp_path)

    assert results.verdict == "PASS"
    assert results["s"].best.derived["double"] == 2.0 * results["s"].best.parameters["a"]
    new = trials(tmp_path).items() - before.items()
    assert new
    assert all(json.loads(outcome)["details"] for _, outcome in new)


def test_units_and_guesses_change_no_identity(tmp_path):
    """A new unit or guess repeats no finished trial; a guess is one new start with its checks."""
    before_problem = line_problem()
    dk.run(campaign([dk.Study("s", before_problem, dk.MultiStart(starts=6))]), tmp_path)
    before = trials(tmp_path)
    problem = line_problem(
        parameters=[dk.Parameter("a", -5, 5, unit="V", guess=1.0), dk.Parameter("b", -5, 5)]
    )

    results = dk.run(campaign([dk.Study("s", problem, dk.MultiStart(starts=6))]), tmp_path)

    assert before.items() <= trials(tmp_path).items()
    new = trials(tmp_path).keys() - before.keys()
    assert kinds(tmp_path, new).count("fit") == 1
    assert results["s"].parameters[0].unit == "V"


def test_interrupted_night_claims_nothing(tmp_path):
    """An unfinished study makes no claim and no accusation; its run says why it ended."""
    only_preflight(tmp_path)
    broken = campaign([dk.Study("s", line_problem(_StopsAfter(400)), profile())])
    summary = dk.run(broken, tmp_path).summary

    assert summary.claims == []
    assert summary.surprises == []
    assert summary.timing.runs[-1].ending == "interrupted: stopped by Ctrl-C"


def test_deadline_that_cannot_be_met_says_what_fits(tmp_path):
    """When the forecast exceeds the time left, the log says how many studies will be done."""
    many = campaign(
        [dk.Study(f"s{i}", line_problem(), dk.MultiStart(starts=20_000)) for i in range(2)]
    )

    dk.run(many, tmp_path, until=datetime.now(UTC).astimezone() + timedelta(seconds=4))

    log = (tmp_path / "night.log").read_text()
    assert "are forecast: about 0 of 2 studies will be done by" in log


def test_failed_trials_are_values_and_can_be_retried(tmp_path):
    """A raising predict fails its trials with a reason; --retry-failed tries only those again."""
    broken = {"on": True}

    def predict(p, settings):
        if broken["on"] and p.a > 2.5:
            msg = "no licence for steep lines"
            raise OSError(msg)
        return p.a * X + p.b

    study = dk.Study("s", line_problem(predict), dk.MultiStart(starts=24))
    first = dk.run(campaign([study]), tmp_path)
    failed = first["s"].metrics.failed_trials
    broken["on"] = False

    again = dk.run(campaign([study]), tmp_path)
    retried = dk.run(campaign([study]), tmp_path, retry_failed=True)

    assert failed > 0
    assert "no licence for steep lines" in next(iter(first["s"].failures))
    assert again["s"].metrics.failed_trials == failed
    assert retried["s"].metrics.failed_trials == 0
    assert sorted(attempts(tmp_path).values())[-failed:] == [2] * failed


def test_study_that_fails_does_not_end_the_night(tmp_path):
    """A study whose prediction is nowhere finite ends with a sentence; the next one runs."""
    hopeless = line_problem(lambda p, s: np.full(12, np.nan) * p.a)
    results = dk.run(
        campaign(
            [
                dk.Study("hopeless", hopeless, dk.MultiStart(starts=2)),
                dk.Study("fine", line_problem(), dk.MultiStart(starts=2)),
            ]
        ),
        tmp_path,
    )

    assert results["hopeless"].state == "failed"
    assert "NaN or infinity for 'y[0]'" in results["hopeless"].error
    assert results["hopeless"].verdict == "UNDECIDED"
    assert results["fine"].best is not None


def test_derived_quantity_that_raises_is_refused_before_the_night(tmp_path):
    """A derive that cannot be computed is an error before anything is written."""
    problem = line_problem(derive=lambda p, s: {"ratio": p.a / p.c})

    with pytest.raises(dk.ProblemError, match=r"derive raised AttributeError"):
        dk.run(campaign([dk.Study("s", problem, dk.MultiStart())]), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_criterion_on_an_unknown_derived_quantity_is_refused_before_the_night(tmp_path):
    """A misspelt derived quantity in a criterion is an error that lists the known ones."""
    problem = line_problem(derive=lambda p, s: {"ratio": p.a / (p.b + 10)})
    study = dk.Study("s", problem, dk.MultiStart(), [dk.Criterion("ration", above=0)])

    with pytest.raises(dk.PlanError, match=r"'ration'.*'ratio'"):
        dk.run(campaign([study]), tmp_path / "new")


def test_follow_up_studies_really_start(tmp_path):
    """The first matching row's follow-ups run, are reported, and repeat nothing on resume."""
    problem = line_problem()

    def closer(studies):
        best = min((s for s in studies if s.counted), key=lambda s: s.best.chi2)
        centre = best.best.parameters["a"]
        points = np.linspace(centre - 0.1, centre + 0.1, 5)
        return [dk.Study(f"closer to {best.name}", problem, dk.Profile("a", points=points))]

    one = campaign(
        [
            dk.Study("baseline", problem, profile(), settings={"shift": 2.0}, counted=False),
            dk.Sweep("s", problem, profile(), {"shift": [0.0, 1.0]}),
        ],
        decisions=[
            dk.Decision("never", "chi2 is negative", when=dk.Condition(quantity="chi2", below=0)),
            dk.Decision(
                "look closer",
                "go on",
                when=dk.Condition(quantity="chi2", below=1e6, every=True),
                follow_up=closer,
            ),
            dk.Decision("otherwise", "stop"),
        ],
    )
    results = dk.run(one, tmp_path)
    before = trials(tmp_path)
    again = dk.run(one, tmp_path)

    assert results.decision.name == "look closer"
    assert "2 of 2 counted studies" in results.decision.reason
    (name,) = results.decision.follow_ups
    assert name.startswith("closer to s shift=")
    assert results[name].follows == "look closer"
    assert results[name].profile.code.word in ("not_constrained", "identified", "bound_limited")
    assert trials(tmp_path) == before
    assert again.decision == results.decision


def test_criteria_are_in_the_ledger_before_the_first_trial(tmp_path):
    """Criteria carry a time earlier than the first attempt."""
    study = dk.Study("s", line_problem(), profile(), [dk.Criterion("chi2", below=100)])
    dk.run(campaign([study]), tmp_path)

    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        (written, body), *_ = ledger.execute("SELECT written, body FROM criteria")
        (first,) = ledger.execute("SELECT MIN(started) FROM attempts").fetchone()

    assert written <= first
    assert json.loads(body)[0]["below"] == 100


def test_summary_is_written_validated_and_read_back(tmp_path):
    """summary.json is the model's own dump: reading it back gives an equal summary."""
    from daybreak.report.summary import Summary

    results = dk.run(campaign([dk.Study("s", line_problem(), profile())]), tmp_path)
    text = (tmp_path / "summary.json").read_text()

    assert Summary.model_validate_json(text) == results.summary
    assert json.loads(text)["schema"] == "daybreak.summary/3"
    assert dk.open(tmp_path).summary == results.summary


def test_the_line_is_fitted_right(tmp_path):
    """Slope, intercept and their 95 % interval agree with the closed form of a straight line."""
    results = dk.run(campaign([dk.Study("s", line_problem(), profile(points=11))]), tmp_path)
    design = np.stack([X, np.ones_like(X)], axis=1) / 0.05
    (a, b), *_ = np.linalg.lstsq(design, Y / 0.05, rcond=None)
    width = np.sqrt(3.841458820694124 * np.linalg.inv(design.T @ design)[0, 0])
    (interval,) = results["s"].profile.intervals

    assert results["s"].best.parameters["a"] == pytest.approx(a, abs=2e-6)
    assert results["s"].best.parameters["b"] == pytest.approx(b, abs=2e-6)
    assert interval.lower == pytest.approx(a - width, abs=1e-6 * width)
    assert interval.upper == pytest.approx(a + width, abs=1e-6 * width)
