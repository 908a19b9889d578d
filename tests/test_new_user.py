"""The tutorial, done as it says by somebody who knows nothing else."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.test_docs import ROOT, blocks


def test_from_a_csv_to_a_verdict(tmp_path):
    """Its four commands, in order in an empty folder; each says what the page shows of it."""
    shutil.copy(ROOT / "examples" / "trace.csv", tmp_path)
    steps = [(language, code) for language, code, _ in blocks(ROOT / "docs" / "tutorial.md")]
    lines = [code.strip() for language, code in steps if language == "sh"]
    assert [shlex.split(line)[:2] for line in lines] == [
        ["daybreak", "init"],
        ["daybreak", "plan"],
        ["daybreak", "run"],
        ["daybreak", "verdict"],
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said = ""
    for language, code in steps:
        if language == "sh":
            done = subprocess.run(
                shlex.split(code),
                cwd=tmp_path,
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            said = done.stdout
        elif said:  # the text before the first command shows the file
            assert " ".join(code.split()) in " ".join(said.split())
    assert {one.name for one in tmp_path.iterdir()} == {
        "trace.csv",
        "trace_study.py",
        "trace-evening.html",
        "runs",
    }
    assert (tmp_path / "runs" / "trace" / "report.html").exists()
