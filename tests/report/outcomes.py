"""Two more outcomes: a pass with a soft criterion missed, and a night that was not run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import daybreak as dk
from daybreak.evening import foresee
from daybreak.findings import Preflight, StudyPreflight, codes
from daybreak.plan import Campaign
from daybreak.report.summary import PreflightFinding, Progress, RunTime, Summary, Timing
from daybreak.report.tonight import Tonight
from tests.report import questioned
from tests.report.summaries import _provenance, _waiting, decay

OUTLOOK = "Out of reach as far as searched: no counted study can meet its hard criteria."
SENTENCE = (
    "chi2 < 4 needs area >= 9.8; the box reaches 0 to 2.5 m2 as far as searched. Moving a's upper "
    "bound from 0.5 to 1.999 alone would do."
)


def soft() -> Summary:
    """The two exponentials again, with the interval of k2 open: a soft criterion missed."""
    summary = decay()
    [study] = summary.studies
    met, missed = study.outcomes
    said = "The 95 % interval of k2 ends at a bound of its box, not by the data."
    missed = missed.model_copy(update={"outcome": "missed", "value": 0.0, "sentence": said})
    study = study.model_copy(update={"verdict": "SOFT_PASS", "outcomes": [met, missed]})
    sentence = "SOFT_PASS: the one counted study meets every hard, not every soft criterion."
    return summary.model_copy(
        update={"verdict": "SOFT_PASS", "studies": [study], "sentence": sentence}
    )


def hopeless() -> Summary:
    """An area that no place of the box reaches: nothing was run."""
    study = _waiting().model_copy(update={"name": "fit"})
    return decay().model_copy(
        update={
            "campaign": "area",
            "description": "",
            "finished": False,
            "verdict": "UNDECIDED",
            "sentence": f"UNDECIDED: not run. {OUTLOOK}",
            "outlook": OUTLOOK,
            "studies": [study],
            "examinations": [examined()],
            "claims": [],
            "surprises": [],
            "preflight": [
                PreflightFinding(
                    code=codes.OUT_OF_REACH,
                    severity="stop",
                    study="fit",
                    parameter=None,
                    sentence=SENTENCE,
                )
            ],
            "progress": Progress(studies=1, finished=0, trials=0, failed=0),
            "timing": Timing(
                started="2026-11-03T21:00:00+00:00",
                ended="2026-11-03T21:00:04+00:00",
                seconds=0.0,
                elapsed=4.0,
                runs=[
                    RunTime(
                        started="2026-11-03T21:00:00+00:00",
                        ended="2026-11-03T21:00:04+00:00",
                        ending="stopped as hopeless",
                    )
                ],
            ),
            "provenance": _provenance({"fit": "aa11bb22cc33"}),
        }
    )


def examined() -> StudyPreflight:
    """What preflight found: the area is out of reach, the width is not."""
    usual = questioned.examination("fit")
    [reachability] = usual.reachability
    pattern = reachability.reaches[0]
    area = {
        "quantity": "area",
        "unit": "m2",
        "lowest": 0.0,
        "highest": 2.5,
        "target": 10.0,
        "needed_lower": 9.8,
        "needed_upper": 10.2,
        "reachable": False,
    }
    width = {
        "quantity": "width",
        "unit": "",
        "lowest": 0.0,
        "highest": 5.0,
        "target": 3.0,
        "needed_lower": 1.0,
        "needed_upper": 5.0,
        "reachable": True,
    }
    reaches = [pattern.model_copy(update=one) for one in (area, width)]
    escape = {"parameter": "a", "side": "upper", "bound": 0.5, "needed": 1.999}
    escapes = [reachability.escapes[0].model_copy(update=escape)]
    found = reachability.model_copy(
        update={
            "criterion": "chi2",
            "smallest_chi2": 5629.0,
            "bar": 4.0,
            "reaches": reaches,
            "escapes": escapes,
            "best": {"a": 0.5, "b": 5.0},
            "sentence": SENTENCE,
        }
    )
    stop = questioned.finding("out_of_reach", SENTENCE).model_copy(update={"severity": "stop"})
    return usual.model_copy(
        update={
            "findings": [stop],
            "reachability": [found],
            "symmetries": [],
            "identifiability": {"a": "identifiable", "b": "identifiable"},
            "rank": 2,
            "degrees_of_freedom": 0,
        }
    )


def hopeless_evening() -> Tonight:
    """The evening page of the same campaign."""

    def predict(p, settings):
        return {"area": p.a * p.b, "width": p.b}

    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 0.5), dk.Parameter("b", 0, 5)],
        predict,
        {"area": dk.Observation(10, 0.1, unit="m2"), "width": dk.Observation(3, 1)},
    )
    study = dk.Study("fit", problem, dk.MultiStart(4), [dk.Criterion("chi2", below=4)])
    campaign = Campaign("area", [study])
    found = Preflight(sentence=OUTLOOK, hopeless=True, seconds=4.0, studies=[examined()])
    evening = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)
    written = foresee(campaign, found, Path("runs/area"), evening)
    place = written.place.model_copy(update={"host": "workstation"})
    return written.model_copy(update={"place": place, "daybreak": "1.0.0"})
