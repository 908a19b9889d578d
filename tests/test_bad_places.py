"""Bad places: campaign files, names, directories and ledgers are refused, and nothing is lost."""

from __future__ import annotations

import errno
import io
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import daybreak as dk
from daybreak import catalogue, cli
from daybreak.errors import (
    CampaignFileError,
    ChangedModelError,
    LedgerBusyError,
    PredictionError,
)
from daybreak.ledger.lock import Lock

TIME = np.arange(4.0)


def line(p, settings):
    """A straight line, shape (4,); NumPy's, so that nothing is compiled."""
    return np.add(p.a, p.b * TIME)


# -- campaign files --------------------------------------------------------------------------

FILES = {
    "raises": ("x = 1\ny = 1 / 0\n", ["line 2", "ZeroDivisionError: division by zero"]),
    "raises deeper": ("def f():\n    return [][0]\n\n\nf()\n", ["line 2", "IndexError"]),
    "cannot be read": ("x = 1\ny = (\n", ["line 2", "SyntaxError"]),
    "misses a module": ("import nosuchmodule\n", ["line 1", "No module named 'nosuchmodule'"]),
    "leaves": ("import sys\n\nsys.exit(1)\n", ["line 3", "SystemExit"]),
    "offers nothing": ("x = 1\n", ["no 'campaign'", "campaign = dk.Campaign(...)"]),
    "offers a number": ("campaign = 3\n", [":campaign", "daybreak.Campaign", "int"]),
    "offers the class": (
        "import daybreak as dk\n\ncampaign = dk.Campaign\n",
        [":campaign", "TypeError"],
    ),
    "declares badly": (
        "import daybreak as dk\n\ndk.Parameter('k', 2, 1)\n",
        ["line 3", "`lower < upper`"],
    ),
}


@pytest.fixture
def _import_path(monkeypatch):
    """Let the folders that campaign files add to the import path go again."""
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.mark.usefixtures("_import_path")
@pytest.mark.parametrize(
    ("text", "words"), [pytest.param(*row, id=name) for name, row in FILES.items()]
)
def test_campaign_files(tmp_path, text, words):
    """A campaign file that cannot be used is named, with the line at fault."""
    path = tmp_path / "broken_campaign.py"
    path.write_text(text)

    with pytest.raises(CampaignFileError) as caught:
        catalogue.load(str(path))

    assert [word for word in [*words, str(path)] if word not in str(caught.value)] == []


@pytest.mark.usefixtures("_import_path")
def test_campaign_under_another_name(tmp_path):
    """A file that offers its campaign under another name says how to run it."""
    path = tmp_path / "random.py"  # and does not take the place of Python's own random
    path.write_text(
        "import daybreak as dk\n"
        "fit = dk.FitProblem([dk.Parameter('a', 0, 1)], lambda p, s: [p.a],"
        " dk.observations([1], 1))\n"
        "night = dk.Campaign('night', [dk.Study('fit', fit, dk.MultiStart(1))])\n"
    )
    with pytest.raises(CampaignFileError, match=f"it offers 'night': run {path}:night"):
        catalogue.load(str(path))
    assert catalogue.load(f"{path}:night").name == "night"
    assert Path(sys.modules["random"].__file__) != path


def test_unknown_campaigns():
    """An unknown name lists the known ones, and a missing file says where it was looked for."""
    with pytest.raises(CampaignFileError, match=r"'lepton'; there are .*'lepton-localisation'"):
        catalogue.load("lepton")
    with pytest.raises(CampaignFileError, match=r"no file nowhere\.py \(looked in /"):
        catalogue.load("nowhere.py")


# -- directories and ledgers -----------------------------------------------------------------


def run(directory, *, predict=line, **options):
    """Run a fit of the line in a directory."""
    fit = dk.FitProblem(
        parameters=[dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)],
        predict=predict,
        observations=dk.observations([1.0, 2.1, 2.9, 4.2], 0.1),
    )
    study = dk.Study("fit", fit, dk.MultiStart(4), [dk.Criterion("chi2", below=1e9)])
    campaign = dk.Campaign("line", [study])
    return dk.run(campaign, directory, progress=io.StringIO(), **options)


def trials(directory):
    """What the ledger holds, as stored."""
    with closing(sqlite3.connect(directory / "ledger.db")) as ledger:
        return ledger.execute("select * from trials order by key").fetchall()


@pytest.fixture
def ledger(tmp_path):
    """The directory of a finished run, and its trials."""
    directory = tmp_path / "run"
    run(directory)
    kept = trials(directory)
    assert len(kept) > 0
    return directory, kept


def test_directories(tmp_path, monkeypatch):
    """A directory that cannot be used is refused, and what lies there is left alone."""
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    for place, words in (
        (file, "is a file; choose a directory with --dir"),
        (file / "below", r"cannot write into .*below \(Not a directory\); choose another"),
        (Path("/proc/daybreak"), "cannot write into /proc/daybreak .*--dir"),
        (tmp_path, r"holds something else \(notes.txt\).*choose another one with --dir"),
    ):
        with pytest.raises(dk.LedgerError, match=words):
            run(place)

    def refuse(path, *_args, **_options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(dk.LedgerError, match=r"\(Permission denied\).*change its permissions"):
        run(tmp_path / "new")
    assert file.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "notes.txt"]


def test_odd_directories(tmp_path):
    """A directory may be called anything."""
    place = tmp_path / "50 % done? #1 & more"
    assert run(place).verdict == "PASS"
    assert dk.open(place).verdict == "PASS"


def test_directory_without_ledger(tmp_path, monkeypatch, capsys):
    """Every command refuses a directory without a ledger, in one sentence and with status 2."""
    monkeypatch.chdir(tmp_path)
    here = (["status", "."], ["report", "."], ["verdict", "gone"])
    for words in (*here, ["export", "trials"], ["status"], ["pack"], ["doctor", "."]):
        monkeypatch.setattr(sys, "argv", ["daybreak", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        told = capsys.readouterr()
        assert caught.value.code == 2
        assert "`daybreak run" in told.err
        assert told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_newer_ledger(ledger):
    """A ledger that a newer Daybreak wrote is refused, and stays as it is, byte for byte."""
    directory, _ = ledger
    path = directory / "ledger.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("update about set value = '99' where key = 'schema'")
        newer.execute("drop table events")  # what an older Daybreak would put back
        newer.commit()
        newer.execute("pragma wal_checkpoint(truncate)")
    before = path.read_bytes()

    for use in (run, dk.open):
        with pytest.raises(dk.LedgerError, match=r"schema 99.*knows schema 4; update Daybreak"):
            use(directory)
    assert path.read_bytes() == before


def test_damaged_ledger(ledger):
    """A ledger that is no database is refused, left as it is, and archived by `fresh`."""
    directory, _ = ledger
    (directory / "ledger.db").write_bytes(b"not a database" * 100)

    for use in (run, dk.open):
        with pytest.raises(dk.LedgerError, match=r"cannot be read as a ledger.*--fresh"):
            use(directory)
    assert run(directory, fresh=True).verdict == "PASS"
    [kept] = (directory / "archive").glob("*/ledger.db")
    assert kept.read_bytes() == b"not a database" * 100


def test_busy_ledger(ledger):
    """A second process is told who holds the ledger and since when, and changes nothing."""
    directory, kept = ledger
    hold = (
        "import sys\nfrom pathlib import Path\nfrom daybreak.ledger.lock import Lock\n"
        "with Lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", hold, str(directory / "ledger.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        for fresh in (False, True):
            words = rf"in use by process {holder.pid} on \S+ since 2\d\d\d-\d\d-\d\dT"
            with pytest.raises(LedgerBusyError, match=words):
                run(directory, fresh=fresh)
        assert dk.open(directory).verdict == "PASS"
        holder.send_signal(signal.SIGKILL)

    assert trials(directory) == kept
    assert not (directory / "archive").exists()
    assert run(directory).verdict == "PASS"  # a dead process holds nothing
    with Lock(directory / "ledger.lock"), pytest.raises(LedgerBusyError, match=str(os.getpid())):
        run(directory)


def test_changed_model(ledger):
    """A model that no longer gives the stored numbers is refused with both of them."""
    directory, kept = ledger
    with pytest.raises(ChangedModelError, match=r"'y\[0\]' was .* and is now .*--fresh"):
        run(directory, predict=lambda p, s: line(p, s) + 1e-3)

    assert trials(directory) == kept
    assert run(directory).verdict == "PASS"
    assert trials(directory) == kept


def test_broken_model_on_a_ledger(ledger):
    """A model that breaks its contract leaves the ledger as it was."""
    directory, kept = ledger
    with pytest.raises(PredictionError):
        run(directory, predict=lambda p, s: np.zeros(3))

    assert trials(directory) == kept
    assert dk.open(directory).verdict == "PASS"


def test_time_of_day(monkeypatch, capsys):
    """A time that no clock shows is refused with an example of one that does."""
    monkeypatch.setattr(sys, "argv", ["daybreak", "run", "x.py", "--until", "25:99"])
    with pytest.raises(SystemExit) as caught:
        cli.main()

    assert caught.value.code == 2
    assert "07:00, but got '25:99'" in " ".join(capsys.readouterr().err.split())
