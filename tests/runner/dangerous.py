"""A straight line that misbehaves where its slope is large, in the way its setting says."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np

import daybreak as dk
from tests.runner.toy import X, Y


def predict(p, settings):
    """Straight line, shape (12,)."""
    if p.a > 2.0 and os.environ.get("DAYBREAK_TEST_PARENT") != str(os.getpid()):
        _misbehave(settings.how)
    return p.a * X + p.b


def _misbehave(how):
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "exit":
        os._exit(3)
    if how == "leave":
        sys.exit(4)
    if how == "hang":
        time.sleep(600)
    if how == "raise":
        msg = "the licence server did not answer"
        raise OSError(msg)
    if how == "memory error":
        raise MemoryError
    if how == "device":
        msg = "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 64.00GiB"
        raise RuntimeError(msg)
    if how == "hog":
        held = [np.ones(2**24) for _ in range(8)]
        time.sleep(600)
        held.clear()
    if how == "speak":
        print("slope", p_of(how))
        print("careful", file=sys.stderr)


def p_of(how):
    """Something to say."""
    return len(how)


def problem(how="well", **resources) -> dk.FitProblem:
    """The line, with a setting that says how it misbehaves."""
    return dk.FitProblem(
        [dk.Parameter("a", -5, 5), dk.Parameter("b", -5, 5)],
        predict,
        dk.observations(Y, 0.05),
        settings={"how": how},
        resources=dk.Resources(**{"isolate": True, **resources}),
    )
