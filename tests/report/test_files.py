"""Files: whole, safely named, and readable by the models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.diagnosis import search_study as search_models
from daybreak.diagnosis import study as study_models
from daybreak.diagnosis.study import Model, Study
from daybreak.findings import records as findings
from daybreak.report import files
from daybreak.report import summary as summary_models
from daybreak.report.summary import Summary
from tests.report.summaries import HOSTILE, decay, mixed

ROOT = Path(__file__).parents[2]


def test_report_files(tmp_path, summary):
    """A report is three files, and nothing else is left behind."""
    paths = files.write_report(tmp_path / "new", summary)

    assert sorted(paths) == ["report.html", "report.md", "summary.json"]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(paths)


def test_rebuilding_changes_nothing(tmp_path):
    """Writing the same summary again gives identical files."""
    first = {n: p.read_bytes() for n, p in files.write_report(tmp_path, decay()).items()}
    second = {n: p.read_bytes() for n, p in files.write_report(tmp_path, decay()).items()}

    assert first == second


def test_summary_round_trip(tmp_path, summary):
    """summary.json read by the model is the summary, and names its schema."""
    text = files.write_report(tmp_path, summary)["summary.json"].read_text(encoding="utf-8")

    assert json.loads(text)["schema"] == "daybreak.summary/3"
    assert Summary.model_validate_json(text) == summary


def test_study_round_trip(tmp_path, summary):
    """A study's file read by the model is the study, and stays inside its folder."""
    for study in summary.studies:
        path = files.write_study(tmp_path, study)

        assert path.resolve().parent == tmp_path / "studies"
        assert Study.model_validate_json(path.read_text(encoding="utf-8")) == study


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    """When a file cannot be moved into place, the old one stays and no scrap is left."""
    path = files.write_study(tmp_path, decay().studies[0])
    before = path.read_bytes()

    def refuse(*_):
        raise OSError

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError):  # noqa: PT011 - it has no message
        files.write_study(tmp_path, decay().studies[0])

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["config-1", "k2", "two_rates.v2"])
def test_plain_names_stay(name):
    """A plain name is its own file name."""
    assert files.safe_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", HOSTILE, "CON", "con.x", "ä", "-x"])
def test_other_names_are_marked(name):
    """A name that had to be altered carries a hash."""
    safe = files.safe_name(name)

    assert safe != name
    assert safe.strip(".-")


@given(st.lists(st.text(max_size=120), unique=True, max_size=6))
def test_safe_names(names):
    """Any names give safe file names, and different names different ones, whatever the case."""
    safe = [files.safe_name(name) for name in names]

    assert len({one.lower() for one in safe}) == len(names)
    for one in safe:
        assert one.isascii()
        assert set(one) <= set(files.ALLOWED)
        assert len(one) < 120
        assert one[0] not in ".-"


def test_nothing_heavy_is_loaded():
    """Opening and writing a report in text loads neither JAX nor SciPy nor matplotlib."""
    modules = ["files", "html", "markdown", "numbers", "tables", "terminal", "wording"]
    code = "import sys\n" + "".join(f"import daybreak.report.{name}\n" for name in modules)
    code += "print([m for m in ('jax', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )

    assert done.stdout.strip() == "[]"


BASES = (Model, findings.Model, search_models.Model)
NOT_IN_SUMMARY = {"Preflight"}


def test_every_field_is_documented():
    """docs/summary.md has a section for every model and a line for every field."""
    page = (ROOT / "docs" / "summary.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    models = {
        thing.__name__: thing
        for module in (study_models, search_models, summary_models, findings)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, BASES) and thing not in BASES
    }

    assert set(sections) == set(models) - NOT_IN_SUMMARY
    for name, model in models.items():
        if name in NOT_IN_SUMMARY:
            continue
        lines = [line for line in sections[name].splitlines() if line.startswith("* ")]
        fields = [info.alias or field for field, info in model.model_fields.items()]
        assert [line.split("`")[1] for line in lines] == fields


def test_hostile_names_do_not_leave_the_folder(tmp_path):
    """A study named like a path is written where every study is."""
    path = files.write_study(tmp_path, mixed().studies[2])

    assert path.parent == tmp_path / "studies"
    assert path.name.startswith("script-alert-1")
