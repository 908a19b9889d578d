"""The soliton application, copied out as a stranger's package."""

import shutil
import subprocess
import sys
from pathlib import Path

import daybreak

SOLITON = """
import sys
sys.path.insert(0, {folder!r})
import daybreak as dk
from strange_soliton.campaigns import hierarchy, validation
results = dk.run(validation(starts=6), {directory!r})
search = dk.run(hierarchy(pilot=2, trials=2), {directory!r} + "-search")
assert not [name for name in sys.modules if name.startswith("daybreak.models")]
print(results.verdict, results.decision.name, search.verdict, search.decision.name)
"""


def test_soliton_runs_as_a_strangers_package(tmp_path):
    """So does the soliton folder, with its searches, pictures and tables."""
    source = Path(daybreak.__file__).parent / "models" / "soliton"
    shutil.copytree(source, tmp_path / "strange_soliton")
    script = SOLITON.format(folder=str(tmp_path), directory=str(tmp_path / "run"))

    command = [sys.executable, "-c", script]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["FAIL", "no-soliton", "FAIL", "leave-beta"]
