"""Trials that question a result: polished ends, scaled model uncertainties, refined knobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.methods.solver import AbstractSolver
from daybreak.problem.ends import MODEL_SCALES, distinct
from daybreak.problem.fit import FitProblem, Setting
from daybreak.problem.kinds import POLISH, REFINE, SCALED
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task

MOST_POLISHED = 24
"""Distinct ends that are polished, lowest first.

A choice: where every start has an end of its own, a polish of each, of up to 200 evaluations,
would cost more than the fits; what a result rests on is among the lowest.
"""
_FROM = 4
"""Distinct ends from which a fit with scaled uncertainties starts.

With another weighting the lowest end may be another's.  A choice: four ends and four other factors
are 16 fits.
"""


def polishes(problem: FitProblem, outcomes: Sequence[Outcome]) -> list[Task]:
    """Polish every distinct end of fits of all free parameters, lowest first."""
    ends = distinct(outcomes)[:MOST_POLISHED]
    return [
        Task(
            POLISH, problem.space.fixed, tuple(end.u), {"solver": "trf"}, origin=Origin(Why.POLISH)
        )
        for end in ends
    ]


def scaled_fits(
    problem: FitProblem, outcomes: Sequence[Outcome], fit: AbstractSolver
) -> list[Task]:
    """Fits with the model uncertainty multiplied, from the lowest distinct ends.

    None where no observation has a model uncertainty.
    """
    if not any(datum.model for datum in problem.data.data):
        return []
    starts = [tuple(end.u) for end in distinct(outcomes)[:_FROM]]
    return [
        Task(
            SCALED,
            problem.space.fixed,
            start,
            {**fit.options(), "model": scale},
            origin=Origin(Why.SIGMA, scale),
            solver=fit,
        )
        for scale in MODEL_SCALES
        if scale != 1.0
        for start in starts
    ]


def refinements(
    problem: FitProblem,
    settings: Mapping[str, Setting],
    end: Outcome,
    held: Mapping[str, float],
    **interest: Any,
) -> list[Task]:
    """Compare an end under the study's knobs and under each refined one.

    `held` are the parameters that did not move; `interest` is `of` and `point` of a profile.
    """
    start = tuple(end.u)
    return [
        Task(
            REFINE,
            held,
            start,
            {"knob": knob.name, "to": knob.refined},
            origin=Origin(Why.REFINE, knob.name),
            grid=False,
            **interest,
        )
        for knob in problem.knobs
        if settings[knob.name] != knob.refined
    ]


def lowest(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The end with the smallest chi2; None when every fit failed."""
    usable = [o for o in outcomes if o.chi2 is not None]
    if not usable:
        return None
    return usable[int(np.argmin([o.chi2 for o in usable if o.chi2 is not None]))]
