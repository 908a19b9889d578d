"""Small problems whose evaluations can be counted."""

from __future__ import annotations

import numpy as np

import daybreak as dk

X = np.linspace(0.0, 1.0, 12)
Y = 1.3 * X + 0.4 + 0.05 * np.sin(17.0 * X)


class Line:
    """A straight line that counts how often it is predicted."""

    def __init__(self, factor: float = 1.0) -> None:
        self.calls = 0
        self.factor = factor

    def __call__(self, p, settings):
        """Straight line, shape (12,)."""
        self.calls += 1
        return self.factor * p.a * X + p.b + settings.shift


def line_problem(predict=None, **replaced) -> dk.FitProblem:
    """Slope and intercept of a line, with a setting that shifts it."""
    arguments = {
        "parameters": [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)],
        "predict": predict or Line(),
        "observations": dk.observations(Y, 0.05),
        "settings": {"shift": 0.0},
    }
    return dk.FitProblem(**{**arguments, **replaced})


def campaign(studies, **more) -> dk.Campaign:
    """A campaign called toy."""
    return dk.Campaign("toy", studies, **more)
