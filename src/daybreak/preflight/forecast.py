"""How long the night will take, from a short pilot."""

from __future__ import annotations

import resource
import time

import numpy as np

from daybreak.findings import Forecast
from daybreak.methods.evaluate.with_jax import JaxEvaluator
from daybreak.preflight.probe import Probe

_ITERATIONS = 25
"""Trial points of a typical local fit.  A choice; `_SPREAD` says how far fits are from it."""
_PILOT = 3
"""Evaluations that are timed after a first one, which compiles; their median counts."""
_SLOW = 0.2
"""Seconds from which one evaluation, where nothing is compiled, is pilot enough.

Its time is then known to a few per cent, and four of them would cost a second.
"""
_SPREAD = 2.0
"""Fits of one study differ in length by about this factor either way (80 %).

A choice, put to the test by every report: it says whether the night came within it.
"""


def forecast(probe: Probe) -> Forecast:
    """Expected length of a study: seconds per evaluation, per fit and in all.

    ``seconds = fits * iterations * (seconds per residuals and Jacobian)``.  A Jacobian by autodiff
    costs a few evaluations, one by differences 2 n of them; both are measured, not assumed.
    """
    evaluation, method = _time(probe, slopes=False), probe.study.method
    if method.by_evaluation:
        per_fit = evaluation
    else:
        per_fit = (evaluation + _time(probe, slopes=True)) * _ITERATIONS
    fits = method.expected_trials(probe.problem)
    expected = per_fit * fits
    return Forecast(
        seconds_per_evaluation=evaluation,
        seconds_per_fit=per_fit,
        fits=fits,
        seconds=expected,
        seconds_low=expected / _SPREAD,
        seconds_high=expected * _SPREAD,
        memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _time(probe: Probe, *, slopes: bool) -> float:
    """Median seconds of one evaluation, compilation excluded; batches count by the lane."""
    lanes = probe.evaluator.width if isinstance(probe.evaluator, JaxEvaluator) else 1
    u = probe.sample(lanes, "forecast")
    ask = probe.jacobian if slopes else probe.residuals
    spent: list[float] = []
    for _ in range(1 + _PILOT):
        begun = time.monotonic()
        ask(u)
        spent.append((time.monotonic() - begun) / lanes)
        if spent[0] > _SLOW and not probe.differentiable:
            return spent[0]
    return float(np.median(spent[1:]))
