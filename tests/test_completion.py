"""What a shell offers: commands, campaigns, study files, runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("daybreak ver", ["verdict"]),
        (
            "daybreak run lepton-localisation-",
            ["lepton-localisation-sensitivity", "lepton-localisation-wide"],
        ),
        ("daybreak run a", ["a [file].py", "all/"]),
        ("daybreak run all/", ["all/one.py"]),
        ("daybreak status t", ["toy"]),
        ("daybreak export best ", ["other", "toy"]),
    ],
)
def test_completion(tmp_path, typed, offered):
    """Each word in its place; JAX is not loaded for it."""
    (tmp_path / "all").mkdir()
    for name in ("a [file].py", "all/one.py", "about.txt"):
        (tmp_path / name).write_text("")
    for name in ("toy", "other", "nothing"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        if name != "nothing":
            (tmp_path / "runs" / name / "ledger.db").write_text("")
    asked = {
        "_DAYBREAK_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split(" ")) - 1),
    }
    done = subprocess.run(
        [Path(sys.executable).parent / "daybreak"],
        cwd=tmp_path,
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(done.stdout.splitlines()) == offered
