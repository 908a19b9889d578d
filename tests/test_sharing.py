"""What is given away: exports that reproduce, packs that open anywhere, nothing that executes."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import daybreak as dk
from daybreak import catalogue, sharing
from daybreak.errors import DaybreakError, LedgerError
from daybreak.health import examine
from daybreak.ledger.integrity import problems
from daybreak.ledger.store import Ledger

ROOT = Path(__file__).parents[1]
EXAMPLES = ("two_rates.py", "two_rates_jax.py")


@pytest.fixture(scope="module", params=EXAMPLES)
def night(request, tmp_path_factory):
    """An example, run."""
    file = ROOT / "examples" / request.param
    place = tmp_path_factory.mktemp("night")
    dk.run(catalogue.load(str(file)), place)
    return file, place


def command(*words, cwd=None):
    """`daybreak` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "daybreak.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def test_the_best_trial_reproduces(night, tmp_path):
    """`rerun` makes the exported best again, bit for bit, from the file and the code alone."""
    _, place = night
    exported = command("export", "best", place, "-o", tmp_path / "best.json")
    again = command("rerun", tmp_path / "best.json", cwd=tmp_path)

    assert exported.returncode == 0, exported.stderr
    assert again.returncode == 0, again.stdout + again.stderr
    assert "bit for bit as exported" in again.stdout


def test_every_trial_reproduces(night):
    """Every trial made again alone has the numbers it had in its batch."""
    file, place = night
    campaign = catalogue.load(str(file))
    with closing(Ledger(place)) as ledger:
        keys = list(dict.fromkeys(t.key for s in ledger.read().studies for t in s.trials))
    for key in keys[::10]:
        exported = sharing.export_trial(place, key=key)
        found = sharing.make(campaign, exported)
        assert sharing.compare(exported, found).same, key


def test_an_export_is_complete(night):
    """An export holds configuration, outcome, seed, data, versions and sources."""
    file, place = night
    found = sharing.export_trial(place)

    assert found.origin == str(file)
    assert {"settings", "held", "start", "options", "kind", "seed"} <= set(found.configuration)
    assert {"chi2", "parameters", "reason"} <= set(found.outcome)
    assert {"versions", "processor", "python", "sources"} <= set(found.provenance)
    assert str(file) in found.provenance["sources"]


def test_the_format_is_published():
    """The JSON Schema in docs/ is that of the exports."""
    published = json.loads((ROOT / "docs" / "schemas" / "trial.schema.json").read_text())

    assert published == sharing.ExportedTrial.model_json_schema(by_alias=True)


def test_a_changed_model_is_noticed(night, tmp_path):
    """A rerun with another model says both numbers and exits with 1."""
    file, place = night
    other = tmp_path / file.name
    other.write_text(file.read_text().replace("p.offset", "1.001 * p.offset"))
    (tmp_path / "trace.csv").write_bytes((file.parent / "trace.csv").read_bytes())
    command("export", "best", place, "-o", tmp_path / "best.json")
    again = command("rerun", tmp_path / "best.json", other)

    assert again.returncode == 1
    assert "was exported" in again.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "no exported trial"), ("[]", "no exported trial"), ('{"schema": "x"}', "schema")],
)
def test_what_is_no_export_is_refused(text, told, tmp_path):
    """Anything else is refused with where it differs."""
    path = tmp_path / "strange.json"
    path.write_text(text)
    with pytest.raises(DaybreakError, match=told):
        sharing.read_export(path)


def test_a_pack_opens_without_the_code(night, tmp_path):
    """A packed run reports the same on a machine that has neither the directory nor the model."""
    _, place = night
    packed = command("pack", place, "-o", tmp_path / "night.daybreak")
    told = command("report", "night.daybreak", cwd=tmp_path)

    assert (packed.returncode, told.returncode) == (0, 0), packed.stderr + told.stderr
    here, there = dk.open(place).summary, dk.open(tmp_path / "night.daybreak").summary
    assert there == here
    assert (tmp_path / "night" / "report.html").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["night", "night.daybreak"]


def test_a_strange_pack_is_refused(tmp_path):
    """A file that is no ledger is refused with a sentence, whatever it is."""
    (tmp_path / "text.daybreak").write_text("hello")
    with closing(sqlite3.connect(tmp_path / "other.daybreak")) as other:
        other.execute("create table songs (title text)")
    for name in ("text.daybreak", "other.daybreak"):
        with pytest.raises(LedgerError):
            dk.open(tmp_path / name)


def test_the_doctor_finds_nothing_wrong(night):
    """A sound ledger is called sound, with what the machine has."""
    found = examine(night[1])

    assert found.problems == []
    assert "sound" in str(found)
    assert found.cores >= 1


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("update trials set configuration = configuration || ' '", "not the hash"),
        ("update trials set outcome = null", "without an outcome"),
        ("delete from attempts", "come from no attempt"),
        ("update attempts set state = 'running'", "still called running"),
        ("update members set trial = 'x' || trial", "trials that are not there"),
    ],
)
def test_the_doctor_names_what_is_wrong(night, tmp_path, harm, told):
    """Each contradiction in a ledger is told in a sentence."""
    path = sharing.pack(night[1], tmp_path / "ill.daybreak")
    with closing(sqlite3.connect(path)) as ill:
        ill.execute(harm)
        ill.commit()
    with closing(Ledger(path)) as ledger:
        assert any(told in text for text in problems(ledger.store))
    assert command("doctor", path).returncode == 1


FOLLOWED = """
import numpy as np
import daybreak as dk

X = np.linspace(0.0, 1.0, 12)
DATA = dk.observations(1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X), 0.05)


def line(top):
    return dk.FitProblem(
        [dk.Parameter("a", -5, top), dk.Parameter("b", -5, 5)], lambda p, s: p.a * X + p.b, DATA
    )


def wider(studies):
    top = 10 * studies[0].best.parameters["a"]
    return [dk.Study("wider", line(top), dk.MultiStart(starts=2))]


rows = [dk.Decision("wide", "look further", follow_up=wider)]
campaign = dk.Campaign(
    "followed", [dk.Study("s", line(5), dk.MultiStart(starts=2))], decisions=rows
)
"""


def test_a_follow_up_reproduces(tmp_path):
    """A trial of a study that a decision asked for is made again from its export alone."""
    file = tmp_path / "followed.py"
    file.write_text(FOLLOWED)
    dk.run(catalogue.load(str(file)), tmp_path / "run")
    exported = sharing.export_trial(tmp_path / "run", study="wider")
    found = sharing.rerun(exported)

    assert (exported.follows, len(exported.readings)) == ("wide", 1)
    assert found.identical
