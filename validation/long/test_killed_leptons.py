"""SIGKILL at random moments: a night of seven compiled studies."""

from validation.killing import torture


def test_killed_nights_end_with_the_same_numbers():
    """Killed at random moments and started again, a campaign ends bit-identical, nothing twice."""
    tally = torture("lepton-localisation", 4, seed=7)

    assert tally.kills == 4
    assert tally.clean, tally
