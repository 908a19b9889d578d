"""SIGKILL at random moments: a small part of what `validation/killing.py` does at length."""

import pytest

from validation.killing import torture


@pytest.mark.parametrize(
    ("campaign", "kills"), [("examples/two_rates.py", 3), ("lepton-localisation", 2)]
)
def test_killed_nights_end_with_the_same_numbers(campaign, kills):
    """Killed at random moments and started again, a campaign ends bit-identical, nothing twice."""
    tally = torture(campaign, kills, seed=7)

    assert tally.kills == kills
    assert tally.campaigns >= 1
    assert tally.different == 0
    assert tally.repeated == 0
