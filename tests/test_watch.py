"""Watching a campaign: what is counted, what is foretold, who is silent."""

import io
import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import daybreak as dk
from daybreak import watching
from daybreak.cli import app
from daybreak.ledger.endings import Ending
from daybreak.ledger.pulse import Best, Held, Pulse, RunPulse, StudyPulse
from daybreak.ledger.states import StudyState
from daybreak.ledger.store import Ledger
from daybreak.live import look, seen
from tests.runner.toy import campaign, line_problem

AT = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)


def ago(seconds):
    """A moment before AT, as the ledger writes it."""
    return (AT - timedelta(seconds=seconds)).isoformat()


RUN = RunPulse(
    number=1,
    owner="process 7 on host",
    host="host",
    pid=7,
    born=0.0,
    started=ago(3600),
    ended=None,
    ending=None,
    seen=ago(3),
    beat=5,
    made=100,
    holds=(Held("abcdef0123456789", "fit", ago(40), "worker 1"),),
)
STUDIES = (
    StudyPulse(
        "fit",
        None,
        StudyState.RUNNING,
        None,
        None,
        None,
        100,
        90,
        10,
        1,
        Best("chi2", 12.5, "", "key"),
    ),
    StudyPulse("next", None, StudyState.WAITING, None, None, None, 0, 0, 0, 0, None),
)
PULSE = Pulse(
    "toy",
    "",
    "Nothing found that stands in the way.",
    None,
    400,
    STUDIES,
    (RUN,),
    {"wall time limit reached": 10},
)


def with_gaps(gaps, **more):
    """A pulse whose newest results came with these gaps, in seconds."""
    moments = np.concatenate([[0.0], np.cumsum(gaps)])
    recent = tuple(ago(float(moments[-1] - m)) for m in moments)
    return replace(PULSE, recent=recent, **more)


def test_rate_and_finish():
    """R remaining trials take R m, give or take 1.2816 s sqrt(R + R^2/n)."""
    gaps = [8.0, 12.0] * 10
    live = seen(Path("runs/toy"), with_gaps(gaps), (1,), AT)
    left = 300
    half = 1.2816 * np.std(gaps, ddof=1) * math.sqrt(left + left**2 / len(gaps))

    assert live.rate == pytest.approx(0.1)
    assert (live.finish.expected - AT).total_seconds() == pytest.approx(3000.0)
    assert (live.finish.high - AT).total_seconds() == pytest.approx(3000.0 + half)
    assert (live.finish.low - AT).total_seconds() == pytest.approx(3000.0 - half)


def test_the_interval_holds_what_it_says():
    """Over many nights of random trials the finish lies in the interval four times in five."""
    rng = np.random.default_rng(5)
    left, inside, nights = 200, 0, 400
    for _ in range(nights):
        scale = rng.uniform(1, 20)
        live = seen(Path(), with_gaps(rng.gamma(4.0, scale, 60)), (1,), AT)
        live = seen(Path(), replace(live.pulse, expected=100 + left), (1,), AT)
        took = AT + timedelta(seconds=rng.gamma(4.0, scale, left).sum())
        inside += live.finish.low <= took <= live.finish.high

    assert 0.74 < inside / nights < 0.86


def test_nothing_is_foretold_from_little():
    """Few results, none running, none left: no rate or no finish."""
    assert seen(Path(), with_gaps([5.0] * 4), (1,), AT).finish is None
    assert seen(Path(), with_gaps([5.0] * 9), (), AT).rate is None
    assert seen(Path(), with_gaps([5.0] * 9, expected=100), (1,), AT).finish is None


def test_frame():
    """A frame says state, progress, rate, finish, studies, failures, and who works."""
    text = watching.frame(seen(Path("runs/toy"), with_gaps([8.0, 12.0] * 10), (1,), AT))
    for said in (
        "toy in runs/toy: running",
        "foretold: Nothing found",
        "100 of about 400 trials (25 %)",
        "6 per minute",
        "100 of 100",
        "chi2 12.5",
        "10 x wall time limit reached",
        "process 7 on host",
        "beat 3 s ago",
        "100 results",
        "trial abcdef012345 of fit on worker 1, begun 40 s ago",
    ):
        assert said in text
    assert max(map(len, text.splitlines())) <= 100


def test_silence_is_seen():
    """A process whose beat is overdue is called silent; one that ended is not."""
    silent = watching.beat(replace(RUN, seen=ago(600)), AT)
    ended = watching.beat(replace(RUN, seen=ago(600), ending=Ending.FINISHED), AT)

    assert silent == "SILENT, last beat 10 min ago"
    assert ended == "ended 10 min ago: finished"


def test_hostile_names_stay_text():
    """What is not printable does not reach the terminal."""
    study = replace(STUDIES[0], name="a\x1b[31m\nb")
    text = watching.frame(seen(Path(), replace(PULSE, studies=(study,)), (1,), AT))

    assert "\x1b" not in text


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished campaign, and what its report says."""
    place = tmp_path_factory.mktemp("watched")
    study = dk.Study("line", line_problem(), dk.Profile("a", points=5, starts=2))
    return place, dk.run(campaign([study]), place, progress=io.StringIO())


def test_counts_agree_with_the_report(finished):
    """A look counts what the report counts, and both pages of trials are as many."""
    place, results = finished
    live = look(place)
    ledger = Ledger(place)
    count, lines = ledger.lines("line", 0, 10_000)
    ledger.close()

    assert live.finished
    assert live.done == results["line"].metrics.trials == count == len({t.key for t in lines})
    assert live.pulse.studies[0].best.value == pytest.approx(results["line"].best.chi2)


def test_commands(finished):
    """`watch` of a finished campaign shows the end; --once and --json look once."""
    place, _ = finished
    runner = CliRunner()
    once = runner.invoke(app, ["watch", str(place), "--once"])
    data = json.loads(runner.invoke(app, ["watch", str(place), "--json"]).stdout)
    whole = runner.invoke(app, ["watch", str(place)])

    assert once.exit_code == whole.exit_code == 0
    assert "finished" in once.stdout
    assert data["state"] == "finished"
    assert data["studies"][0]["best"]["name"] == "chi2"
    assert "The whole report: daybreak report" in whole.stdout


def test_follows_until_the_end(finished, monkeypatch):
    """A line whenever something moved, none otherwise; it returns when nobody works any more."""
    place, _ = finished
    counts = iter([1, 1, 5, 5, 9])
    last = look(place)

    def moved(_place):
        done = next(counts)
        study = replace(STUDIES[0], done=done, failed=0)
        return seen(place, replace(PULSE, studies=(study,)), (1,) if done < 9 else (), AT)

    monkeypatch.setattr(watching, "look", moved)
    monkeypatch.setattr(watching, "_THRIFT", 0.0)
    screen = io.StringIO()
    end = watching.watch(place, screen, every=0.0)

    assert last.finished
    assert len(screen.getvalue().splitlines()) == 3
    assert not end.running
