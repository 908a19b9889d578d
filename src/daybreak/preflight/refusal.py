"""Whether a model refuses a study's settings or guess, asked once with plain numbers.

Where JAX traces a model, ``if settings.k < 1: raise`` is never asked of a number, and a setting
that the model was not made for passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from daybreak.findings import Finding, codes
from daybreak.plan import Study
from daybreak.problem.precision import double_precision
from daybreak.sentences import Sentence, joined, without_stop, worded


def refusals(study: Study) -> list[Finding]:
    """What the model raises when it is called with numbers, outside every trace.

    One evaluation, at the guess or the middle of the box, where nothing is raised.  A function
    that raises there is asked at seven other places.  Where all refuse, it is the settings that
    it does not take: a stop.  Otherwise it is told of a model that is traced, whose fits would
    never notice; without JAX such a place is a failed evaluation, and counted as one.
    """
    problem, settings = study.fit, study.all_settings
    first, *others = [problem.calls(v, settings) for v in problem.space.probes().tolist()]
    found: list[Finding] = []
    for name, call in first.items():
        error = _raised(call)
        if error is None:
            continue
        if all(_raised(one[name]) for one in others):
            text = _told(name, error, settings)
            return [Finding(code=codes.MODEL_REFUSES, sentence=text)]
        if problem.backend(settings) == "jax":
            at = dict(zip(problem.space.names, problem.space.probes()[0].tolist(), strict=True))
            text = _told(name, error, at)
            found.append(Finding(code=codes.MODEL_REFUSES, severity="warning", sentence=text))
    return found


def _raised(call: Callable[[], Any]) -> Exception | None:
    """What a call raises; None where it returns."""
    try:
        with np.errstate(all="ignore"), double_precision():
            call()
    except Exception as error:  # noqa: BLE001 - a user's model may raise anything
        return error
    return None


def _told(name: str, error: Exception, values: Mapping[str, Any]) -> Sentence:
    """The model's own words, and the numbers that it was asked with."""
    pairs = [worded("{} = {}", name, value) for name, value in values.items()]
    at = worded(" at {}", joined(", ", pairs)) if pairs else ""
    said = without_stop(str(error))
    text = worded("{} raises {}: {}", name, type(error).__name__, said)
    return text.then(" (asked with plain numbers{}).", at)
