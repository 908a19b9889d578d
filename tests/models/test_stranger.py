"""A built-in application is nothing special: copied out, it runs as a stranger's package."""

import shutil
import subprocess
import sys
from pathlib import Path

import daybreak

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import daybreak as dk
from strange_vortex.campaigns import localisation
results = dk.run(localisation(), {directory!r})
assert "daybreak.models" not in sys.modules
print(results.verdict, results.decision.name)
"""


def test_vortex_runs_as_a_strangers_package(tmp_path):
    """The vortex folder, copied under another name, runs on the public API and says the same."""
    source = Path(daybreak.__file__).parent / "models" / "vortex"
    shutil.copytree(source, tmp_path / "strange_vortex")
    script = SCRIPT.format(folder=str(tmp_path), directory=str(tmp_path / "run"))

    command = [sys.executable, "-c", script]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["FAIL", "pivot"]
