"""What docs/extending.md adds keeps to the contracts, in a stranger's folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.test_recipes import FILES, OUTSIDE

LAWS = re.compile(r"^```python\n(from daybreak.testing.*?)^```$", re.MULTILINE | re.DOTALL)
IMPORTS = """
import daybreak as dk
from compass import Compass
from grid import Grid
from hyperbolic import Hyperbolic

bowl = dk.SearchProblem(
    [dk.Parameter("a", -1, 1), dk.Parameter("b", -1, 1)],
    lambda c, trial: {"loss": (c.a - 0.5) ** 2 + c.b**2},
    dk.Objective("loss"),
    deterministic=True,
)
"""


def test_the_examples_keep_their_contracts(tmp_path):
    """Each class of the page inherits every law, which pytest finds in a stranger's folder."""
    laws = re.search(
        r"^```python\n(from daybreak.testing.*?)^```$", OUTSIDE, re.MULTILINE | re.DOTALL
    )[1]
    for name, code in (*FILES.items(), ("test_mine.py", IMPORTS + laws)):
        (tmp_path / name).write_text(code)
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )

    assert found.returncode == 0, found.stdout
    assert re.search(r"^[0-9]+ passed in", found.stdout, re.MULTILINE)
