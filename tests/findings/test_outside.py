"""A stranger's findings: one file and an entry point, from the evening to every output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from daybreak.errors import LedgerError
from daybreak.ledger import store
from daybreak.report import summary as summary_models
from tests.strangers import installed

PACKAGE = '''
"""Findings of a stranger, in one file."""

import daybreak as dk
from daybreak.findings import Finding, FindingCode, Scope

LOUD = FindingCode(
    "loud_residual",
    Scope.PROBLEM,
    "warning",
    "one residual makes up most of chi2",
    "a datum is wrong",
    "look at that datum",
)
STEEP = FindingCode(
    "steep_corner", Scope.PROBLEM, "note", "a residual is steep", "the model is", "look at it"
)


def loudest(study, record):
    best = study.best
    if best is None:
        return
    shares = {name: one.residual**2 / best.chi2 for name, one in best.predictions.items()}
    name = max(shares, key=shares.get)
    rows = dk.Table("Shares of chi2", {"datum": [*shares], "share": [*shares.values()]})
    picture = dk.Curve("Shares in order", range(len(shares)), {"share": sorted(shares.values())})
    for artifact in (rows, picture):
        yield Finding(code=LOUD, sentence=f"{name} is loud.", artifact=artifact.dump())


def steep(probe):
    u = probe.sample(3, "steep")
    found = probe.residuals(u)
    lattice = dk.Matrix("Residuals at three places", found, row_label="place")
    yield Finding(code=STEEP, sentence="the corner is steep.", artifact=lattice.dump())


def broken(study, record):
    raise RuntimeError("it rained")
'''
ENTRY_POINTS = """
[daybreak.diagnoses]
loudest = stranger:loudest
broken = stranger:broken

[daybreak.checks]
steep = stranger:steep
"""
STUDY = """
import numpy as np
import daybreak as dk

X = np.arange(4.0)
campaign = dk.Campaign(
    "lines",
    [
        dk.Study(
            "line",
            dk.FitProblem(
                [dk.Parameter("k", 0, 10)],
                lambda p, settings: np.multiply(p.k, X),
                dk.observations([0.0, 1.0, 2.1, 9.0], 0.1),
            ),
            dk.MultiStart(starts=4),
        )
    ],
)
"""


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night of someone who has the stranger's package, and the command line to look at it."""
    place = tmp_path_factory.mktemp("night")
    site = installed(place / "site", {"stranger.py": PACKAGE}, ENTRY_POINTS, "1.2")
    (place / "study.py").write_text(STUDY)
    told = call(place, "run", "study.py", site=site).stdout
    return place, site, told


def call(place, *words, site=None):
    """The command line in a process of its own, with the stranger's folder or without."""
    path = [str(site)] if site else []
    start = f"import sys; sys.path[:0] = {path!r}; from daybreak.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", start, *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )


def read(place, name):
    """A file of the run."""
    return (place / "runs" / "lines" / name).read_text()


def test_every_output_shows_it(night):
    """A finding with a picture stands in the terminal, in Markdown, HTML and JSON, drawn."""
    place, _, told = night
    summary = json.loads(read(place, "summary.json"))
    page, text, evening = (read(place, n) for n in ("report.html", "report.md", "evening.html"))
    found = summary["studies"][0]["findings"]

    assert [one["artifact"]["name"] for one in found if one["code"] == "loud_residual"] == [
        "Shares of chi2",
        "Shares in order",
    ]
    assert [one["explained"]["word"] for one in found if one["explained"]] == ["loud_residual"] * 2
    assert summary["examinations"][0]["findings"][0]["artifact"]["kind"] == "matrix"
    for caption in ("Shares of chi2", "Shares in order", "Residuals at three places"):
        assert caption in page
        assert caption in text
        assert caption in told
    assert page.count("<svg") > evening.count("<svg") > 0
    assert "Residuals at three places" in evening
    assert "one residual makes up most of χ²" in page
    assert "y[2] is loud." in told


def test_one_that_raises(night):
    """A diagnosis that raises is itself a finding, and keeps nothing else from being said."""
    place, _, told = night
    found = json.loads(read(place, "summary.json"))["studies"][0]["findings"]
    (failed,) = [one for one in found if one["code"] == "plugin_failed"]

    assert failed["sentence"] == (
        "'broken' of stranger 1.2 raised RuntimeError: it rained; what it would have found is "
        "missing."
    )
    assert "it rained" in told


def test_read_where_it_is_not_installed(night):
    """Its findings are read without the package; a report made without it says what is missing."""
    place, site, _ = night
    before = summary_models.Summary.model_validate_json(read(place, "summary.json"))
    call(place, "report", "runs/lines")
    after = json.loads(read(place, "summary.json"))

    loud = next(f for f in before.studies[0].findings if f.code.word == "loud_residual")
    assert loud.code.do == "look at that datum"
    assert after["examinations"][0]["findings"][0]["explained"]["means"] == "a residual is steep"
    assert "loud_residual" not in {one["code"] for one in after["studies"][0]["findings"]}
    assert (
        "daybreak.diagnoses: loudest of stranger 1.2 is not installed here: what it finds is not "
        "in this report." in after["surprises"]
    )
    assert after["provenance"]["plugins"]["daybreak.checks"]["steep"] == "stranger 1.2"
    call(place, "report", "runs/lines", site=site)


def test_unknown_word_in_a_ledger(night, monkeypatch):
    """A ledger with a word that nobody knows is refused with those that are known."""
    place, _, _ = night
    found = json.loads(read(place, "summary.json"))["examinations"][0]
    found["findings"][0] |= {"code": "gone", "explained": None}
    body = {"hopeless": False, "sentence": "x.", "studies": [found], "seconds": 1.0}

    with pytest.raises(LedgerError, match=r"'gone'.*known are"):
        store.Preflight.model_validate_json(json.dumps(body))
    assert Path(place / "runs" / "lines").is_dir()
