"""What was known before the night, as the report shows it."""

import dataclasses

from daybreak.ledger.records import BatchRecord, StudyRecord
from daybreak.ledger.states import StudyState
from daybreak.problem.method_facts import MethodFacts
from daybreak.report import canvas, evening
from daybreak.report.reach_figure import reach_figure
from daybreak.report.surprises import slow_trials
from daybreak.report.symmetry_figure import symmetry_figure
from tests.report import recorded


def test_reach_picture_says_what_is_out_of_reach():
    """The picture names every study whose target the box does not reach, and marks the target."""
    drawn = canvas.svg(reach_figure(recorded.summary("lepton")))

    assert "config-1 m_mu / m_e" in drawn
    assert "what the data say" in drawn
    assert len(drawn) < 60_000


def test_symmetry_picture_shows_every_parameter_that_moves():
    """The picture of a symmetry has a bar for each parameter that it moves, and says so."""
    drawn = canvas.svg(symmetry_figure(recorded.summary("lepton")))

    for name in ("U_e", "U_mu"):
        assert name in drawn
    assert "U_e -&gt; c U_e" in drawn or "U_e -> c U_e" in drawn


def test_no_picture_where_nothing_stands_in_the_way():
    """Without an examination there is no picture."""
    assert reach_figure(recorded.summary("decay")) is None
    assert symmetry_figure(recorded.summary("decay")) is None


def test_forecast_stands_beside_what_it_took():
    """Every study's forecast has its actual time beside it."""
    lepton = recorded.summary("lepton")
    table = evening.forecasts(lepton)

    assert [row[0] for row in table.rows] == [study.name for study in lepton.studies]
    assert all(row[1] and row[3] for row in table.rows)


def test_slow_trials_are_named_with_load_and_memory():
    """A batch over three times the median and over a second is a surprise; a usual one is not."""
    batches = [BatchRecord(f"2026-11-03T2{i}:00:00+00:00", 1.1, 0.5, 300.0) for i in range(3)]
    slow = BatchRecord("2026-11-03T23:30:00+00:00", 9.0, 7.9, 812.0)
    polish = BatchRecord("2026-11-03T23:40:00+00:00", 8.0, 0.5, 300.0, "polish")
    record = StudyRecord(
        name="s",
        follows=None,
        state=StudyState.FINISHED,
        error=None,
        fingerprint="",
        problem={"kind": "fit"},
        settings={},
        method={},
        facts=MethodFacts("3 starts", "daybreak"),
        counted=True,
        seed=None,
        criteria=(),
        trials=(),
        seconds=12.3,
        batches=(*batches, slow),
    )

    ((study, told),) = slow_trials([record])

    assert study == "s"
    assert "1 of 4 batches" in told
    assert "up to 9 s each, usually 1.1 s, at load 7.9 and 812 MiB, 2026-11-03 23:30 UTC" in told
    assert list(slow_trials([dataclasses.replace(record, batches=(*batches, polish))])) == []
    searched = dataclasses.replace(record, problem={"kind": "search"})
    assert list(slow_trials([searched])) == []
