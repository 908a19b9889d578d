"""A pilot measures the model, not what else the machine does."""

import time

import daybreak as dk
from daybreak.runner.pace import Pace
from tests.runner.toy import Line, line_problem

HICCUP = 0.06
"""Seconds that other work takes away in one of the first calls."""


class Hindered(Line):
    """A quick line that is held up once."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def __call__(self, p, settings):
        """Straight line, shape (12,)."""
        if self.calls == self.at:
            time.sleep(HICCUP)
        return super().__call__(p, settings)


def test_a_hiccup_is_no_slow_model():
    """Whichever call is held up, a fit of a quick model is not expected to take long."""
    for at in range(4):
        found = Pace().seconds(dk.Study("s", line_problem(Hindered(at)), dk.Profile("a")))
        assert found < 50 * HICCUP  # of 200 evaluations
