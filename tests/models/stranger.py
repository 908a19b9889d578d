"""A built-in application copied out, as if it were a stranger's package."""

import shutil
import subprocess
import sys
from pathlib import Path

import daybreak


def said_as_a_stranger(model, script, folder):
    """What a script prints, line by line, when `model` is copied to ``strange_<model>``.

    In the script ``{folder!r}`` is where the copy lies and ``{directory!r}`` is for a run.
    """
    shutil.copytree(Path(daybreak.__file__).parent / "models" / model, folder / f"strange_{model}")
    script = script.format(folder=str(folder), directory=str(folder / "run"))
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()
