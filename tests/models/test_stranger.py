"""A built-in application is nothing special: copied out, it runs as a stranger's package."""

from tests.models.stranger import said_as_a_stranger

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
    said = said_as_a_stranger("vortex", SCRIPT, tmp_path)

    assert said[-1].split() == ["FAIL", "pivot"]
