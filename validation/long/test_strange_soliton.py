"""The soliton application, copied out as a stranger's package."""

from tests.models.stranger import said_as_a_stranger

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
    said = said_as_a_stranger("soliton", SOLITON, tmp_path)

    assert said[-1].split() == ["FAIL", "no-soliton", "FAIL", "leave-beta"]
