"""SIGKILL at random moments: a small part of what `validation/killing.py` does at length."""

from validation.killing import torture


def test_killed_nights_end_with_the_same_numbers():
    """Killed at random moments and started again, a campaign ends bit-identical, nothing twice."""
    tally = torture("examples/two_rates.py", 3, seed=7)

    assert tally.kills == 3
    assert tally.clean, tally
